#include "restrictions.h"

#include <stdlib.h>

#include "statement/bounds.h"
#include "value/order.h"
#include "value/serial.h"
#include "value/token.h"

/* --- one restriction -------------------------------------------------------------------------------------------- */

bool statement__restriction_is_token(const struct restriction *restriction)
{
    return restriction->relation->kind == CQL_RELATION_TOKEN;
}

bool statement__restriction_is_containing(const struct restriction *restriction)
{
    return restriction->comparison == CQL_CONTAINS || restriction->comparison == CQL_CONTAINS_KEY ||
           restriction->relation->kind == CQL_RELATION_ELEMENT;
}

bool statement__restriction_is_exact(const struct restriction *restriction)
{
    bool is_equal = restriction->comparison == CQL_EQUAL || restriction->comparison == CQL_IN;
    return is_equal && !statement__restriction_is_containing(restriction);
}

bool statement__restriction_is_lower(const struct restriction *restriction)
{
    return restriction->comparison == CQL_GREATER || restriction->comparison == CQL_GREATER_EQUAL;
}

struct restriction *statement__restriction_exact(const struct restrictions *restrictions,
                                                 const struct source_column *column)
{
    for (size_t i = 0; i < restrictions->count; i++) {
        struct restriction *restriction = &restrictions->at[i];
        for (size_t k = 0; k < restriction->columns_count && !statement__restriction_is_token(restriction);
             k++) {
            if (restriction->columns[k] == column && statement__restriction_is_exact(restriction)) {
                return restriction;
            }
        }
    }
    return NULL;
}

bool statement__restrictions_fix(const struct restrictions *restrictions, const struct source_column *column)
{
    const struct restriction *found = statement__restriction_exact(restrictions, column);
    return found != NULL && found->comparison == CQL_EQUAL;
}

/* --- its values -------------------------------------------------------------------------------------------------- */

/* What an index is asked for is no longer than what one holds. */
static enum status check_indexed(struct exec_call *call, const struct source *source,
                                 const struct restriction *restriction)
{
    const struct value *value = &restriction->values[0].value;
    bool is_long = !restriction->is_key && restriction->values_count > 0 &&
                   (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES) &&
                   value->bytes.size > UINT16_MAX &&
                   statement__restriction_index(source, restriction) != NULL;
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
            return exec_fail_name(call, refusals[restriction->is_key][kind == BOUND_UNSET],
                                  restriction->columns[i % restriction->columns_count]->name);
        }
    }
    bool has_key = restriction->relation->kind == CQL_RELATION_ELEMENT;
    if (has_key && restriction->key.kind != BOUND_VALUE) {
        return exec_fail_name(call,
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
        parts[i] = statement__restriction_exact(restrictions, &source->columns[i]);
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
        if (!statement__restriction_is_token(restriction)) {
            continue;
        }
        int64_t token = restriction->values[0].value.integer;
        enum cql_comparison comparison = restriction->comparison;
        bool is_upper = comparison == CQL_LESS || comparison == CQL_LESS_EQUAL || comparison == CQL_EQUAL;
        bool is_end = comparison == CQL_LESS_EQUAL && token == INT64_MIN;
        restrictions->is_nothing |= (comparison == CQL_GREATER && token == INT64_MAX) ||
                                    (comparison == CQL_LESS && token == INT64_MIN);
        if ((statement__restriction_is_lower(restriction) || comparison == CQL_EQUAL) &&
            !restrictions->is_nothing) {
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
        if (!statement__restriction_is_token(&restrictions->at[i])) {
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

int statement__restriction_compare(const void *a, const void *b, void *context)
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
                                 !restriction->is_key && !statement__restriction_is_token(restriction) &&
                                 !statement__restriction_is_containing(restriction);
        if (restriction->is_sorted) {
            qsort_r(restriction->values, restriction->values_count,
                    restriction->columns_count * sizeof(*restriction->values), statement__restriction_compare,
                    restriction);
        }
    }
}

enum status statement__restrictions_make(struct exec_call *call, const struct source *source,
                                         const struct cql_relations *where, struct restrictions_use use,
                                         struct restrictions *ret_restrictions)
{
    use.allows_filtering |= source->system != NULL; /* small, and made anew each time: all is filtered */
    *ret_restrictions = (struct restrictions){.token_low = INT64_MIN, .token_high = INT64_MAX};
    ret_restrictions->at = arena_create_array(call->arena, where->count, sizeof(struct restriction));
    ret_restrictions->distinct =
        arena_create_array(call->arena, where->count, sizeof(const struct restriction *));
    enum status status = statement__restrictions_take(call, source, where, use, ret_restrictions);
    if (status == STATUS_OK) {
        status = statement__restrictions_choose(call, source, use, ret_restrictions);
    }
    if (status != STATUS_OK || call->notes != NULL) {
        return status;
    }
    sort_lists(ret_restrictions);
    return make_keys(call, source, ret_restrictions);
}
