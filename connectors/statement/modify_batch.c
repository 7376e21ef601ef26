/* BATCH: the statement and the protocol's request; what Cassandra warns of and refuses. */
#include "authorize.h"
#include "base/map.h"
#include "modify.h"
#include "statement/bounds.h"
#include "value/serial.h"

/* --- size ------------------------------------------------------------------------------------------------------------- */

/* What a batch comes to. What is written to one partition is one piece to Cassandra: it warns of batches of several. */
struct batch_size {
    struct map *seen; /* partitions and tables */
    struct buffer tables;
    size_t tables_count;
    size_t partitions;
    size_t bytes;
};

static void values_put(const struct value *values, const struct key_column *columns, size_t count,
                       struct buffer *bytes)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(serial_encode(&columns[i].type, &values[i], bytes, NULL) == STATUS_OK); /* checked when bound */
        buffer_put_u8(bytes, 0);
    }
}

static void size_note_partition(struct batch_size *size, const struct gate_change *change, struct bytes key)
{
    struct buffer name = {0};
    if (map_get(size->seen, change->table) == NULL) {
        (void)map_put(size->seen, change->table, size);
        buffer_put_text(&size->tables, size->tables.size == 0 ? "" : ", ");
        buffer_put(&size->tables, change->table);
        size->tables_count++;
    }
    buffer_put_sized(&name, change->table);
    buffer_put(&name, key);
    if (map_get(size->seen, buffer_bytes(&name)) == NULL) {
        (void)map_put(size->seen, buffer_bytes(&name), size);
        size->partitions++;
    }
    buffer_reset(&name);
}

/* About what one change comes to as data: its key and its values. */
static void size_note(struct batch_size *size, const struct gate_change *change, const struct schema *schema)
{
    const struct gate_slice *slice = change->slice;
    struct buffer key = {0};
    values_put(slice->partition, schema->partition, schema->partition_count, &key);
    size_note_partition(size, change, buffer_bytes(&key));
    if (!slice->is_static) {
        values_put(slice->low.values, schema->clustering, slice->low.count, &key);
    }
    size->bytes += key.size;
    for (size_t i = 0; change->wide != NULL && i < change->wide->count; i++) {
        const struct wide_action *action = &change->wide->actions[i];
        for (size_t k = 0; k < action->count; k++) {
            size->bytes += action->parts[k].path.size + action->parts[k].value.size;
        }
    }
    buffer_reset(&key);
}

static enum status size_judge(struct exec_call *call, const struct batch_size *size, bool is_logged)
{
    struct bytes tables = buffer_bytes(&size->tables);
    double kib = (double)size->bytes / 1024;
    double most = (double)CQL_BATCH_WARN_BYTES / 1024;
    if (size->partitions <= 1) {
        return STATUS_OK;
    }
    if (size->bytes > CQL_BATCH_BYTES_MAX) {
        return exec_fail(call, CQL_INVALID, "Batch too large");
    }
    if (size->bytes > CQL_BATCH_WARN_BYTES) {
        exec_warn(call,
                  "Batch for [%.*s] is of size %.3fKiB, exceeding specified threshold of %.3fKiB by %.3fKiB.",
                  (int)tables.size, (const char *)tables.data, kib, most, kib - most);
    }
    if (!is_logged && size->partitions > CQL_BATCH_PARTITIONS_WARN) {
        exec_warn(call,
                  "Unlogged batch covering %zu partitions detected against table%s [%.*s]. You should use a "
                  "logged batch for atomicity, or asynchronous writes for performance.",
                  size->partitions, size->tables_count == 1 ? "" : "s", (int)tables.size,
                  (const char *)tables.data);
    }
    return STATUS_OK;
}

static enum status batch_check_size(struct modification *to, bool is_logged)
{
    struct exec_call *call = to->call;
    struct batch_size size = {.seen = map_create()};
    for (size_t i = 0; i < to->count && call->notes == NULL; i++) {
        const struct schema *schema = NULL;
        const struct gate_change *change = &to->changes[i];
        if (gate_table_find(call->exec->gate, change->table, &schema, NULL) == STATUS_OK) {
            size_note(&size, change, schema);
        }
    }
    enum status status = size_judge(call, &size, is_logged);
    map_destroy(&size.seen);
    buffer_reset(&size.tables);
    return status;
}

/* --- conditions ------------------------------------------------------------------------------------------------------- */

/* What kinds of conditions a row may have. */
enum condition_kind {
    CONDITION_COLUMNS,
    CONDITION_PRESENT,
    CONDITION_ABSENT,
};

static enum status condition_mixed(struct exec_call *call, enum condition_kind a, enum condition_kind b)
{
    bool has_columns = a == CONDITION_COLUMNS || b == CONDITION_COLUMNS;
    bool has_absent = a == CONDITION_ABSENT || b == CONDITION_ABSENT;
    return has_columns
               ? exec_fail(call, CQL_INVALID, "Cannot mix IF conditions and IF %sEXISTS for the same row",
                           has_absent ? "NOT " : "")
               : exec_fail(call, CQL_INVALID,
                           "Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row");
}

/* Conditions on one row are of one kind; the row is told once. */
static enum status condition_note(struct modification *to, struct gate_change *change, struct map *seen)
{
    static const enum condition_kind kinds[] = {CONDITION_COLUMNS, CONDITION_PRESENT, CONDITION_ABSENT};
    const enum condition_kind *kind = change->presence == GATE_IF_PRESENT  ? &kinds[1]
                                      : change->presence == GATE_IF_ABSENT ? &kinds[2]
                                                                           : &kinds[0];
    struct buffer key = {0};
    buffer_put_u8(&key, change->slice->is_static);
    if (!change->slice->is_static) {
        values_put(change->slice->low.values, to->table.schema->clustering, change->slice->low.count, &key);
    }
    const enum condition_kind *before = map_get(seen, buffer_bytes(&key));
    if (before == NULL) {
        (void)map_put(seen, buffer_bytes(&key), (void *)(uintptr_t)kind);
    } else {
        change->wants_old = false;
    }
    buffer_reset(&key);
    return before == NULL || *before == *kind ? STATUS_OK : condition_mixed(to->call, *before, *kind);
}

static enum status batch_check_conditions(struct modification *to)
{
    struct map *seen = map_create();
    enum status status = STATUS_OK;
    for (size_t i = 0; i < to->count && status == STATUS_OK; i++) {
        struct gate_change *change = &to->changes[i];
        if (change->condition != NULL || change->presence != GATE_ALWAYS) {
            status = condition_note(to, change, seen);
        }
    }
    map_destroy(&seen);
    return status;
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

static enum status batch_check(struct modification *to, bool is_counter_batch, bool is_logged)
{
    struct exec_call *call = to->call;
    if (to->has_counters && to->has_others) {
        return exec_fail(call, CQL_INVALID,
                         "Counter and non-counter mutations cannot exist in the same batch");
    }
    if (to->has_counters && !is_counter_batch && is_logged) {
        return exec_fail(call, CQL_INVALID, "Cannot include a counter statement in a logged batch");
    }
    if (to->has_others && is_counter_batch) {
        return exec_fail(call, CQL_INVALID, "Cannot include non-counter statement in a counter batch");
    }
    if (to->has_counters && to->is_conditional) {
        return exec_fail(call, CQL_INVALID, "Conditional updates are not supported in counter batches");
    }
    if (to->has_timestamp && to->has_timestamps) {
        return exec_fail(call, CQL_INVALID, "Timestamp must be set either on BATCH or individual statements");
    }
    if (to->has_timestamp && (to->has_counters || to->is_conditional)) {
        return exec_fail(call, CQL_INVALID, "Cannot provide custom timestamp for %s BATCH",
                         to->has_counters ? "counter" : "conditional");
    }
    enum status status = to->is_conditional && call->notes == NULL ? batch_check_conditions(to) : STATUS_OK;
    return status == STATUS_OK ? batch_check_size(to, is_logged) : status;
}

enum status statement__modify_batch(struct modification *to, const struct cql_batch *batch)
{
    if (batch->using.ttl != NULL) {
        return exec_fail(to->call, CQL_INVALID, "Global TTL on the BATCH statement is not supported.");
    }
    enum status status =
        statement__using_timestamp(to->call, batch->using.timestamp, &to->has_timestamp, &to->timestamp);
    for (size_t i = 0; i < batch->statements.count && status == STATUS_OK; i++) {
        status = statement__modify_statement(to, batch->statements.at[i]);
    }
    return status == STATUS_OK
               ? batch_check(to, batch->kind == CQL_BATCH_COUNTER, batch->kind == CQL_BATCH_LOGGED)
               : status;
}

/* The protocol's BATCH: statements as texts or prepared ones, each with its own values. */
enum status exec_batch(struct exec_call *call, const struct cql_message *message)
{
    struct modification *to = statement__modification_begin(call, true);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < message->statements_count && status == STATUS_OK; i++) {
        const struct cql_query *query = &message->statements[i];
        const struct cql_statement *statement = NULL;
        call->query = query;
        status = exec_statement_of(call, query, &statement);
        if (status == STATUS_OK) {
            status = statement__authorize(call, statement);
        }
        if (status == STATUS_OK) {
            status = statement__modify_statement(to, statement);
        }
    }
    if (status == STATUS_OK) {
        status = batch_check(to, message->batch == CQL_BATCH_TYPE_COUNTER,
                             message->batch == CQL_BATCH_TYPE_LOGGED);
    }
    return status == STATUS_OK ? statement__modification_submit(to) : status;
}
