#include "row/schema.h"

enum {
    SCHEMA_VERSION = 1,
};

static enum status schema_check_column(const struct key_column *column, struct error *error)
{
    if (column->name.size == 0 || column->name.size > COLUMN_NAME_BYTES_MAX ||
        !bytes_are_utf8(column->name)) {
        return error_set(error, STATUS_INVALID, "a key column's name must have 1 to %d bytes of UTF-8",
                         COLUMN_NAME_BYTES_MAX);
    }
    if (!type_may_be_key(column->type.kind)) {
        return error_set(error, STATUS_INVALID, "column %.*s: this type cannot be a key",
                         (int)column->name.size, (const char *)column->name.data);
    }
    return STATUS_OK;
}

static bool schema_name_is_sound(struct bytes name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    for (size_t i = 0; i < name.size; i++) {
        if (memchr(allowed, name.data[i], sizeof(allowed) - 1) == NULL) {
            return false;
        }
    }
    return name.size > 0 && name.size <= TABLE_NAME_BYTES_MAX;
}

static const struct key_column *schema_column(const struct schema *schema, size_t i)
{
    return i < schema->partition_count ? &schema->partition[i]
                                       : &schema->clustering[i - schema->partition_count];
}

enum status schema_check(const struct schema *schema, struct error *error)
{
    if (!schema_name_is_sound(schema->name)) {
        return error_set(error, STATUS_INVALID,
                         "a table's name must have 1 to %d of the characters a-z, A-Z, 0-9, '_', '-' and '.'",
                         TABLE_NAME_BYTES_MAX);
    }
    if (schema->partition_count == 0 || schema->partition_count > PARTITION_COLUMNS_MAX ||
        schema->clustering_count > CLUSTERING_COLUMNS_MAX) {
        return error_set(error, STATUS_INVALID,
                         "a table has 1 to %d partition key columns and up to %d sort key columns",
                         PARTITION_COLUMNS_MAX, CLUSTERING_COLUMNS_MAX);
    }
    size_t count = schema->partition_count + schema->clustering_count;
    for (size_t i = 0; i < count; i++) {
        enum status status = schema_check_column(schema_column(schema, i), error);
        if (status != STATUS_OK) {
            return status;
        }
        for (size_t k = 0; k < i; k++) {
            struct bytes name = schema_column(schema, i)->name;
            if (bytes_equal(schema_column(schema, k)->name, name)) {
                return error_set(error, STATUS_INVALID, "key column %.*s is named twice", (int)name.size,
                                 (const char *)name.data);
            }
        }
    }
    return STATUS_OK;
}

static void schema_encode_column(const struct key_column *column, struct buffer *buffer)
{
    buffer_put_sized(buffer, column->name);
    buffer_put_u8(buffer, (uint8_t)column->type.kind);
    buffer_put_u8(buffer, column->is_descending ? 1 : 0);
}

void schema_encode(const struct schema *schema, struct buffer *buffer)
{
    buffer_put_u8(buffer, SCHEMA_VERSION);
    buffer_put_u32(buffer, schema->table);
    buffer_put_u32(buffer, schema->generation);
    buffer_put_u32(buffer, schema->version);
    buffer_put_u32(buffer, schema->space);
    buffer_put_u8(buffer, (uint8_t)schema->kind);
    buffer_put_u8(buffer, (uint8_t)schema->durability);
    buffer_put_u32(buffer, schema->durability_ms);
    buffer_put_sized(buffer, schema->name);
    buffer_put_u8(buffer, (uint8_t)schema->partition_count);
    buffer_put_u8(buffer, (uint8_t)schema->clustering_count);
    for (size_t i = 0; i < schema->partition_count + schema->clustering_count; i++) {
        schema_encode_column(schema_column(schema, i), buffer);
    }
}

static struct key_column *schema_decode_columns(struct reader *reader, size_t count, struct arena *arena)
{
    struct key_column *columns = arena_create_array(arena, count, sizeof(*columns));
    for (size_t i = 0; i < count; i++) {
        columns[i].name = arena_copy(arena, reader_sized(reader));
        columns[i].type.kind = (enum type_kind)reader_u8(reader);
        columns[i].is_descending = reader_u8(reader) == 1;
    }
    return columns;
}

enum status schema_decode(struct bytes bytes, struct arena *arena, struct schema *ret_schema,
                          struct error *error)
{
    struct reader reader = reader_of(bytes);
    struct schema schema = {0};
    uint8_t version = reader_u8(&reader);
    if (version > SCHEMA_VERSION) {
        return error_set(error, STATUS_NEWER, "a schema of version %u; this program reads up to %d", version,
                         SCHEMA_VERSION);
    }
    schema.table = reader_u32(&reader);
    schema.generation = reader_u32(&reader);
    schema.version = reader_u32(&reader);
    schema.space = reader_u32(&reader);
    schema.kind = (enum table_kind)reader_u8(&reader);
    schema.durability = (enum durability)reader_u8(&reader);
    schema.durability_ms = reader_u32(&reader);
    schema.name = arena_copy(arena, reader_sized(&reader));
    schema.partition_count = reader_u8(&reader);
    schema.clustering_count = reader_u8(&reader);
    schema.partition = schema_decode_columns(&reader, schema.partition_count, arena);
    schema.clustering = schema_decode_columns(&reader, schema.clustering_count, arena);
    bool is_known = schema.kind == TABLE_DOCUMENT && schema.durability >= DURABILITY_SYNC &&
                    schema.durability <= DURABILITY_PERIODIC;
    if (version == 0 || !reader_ended(&reader) || !is_known || schema_check(&schema, NULL) != STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "a malformed schema");
    }
    *ret_schema = schema;
    return STATUS_OK;
}
