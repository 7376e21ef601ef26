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

/* Forgets those whose time is over. Under the mutex. */
static void deleted_sweep(struct dynamodb_doors *doors)
{
    int64_t now_us = clock_steady_us(clock_system());
    struct deleted_table **at = &doors->deleted;
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

void deleted_remember(struct call *call, struct bytes table, const struct buffer *answer)
{
    struct dynamodb_doors *doors = call->door->options.doors;
    uint64_t delay_ms = call->door->options.delay_ms;
    if (delay_ms == 0) {
        return;
    }
    struct deleted_table *made = memory_create(sizeof(*made));
    made->name = memory_copy_text(arena_copy_text(call->arena, table));
    made->until_us = clock_steady_us(clock_system()) + (int64_t)delay_ms * 1000;
    buffer_put(&made->description, buffer_bytes(answer));
    (void)pthread_mutex_lock(&doors->mutex);
    deleted_sweep(doors);
    made->next = doors->deleted;
    doors->deleted = made;
    (void)pthread_mutex_unlock(&doors->mutex);
}

bool deleted_find(struct call *call, struct bytes table, struct bytes *ret_description)
{
    struct dynamodb_doors *doors = call->door->options.doors;
    bool is_found = false;
    (void)pthread_mutex_lock(&doors->mutex);
    deleted_sweep(doors);
    for (const struct deleted_table *at = doors->deleted; at != NULL && !is_found; at = at->next) {
        is_found = bytes_equal(bytes_of_text(at->name), table);
        if (is_found && ret_description != NULL) {
            *ret_description = arena_copy(call->arena, buffer_bytes(&at->description));
        }
    }
    (void)pthread_mutex_unlock(&doors->mutex);
    return is_found;
}

void deleted_reset(struct dynamodb_doors *doors)
{
    while (doors->deleted != NULL) {
        struct deleted_table *next = doors->deleted->next;
        deleted_destroy(doors->deleted);
        doors->deleted = next;
    }
}
