#include "restrictions.h"

#include <stdlib.h>

#include "index.h"
#include "statement/bounds.h"
#include "value/order.h"
#include "value/serial.h"
#include "value/token.h"
#include "views.h"

#define NEEDS_FILTERING                                                                                      \
    "Cannot execute this query as it might involve data filtering and thus may have unpredictable "          \
    "performance. If you want to execute this query despite the performance unpredictability, use ALLOW "    \
    "FILTERING"

static enum status restrictions_fail(struct exec_call *call, const char *format, struct bytes name)
{
    return exec_fail(call, CQL_INVALID, format, (int)name.size, (const char *)name.data);
}

static bool is_token(const struct restriction *restriction)
{
    return restriction->relation->kind == CQL_RELATION_TOKEN;
}

/* CONTAINS, CONTAINS KEY, c[k] =: a column may have many. */
static bool is_containing(const struct restriction *restriction)
{
    return restriction->comparison == CQL_CONTAINS || restriction->comparison == CQL_CONTAINS_KEY ||
           restriction->relation->kind == CQL_RELATION_ELEMENT;
}

static bool is_exact(const struct restriction *restriction)
{
    bool is_equal = restriction->comparison == CQL_EQUAL || restriction->comparison == CQL_IN;
    return is_equal && !is_containing(restriction);
}

/* --- two restrictions on one column ------------------------------------------------------------------------------- */

static bool have_common_columns(const struct restriction *a, const struct restriction *b)
{
    bool is_common = false;
    for (size_t i = 0; i < a->columns_count * b->columns_count && !is_common; i++) {
        is_common = a->columns[i / b->columns_count] == b->columns[i % b->columns_count];
    }
    return is_common;
}

/* "a, b": the columns that both restrict. */
static struct bytes common_columns(const struct restriction *a, const struct restriction *b,
                                   struct arena *arena)
{
    struct buffer names = {0};
    for (size_t i = 0; i < a->columns_count * b->columns_count; i++) {
        const struct source_column *column = a->columns[i / b->columns_count];
        if (column == b->columns[i % b->columns_count]) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, column->name);
        }
    }
    struct bytes copy = arena_copy(arena, buffer_bytes(&names));
    buffer_reset(&names);
    return copy;
}

static bool is_lower(const struct restriction *restriction)
{
    return restriction->comparison == CQL_GREATER || restriction->comparison == CQL_GREATER_EQUAL;
}

static enum status merge_slice(struct exec_call *call, const struct restriction *before,
                               const struct restriction *added, struct bytes names)
{
    if (!statement__restriction_is_slice(added)) {
        return restrictions_fail(
            call, "Column \"%.*s\" cannot be restricted by both an equality and an inequality relation",
            names);
    }
    if (before->columns[0] != added->columns[0]) {
        const struct source_column *later = before->columns[0]->position > added->columns[0]->position
                                                ? before->columns[0]
                                                : added->columns[0];
        return restrictions_fail(
            call,
            "Column \"%.*s\" cannot be restricted by two inequalities not starting with the same column",
            later->name);
    }
    if (is_lower(before) != is_lower(added)) {
        return STATUS_OK;
    }
    return exec_fail(call, CQL_INVALID, "More than one restriction was found for the %s bound on %.*s",
                     is_lower(before) ? "start" : "end", (int)names.size, (const char *)names.data);
}

static enum status merge(struct exec_call *call, const struct restriction *before,
                         const struct restriction *added)
{
    bool may_meet = is_token(before) != is_token(added) || !have_common_columns(before, added);
    if (may_meet || (is_containing(before) && is_containing(added))) {
        return STATUS_OK;
    }
    struct bytes names = common_columns(before, added, call->arena);
    if (is_containing(before)) {
        return restrictions_fail(call,
                                 "Collection column %.*s can only be restricted by CONTAINS, CONTAINS KEY, "
                                 "or map-entry equality",
                                 names);
    }
    if (before->comparison == CQL_EQUAL) {
        return restrictions_fail(
            call, "%.*s cannot be restricted by more than one relation if it includes an Equal", names);
    }
    if (before->comparison == CQL_IN) {
        return restrictions_fail(call,
                                 "%.*s cannot be restricted by more than one relation if it includes a IN",
                                 names);
    }
    return merge_slice(call, before, added, names);
}

/* Cassandra looks at clustering columns as they come. */
static enum status merge_clustering(struct exec_call *call, const struct restrictions *restrictions,
                                    const struct restriction *added)
{
    const struct restriction *last = NULL;
    for (size_t i = 0; i < restrictions->distinct_count; i++) {
        const struct restriction *before = restrictions->distinct[i];
        bool is_clustering = !is_token(before) && before->columns[0]->kind == DESCRIBED_CLUSTERING;
        if (is_clustering && (last == NULL || before->columns[0]->position > last->columns[0]->position)) {
            last = before;
        }
    }
    if (last == NULL) {
        return STATUS_OK;
    }
    const struct source_column *a = last->columns[0];
    const struct source_column *b = added->columns[0];
    if (statement__restriction_is_slice(last) && b->position > a->position) {
        return exec_fail(call, CQL_INVALID,
                         "Clustering column \"%.*s\" cannot be restricted (preceding column \"%.*s\" is "
                         "restricted by a non-EQ relation)",
                         (int)b->name.size, (const char *)b->name.data, (int)a->name.size,
                         (const char *)a->name.data);
    }
    if (statement__restriction_is_slice(added) && b->position < a->position) {
        return exec_fail(call, CQL_INVALID,
                         "PRIMARY KEY column \"%.*s\" cannot be restricted (preceding column \"%.*s\" is "
                         "restricted by a non-EQ relation)",
                         (int)a->name.size, (const char *)a->name.data, (int)b->name.size,
                         (const char *)b->name.data);
    }
    return STATUS_OK;
}

static enum status restrictions_add(struct exec_call *call, const struct source *source,
                                    const struct cql_relation *relation, bool allows_filtering,
                                    struct restrictions *restrictions)
{
    struct restriction *added = &restrictions->at[restrictions->count];
    bool is_again = false;
    enum status status = statement__restriction_bind(call, source, relation, added);
    for (size_t i = 0; i < restrictions->distinct_count && status == STATUS_OK; i++) {
        const struct restriction *before = restrictions->distinct[i];
        status = merge(call, before, added);
        is_again |= is_containing(before) && is_containing(added) && have_common_columns(before, added);
    }
    bool is_clustering =
        status == STATUS_OK && !is_token(added) && added->columns[0]->kind == DESCRIBED_CLUSTERING;
    if (is_clustering && !allows_filtering) {
        status = merge_clustering(call, restrictions, added);
    }
    if (!is_again) {
        restrictions->distinct[restrictions->distinct_count++] = added;
    }
    restrictions->count++;
    return status;
}

/* expr(…), which no class of indexes that there is knows: how Cassandra says so. */
static enum status restrictions_custom(struct exec_call *call, const struct source *source,
                                       const struct cql_relation *relation, bool is_again)
{
    const struct schema *schema = source->table.schema;
    struct bytes keyspace = source->table.keyspace;
    struct bytes table = source->table.name;
    struct bytes name = relation->columns.at[0];
    const struct index_schema *index = schema == NULL ? NULL : schema_index(schema, name);
    bool is_there = index != NULL && source->view == NULL && !statement__view_is(index);
    bool is_elsewhere = relation->field.size > 0 && !bytes_equal(relation->field, keyspace);
    if (is_again) {
        return exec_fail(call, CQL_INVALID,
                         "Multiple custom index expressions in a single query are not supported");
    }
    if (is_elsewhere || !is_there) {
        return exec_fail(call, CQL_INVALID,
                         is_elsewhere ? "Target index %.*s cannot be used to query %.*s.%.*s"
                                      : "Invalid index expression, index %.*s not found for %.*s.%.*s",
                         (int)name.size, (const char *)name.data, (int)keyspace.size,
                         (const char *)keyspace.data, (int)table.size, (const char *)table.data);
    }
    return restrictions_fail(call,
                             statement__index_class(index, call->arena).size > 0
                                 ? "Index %.*s does not support custom expressions"
                                 : "Only CUSTOM indexes may be used in custom index expressions, %.*s is not "
                                   "valid",
                             name);
}

/* What WHERE says of columns, then what it asks indexes by their names. */
static enum status restrictions_take(struct exec_call *call, const struct source *source,
                                     const struct cql_relations *where, struct restrictions_use use,
                                     struct restrictions *restrictions)
{
    const struct cql_relation *custom = NULL;
    size_t customs = 0;
    for (size_t i = 0; i < where->count; i++) {
        if (where->at[i].kind == CQL_RELATION_INDEX) {
            custom = &where->at[i];
            customs++;
        }
    }
    if (custom != NULL && use.modifies != NULL) {
        return exec_fail(call, CQL_INVALID,
                         "Custom index expressions cannot be used in WHERE clauses for UPDATE or DELETE "
                         "statements");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < where->count && status == STATUS_OK; i++) {
        if (where->at[i].kind != CQL_RELATION_INDEX) {
            status = restrictions_add(call, source, &where->at[i], use.allows_filtering, restrictions);
        }
    }
    return status == STATUS_OK && custom != NULL ? restrictions_custom(call, source, custom, customs > 1)
                                                 : status;
}

/* --- what each is for ----------------------------------------------------------------------------------------------- */

static struct restriction *exact_of(const struct restrictions *restrictions,
                                    const struct source_column *column)
{
    for (size_t i = 0; i < restrictions->count; i++) {
        struct restriction *restriction = &restrictions->at[i];
        for (size_t k = 0; k < restriction->columns_count && !is_token(restriction); k++) {
            if (restriction->columns[k] == column && is_exact(restriction)) {
                return restriction;
            }
        }
    }
    return NULL;
}

bool statement__restrictions_fix(const struct restrictions *restrictions, const struct source_column *column)
{
    const struct restriction *found = exact_of(restrictions, column);
    return found != NULL && found->comparison == CQL_EQUAL;
}

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
    return is_missing ? restrictions_fail(call, format, kept) : STATUS_OK;
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

/* The index that gives the rows for which a restriction holds; NULL: none does. */
static const struct index_schema *restriction_index(const struct source *source,
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
        is_found = !is_token(&restrictions->at[i]) && restriction_index(source, &restrictions->at[i]) != NULL;
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
        restrictions->has_token |= is_token(restriction);
        bool is_partition =
            !is_token(restriction) && restriction->columns[0]->kind == DESCRIBED_PARTITION_KEY;
        exact += is_partition && is_exact(restriction);
        others += is_partition && !is_exact(restriction);
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
        exact_of(restrictions, &source->columns[i])->is_key = true;
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
        bool is_choice = is_token(restriction) || (restriction->is_key && restrictions->has_partitions);
        left = is_choice ? left : restriction;
        count += is_choice ? 0 : 1;
    }
    return count == 1 && restriction_index(source, left) != NULL ? left : NULL;
}

/* Marks the restrictions that begin at a clustering column, and are good for ranges; *ret_next is the column behind them. */
static bool choose_at(struct restrictions *restrictions, size_t position, size_t *ret_next)
{
    bool is_slice = false;
    *ret_next = position;
    for (size_t i = 0; i < restrictions->count; i++) {
        struct restriction *restriction = &restrictions->at[i];
        bool is_here = !is_token(restriction) && restriction->columns[0]->kind == DESCRIBED_CLUSTERING &&
                       restriction->columns[0]->position == position;
        if (!is_here || is_containing(restriction)) {
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
        bool is_left = !is_token(restriction) && !restriction->is_key &&
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
        bool is_clustering = !is_token(restriction) && restriction->columns[0]->kind == DESCRIBED_CLUSTERING;
        restrictions->has_clustering |= is_clustering;
        has_contains |= is_clustering && is_containing(restriction);
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
        const struct index_schema *index = restriction_index(source, &restrictions->at[i]);
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
        restrictions_fail(call, "Non PRIMARY KEY columns found in where clause: %.*s ", buffer_bytes(&names));
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
        if (is_token(restriction)) {
            continue;
        }
        enum described_kind kind = restriction->columns[0]->kind;
        if (!restrictions->has_partitions) {
            restriction->is_key = false;
        }
        restrictions->filters |= !restriction->is_key;
        restrictions->has_indexed |= !restriction->is_key && restriction_index(source, restriction) != NULL;
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

/* What an index is asked for is no longer than what one holds. */
static enum status check_indexed(struct exec_call *call, const struct source *source,
                                 const struct restriction *restriction)
{
    const struct value *value = &restriction->values[0].value;
    bool is_long = !restriction->is_key && restriction->values_count > 0 &&
                   (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES) &&
                   value->bytes.size > UINT16_MAX && restriction_index(source, restriction) != NULL;
    return is_long ? exec_fail(call, CQL_INVALID, "Index expression values may not be larger than 64K")
                   : STATUS_OK;
}

static enum status check_values(struct exec_call *call, const struct restriction *restriction)
{
    const char *const refusals[2][2] = {{"Unsupported null value for column %.*s",
                                         "Unsupported unset value for column %.*s"},
                                        {"Invalid null value in condition for column %.*s",
                                         "Invalid unset value for column %.*s"}};
    size_t count = restriction->values_count * restriction->columns_count;
    for (size_t i = 0; i < count; i++) {
        enum bound_kind kind = restriction->values[i].kind;
        if (kind != BOUND_VALUE) {
            return restrictions_fail(call, refusals[restriction->is_key][kind == BOUND_UNSET],
                                     restriction->columns[i % restriction->columns_count]->name);
        }
    }
    bool has_key = restriction->relation->kind == CQL_RELATION_ELEMENT;
    if (has_key && restriction->key.kind != BOUND_VALUE) {
        return restrictions_fail(call,
                                 restriction->key.kind == BOUND_NULL
                                     ? "Unsupported null map key for column %.*s"
                                     : "Unsupported unset map key for column %.*s",
                                 restriction->columns[0]->name);
    }
    return STATUS_OK;
}

/* --- partitions ----------------------------------------------------------------------------------------------------- */

struct partition_order {
    const struct schema *schema;
};

static int compare_partitions(const void *a, const void *b, void *context)
{
    const struct partition_order *order = context;
    const struct value *left = *(struct value *const *)a;
    const struct value *right = *(struct value *const *)b;
    int compared = 0;
    for (size_t i = 0; i < order->schema->partition_count && compared == 0; i++) {
        compared = value_type_compare(&order->schema->partition[i].type, &left[i], &right[i]);
    }
    return compared;
}

/* All combinations of the values that the columns are to have, in order. */
static enum status make_partitions(struct exec_call *call, const struct source *source,
                                   struct restrictions *restrictions)
{
    const struct schema *schema = source->table.schema;
    const struct restriction *parts[PARTITION_COLUMNS_MAX];
    size_t count = 1;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema->partition_count; i++) {
        parts[i] = exact_of(restrictions, &source->columns[i]);
        count *= parts[i]->values_count;
        if (count > CQL_COMBINATIONS_MAX) {
            return exec_fail(call, CQL_INVALID, "IN names more than %d partitions", CQL_COMBINATIONS_MAX);
        }
    }
    restrictions->partitions = arena_create_array(call->arena, count, sizeof(struct value *));
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct value *values = arena_create_array(call->arena, schema->partition_count, sizeof(*values));
        size_t rest = i;
        for (size_t k = schema->partition_count; k-- > 0;) {
            values[k] = parts[k]->values[rest % parts[k]->values_count].value;
            rest /= parts[k]->values_count;
        }
        restrictions->partitions[i] = values;
        status = exec_check_partition(call, schema, values);
    }
    struct partition_order order = {schema};
    if (count > 1 && status == STATUS_OK) {
        qsort_r(restrictions->partitions, count, sizeof(struct value *), compare_partitions, &order);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        size_t kept = restrictions->partitions_count;
        struct value **at = restrictions->partitions;
        if (kept == 0 || compare_partitions(&at[kept - 1], &at[i], &order) != 0) {
            at[kept] = at[i];
            restrictions->partitions_count++;
        }
    }
    restrictions->is_nothing |= restrictions->partitions_count == 0 && status == STATUS_OK;
    return status;
}

/* The least token of a range is that before all others: Cassandra's min. It stands for both ends. */
static void make_tokens(struct restrictions *restrictions)
{
    restrictions->token_low = INT64_MIN;
    restrictions->token_high = INT64_MAX;
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        if (!is_token(restriction)) {
            continue;
        }
        int64_t token = restriction->values[0].value.integer;
        enum cql_comparison comparison = restriction->comparison;
        bool is_upper = comparison == CQL_LESS || comparison == CQL_LESS_EQUAL || comparison == CQL_EQUAL;
        bool is_end = comparison == CQL_LESS_EQUAL && token == INT64_MIN;
        restrictions->is_nothing |= (comparison == CQL_GREATER && token == INT64_MAX) ||
                                    (comparison == CQL_LESS && token == INT64_MIN);
        if ((is_lower(restriction) || comparison == CQL_EQUAL) && !restrictions->is_nothing) {
            restrictions->token_low = token + (comparison == CQL_GREATER);
        }
        if (is_upper && !is_end && !restrictions->is_nothing) {
            restrictions->token_high = token - (comparison == CQL_LESS);
        }
    }
    restrictions->is_nothing |= restrictions->token_low > restrictions->token_high;
}

/* Chosen partitions whose token lies outside are none. */
static void keep_tokens(const struct source *source, struct restrictions *restrictions)
{
    const struct schema *schema = source->table.schema;
    const struct type *types[PARTITION_COLUMNS_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < schema->partition_count; i++) {
        types[i] = &schema->partition[i].type;
    }
    for (size_t i = 0; i < restrictions->partitions_count; i++) {
        struct buffer key = {0};
        bool is_known = serial_partition_encode(types, restrictions->partitions[i], schema->partition_count,
                                                &key, NULL) == STATUS_OK;
        int64_t token = token_of(buffer_bytes(&key));
        if (is_known && token >= restrictions->token_low && token <= restrictions->token_high) {
            restrictions->partitions[kept++] = restrictions->partitions[i];
        }
        buffer_reset(&key);
    }
    restrictions->partitions_count = kept;
}

static enum status make_keys(struct exec_call *call, const struct source *source,
                             struct restrictions *restrictions)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < restrictions->count && status == STATUS_OK; i++) {
        if (!is_token(&restrictions->at[i])) {
            status = check_values(call, &restrictions->at[i]);
            status = status == STATUS_OK ? check_indexed(call, source, &restrictions->at[i]) : status;
        }
    }
    if (status == STATUS_OK && source->system == NULL && restrictions->has_partitions) {
        status = make_partitions(call, source, restrictions);
    }
    make_tokens(restrictions);
    if (status == STATUS_OK && restrictions->has_token && restrictions->has_partitions) {
        keep_tokens(source, restrictions);
    }
    if (status == STATUS_OK && restrictions->has_ranges) {
        status = statement__restrictions_ranges(call, source, restrictions);
        restrictions->is_nothing |= restrictions->ranges_count == 0;
    }
    return status;
}

/* Two lists of values, one for each of the restriction's columns. */
static int bounds_compare(const void *a, const void *b, void *context)
{
    const struct restriction *restriction = context;
    const struct bound *left = a;
    const struct bound *right = b;
    int order = 0;
    for (size_t i = 0; i < restriction->columns_count && order == 0; i++) {
        order = value_type_compare(restriction->columns[i]->type, &left[i].value, &right[i].value);
    }
    return order;
}

/* Of a filter that is an IN the values, or lists of them, are put in order: each row's is found by halves. */
static void sort_lists(struct restrictions *restrictions)
{
    for (size_t i = 0; i < restrictions->count; i++) {
        struct restriction *restriction = &restrictions->at[i];
        restriction->is_sorted = restriction->comparison == CQL_IN && restriction->values_count > 1 &&
                                 !restriction->is_key && !is_token(restriction) &&
                                 !is_containing(restriction);
        if (restriction->is_sorted) {
            qsort_r(restriction->values, restriction->values_count,
                    restriction->columns_count * sizeof(*restriction->values), bounds_compare, restriction);
        }
    }
}

enum status statement__restrictions_make(struct exec_call *call, const struct source *source,
                                         const struct cql_relations *where, struct restrictions_use use,
                                         struct restrictions *ret_restrictions)
{
    bool is_system = source->system != NULL; /* small, and made anew each time: everything is filtered */
    use.allows_filtering |= is_system;
    *ret_restrictions = (struct restrictions){.token_low = INT64_MIN, .token_high = INT64_MAX};
    ret_restrictions->at = arena_create_array(call->arena, where->count, sizeof(struct restriction));
    ret_restrictions->distinct =
        arena_create_array(call->arena, where->count, sizeof(const struct restriction *));
    enum status status = restrictions_take(call, source, where, use, ret_restrictions);
    if (status == STATUS_OK) {
        status = choose_partitions(call, source, use, ret_restrictions);
    }
    if (status == STATUS_OK) {
        status = choose_rows(call, source, use, ret_restrictions);
    }
    if (is_system) {
        ret_restrictions->has_partitions = false;
    }
    if (status == STATUS_OK) {
        status = choose_filters(call, source, use, ret_restrictions);
    }
    if (status != STATUS_OK || call->notes != NULL) {
        return status;
    }
    sort_lists(ret_restrictions);
    return make_keys(call, source, ret_restrictions);
}

/* --- filtering ------------------------------------------------------------------------------------------------------ */

static bool compared_holds(enum cql_comparison comparison, int compared)
{
    switch ((int)comparison) {
    case CQL_LESS:
        return compared < 0;
    case CQL_LESS_EQUAL:
        return compared <= 0;
    case CQL_GREATER:
        return compared > 0;
    case CQL_GREATER_EQUAL:
        return compared >= 0;
    default: /* EQUAL, IN */
        return compared == 0;
    }
}

/* One of the lists of values against the row's; false in *ret_is_there: one of the row's is null. */
static enum status row_compare(const struct restriction *restriction, const struct source_row *row, size_t at,
                               bool *ret_is_there, int *ret_compared, struct error *error)
{
    enum status status = STATUS_OK;
    *ret_compared = 0;
    *ret_is_there = true;
    for (size_t i = 0; i < restriction->columns_count && status == STATUS_OK && *ret_compared == 0; i++) {
        struct value value;
        const struct source_column *column = restriction->columns[i];
        status = statement__row_value(row, statement__source_number(row->source, column), &value, error);
        if (status == STATUS_OK && value.kind == VALUE_NULL) {
            *ret_is_there = false;
            return STATUS_OK;
        }
        if (status == STATUS_OK) {
            *ret_compared =
                value_type_compare(column->type, &value,
                                   &restriction->values[at * restriction->columns_count + i].value);
        }
    }
    return status;
}

static bool contains(const struct restriction *restriction, const struct value *value)
{
    bool is_map = value->kind == VALUE_MAP;
    bool is_element = restriction->relation->kind == CQL_RELATION_ELEMENT;
    size_t width = is_map ? 2 : 1;
    size_t offset = is_map && restriction->comparison != CQL_CONTAINS_KEY ? 1 : 0;
    size_t count = is_map ? value->pairs.count : value->kind == VALUE_NULL ? 0 : value->items.count;
    const struct value *at = is_map ? value->pairs.at : value->items.at;
    const struct type *keys = restriction->columns[0]->type->parameters;
    for (size_t i = 0; i < count; i++) {
        bool is_meant =
            !is_element || value_type_compare(&keys[0], &at[i * width], &restriction->key.value) == 0;
        if (is_meant && value_type_compare(restriction->type, &at[i * width + offset],
                                           &restriction->values[0].value) == 0) {
            return true;
        }
    }
    return false;
}

/* Null is in no list. */
static enum status list_holds(const struct restriction *restriction, const struct source_row *row,
                              bool *ret_holds, struct error *error)
{
    struct bound wanted[CLUSTERING_COLUMNS_MAX] = {0};
    size_t columns = restriction->columns_count;
    CHECK(columns <= ARRAY_COUNT(wanted));
    for (size_t i = 0; i < columns; i++) {
        size_t number = statement__source_number(row->source, restriction->columns[i]);
        enum status status = statement__row_value(row, number, &wanted[i].value, error);
        if (status != STATUS_OK || wanted[i].value.kind == VALUE_NULL) {
            return status;
        }
    }
    size_t low = 0;
    size_t high = restriction->values_count;
    while (low < high && !*ret_holds) {
        size_t middle = low + (high - low) / 2;
        int compared =
            bounds_compare(wanted, &restriction->values[middle * columns], (void *)(uintptr_t)restriction);
        *ret_holds = compared == 0;
        low = compared > 0 ? middle + 1 : low;
        high = compared > 0 ? high : middle;
    }
    return STATUS_OK;
}

static enum status restriction_holds(const struct restriction *restriction, const struct source_row *row,
                                     struct held_collection *collections, bool *ret_holds,
                                     struct error *error)
{
    enum status status = STATUS_OK;
    *ret_holds = false;
    if (is_containing(restriction) && collections != NULL) {
        return statement__restriction_held(restriction, row, collections, ret_holds, error);
    }
    if (is_containing(restriction)) {
        struct value value;
        status = statement__row_value(row, statement__source_number(row->source, restriction->columns[0]),
                                      &value, error);
        *ret_holds = status == STATUS_OK && contains(restriction, &value);
        return status;
    }
    if (restriction->comparison == CQL_LIKE) {
        struct value value;
        status = statement__row_value(row, statement__source_number(row->source, restriction->columns[0]),
                                      &value, error);
        *ret_holds = status == STATUS_OK && value.kind == VALUE_TEXT &&
                     statement__like_holds(&restriction->like, value.bytes);
        return status;
    }
    if (restriction->is_sorted) {
        return list_holds(restriction, row, ret_holds, error);
    }
    for (size_t i = 0; i < restriction->values_count && status == STATUS_OK && !*ret_holds; i++) {
        bool is_there = false;
        int compared = 0;
        status = row_compare(restriction, row, i, &is_there, &compared, error);
        *ret_holds = status == STATUS_OK && is_there && compared_holds(restriction->comparison, compared);
    }
    return status;
}

/* Rows of system tables are not found by their token. */
static bool token_holds(const struct restrictions *restrictions, const struct source_row *row)
{
    const struct schema *schema = row->source->table.schema;
    const struct type *types[PARTITION_COLUMNS_MAX];
    struct buffer key = {0};
    if (row->values == NULL || !restrictions->has_token) {
        return true;
    }
    for (size_t i = 0; i < schema->partition_count; i++) {
        types[i] = &schema->partition[i].type;
    }
    bool is_known =
        serial_partition_encode(types, row->values, schema->partition_count, &key, NULL) == STATUS_OK;
    int64_t token = token_of(buffer_bytes(&key));
    buffer_reset(&key);
    return is_known && token >= restrictions->token_low && token <= restrictions->token_high;
}

enum status statement__restrictions_hold(const struct restrictions *restrictions,
                                         const struct source_row *row, bool *ret_holds, struct error *error)
{
    enum status status = STATUS_OK;
    bool asks_again = restrictions->count > restrictions->distinct_count; /* for what a collection has */
    struct held_collection *collections = asks_again ? statement__held_collections(row) : NULL;
    *ret_holds = token_holds(restrictions, row);
    for (size_t i = 0; i < restrictions->count && status == STATUS_OK && *ret_holds; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        if (!is_token(restriction) && !restriction->is_key) {
            status = restriction_holds(restriction, row, collections, ret_holds, error);
        }
    }
    return status;
}
