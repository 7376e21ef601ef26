/* A hash table from byte strings to pointers, for what is known by name. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/bytes.h"

struct map;

struct map *map_create(void);
void map_destroy(struct map **map); /* the values are the caller's */

void *map_get(const struct map *map, struct bytes key);
/* Copies the key. Returns what was there before, or NULL. `value` must not be NULL. */
void *map_put(struct map *map, struct bytes key, void *value);
void *map_remove(struct map *map, struct bytes key); /* what was there, or NULL */
size_t map_count(const struct map *map);

/* Walks all entries in no order: start with *position = 0; false at the end. The map must not change meanwhile. */
bool map_next(const struct map *map, size_t *position, struct bytes *ret_key, void **ret_value);

#endif
