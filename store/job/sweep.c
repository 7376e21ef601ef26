/* Removes expired items, and purges what nobody can reach any more. */
#include "base/diagnostic.h"
#include "job_private.h"

/* Expiries that are past, at most so many; each with the table and key of its row. */
static enum status sweep_collect(struct jobs *jobs, struct write *write, struct bytes *ret_forgotten,
                                 struct error *error)
{
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    uint8_t oldest[8];
    uint64_t now = (uint64_t)(clock_wall_us(jobs->options.clock) / 1000000);
    bytes_put_u64(oldest, now - JOB_EXPIRE_SECONDS_MAX);
    size_t rows = job__rows(jobs, JOB_EXPIRE_ROWS_MAX);
    enum status status = environment_read_open(jobs->options.environment, &read, error);
    if (status == STATUS_OK) {
        status = environment_read_cursor_open(read, TREE_EXPIRY, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = environment_cursor_seek_at_or_after(cursor, bytes_of(oldest, sizeof(oldest)), error);
    }
    while (status == STATUS_OK && write->count < rows && ret_forgotten->size == 0) {
        struct bytes entry = environment_cursor_key(cursor);
        struct bytes value = {0};
        if (entry.size < 8 || bytes_get_u64(entry.data) > now) {
            break;
        }
        status = environment_cursor_value(cursor, &value, error);
        if (status != STATUS_OK || value.size < 4) {
            break;
        }
        const struct schema *schema = catalog_find_table(jobs->options.catalog, bytes_get_u32(value.data));
        struct bytes kept = arena_copy(&write->arena, entry);
        if (schema == NULL) {
            *ret_forgotten = kept;
        } else {
            write->changes[write->count++] =
                (struct write_change){.kind = CHANGE_EXPIRE,
                                      .schema = schema,
                                      .key = arena_copy(&write->arena, bytes_from(value, 4)),
                                      .expiry_key = kept};
        }
        status = environment_cursor_next(cursor, error);
    }
    environment_cursor_close(&cursor);
    environment_read_close(&read);
    return status == STATUS_END ? STATUS_OK : status;
}

/* One transaction of expiries; *ret_count tells how many there were. */
static enum status sweep_some(struct jobs *jobs, size_t *ret_count, struct error *error)
{
    struct write write = {.cause = {.kind = CAUSE_TTL}};
    struct bytes forgotten = {0};
    write.changes = arena_create_array(&write.arena, JOB_EXPIRE_ROWS_MAX, sizeof(*write.changes));
    enum status status = sweep_collect(jobs, &write, &forgotten, error);
    *ret_count = write.count + (forgotten.size > 0);
    if (status == STATUS_OK && write.count > 0) {
        status = job__rows_note(jobs, write.count, job__submit(jobs, &write, error));
    }
    if (status == STATUS_OK && forgotten.size > 0) {
        struct write forget = {.step = {.kind = STEP_FORGET, .index = forgotten}};
        status = job__submit(jobs, &forget, error);
    }
    arena_reset(&write.arena);
    return status;
}

bool job__sweep(struct jobs *jobs)
{
    size_t count = fold_doubts_clock(jobs->options.fold) ? 0 : 1;
    struct error error;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count > 0 && job__may_go_on(jobs)) {
        status = sweep_some(jobs, &count, &error);
    }
    return job__turn_end(jobs, status, &error, "the expiry sweep", count > 0);
}

/* A retired space that the horizon has passed. STATUS_END: there is none. */
static enum status purge_find(struct jobs *jobs, uint32_t *ret_space, struct error *error)
{
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    uint64_t horizon = log_tip(jobs->options.log).first_lsn;
    bool is_found = false; /* STATUS_OK at the end: it is */
    enum status status = environment_read_open(jobs->options.environment, &read, error);
    if (status == STATUS_OK) {
        status = environment_read_cursor_open(read, TREE_METADATA, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = environment_cursor_seek_at_or_after(cursor, bytes_of_text("R"), error);
    }
    while (status == STATUS_OK && !is_found) {
        struct bytes key = environment_cursor_key(cursor);
        struct bytes value = {0};
        if (key.data[0] != 'R') {
            status = STATUS_END;
            break;
        }
        status = environment_cursor_value(cursor, &value, error);
        if (status == STATUS_OK && key.size == 5 && value.size == 8 && bytes_get_u64(value.data) < horizon) {
            is_found = true;
            *ret_space = bytes_get_u32(key.data + 1);
        } else if (status == STATUS_OK) {
            status = environment_cursor_next(cursor, error);
        }
    }
    environment_cursor_close(&cursor);
    environment_read_close(&read);
    return status;
}

bool job__purge(struct jobs *jobs)
{
    struct error error;
    uint32_t space = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && job__may_go_on(jobs)) {
        status = purge_find(jobs, &space, &error);
        if (status == STATUS_OK) {
            struct write write = {.step = {.kind = STEP_PURGE, .space = space}};
            status = job__submit(jobs, &write, &error);
        }
    }
    bool has_more = status != STATUS_END;
    return job__turn_end(jobs, has_more ? status : STATUS_OK, &error, "a purge", has_more);
}
