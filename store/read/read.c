#include "read/read.h"

#include "base/memory.h"
#include "catalog/catalog.h"
#include "catalog/deletion.h"
#include "catalog/rows.h"
#include "environment/transaction.h"
#include "row/key.h"
#include "row/stored.h"

struct snapshot {
    struct environment_read *read;
    struct environment_point point;
    struct buffer key; /* storage key being looked up */
    struct environment *environment;
    struct deletions deletions; /* under way */
    struct arena masked;        /* of the row that was given last */
};

struct read_cursor {
    struct environment_cursor *cursor;
    struct snapshot *snapshot;
    struct read_range range;
    bool has_started;
};

/* --- deletions under way -------------------------------------------------------------------------------------------- */

static enum status snapshot_add_deletion(void *context, struct bytes image, struct error *error)
{
    return deletions_add(context, image, error);
}

static enum status snapshot_load_deletions(struct snapshot *snapshot, struct error *error)
{
    struct environment_cursor *cursor = NULL;
    enum status status = environment_read_cursor_open(snapshot->read, TREE_ROWS, &cursor, error);
    if (status == STATUS_OK) {
        status =
            catalog_rows_visit(cursor, CATALOG_DELETIONS, snapshot_add_deletion, &snapshot->deletions, error);
    }
    environment_cursor_close(&cursor);
    return status;
}

/* The point, and what masks rows; `before` is the mask's state before the snapshot was taken. */
static enum status snapshot_look(struct snapshot *snapshot, uint64_t before, struct error *error)
{
    bool is_masked = before % 2 == 1 || environment_mask_state(snapshot->environment) != before;
    deletions_clear(&snapshot->deletions);
    snapshot->point = environment_read_point(snapshot->read);
    return is_masked ? snapshot_load_deletions(snapshot, error) : STATUS_OK;
}

const struct deletions *snapshot_deletions(const struct snapshot *snapshot)
{
    return &snapshot->deletions;
}

/* --- snapshots ------------------------------------------------------------------------------------------------------ */

enum status snapshot_open(struct environment *environment, struct snapshot **ret_snapshot,
                          struct error *error)
{
    struct snapshot *snapshot = memory_create(sizeof(*snapshot));
    uint64_t mask = environment_mask_state(environment);
    snapshot->environment = environment;
    enum status status = environment_read_open(environment, &snapshot->read, error);
    if (status == STATUS_OK) {
        status = snapshot_look(snapshot, mask, error);
    }
    if (status != STATUS_OK) {
        snapshot_close(&snapshot);
        return status;
    }
    *ret_snapshot = snapshot;
    return STATUS_OK;
}

void snapshot_close(struct snapshot **snapshot)
{
    struct snapshot *gone = *snapshot;
    *snapshot = NULL;
    if (gone != NULL) {
        environment_read_close(&gone->read);
        buffer_reset(&gone->key);
        deletions_reset(&gone->deletions);
        arena_reset(&gone->masked);
        memory_destroy(gone);
    }
}

enum status snapshot_renew(struct snapshot *snapshot, struct error *error)
{
    uint64_t mask = environment_mask_state(snapshot->environment);
    enum status status = environment_read_renew(snapshot->read, error);
    return status == STATUS_OK ? snapshot_look(snapshot, mask, error) : status;
}

void snapshot_release(struct snapshot *snapshot)
{
    environment_read_reset(snapshot->read);
}

uint64_t snapshot_lsn(const struct snapshot *snapshot)
{
    return snapshot->point.lsn;
}

int64_t snapshot_commit_time_us(const struct snapshot *snapshot)
{
    return snapshot->point.commit_time_us;
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */

/* What deletions leave of a row; STATUS_NOT_FOUND: nothing. */
static enum status read_mask(struct snapshot *snapshot, uint64_t lsn, struct bytes storage, struct bytes key,
                             struct bytes *image, struct error *error)
{
    if (snapshot->deletions.count == 0) {
        return STATUS_OK;
    }
    arena_clear(&snapshot->masked);
    enum status status =
        deletions_apply(&snapshot->deletions, lsn, storage, key, *image, &snapshot->masked, image, error);
    return status == STATUS_OK && image->size == 0 ? STATUS_NOT_FOUND : status;
}

/* The row as it is stored; *ret_image is untouched on failure. */
static enum status read_stored(struct snapshot *snapshot, const struct schema *schema, struct bytes key,
                               struct bytes *ret_image, struct error *error)
{
    struct bytes stored = {0};
    struct bytes stored_key = {0};
    struct bytes image = {0};
    buffer_clear(&snapshot->key);
    enum status status = key_storage(schema, key, &snapshot->key, error);
    if (status == STATUS_OK) {
        status =
            environment_read_get(snapshot->read, TREE_ROWS, buffer_bytes(&snapshot->key), &stored, error);
    }
    if (status == STATUS_OK) {
        status = stored_row_decode(stored, &stored_key, &image, error);
    }
    if (status == STATUS_OK && !bytes_equal(key_partition(stored_key), key_partition(key))) {
        status = error_set(error, STATUS_NOT_FOUND, "no such row"); /* another long key with the same hash */
    }
    if (status == STATUS_OK) {
        *ret_image = image;
    }
    return status;
}

enum status read_row_get_at(struct snapshot *snapshot, const struct schema *schema, struct bytes key,
                            uint64_t lsn, struct bytes *ret_image, struct error *error)
{
    struct bytes image = {0};
    enum status status = read_stored(snapshot, schema, key, &image, error);
    if (status == STATUS_OK && schema->kind == TABLE_WIDE) {
        status = read_mask(snapshot, lsn, buffer_bytes(&snapshot->key), key, &image, error);
        status = status == STATUS_NOT_FOUND ? error_set(error, status, "no such row") : status;
    }
    if (status == STATUS_OK) {
        *ret_image = image;
    }
    return status;
}

enum status read_row_get(struct snapshot *snapshot, const struct schema *schema, struct bytes key,
                         struct bytes *ret_image, struct error *error)
{
    return read_row_get_at(snapshot, schema, key, UINT64_MAX, ret_image, error);
}

bool read_prefix_end(struct buffer *prefix)
{
    while (prefix->size > 0 && prefix->data[prefix->size - 1] == 0xFF) {
        prefix->size--;
    }
    if (prefix->size > 0) {
        prefix->data[prefix->size - 1]++;
    }
    return prefix->size > 0;
}

enum status read_cursor_open(struct snapshot *snapshot, struct read_range range,
                             struct read_cursor **ret_cursor, struct error *error)
{
    struct read_cursor *cursor = memory_create(sizeof(*cursor));
    cursor->range = range;
    cursor->snapshot = snapshot;
    enum environment_tree tree = range.indexed == NULL ? TREE_ROWS : TREE_INDEX;
    enum status status = environment_read_cursor_open(snapshot->read, tree, &cursor->cursor, error);
    if (status != STATUS_OK) {
        memory_destroy(cursor);
        return status;
    }
    *ret_cursor = cursor;
    return STATUS_OK;
}

void read_cursor_close(struct read_cursor **cursor)
{
    struct read_cursor *gone = *cursor;
    *cursor = NULL;
    if (gone != NULL) {
        environment_cursor_close(&gone->cursor);
        memory_destroy(gone);
    }
}

static enum status read_cursor_move(struct read_cursor *cursor, struct error *error)
{
    if (cursor->has_started) {
        return cursor->range.is_reverse ? environment_cursor_previous(cursor->cursor, error)
                                        : environment_cursor_next(cursor->cursor, error);
    }
    cursor->has_started = true;
    return cursor->range.is_reverse
               ? environment_cursor_seek_before(cursor->cursor, cursor->range.high, error)
               : environment_cursor_seek_at_or_after(cursor->cursor, cursor->range.low, error);
}

static bool read_cursor_is_inside(const struct read_cursor *cursor, struct bytes key)
{
    return bytes_compare(key, cursor->range.low) >= 0 && bytes_compare(key, cursor->range.high) < 0;
}

/* The row at the cursor, or that its entry leads to, as stored. *ret_storage: its own storage key. */
static enum status read_cursor_row(struct read_cursor *cursor, struct bytes *ret_storage,
                                   struct bytes *ret_key, struct bytes *ret_image, struct error *error)
{
    struct bytes stored;
    enum status status = environment_cursor_value(cursor->cursor, &stored, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (cursor->range.indexed == NULL) {
        *ret_storage = environment_cursor_key(cursor->cursor);
        return stored_row_decode(stored, ret_key, ret_image, error);
    }
    *ret_key = stored;
    status = read_stored(cursor->snapshot, cursor->range.indexed, stored, ret_image, error);
    *ret_storage = buffer_bytes(&cursor->snapshot->key);
    return status == STATUS_NOT_FOUND
               ? error_set(error, STATUS_CORRUPT, "an index has an entry for a row that is not there")
               : status;
}

enum status read_cursor_next(struct read_cursor *cursor, struct bytes *ret_storage, struct bytes *ret_key,
                             struct bytes *ret_image, struct error *error)
{
    uint64_t lsn = cursor->range.lsn == 0 ? UINT64_MAX : cursor->range.lsn;
    enum status status = STATUS_NOT_FOUND;
    struct bytes row_storage = {0};
    while (status == STATUS_NOT_FOUND) { /* what deletions leave nothing of is passed over */
        status = read_cursor_move(cursor, error);
        if (status == STATUS_OK && !read_cursor_is_inside(cursor, environment_cursor_key(cursor->cursor))) {
            return STATUS_END;
        }
        if (status == STATUS_OK) {
            status = read_cursor_row(cursor, &row_storage, ret_key, ret_image, error);
        }
        if (status == STATUS_OK && !cursor->range.is_unmasked) {
            status = read_mask(cursor->snapshot, lsn, row_storage, *ret_key, ret_image, error);
        }
        if (status == STATUS_NOT_FOUND && cursor->range.tells_masked) {
            *ret_image = (struct bytes){0};
            status = STATUS_OK;
        }
    }
    if (status == STATUS_OK) {
        *ret_storage = environment_cursor_key(cursor->cursor);
    }
    return status;
}

enum status read_totals(struct snapshot *snapshot, uint32_t space, struct bytes *ret_stored,
                        struct error *error)
{
    uint8_t key[5] = {'T'};
    bytes_put_u32(key + 1, space);
    *ret_stored = (struct bytes){0};
    enum status status =
        environment_read_get(snapshot->read, TREE_METADATA, bytes_of(key, sizeof(key)), ret_stored, error);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
