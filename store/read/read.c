#include "read/read.h"

#include "base/memory.h"
#include "environment/transaction.h"
#include "row/stored.h"

struct snapshot {
    struct environment_read *read;
    struct environment_point point;
    struct buffer key; /* storage key being looked up */
};

struct read_cursor {
    struct environment_cursor *cursor;
    struct snapshot *snapshot;
    struct read_range range;
    bool has_started;
};

enum status snapshot_open(struct environment *environment, struct snapshot **ret_snapshot,
                          struct error *error)
{
    struct snapshot *snapshot = memory_create(sizeof(*snapshot));
    enum status status = environment_read_open(environment, &snapshot->read, error);
    if (status == STATUS_OK) {
        status = environment_read_point(snapshot->read, &snapshot->point, error);
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
        memory_destroy(gone);
    }
}

enum status snapshot_renew(struct snapshot *snapshot, struct error *error)
{
    enum status status = environment_read_renew(snapshot->read, error);
    if (status == STATUS_OK) {
        status = environment_read_point(snapshot->read, &snapshot->point, error);
    }
    return status;
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

enum status read_row_get(struct snapshot *snapshot, const struct schema *schema, struct bytes key,
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
    if (status == STATUS_OK && !bytes_equal(stored_key, key)) {
        status = error_set(error, STATUS_NOT_FOUND, "no such row"); /* another long key with the same hash */
    }
    if (status == STATUS_OK) {
        *ret_image = image;
    }
    return status;
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

enum status read_cursor_next(struct read_cursor *cursor, struct bytes *ret_storage, struct bytes *ret_key,
                             struct bytes *ret_image, struct error *error)
{
    struct bytes stored;
    enum status status = read_cursor_move(cursor, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes storage = environment_cursor_key(cursor->cursor);
    if (!read_cursor_is_inside(cursor, storage)) {
        return STATUS_END;
    }
    status = environment_cursor_value(cursor->cursor, &stored, error);
    if (status == STATUS_OK && cursor->range.indexed != NULL) {
        *ret_key = stored;
        status = read_row_get(cursor->snapshot, cursor->range.indexed, stored, ret_image, error);
        if (status == STATUS_NOT_FOUND) {
            status = error_set(error, STATUS_CORRUPT, "an index has an entry for a row that is not there");
        }
    } else if (status == STATUS_OK) {
        status = stored_row_decode(stored, ret_key, ret_image, error);
    }
    if (status == STATUS_OK) {
        *ret_storage = storage;
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
