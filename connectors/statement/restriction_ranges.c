/* Restrictions on clustering columns as ranges of rows, in the order of storage. A range is [low, high). */
#include <stdlib.h>

#include "restrictions.h"
#include "statement/bounds.h"
#include "value/order.h"

/* Ranges under construction. */
struct ranges {
    struct exec_call *call;
    const struct schema *schema;
    struct row_range *at;
    size_t count;
};

static struct value *values_of(struct arena *arena, const struct value *prefix, size_t count, size_t more)
{
    struct value *values = arena_create_array(arena, count + more, sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        values[i] = prefix[i];
    }
    return values;
}

/* The order of two places. */
static int bound_compare(const struct schema *schema, const struct gate_bound *a, const struct gate_bound *b)
{
    size_t shared = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < shared; i++) {
        const struct key_column *column = &schema->clustering[i];
        int compared = value_type_compare(&column->type, &a->values[i], &b->values[i]);
        if (compared != 0) {
            return column->is_descending ? -compared : compared;
        }
    }
    if (a->count == b->count) {
        return (int)a->is_after - (int)b->is_after;
    }
    bool is_after = a->count < b->count ? a->is_after : b->is_after; /* the shorter one's side */
    int shorter = is_after ? 1 : -1;
    return a->count < b->count ? shorter : -shorter;
}

static int range_compare(const void *a, const void *b, void *context)
{
    const struct row_range *left = a;
    const struct row_range *right = b;
    return bound_compare(context, &left->low, &right->low);
}

static struct ranges ranges_of(struct exec_call *call, const struct schema *schema, size_t most)
{
    struct ranges ranges = {.call = call, .schema = schema};
    ranges.at = arena_create_array(call->arena, most, sizeof(struct row_range));
    return ranges;
}

/* --- slices --------------------------------------------------------------------------------------------------------- */

/* The columns of a tuple from `first` on that have one direction; returns where they end. */
static size_t run_end(const struct schema *schema, const struct restriction *restriction, size_t first)
{
    size_t start = restriction->columns[0]->position;
    size_t end = first + 1;
    while (end < restriction->columns_count &&
           schema->clustering[start + end].is_descending == schema->clustering[start + first].is_descending) {
        end++;
    }
    return end;
}

/* (a, b) > (x, y) where columns from `first` to `end` have one direction: those before are equal, these are beyond. */
static struct row_range run_range(const struct ranges *ranges, const struct restriction *restriction,
                                  const struct value *prefix, size_t first, size_t end)
{
    size_t start = restriction->columns[0]->position;
    struct value *values = values_of(ranges->call->arena, prefix, start, end);
    enum cql_comparison comparison = restriction->comparison;
    bool is_last = end == restriction->columns_count;
    bool is_inclusive = is_last && (comparison == CQL_GREATER_EQUAL || comparison == CQL_LESS_EQUAL);
    bool is_greater = comparison == CQL_GREATER || comparison == CQL_GREATER_EQUAL;
    bool cuts_low = is_greater != ranges->schema->clustering[start + first].is_descending;
    for (size_t i = 0; i < end; i++) {
        values[start + i] = restriction->values[i].value;
    }
    struct gate_bound cut = {.values = values, .count = start + end, .is_after = cuts_low != is_inclusive};
    struct row_range range = {.low = {.values = values, .count = start + first},
                              .high = {.values = values, .count = start + first, .is_after = true}};
    if (cuts_low) {
        range.low = cut;
    } else {
        range.high = cut;
    }
    return range;
}

/* A tuple whose columns have several directions is beyond another in several places. */
static struct ranges slice_ranges(const struct ranges *ranges, const struct restriction *restriction,
                                  const struct value *prefix)
{
    struct ranges made = ranges_of(ranges->call, ranges->schema, restriction->columns_count);
    size_t first = 0;
    while (first < restriction->columns_count) {
        size_t end = run_end(ranges->schema, restriction, first);
        made.at[made.count++] = run_range(ranges, restriction, prefix, first, end);
        first = end;
    }
    return made;
}

static struct ranges intersect(const struct ranges *a, const struct ranges *b)
{
    struct ranges both = ranges_of(a->call, a->schema, a->count * b->count);
    for (size_t i = 0; i < a->count * b->count; i++) {
        struct row_range range = a->at[i / b->count];
        const struct row_range *other = &b->at[i % b->count];
        if (bound_compare(a->schema, &other->low, &range.low) > 0) {
            range.low = other->low;
        }
        if (bound_compare(a->schema, &other->high, &range.high) < 0) {
            range.high = other->high;
        }
        if (bound_compare(a->schema, &range.low, &range.high) < 0) {
            both.at[both.count++] = range;
        }
    }
    return both;
}

/* --- prefixes ------------------------------------------------------------------------------------------------------- */

/* Values of the first columns, which restrictions make equal: all combinations. */
struct prefixes {
    struct value **at;
    size_t count;
    size_t columns;
};

static const struct restriction *exact_at(const struct restrictions *restrictions, size_t position)
{
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        bool is_here = restriction->is_key && restriction->columns[0]->kind == DESCRIBED_CLUSTERING &&
                       restriction->columns[0]->position == position;
        if (is_here && !statement__restriction_is_slice(restriction)) {
            return restriction;
        }
    }
    return NULL;
}

static enum status prefixes_multiply(struct exec_call *call, const struct restriction *restriction,
                                     struct prefixes *prefixes)
{
    size_t count = prefixes->count * restriction->values_count;
    size_t more = restriction->columns_count;
    if (count > CQL_COMBINATIONS_MAX) {
        return exec_fail(call, CQL_INVALID, "IN names more than %d rows of a partition",
                         CQL_COMBINATIONS_MAX);
    }
    struct value **made = arena_create_array(call->arena, count, sizeof(struct value *));
    for (size_t i = 0; i < count; i++) {
        const struct bound *values = &restriction->values[i % restriction->values_count * more];
        made[i] =
            values_of(call->arena, prefixes->at[i / restriction->values_count], prefixes->columns, more);
        for (size_t k = 0; k < more; k++) {
            made[i][prefixes->columns + k] = values[k].value;
        }
    }
    *prefixes = (struct prefixes){.at = made, .count = count, .columns = prefixes->columns + more};
    return STATUS_OK;
}

/* The ranges behind one prefix: all of it, or what the slices on the next column leave. */
static struct ranges prefix_ranges(const struct ranges *ranges, const struct restrictions *restrictions,
                                   const struct value *prefix, size_t columns)
{
    struct ranges made = ranges_of(ranges->call, ranges->schema, 1);
    made.at[made.count++] =
        (struct row_range){.low = {.values = prefix, .count = columns},
                           .high = {.values = prefix, .count = columns, .is_after = true}};
    for (size_t i = 0; i < restrictions->count; i++) {
        const struct restriction *restriction = &restrictions->at[i];
        bool is_clustering = restriction->is_key && restriction->columns[0]->kind == DESCRIBED_CLUSTERING;
        if (is_clustering && statement__restriction_is_slice(restriction)) {
            struct ranges slice = slice_ranges(ranges, restriction, prefix);
            made = intersect(&made, &slice);
        }
    }
    return made;
}

enum status statement__restrictions_ranges(struct exec_call *call, const struct source *source,
                                           struct restrictions *restrictions)
{
    const struct schema *schema = source->table.schema;
    struct value *none = arena_create(call->arena, sizeof(*none)); /* a prefix of no columns */
    struct prefixes prefixes = {.at = &none, .count = 1};
    const struct restriction *exact = exact_at(restrictions, 0);
    enum status status = STATUS_OK;
    while (exact != NULL && status == STATUS_OK) {
        status = prefixes_multiply(call, exact, &prefixes);
        exact = prefixes.columns < schema->clustering_count ? exact_at(restrictions, prefixes.columns) : NULL;
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct ranges all = ranges_of(call, schema, prefixes.count * (2 * CLUSTERING_COLUMNS_MAX));
    for (size_t i = 0; i < prefixes.count; i++) {
        struct ranges some = prefix_ranges(&all, restrictions, prefixes.at[i], prefixes.columns);
        for (size_t k = 0; k < some.count; k++) {
            all.at[all.count++] = some.at[k];
        }
    }
    if (all.count > 1) {
        qsort_r(all.at, all.count, sizeof(*all.at), range_compare, (void *)(uintptr_t)schema);
    }
    restrictions->ranges = all.at;
    for (size_t i = 0; i < all.count; i++) {
        size_t kept = restrictions->ranges_count;
        if (kept == 0 || bound_compare(schema, &all.at[kept - 1].low, &all.at[i].low) != 0) {
            all.at[restrictions->ranges_count++] = all.at[i];
        }
    }
    return STATUS_OK;
}
