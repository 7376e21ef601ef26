/* DISTINCT, GROUP BY and ORDER BY: what they may name, given WHERE. */
#include "select.h"

enum status statement__select_distinct(struct select *select)
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
            return exec_fail_name(
                select->call,
                "SELECT DISTINCT queries must only request partition key columns and/or static columns (not "
                "%.*s)",
                source->columns[term->index].name);
        }
    }
    bool is_range = !select->restrictions.has_partitions; /* of partitions, which the key then tells apart */
    for (size_t i = 0; i < source->table.schema->partition_count && is_range; i++) {
        if (!statement__selection_has(selection, i)) {
            return exec_fail_name(
                select->call,
                "SELECT DISTINCT queries must request all the partition key columns (missing %.*s)",
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
            exec_fail_name(select->call,
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
               : exec_fail_name(select->call,
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
        return exec_fail_name(
            select->call, "Group by is currently only supported on the columns of the PRIMARY KEY, got %.*s",
            (*ret_column)->name);
    }
    return place == 0 || select->selection.groups[place - 1]->kind == CQL_EXPRESSION_COLUMN
               ? STATUS_OK
               : exec_fail(select->call, CQL_INVALID,
                           "Functions are only supported on the last element of the GROUP BY clause");
}

enum status statement__select_groups(struct select *select)
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
        return exec_fail_name(
            select->call,
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

enum status statement__select_order(struct select *select)
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
