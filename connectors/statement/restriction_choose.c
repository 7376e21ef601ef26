/* What each restriction is for: partitions, ranges of rows, an index, or a filter. */
#include "restrictions.h"

#define NEEDS_FILTERING                                                                                      \
    "Cannot execute this query as it might involve data filtering and thus may have unpredictable "          \
    "performance. If you want to execute this query despite the performance unpredictability, use ALLOW "    \
    "FILTERING"

/* The partition key: chosen, or a range of tokens, part of which may be left to be filtered. */
static enum status fail_missing(struct exec_call *call, const struct restrictions *restrictions,
                                const struct source *source, enum described_kind kind, const char *format)
{
    struct buffer names = {0};
    for (size_t i = 0; i < source->count; i++) {
        bool is_restricted = false;
        for (size_t k = 0; k < restrictions->count; k++) {
            const struct restriction *restriction = &restrictions->at[k];
            for (size_t n = 0; n < restriction->columns_count; n++) {
                is_restricted |= restriction->columns[n] == &source->columns[i];
            }
        }
        if (source->columns[i].kind == kind && !is_restricted) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, source->columns[i].name);
        }
    }
    bool is_missing = names.size > 0;
    struct bytes kept = arena_copy(call->arena, buffer_bytes(&names));
    buffer_reset(&names);
    return is_missing ? exec_fail_name(call, format, kept) : STATUS_OK;
}

/* Changes are of partitions that are named. */
static enum status check_named(struct exec_call *call, const struct source *source,
                               struct restrictions_use use, const struct restrictions *restrictions)
{
    if (restrictions->has_token) {
        return exec_fail(call, CQL_INVALID,
                         "The token function cannot be used in WHERE clauses for %s statements",
                         use.modifies);
    }
    enum status status = fail_missing(call, restrictions, source, DESCRIBED_PARTITION_KEY,
                                      "Some partition key parts are missing: %.*s");
    return status == STATUS_OK && !restrictions->has_partitions
               ? exec_fail(call, CQL_INVALID,
                           "Only EQ and IN relation are supported on the partition key (unless you use the "
                           "token() function) for %s statements",
                           use.modifies)
               : status;
}

const struct index_schema *statement__restriction_index(const struct source *source,
                                                        const struct restriction *restriction)
{
    enum cql_relation_kind kind = restriction->relation->kind;
    enum cql_comparison comparison = restriction->comparison;
    enum index_target target = comparison == CQL_CONTAINS       ? INDEX_OF_ELEMENTS
                               : comparison == CQL_CONTAINS_KEY ? INDEX_OF_KEYS
                               : kind == CQL_RELATION_ELEMENT   ? INDEX_OF_ENTRIES
                                                                : INDEX_OF_VALUE;
    bool is_known = kind == CQL_RELATION_COLUMN || kind == CQL_RELATION_ELEMENT;
    bool is_exactly = comparison == CQL_EQUAL || comparison == CQL_LIKE || target == INDEX_OF_ELEMENTS ||
                      target == INDEX_OF_KEYS;
    return is_known && is_exactly && source->table.schema != NULL
               ? statement__index_of(source->table.schema, restriction->columns[0]->name, target)
               : NULL;
}

static bool has_index(const struct source *source, const struct restrictions *restrictions)
{
    bool is_found = false;
    for (size_t i = 0; i < restrictions->count && !is_found; i++) {
        is_found = !statement__restriction_is_token(&restrictions->at[i]) &&
                   statement__restriction_index(source, &restrictions->at[i]) != NULL;
    }
    return is_found;
}

static enum status choose_partitions(struct exec_call *call, const struct source *source,
                                     struct restrictions_use use, struct restrictions *restrictions)
{
    size_t keys = source->table.schema->partition_count;
    size_t exact = 0;
    size_t others = 0;
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        restrictions->has_token |= statement__restriction_is_token(restriction);
        bool is_partition = !statement__restriction_is_token(restriction) &&
                            restriction->columns[0]->kind == DESCRIBED_PARTITION_KEY;
        exact += is_partition && statement__restriction_is_exact(restriction);
        others += is_partition && !statement__restriction_is_exact(restriction);
        restrictions->has_in |= is_partition && restriction->comparison == CQL_IN;
    }
    restrictions->has_partitions = exact == keys && others == 0;
    enum status status = use.modifies != NULL ? check_named(call, source, use, restrictions) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    bool is_part = exact + others > 0 && !restrictions->has_partitions;
    if (is_part && !use.allows_filtering && !has_index(source, restrictions)) {
        return exec_fail(call, CQL_INVALID, NEEDS_FILTERING);
    }
    for (size_t i = 0; i < keys && restrictions->has_partitions; i++) {
        statement__restriction_exact(restrictions, &source->columns[i])->is_key = true;
    }
    return STATUS_OK;
}

static enum status fail_skipped(struct exec_call *call, const struct source *source,
                                const struct source_column *column, size_t position)
{
    const struct key_column *before = &source->table.schema->clustering[position];
    return exec_fail(call, CQL_INVALID,
                     "PRIMARY KEY column \"%.*s\" cannot be restricted as preceding column \"%.*s\" is not "
                     "restricted",
                     (int)column->name.size, (const char *)column->name.data, (int)before->name.size,
                     (const char *)before->name.data);
}

/* The one restriction besides those that choose partitions and rows, when an index is for it. */
static const struct restriction *choose_indexed(const struct source *source,
                                                const struct restrictions *restrictions)
{
    const struct restriction *left = NULL;
    size_t count = 0;
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        bool is_choice = statement__restriction_is_token(restriction) ||
                         (restriction->is_key && restrictions->has_partitions);
        left = is_choice ? left : restriction;
        count += is_choice ? 0 : 1;
    }
    return count == 1 && statement__restriction_index(source, left) != NULL ? left : NULL;
}

/* Marks the restrictions that begin at a clustering column, and are good for ranges; *ret_next is the column behind them. */
static bool choose_at(struct restrictions *restrictions, size_t position, size_t *ret_next)
{
    bool is_slice = false;
    *ret_next = position;
    for (size_t i = 0; i < restrictions->count; i++) {
        struct restriction *restriction = &restrictions->at[i];
        bool is_here = !statement__restriction_is_token(restriction) &&
                       restriction->columns[0]->kind == DESCRIBED_CLUSTERING &&
                       restriction->columns[0]->position == position;
        if (!is_here || statement__restriction_is_containing(restriction)) {
            continue;
        }
        restriction->is_key = true;
        is_slice = statement__restriction_is_slice(restriction);
        *ret_next = position + restriction->columns_count;
    }
    return *ret_next > position && !is_slice;
}

static enum status check_rows(struct exec_call *call, const struct source *source,
                              struct restrictions_use use, const struct restrictions *restrictions)
{
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        bool is_clustering = restriction->columns[0]->kind == DESCRIBED_CLUSTERING;
        if (is_clustering && statement__restriction_is_slice(restriction)) {
            return exec_fail(call, CQL_INVALID,
                             "Slice restrictions are not supported on the clustering columns in %s "
                             "statements",
                             use.modifies);
        }
    }
    return use.is_static_only ? STATUS_OK
                              : fail_missing(call, restrictions, source, DESCRIBED_CLUSTERING,
                                             "Some clustering keys are missing: %.*s");
}

/* The restriction on the first clustering column that is good for no range, since one before it is not restricted; or NULL. */
static const struct restriction *first_skipped(const struct restrictions *restrictions)
{
    const struct restriction *skipped = NULL;
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        bool is_left = !statement__restriction_is_token(restriction) && !restriction->is_key &&
                       restriction->columns[0]->kind == DESCRIBED_CLUSTERING;
        if (is_left &&
            (skipped == NULL || restriction->columns[0]->position < skipped->columns[0]->position)) {
            skipped = restriction;
        }
    }
    return skipped;
}

static enum status choose_rows(struct exec_call *call, const struct source *source,
                               struct restrictions_use use, struct restrictions *restrictions)
{
    size_t position = 0;
    size_t next = 0;
    bool has_contains = false;
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        bool is_clustering = !statement__restriction_is_token(restriction) &&
                             restriction->columns[0]->kind == DESCRIBED_CLUSTERING;
        restrictions->has_clustering |= is_clustering;
        has_contains |= is_clustering && statement__restriction_is_containing(restriction);
    }
    if (use.is_static_only && restrictions->has_clustering) {
        return use.modifies == NULL
                   ? exec_fail(call, CQL_INVALID,
                               "Cannot restrict clustering columns when selecting only static columns")
                   : exec_fail(call, CQL_INVALID,
                               "Invalid restrictions on clustering columns since the %s statement modifies "
                               "only static columns",
                               use.modifies);
    }
    if (use.needs_rows) {
        enum status status = check_rows(call, source, use, restrictions);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (has_contains && !use.allows_filtering) {
        return exec_fail(call, CQL_INVALID,
                         "Clustering columns can only be restricted with CONTAINS with a secondary index or "
                         "filtering");
    }
    while (choose_at(restrictions, position, &next)) {
        position = next;
    }
    restrictions->names_rows =
        source->table.schema != NULL && position == source->table.schema->clustering_count;
    const struct restriction *skipped = first_skipped(restrictions);
    return skipped != NULL && !use.allows_filtering && choose_indexed(source, restrictions) == NULL
               ? fail_skipped(call, source, skipped->columns[0], position)
               : STATUS_OK;
}

/* Of several restrictions the first one that a usable index is for. Tokens are no part of what an index is read by. */
static void choose_index(const struct source *source, struct restrictions *restrictions)
{
    for (size_t i = 0; i < restrictions->count && restrictions->index == NULL; i++) {
        const struct index_schema *index = statement__restriction_index(source, &restrictions->at[i]);
        bool is_read = restrictions->at[i].comparison != CQL_LIKE && !restrictions->has_partitions &&
                       !restrictions->has_token;
        if (index != NULL && index->state == INDEX_ACTIVE && is_read) {
            restrictions->index = index;
            restrictions->indexed = &restrictions->at[i];
        }
    }
}

/* Changes name their rows by keys alone. */
static enum status fail_filters(struct exec_call *call, const struct restrictions *restrictions)
{
    struct buffer names = {0};
    for (size_t i = 0; i < restrictions->count; i++) {
        if (!restrictions->at[i].is_key) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, restrictions->at[i].columns[0]->name);
        }
    }
    enum status status =
        exec_fail_name(call, "Non PRIMARY KEY columns found in where clause: %.*s ", buffer_bytes(&names));
    buffer_reset(&names);
    return status;
}

/* What is left. Without partitions the rows are filtered too. */
static enum status choose_filters(struct exec_call *call, const struct source *source,
                                  struct restrictions_use use, struct restrictions *restrictions)
{
    bool is_indexed = choose_indexed(source, restrictions) != NULL;
    bool is_of_cells = false; /* of columns that are not the key's */
    choose_index(source, restrictions);
    for (size_t i = 0; i < restrictions->count; i++) {
        struct restriction *restriction = &restrictions->at[i];
        if (statement__restriction_is_token(restriction)) {
            continue;
        }
        enum described_kind kind = restriction->columns[0]->kind;
        if (!restrictions->has_partitions) {
            restriction->is_key = false;
        }
        restrictions->filters |= !restriction->is_key;
        restrictions->has_indexed |=
            !restriction->is_key && statement__restriction_index(source, restriction) != NULL;
        restrictions->has_regular |= kind == DESCRIBED_REGULAR;
        is_of_cells |= kind == DESCRIBED_REGULAR || kind == DESCRIBED_STATIC;
        restrictions->has_ranges |= restriction->is_key && kind == DESCRIBED_CLUSTERING;
    }
    if (use.modifies != NULL && restrictions->filters) {
        return fail_filters(call, restrictions);
    }
    bool is_told_later = use.is_distinct && restrictions->has_clustering && !is_of_cells;
    return restrictions->filters && !use.allows_filtering && !is_indexed && !is_told_later
               ? exec_fail(call, CQL_INVALID, NEEDS_FILTERING)
               : STATUS_OK;
}

enum status statement__restrictions_choose(struct exec_call *call, const struct source *source,
                                           struct restrictions_use use, struct restrictions *restrictions)
{
    enum status status = choose_partitions(call, source, use, restrictions);
    if (status == STATUS_OK) {
        status = choose_rows(call, source, use, restrictions);
    }
    if (source->system != NULL) {
        restrictions->has_partitions = false;
    }
    return status == STATUS_OK ? choose_filters(call, source, use, restrictions) : status;
}
