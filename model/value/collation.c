#include "value/collation.h"

#include "value/decimal.h"

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

static void collation_put_integer(int64_t number, struct buffer *buffer)
{
    buffer_put_u64(buffer, (uint64_t)number ^ (1ULL << 63));
}

static void collation_put_double(double number, struct buffer *buffer)
{
    uint64_t bits = 0x7FF8000000000000U; /* every NaN is the same key */
    if (number == number) {
        memcpy(&bits, &number, sizeof(bits));
    }
    buffer_put_u64(buffer, (bits >> 63) != 0 ? ~bits : bits | (1ULL << 63));
}

/* Class, exponent, digits; a negative number's exponent and digits are inverted, so larger magnitudes come first. */
static void collation_put_number(const struct decimal *decimal, struct buffer *buffer)
{
    struct buffer digits = {0};
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
    buffer_put_u32(buffer, (uint32_t)(int32_t)exponent ^ (1U << 31));
    for (size_t i = 0; i < digits.size; i++) {
        buffer_put_u8(buffer, (uint8_t)(digits.data[i] - '0' + 1));
    }
    buffer_put_u8(buffer, 0);
    for (size_t i = start; is_negative && i < buffer->size; i++) {
        buffer->data[i] = (uint8_t)~buffer->data[i];
    }
    buffer_reset(&digits);
}

/* The 60-bit timestamp of a version 1 uuid (RFC 4122 section 4.1.4). */
static uint64_t collation_uuid_time(const uint8_t *uuid)
{
    uint64_t high = bytes_get_u16(uuid + 6) & 0x0FFFU;
    return (high << 48) | ((uint64_t)bytes_get_u16(uuid + 4) << 32) | bytes_get_u32(uuid);
}

static void collation_put_uuid(const uint8_t *uuid, struct buffer *buffer)
{
    uint8_t version = uuid[6] >> 4;
    buffer_put_u8(buffer, version);
    if (version == 1) {
        buffer_put_u64(buffer, collation_uuid_time(uuid));
    }
    buffer_put(buffer, bytes_of(uuid, 16));
}

static void collation_put_timeuuid(const uint8_t *uuid, struct buffer *buffer)
{
    buffer_put_u64(buffer, collation_uuid_time(uuid));
    for (size_t i = 8; i < 16; i++) {
        buffer_put_u8(buffer, uuid[i] ^ 0x80);
    }
    buffer_put(buffer, bytes_of(uuid, 8));
}

static bool collation_put(const struct type *type, const struct value *value, struct buffer *buffer)
{
    switch ((int)type->kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
    case TYPE_BLOB:
        collation_put_bytes(value->bytes, buffer);
        return true;
    case TYPE_BOOLEAN:
        buffer_put_u8(buffer, value->boolean ? 1 : 0);
        return true;
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_DATE:
    case TYPE_TIME:
        collation_put_integer(value->integer, buffer);
        return true;
    case TYPE_NUMBER:
        collation_put_number(&value->decimal, buffer);
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

enum status collation_encode(const struct type *type, const struct value *value, bool is_descending,
                             struct buffer *buffer, struct error *error)
{
    size_t start = buffer->size;
    if (!collation_put(type, value, buffer)) {
        return error_set(error, STATUS_UNSUPPORTED, "a %s cannot be a key", type_name(type->kind));
    }
    for (size_t i = start; is_descending && i < buffer->size; i++) {
        buffer->data[i] = (uint8_t)~buffer->data[i];
    }
    return STATUS_OK;
}
