/* SELECT: planned, read, answered. */
#include "select.h"

#include "authorize.h"
#include "base/clock.h"
#include "consistency.h"
#include "logs.h"
#include "prepare.h"
#include "statement/bounds.h"

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
    if (is_time) {
        return exec_lsn_at(call, clock_us_of_ms(bound.value.integer), &select->as_of);
    }
    status = gate_lsn_whole(call->exec->gate, (uint64_t)bound.value.integer, &select->as_of, &error);
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
    if (status == STATUS_OK && select->as_of > 0 && select->source.system == NULL) {
        status = statement__ensure_past(call, select->source.table.keyspace, select->source.stored,
                                        statement__source_stored(&select->source)->table);
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
        status = statement__select_distinct(select);
    }
    if (status == STATUS_OK) {
        status = statement__select_groups(select);
    }
    return status == STATUS_OK ? statement__select_order(select) : status;
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

/* --- the answer ------------------------------------------------------------------------------------------------------- */

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
                            : statement__select_group_end(select, &error);
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
    bool is_costly = statement__selection_computed(&select->selection) > CQL_INLINE_TERMS;
    *ret_waits =
        select->source.system == NULL && (select->source.log != NULL || select->as_of > 0 || is_costly);
    if (select->source.system != NULL) {
        return statement__select_system(select);
    }
    if (!*ret_waits) {
        select->view = exec->view;
        select->aside = exec->aside;
        /* A client that asks for many long reads at once is not to have each looked at here while others wait. */
        select->rows_inline = exec->waiting_first == NULL ? CQL_INLINE_ROWS : CQL_INLINE_ROWS_BUSY;
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
