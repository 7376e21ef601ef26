#include "value/collation.h"

#include "value/decimal.h"
#include "value_private.h"

enum {
    MARK_END = 0, /* of a collection, tuple or UDT: before anything that goes on */
    MARK_NULL = 1,
    MARK_VALUE = 2,
};

static void collation_put_bytes(struct bytes bytes, struct buffer *buffer)
{
    for (size_t i = 0; i < bytes.size; i++) {
        buffer_put_u8(buffer, bytes.data[i]);
        if (bytes.data[i] == 0) {
            buffer_put_u8(buffer, 0xFF);
        }
    }
    buffer_put_u16(buffer, 0);
}

/* The least number of 64 bits is all zeros, as the empty value is; a byte more tells them apart. */
static void collation_put_integer(const struct type *type, int64_t number, struct buffer *buffer)
{
    buffer_put_u64(buffer, (uint64_t)number ^ (1ULL << 63));
    if (number == INT64_MIN && type_may_be_empty(type->kind)) {
        buffer_put_u8(buffer, 1);
    }
}

static void collation_put_double(double number, struct buffer *buffer)
{
    uint64_t bits = 0x7FF8000000000000U; /* every NaN is the same key */
    if (number == number) {
        memcpy(&bits, &number, sizeof(bits));
    }
    buffer_put_u64(buffer, (bits >> 63) != 0 ? ~bits : bits | (1ULL << 63));
}

static void collation_put_float(float number, struct buffer *buffer)
{
    uint32_t bits = 0x7FC00000U;
    if (number == number) {
        memcpy(&bits, &number, sizeof(bits));
    }
    buffer_put_u32(buffer, (bits >> 31) != 0 ? ~bits : bits | (1U << 31));
}

static void collation_invert(struct buffer *buffer, size_t from)
{
    for (size_t i = from; i < buffer->size; i++) {
        buffer->data[i] = (uint8_t)~buffer->data[i];
    }
}

/* Class, exponent, digits; a negative number's exponent and digits are inverted, so larger magnitudes come first. */
static void collation_put_decimal(const struct type *type, const struct decimal *decimal,
                                  struct buffer *buffer)
{
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t exponent = 0;
    bool is_negative = false;
    decimal_digits(decimal, &digits, &exponent, &is_negative);
    if (digits.size == 0) {
        buffer_put_u8(buffer, 2);
        buffer_reset(&digits);
        return;
    }
    buffer_put_u8(buffer, is_negative ? 1 : 3);
    size_t start = buffer->size;
    if (type->kind == TYPE_NUMBER) {
        buffer_put_u32(buffer, (uint32_t)(int32_t)exponent ^ (1U << 31));
    } else {
        buffer_put_u64(buffer, (uint64_t)exponent ^ (1ULL << 63));
    }
    for (size_t i = 0; i < digits.size; i++) {
        buffer_put_u8(buffer, (uint8_t)(digits.data[i] - '0' + 1));
    }
    buffer_put_u8(buffer, 0);
    if (is_negative) {
        collation_invert(buffer, start);
    }
    buffer_reset(&digits);
}

/* Two's complement of one size and sign orders as its bytes do; of negative numbers the longer ones come first. */
static void collation_put_varint(struct bytes unscaled, struct buffer *buffer)
{
    struct bytes bytes = decimal_of_unscaled(0, unscaled).unscaled;
    bool is_negative = bytes.size > 0 && (bytes.data[0] & 0x80) != 0;
    buffer_put_u8(buffer, is_negative ? 1 : 2);
    buffer_put_u32(buffer, is_negative ? ~(uint32_t)bytes.size : (uint32_t)bytes.size);
    buffer_put(buffer, bytes);
}

static void collation_put_uuid(const uint8_t *uuid, struct buffer *buffer)
{
    uint8_t version = uuid[6] >> 4;
    buffer_put_u8(buffer, version + 1);
    if (version == 1) {
        buffer_put_u64(buffer, value__uuid_time(uuid));
    }
    buffer_put(buffer, bytes_of(uuid, 16));
}

static void collation_put_timeuuid(const uint8_t *uuid, struct buffer *buffer)
{
    buffer_put_u64(buffer, value__uuid_time(uuid));
    for (size_t i = 8; i < 16; i++) {
        buffer_put_u8(buffer, uuid[i] ^ 0x80);
    }
    buffer_put(buffer, bytes_of(uuid, 8));
}

/* Before every value of the type, and not the beginning of any. */
static void collation_put_empty(const struct type *type, struct buffer *buffer)
{
    bool fills_width = type->kind == TYPE_BIGINT || type->kind == TYPE_TIMESTAMP;
    size_t zeros = 1;
    if (type->kind == TYPE_INT || type->kind == TYPE_DOUBLE || fills_width) {
        zeros = 8 + (fills_width ? 1 : 0);
    } else if (type->kind == TYPE_FLOAT) {
        zeros = 4;
    } else if (type->kind == TYPE_TIMEUUID) {
        zeros = 24;
    } else if (type->kind == TYPE_INET) {
        zeros = 2; /* no bytes */
    }
    for (size_t i = 0; i < zeros; i++) {
        buffer_put_u8(buffer, 0);
    }
}

static bool collation_put_scalar(const struct type *type, const struct value *value, struct buffer *buffer)
{
    switch ((int)type->kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
    case TYPE_BLOB:
    case TYPE_INET:
        collation_put_bytes(value->bytes, buffer);
        return true;
    case TYPE_BOOLEAN:
        buffer_put_u8(buffer, value->boolean ? 2 : 1);
        return true;
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_DATE:
    case TYPE_TIME:
        collation_put_integer(type, value->integer, buffer);
        return true;
    case TYPE_NUMBER:
    case TYPE_DECIMAL:
        collation_put_decimal(type, &value->decimal, buffer);
        return true;
    case TYPE_VARINT:
        collation_put_varint(value->decimal.unscaled, buffer);
        return true;
    case TYPE_FLOAT:
        collation_put_float(value->float32, buffer);
        return true;
    case TYPE_DOUBLE:
        collation_put_double(value->float64, buffer);
        return true;
    case TYPE_UUID:
        collation_put_uuid(value->bytes.data, buffer);
        return true;
    case TYPE_TIMEUUID:
        collation_put_timeuuid(value->bytes.data, buffer);
        return true;
    default:
        return false;
    }
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds by TYPE_DEPTH_MAX */
static bool collation_put(const struct type *type, const struct value *value, struct buffer *buffer);

/* Each behind a mark, then the end; the parameter of the i-th is the i-th, modulo their number. */
static bool collation_put_marked(const struct type *type, const struct value *at, size_t count,
                                 struct buffer *buffer)
{
    bool is_put = true;
    for (size_t i = 0; i < count && is_put; i++) {
        bool is_null = at[i].kind == VALUE_NULL;
        buffer_put_u8(buffer, is_null ? MARK_NULL : MARK_VALUE);
        is_put = is_null || collation_put(&type->parameters[i % type->count], &at[i], buffer);
    }
    buffer_put_u8(buffer, MARK_END);
    return is_put;
}

static bool collation_put_vector(const struct type *type, const struct value_items *items,
                                 struct buffer *buffer)
{
    bool is_put = true;
    for (size_t i = 0; i < items->count && is_put; i++) {
        is_put = collation_put(&type->parameters[0], &items->at[i], buffer);
    }
    return is_put;
}

static bool collation_put(const struct type *type, const struct value *value, struct buffer *buffer)
{
    if (value->kind == VALUE_EMPTY) {
        collation_put_empty(type, buffer);
        return true;
    }
    size_t count = 0;
    switch ((int)type->kind) {
    case TYPE_LIST:
    case TYPE_SET:
        return collation_put_marked(type, value->items.at, value->items.count, buffer);
    case TYPE_MAP:
        return collation_put_marked(type, value->pairs.at, 2 * value->pairs.count, buffer);
    case TYPE_TUPLE:
    case TYPE_UDT:
        count = value->items.count;
        while (count > 0 && value->items.at[count - 1].kind == VALUE_NULL) {
            count--;
        }
        return collation_put_marked(type, value->items.at, count, buffer);
    case TYPE_VECTOR:
        return collation_put_vector(type, &value->items, buffer);
    default:
        return collation_put_scalar(type, value, buffer);
    }
}

/* NOLINTEND(misc-no-recursion) */

enum status collation_encode(const struct type *type, const struct value *value, bool is_descending,
                             struct buffer *buffer, struct error *error)
{
    size_t start = buffer->size;
    if (!collation_put(type, value, buffer)) {
        return error_set(error, STATUS_UNSUPPORTED, "a %s cannot be a key", type_name(type->kind));
    }
    if (is_descending) {
        collation_invert(buffer, start);
    }
    return STATUS_OK;
}
