#include "host/host.h"

#include "base/diagnostic.h"
#include "base/memory.h"
#include "codec/pack.h"
#include "function/tables.h"
#include "host_private.h"

void host_register_tables(struct catalog *catalog)
{
    function_register_tables(catalog);
}

/* Thread: the writer. */
static void host_wake(void *context)
{
    struct host *host = context;
    (void)pthread_mutex_lock(&host->mutex);
    for (size_t i = 0; i < host->mappings_count; i++) {
        mapping_wake(host->mappings[i]);
    }
    (void)pthread_mutex_unlock(&host->mutex);
}

enum status host__start_mapping(struct host *host, const struct mapping_settings *settings,
                                struct error *error)
{
    struct mapping_options options = {.gate = host->options.gate,
                                      .feed = host->options.feed,
                                      .pool = host->options.pool};
    struct mapping *mapping = NULL;
    if (host->mappings_count == MAPPINGS_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "there are %d mappings, the most there can be",
                         MAPPINGS_MAX);
    }
    enum status status = mapping_open(&options, settings, &mapping, error);
    if (status == STATUS_OK) {
        (void)pthread_mutex_lock(&host->mutex);
        host->mappings[host->mappings_count++] = mapping;
        (void)pthread_mutex_unlock(&host->mutex);
    }
    return status;
}

struct mapping *host__find_mapping(struct host *host, struct bytes name)
{
    for (size_t i = 0; i < host->mappings_count; i++) {
        if (bytes_equal(mapping_settings_of(host->mappings[i])->name, name)) {
            return host->mappings[i];
        }
    }
    return NULL;
}

bool host__stop_mapping(struct host *host, struct bytes name)
{
    struct mapping *found = NULL;
    (void)pthread_mutex_lock(&host->mutex);
    for (size_t i = 0; i < host->mappings_count && found == NULL; i++) {
        if (bytes_equal(mapping_settings_of(host->mappings[i])->name, name)) {
            found = host->mappings[i];
            host->mappings[i] = host->mappings[--host->mappings_count];
        }
    }
    (void)pthread_mutex_unlock(&host->mutex);
    bool is_found = found != NULL;
    mapping_close(
        &found); /* not under the mutex: the writer may want it while the mapping waits for the writer */
    return is_found;
}

void host_mappings(struct host *host,
                   void (*visit)(void *context, const struct mapping_settings *settings,
                                 const struct mapping_facts *facts),
                   void *context)
{
    (void)pthread_mutex_lock(&host->mutex);
    for (size_t i = 0; i < host->mappings_count; i++) {
        struct mapping_facts facts;
        mapping_facts_read(host->mappings[i], &facts);
        visit(context, mapping_settings_of(host->mappings[i]), &facts);
    }
    (void)pthread_mutex_unlock(&host->mutex);
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static void host_run_work(struct host *host, struct host_work *work)
{
    struct host_outcome outcome = {.status = STATUS_OK, .text = ""};
    switch (work->kind) {
    case TASK_DEPLOY:
        host__deploy(host, work, &outcome);
        break;
    case TASK_INVOKE:
        host__invoke(host, work, &outcome);
        break;
    case TASK_MAP:
        host__map(host, work, &outcome);
        break;
    case TASK_UNMAP:
        host__unmap(host, work, &outcome);
        break;
    case TASK_REMOVE:
        host__remove(host, work, &outcome);
        break;
    case TASK_UNPARK:
        host__unpark(host, work, &outcome);
        break;
    }
    work->done(work->context, &outcome);
    arena_reset(&work->arena);
    memory_destroy(work);
}

static void host_run(void *context)
{
    struct host *host = context;
    while (!mailbox_is_closed(host->mailbox) || mailbox_count(host->mailbox) > 0) {
        struct message *message = mailbox_receive(host->mailbox, -1);
        while (message != NULL) {
            struct message *next = message->next;
            host_run_work(host, (struct host_work *)message);
            message = next;
        }
    }
}

/* --- starting --------------------------------------------------------------------------------------------------- */

struct host_rows {
    struct host *host;
    enum status status;
    struct error *error;
};

static void host_open_mapping(void *context, const struct gate_row *row)
{
    struct host_rows *rows = context;
    struct arena arena = {0};
    struct value item;
    struct mapping_settings settings;
    enum status status = codec_value_decode(row->image, &arena, &item, rows->error);
    if (status == STATUS_OK) {
        status = mapping_decode(&item, &settings, rows->error);
    }
    if (status == STATUS_OK) {
        status = host__start_mapping(rows->host, &settings, rows->error);
    }
    rows->status = rows->status == STATUS_OK ? status : rows->status;
    arena_reset(&arena);
}

static enum status host_open_mappings(struct host *host, struct error *error)
{
    struct gate_query query = {.table = bytes_of_text("system.mappings")};
    struct host_rows rows = {.host = host, .error = error};
    struct arena arena = {0};
    struct gate_page page;
    enum status status = gate_query(host->view, &query, &arena, host_open_mapping, &rows, &page, NULL, error);
    arena_reset(&arena);
    return status == STATUS_OK ? rows.status : status;
}

enum status host_open(const struct host_options *options, struct host **ret_host, struct error *error)
{
    struct host *host = memory_create(sizeof(*host));
    host->options = *options;
    host->mailbox = mailbox_create(HOST_TASKS_MAX);
    CHECK(pthread_mutex_init(&host->mutex, NULL) == 0);
    enum status status = gate_view_open(options->gate, &host->view, error);
    if (status == STATUS_OK) {
        status = host_open_mappings(host, error);
    }
    if (status == STATUS_OK) {
        feed_wake_register(options->feed, host_wake, host);
        status = thread_create("functions", host_run, host, &host->thread, error);
    }
    if (status != STATUS_OK) {
        host_close(&host);
        return status;
    }
    *ret_host = host;
    return STATUS_OK;
}

void host_stop(struct host *host)
{
    if (host == NULL) {
        return;
    }
    mailbox_close(host->mailbox);
    thread_join(&host->thread);
    while (host->mappings_count > 0) {
        (void)host__stop_mapping(host, mapping_settings_of(host->mappings[0])->name);
    }
}

void host_close(struct host **host)
{
    struct host *gone = *host;
    *host = NULL;
    if (gone != NULL) {
        feed_wake_unregister(gone->options.feed, gone);
        host_stop(gone);
        gate_view_close(&gone->view);
        mailbox_destroy(&gone->mailbox);
        (void)pthread_mutex_destroy(&gone->mutex);
        memory_destroy(gone);
    }
}

/* --- tasks ------------------------------------------------------------------------------------------------------ */

static struct host_work *work_create(enum host_task_kind kind, const struct host_task *task)
{
    struct host_work *work = memory_create(sizeof(*work));
    work->kind = kind;
    work->actor = task->actor;
    work->done = task->done;
    work->context = task->context;
    return work;
}

static enum status work_send(struct host *host, struct host_work *work, const struct host_task *task,
                             struct error *error)
{
    struct arena kept = *task->arena;
    work->arena = kept;
    *task->arena = (struct arena){0};
    enum status status = mailbox_send(host->mailbox, &work->message);
    if (status != STATUS_OK) {
        *task->arena = kept;
        memory_destroy(work);
        return error_set(error, status,
                         status == STATUS_BUSY ? "too many deployments and invocations wait; try again"
                                               : "the server is stopping");
    }
    return STATUS_OK;
}

enum status host_deploy(struct host *host, const struct host_function *function, const struct host_task *task,
                        struct error *error)
{
    struct host_work *work = work_create(TASK_DEPLOY, task);
    bool has_memory = function->memory_bytes != 0;
    work->function = (struct function){
        .name = function->name,
        .modules = *function->modules,
        .memory_bytes = has_memory ? function->memory_bytes : FUNCTION_MEMORY_BYTES_DEFAULT,
        .deadline_ms = function->deadline_ms != 0 ? function->deadline_ms : FUNCTION_DEADLINE_MS_DEFAULT,
    };
    enum status status = function_check(&work->function, error);
    if (status != STATUS_OK) {
        memory_destroy(work);
        return status;
    }
    return work_send(host, work, task, error);
}

enum status host_invoke(struct host *host, struct bytes name, uint64_t version, const struct value *event,
                        bool is_dry, const struct host_task *task, struct error *error)
{
    struct host_work *work = work_create(TASK_INVOKE, task);
    work->function.name = name;
    work->function.version = version;
    work->event = *event;
    work->is_dry = is_dry;
    return work_send(host, work, task, error);
}

enum status host_invoke_parked(struct host *host, struct bytes name, uint64_t version,
                               const struct host_parked *parked, bool is_dry, const struct host_task *task,
                               struct error *error)
{
    struct host_work *work = work_create(TASK_INVOKE, task);
    work->function.name = name;
    work->function.version = version;
    work->parked = *parked;
    work->is_dry = is_dry;
    return work_send(host, work, task, error);
}

enum status host_unpark(struct host *host, const struct host_parked *parked, const struct host_task *task,
                        struct error *error)
{
    struct host_work *work = work_create(TASK_UNPARK, task);
    work->parked = *parked;
    return work_send(host, work, task, error);
}

enum status host_map(struct host *host, const struct mapping_settings *settings,
                     const struct subscription_options *start, const struct host_task *task,
                     struct error *error)
{
    struct host_work *work = work_create(TASK_MAP, task);
    work->mapping = *settings;
    work->mapping.batch = settings->batch == 0 ? MAPPING_BATCH_DEFAULT : settings->batch;
    work->start = *start;
    enum status status = mapping_check(&work->mapping, error);
    if (status != STATUS_OK) {
        memory_destroy(work);
        return status;
    }
    return work_send(host, work, task, error);
}

enum status host_unmap(struct host *host, struct bytes name, const struct host_task *task,
                       struct error *error)
{
    struct host_work *work = work_create(TASK_UNMAP, task);
    work->mapping.name = name;
    return work_send(host, work, task, error);
}

enum status host_remove(struct host *host, struct bytes name, const struct host_task *task,
                        struct error *error)
{
    struct host_work *work = work_create(TASK_REMOVE, task);
    work->function.name = name;
    return work_send(host, work, task, error);
}
