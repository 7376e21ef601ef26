#include "row/schema.h"

#include "value/type_stored.h"

/* 3: types are trees, and key parts leave room for empty values (value/collation.h). Keys of older stores would be in
 * other places, so those are refused rather than misread. 4: wide tables have columns. 5: indexes say what they
 * have of a column. 6: wide tables have a default TTL. 3 to 5 are read as they were. */
enum {
    SCHEMA_VERSION = 7,
    SCHEMA_VERSION_READ = 3,
};

static enum status schema_check_column(const struct key_column *column, struct error *error)
{
    if (column->name.size == 0 || column->name.size > COLUMN_NAME_BYTES_MAX ||
        !bytes_are_utf8(column->name)) {
        return error_set(error, STATUS_INVALID, "a key column's name must have 1 to %d bytes of UTF-8",
                         COLUMN_NAME_BYTES_MAX);
    }
    enum status status = type_validate(&column->type, error);
    return status == STATUS_OK ? type_check_key(&column->type, column->name, error) : status;
}

static bool schema_name_is_sound(struct bytes name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == 0 || strchr(allowed, name.data[i]) == NULL) {
            return false;
        }
    }
    return name.size > 0 && name.size <= TABLE_NAME_BYTES_MAX;
}

/* Columns of a key: those of the partition, then the others. */
struct key_columns {
    const struct key_column *partition;
    size_t partition_count;
    const struct key_column *clustering;
    size_t clustering_count;
};

static const struct key_column *key_columns_at(const struct key_columns *columns, size_t i)
{
    return i < columns->partition_count ? &columns->partition[i]
                                        : &columns->clustering[i - columns->partition_count];
}

static enum status schema_check_columns(const struct key_columns *columns, struct error *error)
{
    if (columns->partition_count == 0 || columns->partition_count > PARTITION_COLUMNS_MAX ||
        columns->clustering_count > CLUSTERING_COLUMNS_MAX) {
        return error_set(error, STATUS_INVALID,
                         "a key has 1 to %d partition key columns and up to %d sort key columns",
                         PARTITION_COLUMNS_MAX, CLUSTERING_COLUMNS_MAX);
    }
    size_t count = columns->partition_count + columns->clustering_count;
    for (size_t i = 0; i < count; i++) {
        struct bytes name = key_columns_at(columns, i)->name;
        enum status status = schema_check_column(key_columns_at(columns, i), error);
        for (size_t k = 0; k < i && status == STATUS_OK; k++) {
            if (bytes_equal(key_columns_at(columns, k)->name, name)) {
                status = error_set(error, STATUS_INVALID, "key column %.*s is named twice", (int)name.size,
                                   (const char *)name.data);
            }
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static struct key_columns schema_key(const struct schema *schema)
{
    return (struct key_columns){.partition = schema->partition,
                                .partition_count = schema->partition_count,
                                .clustering = schema->clustering,
                                .clustering_count = schema->clustering_count};
}

static struct key_columns index_key(const struct index_schema *index)
{
    return (struct key_columns){.partition = index->partition,
                                .partition_count = index->partition_count,
                                .clustering = index->clustering,
                                .clustering_count = index->clustering_count};
}

static enum status schema_check_index(const struct schema *schema, size_t i, struct error *error)
{
    const struct index_schema *index = &schema->indexes[i];
    struct key_columns columns = index_key(index);
    if (!schema_name_is_sound(index->name)) {
        return error_set(
            error, STATUS_INVALID,
            "an index's name must have 1 to %d of the characters a-z, A-Z, 0-9, '_', '-' and '.'",
            TABLE_NAME_BYTES_MAX);
    }
    for (size_t k = 0; k < i; k++) {
        if (bytes_equal(schema->indexes[k].name, index->name)) {
            return error_set(error, STATUS_EXISTS, "index %.*s exists already", (int)index->name.size,
                             (const char *)index->name.data);
        }
    }
    enum status status = schema_check_columns(&columns, error);
    if (status != STATUS_OK) {
        error_prefix(error, "index %.*s", (int)index->name.size, (const char *)index->name.data);
    }
    return status;
}

static bool schema_has_name(const struct schema *schema, size_t count, struct bytes name)
{
    struct key_columns key = schema_key(schema);
    for (size_t i = 0; i < key.partition_count + key.clustering_count; i++) {
        if (bytes_equal(key_columns_at(&key, i)->name, name)) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(schema->columns[i].name, name)) {
            return true;
        }
    }
    return false;
}

static enum status schema_check_wide_column(const struct schema *schema, size_t i, struct error *error)
{
    const struct column *column = &schema->columns[i];
    int name_bytes = (int)column->name.size;
    const char *name = (const char *)column->name.data;
    if (column->name.size == 0 || column->name.size > COLUMN_NAME_BYTES_MAX ||
        !bytes_are_utf8(column->name)) {
        return error_set(error, STATUS_INVALID, "a column's name must have 1 to %d bytes of UTF-8",
                         COLUMN_NAME_BYTES_MAX);
    }
    if (schema_has_name(schema, i, column->name)) {
        return error_set(error, STATUS_INVALID, "column %.*s is named twice", name_bytes, name);
    }
    if (column->is_static && schema->clustering_count == 0) {
        return error_set(error, STATUS_INVALID,
                         "Static columns are only useful (and thus allowed) if the table has at least one "
                         "clustering column");
    }
    if (column->id >= schema->next_column) {
        return error_set(error, STATUS_INVALID, "column %.*s has an id that was not given yet", name_bytes,
                         name);
    }
    bool is_counter = column->type.kind == TYPE_COUNTER;
    if (is_counter != (schema->columns[0].type.kind == TYPE_COUNTER)) {
        return error_set(error, STATUS_INVALID,
                         "Cannot mix counter and non counter columns in the same table");
    }
    enum status status = type_validate(&column->type, error);
    return status == STATUS_OK ? type_check_column(&column->type, error) : status;
}

static enum status schema_check_wide(const struct schema *schema, struct error *error)
{
    enum status status = STATUS_OK;
    if (schema->columns_count > COLUMNS_MAX || (schema->columns_count > 0 && schema->kind != TABLE_WIDE)) {
        return error_set(error, STATUS_TOO_LARGE, "a wide table has up to %d columns besides its key",
                         COLUMNS_MAX);
    }
    for (size_t i = 0; i < schema->columns_count && status == STATUS_OK; i++) {
        status = schema_check_wide_column(schema, i, error);
    }
    return status;
}

enum status schema_check(const struct schema *schema, struct error *error)
{
    struct key_columns columns = schema_key(schema);
    if (!schema_name_is_sound(schema->name)) {
        return error_set(error, STATUS_INVALID,
                         "a table's name must have 1 to %d of the characters a-z, A-Z, 0-9, '_', '-' and '.'",
                         TABLE_NAME_BYTES_MAX);
    }
    if (schema->indexes_count > INDEXES_MAX || schema->ttl_attribute.size > COLUMN_NAME_BYTES_MAX ||
        schema->properties.size > SCHEMA_PROPERTIES_BYTES_MAX) {
        return error_set(
            error, STATUS_TOO_LARGE,
            "a table has up to %d indexes, a TTL attribute of up to %d bytes and properties of up to "
            "%d bytes",
            INDEXES_MAX, COLUMN_NAME_BYTES_MAX, SCHEMA_PROPERTIES_BYTES_MAX);
    }
    enum status status = schema_check_columns(&columns, error);
    if (status == STATUS_OK) {
        status = schema_check_wide(schema, error);
    }
    for (size_t i = 0; i < schema->indexes_count && status == STATUS_OK; i++) {
        status = schema_check_index(schema, i, error);
    }
    return status;
}

const struct index_schema *schema_index(const struct schema *schema, struct bytes name)
{
    for (size_t i = 0; i < schema->indexes_count; i++) {
        if (bytes_equal(schema->indexes[i].name, name)) {
            return &schema->indexes[i];
        }
    }
    return NULL;
}

size_t schema_key_count(const struct schema *schema)
{
    return schema->partition_count + schema->clustering_count;
}

const struct key_column *schema_key_column(const struct schema *schema, size_t i)
{
    return i < schema->partition_count ? &schema->partition[i]
                                       : &schema->clustering[i - schema->partition_count];
}

bool schema_is_key(const struct schema *schema, struct bytes name)
{
    for (size_t i = 0; i < schema_key_count(schema); i++) {
        if (bytes_equal(schema_key_column(schema, i)->name, name)) {
            return true;
        }
    }
    return false;
}

const struct key_column *index_key_column(const struct index_schema *index, size_t i)
{
    return i < index->partition_count ? &index->partition[i] : &index->clustering[i - index->partition_count];
}

const struct column *schema_column(const struct schema *schema, struct bytes name)
{
    for (size_t i = 0; i < schema->columns_count; i++) {
        if (bytes_equal(schema->columns[i].name, name)) {
            return &schema->columns[i];
        }
    }
    return NULL;
}

const struct type *schema_type(const struct schema *schema, struct bytes name)
{
    const struct column *column = schema_column(schema, name);
    for (size_t i = 0; i < schema_key_count(schema) && column == NULL; i++) {
        const struct key_column *key = schema_key_column(schema, i);
        if (bytes_equal(key->name, name)) {
            return &key->type;
        }
    }
    return column == NULL ? NULL : &column->type;
}

const struct column *schema_column_of_id(const struct schema *schema, uint32_t id)
{
    for (size_t i = 0; i < schema->columns_count; i++) {
        if (schema->columns[i].id == id) {
            return &schema->columns[i];
        }
    }
    return NULL;
}

struct schema *schema_copy(const struct schema *schema, struct arena *arena)
{
    struct buffer encoded = {0};
    struct schema *copy = arena_create(arena, sizeof(*copy));
    schema_encode(schema, &encoded);
    CHECK(schema_decode(buffer_bytes(&encoded), arena, copy, NULL) == STATUS_OK);
    buffer_reset(&encoded);
    return copy;
}

static void schema_encode_column(const struct key_column *column, struct buffer *buffer)
{
    buffer_put_sized(buffer, column->name);
    type_encode(&column->type, buffer);
    buffer_put_u8(buffer, column->is_descending ? 1 : 0);
}

static void schema_encode_key(const struct key_columns *columns, struct buffer *buffer)
{
    buffer_put_u8(buffer, (uint8_t)columns->partition_count);
    buffer_put_u8(buffer, (uint8_t)columns->clustering_count);
    for (size_t i = 0; i < columns->partition_count + columns->clustering_count; i++) {
        schema_encode_column(key_columns_at(columns, i), buffer);
    }
}

static void schema_encode_index(const struct index_schema *index, struct buffer *buffer)
{
    struct key_columns columns = index_key(index);
    buffer_put_u32(buffer, index->space);
    buffer_put_u8(buffer, (uint8_t)index->state);
    buffer_put_u8(buffer, (uint8_t)index->target);
    buffer_put_sized(buffer, index->name);
    schema_encode_key(&columns, buffer);
    buffer_put_sized(buffer, index->properties);
}

static void schema_encode_wide(const struct schema *schema, struct buffer *buffer)
{
    buffer_put_u32(buffer, schema->next_column);
    buffer_put_u32(buffer, schema->gc_grace_seconds);
    buffer_put_u32(buffer, schema->default_ttl_seconds);
    buffer_put_u16(buffer, (uint16_t)schema->columns_count);
    for (size_t i = 0; i < schema->columns_count; i++) {
        const struct column *column = &schema->columns[i];
        buffer_put_u32(buffer, column->id);
        buffer_put_u8(buffer, column->is_static ? 1 : 0);
        buffer_put_u8(buffer, column->was_dropped ? 1 : 0);
        buffer_put_u64(buffer, (uint64_t)column->dropped_us);
        buffer_put_sized(buffer, column->name);
        type_encode(&column->type, buffer);
    }
}

void schema_encode(const struct schema *schema, struct buffer *buffer)
{
    struct key_columns columns = schema_key(schema);
    buffer_put_u8(buffer, SCHEMA_VERSION);
    buffer_put_u32(buffer, schema->table);
    buffer_put_u32(buffer, schema->generation);
    buffer_put_u32(buffer, schema->version);
    buffer_put_u32(buffer, schema->space);
    buffer_put_u8(buffer, (uint8_t)schema->kind);
    buffer_put_u8(buffer, (uint8_t)schema->durability);
    buffer_put_u32(buffer, schema->durability_ms);
    buffer_put_sized(buffer, schema->name);
    schema_encode_key(&columns, buffer);
    schema_encode_wide(schema, buffer);
    buffer_put_u16(buffer, (uint16_t)schema->indexes_count);
    for (size_t i = 0; i < schema->indexes_count; i++) {
        schema_encode_index(&schema->indexes[i], buffer);
    }
    buffer_put_sized(buffer, schema->ttl_attribute);
    buffer_put_sized(buffer, schema->properties);
}

static struct key_column *schema_decode_columns(struct reader *reader, size_t count, struct arena *arena)
{
    struct key_column *columns = arena_create_array(arena, count, sizeof(*columns));
    for (size_t i = 0; i < count; i++) {
        columns[i].name = arena_copy(arena, reader_sized(reader));
        if (type_decode(reader, arena, &columns[i].type, NULL) != STATUS_OK) {
            reader->failed = true;
        }
        columns[i].is_descending = reader_u8(reader) == 1;
    }
    return columns;
}

/* False when it is malformed. */
static bool schema_decode_wide(struct reader *reader, uint8_t version, struct schema *schema,
                               struct arena *arena)
{
    schema->next_column = reader_u32(reader);
    schema->gc_grace_seconds = reader_u32(reader);
    schema->default_ttl_seconds = version < 6 ? 0 : reader_u32(reader);
    schema->columns_count = reader_u16(reader);
    if (schema->columns_count > COLUMNS_MAX) {
        return false;
    }
    schema->columns = arena_create_array(arena, schema->columns_count, sizeof(*schema->columns));
    for (size_t i = 0; i < schema->columns_count; i++) {
        struct column *column = &schema->columns[i];
        column->id = reader_u32(reader);
        column->is_static = reader_u8(reader) == 1;
        column->was_dropped = version >= 7 && reader_u8(reader) == 1;
        column->dropped_us = version >= 7 ? (int64_t)reader_u64(reader) : 0;
        schema->has_returned |= column->was_dropped;
        column->name = arena_copy(arena, reader_sized(reader));
        if (type_decode(reader, arena, &column->type, NULL) != STATUS_OK) {
            return false;
        }
    }
    return true;
}

/* False when it is malformed. */
static bool schema_decode_indexes(struct reader *reader, uint8_t version, struct schema *schema,
                                  struct arena *arena)
{
    schema->indexes_count = reader_u16(reader);
    if (schema->indexes_count > INDEXES_MAX) {
        return false;
    }
    schema->indexes = arena_create_array(arena, schema->indexes_count, sizeof(*schema->indexes));
    for (size_t i = 0; i < schema->indexes_count; i++) {
        struct index_schema *index = &schema->indexes[i];
        index->space = reader_u32(reader);
        index->state = (enum index_state)reader_u8(reader);
        index->target = version < 5 ? INDEX_OF_VALUE : (enum index_target)reader_u8(reader);
        index->name = arena_copy(arena, reader_sized(reader));
        index->partition_count = reader_u8(reader);
        index->clustering_count = reader_u8(reader);
        index->partition = schema_decode_columns(reader, index->partition_count, arena);
        index->clustering = schema_decode_columns(reader, index->clustering_count, arena);
        index->properties = arena_copy(arena, reader_sized(reader));
        bool has_target = index->target == INDEX_OF_VALUE ||
                          (index->target <= INDEX_OF_ENTRIES && index->partition_count == 1);
        if (!has_target || (index->state != INDEX_CREATING && index->state != INDEX_ACTIVE)) {
            return false;
        }
    }
    return true;
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
    if (version < SCHEMA_VERSION_READ) {
        return error_set(
            error, version == 0 ? STATUS_CORRUPT : STATUS_UNSUPPORTED,
            "a schema of version %u; this program reads version %d: export with the program that "
            "wrote it, and import again",
            version, SCHEMA_VERSION_READ);
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
    bool is_known =
        schema.kind >= TABLE_DOCUMENT && schema.kind <= TABLE_WIDE && schema.durability >= DURABILITY_SYNC &&
        schema.durability <= DURABILITY_PERIODIC &&
        (version == SCHEMA_VERSION_READ || schema_decode_wide(&reader, version, &schema, arena)) &&
        schema_decode_indexes(&reader, version, &schema, arena);
    schema.ttl_attribute = arena_copy(arena, reader_sized(&reader));
    schema.properties = arena_copy(arena, reader_sized(&reader));
    if (!reader_ended(&reader) || !is_known || schema_check(&schema, NULL) != STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "a malformed schema");
    }
    *ret_schema = schema;
    return STATUS_OK;
}
