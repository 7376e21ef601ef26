#include "value/type_stored.h"

#include "value/bounds.h"

enum {
    TYPE_VERSION = 1,
    TYPE_FLAG_FROZEN = 1,
};

static bool stored_has_fields(enum type_kind kind)
{
    return kind == TYPE_TUPLE || kind == TYPE_UDT;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds by TYPE_DEPTH_MAX; reading counts */
static void stored_put(const struct type *type, struct buffer *buffer)
{
    buffer_put_u8(buffer, (uint8_t)type->kind);
    if (!type_has_parameters(type->kind)) {
        return;
    }
    buffer_put_u8(buffer, type->is_frozen ? TYPE_FLAG_FROZEN : 0);
    if (type->kind == TYPE_UDT) {
        buffer_put_sized(buffer, type->udt->keyspace);
        buffer_put_sized(buffer, type->udt->name);
    }
    if (stored_has_fields(type->kind)) {
        buffer_put_varint(buffer, type->count);
    } else if (type->kind == TYPE_VECTOR) {
        buffer_put_varint(buffer, type->dimension);
    }
    for (size_t i = 0; i < type->count; i++) {
        if (type->kind == TYPE_UDT) {
            buffer_put_sized(buffer, type->udt->fields[i]);
        }
        stored_put(&type->parameters[i], buffer);
    }
}

/* Fields that cannot be there (each has a byte at least) are a failure before room is made for them. */
static size_t stored_get_count(struct reader *reader, enum type_kind kind)
{
    uint64_t count = kind == TYPE_MAP ? 2 : stored_has_fields(kind) ? reader_varint(reader) : 1;
    if (count > TYPE_FIELDS_MAX || count > reader->rest.size) {
        reader->failed = true;
        return 0;
    }
    return (size_t)count;
}

/* Failures are the reader's. */
static void stored_get(struct reader *reader, unsigned depth, struct arena *arena, struct type *ret_type)
{
    uint8_t kind = reader_u8(reader);
    reader->failed = reader->failed || kind > TYPE_VECTOR || depth > TYPE_DEPTH_MAX;
    *ret_type = (struct type){.kind = reader->failed ? TYPE_ANY : (enum type_kind)kind};
    if (!type_has_parameters(ret_type->kind)) {
        return;
    }
    uint8_t flags = reader_u8(reader);
    reader->failed = reader->failed || flags > TYPE_FLAG_FROZEN;
    ret_type->is_frozen = flags == TYPE_FLAG_FROZEN;
    struct type_udt *udt = NULL;
    if (ret_type->kind == TYPE_UDT) {
        udt = arena_create(arena, sizeof(*udt));
        udt->keyspace = arena_copy(arena, reader_sized(reader));
        udt->name = arena_copy(arena, reader_sized(reader));
    }
    if (ret_type->kind == TYPE_VECTOR) {
        uint64_t dimension = reader_varint(reader);
        reader->failed = reader->failed || dimension > TYPE_DIMENSION_MAX;
        ret_type->dimension = (uint32_t)dimension;
    }
    size_t count = stored_get_count(reader, ret_type->kind);
    struct type *parameters = arena_create_array(arena, count, sizeof(*parameters));
    struct bytes *fields = arena_create_array(arena, udt == NULL ? 0 : count, sizeof(*fields));
    for (size_t i = 0; i < count && !reader->failed; i++) {
        if (udt != NULL) {
            fields[i] = arena_copy(arena, reader_sized(reader));
        }
        stored_get(reader, depth + 1, arena, &parameters[i]);
    }
    if (udt != NULL) {
        udt->fields = fields;
    }
    ret_type->udt = udt;
    ret_type->count = count;
    ret_type->parameters = parameters;
}

/* NOLINTEND(misc-no-recursion) */

void type_encode(const struct type *type, struct buffer *buffer)
{
    buffer_put_u8(buffer, TYPE_VERSION);
    stored_put(type, buffer);
}

enum status type_decode(struct reader *reader, struct arena *arena, struct type *ret_type,
                        struct error *error)
{
    struct type type = {0};
    uint8_t version = reader_u8(reader);
    if (version > TYPE_VERSION) {
        return error_set(error, STATUS_NEWER, "a type of version %u; this program reads up to %d", version,
                         TYPE_VERSION);
    }
    stored_get(reader, 1, arena, &type);
    if (reader->failed || version != TYPE_VERSION || type_validate(&type, NULL) != STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "a malformed type");
    }
    *ret_type = type;
    return STATUS_OK;
}
