/* Rows of wide tables: late writes, deletions of ranges and partitions, expiry. MODEL "Stored state and visible state",
 * "Reconciliation". */
#include <stdlib.h>

#include "fold_private.h"
#include "row/key.h"
#include "row/stored.h"

enum {
    IMAGE_SPACE = 512, /* of common images and keys, so that they need no memory of the heap */
};

static int64_t scene_now(const struct fold_scene *scene)
{
    return scene->batch->commit_time_us / 1000000;
}

/* What the row is from now on. */
static void wide_store(struct fold_row *row)
{
    row->is_decoded = false;
    row->has_new = !wide_row_is_empty(&row->wide);
    row->is_unwritten = row->has_new;
}

void fold__wide_write(const struct fold_scene *scene, struct fold_row *row)
{
    uint8_t space[IMAGE_SPACE];
    struct buffer image = buffer_over(space, sizeof(space));
    if (row->is_unwritten) {
        wide_row_encode(&row->wide, &image);
        row->new_image = arena_copy(&scene->fold->arena, buffer_bytes(&image));
        row->is_unwritten = false;
    }
    buffer_reset(&image);
}

enum status fold__wide_prepare(const struct fold_scene *scene, struct fold_row *row, struct error *error)
{
    int64_t first = 0;
    if (row->is_wide) {
        return STATUS_OK;
    }
    row->wide = wide_row_empty();
    enum status status =
        row->has_new ? wide_row_decode_of(row->schema, row->new_image, &scene->fold->arena, &row->wide, error)
                     : STATUS_OK;
    row->is_wide = status == STATUS_OK;
    if (status == STATUS_OK && row->had_old && row->has_new &&
        wide_row_first_expired(&row->wide, scene_now(scene), &first)) {
        wide_row_expire(&row->wide, scene_now(scene));
        wide_store(row);
        fold__wide_write(scene, row);
        fold__row_stage(&scene->fold->arena, row, row->has_new, row->new_image,
                        (struct cause){.kind = CAUSE_TTL});
    }
    return status;
}

/* --- what masks a row --------------------------------------------------------------------------------------------- */

static enum status wide_header(const struct fold_scene *scene, const struct schema *schema,
                               struct bytes partition, struct fold_row **ret_row,
                               struct wide_header *ret_header, struct error *error)
{
    uint8_t space[IMAGE_SPACE];
    struct buffer key = buffer_over(space, sizeof(space));
    *ret_header = (struct wide_header){.deletion = WIDE_NO_DELETION};
    key_encode_pseudo(partition, ROW_HEADER, (struct bytes){0}, &key);
    struct bytes kept = arena_copy(&scene->fold->arena, buffer_bytes(&key));
    buffer_reset(&key);
    enum status status =
        fold__evaluate_row(scene->fold, scene->write, scene->transaction, schema, kept, ret_row, error);
    return status == STATUS_OK && (*ret_row)->has_new
               ? wide_header_decode((*ret_row)->new_image, ret_header, error)
               : status;
}

/* Where the storage keys of one kind of rows of a partition begin. */
static void wide_prefix(const struct schema *schema, struct bytes partition, enum row_kind kind,
                        struct buffer *ret_prefix)
{
    key_storage_partition(schema->space, partition, ret_prefix);
    buffer_put_u8(ret_prefix, (uint8_t)kind);
}

void fold__range_close(struct fold_range *rows)
{
    environment_cursor_close(&rows->cursor);
    buffer_reset(&rows->prefix);
}

enum status fold__range_open(const struct fold_scene *scene, const struct schema *schema,
                             struct bytes partition, enum row_kind kind, const struct wide_range *range,
                             struct fold_range *ret_rows, struct error *error)
{
    struct buffer low = {0};
    *ret_rows = (struct fold_range){.range = range};
    wide_prefix(schema, partition, kind, &ret_rows->prefix);
    buffer_put(&low, buffer_bytes(&ret_rows->prefix));
    buffer_put(&low, range->low);
    enum status status = environment_write_cursor_open(scene->write, TREE_ROWS, &ret_rows->cursor, error);
    if (status == STATUS_OK) {
        status = environment_cursor_seek_at_or_after(ret_rows->cursor, buffer_bytes(&low), error);
    }
    buffer_reset(&low);
    return status;
}

enum status fold__range_row(const struct fold_range *rows, struct bytes *ret_storage,
                            struct bytes *ret_stored, struct error *error)
{
    *ret_storage = environment_cursor_key(rows->cursor);
    bool is_inside = bytes_start_with(*ret_storage, buffer_bytes(&rows->prefix)) &&
                     wide_range_covers(rows->range, bytes_from(*ret_storage, rows->prefix.size));
    return is_inside ? environment_cursor_value(rows->cursor, ret_stored, error) : STATUS_END;
}

/* The range tombstone, as stored before this transaction, that a place lies in. STATUS_NOT_FOUND. */
static enum status wide_covering(const struct fold_scene *scene, const struct schema *schema,
                                 struct bytes partition, struct bytes clustering,
                                 struct wide_range *ret_range, struct bytes *ret_key, struct error *error)
{
    struct environment_cursor *cursor = NULL;
    struct buffer prefix = {0};
    struct buffer after = {0};
    struct bytes stored = {0};
    struct bytes image = {0};
    wide_prefix(schema, partition, ROW_RANGE_TOMBSTONE, &prefix);
    buffer_put(&after, buffer_bytes(&prefix));
    buffer_put(&after, clustering);
    buffer_put_u8(&after, 0);
    enum status status = environment_write_cursor_open(scene->write, TREE_ROWS, &cursor, error);
    if (status == STATUS_OK) {
        status = environment_cursor_seek_before(cursor, buffer_bytes(&after), error);
    }
    if (status == STATUS_OK && !bytes_start_with(environment_cursor_key(cursor), buffer_bytes(&prefix))) {
        status = STATUS_END;
    }
    if (status == STATUS_OK) {
        ret_range->low =
            arena_copy(&scene->fold->arena, bytes_from(environment_cursor_key(cursor), prefix.size));
        status = environment_cursor_value(cursor, &stored, error);
    }
    if (status == STATUS_OK) {
        stored = arena_copy(&scene->fold->arena, stored);
        status = stored_row_decode(stored, ret_key, &image, error);
    }
    if (status == STATUS_OK) {
        status = wide_range_decode(image, ret_range, error);
    }
    if (status == STATUS_OK && !wide_range_covers(ret_range, clustering)) {
        status = STATUS_END;
    }
    environment_cursor_close(&cursor);
    buffer_reset(&prefix);
    buffer_reset(&after);
    return status == STATUS_END ? STATUS_NOT_FOUND : status;
}

/* The clustering part of a row's storage key. */
static enum status wide_clustering(const struct fold_scene *scene, const struct schema *schema,
                                   struct bytes key, struct bytes *ret_clustering, struct error *error)
{
    struct buffer storage = {0};
    enum status status = key_storage(schema, key, &storage, error);
    if (status == STATUS_OK) {
        size_t offset = key_storage_kind_offset(buffer_bytes(&storage));
        *ret_clustering = arena_copy(&scene->fold->arena, bytes_from(buffer_bytes(&storage), offset + 1));
    }
    buffer_reset(&storage);
    return status;
}

/* The latest deletion that covers the row from outside: of its partition, or of a range. */
static enum status wide_mask(const struct fold_scene *scene, const struct schema *schema, struct bytes key,
                             struct wide_deletion *ret_mask, struct error *error)
{
    struct fold_row *header_row = NULL;
    struct wide_header header;
    struct bytes partition = key_partition(key);
    struct bytes clustering = {0};
    enum status status = wide_header(scene, schema, partition, &header_row, &header, error);
    *ret_mask = header.deletion;
    if (status != STATUS_OK || key_kind(key) != ROW_PLAIN || !header.has_ranges) {
        return status;
    }
    struct wide_range range;
    struct bytes range_key;
    status = wide_clustering(scene, schema, key, &clustering, error);
    if (status == STATUS_OK) {
        status = wide_covering(scene, schema, partition, clustering, &range, &range_key, error);
    }
    if (status == STATUS_OK) {
        *ret_mask = wide_deletion_later(*ret_mask, range.deletion);
    }
    for (const struct fold_deletion *each = scene->transaction->deletions; each != NULL; each = each->next) {
        if (each->schema->table == schema->table && bytes_equal(each->partition, partition) &&
            wide_range_covers(&each->range, clustering)) {
            *ret_mask = wide_deletion_later(*ret_mask, each->range.deletion);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* --- one row ------------------------------------------------------------------------------------------------------ */

enum status fold__wide_update(const struct fold_scene *scene, const struct wide_update *update,
                              struct fold_row *row, struct error *error)
{
    struct wide_deletion mask = WIDE_NO_DELETION;
    struct wide_moment moment = {
        .timestamp = update->has_timestamp ? update->timestamp : scene->transaction->timestamp,
        .commit_time_us = scene->batch->commit_time_us,
        .now_s = scene->transaction->now_s,
        .appended = &scene->batch->appended,
        .prepended = &scene->batch->prepended,
    };
    enum status status = fold__wide_prepare(scene, row, error);
    if (status == STATUS_OK) {
        status = wide_mask(scene, row->schema, row->key, &mask, error);
    }
    if (status == STATUS_OK) {
        status = wide_update_apply(row->schema, update, &moment, &scene->fold->arena, &row->wide, error);
    }
    if (status == STATUS_OK) {
        wide_row_settle(&row->wide, mask);
        wide_store(row);
    }
    return status;
}

/* --- many rows ---------------------------------------------------------------------------------------------------- */

/* Rows of a partition whose clustering part lies in a range: those stored, and those that the transaction made. */
struct wide_walk {
    const struct fold_scene *scene;
    const struct schema *schema;
    struct bytes partition;
    enum row_kind kind;
    const struct wide_range *range;
    enum status (*visit)(struct wide_walk *walk, struct fold_row *row, struct error *error);
    struct wide_deletion deletion; /* what the visitor lays over the row */
    int64_t newest;                /* what the visitor found */
    bool may_end;                  /* not all have to be visited */
    bool has_found;                /* likewise */
    struct wide_range *found;      /* of range tombstones */
    size_t found_count;
};

static enum status walk_visit_stored(struct wide_walk *walk, struct bytes stored, struct error *error)
{
    const struct fold_scene *scene = walk->scene;
    struct bytes key = {0};
    struct bytes image = {0};
    struct fold_row *row = NULL;
    enum status status = stored_row_decode(stored, &key, &image, error);
    if (status != STATUS_OK || !bytes_equal(key_partition(key), walk->partition)) {
        return status;
    }
    status = fold__evaluate_row(scene->fold, scene->write, scene->transaction, walk->schema,
                                arena_copy(&scene->fold->arena, key), &row, error);
    return status == STATUS_OK ? walk->visit(walk, row, error) : status;
}

static enum status walk_stored(struct wide_walk *walk, struct error *error)
{
    struct fold_range rows;
    size_t count = 0;
    enum status status =
        fold__range_open(walk->scene, walk->schema, walk->partition, walk->kind, walk->range, &rows, error);
    while (status == STATUS_OK) {
        struct bytes storage = {0};
        struct bytes stored = {0};
        status = fold__range_row(&rows, &storage, &stored, error);
        if (status == STATUS_OK && ++count > FOLD_CHANGES_MAX) {
            status = walk->may_end ? STATUS_END
                                   : error_set(error, STATUS_TOO_LARGE,
                                               "a delete that meets more than %d others of ranges; delete "
                                               "smaller ranges, one after the other",
                                               FOLD_CHANGES_MAX);
        }
        if (status == STATUS_OK) {
            status = walk_visit_stored(walk, stored, error);
        }
        if (status == STATUS_OK) {
            status = environment_cursor_next(rows.cursor, error);
        }
    }
    fold__range_close(&rows);
    return status == STATUS_END ? STATUS_OK : status;
}

/* Rows of the transaction that the store does not have. Of range tombstones all that it touched, wherever they begin: they
 * may reach farther than those stored. */
static enum status walk_made(struct wide_walk *walk, struct error *error)
{
    const struct fold_transaction *transaction = walk->scene->transaction;
    size_t count = transaction->count; /* the visitor may add rows */
    bool is_ranges = walk->kind == ROW_RANGE_TOMBSTONE;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct fold_row *row = transaction->rows[i];
        struct bytes clustering = {0};
        if (row->table_change != NULL || (row->had_old && !is_ranges) ||
            row->schema->table != walk->schema->table || key_kind(row->key) != walk->kind ||
            !bytes_equal(key_partition(row->key), walk->partition)) {
            continue;
        }
        status = wide_clustering(walk->scene, row->schema, row->key, &clustering, error);
        if (status == STATUS_OK && (is_ranges || wide_range_covers(walk->range, clustering))) {
            status = walk->visit(walk, row, error);
        }
    }
    return status;
}

static enum status walk_run(struct wide_walk *walk, struct error *error)
{
    enum status status = walk_stored(walk, error);
    return status == STATUS_OK ? walk_made(walk, error) : status;
}

static enum status visit_mask(struct wide_walk *walk, struct fold_row *row, struct error *error)
{
    enum status status = fold__wide_prepare(walk->scene, row, error);
    if (status == STATUS_OK) {
        wide_row_settle(&row->wide, walk->deletion);
        wide_store(row);
    }
    return status;
}

static enum status visit_newest(struct wide_walk *walk, struct fold_row *row, struct error *error)
{
    enum status status = fold__wide_prepare(walk->scene, row, error);
    int64_t newest = status == STATUS_OK ? wide_row_newest(&row->wide) : walk->newest;
    walk->newest = newest > walk->newest ? newest : walk->newest;
    return status;
}

/* Takes a range tombstone out, to be put back in what the merge makes of it. */
static enum status visit_take(struct wide_walk *walk, struct fold_row *row, struct error *error)
{
    struct wide_range range;
    if (!row->has_new) {
        return STATUS_OK;
    }
    enum status status = wide_clustering(walk->scene, row->schema, row->key, &range.low, error);
    if (status == STATUS_OK) {
        status = wide_range_decode(row->new_image, &range, error);
    }
    if (status == STATUS_OK) {
        size_t count = walk->found_count;
        struct wide_range *found = arena_create_array(&walk->scene->fold->arena, count + 1, sizeof(*found));
        if (count > 0) {
            memcpy(found, walk->found, count * sizeof(*found));
        }
        found[count] = range;
        walk->found = found;
        walk->found_count = count + 1;
        row->has_new = false;
    }
    return status;
}

/* Takes out a range tombstone that the partition's deletion makes idle. */
static enum status visit_drop(struct wide_walk *walk, struct fold_row *row, struct error *error)
{
    struct wide_range range = {0};
    enum status status = row->has_new ? wide_range_decode(row->new_image, &range, error) : STATUS_OK;
    if (status == STATUS_OK && row->has_new && range.deletion.timestamp <= walk->deletion.timestamp) {
        row->has_new = false;
    }
    return status;
}

static int range_compare(const void *a, const void *b)
{
    return bytes_compare(((const struct wide_range *)a)->low, ((const struct wide_range *)b)->low);
}

static enum status range_put(const struct fold_scene *scene, const struct schema *schema,
                             struct bytes partition, const struct wide_range *range, struct error *error)
{
    struct fold_row *row = NULL;
    struct buffer key = {0};
    struct buffer image = {0};
    key_encode_pseudo(partition, ROW_RANGE_TOMBSTONE, range->low, &key);
    wide_range_encode(range, &image);
    enum status status = fold__evaluate_row(scene->fold, scene->write, scene->transaction, schema,
                                            arena_copy(&scene->fold->arena, buffer_bytes(&key)), &row, error);
    if (status == STATUS_OK) {
        row->new_image = arena_copy(&scene->fold->arena, buffer_bytes(&image));
        row->has_new = true;
    }
    buffer_reset(&key);
    buffer_reset(&image);
    return status;
}

/* Range tombstones that meet the new one are taken out, merged with it and put back. */
static enum status range_tombstones(struct wide_walk *walk, struct wide_range *added, struct error *error)
{
    const struct fold_scene *scene = walk->scene;
    struct wide_range *merged = NULL;
    struct wide_range before;
    struct bytes before_key = {0};
    struct fold_row *row = NULL;
    walk->kind = ROW_RANGE_TOMBSTONE;
    walk->visit = visit_take;
    enum status status =
        wide_covering(scene, walk->schema, walk->partition, added->low, &before, &before_key, error);
    if (status == STATUS_OK &&
        bytes_compare(before.low, added->low) < 0) { /* begins before, so the walk misses it */
        status = fold__evaluate_row(scene->fold, scene->write, scene->transaction, walk->schema,
                                    arena_copy(&scene->fold->arena, before_key), &row, error);
        status = status == STATUS_OK ? visit_take(walk, row, error) : status;
    }
    status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (status == STATUS_OK) {
        status = walk_run(walk, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (walk->found_count > 1) {
        qsort(walk->found, walk->found_count, sizeof(*walk->found), range_compare);
    }
    size_t count = wide_ranges_merge(walk->found, walk->found_count, added, &scene->fold->arena, &merged);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = range_put(scene, walk->schema, walk->partition, &merged[i], error);
    }
    return status;
}

static void header_put(const struct fold_scene *scene, struct fold_row *row, const struct wide_header *header)
{
    struct buffer image = {0};
    wide_header_encode(header, &image);
    row->new_image = arena_copy(&scene->fold->arena, buffer_bytes(&image));
    row->has_new = true;
    buffer_reset(&image);
}

/* The rows of a range: now, or, when they are many, later. */
static enum status delete_rows(struct wide_walk *walk, const struct wide_range *range, bool has_range,
                               struct error *error)
{
    bool is_large = false;
    enum status status =
        fold__range_is_large(walk->scene, walk->schema, walk->partition, range, &is_large, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_large) {
        return fold__delete_later(walk->scene, walk->schema, walk->partition, range, has_range, error);
    }
    walk->kind = ROW_PLAIN;
    walk->visit = visit_mask;
    return walk_run(walk, error);
}

static enum status delete_range(struct wide_walk *walk, const struct wide_range *range,
                                struct fold_row *header_row, struct wide_header *header, struct error *error)
{
    const struct fold_scene *scene = walk->scene;
    struct wide_range added = *range;
    added.deletion = walk->deletion;
    bool is_empty = range->has_high && bytes_compare(range->low, range->high) >= 0;
    if (is_empty || header->deletion.timestamp >= walk->deletion.timestamp) {
        return STATUS_OK;
    }
    struct fold_deletion *deletion = arena_create(&scene->fold->arena, sizeof(*deletion));
    *deletion = (struct fold_deletion){.schema = walk->schema,
                                       .partition = walk->partition,
                                       .range = added,
                                       .next = scene->transaction->deletions};
    scene->transaction->deletions = deletion;
    if (!header->has_ranges) {
        header->has_ranges = true;
        header_put(scene, header_row, header);
    }
    enum status status = delete_rows(walk, &added, true, error);
    return status == STATUS_OK ? range_tombstones(walk, &added, error) : status;
}

static enum status delete_partition(struct wide_walk *walk, struct fold_row *header_row,
                                    struct wide_header *header, struct error *error)
{
    struct wide_range whole = {.deletion = walk->deletion};
    header->deletion = wide_deletion_later(header->deletion, walk->deletion);
    header_put(walk->scene, header_row, header);
    walk->kind = ROW_STATIC;
    walk->visit = visit_mask;
    enum status status = walk_run(walk, error);
    if (status == STATUS_OK) {
        status = delete_rows(walk, &whole, false, error);
    }
    if (status == STATUS_OK && header->has_ranges) {
        walk->kind = ROW_RANGE_TOMBSTONE;
        walk->visit = visit_drop;
        walk->may_end = true; /* those that stay are idle */
        status = walk_run(walk, error);
    }
    return status;
}

enum status fold__wide_delete(const struct fold_scene *scene, const struct write_change *change,
                              struct error *error)
{
    static const struct wide_range whole = {.deletion = {.timestamp = WIDE_NO_TIMESTAMP}};
    struct fold_row *header_row = NULL;
    struct wide_header header;
    const struct wide_update *update = change->wide;
    struct wide_walk walk = {
        .scene = scene,
        .schema = change->schema,
        .partition = key_partition(change->key),
        .range = change->range == NULL ? &whole : change->range,
        .deletion = {.timestamp = update->has_timestamp ? update->timestamp : scene->transaction->timestamp,
                     .time = scene_now(scene)},
    };
    enum status status = wide_header(scene, change->schema, walk.partition, &header_row, &header, error);
    if (status != STATUS_OK) {
        return status;
    }
    return change->range == NULL ? delete_partition(&walk, header_row, &header, error)
                                 : delete_range(&walk, change->range, header_row, &header, error);
}

/* --- timestamps of the writer ------------------------------------------------------------------------------------- */

static void scene_newer_than(const struct fold_scene *scene, int64_t newest)
{
    int64_t next = newest == INT64_MAX ? newest : newest + 1;
    if (newest != WIDE_NO_TIMESTAMP && next > scene->transaction->timestamp) {
        scene->transaction->timestamp = next;
    }
}

static enum status timestamp_of_delete(const struct fold_scene *scene, const struct write_change *change,
                                       struct error *error)
{
    static const struct wide_range whole = {.deletion = {.timestamp = WIDE_NO_TIMESTAMP}};
    struct wide_walk walk = {.scene = scene,
                             .schema = change->schema,
                             .partition = key_partition(change->key),
                             .range = change->range == NULL ? &whole : change->range,
                             .kind = ROW_PLAIN,
                             .visit = visit_newest,
                             .newest = WIDE_NO_TIMESTAMP};
    bool is_large = false;
    enum status status =
        fold__range_is_large(scene, change->schema, walk.partition, walk.range, &is_large, error);
    if (status == STATUS_OK) {
        status = is_large ? fold__large_newest(scene, change->schema, walk.partition, walk.range,
                                               &walk.newest, error)
                          : walk_run(&walk, error);
    }
    if (status == STATUS_OK && change->range == NULL) {
        walk.kind = ROW_STATIC;
        status = walk_run(&walk, error);
    }
    scene_newer_than(scene, walk.newest);
    return status;
}

enum status fold__wide_timestamp(const struct fold_scene *scene, const struct write_change *change,
                                 struct error *error)
{
    struct fold_row *row = NULL;
    struct wide_deletion mask = WIDE_NO_DELETION;
    if (change->kind == CHANGE_WIDE_DELETE) {
        return timestamp_of_delete(scene, change, error);
    }
    enum status status = fold__evaluate_row(scene->fold, scene->write, scene->transaction, change->schema,
                                            change->key, &row, error);
    if (status == STATUS_OK) {
        status = fold__wide_prepare(scene, row, error);
    }
    if (status == STATUS_OK) {
        status = wide_mask(scene, change->schema, change->key, &mask, error);
    }
    if (status == STATUS_OK) {
        scene_newer_than(scene, wide_row_newest(&row->wide));
        scene_newer_than(scene, mask.timestamp);
    }
    return status;
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void event_of_deletion(const struct schema *schema, const struct wide_deletion *deletion,
                              bool *ret_ages, int64_t *ret_seconds)
{
    *ret_ages = deletion->timestamp != WIDE_NO_TIMESTAMP;
    *ret_seconds = deletion->time + schema->gc_grace_seconds;
}

enum status fold__wide_event(const struct schema *schema, struct bytes key, struct bytes image,
                             bool *ret_ages, int64_t *ret_seconds, struct error *error)
{
    struct arena arena = {0};
    struct wide_row row;
    struct wide_header header = {.deletion = WIDE_NO_DELETION};
    struct wide_range range = {.deletion = WIDE_NO_DELETION};
    enum status status = STATUS_OK;
    *ret_ages = false;
    switch (key_kind(key)) {
    case ROW_HEADER:
        status = wide_header_decode(image, &header, error);
        event_of_deletion(schema, &header.deletion, ret_ages, ret_seconds);
        break;
    case ROW_RANGE_TOMBSTONE:
        status = wide_range_decode(image, &range, error);
        event_of_deletion(schema, &range.deletion, ret_ages, ret_seconds);
        break;
    case ROW_STATIC:
    case ROW_PLAIN:
        if (wide_image_ages(image)) {
            status = wide_row_decode(image, &arena, &row, error);
            *ret_ages =
                status == STATUS_OK && wide_row_next_event(&row, schema->gc_grace_seconds, ret_seconds);
        }
        break;
    }
    arena_reset(&arena);
    return status;
}

static enum status visit_stays(struct wide_walk *walk, struct fold_row *row, struct error *error)
{
    (void)error;
    walk->has_found = walk->has_found || row->has_new;
    return walk->has_found ? STATUS_END : STATUS_OK;
}

/* Whether the partition has a range tombstone that stays. */
static enum status ranges_stay(const struct fold_scene *scene, const struct fold_row *row, bool *ret_stay,
                               struct error *error)
{
    static const struct wide_range whole = {.deletion = {.timestamp = WIDE_NO_TIMESTAMP}};
    struct wide_walk walk = {.scene = scene,
                             .schema = row->schema,
                             .partition = key_partition(row->key),
                             .kind = ROW_RANGE_TOMBSTONE,
                             .range = &whole,
                             .visit = visit_stays};
    enum status status = walk_run(&walk, error);
    *ret_stay = walk.has_found;
    return status == STATUS_END ? STATUS_OK : status;
}

/* The header goes with the last of what it tells of. */
static enum status header_expire(const struct fold_scene *scene, struct fold_row *row,
                                 struct wide_header *header, struct error *error)
{
    enum status status = header->has_ranges ? ranges_stay(scene, row, &header->has_ranges, error) : STATUS_OK;
    if (status == STATUS_OK) {
        header_put(scene, row, header);
        row->flags |= RECORD_HOUSEKEEPING;
        row->has_new = header->has_ranges || header->deletion.timestamp != WIDE_NO_TIMESTAMP;
    }
    return status;
}

static enum status expire_deletion(const struct fold_scene *scene, struct fold_row *row, struct error *error)
{
    struct wide_header header;
    enum status status = wide_header_decode(row->new_image, &header, error);
    header.deletion = WIDE_NO_DELETION;
    return status == STATUS_OK ? header_expire(scene, row, &header, error) : status;
}

static enum status expire_range(const struct fold_scene *scene, struct fold_row *row, struct error *error)
{
    struct fold_row *header_row = NULL;
    struct wide_header header;
    row->flags |= RECORD_HOUSEKEEPING;
    row->has_new = false;
    enum status status =
        wide_header(scene, row->schema, key_partition(row->key), &header_row, &header, error);
    return status == STATUS_OK && header_row->has_new ? header_expire(scene, header_row, &header, error)
                                                      : status;
}

enum status fold__wide_expire(const struct fold_scene *scene, const struct write_change *change,
                              struct fold_row *row, bool *ret_is_due, struct error *error)
{
    struct buffer entry = {0};
    struct buffer storage_key = {0};
    bool ages = false;
    int64_t seconds = 0;
    enum status status = row->had_old
                             ? fold__wide_event(row->schema, row->key, row->old_image, &ages, &seconds, error)
                             : STATUS_OK;
    if (status == STATUS_OK) {
        status = key_storage(row->schema, row->key, &storage_key, error);
    }
    index_expiry_key(seconds, buffer_bytes(&storage_key), &entry);
    *ret_is_due = ages && bytes_equal(buffer_bytes(&entry), change->expiry_key);
    buffer_reset(&entry);
    buffer_reset(&storage_key);
    if (status != STATUS_OK || !*ret_is_due || seconds > scene_now(scene)) {
        return status;
    }
    if (!key_is_row(row->key)) {
        return key_kind(row->key) == ROW_HEADER ? expire_deletion(scene, row, error)
                                                : expire_range(scene, row, error);
    }
    status = fold__wide_prepare(scene, row, error);
    if (status == STATUS_OK) {
        wide_row_forget(&row->wide, scene_now(scene), row->schema->gc_grace_seconds);
        wide_store(row);
    }
    return status;
}
