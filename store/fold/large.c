/* Deletions of more rows than one transaction changes: the tombstone is the change, and the rows leave in transactions of
 * their own. Until then everybody lays the deletion over what is stored. MODEL "Keys", catalog/deletion.h. */
#include "catalog/rows.h"
#include "fold_private.h"
#include "row/key.h"
#include "row/stored.h"

static enum status under_way_add(void *context, struct bytes image, struct error *error)
{
    return deletions_add(context, image, error);
}

static enum status under_way_load(struct fold *fold, struct environment_write *write, struct error *error)
{
    struct environment_cursor *cursor = NULL;
    deletions_clear(&fold->under_way);
    enum status status = environment_write_cursor_open(write, TREE_ROWS, &cursor, error);
    if (status == STATUS_OK) {
        status = catalog_rows_visit(cursor, CATALOG_DELETIONS, under_way_add, &fold->under_way, error);
    }
    environment_cursor_close(&cursor);
    return status;
}

enum status fold__under_way(struct fold *fold, struct environment_write *write,
                            const struct deletions **ret_deletions, struct error *error)
{
    enum status status = fold->under_way_is_stale ? under_way_load(fold, write, error) : STATUS_OK;
    fold->under_way_is_stale = status != STATUS_OK;
    *ret_deletions = &fold->under_way;
    return status;
}

void fold__row_stage(struct arena *arena, struct fold_row *row, bool is_there, struct bytes image,
                     struct cause cause)
{
    row->stages = arena_grow_array(arena, row->stages, row->stages_count, sizeof(*row->stages));
    row->stages[row->stages_count++] =
        (struct fold_stage){.is_there = is_there, .image = image, .cause = cause};
}

enum status fold__under_way_settle(struct fold *fold, struct environment_write *write, struct bytes storage,
                                   struct fold_row *row, struct error *error)
{
    const struct deletions *under_way = NULL;
    enum status status = fold__under_way(fold, write, &under_way, error);
    for (size_t i = 0; status == STATUS_OK && i < under_way->count && row->has_new; i++) {
        const struct deletion *deletion = &under_way->at[i];
        struct bytes left = {0};
        if (!deletion_covers(deletion, storage, row->key)) {
            continue;
        }
        status = deletion_apply(deletion, row->new_image, &fold->arena, &left, error);
        if (status == STATUS_OK && !bytes_equal(left, row->new_image)) {
            row->has_new = left.size > 0;
            row->new_image = left;
            fold__row_stage(&fold->arena, row, row->has_new, left,
                            (struct cause){.kind = CAUSE_RANGE_DELETE, .lsn = deletion->lsn});
        }
    }
    return status;
}

/* Rows of so many bytes leave with their deletion: a share of what the transaction may still hold, so that a deletion of many
 * partitions or ranges is never too large for it. */
static size_t large_bytes(const struct fold_transaction *transaction)
{
    enum {
        SHARES = FOLD_OLD_BYTES_MAX / FOLD_DELETE_BYTES_MAX
    };
    size_t held = transaction->old_bytes;
    return held < FOLD_OLD_BYTES_MAX ? (FOLD_OLD_BYTES_MAX - held) / SHARES : 0;
}

enum status fold__range_is_large(const struct fold_scene *scene, const struct schema *schema,
                                 struct bytes partition, const struct wide_range *range, bool *ret_is_large,
                                 struct error *error)
{
    size_t most = scene->fold->options.delete_rows_max;
    size_t rows_max = most == 0 ? FOLD_DELETE_ROWS_MAX : most;
    size_t bytes_max = large_bytes(scene->transaction);
    struct fold_range walk;
    size_t rows = 0;
    size_t bytes = 0;
    enum status status = fold__range_open(scene, schema, partition, ROW_PLAIN, range, &walk, error);
    while (status == STATUS_OK && rows <= rows_max && bytes <= bytes_max) {
        struct bytes storage = {0};
        struct bytes stored = {0};
        status = fold__range_row(&walk, &storage, &stored, error);
        if (status == STATUS_OK) {
            rows++;
            bytes += stored.size;
            status = environment_cursor_next(walk.cursor, error);
        }
    }
    *ret_is_large = rows > rows_max || bytes > bytes_max;
    fold__range_close(&walk);
    return status == STATUS_END ? STATUS_OK : status;
}

/* What a stored row's newest timestamp is, as deletions under way leave it. */
static enum status large_row_newest(const struct deletions *under_way, struct bytes storage,
                                    struct bytes stored, struct arena *arena, int64_t *newest,
                                    struct error *error)
{
    struct wide_row row = wide_row_empty();
    struct bytes key = {0};
    struct bytes image = {0};
    enum status status = stored_row_decode(stored, &key, &image, error);
    if (status == STATUS_OK) {
        status = deletions_apply(under_way, UINT64_MAX, storage, key, image, arena, &image, error);
    }
    if (status == STATUS_OK && image.size > 0) {
        status = wide_row_decode(image, arena, &row, error);
    }
    int64_t found = status == STATUS_OK ? wide_row_newest(&row) : *newest;
    *newest = found > *newest ? found : *newest;
    return status;
}

enum status fold__large_newest(const struct fold_scene *scene, const struct schema *schema,
                               struct bytes partition, const struct wide_range *range, int64_t *newest,
                               struct error *error)
{
    struct fold_range walk;
    struct arena arena = {0};
    const struct deletions *under_way = NULL;
    enum status status = fold__under_way(scene->fold, scene->write, &under_way, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = fold__range_open(scene, schema, partition, ROW_PLAIN, range, &walk, error);
    while (status == STATUS_OK) {
        struct bytes storage = {0};
        struct bytes stored = {0};
        arena_clear(&arena);
        status = fold__range_row(&walk, &storage, &stored, error);
        if (status == STATUS_OK) {
            status = large_row_newest(under_way, storage, stored, &arena, newest, error);
        }
        if (status == STATUS_OK) {
            status = environment_cursor_next(walk.cursor, error);
        }
    }
    fold__range_close(&walk);
    arena_reset(&arena);
    return status == STATUS_END ? STATUS_OK : status;
}

enum status fold__delete_later(const struct fold_scene *scene, const struct schema *schema,
                               struct bytes partition, const struct wide_range *range, bool has_range,
                               struct error *error)
{
    struct fold *fold = scene->fold;
    struct buffer key = {0};
    struct buffer image = {0};
    struct fold_row *row = NULL;
    struct deletion deletion = {.lsn = scene->batch->next_lsn,
                                .number = scene->transaction->large++,
                                .table = schema->table,
                                .space = schema->space,
                                .partition = partition,
                                .has_range = has_range,
                                .range = *range};
    deletion_encode(&deletion, &key, &image);
    enum status status = fold__evaluate_row(fold, scene->write, scene->transaction,
                                            catalog_find_table(fold->options.catalog, CATALOG_DELETIONS),
                                            arena_copy(&fold->arena, buffer_bytes(&key)), &row, error);
    if (status == STATUS_OK) {
        row->has_new = true;
        row->new_image = arena_copy(&fold->arena, buffer_bytes(&image));
    }
    buffer_reset(&key);
    buffer_reset(&image);
    return status;
}

enum status fold__under_way_tell(struct fold *fold, struct environment_write *write, struct error *error)
{
    const struct deletions *under_way = NULL;
    if (!fold->under_way_changed) {
        return STATUS_OK;
    }
    enum status status = fold__under_way(fold, write, &under_way, error);
    if (status == STATUS_OK && under_way->count > 0) {
        environment_mask(fold->options.environment, true);
    }
    return status;
}

void fold__under_way_told(struct fold *fold)
{
    if (fold->under_way_changed) {
        environment_mask(fold->options.environment, fold->under_way.count > 0);
    }
    fold->under_way_changed = false;
}
