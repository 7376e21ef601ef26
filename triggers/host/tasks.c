/* What the host's thread does for doors. */
#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"
#include "codec/pack.h"
#include "host_private.h"

void host__outcome_fail(struct host_outcome *outcome, struct host_work *work, enum status status,
                        const char *text)
{
    outcome->status = status;
    outcome->text = arena_format(&work->arena, "%s", text);
}

/* Log lines of one invocation, as a list. */
struct task_lines {
    struct arena *arena;
    struct value list;
};

static void task_log(void *context, struct bytes line)
{
    struct task_lines *lines = context;
    size_t count = lines->list.items.count;
    if ((count & (count - 1)) == 0) { /* a power of two: full */
        struct value *grown = arena_create_array(lines->arena, count == 0 ? 1 : 2 * count, sizeof(*grown));
        if (count > 0) {
            memcpy(grown, lines->list.items.at, count * sizeof(*grown));
        }
        lines->list.items.at = grown;
    }
    lines->list.items.at[lines->list.items.count++] = value_of_text(arena_copy(lines->arena, line));
}

/* work_call needs reads, log needs lines: one context for both. */
struct task_host {
    struct work_reads reads;
    struct task_lines lines;
};

static enum status task_call(void *context, struct bytes operation, const struct value *arguments,
                             struct arena *arena, struct value *ret_value, struct error *error)
{
    struct task_host *host = context;
    return work_call(&host->reads, operation, arguments, arena, ret_value, error);
}

static void task_host_log(void *context, struct bytes line)
{
    struct task_host *host = context;
    task_log(&host->lines, line);
}

/* Commits what an invocation wrote, insisting on what it read; a batch that was parked is so no longer. */
static void invoke_commit(struct host *host, struct host_work *work, const struct task_host *calls,
                          const struct value *effects, struct host_outcome *outcome)
{
    struct arena arena = {0};
    struct gate_change *changes = NULL;
    size_t count = 0;
    struct error error;
    struct work_outcome committed;
    char *cause = arena_format(&work->arena, "%.*s:%llu", (int)work->function.name.size,
                               (const char *)work->function.name.data, (unsigned long long)outcome->version);
    char *actor = arena_format(&work->arena, "function:%.*s", (int)work->function.name.size,
                               (const char *)work->function.name.data);
    bool is_parked = work->parked.mapping.size > 0;
    if (effects->items.count == 0 && !is_parked) {
        return;
    }
    if (work_changes(effects, &arena, &changes, &count, &error) != STATUS_OK) {
        arena_reset(&arena);
        host__outcome_fail(outcome, work, STATUS_FUNCTION, error.text);
        return;
    }
    if (is_parked) {
        changes[count++] = host__parked_delete(&work->parked, &arena);
    }
    struct gate_transaction transaction = {.arena = &arena,
                                           .changes = changes,
                                           .count = count,
                                           .reads = calls->reads.reads,
                                           .reads_count = calls->reads.count,
                                           .actor = bytes_of_text(actor),
                                           .cause = {.kind = CAUSE_FUNCTION,
                                                     .function = bytes_of_text(cause),
                                                     .lsn = work->parked.lsn},
                                           .hops = work->hops < UINT8_MAX ? work->hops + 1 : UINT8_MAX};
    work_submit(host->options.gate, &transaction, &committed);
    arena_reset(&arena);
    outcome->lsn = committed.lsn;
    if (committed.status != STATUS_OK) {
        host__outcome_fail(outcome, work, committed.status, committed.text);
    }
}

static void invoke_once(struct host *host, struct host_work *work, struct host_outcome *outcome)
{
    struct function function;
    struct error error;
    struct buffer event = {0};
    struct bytes parked = {0};
    struct pool_outcome *ran = arena_create(&work->arena, sizeof(*ran));
    struct task_host calls = {.reads = {.view = host->view, .arena = &work->arena},
                              .lines = {.arena = &work->arena, .list = {.kind = VALUE_LIST}}};
    struct pool_host pool_host = {.call = task_call, .log = task_host_log, .context = &calls};
    enum status status = STATUS_OK;
    if (work->parked.mapping.size > 0) {
        status = host__parked_find(host, work, &parked, &error);
        buffer_put(&event, parked);
    } else {
        codec_value_encode(&event, &work->event);
    }
    if (status == STATUS_OK) {
        status = function_find(host->view, work->function.name, work->function.version, &work->arena,
                               &function, &error);
    }
    if (status == STATUS_OK) {
        struct pool_function for_pool = function_for_pool(&function);
        struct pool_invocation invocation = {.now_us = clock_wall_us(clock_system())};
        random_secret(&invocation.seed, sizeof(invocation.seed));
        invocation.event = buffer_bytes(&event);
        status =
            pool_invoke(host->options.pool, &for_pool, &invocation, &pool_host, &work->arena, ran, &error);
    }
    buffer_reset(&event);
    if (status != STATUS_OK) {
        host__outcome_fail(outcome, work, status, error.text);
        return;
    }
    struct value *lines = arena_create(&work->arena, sizeof(*lines));
    *lines = calls.lines.list;
    outcome->lines = lines;
    outcome->duration_us = ran->duration_us;
    outcome->version = function.version;
    if (ran->failure != FAILURE_NONE) {
        char *text = arena_format(&work->arena, "%s: %s", protocol_failure_name(ran->failure), ran->text);
        outcome->status = STATUS_FUNCTION;
        outcome->text = text;
        return;
    }
    outcome->result = &ran->result;
    outcome->effects = &ran->effects;
    if (!work->is_dry) {
        invoke_commit(host, work, &calls, &ran->effects, outcome);
    }
}

void host__invoke(struct host *host, struct host_work *work, struct host_outcome *outcome)
{
    invoke_once(host, work, outcome);
    for (int i = 0; i < MAPPING_CONFLICTS_MAX && outcome->status == STATUS_CONFLICT; i++) {
        *outcome =
            (struct host_outcome){0}; /* what it read has changed since: it runs anew, as in a mapping */
        invoke_once(host, work, outcome);
    }
}

/* Loads the function in a worker, without calling it. */
static enum status deploy_try(struct host *host, struct host_work *work, struct error *error)
{
    struct pool_function function = function_for_pool(&work->function);
    struct pool_outcome loaded;
    random_secret(&function.version, sizeof(function.version)); /* its worker serves nobody else */
    enum status status = pool_check(host->options.pool, &function, &work->arena, &loaded, error);
    return status == STATUS_OK && loaded.failure != FAILURE_NONE
               ? error_set(error, STATUS_FUNCTION, "%s", loaded.text)
               : status;
}

void host__deploy(struct host *host, struct host_work *work, struct host_outcome *outcome)
{
    struct error error;
    struct function newest = {0};
    struct arena arena = {0};
    struct work_outcome committed;
    enum status status = deploy_try(host, work, &error);
    if (status == STATUS_OK) {
        status = function_find(host->view, work->function.name, 0, &work->arena, &newest, &error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (status == STATUS_OK && newest.version >= HOST_VERSIONS_MAX) {
        status = error_set(&error, STATUS_TOO_LARGE, "a function has up to %d versions", HOST_VERSIONS_MAX);
    }
    if (status != STATUS_OK) {
        host__outcome_fail(outcome, work, status, error.text);
        return;
    }
    work->function.version = newest.version + 1;
    struct gate_change change = function_put(&work->function, clock_wall_us(clock_system()), &arena);
    struct gate_transaction transaction = {.arena = &arena,
                                           .changes = &change,
                                           .count = 1,
                                           .actor = work->actor};
    work_submit(host->options.gate, &transaction, &committed);
    arena_reset(&arena);
    outcome->version = work->function.version;
    outcome->lsn = committed.lsn;
    if (committed.status != STATUS_OK) {
        host__outcome_fail(outcome, work, committed.status, committed.text);
    }
}

static bool settings_are_equal(const struct mapping_settings *a, const struct mapping_settings *b)
{
    return bytes_equal(a->function, b->function) && a->version == b->version &&
           bytes_equal(a->table, b->table) && bytes_equal(a->filter, b->filter) && a->batch == b->batch &&
           a->retries == b->retries;
}

/* Whether the mapping that is to be made is there, and runs: one that was told no place to begin at goes on where it is. */
static bool map_goes_on(struct host *host, const struct host_work *work, struct host_outcome *outcome)
{
    struct mapping *before = host__find_mapping(host, work->mapping.name);
    struct mapping_facts facts;
    if (before == NULL || work->start.start != FEED_LATEST ||
        !settings_are_equal(mapping_settings_of(before), &work->mapping)) {
        return false;
    }
    mapping_facts_read(before, &facts);
    outcome->lsn = facts.next_lsn;
    return !facts.is_stopped;
}

void host__map(struct host *host, struct host_work *work, struct host_outcome *outcome)
{
    struct error error;
    struct function function;
    struct subscription *probe = NULL;
    struct arena arena = {0};
    struct gate_change changes[2];
    struct work_outcome committed;
    uint64_t start = 0;
    uint64_t horizon = 0;
    enum status status = function_find(host->view, work->mapping.function, work->mapping.version,
                                       &work->arena, &function, &error);
    if (status == STATUS_OK) {
        work->start.table = work->mapping.table;
        status = subscription_open(host->options.feed, &work->start, &probe, &start, &horizon, &error);
        subscription_close(&probe);
    }
    if (status != STATUS_OK) {
        host__outcome_fail(outcome, work, status, error.text);
        return;
    }
    mapping_put(&work->mapping, start, &arena, changes);
    struct gate_transaction transaction = {.arena = &arena,
                                           .changes = changes,
                                           .count = 2,
                                           .actor = work->actor};
    work_submit(host->options.gate, &transaction, &committed);
    arena_reset(&arena);
    status = committed.status;
    outcome->lsn = start;
    if (status == STATUS_CONDITION && map_goes_on(host, work, outcome)) {
        return;
    }
    if (status == STATUS_OK) {
        status = host__start_mapping(host, &work->mapping, &error);
    } else {
        (void)error_set(&error, status, "%s",
                        status == STATUS_CONDITION
                            ? "there is another mapping of that name, and it goes on as it was; end it first "
                              "to make it anew (oxbow functions unmap)"
                            : committed.text);
    }
    if (status != STATUS_OK) {
        host__outcome_fail(outcome, work, status, error.text);
    }
}

/* A map with the one key attribute `name`. */
static const struct value *name_key(struct arena *arena, struct bytes name)
{
    const struct value_member member = {"name", value_of_text(name)};
    struct value *map = arena_create(arena, sizeof(*map));
    *map = value_of_members(arena, &member, 1);
    return map;
}

void host__unmap(struct host *host, struct host_work *work, struct host_outcome *outcome)
{
    struct arena arena = {0};
    struct work_outcome committed;
    if (!host__stop_mapping(host, work->mapping.name)) {
        host__outcome_fail(outcome, work, STATUS_NOT_FOUND, "there is no mapping of that name");
        return;
    }
    struct gate_change changes[2] = {
        {.kind = GATE_DELETE, .is_system = true, .table = bytes_of_text("system.mappings")},
        {.kind = GATE_DELETE, .is_system = true, .table = bytes_of_text("system.cursors")},
    };
    changes[0].item = name_key(&arena, work->mapping.name);
    changes[1].item = changes[0].item;
    struct gate_transaction transaction = {.arena = &arena,
                                           .changes = changes,
                                           .count = 2,
                                           .actor = work->actor};
    work_submit(host->options.gate, &transaction, &committed);
    arena_reset(&arena);
    outcome->lsn = committed.lsn;
    if (committed.status != STATUS_OK) {
        host__outcome_fail(outcome, work, committed.status, committed.text);
    }
}

/* The changes that delete every version. */
struct remove_rows {
    struct arena *arena;
    struct gate_change *changes;
    size_t count;
    bool is_used;
    struct bytes function;
};

static void remove_visit(void *context, const struct gate_row *row)
{
    struct remove_rows *rows = context;
    struct value *item = arena_create(rows->arena, sizeof(*item));
    if (codec_value_decode(arena_copy(rows->arena, row->image), rows->arena, item, NULL) == STATUS_OK &&
        rows->count < HOST_VERSIONS_MAX) {
        rows->changes[rows->count++] = (struct gate_change){.kind = GATE_DELETE,
                                                            .is_system = true,
                                                            .table = bytes_of_text("system.functions"),
                                                            .item = item};
    }
}

static void remove_check(void *context, const struct gate_row *row)
{
    struct remove_rows *rows = context;
    struct arena arena = {0};
    struct value item;
    struct mapping_settings settings;
    rows->is_used |= codec_value_decode(row->image, &arena, &item, NULL) == STATUS_OK &&
                     mapping_decode(&item, &settings, NULL) == STATUS_OK &&
                     bytes_equal(settings.function, rows->function);
    arena_reset(&arena);
}

void host__remove(struct host *host, struct host_work *work, struct host_outcome *outcome)
{
    struct arena arena = {0};
    struct error error;
    struct gate_page page;
    struct work_outcome committed = {.status = STATUS_OK};
    struct value name = value_of_text(work->function.name);
    struct key_term term = {.name = bytes_of_text("name"), .test = EXPRESSION_EQUAL, .values = {&name}};
    struct gate_query versions = {.table = bytes_of_text("system.functions"),
                                  .key_terms = &term,
                                  .key_terms_count = 1};
    struct gate_query mappings = {.table = bytes_of_text("system.mappings")};
    struct remove_rows rows = {.arena = &arena, .function = work->function.name};
    rows.changes = arena_create_array(&arena, HOST_VERSIONS_MAX, sizeof(*rows.changes));
    enum status status = gate_query(host->view, &mappings, &arena, remove_check, &rows, &page, NULL, &error);
    if (status == STATUS_OK && rows.is_used) {
        status = error_set(&error, STATUS_BUSY, "a mapping uses the function; delete the mapping first");
    }
    if (status == STATUS_OK) {
        status = gate_query(host->view, &versions, &arena, remove_visit, &rows, &page, NULL, &error);
    }
    if (status == STATUS_OK && rows.count == 0) {
        status = error_set(&error, STATUS_NOT_FOUND, "there is no such function");
    }
    if (status == STATUS_OK) {
        struct gate_transaction transaction = {.arena = &arena,
                                               .changes = rows.changes,
                                               .count = rows.count,
                                               .actor = work->actor};
        work_submit(host->options.gate, &transaction, &committed);
        status = committed.status;
        (void)error_set(&error, status, "%s", committed.text);
    }
    arena_reset(&arena);
    outcome->lsn = committed.lsn;
    if (status != STATUS_OK) {
        host__outcome_fail(outcome, work, status, error.text);
    }
}
