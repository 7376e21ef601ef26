/* What terms are for, as PREPARE names their markers. */
#include "term_private.h"

static const struct type type_int = {.kind = TYPE_INT};
static const struct type type_bigint = {.kind = TYPE_BIGINT};
static const struct type type_text = {.kind = TYPE_TEXT};

struct bytes statement__term_named(struct arena *arena, const char *before, struct bytes name,
                                   const char *after)
{
    return bytes_of_text(
        arena_format(arena, "%s%.*s%s", before, (int)name.size, (const char *)name.data, after));
}

static const struct type *type_of_one(enum type_kind kind, const struct type *parameters, size_t count,
                                      struct arena *arena)
{
    struct type *type = arena_create(arena, sizeof(*type));
    *type = (struct type){.kind = kind, .is_frozen = true, .count = count, .parameters = parameters};
    return type;
}

struct cql_receiver statement__receiver_in(const struct cql_receiver *column, struct arena *arena)
{
    return (struct cql_receiver){.name = statement__term_named(arena, "in(", column->name, ")"),
                                 .type = type_of_one(TYPE_LIST, column->type, 1, arena)};
}

struct cql_receiver statement__receiver_tuple(const struct cql_receiver *columns, size_t count,
                                              struct arena *arena)
{
    struct buffer name = {0};
    struct type *types = arena_create_array(arena, count, sizeof(*types));
    for (size_t i = 0; i < count; i++) {
        buffer_put_text(&name, i == 0 ? "(" : ",");
        buffer_put(&name, columns[i].name);
        types[i] = *columns[i].type;
    }
    buffer_put_text(&name, ")");
    struct bytes copy = arena_copy(arena, buffer_bytes(&name));
    buffer_reset(&name);
    return (struct cql_receiver){.name = copy, .type = type_of_one(TYPE_TUPLE, types, count, arena)};
}

struct cql_receiver statement__receiver_tuples_in(const struct cql_receiver *columns, size_t count,
                                                  struct arena *arena)
{
    struct cql_receiver tuple = statement__receiver_tuple(columns, count, arena);
    return (struct cql_receiver){.name = statement__term_named(arena, "in", tuple.name, ""),
                                 .type = type_of_one(TYPE_LIST, tuple.type, 1, arena)};
}

struct cql_receiver statement__receiver_token(void)
{
    return (struct cql_receiver){.name = bytes_of_text("partition key token"), .type = &type_bigint};
}

struct cql_receiver statement__receiver_key(const struct cql_receiver *column, struct arena *arena)
{
    bool is_map = column->type->kind == TYPE_MAP;
    return (struct cql_receiver){.name = statement__term_named(arena, is_map ? "key(" : "idx(", column->name,
                                                               ")"),
                                 .type = is_map ? &column->type->parameters[0] : &type_int};
}

struct cql_receiver statement__receiver_value(const struct cql_receiver *column, struct arena *arena)
{
    bool is_map = column->type->kind == TYPE_MAP;
    return (struct cql_receiver){.name = statement__term_named(arena, "value(", column->name, ")"),
                                 .type = &column->type->parameters[is_map ? 1 : 0]};
}

struct cql_receiver statement__receiver_field(const struct cql_receiver *column, size_t field,
                                              struct arena *arena)
{
    struct bytes name = column->type->udt->fields[field];
    const char *text = arena_format(arena, "%.*s.%.*s", (int)column->name.size,
                                    (const char *)column->name.data, (int)name.size, (const char *)name.data);
    return (struct cql_receiver){.name = bytes_of_text(text), .type = &column->type->parameters[field]};
}

struct cql_receiver statement__receiver_limit(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[limit]"), .type = &type_int};
}

struct cql_receiver statement__receiver_partition_limit(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[per_partition_limit]"), .type = &type_int};
}

struct cql_receiver statement__receiver_ttl(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[ttl]"), .type = &type_int};
}

struct cql_receiver statement__receiver_timestamp(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[timestamp]"), .type = &type_bigint};
}

struct cql_receiver statement__receiver_json(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[json]"), .type = &type_text};
}
