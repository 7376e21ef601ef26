/* Serialized values without parameters. */
#include <math.h>

#include "value/decimal.h"
#include "value_private.h"

enum {
    NUMBER_BYTES_MAX = 64,   /* of a DynamoDB number's digits as stored; 38 of them need 16 */
    NUMBER_SCALE_MAX = 1000, /* likewise, either way */
};

/* Bytes of a fixed-width type, and what Cassandra says of another number of them; 0: the width is the value's own. */
struct serial_width {
    size_t bytes;
    const char *expected;
};

static const struct serial_width serial_widths[TYPE_LIST] = {
    [TYPE_BOOLEAN] = {1, "Expected 1 or 0 byte value"},
    [TYPE_TINYINT] = {1, "Expected 1 byte for a tinyint"},
    [TYPE_SMALLINT] = {2, "Expected 2 bytes for a smallint"},
    [TYPE_INT] = {4, "Expected 4 or 0 byte int"},
    [TYPE_BIGINT] = {8, "Expected 8 or 0 byte long"},
    [TYPE_COUNTER] = {8, "Expected 8 or 0 byte long"},
    [TYPE_FLOAT] = {4, "Expected 4 or 0 byte value for a float"},
    [TYPE_DOUBLE] = {8, "Expected 8 or 0 byte value for a double"},
    [TYPE_UUID] = {16, "UUID should be 16 or 0 bytes"},
    [TYPE_TIMEUUID] = {16, "UUID should be 16 or 0 bytes"},
    [TYPE_TIMESTAMP] = {8, "Expected 8 or 0 byte long for date"},
    [TYPE_DATE] = {4, "Expected 4 byte long for date"},
    [TYPE_TIME] = {8, "Expected 8 byte long for time"},
};

static void serial_put_integer(int64_t number, size_t width, struct buffer *buffer)
{
    for (size_t i = width; i > 0; i--) {
        buffer_put_u8(buffer, (uint8_t)((uint64_t)number >> ((i - 1) * 8)));
    }
}

static void serial_put_double(double number, struct buffer *buffer)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof(bits));
    buffer_put_u64(buffer, bits);
}

static void serial_put_float(float number, struct buffer *buffer)
{
    uint32_t bits = 0;
    memcpy(&bits, &number, sizeof(bits));
    buffer_put_u32(buffer, bits);
}

static enum status serial_put_number(const struct value *value, struct buffer *buffer, struct error *error)
{
    struct arena arena = {0};
    struct decimal normal;
    enum status status = decimal_normalise(&value->decimal, &arena, &normal, error);
    if (status == STATUS_OK) {
        serial_put_integer(normal.scale, 4, buffer);
        buffer_put(buffer, normal.unscaled);
    }
    arena_reset(&arena);
    return status;
}

/* NOLINTNEXTLINE(readability-function-size): one case a kind */
enum status value__scalar_encode(const struct type *type, const struct value *value, struct buffer *buffer,
                                 struct error *error)
{
    switch ((int)type->kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
    case TYPE_BLOB:
    case TYPE_UUID:
    case TYPE_TIMEUUID:
    case TYPE_INET:
        buffer_put(buffer, value->bytes);
        return STATUS_OK;
    case TYPE_BOOLEAN:
        buffer_put_u8(buffer, value->boolean ? 1 : 0);
        return STATUS_OK;
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_COUNTER:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        serial_put_integer(value->integer, serial_widths[type->kind].bytes, buffer);
        return STATUS_OK;
    case TYPE_DATE: /* unsigned, day 2^31 is 1970-01-01 */
        serial_put_integer(value->integer + (1LL << 31), 4, buffer);
        return STATUS_OK;
    case TYPE_FLOAT:
        serial_put_float(value->float32, buffer);
        return STATUS_OK;
    case TYPE_DOUBLE:
        serial_put_double(value->float64, buffer);
        return STATUS_OK;
    case TYPE_VARINT:
        buffer_put(buffer, decimal_of_unscaled(0, value->decimal.unscaled).unscaled);
        return STATUS_OK;
    case TYPE_DECIMAL:
        serial_put_integer(value->decimal.scale, 4, buffer);
        buffer_put(buffer, decimal_of_unscaled(0, value->decimal.unscaled).unscaled);
        return STATUS_OK;
    case TYPE_NUMBER:
        return serial_put_number(value, buffer, error);
    case TYPE_DURATION:
        value__vint_put_signed(value->duration.months, buffer);
        value__vint_put_signed(value->duration.days, buffer);
        value__vint_put_signed(value->duration.nanoseconds, buffer);
        return STATUS_OK;
    default:
        return error_set(error, STATUS_UNSUPPORTED, "a value of type %s has no serialized form",
                         type_name(type->kind));
    }
}

static int64_t serial_get_integer(struct bytes bytes)
{
    uint64_t number = (bytes.data[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.size; i++) {
        number = (number << 8) | bytes.data[i];
    }
    return (int64_t)number;
}

/* Every NaN comes back as one, as the canonical form of values wants it. */
static struct value serial_get_real(const struct type *type, struct bytes bytes)
{
    struct value value = {.kind = type->kind == TYPE_FLOAT ? VALUE_FLOAT : VALUE_DOUBLE};
    if (type->kind == TYPE_FLOAT) {
        uint32_t bits = bytes_get_u32(bytes.data);
        memcpy(&value.float32, &bits, sizeof(bits));
        value.float32 = isnan(value.float32) ? NAN : value.float32;
    } else {
        uint64_t bits = bytes_get_u64(bytes.data);
        memcpy(&value.float64, &bits, sizeof(bits));
        value.float64 = isnan(value.float64) ? (double)NAN : value.float64;
    }
    return value;
}

/* `bytes` has the width of the type. */
static enum status serial_get_fixed(const struct type *type, struct bytes bytes, struct value *ret_value,
                                    struct error *error)
{
    switch ((int)type->kind) {
    case TYPE_BOOLEAN:
        *ret_value = value_of_boolean(bytes.data[0] != 0);
        return STATUS_OK;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        *ret_value = serial_get_real(type, bytes);
        return STATUS_OK;
    case TYPE_UUID:
        *ret_value = (struct value){.kind = VALUE_UUID, .bytes = bytes};
        return STATUS_OK;
    case TYPE_TIMEUUID:
        *ret_value = (struct value){.kind = VALUE_TIMEUUID, .bytes = bytes};
        return bytes.data[6] >> 4 == 1
                   ? STATUS_OK
                   : error_set(error, STATUS_INVALID, "Invalid version for TimeUUID type.");
    case TYPE_DATE:
        *ret_value =
            (struct value){.kind = VALUE_DATE, .integer = (int64_t)bytes_get_u32(bytes.data) - (1LL << 31)};
        return STATUS_OK;
    case TYPE_TIMESTAMP:
        *ret_value = (struct value){.kind = VALUE_TIMESTAMP, .integer = serial_get_integer(bytes)};
        return STATUS_OK;
    case TYPE_TIME:
        *ret_value = (struct value){.kind = VALUE_TIME, .integer = serial_get_integer(bytes)};
        return value__is_time(ret_value->integer)
                   ? STATUS_OK
                   : error_set(error, STATUS_INVALID,
                               "Input %lld is not a time of day: nanoseconds from 0 to 86399999999999",
                               (long long)ret_value->integer);
    default:
        *ret_value = value_of_integer(serial_get_integer(bytes));
        return STATUS_OK;
    }
}

static enum status serial_get_duration(struct bytes bytes, struct value *ret_value, struct error *error)
{
    if (bytes.size < 3) {
        return error_set(error, STATUS_INVALID, "Expected at least 3 bytes for a duration (%zu)", bytes.size);
    }
    struct reader reader = reader_of(bytes);
    int64_t months = value__vint_get_signed(&reader);
    int64_t days = value__vint_get_signed(&reader);
    int64_t nanoseconds = value__vint_get_signed(&reader);
    if (!reader_ended(&reader)) {
        return error_set(error, STATUS_INVALID, "Unexpected number of bytes for a duration (%zu)",
                         bytes.size);
    }
    if (months != (int32_t)months || days != (int32_t)days) {
        bool is_months = months != (int32_t)months;
        return error_set(error, STATUS_INVALID, "The duration %s must be a 32 bits integer but was: %lld",
                         is_months ? "months" : "days", (long long)(is_months ? months : days));
    }
    *ret_value = (struct value){.kind = VALUE_DURATION,
                                .duration = {.months = (int32_t)months,
                                             .days = (int32_t)days,
                                             .nanoseconds = nanoseconds}};
    return value__duration_has_one_sign(&ret_value->duration)
               ? STATUS_OK
               : error_set(error, STATUS_INVALID,
                           "The duration months, days and nanoseconds must be all of the same sign (%lld, "
                           "%lld, %lld)",
                           (long long)months, (long long)days, (long long)nanoseconds);
}

static enum status serial_get_text(const struct type *type, struct bytes bytes, struct value *ret_value,
                                   struct error *error)
{
    *ret_value = value_of_text(bytes);
    if (type->kind == TYPE_TEXT) {
        return bytes_are_utf8(bytes) ? STATUS_OK
                                     : error_set(error, STATUS_INVALID, "String didn't validate.");
    }
    size_t i = 0;
    while (i < bytes.size && bytes.data[i] < 0x80) {
        i++;
    }
    return i == bytes.size
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "Invalid byte for ascii: %d", (int8_t)bytes.data[i]);
}

static bool serial_is_normal(const struct decimal *decimal)
{
    struct arena arena = {0};
    struct decimal normal;
    bool is_normal = decimal_normalise(decimal, &arena, &normal, NULL) == STATUS_OK &&
                     normal.scale == decimal->scale && bytes_equal(normal.unscaled, decimal->unscaled);
    arena_reset(&arena);
    return is_normal;
}

static enum status serial_get_decimal(const struct type *type, struct bytes bytes, struct value *ret_value,
                                      struct error *error)
{
    bool has_scale = type->kind != TYPE_VARINT;
    if (has_scale && bytes.size <= 4) {
        return error_set(error, STATUS_INVALID, "Expected 0 or more than 4 bytes for a decimal (%zu)",
                         bytes.size);
    }
    int32_t scale = has_scale ? (int32_t)bytes_get_u32(bytes.data) : 0;
    *ret_value = (struct value){.kind = VALUE_DECIMAL,
                                .decimal = decimal_of_unscaled(scale, bytes_from(bytes, has_scale ? 4 : 0))};
    if (type->kind == TYPE_NUMBER && (bytes.size > 4 + NUMBER_BYTES_MAX || scale > NUMBER_SCALE_MAX ||
                                      scale < -NUMBER_SCALE_MAX || !serial_is_normal(&ret_value->decimal))) {
        return error_set(error, STATUS_INVALID, "a number out of range, or not in its normal form");
    }
    return STATUS_OK;
}

enum status value__scalar_decode(const struct type *type, struct bytes bytes, struct value *ret_value,
                                 struct error *error)
{
    const struct serial_width *width = &serial_widths[type->kind];
    if (bytes.size == 0 && type_may_be_empty(type->kind)) {
        *ret_value = (struct value){.kind = VALUE_EMPTY};
        return STATUS_OK;
    }
    if (width->bytes != 0) {
        return bytes.size == width->bytes
                   ? serial_get_fixed(type, bytes, ret_value, error)
                   : error_set(error, STATUS_INVALID, "%s (%zu)", width->expected, bytes.size);
    }
    switch ((int)type->kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
        return serial_get_text(type, bytes, ret_value, error);
    case TYPE_BLOB:
        *ret_value = value_of_bytes(bytes);
        return STATUS_OK;
    case TYPE_VARINT:
    case TYPE_DECIMAL:
    case TYPE_NUMBER:
        return serial_get_decimal(type, bytes, ret_value, error);
    case TYPE_DURATION:
        return serial_get_duration(bytes, ret_value, error);
    case TYPE_INET:
        *ret_value = (struct value){.kind = VALUE_INET, .bytes = bytes};
        return bytes.size == 4 || bytes.size == 16
                   ? STATUS_OK
                   : error_set(error, STATUS_INVALID, "Expected 4 or 16 byte inetaddress; got %zu bytes",
                               bytes.size);
    default:
        return error_set(error, STATUS_INVALID, "a value of type %s has no serialized form",
                         type_name(type->kind));
    }
}
