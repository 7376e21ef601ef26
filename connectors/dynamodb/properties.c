/* What the door remembers with a table or an index, beyond its keys: maps that schemas carry as msgpack. */
#include "dynamodb_private.h"

struct value properties_decode(struct bytes properties, struct arena *arena)
{
    struct value map = {.kind = VALUE_MAP};
    if (properties.size > 0 && codec_value_decode(properties, arena, &map, NULL) != STATUS_OK) {
        map = (struct value){.kind = VALUE_MAP};
    }
    return map;
}

struct bytes properties_encode(const struct value *properties, struct arena *arena)
{
    struct buffer buffer = {0};
    codec_value_encode(&buffer, properties);
    struct bytes encoded = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return encoded;
}

void map_set_member(struct value *map, const char *name, const struct value *value, struct arena *arena)
{
    struct bytes key = bytes_of_text(name);
    struct value *at = arena_create_array(arena, 2 * (map->pairs.count + 1), sizeof(*at));
    size_t count = 0;
    for (size_t i = 0; i < map->pairs.count; i++) {
        if (!bytes_equal(map->pairs.at[2 * i].bytes, key)) {
            at[2 * count] = map->pairs.at[2 * i];
            at[2 * count + 1] = map->pairs.at[2 * i + 1];
            count++;
        }
    }
    if (value != NULL) {
        at[2 * count] = value_of_text(key);
        at[2 * count + 1] = *value;
        count++;
    }
    *map = (struct value){.kind = VALUE_MAP, .pairs = {.at = at, .count = count}};
    CHECK(value_map_sort(map));
}

void map_merge_member(struct value *map, const char *name, const struct value *value, struct arena *arena)
{
    const struct value *now = value_map_get(map, bytes_of_text(name));
    struct value merged = now == NULL ? (struct value){.kind = VALUE_MAP} : *now;
    for (size_t i = 0; i < value->pairs.count; i++) {
        map_set_member(&merged, arena_copy_text(arena, value->pairs.at[2 * i].bytes),
                       &value->pairs.at[2 * i + 1], arena);
    }
    map_set_member(map, name, &merged, arena);
}

struct value value_of_word(const char *word)
{
    return value_of_text(bytes_of_text(word));
}
