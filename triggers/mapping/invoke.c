/* One batch through the function: retries, conflicts, parking. */
#include <stdio.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/random.h"
#include "codec/pack.h"
#include "function/tables.h"
#include "mapping_private.h"

/* What an attempt came to. */
enum attempt_result {
    ATTEMPT_DONE,
    ATTEMPT_FAILED,   /* the function, or a condition of a write of its */
    ATTEMPT_CONFLICT, /* what it read had changed: again, and no failure */
    ATTEMPT_STOP,     /* the mapping cannot go on */
};

static void event_encode(const struct mapping_batch *batch, struct buffer *ret_event)
{
    mapping__put_event(buffer_bytes(&batch->events), batch->count, ret_event);
}

static void batch_log(void *context, struct bytes line)
{
    const struct mapping *mapping = context;
    diagnostic_write(DIAGNOSTIC_INFO, "function", "%.*s: %.*s", (int)mapping->settings.function.size,
                     (const char *)mapping->settings.function.data, (int)line.size, (const char *)line.data);
}

/* A work_reads and whose log lines they are, behind one context. */
struct batch_host {
    struct work_reads reads;
    struct mapping *mapping;
};

static enum status batch_call(void *context, struct bytes operation, const struct value *arguments,
                              struct arena *arena, struct value *ret_value, struct error *error)
{
    struct batch_host *host = context;
    return work_call(&host->reads, operation, arguments, arena, ret_value, error);
}

static void batch_host_log(void *context, struct bytes line)
{
    struct batch_host *host = context;
    batch_log(host->mapping, line);
}

/* Commits effects, read set and cursor. */
static void batch_commit(struct mapping *mapping, const struct mapping_batch *batch,
                         const struct function *function, struct gate_change *changes, size_t count,
                         const struct work_reads *reads, struct arena *arena,
                         struct work_outcome *ret_outcome)
{
    struct error error = {0};
    enum status status = mapping__cursor_settle(mapping, &error);
    if (status != STATUS_OK) {
        *ret_outcome = (struct work_outcome){.status = STATUS_CLOSED};
        (void)snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%s", error.text);
        return;
    }
    changes[count] = mapping__cursor_change(mapping, batch->next_lsn, arena);
    char *cause = arena_format(arena, "%.*s:%llu", (int)function->name.size,
                               (const char *)function->name.data, (unsigned long long)function->version);
    char *actor =
        arena_format(arena, "function:%.*s", (int)function->name.size, (const char *)function->name.data);
    struct gate_transaction transaction = {.arena = arena,
                                           .changes = changes,
                                           .count = count + 1,
                                           .reads = reads->reads,
                                           .reads_count = reads->count,
                                           .actor = bytes_of_text(actor),
                                           .cause = {.kind = CAUSE_FUNCTION,
                                                     .function = bytes_of_text(cause),
                                                     .lsn = batch->first_lsn},
                                           .hops = (uint8_t)(batch->hops + 1)};
    work_submit(mapping->options.gate, &transaction, ret_outcome);
    if (ret_outcome->status == STATUS_OK) {
        mapping__cursor_set(mapping, batch->next_lsn);
    }
}

static void problem_note(char *problem, size_t size, const char *text)
{
    size_t length = strlen(text);
    length = length < size - 1 ? length : size - 1;
    memcpy(problem, text, length);
    problem[length] = '\0';
}

static enum attempt_result attempt_judge(const struct work_outcome *outcome, char *problem,
                                         size_t problem_bytes)
{
    problem_note(problem, problem_bytes, outcome->text);
    switch ((int)outcome->status) {
    case STATUS_OK:
        return ATTEMPT_DONE;
    case STATUS_CONFLICT:
    case STATUS_BUSY:
    case STATUS_STALE:
        return ATTEMPT_CONFLICT;
    case STATUS_CLOSED:
    case STATUS_CLOCK:
    case STATUS_FULL:
        return ATTEMPT_STOP;
    default:
        return ATTEMPT_FAILED;
    }
}

/* Passes a batch that wrote and read nothing: only the cursor is to move, and nobody has to wait for that. */
static enum attempt_result attempt_pass(struct mapping *mapping, const struct mapping_batch *batch,
                                        char *problem, size_t problem_bytes)
{
    struct error error;
    if (mapping__cursor_advance(mapping, batch->next_lsn, &error) == STATUS_OK) {
        return ATTEMPT_DONE;
    }
    problem_note(problem, problem_bytes, error.text);
    return ATTEMPT_STOP;
}

/* Invokes the function once and commits what it wants. */
static enum attempt_result attempt_run(struct mapping *mapping, const struct mapping_batch *batch,
                                       char *problem, size_t problem_bytes)
{
    struct arena arena = {0};
    struct buffer event = {0};
    struct function function;
    struct pool_outcome outcome = {0};
    struct error error = {0};
    struct gate_change *changes = NULL;
    size_t count = 0;
    struct batch_host host = {.reads = {.view = mapping->view, .arena = &arena}, .mapping = mapping};
    struct pool_host calls = {.call = batch_call, .log = batch_host_log, .context = &host};
    enum attempt_result result = ATTEMPT_FAILED;
    enum status status = function_find(mapping->view, mapping->settings.function, mapping->settings.version,
                                       &arena, &function, &error);
    if (status == STATUS_OK) {
        struct pool_function for_pool = function_for_pool(&function);
        event_encode(batch, &event);
        struct pool_invocation invocation = {.event = buffer_bytes(&event),
                                             .now_us = batch->time_us,
                                             .seed = batch->first_lsn * 0x9E3779B97F4A7C15ULL};
        status = pool_invoke(mapping->options.pool, &for_pool, &invocation, &calls, &arena, &outcome, &error);
    }
    if (status == STATUS_OK && outcome.failure != FAILURE_NONE) {
        status = error_set(&error, STATUS_FUNCTION, "%s: %.400s", protocol_failure_name(outcome.failure),
                           outcome.text);
    }
    if (status == STATUS_OK) {
        status = work_changes(&outcome.effects, &arena, &changes, &count, &error);
    }
    problem_note(problem, problem_bytes, error.text);
    if (status == STATUS_OK && count == 0 && host.reads.count == 0) {
        result = attempt_pass(mapping, batch, problem, problem_bytes);
    } else if (status == STATUS_OK) {
        struct work_outcome committed;
        batch_commit(mapping, batch, &function, changes, count, &host.reads, &arena, &committed);
        result = attempt_judge(&committed, problem, problem_bytes);
    } else if (status == STATUS_BUSY) {
        result = ATTEMPT_CONFLICT;
    }
    buffer_reset(&event);
    arena_reset(&arena);
    return result;
}

static void facts_count(struct mapping *mapping, const struct mapping_batch *batch,
                        enum attempt_result result)
{
    (void)pthread_mutex_lock(&mapping->mutex);
    mapping->facts.invocations++;
    mapping->facts.failures += result == ATTEMPT_FAILED;
    mapping->facts.records += result == ATTEMPT_DONE ? batch->count : 0;
    (void)pthread_mutex_unlock(&mapping->mutex);
}

/* The dead letter holds the records themselves, or where the log has the one that is too large; the cursor passes them in the same
 * transaction. STATUS_FUNCTION: they are too large together. */
static enum status batch_park(struct mapping *mapping, const struct mapping_batch *batch, const char *problem,
                              struct error *error)
{
    struct arena arena = {0};
    struct buffer event = {0};
    struct work_outcome outcome;
    event_encode(batch, &event);
    bool is_kept = event.size <= MAPPING_PARKED_BYTES_MAX;
    struct bytes kept = is_kept ? arena_copy(&arena, buffer_bytes(&event)) : (struct bytes){0};
    buffer_reset(&event);
    enum status status = is_kept || batch->count == 1 ? mapping__cursor_settle(mapping, error)
                                                      : error_set(error, STATUS_FUNCTION, "%s", problem);
    if (status != STATUS_OK) {
        arena_reset(&arena);
        return status;
    }
    struct gate_change *changes = arena_create_array(&arena, 2, sizeof(*changes));
    const struct value_member members[] = {
        {"count", value_of_integer(batch->count)},
        {"error", value_of_text(bytes_of_text(problem))},
        {"event", is_kept ? value_of_bytes(kept) : value_of_null()},
        {"function", value_of_text(mapping->settings.function)},
        {"hops", value_of_integer(batch->hops)},
        {"lsn", value_of_integer((int64_t)batch->first_lsn)},
        {"mapping", value_of_text(mapping->settings.name)},
        {"next_lsn", value_of_integer((int64_t)batch->next_lsn)},
    };
    struct value item = value_of_members(&arena, members, ARRAY_COUNT(members));
    changes[0] = (struct gate_change){.kind = GATE_PUT,
                                      .is_system = true,
                                      .table = bytes_of_text("system.parked"),
                                      .item = &item};
    changes[1] = mapping__cursor_change(mapping, batch->next_lsn, &arena);
    struct gate_transaction transaction = {.arena = &arena,
                                           .changes = changes,
                                           .count = 2,
                                           .actor = bytes_of_text("system")};
    work_submit(mapping->options.gate, &transaction, &outcome);
    arena_reset(&arena);
    if (outcome.status != STATUS_OK) {
        return error_set(error, outcome.status, "%s", outcome.text);
    }
    mapping__cursor_set(mapping, batch->next_lsn);
    (void)pthread_mutex_lock(&mapping->mutex);
    mapping->facts.parked += batch->count;
    (void)pthread_mutex_unlock(&mapping->mutex);
    diagnostic_write_rarely(&mapping->parked, DIAGNOSTIC_WARNING, "mapping",
                            "%.*s parked %u record(s) from LSN %llu: %s", (int)mapping->settings.name.size,
                            (const char *)mapping->settings.name.data, batch->count,
                            (unsigned long long)batch->first_lsn, problem);
    return STATUS_OK;
}

/* Tries until it works or the retries are used up. STATUS_FUNCTION: they are. */
static enum status batch_try(struct mapping *mapping, const struct mapping_batch *batch, char *problem,
                             size_t problem_bytes, struct error *error)
{
    uint32_t failures = 0;
    uint32_t conflicts = 0;
    int64_t backoff_ms = MAPPING_BACKOFF_MS;
    for (;;) {
        if (mapping__is_stopping(mapping)) {
            return error_set(error, STATUS_CLOSED, "stopping");
        }
        enum attempt_result result = attempt_run(mapping, batch, problem, problem_bytes);
        facts_count(mapping, batch, result);
        if (result == ATTEMPT_DONE) {
            return STATUS_OK;
        }
        if (result == ATTEMPT_STOP) {
            return error_set(error, STATUS_BUSY, "%s", problem);
        }
        if (result == ATTEMPT_CONFLICT && ++conflicts <= MAPPING_CONFLICTS_MAX) {
            continue;
        }
        conflicts = 0;
        if (++failures > mapping->settings.retries) {
            return STATUS_FUNCTION;
        }
        mapping__sleep(mapping, backoff_ms);
        backoff_ms = backoff_ms * 2 < MAPPING_BACKOFF_MS_MAX ? backoff_ms * 2 : MAPPING_BACKOFF_MS_MAX;
    }
}

enum status mapping__run_batch(struct mapping *mapping, const struct mapping_batch *batch,
                               struct error *error)
{
    char problem[ERROR_TEXT_BYTES] = "";
    if (batch->hops >= MAPPING_HOPS_MAX) {
        return batch_park(mapping, batch, "these changes went through too many functions already", error);
    }
    enum status status = batch_try(mapping, batch, problem, sizeof(problem), error);
    if (status != STATUS_FUNCTION || batch->count > 1) {
        return status;
    }
    return batch_park(mapping, batch, problem, error);
}
