/* Carries out deletions of many rows (catalog/deletion.h): the rows leave, in pieces. */
#include "base/diagnostic.h"
#include "catalog/deletion.h"
#include "job_private.h"
#include "read/read.h"
#include "row/key.h"

/* Storage keys of the rows that a deletion covers and that were not settled yet: low <= key < high. */
static void clear_range(const struct deletion *deletion, struct buffer *ret_low, struct buffer *ret_high)
{
    key_storage_partition(deletion->space, deletion->partition, ret_low);
    buffer_put_u8(ret_low, ROW_PLAIN);
    buffer_put(ret_high, buffer_bytes(ret_low));
    buffer_put(ret_low, deletion->range.low);
    buffer_put(ret_high, deletion->range.high);
    if (!deletion->has_range || !deletion->range.has_high) {
        CHECK(read_prefix_end(ret_high)); /* the kind of rows is not 0xFF */
    }
    if (deletion->position.size > 0) {
        buffer_clear(ret_low);
        buffer_put(ret_low, deletion->position);
        buffer_put_u8(ret_low, 0);
    }
}

/* The next rows. *ret_is_whole: there are no more. */
static enum status clear_collect(struct jobs *jobs, struct snapshot *snapshot, const struct schema *schema,
                                 struct deletion *deletion, struct write *write, bool *ret_is_whole,
                                 struct error *error)
{
    size_t rows = job__rows(jobs, JOB_CLEAR_ROWS_MAX);
    struct buffer low = {0};
    struct buffer high = {0};
    struct read_cursor *cursor = NULL;
    size_t bytes = 0;
    clear_range(deletion, &low, &high);
    struct read_range range = {.low = buffer_bytes(&low), .high = buffer_bytes(&high), .is_unmasked = true};
    enum status status = read_cursor_open(snapshot, range, &cursor, error);
    while (status == STATUS_OK && write->count < rows && bytes < JOB_CLEAR_BYTES_MAX) {
        struct bytes storage;
        struct bytes key;
        struct bytes image;
        status = read_cursor_next(cursor, &storage, &key, &image, error);
        if (status == STATUS_OK) {
            deletion->position = arena_copy(&write->arena, storage);
            write->changes[write->count++] = (struct write_change){.kind = CHANGE_SETTLE,
                                                                   .schema = schema,
                                                                   .key = arena_copy(&write->arena, key)};
            bytes += image.size;
        }
    }
    *ret_is_whole = status == STATUS_END;
    read_cursor_close(&cursor);
    buffer_reset(&low);
    buffer_reset(&high);
    return status == STATUS_END ? STATUS_OK : status;
}

/* One transaction: rows leave, and the deletion's own row says how far it is, or goes. `schema`: NULL, there are none any more. */
static enum status clear_some(struct jobs *jobs, struct snapshot *snapshot, const struct schema *schema,
                              struct deletion *deletion, bool *ret_is_whole, struct error *error)
{
    struct write write = {.cause = {.kind = CAUSE_RANGE_DELETE, .lsn = deletion->lsn}};
    struct buffer key = {0};
    struct buffer image = {0};
    enum status status = STATUS_OK;
    *ret_is_whole = schema == NULL;
    write.changes = arena_create_array(&write.arena, JOB_CLEAR_ROWS_MAX + 1, sizeof(*write.changes));
    if (!*ret_is_whole) {
        status = clear_collect(jobs, snapshot, schema, deletion, &write, ret_is_whole, error);
    }
    deletion_encode(deletion, &key, &image);
    write.changes[write.count++] =
        (struct write_change){.kind = *ret_is_whole ? CHANGE_DELETE : CHANGE_PUT,
                              .schema = catalog_find_table(jobs->options.catalog, CATALOG_DELETIONS),
                              .key = buffer_bytes(&key),
                              .image = buffer_bytes(&image)};
    if (status == STATUS_OK) {
        status = job__rows_note(jobs, write.count - 1, job__submit(jobs, &write, error));
    }
    buffer_reset(&key);
    buffer_reset(&image);
    arena_reset(&write.arena);
    return status;
}

/* What is to be done with a deletion; *ret_schema: its table as it is, or NULL, where that was dropped or truncated since. Then the
 * rows stay where they are, and are read as of earlier LSNs, until the space is purged, and with it its totals. Only the deletion
 * tells until then that they are gone. (The catalog may know of the end of a table that the snapshot does not know yet.) */
static enum status clear_judge(struct jobs *jobs, struct snapshot *snapshot, const struct deletion *deletion,
                               const struct schema **ret_schema, bool *ret_must_wait, struct error *error)
{
    const struct schema *schema = catalog_find_table(jobs->options.catalog, deletion->table);
    struct bytes totals = {0};
    bool is_there = schema != NULL && schema->space == deletion->space;
    enum status status = is_there ? STATUS_OK : read_totals(snapshot, deletion->space, &totals, error);
    *ret_schema = is_there ? schema : NULL;
    *ret_must_wait = totals.size > 0;
    return status;
}

/* The oldest deletion under way that can be carried out, and its table as above; NULL: there is none. */
static enum status clear_find(struct jobs *jobs, struct snapshot *snapshot,
                              const struct deletion **ret_deletion, const struct schema **ret_schema,
                              struct error *error)
{
    const struct deletions *under_way = snapshot_deletions(snapshot);
    bool must_wait = true;
    size_t i = 0;
    enum status status = STATUS_OK;
    while (i < under_way->count && status == STATUS_OK && must_wait) {
        status = clear_judge(jobs, snapshot, &under_way->at[i++], ret_schema, &must_wait, error);
    }
    *ret_deletion = status == STATUS_OK && !must_wait ? &under_way->at[i - 1] : NULL;
    return status;
}

/* Carries out a piece of the next deletion; *ret_is_found is false when there is none. */
static enum status clear_next(struct jobs *jobs, struct snapshot *snapshot, bool *ret_is_found,
                              struct error *error)
{
    struct arena arena = {0};
    bool is_whole = false;
    const struct deletion *found = NULL;
    const struct schema *schema = NULL;
    enum status status = snapshot_renew(snapshot, error);
    if (status == STATUS_OK) {
        status = clear_find(jobs, snapshot, &found, &schema, error);
    }
    *ret_is_found = found != NULL;
    if (*ret_is_found) { /* a copy: the snapshot's ends with every piece */
        struct deletion deletion = *found;
        deletion.partition = arena_copy(&arena, deletion.partition);
        deletion.range.low = arena_copy(&arena, deletion.range.low);
        deletion.range.high = arena_copy(&arena, deletion.range.high);
        deletion.position = arena_copy(&arena, deletion.position);
        status = clear_some(jobs, snapshot, schema, &deletion, &is_whole, error);
    }
    snapshot_release(snapshot);
    arena_reset(&arena);
    return status;
}

bool job__clear(struct jobs *jobs)
{
    struct snapshot *snapshot = NULL;
    struct error error;
    bool is_found = true;
    if (environment_mask_state(jobs->options.environment) % 2 == 0) {
        return false;
    }
    enum status status = snapshot_open(jobs->options.environment, &snapshot, &error);
    while (status == STATUS_OK && is_found && job__may_go_on(jobs)) {
        status = clear_next(jobs, snapshot, &is_found, &error);
    }
    snapshot_close(&snapshot);
    return job__turn_end(jobs, status, &error, "a deletion of many rows", is_found);
}
