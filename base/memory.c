#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void memory_exhausted(size_t size)
{
    (void)fprintf(
        stderr, "oxbow: out of memory (asked for %zu bytes); stopping, the log recovers at the next start\n",
        size);
    _exit(MEMORY_EXIT_CODE);
}

void *memory_create(size_t size)
{
    return memory_create_array(1, size);
}

void *memory_create_array(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (memory == NULL) {
        memory_exhausted(count * size);
    }
    return memory;
}

void *memory_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, size == 0 ? 1 : size);
    if (resized == NULL) {
        memory_exhausted(size);
    }
    return resized;
}

void *memory_copy(const void *data, size_t size)
{
    void *copy = memory_resize(NULL, size);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

char *memory_copy_text(const char *text)
{
    return memory_copy(text, strlen(text) + 1);
}

void memory_destroy(void *memory)
{
    free(memory);
}
