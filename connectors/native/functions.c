/* Requests about functions and mappings. */
#include "base/memory.h"
#include "mapping/bounds.h"
#include "native_private.h"

/* A task of the host under way. */
struct native_task {
    struct native_door *door;
    struct native_reply *reply;
};

static void put_value(struct buffer *body, enum wire_field field, const struct value *value)
{
    if (value != NULL) {
        native__put_field(body, field);
        codec_value_encode(body, value);
    }
}

/* Thread: the host's. */
static void task_done(void *context, const struct host_outcome *outcome)
{
    struct native_task *task = context;
    struct buffer *body = &task->reply->body;
    bool has_failed = outcome->status != STATUS_OK;
    codec_put_map(body, (has_failed ? 2U : 0U) + 2U + (outcome->result != NULL) + (outcome->effects != NULL) +
                            (outcome->lines != NULL));
    if (has_failed) {
        native__put_field(body, WIRE_FIELD_STATUS);
        codec_put_unsigned(body, (uint64_t)outcome->status);
        native__put_field(body, WIRE_FIELD_TEXT);
        codec_put_text(body, bytes_of_text(outcome->text));
    }
    native__put_field(body, WIRE_FIELD_VERSION);
    codec_put_unsigned(body, outcome->version);
    native__put_field(body, WIRE_FIELD_LSN);
    codec_put_unsigned(body, outcome->lsn);
    put_value(body, WIRE_FIELD_RESULT, outcome->result);
    put_value(body, WIRE_FIELD_CHANGES, outcome->effects);
    put_value(body, WIRE_FIELD_LINES, outcome->lines);
    task->reply->status = outcome->status;
    enum status status = mailbox_send_reply(task->door->mailbox, &task->reply->message);
    CHECK(status == STATUS_OK); /* the door closes after the host */
    memory_destroy(task);
}

static enum status function_of(const struct native_request *request, struct host_function *ret_function,
                               struct error *error)
{
    const struct value *source = codec_field(&request->body, WIRE_FIELD_SOURCE);
    uint64_t deadline_ms = 0;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_FUNCTION, &ret_function->name, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_TIMEOUT, 0, &deadline_ms, error);
    }
    if (status == STATUS_OK) {
        status =
            codec_field_unsigned(&request->body, WIRE_FIELD_MEMORY, 0, &ret_function->memory_bytes, error);
    }
    if (status == STATUS_OK && (source == NULL || deadline_ms > UINT32_MAX)) {
        status = error_set(error, STATUS_INVALID, "a deployment needs the sources of its modules");
    }
    if (status == STATUS_OK) {
        ret_function->modules = source;
        ret_function->deadline_ms = (uint32_t)deadline_ms;
    }
    return status;
}

static enum status mapping_of(const struct native_request *request, struct mapping_settings *settings,
                              struct subscription_options *start, struct error *error)
{
    uint64_t batch = 0;
    uint64_t retries = 0;
    uint64_t credit = 0;
    const struct value *body = &request->body;
    enum status status = native__subscribe_start(request, start, &credit, error);
    if (status == STATUS_OK) {
        status = codec_field_text(body, WIRE_FIELD_MAPPING, &settings->name, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_text(body, WIRE_FIELD_FUNCTION, &settings->function, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_text(body, WIRE_FIELD_TABLE, &settings->table, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_text(body, WIRE_FIELD_FILTER, &settings->filter, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(body, WIRE_FIELD_BATCH, MAPPING_BATCH_DEFAULT, &batch, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(body, WIRE_FIELD_RETRIES, MAPPING_RETRIES_DEFAULT, &retries, error);
    }
    if (status == STATUS_OK && (batch > MAPPING_BATCH_MAX || retries > MAPPING_RETRIES_MAX)) {
        status = error_set(error, STATUS_INVALID, "a batch has 1 to %d records, and up to %d retries",
                           MAPPING_BATCH_MAX, MAPPING_RETRIES_MAX);
    }
    settings->batch = (uint32_t)batch;
    settings->retries = (uint32_t)retries;
    return status;
}

static enum status parked_of(const struct native_request *request, struct host_parked *ret_parked,
                             struct error *error)
{
    enum status status = codec_field_text(&request->body, WIRE_FIELD_MAPPING, &ret_parked->mapping, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_PARKED, 0, &ret_parked->lsn, error);
    }
    if (status == STATUS_OK &&
        (ret_parked->mapping.size == 0 || ret_parked->lsn == 0 || ret_parked->lsn > INT64_MAX)) {
        status = error_set(error, STATUS_INVALID, "a parked batch is named by its mapping and its LSN");
    }
    return status;
}

static enum status function_invoke(struct native_door *door, struct native_request *request,
                                   const struct host_task *task, struct error *error)
{
    struct bytes name = {0};
    uint64_t version = 0;
    bool is_dry = false;
    struct value null = value_of_null();
    struct host_parked parked = {0};
    bool is_parked = codec_field(&request->body, WIRE_FIELD_PARKED) != NULL;
    const struct value *event = codec_field(&request->body, WIRE_FIELD_EVENT);
    enum status status = codec_field_text(&request->body, WIRE_FIELD_FUNCTION, &name, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_VERSION, 0, &version, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_boolean(&request->body, WIRE_FIELD_DRY, false, &is_dry, error);
    }
    if (status == STATUS_OK && is_parked) {
        status = parked_of(request, &parked, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return is_parked ? host_invoke_parked(door->options.host, name, version, &parked, is_dry, task, error)
                     : host_invoke(door->options.host, name, version, event == NULL ? &null : event, is_dry,
                                   task, error);
}

static enum status function_request(struct native_door *door, struct native_request *request,
                                    const struct host_task *task, struct error *error)
{
    struct host *host = door->options.host;
    struct host_function function = {0};
    struct mapping_settings mapping = {0};
    struct subscription_options start = {0};
    struct host_parked parked = {0};
    struct bytes name = {0};
    enum status status = STATUS_OK;
    switch (request->peer.type) {
    case WIRE_FUNCTION_DEPLOY:
        status = function_of(request, &function, error);
        return status == STATUS_OK ? host_deploy(host, &function, task, error) : status;
    case WIRE_FUNCTION_INVOKE:
        return function_invoke(door, request, task, error);
    case WIRE_FUNCTION_DELETE:
        status = codec_field_text(&request->body, WIRE_FIELD_FUNCTION, &name, error);
        return status == STATUS_OK ? host_remove(host, name, task, error) : status;
    case WIRE_MAPPING_CREATE:
        status = mapping_of(request, &mapping, &start, error);
        return status == STATUS_OK ? host_map(host, &mapping, &start, task, error) : status;
    case WIRE_PARKED_DELETE:
        status = parked_of(request, &parked, error);
        return status == STATUS_OK ? host_unpark(host, &parked, task, error) : status;
    default:
        status = codec_field_text(&request->body, WIRE_FIELD_MAPPING, &name, error);
        return status == STATUS_OK ? host_unmap(host, name, task, error) : status;
    }
}

void native__serve_function(struct native_door *door, struct native_request *request)
{
    struct error error;
    struct native_task *task = memory_create(sizeof(*task));
    task->door = door;
    task->reply = memory_create(sizeof(*task->reply));
    task->reply->peer = request->peer;
    struct host_task for_host = {.arena = &request->arena,
                                 .actor = bytes_of_text("local"),
                                 .done = task_done,
                                 .context = task};
    atomic_fetch_add(&door->writes, 1);
    enum status status = function_request(door, request, &for_host, &error);
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        memory_destroy(task->reply);
        memory_destroy(task);
        atomic_fetch_sub(&door->writes, 1);
    }
}

struct row_list {
    struct buffer rows;
    uint32_t count;
};

static void list_row(void *context, const struct gate_row *row)
{
    struct row_list *list = context;
    buffer_put(&list->rows, row->image);
    list->count++;
}

/* All rows of a system table that is small. */
static void serve_rows(struct native_door *door, struct native_request *request, const char *table,
                       enum wire_field field)
{
    struct gate_query query = {.table = bytes_of_text(table)};
    struct row_list list = {0};
    struct gate_page page;
    struct error error;
    enum status status = STATUS_OK;
    do {
        status = gate_query(door->view, &query, &request->arena, list_row, &list, &page, NULL, &error);
        query.next = page.next;
    } while (status == STATUS_OK && page.next.size > 0);
    struct buffer body = {0};
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
    } else {
        codec_put_map(&body, 1);
        native__put_field(&body, field);
        codec_put_array(&body, list.count);
        buffer_put(&body, buffer_bytes(&list.rows));
        native__reply(door, &request->peer, &body);
    }
    buffer_reset(&body);
    buffer_reset(&list.rows);
}

void native__serve_function_list(struct native_door *door, struct native_request *request)
{
    serve_rows(door, request, "system.functions", WIRE_FIELD_FUNCTIONS);
}

struct mapping_list {
    struct buffer mappings;
    uint32_t count;
};

static void put_fact(struct buffer *body, const char *name, uint64_t number)
{
    codec_put_text(body, bytes_of_text(name));
    codec_put_unsigned(body, number);
}

static void put_word(struct buffer *body, const char *name, struct bytes text)
{
    codec_put_text(body, bytes_of_text(name));
    codec_put_text(body, text);
}

static void list_mapping(void *context, const struct mapping_settings *settings,
                         const struct mapping_facts *facts)
{
    struct mapping_list *list = context;
    codec_put_map(&list->mappings, 13);
    put_word(&list->mappings, "name", settings->name);
    put_word(&list->mappings, "function", settings->function);
    put_fact(&list->mappings, "version", settings->version);
    put_word(&list->mappings, "table", settings->table);
    put_word(&list->mappings, "filter", settings->filter);
    put_fact(&list->mappings, "batch", settings->batch);
    put_fact(&list->mappings, "retries", settings->retries);
    put_word(&list->mappings, "state", bytes_of_text(facts->state));
    put_fact(&list->mappings, "next_lsn", facts->next_lsn);
    put_fact(&list->mappings, "invocations", facts->invocations);
    put_fact(&list->mappings, "records", facts->records);
    put_fact(&list->mappings, "failures", facts->failures);
    put_fact(&list->mappings, "parked", facts->parked);
    list->count++;
}

void native__serve_mapping_list(struct native_door *door, struct native_request *request)
{
    struct mapping_list list = {0};
    struct buffer body = {0};
    host_mappings(door->options.host, list_mapping, &list);
    codec_put_map(&body, 1);
    native__put_field(&body, WIRE_FIELD_MAPPINGS);
    codec_put_array(&body, list.count);
    buffer_put(&body, buffer_bytes(&list.mappings));
    native__reply(door, &request->peer, &body);
    buffer_reset(&body);
    buffer_reset(&list.mappings);
}
