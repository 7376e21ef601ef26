/* The stages of a scrub, and the walk that those over trees share.
 *
 *   position   stage u8 | what the stage keeps */
#include "scrub/scrub.h"

#include "base/arena.h"
#include "codec/json.h"
#include "environment/pages.h"
#include "row/key.h"
#include "scrub_private.h"

void scrub__end_stage(struct scrub *scrub, enum scrub_stage stage)
{
    buffer_clear(scrub->next);
    if (stage + 1 < SCRUB_STAGES) {
        buffer_put_u8(scrub->next, (uint8_t)(stage + 1));
    }
}

static enum status scrub_pages(struct scrub *scrub, struct error *error)
{
    struct environment_pages pages;
    enum status status = environment_pages_check(scrub->options->environment, &pages, error);
    scrub->step->count = pages.total;
    scrub__end_stage(scrub, SCRUB_PAGES);
    return status;
}

static enum status scrub_checkpoints(struct scrub *scrub, struct error *error)
{
    scrub->step->count = 2;
    scrub__end_stage(scrub, SCRUB_CHECKPOINTS);
    return environment_sides_check(scrub->options->environment, error);
}

static enum status scrub_log(struct scrub *scrub, struct error *error)
{
    struct buffer position = {0};
    buffer_put(&position, scrub->from.rest);
    enum status status = log_check(scrub->options->log, &position, error);
    if (status == STATUS_END) {
        scrub__end_stage(scrub, SCRUB_LOG);
        status = STATUS_OK;
    } else {
        scrub->step->count = 1;
        buffer_put_u8(scrub->next, SCRUB_LOG);
        buffer_put(scrub->next, buffer_bytes(&position));
    }
    buffer_reset(&position);
    return status;
}

enum status scrub_next(const struct scrub_options *options, struct buffer *position,
                       struct scrub_step *ret_step, struct error *error)
{
    static enum status (*const stages[SCRUB_STAGES])(struct scrub *, struct error *) = {
        [SCRUB_PAGES] = scrub_pages, [SCRUB_CHECKPOINTS] = scrub_checkpoints, [SCRUB_LOG] = scrub_log,
        [SCRUB_ROWS] = scrub__rows,  [SCRUB_ENTRIES] = scrub__entries,        [SCRUB_VALUES] = scrub__values};
    static const char *const names[SCRUB_STAGES] = {"pages", "checkpoints", "log",
                                                    "rows",  "entries",     "values"};
    struct buffer next = {0};
    struct scrub_step step = {0};
    struct scrub scrub = {.options = options,
                          .from = reader_of(buffer_bytes(position)),
                          .next = &next,
                          .step = &step};
    size_t stage = position->size == 0 ? 0 : reader_u8(&scrub.from);
    if (stage >= SCRUB_STAGES || position->size > SCRUB_POSITION_BYTES_MAX) {
        return error_set(error, STATUS_INVALID, "not a position that a scrub gave");
    }
    step.stage = names[stage];
    enum status status = stages[stage](&scrub, error);
    if (status == STATUS_OK || status == STATUS_CORRUPT) {
        buffer_reset(position);
        *position = next;
        *ret_step = step;
    } else {
        buffer_reset(&next);
    }
    return status;
}

/* --- walks ------------------------------------------------------------------------------------------------------ */

static enum status walk_inside(const struct scrub_walk *walk, enum status status)
{
    bool is_outside = status == STATUS_OK &&
                      !bytes_start_with(environment_cursor_key(walk->cursor), buffer_bytes(&walk->prefix));
    return is_outside ? STATUS_END : status;
}

enum status scrub__walk_open(const struct scrub *scrub, enum environment_tree tree, struct bytes prefix,
                             struct bytes after, struct scrub_walk *ret_walk, struct error *error)
{
    struct buffer from = {0};
    *ret_walk = (struct scrub_walk){0};
    buffer_put(&ret_walk->prefix, prefix);
    buffer_put(&from, after.size == 0 ? prefix : after);
    if (after.size > 0) {
        buffer_put_u8(&from, 0);
    }
    enum status status = environment_read_open(scrub->options->environment, &ret_walk->read, error);
    if (status == STATUS_OK) {
        status = environment_read_cursor_open(ret_walk->read, tree, &ret_walk->cursor, error);
    }
    if (status == STATUS_OK) {
        status = environment_cursor_seek_at_or_after(ret_walk->cursor, buffer_bytes(&from), error);
    }
    buffer_reset(&from);
    return walk_inside(ret_walk, status);
}

enum status scrub__walk_next(struct scrub_walk *walk, struct error *error)
{
    return walk_inside(walk, environment_cursor_next(walk->cursor, error));
}

void scrub__walk_close(struct scrub_walk *walk)
{
    environment_cursor_close(&walk->cursor);
    environment_read_close(&walk->read);
    buffer_reset(&walk->prefix);
}

bool scrub__walk_is_full(struct scrub_walk *walk, size_t bytes)
{
    walk->count++;
    walk->bytes += bytes;
    return walk->count >= SCRUB_ROWS_MAX || walk->bytes >= SCRUB_BYTES_MAX;
}

void scrub__name_row(const struct schema *schema, struct bytes key, struct error *error)
{
    struct arena arena = {0};
    struct buffer text = {0};
    size_t count = 0;
    struct value values[PARTITION_COLUMNS_MAX + CLUSTERING_COLUMNS_MAX];
    if (key_decode(schema, key, &arena, values, values + schema->partition_count, &count, NULL) ==
        STATUS_OK) {
        struct value list = {.kind = VALUE_LIST,
                             .items = {.at = values, .count = schema->partition_count + count}};
        codec_json_encode(&text, &list);
    }
    error_prefix(error, "table %.*s, key %.*s", (int)schema->name.size, (const char *)schema->name.data,
                 (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    buffer_reset(&text);
    arena_reset(&arena);
}
