/* Memory that is given back all at once: one per request, or per batch. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"
#include "base/check.h"

struct arena_block;

/* {0} is an empty arena. Used by one thread at a time. */
struct arena {
    struct arena_block *first; /* newest block */
    size_t total;              /* bytes handed out since the last reset */
};

/* Zeroed and aligned for any type; lives until the arena is cleared or reset. Never NULL. */
void *arena_create(struct arena *arena, size_t size);
void *arena_create_array(struct arena *arena, size_t count, size_t size);
/* An array of `count` elements with room for one more: `array`, or a copy of twice the size when count is a power of two, or 0.
 * The room is zeroed. */
void *arena_grow_array(struct arena *arena, void *array, size_t count, size_t size);
struct bytes arena_copy(struct arena *arena, struct bytes bytes);
char *arena_copy_text(struct arena *arena, struct bytes bytes); /* NUL-terminated */
/* Two texts with a byte between them, NUL-terminated: arena_format for what every request needs. */
struct bytes arena_join(struct arena *arena, struct bytes before, char between, struct bytes after);
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Of an empty arena: its first block has room for so many bytes as `total` counts them, and no more. For what stays long. */
void arena_reserve(struct arena *arena, size_t total);

void arena_clear(struct arena *arena); /* empties, keeps one block for the next use */
void arena_reset(struct arena *arena); /* frees everything */

#endif
