/* Keys of requests against the table's. */
#include "catalog/index.h"
#include "dynamodb_private.h"

#define KEY_INVALID "One or more parameter values were invalid: "

const struct item_bounds dynamodb_item_bounds = {
    .item_bytes_max = DYNAMODB_ITEM_BYTES_MAX,
    .depth_max = DYNAMODB_ITEM_DEPTH_MAX,
    .index_partition_key_bytes_max = DYNAMODB_PARTITION_KEY_BYTES_MAX,
    .index_sort_key_bytes_max = DYNAMODB_SORT_KEY_BYTES_MAX,
};

const char *key_type_letter(enum type_kind kind)
{
    switch ((int)kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
    case TYPE_UUID:
    case TYPE_TIMEUUID:
    case TYPE_INET:
        return "S";
    case TYPE_BLOB:
        return "B";
    default:
        return "N";
    }
}

static enum status key_check_size(struct call *call, const struct schema *schema, size_t i,
                                  const struct value *value)
{
    bool is_partition = i < schema->partition_count;
    const struct key_column *column = schema_key_column(schema, i);
    bool is_text = value->kind == VALUE_TEXT;
    if (!is_text && value->kind != VALUE_BYTES) {
        return STATUS_OK;
    }
    if (value->bytes.size == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "One or more parameter values are not valid. The AttributeValue for a key attribute "
                         "cannot contain an empty %s value. Key: %.*s",
                         is_text ? "string" : "binary", (int)column->name.size,
                         (const char *)column->name.data);
    }
    if (is_partition && value->bytes.size > DYNAMODB_PARTITION_KEY_BYTES_MAX) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         KEY_INVALID "Size of hashkey has exceeded the maximum size limit of%d bytes",
                         DYNAMODB_PARTITION_KEY_BYTES_MAX);
    }
    if (!is_partition && value->bytes.size > DYNAMODB_SORT_KEY_BYTES_MAX) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         KEY_INVALID
                         "Aggregated size of all range keys has exceeded the size limit of %d bytes",
                         DYNAMODB_SORT_KEY_BYTES_MAX);
    }
    return STATUS_OK;
}

enum status key_check_sizes(struct call *call, const struct schema *schema, const struct value *item)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema_key_count(schema) && status == STATUS_OK; i++) {
        const struct key_column *column = schema_key_column(schema, i);
        const struct value *value = value_map_get(item, column->name);
        bool is_typed =
            value != NULL && strcmp(document_type(value), key_type_letter(column->type.kind)) == 0;
        status = is_typed ? key_check_size(call, schema, i, value) : STATUS_OK;
    }
    return status;
}

enum status key_check(struct call *call, const struct schema *schema, const struct value *key)
{
    if (key->pairs.count != schema_key_count(schema)) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "The provided key element does not match the schema");
    }
    for (size_t i = 0; i < schema_key_count(schema); i++) {
        const struct key_column *column = schema_key_column(schema, i);
        const struct value *value = value_map_get(key, column->name);
        if (value == NULL || strcmp(document_type(value), key_type_letter(column->type.kind)) != 0) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             "The provided key element does not match the schema");
        }
    }
    return key_check_sizes(call, schema, key);
}

static enum status key_check_index(struct call *call, const struct schema *schema,
                                   const struct index_schema *index, const struct value *item)
{
    const uint8_t storage[4] = {0};
    struct buffer entry = {0};
    struct error error;
    enum status status =
        index_entry_key(schema, index, bytes_of(storage, sizeof(storage)), item, &entry, &error);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = index_bounds_check(index, item, &dynamodb_item_bounds, &error);
    }
    buffer_reset(&entry);
    return status == STATUS_OK ? status : call_fail_error(call, status, error.text);
}

/* Index keys that an item has must fit, whatever the store holds. */
static enum status key_check_indexes(struct call *call, const struct schema *schema, const struct value *item)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema->indexes_count && status == STATUS_OK; i++) {
        status = key_check_index(call, schema, &schema->indexes[i], item);
    }
    return status;
}

static bool index_has_empty(const struct index_schema *index, const struct value *item)
{
    for (size_t i = 0; i < index->partition_count + index->clustering_count; i++) {
        const struct key_column *column = index_key_column(index, i);
        const struct value *value = value_map_get(item, column->name);
        bool has_bytes = value != NULL && (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES);
        if (has_bytes && value->bytes.size == 0 &&
            strcmp(document_type(value), key_type_letter(column->type.kind)) == 0) {
            return true;
        }
    }
    return false;
}

enum status key_check_empty(struct call *call, const struct schema *schema, const struct value *item)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema->indexes_count && status == STATUS_OK; i++) {
        const struct index_schema *index = &schema->indexes[i];
        status = index_has_empty(index, item) ? key_check_index(call, schema, index, item) : STATUS_OK;
    }
    return status;
}

enum status key_check_item(struct call *call, const struct schema *schema, const struct value *item)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema_key_count(schema) && status == STATUS_OK; i++) {
        const struct key_column *column = schema_key_column(schema, i);
        const struct value *value = value_map_get(item, column->name);
        const char *wanted = key_type_letter(column->type.kind);
        if (value == NULL) {
            return call_fail(call, AWS_FAILURE_VALIDATION, KEY_INVALID "Missing the key %.*s in the item",
                             (int)column->name.size, (const char *)column->name.data);
        }
        if (strcmp(document_type(value), wanted) != 0) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             KEY_INVALID "Type mismatch for key %.*s expected: %s actual: %s",
                             (int)column->name.size, (const char *)column->name.data, wanted,
                             document_type(value));
        }
        status = key_check_size(call, schema, i, value);
    }
    return status == STATUS_OK ? key_check_indexes(call, schema, item) : status;
}

struct value key_of_item(const struct schema *schema, const struct value *item, struct arena *arena)
{
    struct value key = {.kind = VALUE_MAP};
    for (size_t i = 0; i < schema_key_count(schema); i++) {
        struct bytes name = schema_key_column(schema, i)->name;
        map_set_member(&key, arena_copy_text(arena, name), value_map_get(item, name), arena);
    }
    return key;
}
