/* The values of all trees but those that rows and entries looked at: their checksums.
 *
 *   position   stage u8 | tree u8 | key that was looked at last, empty: the tree begins */
#include "base/arena.h"
#include "scrub_private.h"

/* Spaces of tables and indexes that are looked at by the stages before. */
struct live {
    struct arena arena;
    uint32_t *spaces;
    size_t count;
};

static void live_add(void *context, const struct schema *schema)
{
    struct live *live = context;
    for (size_t i = 0; i <= schema->indexes_count; i++) {
        live->spaces = arena_grow_array(&live->arena, live->spaces, live->count, sizeof(*live->spaces));
        live->spaces[live->count++] = i == 0 ? schema->space : schema->indexes[i - 1].space;
    }
}

static bool live_has(const struct live *live, struct bytes key)
{
    bool is_found = false;
    for (size_t i = 0; i < live->count && key.size >= sizeof(uint32_t) && !is_found; i++) {
        is_found = live->spaces[i] == bytes_get_u32(key.data);
    }
    return is_found;
}

/* Passes over the spaces that were looked at already. */
static enum status values_skip(struct scrub_walk *walk, const struct live *live, struct error *error)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && live_has(live, environment_cursor_key(walk->cursor))) {
        uint8_t next[4];
        uint32_t space = bytes_get_u32(environment_cursor_key(walk->cursor).data);
        bytes_put_u32(next, space + 1);
        status = space == UINT32_MAX
                     ? STATUS_END
                     : environment_cursor_seek_at_or_after(walk->cursor, bytes_of(next, sizeof(next)), error);
    }
    return status;
}

static enum status values_look(struct scrub_walk *walk, const struct live *live, enum status status,
                               struct buffer *last, bool *ret_is_lost, struct error *error)
{
    while (status == STATUS_OK) {
        struct bytes value = {0};
        status = values_skip(walk, live, error);
        *ret_is_lost = status == STATUS_CORRUPT;
        if (status != STATUS_OK) {
            break;
        }
        buffer_clear(last);
        buffer_put(last, environment_cursor_key(walk->cursor));
        status = environment_cursor_value(walk->cursor, &value, error);
        if (scrub__walk_is_full(walk, value.size) || status != STATUS_OK) {
            break;
        }
        status = scrub__walk_next(walk, error);
        *ret_is_lost = status == STATUS_CORRUPT;
    }
    return status;
}

static enum status values_step(struct scrub *scrub, enum environment_tree tree, struct bytes after,
                               struct error *error)
{
    struct scrub_walk walk;
    struct live live = {0};
    struct buffer last = {0};
    if (tree == TREE_ROWS || tree == TREE_INDEX) { /* the keys of the others begin with no space */
        catalog_list(scrub->options->catalog, true, live_add, &live);
    }
    enum status status = scrub__walk_open(scrub, tree, (struct bytes){0}, after, &walk, error);
    bool is_lost = status == STATUS_CORRUPT;
    status = values_look(&walk, &live, status, &last, &is_lost, error);
    scrub->step->count = walk.count;
    bool is_done = status == STATUS_END || is_lost;
    if (is_done && tree + 1 == TREE_COUNT) {
        scrub__end_stage(scrub, SCRUB_VALUES);
    } else {
        buffer_put_u8(scrub->next, SCRUB_VALUES);
        buffer_put_u8(scrub->next, (uint8_t)(tree + (is_done ? 1 : 0)));
        buffer_put(scrub->next, is_done ? (struct bytes){0} : buffer_bytes(&last));
    }
    scrub__walk_close(&walk);
    buffer_reset(&last);
    arena_reset(&live.arena);
    return status == STATUS_END ? STATUS_OK : status;
}

enum status scrub__values(struct scrub *scrub, struct error *error)
{
    uint8_t tree = scrub->from.rest.size == 0 ? 0 : reader_u8(&scrub->from);
    return tree >= TREE_COUNT ? error_set(error, STATUS_INVALID, "not a position that a scrub gave")
                              : values_step(scrub, (enum environment_tree)tree, scrub->from.rest, error);
}
