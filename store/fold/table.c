/* Changes of tables, as transactions: a row of system.tables and a record for everyone who follows the table. */
#include "catalog/catalog.h"
#include "codec/pack.h"
#include "fold/write.h"
#include "fold_private.h"

static bool schema_has_space(const struct schema *schema, uint32_t space)
{
    if (schema == NULL) {
        return false;
    }
    for (size_t i = 0; i < schema->indexes_count; i++) {
        if (schema->indexes[i].space == space) {
            return true;
        }
    }
    return schema->space == space;
}

/* Whether an index that was complete has to be filled in anew, in the space it has. */
static bool index_is_refilled(const struct schema *next, const struct index_schema *index)
{
    bool is_refilled = false;
    for (size_t i = 0; next != NULL && i < next->indexes_count && !is_refilled; i++) {
        is_refilled = next->indexes[i].space == index->space && index->state == INDEX_ACTIVE &&
                      next->indexes[i].state == INDEX_CREATING;
    }
    return is_refilled;
}

static void space_add(struct value *spaces, uint32_t space)
{
    spaces->items.at[spaces->items.count++] = value_of_integer(space);
}

/* The record's image: {"refilled": [space, …], "retired": [space, …]}, those of indexes that are filled in anew where they are,
 * and those that nobody writes to from now on. */
static struct bytes left_spaces_encode(const struct schema *current, const struct schema *next,
                                       struct arena *arena)
{
    struct buffer image = {0};
    struct value pairs[] = {value_of_text(bytes_of_text("refilled")),
                            {.kind = VALUE_LIST},
                            value_of_text(bytes_of_text("retired")),
                            {.kind = VALUE_LIST}};
    for (size_t i = 1; i < ARRAY_COUNT(pairs); i += 2) {
        pairs[i].items.at = arena_create_array(arena, current->indexes_count + 1, sizeof(struct value));
    }
    if (!schema_has_space(next, current->space)) {
        space_add(&pairs[3], current->space);
    }
    for (size_t i = 0; i < current->indexes_count; i++) {
        const struct index_schema *index = &current->indexes[i];
        if (!schema_has_space(next, index->space)) {
            space_add(&pairs[3], index->space);
        } else if (index_is_refilled(next, index)) {
            space_add(&pairs[1], index->space);
        }
    }
    struct value map = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = ARRAY_COUNT(pairs) / 2}};
    codec_value_encode(&image, &map);
    struct bytes copy = arena_copy(arena, buffer_bytes(&image));
    buffer_reset(&image);
    return copy;
}

size_t write_table_change(struct catalog *catalog, struct arena *arena, const struct schema *current,
                          const struct schema *next, enum operation operation,
                          struct write_change ret_changes[2])
{
    struct buffer key = {0};
    struct buffer image = {0};
    catalog_row_encode(next == NULL ? current : next, next == NULL, &key, &image);
    ret_changes[0] = (struct write_change){
        .kind = CHANGE_PUT,
        .schema = catalog_find_table(catalog, CATALOG_TABLES),
        .key = arena_copy(arena, buffer_bytes(&key)),
        .image = arena_copy(arena, buffer_bytes(&image)),
    };
    buffer_reset(&key);
    buffer_reset(&image);
    if (current == NULL) {
        return 1;
    }
    ret_changes[1] = (struct write_change){
        .kind = CHANGE_TABLE,
        .operation = operation,
        .schema = current,
        .image = left_spaces_encode(current, next, arena),
    };
    return 2;
}

/* Another TTL attribute, perhaps: the expiries are filled in anew. */
static enum status retire_expiries(struct fold *fold, struct environment_write *write,
                                   const struct record *record, struct error *error)
{
    uint8_t key[METADATA_SPACE_KEY_BYTES];
    const struct schema *schema =
        catalog_find_version(fold->options.catalog, record->table, record->schema_version);
    if (schema == NULL) {
        return error_set(error, STATUS_CORRUPT, "a record of a schema version that is not known");
    }
    return environment_write_erase(write, TREE_METADATA,
                                   fold__metadata_key(key, METADATA_EXPIRIES, schema->space), NULL, error);
}

/* What was filled in of those indexes is forgotten; their entries stay. Records of older versions name none. */
static enum status refill(struct environment_write *write, const struct value *spaces, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; spaces != NULL && i < spaces->items.count && status == STATUS_OK; i++) {
        uint8_t key[METADATA_SPACE_KEY_BYTES];
        status = environment_write_erase(write, TREE_METADATA,
                                         fold__metadata_key(key, METADATA_BACKFILL,
                                                            (uint32_t)spaces->items.at[i].integer),
                                         NULL, error);
    }
    return status;
}

enum status fold__retire(struct fold *fold, struct environment_write *write, const struct record *record,
                         uint64_t lsn, struct error *error)
{
    struct value image;
    struct arena arena = {0};
    enum status status = codec_value_decode(record->new_image, &arena, &image, error);
    const struct value *spaces = status == STATUS_OK ? value_map_get(&image, bytes_of_text("retired")) : NULL;
    bool is_sound = spaces != NULL && spaces->kind == VALUE_LIST;
    if (status == STATUS_OK && !is_sound) {
        status = error_set(error, STATUS_CORRUPT, "a malformed record of a change to a table");
    }
    for (size_t i = 0; is_sound && status == STATUS_OK && i < spaces->items.count; i++) {
        uint8_t key[METADATA_SPACE_KEY_BYTES];
        uint8_t value[8];
        bytes_put_u64(value, lsn);
        status = environment_write_put(write, TREE_METADATA,
                                       fold__metadata_key(key, METADATA_RETIRED,
                                                          (uint32_t)spaces->items.at[i].integer),
                                       bytes_of(value, sizeof(value)), error);
    }
    if (status == STATUS_OK) {
        status = refill(write, value_map_get(&image, bytes_of_text("refilled")), error);
    }
    if (status == STATUS_OK && record->operation == OPERATION_SCHEMA) {
        status = retire_expiries(fold, write, record, error);
    }
    arena_reset(&arena);
    return status;
}
