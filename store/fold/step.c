/* Background work in pieces that fit a batch: backfills and purges. What they make follows from what is logged, so it is
 * not logged itself; how far they are is kept in the same LMDB transaction.
 *
 *   metadata "B" index space, "E" table space → done u8 | storage key of the last row that was looked at */
#include "fold_private.h"
#include "row/stored.h"

/* The rows of a space after `after`, one by one. */
struct step_walk {
    struct environment_cursor *cursor;
    struct buffer space;
};

static enum status walk_open(struct environment_write *write, enum environment_tree tree, uint32_t space,
                             struct bytes after, struct step_walk *ret_walk, struct error *error)
{
    *ret_walk = (struct step_walk){0};
    buffer_put_u32(&ret_walk->space, space);
    struct buffer from = {0};
    buffer_put(&from, after.size == 0 ? buffer_bytes(&ret_walk->space) : after);
    if (after.size > 0) {
        buffer_put_u8(&from, 0);
    }
    enum status status = environment_write_cursor_open(write, tree, &ret_walk->cursor, error);
    if (status == STATUS_OK) {
        status = environment_cursor_seek_at_or_after(ret_walk->cursor, buffer_bytes(&from), error);
    }
    if (status == STATUS_OK &&
        !bytes_start_with(environment_cursor_key(ret_walk->cursor), buffer_bytes(&ret_walk->space))) {
        status = STATUS_END;
    }
    buffer_reset(&from);
    return status;
}

static enum status walk_next(struct step_walk *walk, struct error *error)
{
    enum status status = environment_cursor_next(walk->cursor, error);
    bool is_inside = status == STATUS_OK &&
                     bytes_start_with(environment_cursor_key(walk->cursor), buffer_bytes(&walk->space));
    return status == STATUS_OK && !is_inside ? STATUS_END : status;
}

static void walk_close(struct step_walk *walk)
{
    environment_cursor_close(&walk->cursor);
    buffer_reset(&walk->space);
}

/* A row to be indexed, copied since a put ends what a cursor lent. */
struct step_row {
    struct bytes storage_key;
    struct bytes key;
    struct bytes image;
};

static enum status backfill_collect(struct fold *fold, struct environment_write *write, uint32_t space,
                                    struct bytes after, struct step_row *rows, size_t *ret_count,
                                    struct error *error)
{
    struct step_walk walk;
    size_t count = 0;
    size_t bytes = 0;
    enum status status = walk_open(write, TREE_ROWS, space, after, &walk, error);
    while (status == STATUS_OK && count < FOLD_STEP_ROWS_MAX && bytes < FOLD_BATCH_BYTES_MAX) {
        struct bytes stored = {0};
        struct step_row *row = &rows[count];
        status = environment_cursor_value(walk.cursor, &stored, error);
        if (status == STATUS_OK) {
            row->storage_key = arena_copy(&fold->arena, environment_cursor_key(walk.cursor));
            stored = arena_copy(&fold->arena, stored);
            status = stored_row_decode(stored, &row->key, &row->image, error);
        }
        if (status == STATUS_OK) {
            count++;
            bytes += stored.size;
            status = walk_next(&walk, error);
        }
    }
    walk_close(&walk);
    *ret_count = count;
    return status;
}

static enum status backfill_row(struct fold *fold, struct environment_write *write,
                                const struct schema *schema, const struct index_schema *index,
                                const struct step_row *row, struct error *error)
{
    if (index != NULL) {
        return fold__entries(fold, write, schema, index, row->key, row->storage_key, row->image, 1, error);
    }
    struct schema expiries = *schema; /* only the expiry is wanted */
    expiries.indexes_count = 0;
    return fold__entries(fold, write, &expiries, NULL, row->key, row->storage_key, row->image, 1, error);
}

static enum status step_backfill(struct fold *fold, struct environment_write *write, struct write_step *step,
                                 struct error *error)
{
    const struct schema *schema = catalog_find_table(fold->options.catalog, step->schema->table);
    const struct index_schema *index =
        schema == NULL || step->index.size == 0 ? NULL : schema_index(schema, step->index);
    step->is_done = true;
    if (schema == NULL || (step->index.size > 0 && index == NULL)) {
        return STATUS_OK; /* gone meanwhile */
    }
    uint8_t name[METADATA_SPACE_KEY_BYTES];
    struct bytes metadata = index != NULL ? fold__metadata_key(name, METADATA_BACKFILL, index->space)
                                          : fold__metadata_key(name, METADATA_EXPIRIES, schema->space);
    struct bytes stored = {0};
    struct bytes after = {0};
    enum status status = environment_write_get(write, TREE_METADATA, metadata, &stored, error);
    if (status == STATUS_OK && stored.size > 0 && stored.data[0] == 1) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && stored.size > 1) {
        after = arena_copy(&fold->arena, bytes_from(stored, 1));
    } else if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    struct step_row *rows = arena_create_array(&fold->arena, FOLD_STEP_ROWS_MAX, sizeof(*rows));
    size_t count = 0;
    status = backfill_collect(fold, write, schema->space, after, rows, &count, error);
    step->is_done = status == STATUS_END;
    status = status == STATUS_END ? STATUS_OK : status;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = backfill_row(fold, write, schema, index, &rows[i], error);
    }
    buffer_clear(&fold->stored);
    buffer_put_u8(&fold->stored, step->is_done ? 1 : 0);
    buffer_put(&fold->stored, count > 0 ? rows[count - 1].storage_key : after);
    return status == STATUS_OK
               ? environment_write_put(write, TREE_METADATA, metadata, buffer_bytes(&fold->stored), error)
               : status;
}

/* Erases up to `most` entries of a tree that begin with the space. */
static enum status purge_tree(struct fold *fold, struct environment_write *write, enum environment_tree tree,
                              uint32_t space, size_t *most, struct error *error)
{
    struct bytes *keys = arena_create_array(&fold->arena, *most, sizeof(*keys));
    struct step_walk walk;
    size_t count = 0;
    enum status status = walk_open(write, tree, space, (struct bytes){0}, &walk, error);
    while (status == STATUS_OK && count < *most) {
        keys[count++] = arena_copy(&fold->arena, environment_cursor_key(walk.cursor));
        status = walk_next(&walk, error);
    }
    walk_close(&walk);
    status = status == STATUS_END ? STATUS_OK : status;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = environment_write_erase(write, tree, keys[i], NULL, error);
    }
    *most -= count;
    return status;
}

static enum status step_purge(struct fold *fold, struct environment_write *write, struct write_step *step,
                              struct error *error)
{
    static const enum metadata_kind kinds[] = {METADATA_TOTAL, METADATA_BACKFILL, METADATA_EXPIRIES,
                                               METADATA_RETIRED};
    size_t most = FOLD_STEP_ROWS_MAX;
    enum status status = purge_tree(fold, write, TREE_ROWS, step->space, &most, error);
    if (status == STATUS_OK && most > 0) {
        status = purge_tree(fold, write, TREE_INDEX, step->space, &most, error);
    }
    step->is_done = most > 0;
    for (size_t i = 0; i < ARRAY_COUNT(kinds) && status == STATUS_OK && step->is_done; i++) {
        uint8_t key[METADATA_SPACE_KEY_BYTES];
        status = environment_write_erase(write, TREE_METADATA, fold__metadata_key(key, kinds[i], step->space),
                                         NULL, error);
    }
    return status;
}

enum status fold__step(struct fold *fold, struct environment_write *write, struct write_step *step,
                       struct error *error)
{
    switch (step->kind) {
    case STEP_BACKFILL:
        return step_backfill(fold, write, step, error);
    case STEP_PURGE:
        return step_purge(fold, write, step, error);
    case STEP_FORGET:
        step->is_done = true;
        return environment_write_erase(write, TREE_EXPIRY, step->index, NULL, error);
    case STEP_NONE:
        break;
    }
    return STATUS_OK;
}
