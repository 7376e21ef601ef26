#include "row/document.h"

#include "row/key.h"
#include "row/plain.h"
#include "value/order.h"
#include "value/serial.h"

/* --- reading ---------------------------------------------------------------------------------------------------- */

static enum status document_damaged(const struct column *column, enum status status, struct error *error)
{
    if (status == STATUS_INVALID) {
        status = error_set(error, STATUS_CORRUPT, "column %.*s holds bytes that are none of its type",
                           (int)column->name.size, (const char *)column->name.data);
    }
    return status;
}

/* A map's pairs, a set's or list's items, and all fields of a UDT, null where they are not set: from the elements that show. */
static enum status document_element(const struct type *type, const struct wide_element *element,
                                    struct arena *arena, struct value *collection, struct error *error)
{
    struct value *at = NULL;
    switch ((int)type->kind) {
    case TYPE_SET:
        at = &collection->items.at[collection->items.count++];
        return serial_decode(&type->parameters[0], element->path, arena, at, error);
    case TYPE_LIST:
        at = &collection->items.at[collection->items.count++];
        return serial_decode(&type->parameters[0], element->cell.value, arena, at, error);
    case TYPE_MAP: {
        at = &collection->pairs.at[2 * collection->pairs.count++];
        enum status status = serial_decode(&type->parameters[0], element->path, arena, at, error);
        return status == STATUS_OK
                   ? serial_decode(&type->parameters[1], element->cell.value, arena, at + 1, error)
                   : status;
    }
    default: { /* UDT */
        size_t field = element->path.size == 2 ? bytes_get_u16(element->path.data) : SIZE_MAX;
        if (field >= type->count) {
            return error_set(error, STATUS_INVALID, "no such field");
        }
        collection->items.count = type->count;
        return serial_decode(&type->parameters[field], element->cell.value, arena,
                             &collection->items.at[field], error);
    }
    }
}

static enum status document_multi(const struct type *type, const struct wide_column *stored, int64_t now,
                                  struct arena *arena, struct value *ret_value, struct error *error)
{
    static const enum value_kind kinds[] = {
        [TYPE_LIST] = VALUE_LIST, [TYPE_SET] = VALUE_SET, [TYPE_MAP] = VALUE_MAP, [TYPE_UDT] = VALUE_UDT};
    struct value collection = {.kind = kinds[type->kind]};
    size_t shown = 0;
    size_t room = type->kind == TYPE_UDT ? type->count : 2 * stored->count;
    enum status status = STATUS_OK;
    collection.items.at = arena_create_array(arena, room, sizeof(struct value));
    for (size_t i = 0; i < stored->count && status == STATUS_OK; i++) {
        if (wide_cell_shows(&stored->elements[i].cell, now)) {
            status = document_element(type, &stored->elements[i], arena, &collection, error);
            shown++;
        }
    }
    if (status == STATUS_OK && (type->kind == TYPE_SET || type->kind == TYPE_MAP)) {
        value_sort(&collection, arena);
    }
    if (status == STATUS_OK && shown > 0) {
        *ret_value = collection;
    }
    return status;
}

enum status document_column(const struct column *column, const struct wide_row *row, int64_t now,
                            struct arena *arena, struct value *ret_value, struct error *error)
{
    const struct wide_column *stored = wide_row_column(row, column->id);
    enum status status = STATUS_OK;
    *ret_value = value_of_null();
    if (stored != NULL && stored->is_multi != type_is_multi_cell(&column->type)) {
        status = STATUS_INVALID;
    } else if (stored != NULL && stored->is_multi) {
        status = document_multi(&column->type, stored, now, arena, ret_value, error);
    } else if (stored != NULL && wide_cell_shows(&stored->cell, now)) {
        status = serial_decode(&column->type, stored->cell.value, arena, ret_value, error);
    }
    return document_damaged(column, status, error);
}

static void document_add(struct value *item, struct bytes name, struct value value)
{
    item->pairs.at[2 * item->pairs.count] = value_of_text(name);
    item->pairs.at[2 * item->pairs.count + 1] = value;
    item->pairs.count++;
}

static enum status document_key(const struct schema *schema, struct bytes key, struct arena *arena,
                                struct value *item, struct error *error)
{
    struct value partition[PARTITION_COLUMNS_MAX];
    struct value clustering[CLUSTERING_COLUMNS_MAX];
    size_t count = 0;
    enum status status = key_decode(schema, key, arena, partition, clustering, &count, error);
    for (size_t i = 0; i < schema->partition_count && status == STATUS_OK; i++) {
        document_add(item, schema->partition[i].name, partition[i]);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        document_add(item, schema->clustering[i].name, clustering[i]);
    }
    return status;
}

enum status document_of_key(const struct schema *schema, struct bytes key, struct arena *arena,
                            struct value *ret_item, struct error *error)
{
    struct value item = {.kind = VALUE_MAP};
    size_t most = schema->partition_count + schema->clustering_count;
    item.pairs.at = arena_create_array(arena, 2 * most, sizeof(struct value));
    enum status status = document_key(schema, key, arena, &item, error);
    if (status == STATUS_OK) {
        CHECK(value_map_sort(&item));
        *ret_item = item;
    }
    return status;
}

enum status document_of_wide(const struct schema *schema, struct bytes key, struct bytes image, int64_t now,
                             struct arena *arena, struct value *ret_item, struct error *error)
{
    struct wide_row row;
    enum row_kind kind = key_kind(key);
    if (kind != ROW_STATIC && kind != ROW_PLAIN) {
        return error_set(error, STATUS_NOT_FOUND, "no row");
    }
    enum status status = wide_row_decode_of(schema, image, arena, &row, error);
    return status == STATUS_OK ? document_of_row(schema, key, &row, now, arena, ret_item, error) : status;
}

enum status document_of_row(const struct schema *schema, struct bytes key, const struct wide_row *row,
                            int64_t now, struct arena *arena, struct value *ret_item, struct error *error)
{
    bool is_static = key_kind(key) == ROW_STATIC;
    if (!wide_row_shows(schema, row, now)) {
        return error_set(error, STATUS_NOT_FOUND, "no such row");
    }
    size_t most = schema->partition_count + schema->clustering_count + schema->columns_count;
    struct value item = {.kind = VALUE_MAP};
    item.pairs.at = arena_create_array(arena, 2 * most, sizeof(struct value));
    enum status status = document_key(schema, key, arena, &item, error);
    for (size_t i = 0; i < schema->columns_count && status == STATUS_OK; i++) {
        struct value value;
        const struct column *column = &schema->columns[i];
        if (column->is_static != is_static) {
            continue;
        }
        status = document_column(column, row, now, arena, &value, error);
        if (status == STATUS_OK && value.kind != VALUE_NULL) {
            document_add(&item, column->name, value);
        }
    }
    if (status == STATUS_OK) {
        CHECK(value_map_sort(&item));
        *ret_item = item;
    }
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static enum status part_encode(const struct type *type, const struct value *value, struct arena *arena,
                               struct bytes *ret_bytes, struct error *error)
{
    struct buffer buffer = {0};
    enum status status = serial_encode(type, value, &buffer, error);
    *ret_bytes = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return status;
}

static enum status part_of_field(const struct type *type, size_t field, const struct value *value,
                                 struct arena *arena, struct wide_part *part, struct error *error)
{
    uint8_t *path = arena_create(arena, 2);
    bytes_put_u16(path, (uint16_t)field);
    part->path = bytes_of(path, 2);
    part->is_null = value->kind == VALUE_NULL;
    return part->is_null ? STATUS_OK
                         : part_encode(&type->parameters[field], value, arena, &part->value, error);
}

static enum status part_of_element(const struct type *type, const struct value *value, size_t i,
                                   struct arena *arena, struct wide_part *part, struct error *error)
{
    switch ((int)type->kind) {
    case TYPE_SET:
        return part_encode(&type->parameters[0], &value->items.at[i], arena, &part->path, error);
    case TYPE_LIST:
        return part_encode(&type->parameters[0], &value->items.at[i], arena, &part->value, error);
    case TYPE_MAP: {
        enum status status =
            part_encode(&type->parameters[0], &value->pairs.at[2 * i], arena, &part->path, error);
        return status == STATUS_OK ? part_encode(&type->parameters[1], &value->pairs.at[2 * i + 1], arena,
                                                 &part->value, error)
                                   : status;
    }
    default: /* UDT */
        return part_of_field(type, i, &value->items.at[i], arena, part, error);
    }
}

enum status document_parts(const struct type *type, const struct value *value, struct arena *arena,
                           struct wide_part **ret_parts, size_t *ret_count, struct error *error)
{
    size_t count = value->kind == VALUE_MAP ? value->pairs.count : value->items.count;
    struct wide_part *parts = arena_create_array(arena, count, sizeof(*parts));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = part_of_element(type, value, i, arena, &parts[i], error);
    }
    *ret_parts = parts;
    *ret_count = count;
    return status;
}

static enum status document_action(const struct column *column, const struct value *value,
                                   struct arena *arena, struct wide_action *ret_action, struct error *error)
{
    struct wide_part *parts = arena_create(arena, sizeof(*parts));
    *ret_action = (struct wide_action){.kind = WIDE_SET, .column = column->id, .parts = parts, .count = 1};
    if (type_is_multi_cell(&column->type)) {
        ret_action->kind = column->type.kind == TYPE_LIST ? WIDE_REPLACE_LIST : WIDE_REPLACE;
        if (value == NULL) {
            ret_action->count = 0;
            return STATUS_OK;
        }
        enum status status = document_parts(&column->type, value, arena, &parts, &ret_action->count, error);
        ret_action->parts = parts;
        return status;
    }
    parts->is_null = value == NULL;
    return value == NULL ? STATUS_OK : part_encode(&column->type, value, arena, &parts->value, error);
}

/* Every attribute must be a column of the row. */
static enum status document_check_names(const struct schema *schema, bool is_static, const struct value *item,
                                        struct error *error)
{
    for (size_t i = 0; i < item->pairs.count; i++) {
        struct bytes name = item->pairs.at[2 * i].bytes;
        const struct column *column = schema_column(schema, name);
        if (!schema_is_key(schema, name) && (column == NULL || column->is_static != is_static)) {
            return error_set(error, STATUS_INVALID, "Undefined column name %.*s in table %.*s",
                             (int)name.size, (const char *)name.data, (int)schema->name.size,
                             (const char *)schema->name.data);
        }
    }
    return STATUS_OK;
}

/* The value that an item has for a column, as its type wants it; NULL: none. */
static enum status document_value(const struct column *column, const struct value *item, struct arena *arena,
                                  const struct value **ret_value, struct error *error)
{
    const struct value *found = item == NULL ? NULL : value_map_get(item, column->name);
    *ret_value = NULL;
    if (found == NULL || found->kind == VALUE_NULL) {
        return STATUS_OK;
    }
    struct value *coerced = arena_create(arena, sizeof(*coerced));
    *coerced = plain_to(&column->type, found, arena);
    enum status status = type_check(&column->type, coerced, error);
    if (status != STATUS_OK) {
        error_prefix(error, "column %.*s", (int)column->name.size, (const char *)column->name.data);
        return status;
    }
    *ret_value = coerced;
    return STATUS_OK;
}

enum status document_to_wide(const struct schema *schema, bool is_static, const struct value *before,
                             const struct value *after, struct arena *arena, struct wide_update *ret_update,
                             struct error *error)
{
    struct wide_action *actions = arena_create_array(arena, schema->columns_count, sizeof(*actions));
    size_t count = 0;
    enum status status = document_check_names(schema, is_static, after, error);
    for (size_t i = 0; i < schema->columns_count && status == STATUS_OK; i++) {
        const struct column *column = &schema->columns[i];
        const struct value *old = NULL;
        const struct value *new = NULL;
        if (column->is_static != is_static) {
            continue;
        }
        status = document_value(column, before, arena, &old, error);
        if (status == STATUS_OK) {
            status = document_value(column, after, arena, &new, error);
        }
        bool is_same = (old == NULL) == (new == NULL) && (old == NULL || value_equal(old, new));
        if (status == STATUS_OK && !is_same) {
            status = document_action(column, new, arena, &actions[count++], error);
        }
    }
    *ret_update = (struct wide_update){.has_marker = !is_static, .actions = actions, .count = count};
    return status;
}

enum status document_record_moments(const struct record *record, struct bytes old_image,
                                    int64_t commit_time_us, int64_t *ret_old_now, int64_t *ret_new_now,
                                    struct error *error)
{
    int64_t now = commit_time_us / 1000000;
    int64_t first = 0;
    struct arena arena = {0};
    struct wide_row row;
    bool is_expiry =
        record->cause.kind == CAUSE_TTL && (record->flags & RECORD_HAS_OLD) != 0 && key_is_row(record->key);
    enum status status = is_expiry ? wide_row_decode(old_image, &arena, &row, error) : STATUS_OK;
    *ret_new_now = now;
    *ret_old_now =
        is_expiry && status == STATUS_OK && wide_row_first_expired(&row, now, &first) ? first - 1 : now;
    arena_reset(&arena);
    return status;
}
