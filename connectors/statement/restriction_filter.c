/* Whether what is left to be filtered holds for a row. */
#include "restrictions.h"
#include "value/order.h"
#include "value/serial.h"
#include "value/token.h"

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
        int compared = statement__restriction_compare(wanted, &restriction->values[middle * columns],
                                                      (void *)(uintptr_t)restriction);
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
    if (statement__restriction_is_containing(restriction) && collections != NULL) {
        return statement__restriction_held(restriction, row, collections, ret_holds, error);
    }
    if (statement__restriction_is_containing(restriction)) {
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
        if (!statement__restriction_is_token(restriction) && !restriction->is_key) {
            status = restriction_holds(restriction, row, collections, ret_holds, error);
        }
    }
    return status;
}
