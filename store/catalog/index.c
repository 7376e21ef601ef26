#include "catalog/index.h"

#include "codec/pack.h"
#include "row/document.h"
#include "row/key.h"
#include "value/decimal.h"

struct schema index_as_schema(const struct index_schema *index)
{
    return (struct schema){.space = index->space,
                           .kind = TABLE_DOCUMENT,
                           .name = index->name,
                           .partition_count = index->partition_count,
                           .partition = index->partition,
                           .clustering_count = index->clustering_count,
                           .clustering = index->clustering};
}

enum status index_item(const struct schema *schema, struct bytes key, struct bytes image, struct arena *arena,
                       struct value *ret_item, struct error *error)
{
    return schema->kind == TABLE_WIDE
               ? document_of_wide(schema, key, image, DOCUMENT_ALWAYS, arena, ret_item, error)
               : codec_value_decode(image, arena, ret_item, error);
}

static const char *index_type_letter(const struct type *type)
{
    switch ((int)type->kind) {
    case TYPE_TEXT:
    case TYPE_ASCII:
        return "S";
    case TYPE_NUMBER:
        return "N";
    case TYPE_BLOB:
        return "B";
    default:
        return type_name(type->kind);
    }
}

static const char *index_value_letter(const struct value *value)
{
    static const char *const names[] = {
        [VALUE_NULL] = "NULL", [VALUE_BOOLEAN] = "BOOL", [VALUE_INTEGER] = "N",
        [VALUE_DECIMAL] = "N", [VALUE_TEXT] = "S",       [VALUE_BYTES] = "B",
        [VALUE_LIST] = "L",    [VALUE_SET] = "SS",       [VALUE_MAP] = "M",
    };
    const char *name = (size_t)value->kind < ARRAY_COUNT(names) ? names[value->kind] : NULL;
    if (value->kind == VALUE_SET && value->items.count > 0 && value->items.at[0].kind != VALUE_TEXT) {
        return value->items.at[0].kind == VALUE_BYTES ? "BS" : "NS";
    }
    return name == NULL ? "another type" : name;
}

/* The value that an index column takes from an item. */
static enum status index_column(const struct schema *table, const struct index_schema *index,
                                const struct key_column *column, const struct value *item,
                                struct arena *arena, struct value *ret_value, struct error *error)
{
    const struct value *found = value_map_get(item, column->name);
    if (found == NULL) {
        return STATUS_NOT_FOUND;
    }
    *ret_value = type_coerce(&column->type, found, arena);
    int name_bytes = (int)column->name.size;
    const char *name = (const char *)column->name.data;
    if (type_check(&column->type, ret_value, NULL) != STATUS_OK) {
        (void)error_set(
            error, STATUS_INVALID,
            "One or more parameter values were invalid: Type mismatch for Index Key %.*s Expected: %s "
            "Actual: %s IndexName: %.*s",
            name_bytes, name, index_type_letter(&column->type), index_value_letter(found),
            (int)index->name.size, (const char *)index->name.data);
        return STATUS_INVALID;
    }
    bool is_bytes = ret_value->kind == VALUE_TEXT || ret_value->kind == VALUE_BYTES;
    if (is_bytes && ret_value->bytes.size == 0 && table->kind == TABLE_DOCUMENT) {
        (void)error_set(
            error, STATUS_INVALID,
            "One or more parameter values are not valid. A value specified for a secondary index key "
            "is not supported. The AttributeValue for a key attribute cannot contain an empty %s "
            "value. IndexName: %.*s, IndexKey: %.*s",
            ret_value->kind == VALUE_TEXT ? "string" : "binary", (int)index->name.size,
            (const char *)index->name.data, name_bytes, name);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status index_entry_key(const struct schema *table, const struct index_schema *index,
                            struct bytes storage_key, const struct value *item, struct buffer *ret_key,
                            struct error *error)
{
    struct value partition[PARTITION_COLUMNS_MAX];
    struct value clustering[CLUSTERING_COLUMNS_MAX];
    struct schema schema = index_as_schema(index);
    struct arena arena = {0};
    struct buffer key = {0};
    enum status status = STATUS_OK; /* a column of a wrong type counts also where another one is missing */
    for (size_t i = 0; i < index->partition_count + index->clustering_count && status != STATUS_INVALID;
         i++) {
        size_t k = i - index->partition_count;
        enum status found =
            i < index->partition_count
                ? index_column(table, index, &index->partition[i], item, &arena, &partition[i], error)
                : index_column(table, index, &index->clustering[k], item, &arena, &clustering[k], error);
        status = found == STATUS_OK ? status : found;
    }
    if (status == STATUS_OK) {
        status = key_encode(&schema, ROW_PLAIN, partition, clustering, index->clustering_count, &key, error);
    }
    if (status == STATUS_OK) {
        status = key_storage(&schema, buffer_bytes(&key), ret_key, error);
    }
    if (status == STATUS_OK) {
        buffer_put(ret_key, bytes_from(storage_key, sizeof(uint32_t)));
    }
    buffer_reset(&key);
    arena_reset(&arena);
    return status;
}

enum status index_bounds_check(const struct index_schema *index, const struct value *item,
                               const struct item_bounds *bounds, struct error *error)
{
    for (size_t i = 0; i < index->partition_count + index->clustering_count; i++) {
        bool is_partition = i < index->partition_count;
        const struct key_column *column =
            is_partition ? &index->partition[i] : &index->clustering[i - index->partition_count];
        const struct value *value = value_map_get(item, column->name);
        bool is_bytes = value != NULL && (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES);
        size_t most = is_partition ? bounds->index_partition_key_bytes_max : bounds->index_sort_key_bytes_max;
        if (is_bytes && value->bytes.size > most) {
            return error_set(
                error, STATUS_TOO_LARGE,
                "One or more parameter values were invalid: Size limit exceeded for Index Key %.*s "
                "Actual Size: %zu bytes Max Size: %zu bytes IndexName: %.*s",
                (int)column->name.size, (const char *)column->name.data, value->bytes.size, most,
                (int)index->name.size, (const char *)index->name.data);
        }
    }
    return STATUS_OK;
}

/* What an index of elements has of a collection: how many, and one of them. */
static size_t index_elements(const struct value *found)
{
    return found == NULL                                           ? 0
           : found->kind == VALUE_MAP                              ? found->pairs.count
           : found->kind == VALUE_LIST || found->kind == VALUE_SET ? found->items.count
                                                                   : 0;
}

static struct value index_element(enum index_target target, const struct value *found, size_t i,
                                  struct arena *arena)
{
    if (found->kind != VALUE_MAP) {
        return found->items.at[i];
    }
    const struct value *pair = &found->pairs.at[2 * i];
    if (target != INDEX_OF_ENTRIES) {
        return target == INDEX_OF_KEYS ? pair[0] : pair[1];
    }
    struct value *parts = arena_create_array(arena, 2, sizeof(*parts));
    parts[0] = pair[0];
    parts[1] = pair[1];
    return (struct value){.kind = VALUE_TUPLE, .items = {.at = parts, .count = 2}};
}

/* A row of CQL's: its index says how much one value may have. */
static enum status index_fail_entry(const struct schema *table, const struct index_schema *index,
                                    enum status status, const struct value *value, struct error *error)
{
    bool is_bytes = value != NULL && (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES);
    struct bytes name = index->partition[0].name;
    return is_bytes
               ? error_set(error, status,
                           "Cannot index value of size %zu for index %.*s on %.*s(%.*s) (maximum allowed "
                           "size=%d)",
                           value->bytes.size, (int)index->name.size, (const char *)index->name.data,
                           (int)table->name.size, (const char *)table->name.data, (int)name.size,
                           (const char *)name.data, UINT16_MAX)
               : error_set(error, status, "The key of an entry of index %.*s is too long",
                           (int)index->name.size, (const char *)index->name.data);
}

enum status index_entry_keys(const struct schema *table, const struct index_schema *index,
                             struct bytes storage_key, const struct value *item,
                             enum status (*visit)(void *context, struct bytes entry, struct error *error),
                             void *context, struct error *error)
{
    struct buffer entry = {0};
    struct arena arena = {0};
    struct bytes name = index->partition[0].name;
    bool is_single = index->target == INDEX_OF_VALUE;
    const struct value *found = is_single ? NULL : value_map_get(item, name);
    size_t count = is_single ? 1 : index_elements(found);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct value pair[2] = {value_of_text(name), value_of_null()};
        struct value element = {.kind = VALUE_MAP, .pairs = {.at = pair, .count = 1}};
        if (!is_single) {
            pair[1] = index_element(index->target, found, i, &arena);
        }
        buffer_clear(&entry);
        status = index_entry_key(table, index, storage_key, is_single ? item : &element, &entry, NULL);
        /* Without the key's attributes, or with wrong ones, the row has no entry. */
        status = status == STATUS_OK ? visit(context, buffer_bytes(&entry), error)
                 : status == STATUS_NOT_FOUND || status == STATUS_INVALID
                     ? STATUS_OK
                     : index_fail_entry(table, index, status,
                                        is_single ? value_map_get(item, name) : &pair[1], error);
    }
    buffer_reset(&entry);
    arena_reset(&arena);
    return status;
}

bool index_expiry_of(const struct schema *schema, const struct value *item, int64_t *ret_seconds)
{
    const struct value *found =
        schema->ttl_attribute.size == 0 ? NULL : value_map_get(item, schema->ttl_attribute);
    if (found != NULL && found->kind == VALUE_INTEGER) {
        *ret_seconds = found->integer;
        return found->integer > 0;
    }
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t exponent = 0;
    bool is_negative = false;
    if (found == NULL || found->kind != VALUE_DECIMAL) {
        return false;
    }
    decimal_digits(&found->decimal, &digits, &exponent, &is_negative);
    int64_t seconds = 0;
    for (int64_t i = 0; i < exponent && i < 18; i++) { /* what follows the point counts for nothing */
        seconds = seconds * 10 + ((size_t)i < digits.size ? digits.data[i] - '0' : 0);
    }
    buffer_reset(&digits);
    *ret_seconds = seconds;
    return !is_negative && exponent > 0 && exponent <= 18;
}

void index_expiry_key(int64_t seconds, struct bytes storage_key, struct buffer *ret_key)
{
    buffer_put_u64(ret_key, (uint64_t)seconds);
    buffer_put(ret_key, storage_key);
}
