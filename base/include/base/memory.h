/* Heap memory that never comes back NULL.
 *
 * Every size asked for is bounded before the call (see the bounds.h of each library), so running out is a fact about
 * the machine and not about a request. It is answered as any other fatal condition: the program says so and exits at
 * once with MEMORY_EXIT_CODE; the log makes that as safe as any kill. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

enum {
    MEMORY_EXIT_CODE = 71,
};

void *memory_create(size_t size);                     /* zeroed */
void *memory_create_array(size_t count, size_t size); /* zeroed; the product is checked */
void *memory_resize(void *memory, size_t size);       /* contents beyond the old size are undefined */
void *memory_copy(const void *data, size_t size);
char *memory_copy_text(const char *text);
void memory_destroy(void *memory); /* accepts NULL */

/* What the functions above do when there is none: for memory that a library asked for itself, and did not get. */
_Noreturn void memory_exhausted(size_t size);

#endif
