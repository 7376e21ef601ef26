/* INSERT, UPDATE, DELETE and BATCH: one transaction for all that a request says. */
#include "modify.h"

#include <math.h>

#include "base/clock.h"
#include "base/metric.h"
#include "consistency.h"
#include "ddl.h"
#include "gate/bounds.h"
#include "logs.h"
#include "statement/bounds.h"
#include "syntax/syntax.h"
#include "value/serial.h"
#include "views.h"

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a counter, atomic */
static struct metric timestamp_skews = {
    .kind = METRIC_COUNTER,
    .name = "oxbow_cql_timestamp_skews_total",
    .help = "Requests whose timestamps, of drivers or USING TIMESTAMP, are more "
            "than 10 s off the server's clock."};

void statement__modify_open(void)
{
    metric_register(&timestamp_skews);
}

/* --- USING ---------------------------------------------------------------------------------------------------------- */

enum status statement__using_timestamp(struct exec_call *call, const struct cql_term *term, bool *ret_is_set,
                                       int64_t *ret_timestamp)
{
    static const struct type type = {.kind = TYPE_BIGINT};
    struct bound bound;
    *ret_is_set = false;
    if (term == NULL) {
        return STATUS_OK;
    }
    enum status status = exec_bind(call, term, &type, bytes_of_text("[timestamp]"), &bound);
    if (status != STATUS_OK || bound.kind == BOUND_UNSET) {
        return status;
    }
    if (bound.kind == BOUND_NULL) {
        return exec_fail(call, CQL_INVALID, "Invalid null value of timestamp");
    }
    if (bound.value.integer == INT64_MIN) {
        return exec_fail(call, CQL_INVALID, "Out of bound timestamp, must be in [%lld, %lld]",
                         (long long)INT64_MIN + 1, (long long)INT64_MAX);
    }
    *ret_is_set = true;
    *ret_timestamp = bound.value.integer;
    return STATUS_OK;
}

static enum status using_ttl(struct modify *modify, const struct cql_term *term)
{
    static const struct type type = {.kind = TYPE_INT};
    struct bound bound;
    CHECK(modify->schema != NULL);
    modify->update.ttl = modify->is_counter ? 0 : modify->schema->default_ttl_seconds;
    if (term == NULL) {
        return STATUS_OK;
    }
    if (modify->is_counter) {
        return exec_fail(modify->call, CQL_INVALID, "Cannot provide custom TTL for counter updates");
    }
    enum status status = exec_bind(modify->call, term, &type, bytes_of_text("[ttl]"), &bound);
    if (status != STATUS_OK || bound.kind == BOUND_UNSET) {
        return status;
    }
    int64_t ttl = bound.kind == BOUND_NULL ? 0 : bound.value.integer;
    if (ttl < 0) {
        return exec_fail(modify->call, CQL_INVALID, "A TTL must be greater or equal to 0, but was %lld",
                         (long long)ttl);
    }
    if (ttl > CQL_TTL_SECONDS_MAX) {
        return exec_fail(modify->call, CQL_INVALID, "ttl is too large. requested (%lld) maximum (%d)",
                         (long long)ttl, CQL_TTL_SECONDS_MAX);
    }
    modify->update.ttl = (uint32_t)ttl;
    return STATUS_OK;
}

static enum status modify_using(struct modify *modify, const struct cql_using *using)
{
    struct modification *to = modify->to;
    bool is_set = false;
    int64_t timestamp = 0;
    if (using->timestamp != NULL && modify->is_conditional) {
        return exec_fail(modify->call, CQL_INVALID,
                         "Cannot provide custom timestamp for conditional updates");
    }
    if (using->timestamp != NULL && modify->is_counter) {
        return exec_fail(modify->call, CQL_INVALID, "Cannot provide custom timestamp for counter updates");
    }
    enum status status = statement__using_timestamp(modify->call, using->timestamp, &is_set, &timestamp);
    if (status == STATUS_OK) {
        status = using_ttl(modify, using->ttl);
    }
    to->has_timestamps |= is_set;
    modify->update.has_timestamp = is_set;
    modify->update.timestamp = timestamp;
    return status;
}

/* --- changes -------------------------------------------------------------------------------------------------------- */

static enum status add_change(struct modify *modify, const struct gate_change *change)
{
    struct modification *to = modify->to;
    if (to->count == GATE_CHANGES_MAX) {
        return exec_fail(modify->call, CQL_INVALID, "a request changes up to %d rows", GATE_CHANGES_MAX);
    }
    to->changes = arena_grow_array(modify->call->arena, to->changes, to->count, sizeof(*to->changes));
    to->changes[to->count++] = *change;
    return STATUS_OK;
}

static const struct wide_update *modify_update(struct modify *modify, bool is_static)
{
    struct wide_update *update = arena_create(modify->call->arena, sizeof(*update));
    *update = modify->update;
    update->actions = is_static ? modify->statics : modify->actions;
    update->count = is_static ? modify->statics_count : modify->actions_count;
    if (is_static) {
        update->has_marker = false;
        update->deletes_row = false;
    }
    return update;
}

static struct gate_slice *modify_slice(struct modify *modify, const struct value *partition)
{
    struct gate_slice *slice = arena_create(modify->call->arena, sizeof(*slice));
    slice->partition = partition;
    return slice;
}

static struct gate_change modify_change(struct modify *modify, enum gate_change_kind kind,
                                        const struct gate_slice *slice, const struct wide_update *update)
{
    return (struct gate_change){.kind = kind,
                                .table = modify->table.full,
                                .slice = slice,
                                .wide = update,
                                .wants_old = modify->is_conditional};
}

/* The static row: what is set there, what is asked of it, and what is told when a condition fails. */
static enum status add_static(struct modify *modify, const struct value *partition)
{
    bool is_asked =
        modify->static_condition != NULL || (modify->is_conditional && modify->schema->columns_count > 0);
    bool has_statics = false;
    for (size_t i = 0; i < modify->schema->columns_count; i++) {
        has_statics |= modify->schema->columns[i].is_static;
    }
    if (modify->statics_count == 0 && !(is_asked && has_statics)) {
        return STATUS_OK;
    }
    struct gate_slice *slice = modify_slice(modify, partition);
    slice->is_static = true;
    struct gate_change change = modify_change(modify, modify->statics_count > 0 ? GATE_WIDE : GATE_CHECK,
                                              slice, modify_update(modify, true));
    change.condition = modify->static_condition;
    bool is_alone = !modify->where.names_rows;
    change.presence = is_alone ? modify->presence : GATE_ALWAYS;
    return add_change(modify, &change);
}

static enum status add_row(struct modify *modify, const struct value *partition,
                           const struct value *clustering)
{
    struct gate_slice *slice = modify_slice(modify, partition);
    slice->low = (struct gate_bound){.values = clustering, .count = modify->schema->clustering_count};
    struct gate_change change = modify_change(modify, GATE_WIDE, slice, modify_update(modify, false));
    change.condition = modify->condition;
    change.presence = modify->presence;
    modify->to->asks_rows |= modify->condition != NULL || modify->presence != GATE_ALWAYS;
    return add_change(modify, &change);
}

/* Rows that begin with some clustering columns, and those in a range of the next one. */
static enum status add_range(struct modify *modify, const struct value *partition,
                             const struct row_range *range)
{
    struct gate_slice *slice = modify_slice(modify, partition);
    slice->has_bounds = modify->where.has_ranges;
    slice->low = range->low;
    slice->high = range->high;
    struct gate_change change = modify_change(modify, GATE_WIDE_DELETE, slice, modify_update(modify, false));
    return add_change(modify, &change);
}

/* What the statement does in one partition. */
static enum status add_partition(struct modify *modify, const struct value *partition)
{
    const struct restrictions *where = &modify->where;
    bool touches_rows = modify->update.has_marker || modify->update.deletes_row ||
                        modify->actions_count > 0 || modify->condition != NULL ||
                        modify->presence != GATE_ALWAYS;
    bool is_range = modify->update.deletes_row && !where->names_rows;
    enum status status = add_static(modify, partition);
    if (!is_range && (!touches_rows || !where->names_rows)) {
        return status;
    }
    for (size_t i = 0; i < where->ranges_count && status == STATUS_OK; i++) {
        status = is_range ? add_range(modify, partition, &where->ranges[i])
                          : add_row(modify, partition, where->ranges[i].low.values);
    }
    return status;
}

/* Conditional statements of a batch share one partition. */
static enum status modify_check_conditional(struct modify *modify, const struct value *partition)
{
    struct modification *to = modify->to;
    const struct type *types[PARTITION_COLUMNS_MAX];
    struct buffer key = {0};
    if (!to->is_batch) {
        to->table = modify->table;
        return STATUS_OK;
    }
    for (size_t i = 0; i < modify->schema->partition_count; i++) {
        types[i] = &modify->schema->partition[i].type;
    }
    enum status status =
        serial_partition_encode(types, partition, modify->schema->partition_count, &key, NULL);
    struct bytes bytes = arena_copy(modify->call->arena, buffer_bytes(&key));
    buffer_reset(&key);
    if (status == STATUS_OK && to->is_conditional && to->table.full.size > 0) {
        if (!bytes_equal(to->table.full, modify->table.full)) {
            return exec_fail(modify->call, CQL_INVALID, "Batch with conditions cannot span multiple tables");
        }
        if (!bytes_equal(to->partition, bytes)) {
            return exec_fail(modify->call, CQL_INVALID,
                             "Batch with conditions cannot span multiple partitions");
        }
    }
    to->table = modify->table;
    to->partition = bytes;
    return STATUS_OK;
}

static enum status modify_add(struct modify *modify)
{
    const struct restrictions *where = &modify->where;
    enum status status = STATUS_OK;
    modify->to->is_conditional |= modify->is_conditional;
    modify->to->has_counters |= modify->is_counter;
    modify->to->has_others |= !modify->is_counter;
    if (modify->call->notes != NULL) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < where->partitions_count && status == STATUS_OK; i++) {
        status = modify_check_conditional(modify, where->partitions[i]);
        status = status == STATUS_OK ? add_partition(modify, where->partitions[i]) : status;
    }
    return status;
}

/* --- statements ----------------------------------------------------------------------------------------------------- */

static enum status modify_begin(struct modify *modify, struct modification *to,
                                const struct cql_qualified *table, size_t actions_max)
{
    *modify = (struct modify){.to = to, .call = to->call};
    enum status status = ddl_check_system(to->call, exec_keyspace_of(to->call, table));
    struct bytes logged = {0};
    if (status == STATUS_OK && statement__log_is(table->name, &logged)) {
        return exec_fail_name(to->call, "Cannot modify a log: it tells what was changed in table %.*s",
                              logged);
    }
    if (status == STATUS_OK) {
        status = exec_find_table(to->call, table, &modify->table);
        if (status != STATUS_OK &&
            statement__view_refuse(to->call, table, "Cannot directly modify a materialized view") !=
                STATUS_OK) {
            return STATUS_INVALID;
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (to->call->notes != NULL && to->call->notes->table.size == 0) {
        to->call->notes->keyspace = modify->table.keyspace;
        to->call->notes->table = modify->table.name;
    }
    modify->schema = modify->table.schema;
    exec_key_types(to->call, modify->schema);
    to->call->functions_keyspace = modify->table.keyspace;
    modify->is_counter =
        modify->schema->columns_count > 0 && modify->schema->columns[0].type.kind == TYPE_COUNTER;
    size_t keys = schema_key_count(modify->schema);
    modify->key = arena_create_array(to->call->arena, keys, sizeof(*modify->key));
    modify->key_given = arena_create_array(to->call->arena, keys, sizeof(*modify->key_given));
    modify->actions = arena_create_array(to->call->arena, actions_max, sizeof(*modify->actions));
    modify->statics = arena_create_array(to->call->arena, actions_max, sizeof(*modify->statics));
    return STATUS_OK;
}

static enum status insert_check(struct modify *modify, const struct cql_insert *insert)
{
    struct exec_call *call = modify->call;
    if (modify->is_counter) {
        return exec_fail(call, CQL_INVALID,
                         "INSERT statements are not allowed on counter tables, use UPDATE instead");
    }
    if (insert->columns.count != insert->values.count) {
        return exec_fail(call, CQL_INVALID, "Unmatched column names/values");
    }
    for (size_t i = 0; i < insert->columns.count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(insert->columns.at[i], insert->columns.at[k])) {
                return exec_fail(call, CQL_INVALID, "The column names contains duplicates");
            }
        }
    }
    return STATUS_OK;
}

/* Each column with its value. */
static enum status insert_columns(struct modify *modify, const struct cql_insert *insert)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < insert->columns.count && status == STATUS_OK; i++) {
        bool is_key = false;
        status = statement__modify_key(modify, insert->columns.at[i], insert->values.at[i], &is_key);
        if (status == STATUS_OK && !is_key) {
            status = statement__modify_value(modify, insert->columns.at[i], insert->values.at[i]);
        }
    }
    return status;
}

/* The only columns that are named are static: rows do not matter. */
static bool is_of_statics(const struct modify *modify)
{
    return modify->names_statics && !modify->names_regulars;
}

/* A row WITH COMPACT STORAGE is what its columns are; where there are clustering columns it has one. */
static enum status insert_compact(struct modify *modify)
{
    const struct schema *schema = modify->schema;
    modify->update.has_marker = false;
    return schema->clustering_count == 0 || modify->names_regulars
               ? STATUS_OK
               : exec_fail_name(modify->call, "Column %.*s is mandatory for this COMPACT STORAGE table",
                                schema->columns[0].name);
}

static enum status modify_insert(struct modification *to, const struct cql_insert *insert)
{
    struct modify modify;
    enum status status = modify_begin(&modify, to, &insert->table, insert->columns.count);
    if (status != STATUS_OK) {
        return status;
    }
    modify.is_insert = true;
    modify.is_conditional = insert->if_not_exists;
    modify.presence = insert->if_not_exists ? GATE_IF_ABSENT : GATE_ALWAYS;
    to->shows_row |= insert->if_not_exists;
    status = insert_check(&modify, insert);
    if (status == STATUS_OK) {
        status =
            insert->json != NULL ? statement__modify_json(&modify, insert) : insert_columns(&modify, insert);
    }
    if (status == STATUS_OK) { /* only statics: they have no row of their own */
        bool is_static_only = is_of_statics(&modify) && !statement__modify_key_is_of_row(&modify);
        status = statement__modify_key_end(&modify, !is_static_only);
        modify.update.has_marker = !is_static_only;
    }
    if (status == STATUS_OK && modify.schema->columns_count > 0 &&
        statement__options_are_compact(modify.schema->properties)) {
        status = insert_compact(&modify);
    }
    if (status == STATUS_OK) {
        status = modify_using(&modify, &insert->using);
    }
    return status == STATUS_OK ? modify_add(&modify) : status;
}

static enum status modify_if(struct modify *modify, bool if_exists, const struct cql_relations *conditions)
{
    modify->is_conditional = if_exists || conditions->count > 0;
    modify->presence = if_exists ? GATE_IF_PRESENT : GATE_ALWAYS;
    modify->to->shows_row |= if_exists;
    return modify->is_conditional ? statement__lwt_conditions(modify, conditions) : STATUS_OK;
}

static enum status modify_check_in(struct modify *modify, const char *statements)
{
    for (size_t i = 0; i < modify->where.count && modify->is_conditional; i++) {
        const struct restriction *restriction = &modify->where.at[i];
        bool is_partition = restriction->columns[0]->kind == DESCRIBED_PARTITION_KEY;
        if (restriction->comparison == CQL_IN) {
            return exec_fail(modify->call, CQL_INVALID, "IN on the %s is not supported with conditional %s",
                             is_partition ? "partition key" : "clustering key columns", statements);
        }
    }
    return STATUS_OK;
}

static enum status modify_set(struct modification *to, const struct cql_update *update)
{
    struct modify modify;
    enum status status = modify_begin(&modify, to, &update->table, update->assignments.count);
    if (status != STATUS_OK) {
        return status;
    }
    modify.is_conditional = update->if_exists || update->conditions.count > 0;
    status = modify_using(&modify, &update->using);
    if (status == STATUS_OK) {
        status = modify_if(&modify, update->if_exists, &update->conditions);
    }
    for (size_t i = 0; i < update->assignments.count && status == STATUS_OK; i++) {
        status = statement__modify_assign(&modify, &update->assignments.at[i]);
    }
    if (status == STATUS_OK) {
        status = statement__modify_where(&modify, &update->where, "UPDATE", is_of_statics(&modify));
    }
    if (status == STATUS_OK) {
        status = modify_check_in(&modify, "updates");
    }
    return status == STATUS_OK ? modify_add(&modify) : status;
}

/* What needs the whole key of a row, by = or IN. */
static enum status delete_check(struct modify *modify, bool deletes_regulars)
{
    bool is_range = !modify->where.names_rows && !is_of_statics(modify);
    if (is_range && modify->is_conditional) {
        return exec_fail(modify->call, CQL_INVALID,
                         "DELETE statements must restrict all PRIMARY KEY columns with equality relations in "
                         "order to %s non static columns",
                         deletes_regulars ? "delete" : "use IF condition on");
    }
    if (is_range && !modify->update.deletes_row) {
        return exec_fail(modify->call, CQL_INVALID, "Range deletions are not supported for specific columns");
    }
    return modify_check_in(modify, "deletions");
}

static enum status modify_delete(struct modification *to, const struct cql_delete *statement)
{
    struct modify modify;
    enum status status = modify_begin(&modify, to, &statement->table, statement->deletions.count);
    if (status != STATUS_OK) {
        return status;
    }
    modify.is_conditional = statement->if_exists || statement->conditions.count > 0;
    modify.update.deletes_row = statement->deletions.count == 0;
    modify.names_regulars = modify.update.deletes_row;
    status = modify_using(&modify, &statement->using);
    for (size_t i = 0; i < statement->deletions.count && status == STATUS_OK; i++) {
        status = statement__modify_delete(&modify, &statement->deletions.at[i]);
    }
    bool deletes_regulars = modify.names_regulars;
    if (status == STATUS_OK) {
        status = modify_if(&modify, statement->if_exists, &statement->conditions);
    }
    if (status == STATUS_OK) {
        status = statement__modify_where(&modify, &statement->where, "DELETE", is_of_statics(&modify));
    }
    if (status == STATUS_OK) {
        status = delete_check(&modify, deletes_regulars);
    }
    return status == STATUS_OK ? modify_add(&modify) : status;
}

enum status statement__modify_statement(struct modification *to, const struct cql_statement *statement)
{
    switch ((int)statement->kind) {
    case CQL_INSERT:
        return modify_insert(to, &statement->insert);
    case CQL_UPDATE:
        return modify_set(to, &statement->update);
    case CQL_DELETE:
        return modify_delete(to, &statement->delete);
    default:
        return exec_fail(
            to->call, CQL_INVALID,
            "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.");
    }
}

/* --- the request ---------------------------------------------------------------------------------------------------- */

/* Clients whose clocks are off lose writes that they saw taken: they are told of the timestamp that is furthest off. */
static void modification_check_clock(struct modification *to)
{
    int64_t now = clock_wall_us(clock_system());
    double furthest = 0;
    for (size_t i = 0; i < to->count; i++) {
        const struct wide_update *update = to->changes[i].wide;
        double off = update->has_timestamp ? ((double)update->timestamp - (double)now) / 1e6 : 0;
        furthest = fabs(off) > fabs(furthest) ? off : furthest;
    }
    if (fabs(furthest) > CQL_TIMESTAMP_SKEW_S) {
        metric_add(&timestamp_skews, 1);
        exec_warn(to->call,
                  "The timestamp of this write is %.0f s %s the server's clock: writes are ordered by their "
                  "timestamps, so check the client's clock (timestamps are microseconds since 1970)",
                  fabs(furthest), furthest > 0 ? "ahead of" : "behind");
    }
}

/* The timestamp of statements that have none of their own: the batch's, the driver's, or none (the writer's rule). */
static void modification_stamp(struct modification *to)
{
    const struct cql_parameters *parameters = &to->call->request->message->parameters;
    bool is_writers = to->is_conditional || to->has_counters;
    bool has_timestamp = !is_writers && (to->has_timestamp || parameters->has_timestamp);
    int64_t timestamp = to->has_timestamp ? to->timestamp : parameters->timestamp_us;
    for (size_t i = 0; i < to->count; i++) {
        struct wide_update *update = (struct wide_update *)to->changes[i].wide;
        if (is_writers) {
            update->has_timestamp = false;
        } else if (!update->has_timestamp && has_timestamp && timestamp != INT64_MIN) {
            update->has_timestamp = true;
            update->timestamp = timestamp;
        }
    }
}

static enum status modification_check_consistency(const struct modification *to)
{
    if (to->is_conditional) {
        return statement__consistency_condition(to->call);
    }
    if (to->is_batch || to->count == 0) {
        return STATUS_OK;
    }
    return to->has_counters ? statement__consistency_counter(to->call, to->changes[0].table)
                            : statement__consistency_write(to->call);
}

enum status statement__modification_submit(struct modification *to)
{
    enum status status = modification_check_consistency(to);
    if (status != STATUS_OK) {
        return status;
    }
    if (to->count == 0) {
        if (to->is_conditional) {
            return exec_fail(to->call, CQL_INVALID, "a conditional statement has to name a row");
        }
        exec_answer_void(to->call);
        return STATUS_OK;
    }
    modification_stamp(to);
    modification_check_clock(to);
    to->call->context = to;
    return exec_submit(to->call, to->changes, to->count,
                       to->is_conditional ? statement__lwt_finish : exec_answer_void);
}

struct modification *statement__modification_begin(struct exec_call *call, bool is_batch)
{
    struct modification *to = arena_create(call->arena, sizeof(*to));
    to->call = call;
    to->is_batch = is_batch;
    return to;
}

static enum status modify_run(struct modification *to, const struct cql_statement *statement)
{
    return statement->kind == CQL_BATCH ? statement__modify_batch(to, &statement->batch)
                                        : statement__modify_statement(to, statement);
}

enum status exec_modify(struct exec_call *call, const struct cql_statement *statement)
{
    struct modification *to = statement__modification_begin(call, statement->kind == CQL_BATCH);
    enum status status = modify_run(to, statement);
    return status == STATUS_OK ? statement__modification_submit(to) : status;
}

enum status exec_modify_note(struct exec_call *call, struct marker_notes *notes,
                             const struct cql_statement *statement)
{
    struct modification *to = statement__modification_begin(call, statement->kind == CQL_BATCH);
    call->notes = notes;
    enum status status = modify_run(to, statement);
    call->notes = NULL;
    return status;
}
