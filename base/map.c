#include "base/map.h"

#include "base/check.h"
#include "base/memory.h"

enum {
    MAP_SLOTS_MIN = 16,
};

struct map_slot {
    uint64_t hash;
    struct bytes key; /* owned copy; data NULL: the slot is empty */
    void *value;
};

/* Linear probing; at most three quarters full; removal shifts what follows back. */
struct map {
    struct map_slot *slots;
    size_t slots_count; /* a power of two */
    size_t entries;
};

struct map *map_create(void)
{
    struct map *map = memory_create(sizeof(*map));
    map->slots = memory_create_array(MAP_SLOTS_MIN, sizeof(*map->slots));
    map->slots_count = MAP_SLOTS_MIN;
    return map;
}

void map_destroy(struct map **map)
{
    struct map *gone = *map;
    *map = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < gone->slots_count; i++) {
        memory_destroy((void *)gone->slots[i].key.data);
    }
    memory_destroy(gone->slots);
    memory_destroy(gone);
}

static size_t map_find(const struct map *map, uint64_t hash, struct bytes key)
{
    size_t mask = map->slots_count - 1;
    size_t i = hash & mask;
    while (map->slots[i].key.data != NULL &&
           !(map->slots[i].hash == hash && bytes_equal(map->slots[i].key, key))) {
        i = (i + 1) & mask;
    }
    return i;
}

void *map_get(const struct map *map, struct bytes key)
{
    return map->slots[map_find(map, bytes_hash(key), key)].value;
}

static void map_grow(struct map *map)
{
    struct map_slot *old = map->slots;
    size_t old_count = map->slots_count;
    map->slots_count *= 2;
    map->slots = memory_create_array(map->slots_count, sizeof(*map->slots));
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].key.data != NULL) {
            map->slots[map_find(map, old[i].hash, old[i].key)] = old[i];
        }
    }
    memory_destroy(old);
}

void *map_put(struct map *map, struct bytes key, void *value)
{
    CHECK(value != NULL);
    if ((map->entries + 1) * 4 > map->slots_count * 3) {
        map_grow(map);
    }
    uint64_t hash = bytes_hash(key);
    struct map_slot *slot = &map->slots[map_find(map, hash, key)];
    void *before = slot->value;
    if (before == NULL) {
        slot->hash = hash;
        slot->key = bytes_of(memory_copy(key.data, key.size), key.size);
        map->entries++;
    }
    slot->value = value;
    return before;
}

void *map_remove(struct map *map, struct bytes key)
{
    size_t mask = map->slots_count - 1;
    size_t hole = map_find(map, bytes_hash(key), key);
    void *before = map->slots[hole].value;
    if (before == NULL) {
        return NULL;
    }
    memory_destroy((void *)map->slots[hole].key.data);
    map->entries--;
    for (size_t i = (hole + 1) & mask; map->slots[i].key.data != NULL; i = (i + 1) & mask) {
        size_t home = map->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct map_slot){0};
    return before;
}

size_t map_count(const struct map *map)
{
    return map->entries;
}

bool map_next(const struct map *map, size_t *position, struct bytes *ret_key, void **ret_value)
{
    while (*position < map->slots_count) {
        const struct map_slot *slot = &map->slots[(*position)++];
        if (slot->key.data != NULL) {
            *ret_key = slot->key;
            *ret_value = slot->value;
            return true;
        }
    }
    return false;
}
