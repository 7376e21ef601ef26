/* Whether values are of their types. */
#include "value/decimal.h"
#include "value/order.h"
#include "value/type.h"
#include "value_private.h"

static enum status check_invalid(const struct type *type, struct error *error)
{
    return error_set(error, STATUS_INVALID, "the value is not a valid %s", type_name(type->kind));
}

bool value__is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

bool value__is_time(int64_t nanoseconds)
{
    return nanoseconds >= 0 && nanoseconds < 86400LL * 1000000000;
}

static bool check_integer(const struct value *value, enum value_kind kind, int64_t least, int64_t most)
{
    return value->kind == kind && value->integer >= least && value->integer <= most;
}

bool value__duration_has_one_sign(const struct duration *duration)
{
    bool is_negative = duration->months < 0 || duration->days < 0 || duration->nanoseconds < 0;
    bool is_positive = duration->months > 0 || duration->days > 0 || duration->nanoseconds > 0;
    return !(is_negative && is_positive);
}

static enum status check_number(const struct value *value, struct error *error)
{
    struct arena arena = {0};
    struct decimal normal;
    enum status status = decimal_normalise(&value->decimal, &arena, &normal, error);
    arena_reset(&arena);
    return status;
}

/* NOLINTNEXTLINE(readability-function-size): one case a kind */
static bool check_scalar(const struct type *type, const struct value *value)
{
    switch ((int)type->kind) {
    case TYPE_ANY:
        return true;
    case TYPE_ASCII:
        return value->kind == VALUE_TEXT && value__is_ascii(value->bytes);
    case TYPE_TEXT:
        return value->kind == VALUE_TEXT && bytes_are_utf8(value->bytes);
    case TYPE_BLOB:
        return value->kind == VALUE_BYTES;
    case TYPE_BOOLEAN:
        return value->kind == VALUE_BOOLEAN;
    case TYPE_TINYINT:
        return check_integer(value, VALUE_INTEGER, INT8_MIN, INT8_MAX);
    case TYPE_SMALLINT:
        return check_integer(value, VALUE_INTEGER, INT16_MIN, INT16_MAX);
    case TYPE_INT:
        return check_integer(value, VALUE_INTEGER, INT32_MIN, INT32_MAX);
    case TYPE_BIGINT:
    case TYPE_COUNTER:
        return value->kind == VALUE_INTEGER;
    case TYPE_VARINT:
        return value->kind == VALUE_DECIMAL && value->decimal.scale == 0;
    case TYPE_DECIMAL:
    case TYPE_NUMBER:
        return value->kind == VALUE_DECIMAL;
    case TYPE_FLOAT:
        return value->kind == VALUE_FLOAT;
    case TYPE_DOUBLE:
        return value->kind == VALUE_DOUBLE;
    case TYPE_UUID:
        return value->kind == VALUE_UUID && value->bytes.size == 16;
    case TYPE_TIMEUUID:
        return value->kind == VALUE_TIMEUUID && value->bytes.size == 16 && value->bytes.data[6] >> 4 == 1;
    case TYPE_TIMESTAMP:
        return value->kind == VALUE_TIMESTAMP;
    case TYPE_DATE:
        return check_integer(value, VALUE_DATE, INT32_MIN, INT32_MAX);
    case TYPE_TIME:
        return value->kind == VALUE_TIME && value__is_time(value->integer);
    case TYPE_DURATION:
        return value->kind == VALUE_DURATION && value__duration_has_one_sign(&value->duration);
    case TYPE_INET:
        return value->kind == VALUE_INET && (value->bytes.size == 4 || value->bytes.size == 16);
    default:
        return false;
    }
}

static bool check_is_sorted(const struct value *at, size_t count, size_t width)
{
    for (size_t i = 1; i < count; i++) {
        if (value_order(&at[(i - 1) * width], &at[i * width]) >= 0) {
            return false;
        }
    }
    return true;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds by TYPE_DEPTH_MAX */
static enum status check_elements(const struct type *type, const struct value *at, size_t count,
                                  struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (at[i].kind == VALUE_NULL) {
            return error_set(error, STATUS_INVALID, "null is not supported inside %s",
                             type->kind == TYPE_VECTOR ? "vectors" : "collections");
        }
        status = type_check(&type->parameters[type->kind == TYPE_MAP ? i % 2 : 0], &at[i], error);
    }
    return status;
}

static enum status check_fields(const struct type *type, const struct value *value, struct error *error)
{
    if (value->items.count > type->count) {
        return error_set(error, STATUS_INVALID, "Expected %zu values for %s column, but got more",
                         type->count, type_name(type->kind));
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < value->items.count && status == STATUS_OK; i++) {
        if (value->items.at[i].kind != VALUE_NULL) {
            status = type_check(&type->parameters[i], &value->items.at[i], error);
        }
    }
    return status;
}

static enum status check_vector(const struct type *type, const struct value *value, struct error *error)
{
    if (value->items.count != type->dimension) {
        return error_set(error, STATUS_INVALID, "Required %u elements, but saw %zu", type->dimension,
                         value->items.count);
    }
    for (size_t i = 0; i < value->items.count; i++) {
        if (value->items.at[i].kind == VALUE_EMPTY) {
            return error_set(error, STATUS_INVALID, "Element at index %zu is null (expected type %s)", i,
                             type_name(type->parameters[0].kind));
        }
    }
    return check_elements(type, value->items.at, value->items.count, error);
}

static enum status check_container(const struct type *type, const struct value *value, struct error *error)
{
    enum status status = STATUS_OK;
    if (type->kind == TYPE_LIST && value->kind == VALUE_LIST) {
        status = check_elements(type, value->items.at, value->items.count, error);
    } else if (type->kind == TYPE_SET && value->kind == VALUE_SET) {
        status = check_elements(type, value->items.at, value->items.count, error);
        if (status == STATUS_OK && !check_is_sorted(value->items.at, value->items.count, 1)) {
            status = check_invalid(type, error);
        }
    } else if (type->kind == TYPE_MAP && value->kind == VALUE_MAP) {
        status = check_elements(type, value->pairs.at, 2 * value->pairs.count, error);
        if (status == STATUS_OK && !check_is_sorted(value->pairs.at, value->pairs.count, 2)) {
            status = check_invalid(type, error);
        }
    } else if ((type->kind == TYPE_TUPLE && value->kind == VALUE_TUPLE) ||
               (type->kind == TYPE_UDT && value->kind == VALUE_UDT)) {
        status = check_fields(type, value, error);
    } else if (type->kind == TYPE_VECTOR && value->kind == VALUE_VECTOR) {
        status = check_vector(type, value, error);
    } else {
        status = check_invalid(type, error);
    }
    return status;
}

enum status type_check(const struct type *type, const struct value *value, struct error *error)
{
    if (value->kind == VALUE_EMPTY && type_may_be_empty(type->kind)) {
        return STATUS_OK;
    }
    if (type->kind == TYPE_NUMBER && value->kind == VALUE_DECIMAL) {
        return check_number(value, error);
    }
    if (!type_has_parameters(type->kind)) {
        return check_scalar(type, value) ? STATUS_OK : check_invalid(type, error);
    }
    return check_container(type, value, error);
}

/* NOLINTEND(misc-no-recursion) */
