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
    int64_t table;         /* id of the target; 0: not written down, before this was */
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
        {"table", value_of_integer(restore->table)},
        {"target", value_of_text(restore->target)},
    };
    struct value map = value_of_members(&arena, members, ARRAY_COUNT(members));
    codec_value_encode(ret_image, &map);
    arena_reset(&arena);
}

void jobs_restore_row(int64_t id, struct bytes source, uint64_t lsn, const struct schema *target,
                      struct buffer *ret_key, struct buffer *ret_image)
{
    struct restore restore = {.id = id,
                              .source = source,
                              .lsn = lsn,
                              .target = target->name,
                              .table = target->table,
                              .state = "running"};
    restore_encode(&restore, ret_key, ret_image);
}

/* The first restore that is not at its end; *ret_is_found is false when there is none. */
static enum status restore_find(struct snapshot *snapshot, struct arena *arena, bool *ret_is_found,
                                struct restore *ret_restore, struct error *error)
{
    uint8_t low[4];
    uint8_t high[4];
    struct read_cursor *cursor = NULL;
    *ret_is_found = false;
    bytes_put_u32(low, CATALOG_JOBS);
    bytes_put_u32(high, CATALOG_JOBS + 1);
    struct read_range range = {.low = bytes_of(low, sizeof(low)), .high = bytes_of(high, sizeof(high))};
    enum status status = read_cursor_open(snapshot, range, &cursor, error);
    while (status == STATUS_OK && !*ret_is_found) {
        struct bytes storage;
        struct bytes key;
        struct bytes image;
        struct value row;
        status = read_cursor_next(cursor, &storage, &key, &image, error);
        if (status == STATUS_OK) {
            status = codec_value_decode(arena_copy(arena, image), arena, &row, error);
        }
        if (status == STATUS_OK && bytes_equal(value_map_text(&row, "state"), bytes_of_text("running"))) {
            *ret_is_found = true;
            *ret_restore = (struct restore){.id = value_map_integer(&row, "id"),
                                            .source = value_map_text(&row, "source"),
                                            .lsn = (uint64_t)value_map_integer(&row, "lsn"),
                                            .target = value_map_text(&row, "target"),
                                            .table = value_map_integer(&row, "table"),
                                            .position = value_map_bytes(&row, "position"),
                                            .rows = value_map_integer(&row, "rows"),
                                            .state = "running"};
        }
    }
    read_cursor_close(&cursor);
    return status == STATUS_END ? STATUS_OK : status;
}

/* Whether people see a row in the image: not in a partition's header, a range tombstone or a deleted row. */
static bool restore_shows(const struct schema *schema, struct bytes key, struct bytes image, int64_t now)
{
    struct arena arena = {0};
    struct wide_row row;
    bool shows = schema->kind != TABLE_WIDE;
    if (!shows && key_is_row(key) && wide_row_decode_of(schema, image, &arena, &row, NULL) == STATUS_OK) {
        shows = wide_row_shows(schema, &row, now);
    }
    arena_reset(&arena);
    return shows;
}

/* Some transactions of one restore from one snapshot: the next is collected while the last is being committed. */
struct sitting {
    struct jobs *jobs;
    struct restore restore;
    struct arena arena; /* owns what `restore` was read from */
    struct catalog *then;
    const struct schema *source;
    const struct schema *target;
    struct buffer low;
    struct buffer high;
    struct history_cursor *cursor;
    struct write writes[2];
    struct job_pending pending;
    bool is_pending;
};

static void sitting_close(struct sitting *sitting)
{
    history_cursor_close(&sitting->cursor);
    catalog_destroy(&sitting->then);
    buffer_reset(&sitting->low);
    buffer_reset(&sitting->high);
    arena_reset(&sitting->writes[0].arena);
    arena_reset(&sitting->writes[1].arena);
    arena_reset(&sitting->arena);
}

/* STATUS_NOT_FOUND, STATUS_TRIMMED: the restore cannot go on. */
static enum status sitting_open(struct sitting *sitting, struct snapshot *snapshot, struct error *error)
{
    const struct restore *restore = &sitting->restore;
    const struct jobs_options *options = &sitting->jobs->options;
    enum status status =
        history_catalog_at(options->log, snapshot, options->catalog, restore->lsn, &sitting->then, error);
    if (status != STATUS_OK) {
        return status;
    }
    sitting->source = catalog_find(sitting->then, restore->source);
    sitting->target = catalog_find(options->catalog, restore->target);
    bool is_there =
        sitting->target != NULL && (restore->table == 0 || restore->table == sitting->target->table);
    if (sitting->source == NULL || !is_there) { /* perhaps another table has its name now */
        return error_set(error, STATUS_NOT_FOUND, "the source or the target of the restore is gone");
    }
    if (restore->position.size > 0) {
        buffer_put(&sitting->low, restore->position);
        buffer_put_u8(&sitting->low, 0);
    } else {
        buffer_put_u32(&sitting->low, sitting->source->space);
    }
    buffer_put_u32(&sitting->high, sitting->source->space + 1);
    struct history_range range = {.log = options->log,
                                  .snapshot = snapshot,
                                  .schema = sitting->source,
                                  .low = buffer_bytes(&sitting->low),
                                  .high = buffer_bytes(&sitting->high),
                                  .lsn = restore->lsn};
    return history_cursor_open(&range, &sitting->cursor, error);
}

/* Puts of the next rows into the target. STATUS_END: the source has no more after them. */
static enum status sitting_collect(struct sitting *sitting, struct write *write, struct error *error)
{
    struct restore *restore = &sitting->restore;
    int64_t now = clock_wall_us(sitting->jobs->options.clock) / 1000000;
    size_t rows = job__rows(sitting->jobs, JOB_RESTORE_ROWS_MAX);
    size_t bytes = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && write->count < rows && bytes < JOB_RESTORE_BYTES_MAX) {
        struct bytes storage;
        struct bytes key;
        struct bytes image;
        status = history_cursor_next(sitting->cursor, &storage, &key, &image, error);
        if (status == STATUS_OK) {
            restore->position = arena_copy(&write->arena, storage);
            write->changes[write->count++] = (struct write_change){.kind = CHANGE_IMAGE,
                                                                   .schema = sitting->target,
                                                                   .key = arena_copy(&write->arena, key),
                                                                   .image = arena_copy(&write->arena, image)};
            bytes += image.size;
            restore->rows += restore_shows(sitting->source, key, image, now);
        }
    }
    return status;
}

static enum status sitting_wait(struct sitting *sitting, struct error *error)
{
    enum status status = sitting->is_pending ? job__finish(&sitting->pending, error) : STATUS_OK;
    sitting->is_pending = false;
    return status;
}

static struct write sitting_transaction(const struct sitting *sitting)
{
    return (struct write){.cause = {.kind = CAUSE_RESTORE, .lsn = sitting->restore.lsn}};
}

/* A row that leaves no room for the progress goes before it, alone. If the server ends in between it is put again, which
 * changes nothing. */
static enum status sitting_submit_row(struct sitting *sitting, struct write *write, struct error *error)
{
    enum status status = sitting_wait(sitting, error);
    if (status == STATUS_OK) {
        status = job__submit(sitting->jobs, write, error);
    }
    struct write next = sitting_transaction(sitting);
    next.arena = write->arena; /* the position is in it */
    next.changes = write->changes;
    *write = next;
    return status;
}

/* Hands the transaction over, with the progress as its last change, when the one before was committed. */
static enum status sitting_submit(struct sitting *sitting, struct write *write, struct error *error)
{
    struct buffer key = {0};
    struct buffer image = {0};
    bool is_alone = write->count == 1 && job__rows(sitting->jobs, JOB_RESTORE_ROWS_MAX) == 1;
    enum status status = is_alone ? sitting_submit_row(sitting, write, error) : sitting_wait(sitting, error);
    if (status != STATUS_OK) {
        return status;
    }
    restore_encode(&sitting->restore, &key, &image);
    write->changes[write->count++] =
        (struct write_change){.kind = CHANGE_PUT,
                              .schema = catalog_find_table(sitting->jobs->options.catalog, CATALOG_JOBS),
                              .key = arena_copy(&write->arena, buffer_bytes(&key)),
                              .image = arena_copy(&write->arena, buffer_bytes(&image))};
    buffer_reset(&key);
    buffer_reset(&image);
    job__start(sitting->jobs, write, &sitting->pending);
    sitting->is_pending = true;
    return STATUS_OK;
}

static struct write *sitting_write(struct sitting *sitting, size_t number)
{
    struct write *write = &sitting->writes[number % 2];
    arena_reset(&write->arena);
    *write = sitting_transaction(sitting);
    write->changes = arena_create_array(&write->arena, JOB_RESTORE_ROWS_MAX + 1, sizeof(*write->changes));
    return write;
}

/* The restore ends without its table being whole. */
static enum status sitting_fail(struct sitting *sitting, size_t number, const char *problem,
                                struct error *error)
{
    /* the writer may still have the transaction that is used again */
    enum status status = sitting_wait(sitting, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct write *write = sitting_write(sitting, number);
    sitting->restore.state = "failed";
    sitting->restore.problem = problem;
    return sitting_submit(sitting, write, error);
}

static enum status sitting_run(struct sitting *sitting, struct snapshot *snapshot, struct error *error)
{
    const struct clock *clock = sitting->jobs->options.clock;
    struct error reason = {0};
    size_t number = 0;
    enum status status = sitting_open(sitting, snapshot, &reason);
    int64_t until_us = clock_steady_us(clock) + JOB_TURN_MS * 1000LL; /* however long that took */
    while (status == STATUS_OK && clock_steady_us(clock) < until_us && !job__is_stopping(sitting->jobs)) {
        struct write *write = sitting_write(sitting, number++);
        enum status found = sitting_collect(sitting, write, &reason);
        if (found == STATUS_END) {
            sitting->restore.state = "done";
        }
        status = found == STATUS_END || found == STATUS_OK ? sitting_submit(sitting, write, &reason) : found;
        if (found == STATUS_END) {
            break;
        }
    }
    if (status == STATUS_NOT_FOUND || status == STATUS_TRIMMED) {
        status = sitting_fail(sitting, number, reason.text, error);
    } else if (status != STATUS_OK && error != NULL) {
        *error = reason;
    }
    enum status last = sitting_wait(sitting, status == STATUS_OK ? error : NULL);
    return status == STATUS_OK ? last : status;
}

bool job__restore(struct jobs *jobs)
{
    struct snapshot *snapshot = NULL;
    struct error error = {0};
    enum status status = snapshot_open(jobs->options.environment, &snapshot, &error);
    bool has_work = status == STATUS_OK;
    while (status == STATUS_OK && has_work && job__may_go_on(jobs)) {
        struct sitting sitting = {.jobs = jobs};
        status = snapshot_renew(snapshot, &error);
        if (status == STATUS_OK) {
            status = restore_find(snapshot, &sitting.arena, &has_work, &sitting.restore, &error);
        }
        if (status == STATUS_OK && has_work) {
            status = job__rows_note(jobs, job__rows(jobs, JOB_RESTORE_ROWS_MAX),
                                    sitting_run(&sitting, snapshot, &error));
        }
        sitting_close(&sitting);
        snapshot_release(snapshot);
    }
    snapshot_close(&snapshot);
    return job__turn_end(jobs, status, &error, "a restore", has_work);
}
