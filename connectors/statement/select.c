/* SELECT: planned, read, answered. */
#include "select.h"

#include "codec/pack.h"
#include "consistency.h"
#include "logs.h"
#include "prepare.h"
#include "row/key.h"
#include "statement/bounds.h"

static enum status select_fail_name(struct select *select, const char *format, struct bytes name)
{
    return exec_fail(select->call, CQL_INVALID, format, (int)name.size, (const char *)name.data);
}

/* --- LIMIT, AS OF ----------------------------------------------------------------------------------------------------- */

static enum status select_limit(struct select *select, const struct cql_term *term, const char *what,
                                struct cql_receiver receiver, uint64_t *ret_limit)
{
    struct bound bound;
    *ret_limit = UINT64_MAX;
    if (term == NULL) {
        return STATUS_OK;
    }
    enum status status = exec_bind(select->call, term, receiver.type, receiver.name, &bound);
    if (status != STATUS_OK || select->call->notes != NULL || bound.kind == BOUND_UNSET) {
        return status;
    }
    if (bound.kind == BOUND_NULL) {
        return exec_fail(select->call, CQL_INVALID, "Invalid null value of %s", what);
    }
    if (bound.value.integer <= 0) {
        return exec_fail(select->call, CQL_INVALID, "%s must be strictly positive", what);
    }
    *ret_limit = (uint64_t)bound.value.integer;
    return STATUS_OK;
}

/* AS OF a moment, which is a text, or an LSN. */
static enum status select_as_of(struct select *select)
{
    static const struct type timestamp = {.kind = TYPE_TIMESTAMP};
    static const struct type bigint = {.kind = TYPE_BIGINT};
    struct exec_call *call = select->call;
    const struct cql_term *term = select->statement->as_of;
    struct bound bound;
    struct error error;
    if (term == NULL) {
        return STATUS_OK;
    }
    bool is_time = term->kind == CQL_TERM_STRING;
    enum status status =
        exec_bind(call, term, is_time ? &timestamp : &bigint, bytes_of_text("[as_of]"), &bound);
    if (status != STATUS_OK || call->notes != NULL) {
        return status;
    }
    if (bound.kind != BOUND_VALUE || (!is_time && bound.value.integer <= 0)) {
        return exec_fail(call, CQL_INVALID, "AS OF takes a time or a positive LSN");
    }
    status = is_time
                 ? gate_lsn_at(call->exec->gate, bound.value.integer * 1000, &select->as_of, &error)
                 : gate_lsn_whole(call->exec->gate, (uint64_t)bound.value.integer, &select->as_of, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

static enum status select_limits(struct select *select)
{
    const struct cql_select *statement = select->statement;
    enum status status =
        select_limit(select, statement->limit, "LIMIT", statement__receiver_limit(), &select->limit);
    if (status == STATUS_OK) {
        status = select_limit(select, statement->partition_limit, "PER PARTITION LIMIT",
                              statement__receiver_partition_limit(), &select->partition_limit);
    }
    return status;
}

/* --- DISTINCT, GROUP BY, ORDER BY ------------------------------------------------------------------------------------- */

static enum status select_distinct(struct select *select)
{
    const struct source *source = &select->source;
    const struct selection *selection = &select->selection;
    if (!select->statement->is_distinct) {
        return STATUS_OK;
    }
    if (select->statement->partition_limit != NULL) {
        return exec_fail(select->call, CQL_INVALID,
                         "PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries");
    }
    if (select->restrictions.has_clustering || select->restrictions.has_regular) {
        return exec_fail(
            select->call, CQL_INVALID,
            "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or "
            "static columns.");
    }
    for (size_t i = 0; i < selection->count; i++) {
        const struct cql_expression *term = selection->terms[i];
        bool is_column = term->kind == CQL_EXPRESSION_COLUMN;
        enum described_kind kind = is_column ? source->columns[term->index].kind : DESCRIBED_PARTITION_KEY;
        if (kind == DESCRIBED_CLUSTERING || kind == DESCRIBED_REGULAR) {
            return select_fail_name(
                select,
                "SELECT DISTINCT queries must only request partition key columns and/or static columns (not "
                "%.*s)",
                source->columns[term->index].name);
        }
    }
    bool is_range = !select->restrictions.has_partitions; /* of partitions, which the key then tells apart */
    for (size_t i = 0; i < source->table.schema->partition_count && is_range; i++) {
        if (!statement__selection_has(selection, i)) {
            return select_fail_name(
                select, "SELECT DISTINCT queries must request all the partition key columns (missing %.*s)",
                source->columns[i].name);
        }
    }
    select->partition_limit = 1;
    return STATUS_OK;
}

/* Rows that are one behind the other have equal results of these, or rising ones: groups need not be looked for. */
static bool is_monotonic(const struct cql_expression *group)
{
    static const char *const names[] = {"floor", "todate", "totimestamp", "tounixtimestamp"};
    struct bytes name = group->function == NULL ? (struct bytes){0} : group->function->name.name;
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        is_known |= bytes_equal(name, bytes_of_text(names[i]));
    }
    return is_known && group->function->user == NULL;
}

/* The clustering column that a function's results are groups by. */
static enum status group_function(struct select *select, size_t place,
                                  const struct source_column **ret_column)
{
    const struct cql_expression *group = select->selection.groups[place];
    const struct source_column *columns = select->source.columns;
    *ret_column = NULL;
    if (!is_monotonic(group)) {
        struct buffer text = {0};
        cql_term_format(select->statement->group_by.at[place],
                        &(struct cql_term_names){select->source.table.keyspace,
                                                 statement__function_is_native},
                        &text);
        enum status status =
            select_fail_name(select,
                             "Only monotonic functions are supported in the GROUP BY clause. Got: %.*s ",
                             buffer_bytes(&text));
        buffer_reset(&text);
        return status;
    }
    for (size_t i = 0; i < group->count; i++) {
        bool is_column = group->parts[i] != NULL && group->parts[i]->kind == CQL_EXPRESSION_COLUMN;
        *ret_column = is_column ? &columns[group->parts[i]->index] : *ret_column;
    }
    if (*ret_column == NULL) {
        return exec_fail(select->call, CQL_INVALID,
                         "GROUP BY functions must have one clustering column name as parameter");
    }
    return (*ret_column)->kind == DESCRIBED_CLUSTERING
               ? STATUS_OK
               : select_fail_name(select,
                                  "Group by functions are only supported on clustering columns, got %.*s",
                                  (*ret_column)->name);
}

/* The key column that a group is made by. */
static enum status group_column(struct select *select, size_t place, const struct source_column **ret_column)
{
    const struct cql_expression *group = select->selection.groups[place];
    const struct source_column *columns = select->source.columns;
    if (group->kind != CQL_EXPRESSION_COLUMN) {
        return group_function(select, place, ret_column);
    }
    *ret_column = &columns[group->index];
    if ((*ret_column)->kind != DESCRIBED_PARTITION_KEY && (*ret_column)->kind != DESCRIBED_CLUSTERING) {
        return select_fail_name(
            select, "Group by is currently only supported on the columns of the PRIMARY KEY, got %.*s",
            (*ret_column)->name);
    }
    return place == 0 || select->selection.groups[place - 1]->kind == CQL_EXPRESSION_COLUMN
               ? STATUS_OK
               : exec_fail(select->call, CQL_INVALID,
                           "Functions are only supported on the last element of the GROUP BY clause");
}

static enum status select_groups(struct select *select)
{
    const struct source *source = &select->source;
    const struct schema *schema = source->table.schema;
    size_t next = 0;
    for (size_t i = 0; i < select->selection.groups_count; i++) {
        const struct source_column *column = NULL;
        enum status status = group_column(select, i, &column);
        if (status != STATUS_OK) {
            return status;
        }
        size_t number = statement__source_number(source, column);
        while (next < number && statement__restrictions_fix(&select->restrictions, &source->columns[next])) {
            next++;
        }
        if (next != number) {
            return exec_fail(
                select->call, CQL_INVALID,
                "Group by currently only support groups of columns following their declared order "
                "in the PRIMARY KEY");
        }
        next = number + 1;
    }
    if (next > 0 && next < schema->partition_count) {
        return exec_fail(select->call, CQL_INVALID,
                         "Group by is not supported on only a part of the partition key");
    }
    if (next > schema->partition_count && select->statement->is_distinct) {
        return exec_fail(select->call, CQL_INVALID,
                         "Grouping on clustering columns is not allowed for SELECT DISTINCT queries");
    }
    bool is_one = select->selection.groups_count == 0 && select->selection.aggregates_count > 0;
    return is_one && select->statement->partition_limit != NULL
               ? exec_fail(select->call, CQL_INVALID,
                           "PER PARTITION LIMIT is not allowed with aggregate queries.")
               : STATUS_OK;
}

/* One column of ORDER BY; *next is the clustering column that it may be. */
static enum status order_column(struct select *select, const struct cql_ordering *ordering, size_t *next,
                                bool *ret_is_reverse)
{
    const struct source *source = &select->source;
    const struct schema *schema = source->table.schema;
    const struct source_column *column = statement__source_find_column(source, ordering->column);
    if (column == NULL) {
        return statement__source_fail_column(select->call, source, ordering->column);
    }
    if (column->kind != DESCRIBED_CLUSTERING) {
        return select_fail_name(
            select,
            "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got %.*s",
            ordering->column);
    }
    while (*next < column->position &&
           statement__restrictions_fix(&select->restrictions,
                                       &source->columns[schema->partition_count + *next])) {
        (*next)++;
    }
    if (*next != column->position) {
        return exec_fail(
            select->call, CQL_INVALID,
            "Order by currently only supports the ordering of columns following their declared order in the "
            "PRIMARY KEY");
    }
    *next = column->position + 1;
    *ret_is_reverse = ordering->is_descending != schema->clustering[column->position].is_descending;
    return STATUS_OK;
}

static enum status select_order(struct select *select)
{
    const struct cql_orderings *orderings = &select->statement->order_by;
    size_t next = 0;
    if (orderings->count == 0) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < orderings->count; i++) {
        if (orderings->at[i].near != NULL) {
            return exec_fail(
                select->call, CQL_INVALID,
                "ANN ordering is not supported: there is no index that finds the nearest vectors");
        }
    }
    if (select->restrictions.has_indexed) {
        return exec_fail(select->call, CQL_INVALID, "ORDER BY with 2ndary indexes is not supported.");
    }
    if (select->source.system == NULL && !select->restrictions.has_partitions) {
        return exec_fail(
            select->call, CQL_INVALID,
            "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.");
    }
    for (size_t i = 0; i < orderings->count; i++) {
        bool is_reverse = false;
        enum status status = order_column(select, &orderings->at[i], &next, &is_reverse);
        if (status != STATUS_OK) {
            return status;
        }
        if (i > 0 && is_reverse != select->is_reverse) {
            return exec_fail(select->call, CQL_INVALID, "Unsupported order by relation");
        }
        select->is_reverse = is_reverse;
    }
    select->sorts = select->restrictions.has_in;
    return STATUS_OK;
}

/* --- planning --------------------------------------------------------------------------------------------------------- */

/* Everything that is known before rows are read. While the statement is prepared its markers are noted. */
static enum status select_plan(struct select *select)
{
    struct exec_call *call = select->call;
    const struct cql_select *statement = select->statement;
    enum status status = call->notes == NULL ? select_as_of(select) : STATUS_OK;
    if (status == STATUS_OK) {
        status = statement__source_find(call, &statement->table, select->as_of, &select->source);
    }
    if (status == STATUS_OK && call->notes != NULL) {
        call->notes->keyspace = select->source.table.keyspace;
        call->notes->table = select->source.table.name;
        status = select_as_of(select);
    }
    if (status == STATUS_OK) {
        status = statement__selection_make(call, &select->source, statement, &select->selection);
    }
    struct restrictions_use use = {.allows_filtering = statement->allows_filtering,
                                   .is_distinct = statement->is_distinct};
    if (status == STATUS_OK) {
        use.allows_filtering |= statement__log_names_row(&select->source, &statement->where);
        use.is_static_only =
            statement->selectors.count > 0 && statement__selection_is_static(&select->selection);
        status = statement__restrictions_make(call, &select->source, &statement->where, use,
                                              &select->restrictions);
    }
    if (status == STATUS_OK) {
        status = statement__consistency_read(select->call, select->restrictions.partitions_count);
    }
    if (status == STATUS_OK) {
        status = select_limits(select);
    }
    if (status == STATUS_OK) {
        status = select_distinct(select);
    }
    if (status == STATUS_OK) {
        status = select_groups(select);
    }
    return status == STATUS_OK ? select_order(select) : status;
}

struct bytes statement__select_index(const struct select *select)
{
    struct buffer text = {0};
    const struct index_schema *index = select->restrictions.index;
    if (index == NULL) {
        return (struct bytes){0};
    }
    buffer_put_u8(&text, (uint8_t)index->target);
    buffer_put(&text, index->partition[0].name);
    struct bytes copy = arena_copy(select->call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

/* All pages read the same index, or none: it may have become usable meanwhile, or have gone. */
static enum status select_same_way(struct select *select)
{
    struct restrictions *restrictions = &select->restrictions;
    if (select->position.index.size == 0) {
        restrictions->index = NULL;
        restrictions->indexed = NULL;
        return STATUS_OK;
    }
    return bytes_equal(statement__select_index(select), select->position.index)
               ? STATUS_OK
               : exec_fail(select->call, CQL_INVALID,
                           "The index that the pages before were read from is gone; begin anew");
}

/* How many rows this answer may have, and where it begins. */
static enum status select_page(struct select *select)
{
    const struct cql_parameters *parameters = &select->call->request->message->parameters;
    uint64_t wanted = parameters->page_rows <= 0 ? UINT64_MAX : (uint64_t)parameters->page_rows;
    bool is_paged = wanted < select->limit;
    select->page_rows = is_paged ? wanted : UINT64_MAX;
    select->position = (struct select_position){
        .partition_left = select->partition_limit,
        .left = select->sorts ? UINT64_MAX : select->limit,
        .as_of = select->as_of,
    };
    if (is_paged && select->sorts) {
        return exec_fail(
            select->call, CQL_INVALID,
            "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must "
            "either "
            "remove the ORDER BY or the IN and sort client side, or disable paging for this query");
    }
    if (!parameters->has_paging_state) {
        return STATUS_OK;
    }
    enum status status =
        statement__position_decode(select->call, parameters->paging_state, &select->position);
    return status == STATUS_OK ? select_same_way(select) : status;
}

/* --- rows ------------------------------------------------------------------------------------------------------------- */

/* Whether another row, or group, is wanted. Then it is counted. */
static bool take_count(struct select *select, enum select_step *ret_step)
{
    struct select_position *position = &select->position;
    if (position->partition_left == 0) {
        return false; /* passed over */
    }
    if (position->left == 0 || select->rows == select->page_rows) {
        *ret_step = position->left == 0 ? SELECT_ENDED : SELECT_FULL;
        return false;
    }
    position->left -= position->left != UINT64_MAX;
    position->partition_left -= position->partition_left != UINT64_MAX;
    select->rows++;
    return true;
}

static enum status take_plain(struct select *select, const struct source_row *row,
                              const struct select_stored *stored, enum select_step *ret_step,
                              struct error *error)
{
    if (!take_count(select, ret_step)) {
        return STATUS_OK;
    }
    if (select->deferred != NULL) {
        *ret_step = select->position.left == 0 ? SELECT_ENDED : SELECT_ON;
        return statement__defer_row(select, row, stored, error);
    }
    enum status status =
        statement__selection_put(&select->selection, row, NULL, NULL, row->arena, &select->cells, error);
    if (status == STATUS_OK && select->sorts) {
        status = statement__sort_note(select, row, error);
    }
    if (status == STATUS_OK && select->cells.size > CQL_RESULT_BYTES_MAX) {
        status = error_set(error, STATUS_TOO_LARGE,
                           "the result has more than %d bytes: read it in pages, or with a LIMIT",
                           CQL_RESULT_BYTES_MAX);
    }
    *ret_step = select->position.left == 0 ? SELECT_ENDED : SELECT_ON;
    return status;
}

static enum status group_end(struct select *select, struct error *error)
{
    enum status status =
        select->group.has_rows ? statement__group_put(&select->group, &select->cells, error) : STATUS_OK;
    statement__group_clear(&select->group);
    return status;
}

static enum status kept_row_decode(const struct select *select, struct arena *arena, struct bytes image,
                                   const struct wide_row **ret_row, struct error *error)
{
    struct wide_row *row = arena_create(arena, sizeof(*row));
    *ret_row = row;
    return wide_row_decode_of(statement__source_stored(&select->source), arena_copy(arena, image), arena, row,
                              error);
}

/* Values that do not live as long as what is kept. */
static enum status kept_values_copy(const struct select *select, const struct source_row *row,
                                    struct arena *arena, struct source_row *ret_row, struct error *error)
{
    size_t count = select->source.count;
    struct value *values = arena_create_array(arena, count, sizeof(*values));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct buffer encoded = {0};
        codec_value_encode(&encoded, &row->values[i]);
        status = codec_value_decode(arena_copy(arena, buffer_bytes(&encoded)), arena, &values[i], error);
        buffer_reset(&encoded);
    }
    ret_row->key = values;
    ret_row->values = values;
    return status;
}

enum status statement__select_keep(const struct select *select, const struct source_row *row,
                                   const struct select_stored *stored, struct arena *arena,
                                   struct source_row *ret_row, struct error *error)
{
    const struct schema *schema = select->source.table.schema;
    size_t keys = schema->partition_count + schema->clustering_count;
    size_t count = 0;
    enum status status = STATUS_OK;
    *ret_row = *row;
    ret_row->arena = arena;
    if (stored == NULL && select->source.log != NULL) {
        return kept_values_copy(select, row, arena, ret_row, error);
    }
    if (stored == NULL) {
        return STATUS_OK; /* lives as long as the call */
    }
    struct value *key = arena_create_array(arena, keys, sizeof(*key));
    ret_row->key = key;
    status = key_decode(schema, arena_copy(arena, stored->key), arena, key, key + schema->partition_count,
                        &count, error);
    ret_row->document = arena_copy(arena, row->document);
    if (status == STATUS_OK && row->plain != NULL) {
        status = kept_row_decode(select, arena, stored->image, &ret_row->plain, error);
    }
    if (status == STATUS_OK && row->statics != NULL) {
        status = kept_row_decode(select, arena, stored->statics, &ret_row->statics, error);
    }
    return status;
}

/* A group's first row is kept: its columns stand for those of the others. */
static enum status group_begin(struct select *select, const struct source_row *row,
                               const struct select_stored *stored, struct error *error)
{
    if (select->deferred != NULL) {
        return statement__defer_group(select, row, stored, error);
    }
    enum status status = group_end(select, error);
    return status == STATUS_OK ? statement__select_keep(select, row, stored, &select->group.arena,
                                                        &select->group.first, error)
                               : status;
}

static enum status take_grouped(struct select *select, const struct source_row *row,
                                const struct select_stored *stored, enum select_step *ret_step,
                                struct error *error)
{
    struct selection_group *group = &select->group;
    struct buffer key = {0};
    if (select->statement->is_distinct && select->position.partition_left == 0) {
        return STATUS_OK; /* a partition is one row */
    }
    enum status status = statement__group_key(&select->selection, row, row->arena, &key, error);
    bool is_same =
        status == STATUS_OK && group->has_rows && bytes_equal(buffer_bytes(&key), buffer_bytes(&group->key));
    if (status == STATUS_OK && !is_same) {
        if (!take_count(select, ret_step)) {
            buffer_reset(&key);
            return STATUS_OK;
        }
        status = group_begin(select, row, stored, error);
        buffer_clear(&group->key);
        buffer_put(&group->key, buffer_bytes(&key));
    }
    buffer_reset(&key);
    if (status != STATUS_OK) {
        return status;
    }
    group->has_rows = true;
    if (select->statement->is_distinct) {
        select->position.partition_left = 0;
    }
    return select->deferred != NULL ? statement__defer_step(select, row, stored, error)
                                    : statement__group_step(group, row, error);
}

enum status statement__select_take(struct select *select, const struct source_row *row,
                                   const struct select_stored *stored, enum select_step *ret_step,
                                   struct error *error)
{
    bool holds = true;
    *ret_step = SELECT_ON;
    enum status status = statement__restrictions_hold(&select->restrictions, row, &holds, error);
    if (status != STATUS_OK || !holds) {
        return status;
    }
    return statement__selection_groups(&select->selection)
               ? take_grouped(select, row, stored, ret_step, error)
               : take_plain(select, row, stored, ret_step, error);
}

/* Cassandra's words to those who count across partitions. */
static void select_warn(struct select *select)
{
    if (select->selection.aggregates_count == 0 || select->selection.groups_count > 0 ||
        select->source.system != NULL) {
        return;
    }
    if (!select->restrictions.has_partitions) {
        exec_warn(select->call, "Aggregation query used without partition key");
    } else if (select->restrictions.has_in) {
        exec_warn(select->call, "Aggregation query used on multiple partition keys (IN restriction)");
    }
}

/* --- the answer ------------------------------------------------------------------------------------------------------- */

/* The last group; aggregates of no rows are a row too. */
static enum status select_finish_groups(struct select *select)
{
    struct error error;
    enum status status = STATUS_OK;
    bool is_one = select->selection.groups_count == 0 && select->selection.aggregates_count > 0;
    bool is_missing =
        is_one && !select->group.has_rows && !select->call->request->message->parameters.has_paging_state;
    if (!statement__selection_groups(&select->selection)) {
        return STATUS_OK;
    }
    if (select->deferred != NULL) {
        status = is_missing ? statement__defer_group(select, NULL, NULL, &error) : STATUS_OK;
    } else {
        status = is_missing ? statement__group_put(&select->group, &select->cells, &error)
                            : group_end(select, &error);
    }
    select->rows += is_missing;
    return status == STATUS_OK ? status : exec_fail_status(select->call, status, error.text);
}

/* What PREPARE told is told again, unless the table has other columns by now, or had at the moment that is asked for. */
static const struct cql_metadata *select_metadata(const struct select *select)
{
    const struct cql_query *query = select->call->query;
    const struct cql_metadata *told = NULL;
    if (query->is_prepared && select->as_of == 0) {
        told = statement__plan_result(query->prepared, select->source.table.schema);
    }
    return told != NULL ? told : &select->selection.metadata;
}

static void select_reset(struct select *select)
{
    statement__sort_reset(select);
    statement__group_reset(&select->group);
    statement__defer_reset(select);
}

/* Ends the call, and the select with it. */
static void select_answer(struct select *select)
{
    struct exec_call *call = select->call;
    struct buffer cells = select->cells;
    struct cql_answer answer = {.kind = CQL_ANSWER_ROWS,
                                .rows = {.metadata = select_metadata(select),
                                         .count = select->rows,
                                         .cells = buffer_bytes(&cells),
                                         .has_more = select->has_more}};
    if (select->has_more) {
        answer.rows.paging_state = statement__position_encode(call, &select->position);
    }
    select_reset(select);
    exec_answer(call, &answer);
    buffer_reset(&cells);
}

static void select_abandon(struct exec_call *call)
{
    struct select *select = call->context;
    select_reset(select);
    buffer_reset(&select->cells);
}

static void select_settled(struct exec_call *call);

/* When all rows were read: users' functions, and then the answer. */
static enum status select_end(struct select *select)
{
    bool waits = false;
    enum status status = STATUS_OK;
    if (select->deferred != NULL) {
        status = statement__defer_settle(select, select_settled, &waits);
    }
    if (status != STATUS_OK || waits) {
        return status;
    }
    if (select->sorts) {
        statement__sort_rows(select);
    }
    select_warn(select);
    select_answer(select);
    return STATUS_OK;
}

/* The functions answered. */
static void select_settled(struct exec_call *call)
{
    if (select_end(call->context) != STATUS_OK) {
        select_abandon(call);
        exec_answer_failure(call);
    }
}

static void select_failed(struct select *select)
{
    struct exec_call *call = select->call;
    select_abandon(call);
    call->abandon = NULL;
}

/* All rows were taken. */
static enum status select_read_whole(struct select *select)
{
    enum status status = select_finish_groups(select);
    return status == STATUS_OK ? select_end(select) : status;
}

void statement__select_read_ended(struct select *select, enum status status)
{
    struct exec_call *call = select->call;
    if (status == STATUS_OK) {
        status = select_read_whole(select);
    }
    if (status != STATUS_OK) {
        select_failed(select);
        exec_answer_failure(call);
    }
}

static void select_begin(struct select *select)
{
    if (statement__selection_defers(&select->selection)) {
        statement__defer_begin(select);
    }
}

/* Reads what is little here; *ret_waits: the rest is read in the pool. */
static enum status select_rows(struct select *select, bool *ret_waits)
{
    struct exec *exec = select->call->exec;
    struct select before = *select;
    select_begin(select);
    *ret_waits = select->source.system == NULL && (select->source.log != NULL || select->as_of > 0);
    if (select->source.system != NULL) {
        return statement__select_system(select);
    }
    if (!*ret_waits) {
        select->view = exec->view;
        select->aside = exec->aside;
        select->rows_inline = CQL_INLINE_ROWS;
        enum status status = statement__select_read(select);
        if (status != STATUS_OK || !select->is_long) {
            return status;
        }
        select_abandon(select->call);
        *select = before;
        select_begin(select);
        *ret_waits = true;
    }
    return statement__select_later(select);
}

enum status exec_select(struct exec_call *call, const struct cql_select *statement)
{
    bool waits = false;
    struct select *select = arena_create(call->arena, sizeof(*select));
    *select = (struct select){.call = call, .statement = statement};
    enum status status = select_plan(select);
    if (status == STATUS_OK) {
        status = select_page(select);
    }
    select->group.selection = &select->selection;
    call->context = select;
    call->abandon = select_abandon;
    if (status == STATUS_OK) {
        status = select_rows(select, &waits);
    }
    if (status == STATUS_OK && !waits) {
        status = select_read_whole(select);
    }
    if (status != STATUS_OK) {
        select_failed(select);
    }
    return status;
}

enum status exec_select_note(struct exec_call *call, struct marker_notes *notes,
                             const struct cql_select *statement, struct cql_metadata *ret_result)
{
    struct select select = {.call = call, .statement = statement};
    struct marker_notes *before = call->notes;
    call->notes = notes;
    enum status status = select_plan(&select);
    call->notes = before;
    *ret_result = select.selection.metadata;
    return status;
}
