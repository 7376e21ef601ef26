/* Restores: a table as it was at an LSN becomes another table, in transactions that carry their progress with them. */
#include "base/diagnostic.h"
#include "codec/pack.h"
#include "history/history.h"
#include "job_private.h"
#include "read/read.h"
#include "row/key.h"
#include "row/wide.h"

/* A row of system.jobs. */
struct restore {
    int64_t id;
    struct bytes source;
    uint64_t lsn;
    struct bytes target;
    struct bytes position; /* storage key of the last row that was restored */
    int64_t rows;
    const char *state;
    const char *problem;
};

static void restore_encode(const struct restore *restore, struct buffer *ret_key, struct buffer *ret_image)
{
    static struct key_column column = {.type = {.kind = TYPE_BIGINT}};
    const struct schema schema = {.partition_count = 1, .partition = &column};
    struct value id = value_of_integer(restore->id);
    CHECK(key_encode(&schema, ROW_PLAIN, &id, NULL, 0, ret_key, NULL) == STATUS_OK);
    struct arena arena = {0};
    const struct value_member members[] = {
        {"error", value_of_text(bytes_of_text(restore->problem == NULL ? "" : restore->problem))},
        {"id", id},
        {"kind", value_of_text(bytes_of_text("restore"))},
        {"lsn", value_of_integer((int64_t)restore->lsn)},
        {"position", value_of_bytes(restore->position)},
        {"rows", value_of_integer(restore->rows)},
        {"source", value_of_text(restore->source)},
        {"state", value_of_text(bytes_of_text(restore->state))},
        {"target", value_of_text(restore->target)},
    };
    struct value map = value_of_members(&arena, members, ARRAY_COUNT(members));
    codec_value_encode(ret_image, &map);
    arena_reset(&arena);
}

void jobs_restore_row(int64_t id, struct bytes source, uint64_t lsn, struct bytes target,
                      struct buffer *ret_key, struct buffer *ret_image)
{
    struct restore restore = {.id = id, .source = source, .lsn = lsn, .target = target, .state = "running"};
    restore_encode(&restore, ret_key, ret_image);
}

/* The first restore that is not at its end; false: none. */
static bool restore_find(struct jobs *jobs, struct snapshot *snapshot, struct arena *arena,
                         struct restore *ret_restore, struct error *error)
{
    uint8_t low[4];
    uint8_t high[4];
    struct read_cursor *cursor = NULL;
    bool is_found = false;
    (void)jobs;
    bytes_put_u32(low, CATALOG_JOBS);
    bytes_put_u32(high, CATALOG_JOBS + 1);
    struct read_range range = {.low = bytes_of(low, sizeof(low)), .high = bytes_of(high, sizeof(high))};
    enum status status = read_cursor_open(snapshot, range, &cursor, error);
    while (status == STATUS_OK && !is_found) {
        struct bytes storage;
        struct bytes key;
        struct bytes image;
        struct value row;
        status = read_cursor_next(cursor, &storage, &key, &image, error);
        if (status == STATUS_OK) {
            status = codec_value_decode(arena_copy(arena, image), arena, &row, error);
        }
        if (status == STATUS_OK && bytes_equal(value_map_text(&row, "state"), bytes_of_text("running"))) {
            is_found = true;
            *ret_restore = (struct restore){.id = value_map_integer(&row, "id"),
                                            .source = value_map_text(&row, "source"),
                                            .lsn = (uint64_t)value_map_integer(&row, "lsn"),
                                            .target = value_map_text(&row, "target"),
                                            .position = value_map_bytes(&row, "position"),
                                            .rows = value_map_integer(&row, "rows"),
                                            .state = "running"};
        }
    }
    read_cursor_close(&cursor);
    return is_found;
}

/* Whether people see a row in the image: not in a partition's header, a range tombstone or a deleted row. */
static bool restore_shows(const struct schema *schema, struct bytes key, struct bytes image, int64_t now)
{
    struct arena arena = {0};
    struct wide_row row;
    bool shows = schema->kind != TABLE_WIDE;
    if (!shows && key_is_row(key) && wide_row_decode(image, &arena, &row, NULL) == STATUS_OK) {
        shows = wide_row_shows(&row, now);
    }
    arena_reset(&arena);
    return shows;
}

/* Puts of the next rows into the target. *ret_is_whole: the source has no more. */
static enum status restore_collect(struct jobs *jobs, struct snapshot *snapshot, struct restore *restore,
                                   struct write *write, bool *ret_is_whole, struct error *error)
{
    struct catalog *then = NULL;
    struct history_cursor *cursor = NULL;
    struct buffer low = {0};
    struct buffer high = {0};
    const struct schema *target = catalog_find(jobs->options.catalog, restore->target);
    const struct schema *source = NULL;
    size_t bytes = 0;
    enum status status =
        history_catalog_at(jobs->options.log, snapshot, jobs->options.catalog, restore->lsn, &then, error);
    if (status == STATUS_OK) {
        source = catalog_find(then, restore->source);
    }
    if (status == STATUS_OK && (source == NULL || target == NULL)) {
        status = error_set(error, STATUS_NOT_FOUND, "the source or the target of the restore is gone");
    }
    if (status == STATUS_OK && source != NULL) {
        buffer_put_u32(&low, source->space);
        buffer_put_u32(&high, source->space + 1);
        if (restore->position.size > 0) {
            buffer_clear(&low);
            buffer_put(&low, restore->position);
            buffer_put_u8(&low, 0);
        }
        struct history_range range = {.log = jobs->options.log,
                                      .snapshot = snapshot,
                                      .schema = source,
                                      .low = buffer_bytes(&low),
                                      .high = buffer_bytes(&high),
                                      .lsn = restore->lsn};
        status = history_cursor_open(&range, &cursor, error);
    }
    while (status == STATUS_OK && write->count < JOB_RESTORE_ROWS_MAX && bytes < JOB_RESTORE_BYTES_MAX) {
        struct bytes storage;
        struct bytes key;
        struct bytes image;
        status = history_cursor_next(cursor, &storage, &key, &image, error);
        if (status == STATUS_OK) {
            restore->position = arena_copy(&write->arena, storage);
            write->changes[write->count++] = (struct write_change){.kind = CHANGE_IMAGE,
                                                                   .schema = target,
                                                                   .key = arena_copy(&write->arena, key),
                                                                   .image = arena_copy(&write->arena, image)};
            bytes += image.size;
            restore->rows += restore_shows(source, key, image, clock_wall_us(jobs->options.clock) / 1000000);
        }
    }
    *ret_is_whole = status == STATUS_END;
    history_cursor_close(&cursor);
    catalog_destroy(&then);
    buffer_reset(&low);
    buffer_reset(&high);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status restore_submit(struct jobs *jobs, const struct restore *restore, struct write *write,
                                  struct error *error)
{
    struct buffer key = {0};
    struct buffer image = {0};
    restore_encode(restore, &key, &image);
    write->changes[write->count++] =
        (struct write_change){.kind = CHANGE_PUT,
                              .schema = catalog_find_table(jobs->options.catalog, CATALOG_JOBS),
                              .key = buffer_bytes(&key),
                              .image = buffer_bytes(&image)};
    enum status status = job__submit(jobs, write, error);
    buffer_reset(&key);
    buffer_reset(&image);
    return status;
}

/* One transaction of a restore. */
static enum status restore_some(struct jobs *jobs, struct snapshot *snapshot, struct restore *restore,
                                struct error *error)
{
    struct write write = {.cause = {.kind = CAUSE_RESTORE, .lsn = restore->lsn}};
    bool is_whole = false;
    write.changes = arena_create_array(&write.arena, JOB_RESTORE_ROWS_MAX + 1, sizeof(*write.changes));
    enum status status = restore_collect(jobs, snapshot, restore, &write, &is_whole, error);
    snapshot_release(snapshot);
    if (status == STATUS_NOT_FOUND || status == STATUS_TRIMMED) {
        restore->state = "failed";
        restore->problem = arena_format(&write.arena, "%s", error->text);
        write.count = 0;
        status = STATUS_OK;
    } else if (status == STATUS_OK && is_whole) {
        restore->state = "done";
    }
    if (status == STATUS_OK) {
        status = restore_submit(jobs, restore, &write, error);
    }
    arena_reset(&write.arena);
    return status;
}

void job__restore(struct jobs *jobs)
{
    struct snapshot *snapshot = NULL;
    struct error error = {0};
    enum status status = snapshot_open(jobs->options.environment, &snapshot, &error);
    bool has_work = status == STATUS_OK;
    while (status == STATUS_OK && has_work && !job__is_stopping(jobs)) {
        struct arena arena = {0};
        struct restore restore;
        status = snapshot_renew(snapshot, &error);
        if (status == STATUS_OK) {
            has_work = restore_find(jobs, snapshot, &arena, &restore, &error);
        }
        if (status == STATUS_OK && has_work) {
            status = restore_some(jobs, snapshot, &restore, &error);
        }
        arena_reset(&arena);
    }
    snapshot_close(&snapshot);
    if (status != STATUS_OK && status != STATUS_STALE && status != STATUS_CLOSED) {
        diagnostic_write(DIAGNOSTIC_WARNING, "job", "a restore waits: %s", error.text);
    }
}
