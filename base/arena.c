#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

enum {
    ARENA_BLOCK_BYTES = 4096,
    /* Growth by doubling ends here; larger requests get a block of their own. */
    ARENA_BLOCK_BYTES_MAX = 256 * 1024,
};

struct arena_block {
    struct arena_block *next;
    size_t capacity;
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

static struct arena_block *arena_block_add(struct arena *arena, size_t capacity)
{
    struct arena_block *block = memory_resize(NULL, sizeof(*block) + capacity);
    block->next = arena->first;
    block->capacity = capacity;
    block->used = 0;
    arena->first = block;
    return block;
}

static struct arena_block *arena_block_create(struct arena *arena, size_t size)
{
    size_t capacity = arena->first == NULL ? ARENA_BLOCK_BYTES : arena->first->capacity * 2;
    if (capacity > ARENA_BLOCK_BYTES_MAX) {
        capacity = ARENA_BLOCK_BYTES_MAX;
    }
    return arena_block_add(arena, capacity < size ? size : capacity);
}

void arena_reserve(struct arena *arena, size_t total)
{
    CHECK(arena->first == NULL);
    (void)arena_block_add(arena, total);
}

void *arena_create(struct arena *arena, size_t size)
{
    CHECK(size < SIZE_MAX / 2);
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct arena_block *block = arena->first;
    if (block == NULL || block->capacity - block->used < rounded) {
        block = arena_block_create(arena, rounded);
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->total += rounded;
    return memset(memory, 0, rounded);
}

void *arena_create_array(struct arena *arena, size_t count, size_t size)
{
    CHECK(size == 0 || count < SIZE_MAX / 2 / size);
    return arena_create(arena, count * size);
}

void *arena_grow_array(struct arena *arena, void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) {
        return array;
    }
    void *grown = arena_create_array(arena, count == 0 ? 1 : 2 * count, size);
    if (count > 0) {
        memcpy(grown, array, count * size);
    }
    return grown;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    void *copy = arena_create(arena, bytes.size);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return bytes_of(copy, bytes.size);
}

char *arena_copy_text(struct arena *arena, struct bytes bytes)
{
    char *copy = arena_create(arena, bytes.size + 1);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return copy;
}

struct bytes arena_join(struct arena *arena, struct bytes before, char between, struct bytes after)
{
    size_t size = before.size + 1 + after.size;
    char *joined = arena_create(arena, size + 1);
    if (before.size > 0) {
        memcpy(joined, before.data, before.size);
    }
    joined[before.size] = between;
    if (after.size > 0) {
        memcpy(joined + before.size + 1, after.data, after.size);
    }
    return bytes_of(joined, size);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(size >= 0);
    char *text = arena_create(arena, (size_t)size + 1);
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}

static void arena_free_from(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        memory_destroy(block);
        block = next;
    }
}

void arena_clear(struct arena *arena)
{
    struct arena_block *kept = arena->first;
    arena->total = 0;
    if (kept != NULL && kept->capacity > ARENA_BLOCK_BYTES_MAX) {
        arena_reset(arena);
    } else if (kept != NULL) {
        arena_free_from(kept->next);
        kept->next = NULL;
        kept->used = 0;
    }
}

void arena_reset(struct arena *arena)
{
    arena_free_from(arena->first);
    *arena = (struct arena){0};
}
