#include "value/serial.h"

#include "value/decimal.h"

/* Bytes of a fixed-width type; 0: the width is the value's own. */
static size_t serial_width(enum type_kind kind)
{
    switch ((int)kind) {
    case TYPE_BOOLEAN:
    case TYPE_TINYINT:
        return 1;
    case TYPE_SMALLINT:
        return 2;
    case TYPE_INT:
    case TYPE_DATE:
        return 4;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
    case TYPE_DOUBLE:
        return 8;
    case TYPE_UUID:
    case TYPE_TIMEUUID:
        return 16;
    default:
        return 0;
    }
}

static void serial_put_integer(int64_t number, size_t width, struct buffer *buffer)
{
    for (size_t i = width; i > 0; i--) {
        buffer_put_u8(buffer, (uint8_t)((uint64_t)number >> ((i - 1) * 8)));
    }
}

static uint64_t serial_bits_of_double(double number)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

enum status serial_encode(const struct type *type, const struct value *value, struct buffer *buffer,
                          struct error *error)
{
    switch ((int)type->kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
    case TYPE_BLOB:
    case TYPE_UUID:
    case TYPE_TIMEUUID:
        buffer_put(buffer, value->bytes);
        return STATUS_OK;
    case TYPE_BOOLEAN:
        buffer_put_u8(buffer, value->boolean ? 1 : 0);
        return STATUS_OK;
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        serial_put_integer(value->integer, serial_width(type->kind), buffer);
        return STATUS_OK;
    case TYPE_DATE: /* unsigned, day 2^31 is 1970-01-01 */
        serial_put_integer(value->integer + (1LL << 31), 4, buffer);
        return STATUS_OK;
    case TYPE_DOUBLE:
        buffer_put_u64(buffer, serial_bits_of_double(value->float64));
        return STATUS_OK;
    case TYPE_NUMBER: {
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
    default:
        return error_set(error, STATUS_UNSUPPORTED, "a %s cannot be a key", type_name(type->kind));
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

static struct value serial_get_fixed(const struct type *type, struct bytes bytes)
{
    struct value value = {.kind = VALUE_INTEGER};
    if (type->kind == TYPE_BOOLEAN) {
        return value_of_boolean(bytes.data[0] != 0);
    }
    if (type->kind == TYPE_UUID || type->kind == TYPE_TIMEUUID) {
        value.kind = type->kind == TYPE_UUID ? VALUE_UUID : VALUE_TIMEUUID;
        value.bytes = bytes;
        return value;
    }
    if (type->kind == TYPE_DOUBLE) {
        uint64_t bits = bytes_get_u64(bytes.data);
        value.kind = VALUE_DOUBLE;
        memcpy(&value.float64, &bits, sizeof(bits));
        return value;
    }
    value.integer = serial_get_integer(bytes);
    if (type->kind == TYPE_DATE) {
        value.kind = VALUE_DATE;
        value.integer = (int64_t)bytes_get_u32(bytes.data) - (1LL << 31);
    } else if (type->kind == TYPE_TIMESTAMP) {
        value.kind = VALUE_TIMESTAMP;
    } else if (type->kind == TYPE_TIME) {
        value.kind = VALUE_TIME;
    }
    return value;
}

enum status serial_decode(const struct type *type, struct bytes bytes, struct arena *arena,
                          struct value *ret_value, struct error *error)
{
    size_t width = serial_width(type->kind);
    struct value value = {0};
    if (width != 0 && bytes.size == width) {
        value = serial_get_fixed(type, bytes);
    } else if (type->kind == TYPE_ASCII || type->kind == TYPE_TEXT) {
        value = value_of_text(bytes);
    } else if (type->kind == TYPE_BLOB) {
        value = value_of_bytes(bytes);
    } else if (type->kind == TYPE_NUMBER && bytes.size > 4 && bytes.size < 4 + 64) {
        value.kind = VALUE_DECIMAL;
        value.decimal.scale = (int32_t)bytes_get_u32(bytes.data);
        value.decimal.unscaled = arena_copy(arena, bytes_from(bytes, 4));
        if (value.decimal.scale > 1000 || value.decimal.scale < -1000) {
            return error_set(error, STATUS_CORRUPT, "a malformed number in a key");
        }
    } else {
        return error_set(error, STATUS_CORRUPT, "a key part of %zu bytes is not a valid %s", bytes.size,
                         type_name(type->kind));
    }
    if (type_check(type, &value, error) != STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "a key part is not a valid %s", type_name(type->kind));
    }
    *ret_value = value;
    return STATUS_OK;
}

enum status serial_partition_encode(const struct type *const *types, const struct value *values, size_t count,
                                    struct buffer *buffer, struct error *error)
{
    if (count == 1) {
        return serial_encode(types[0], &values[0], buffer, error);
    }
    struct buffer part = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        buffer_clear(&part);
        status = serial_encode(types[i], &values[i], &part, error);
        if (status == STATUS_OK && part.size > UINT16_MAX) {
            status = error_set(error, STATUS_TOO_LARGE,
                               "a part of the partition key has %zu bytes, up to 65535 fit", part.size);
        }
        if (status == STATUS_OK) {
            buffer_put_u16(buffer, (uint16_t)part.size);
            buffer_put(buffer, buffer_bytes(&part));
            buffer_put_u8(buffer, 0);
        }
    }
    buffer_reset(&part);
    return status;
}

enum status serial_partition_decode(const struct type *const *types, size_t count, struct bytes bytes,
                                    struct arena *arena, struct value *ret_values, struct error *error)
{
    if (count == 1) {
        return serial_decode(types[0], bytes, arena, &ret_values[0], error);
    }
    struct reader reader = reader_of(bytes);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct bytes part = reader_bytes(&reader, reader_u16(&reader));
        uint8_t end = reader_u8(&reader);
        if (reader.failed || end != 0) {
            return error_set(error, STATUS_CORRUPT, "a malformed partition key");
        }
        status = serial_decode(types[i], part, arena, &ret_values[i], error);
    }
    return status == STATUS_OK && !reader_ended(&reader)
               ? error_set(error, STATUS_CORRUPT, "a malformed partition key")
               : status;
}
