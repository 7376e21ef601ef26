/* Tables that are gone and shown as DELETING for a while, for tests of clients that wait for the transition. */
#include "base/clock.h"
#include "base/memory.h"
#include "dynamodb_private.h"

struct deleted_table {
    struct deleted_table *next;
    int64_t until_us; /* steady */
    char *name;
    struct buffer description; /* {"TableDescription":…} */
};

static void deleted_destroy(struct deleted_table *table)
{
    memory_destroy(table->name);
    buffer_reset(&table->description);
    memory_destroy(table);
}

/* Forgets those whose time is over. */
static void deleted_sweep(struct dynamodb_door *door)
{
    int64_t now_us = clock_steady_us(clock_system());
    struct deleted_table **at = &door->deleted;
    while (*at != NULL) {
        struct deleted_table *table = *at;
        if (table->until_us <= now_us) {
            *at = table->next;
            deleted_destroy(table);
        } else {
            at = &table->next;
        }
    }
}

void deleted_remember(struct dynamodb_door *door, struct bytes table, const struct buffer *answer)
{
    deleted_sweep(door);
    if (door->options.delay_ms == 0) {
        return;
    }
    struct arena arena = {0};
    struct deleted_table *made = memory_create(sizeof(*made));
    made->name = memory_copy_text(arena_copy_text(&arena, table));
    made->until_us = clock_steady_us(clock_system()) + (int64_t)door->options.delay_ms * 1000;
    buffer_put(&made->description, buffer_bytes(answer));
    made->next = door->deleted;
    door->deleted = made;
    arena_reset(&arena);
}

const struct buffer *deleted_find(struct dynamodb_door *door, struct bytes table)
{
    deleted_sweep(door);
    for (const struct deleted_table *at = door->deleted; at != NULL; at = at->next) {
        if (bytes_equal(bytes_of_text(at->name), table)) {
            return &at->description;
        }
    }
    return NULL;
}

void deleted_reset(struct dynamodb_door *door)
{
    while (door->deleted != NULL) {
        struct deleted_table *next = door->deleted->next;
        deleted_destroy(door->deleted);
        door->deleted = next;
    }
}
