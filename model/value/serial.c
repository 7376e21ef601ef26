#include "value/serial.h"

#include "value/order.h"
#include "value_private.h"

enum {
    SIZE_BYTES = 4,
    SIZE_NULL = -1,
};

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds by TYPE_DEPTH_MAX */

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* Size and bytes; a null is its size alone. */
static enum status serial_put_sized(const struct type *type, const struct value *value, struct buffer *buffer,
                                    struct error *error)
{
    if (value->kind == VALUE_NULL) {
        buffer_put_u32(buffer, (uint32_t)SIZE_NULL);
        return STATUS_OK;
    }
    size_t at = buffer->size;
    buffer_put_u32(buffer, 0);
    enum status status = serial_encode(type, value, buffer, error);
    size_t size = buffer->size - at - SIZE_BYTES;
    if (status == STATUS_OK && size > INT32_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "an element of %zu bytes", size);
    }
    bytes_put_u32(buffer->data + at, (uint32_t)size);
    return status;
}

/* Elements of a collection or fields, each with its size; the parameter of the i-th is the i-th, modulo `parameters`. */
static enum status serial_put_all(const struct type *type, size_t parameters, const struct value *at,
                                  size_t count, struct buffer *buffer, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = serial_put_sized(&type->parameters[i % parameters], &at[i], buffer, error);
    }
    return status;
}

static enum status serial_put_vector(const struct type *type, const struct value_items *items,
                                     struct buffer *buffer, struct error *error)
{
    const struct type *element = &type->parameters[0];
    bool is_fixed = type_fixed_bytes(element) != 0;
    struct buffer part = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < items->count && status == STATUS_OK; i++) {
        buffer_clear(&part);
        status = serial_encode(element, &items->at[i], is_fixed ? buffer : &part, error);
        if (!is_fixed) {
            value__vint_put(part.size, buffer);
            buffer_put(buffer, buffer_bytes(&part));
        }
    }
    buffer_reset(&part);
    return status;
}

enum status serial_encode(const struct type *type, const struct value *value, struct buffer *buffer,
                          struct error *error)
{
    if (value->kind == VALUE_EMPTY) {
        return STATUS_OK;
    }
    switch ((int)type->kind) {
    case TYPE_LIST:
    case TYPE_SET:
        buffer_put_u32(buffer, (uint32_t)value->items.count);
        return serial_put_all(type, 1, value->items.at, value->items.count, buffer, error);
    case TYPE_MAP:
        buffer_put_u32(buffer, (uint32_t)value->pairs.count);
        return serial_put_all(type, 2, value->pairs.at, 2 * value->pairs.count, buffer, error);
    case TYPE_TUPLE:
    case TYPE_UDT:
        return serial_put_all(type, type->count, value->items.at, value->items.count, buffer, error);
    case TYPE_VECTOR:
        return serial_put_vector(type, &value->items, buffer, error);
    default:
        return value__scalar_encode(type, value, buffer, error);
    }
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* False when there are not enough bytes. */
static bool serial_get_sized(struct reader *reader, struct bytes *ret_bytes, bool *ret_is_null)
{
    int32_t size = (int32_t)reader_u32(reader);
    *ret_is_null = size < 0;
    *ret_bytes = reader_bytes(reader, size < 0 ? 0 : (size_t)size);
    return !reader->failed;
}

static enum status serial_get_elements(const struct type *type, struct reader *reader, struct value *at,
                                       size_t count, struct arena *arena, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct bytes part;
        bool is_null = false;
        if (!serial_get_sized(reader, &part, &is_null)) {
            return error_set(error, STATUS_INVALID, "Not enough bytes to read a %s", type_name(type->kind));
        }
        if (!is_null) {
            status = serial_decode(&type->parameters[i % type->count], part, arena, &at[i], error);
        } else if (type->kind != TYPE_LIST) {
            status = error_set(error, STATUS_INVALID, "Null value read when value not allowed");
        }
    }
    return status;
}

static enum status serial_get_collection(const struct type *type, struct bytes bytes, struct arena *arena,
                                         struct value *ret_value, struct error *error)
{
    struct reader reader = reader_of(bytes);
    int32_t count = (int32_t)reader_u32(&reader);
    size_t width = type->kind == TYPE_MAP ? 2 : 1;
    if (reader.failed || count < 0 || (size_t)count > reader.rest.size / (width * SIZE_BYTES)) {
        return error_set(error, STATUS_INVALID, "Not enough bytes to read a %s", type_name(type->kind));
    }
    struct value *at = arena_create_array(arena, (size_t)count * width, sizeof(*at));
    enum status status = serial_get_elements(type, &reader, at, (size_t)count * width, arena, error);
    if (status == STATUS_OK && !reader_ended(&reader)) {
        status = error_set(error, STATUS_INVALID, "Unexpected extraneous bytes after %s value",
                           type_name(type->kind));
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (type->kind == TYPE_MAP) {
        *ret_value = (struct value){.kind = VALUE_MAP,
                                    .pairs = (struct value_pairs){.at = at, .count = (size_t)count}};
    } else {
        *ret_value = (struct value){.kind = type->kind == TYPE_SET ? VALUE_SET : VALUE_LIST,
                                    .items = (struct value_items){.at = at, .count = (size_t)count}};
    }
    if (type->kind != TYPE_LIST) {
        value_sort(ret_value, arena);
    }
    return STATUS_OK;
}

static enum status serial_too_short(const struct type *type, size_t i, bool is_size, struct error *error)
{
    const char *what = is_size ? "size of " : "";
    if (type->kind == TYPE_TUPLE) {
        return error_set(error, STATUS_INVALID, "Not enough bytes to read %s%zuth component", what, i);
    }
    return error_set(error, STATUS_INVALID, "Not enough bytes to read %s%zuth field %.*s", what, i,
                     (int)type->udt->fields[i].size, (const char *)type->udt->fields[i].data);
}

static enum status serial_get_fields(const struct type *type, struct bytes bytes, struct arena *arena,
                                     struct value *ret_value, struct error *error)
{
    struct reader reader = reader_of(bytes);
    size_t room = bytes.size / SIZE_BYTES < type->count ? bytes.size / SIZE_BYTES : type->count;
    struct value *at = arena_create_array(arena, room, sizeof(*at));
    size_t count = 0;
    enum status status = STATUS_OK;
    for (; count < type->count && reader.rest.size > 0 && status == STATUS_OK; count++) {
        struct bytes part;
        bool is_null = false;
        bool has_size = reader.rest.size >= SIZE_BYTES;
        if (!serial_get_sized(&reader, &part, &is_null)) {
            return serial_too_short(type, count, !has_size, error);
        }
        if (!is_null) {
            status = serial_decode(&type->parameters[count], part, arena, &at[count], error);
        }
    }
    if (status == STATUS_OK && reader.rest.size > 0) {
        status = type->kind == TYPE_UDT
                     ? error_set(error, STATUS_INVALID, "Invalid remaining data after end of UDT value")
                     : error_set(error, STATUS_INVALID, "Invalid remaining data after end of tuple value");
    }
    if (status == STATUS_OK) {
        *ret_value = (struct value){.kind = type->kind == TYPE_UDT ? VALUE_UDT : VALUE_TUPLE,
                                    .items = {.at = at, .count = count}};
    }
    return status;
}

static enum status serial_get_vector(const struct type *type, struct bytes bytes, struct arena *arena,
                                     struct value *ret_value, struct error *error)
{
    const struct type *element = &type->parameters[0];
    size_t fixed = type_fixed_bytes(element);
    struct reader reader = reader_of(bytes);
    if (bytes.size < type->dimension * (fixed == 0 ? 1 : fixed)) {
        return error_set(error, STATUS_INVALID, "Not enough bytes to read a vector<%s, %u>",
                         type_name(element->kind), type->dimension);
    }
    struct value *at = arena_create_array(arena, type->dimension, sizeof(*at));
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < type->dimension && status == STATUS_OK; i++) {
        uint64_t size = fixed == 0 ? value__vint_get(&reader) : fixed;
        struct bytes part =
            reader_bytes(&reader, size > reader.rest.size ? reader.rest.size + 1 : (size_t)size);
        if (reader.failed) {
            return error_set(error, STATUS_INVALID, "Not enough bytes to read a vector<%s, %u>",
                             type_name(element->kind), type->dimension);
        }
        status = serial_decode(element, part, arena, &at[i], error);
        if (status == STATUS_OK && at[i].kind == VALUE_EMPTY) {
            status = error_set(error, STATUS_INVALID, "Element at index %u is null (expected type %s)", i,
                               type_name(element->kind));
        }
    }
    if (status == STATUS_OK && !reader_ended(&reader)) {
        status = error_set(error, STATUS_INVALID, "Unexpected extraneous bytes after vector value");
    }
    if (status == STATUS_OK) {
        *ret_value = (struct value){.kind = VALUE_VECTOR, .items = {.at = at, .count = type->dimension}};
    }
    return status;
}

enum status serial_decode(const struct type *type, struct bytes bytes, struct arena *arena,
                          struct value *ret_value, struct error *error)
{
    switch ((int)type->kind) {
    case TYPE_LIST:
    case TYPE_SET:
    case TYPE_MAP:
        return serial_get_collection(type, bytes, arena, ret_value, error);
    case TYPE_TUPLE:
    case TYPE_UDT:
        return serial_get_fields(type, bytes, arena, ret_value, error);
    case TYPE_VECTOR:
        return serial_get_vector(type, bytes, arena, ret_value, error);
    default:
        return value__scalar_decode(type, bytes, ret_value, error);
    }
}

/* NOLINTEND(misc-no-recursion) */

/* --- partition keys --------------------------------------------------------------------------------------------- */

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
            status = error_set(error, STATUS_TOO_LARGE, "Key length of %zu is longer than maximum of %d",
                               part.size, UINT16_MAX);
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
            return error_set(error, STATUS_INVALID, "a malformed partition key");
        }
        status = serial_decode(types[i], part, arena, &ret_values[i], error);
    }
    return status == STATUS_OK && !reader_ended(&reader)
               ? error_set(error, STATUS_INVALID, "a malformed partition key")
               : status;
}
