#include "value/value.h"

#include <assert.h>
#include <stdlib.h>

#include "base/check.h"
#include "value/order.h"
#include "value_private.h"

/* NOLINTBEGIN(misc-no-recursion): at most VALUE_DEPTH_MAX deep; decoders refuse deeper trees */
static int compare_exactly(const struct value *a, const struct value *b);

static int compare_sequences(const struct value *a, size_t a_count, const struct value *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = compare_exactly(&a[i], &b[i]);
        if (order != 0) {
            return order;
        }
    }
    return a_count < b_count ? -1 : a_count > b_count;
}

/* Zero when the two have the same encoding, and only then. */
static int compare_exactly(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    switch (a->kind) {
    case VALUE_NULL:
    case VALUE_EMPTY:
        return 0;
    case VALUE_BOOLEAN:
        return (int)a->boolean - (int)b->boolean;
    case VALUE_INTEGER:
    case VALUE_TIMESTAMP:
    case VALUE_DATE:
    case VALUE_TIME:
        return value__order_numbers(a->integer, b->integer);
    case VALUE_DECIMAL: {
        int order = bytes_compare(a->decimal.unscaled, b->decimal.unscaled);
        return order != 0 ? order : value__order_numbers(a->decimal.scale, b->decimal.scale);
    }
    case VALUE_FLOAT:
        return value__order_doubles((double)a->float32, (double)b->float32);
    case VALUE_DOUBLE:
        return value__order_doubles(a->float64, b->float64);
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_UUID:
    case VALUE_TIMEUUID:
    case VALUE_INET:
        return bytes_compare(a->bytes, b->bytes);
    case VALUE_DURATION: {
        int order = value__order_numbers(a->duration.months, b->duration.months);
        order = order != 0 ? order : value__order_numbers(a->duration.days, b->duration.days);
        return order != 0 ? order : value__order_numbers(a->duration.nanoseconds, b->duration.nanoseconds);
    }
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_TUPLE:
    case VALUE_UDT:
    case VALUE_VECTOR:
        return compare_sequences(a->items.at, a->items.count, b->items.at, b->items.count);
    case VALUE_MAP:
        return compare_sequences(a->pairs.at, 2 * a->pairs.count, b->pairs.at, 2 * b->pairs.count);
    }
    CHECK(false);
    return 0;
}

static bool value_is_container(const struct value *value)
{
    return value->kind >= VALUE_LIST && value->kind <= VALUE_VECTOR;
}

struct value *value_children(const struct value *value, size_t *ret_count)
{
    bool is_map = value->kind == VALUE_MAP;
    bool is_container = value_is_container(value);
    *ret_count = is_map ? 2 * value->pairs.count : is_container ? value->items.count : 0;
    return is_map ? value->pairs.at : is_container ? value->items.at : NULL;
}

bool value_is_within(const struct value *value, unsigned depth)
{
    size_t count = 0;
    const struct value *at = value_children(value, &count);
    if (value_is_container(value) && depth == 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!value_is_within(&at[i], depth - 1)) {
            return false;
        }
    }
    return true;
}

/* NOLINTEND(misc-no-recursion) */

int value_compare(const struct value *a, const struct value *b)
{
    int order = value_order(a, b);
    return order != 0 ? order : compare_exactly(a, b);
}

bool value_equal(const struct value *a, const struct value *b)
{
    return compare_exactly(a, b) == 0;
}

#ifndef NDEBUG
/* Of what is not too large to be looked at each time. */
static bool map_is_sorted(const struct value *map)
{
    enum {
        PAIRS_LOOKED_AT = 256
    };
    for (size_t i = 1; i < map->pairs.count && map->pairs.count <= PAIRS_LOOKED_AT; i++) {
        if (value_compare(&map->pairs.at[2 * (i - 1)], &map->pairs.at[2 * i]) >= 0) {
            return false;
        }
    }
    return true;
}
#endif

/* As value_order(key, the text `sought`). */
static int order_key(const struct value *key, struct bytes sought)
{
    if (key->kind != VALUE_TEXT) {
        return key->kind < VALUE_TEXT ? -1 : 1;
    }
    return bytes_compare(key->bytes, sought);
}

size_t value_map_position(const struct value *map, struct bytes key, bool *ret_is_there)
{
    size_t low = 0;
    size_t high = map->pairs.count;
    assert(map_is_sorted(map)); /* invariant 3 */
    *ret_is_there = false;
    while (low < high && !*ret_is_there) {
        size_t middle = low + (high - low) / 2;
        int order = order_key(&map->pairs.at[2 * middle], key);
        *ret_is_there = order == 0;
        low = order < 0 ? middle + 1 : order == 0 ? middle : low;
        high = order < 0 ? high : middle;
    }
    return low;
}

/* Most names differ in their lengths: up to this many pairs, going through them all costs less than halving. */
enum {
    PAIRS_GONE_THROUGH = 12
};

const struct value *value_map_get(const struct value *map, struct bytes key)
{
    if (map->kind != VALUE_MAP) {
        return NULL;
    }
    if (map->pairs.count > PAIRS_GONE_THROUGH) {
        bool is_there = false;
        size_t position = value_map_position(map, key, &is_there);
        return is_there ? &map->pairs.at[2 * position + 1] : NULL;
    }
    for (size_t i = 0; i < map->pairs.count; i++) {
        const struct value *pair = &map->pairs.at[2 * i];
        if (pair->kind == VALUE_TEXT && pair->bytes.size == key.size && bytes_equal(pair->bytes, key)) {
            return pair + 1;
        }
    }
    return NULL;
}

static int compare_pairs(const void *a, const void *b)
{
    return value_compare(a, b);
}

/* Of few pairs, of which many come in order: by insertion. */
static void sort_pairs(struct value *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct value pair[2] = {pairs[2 * i], pairs[2 * i + 1]};
        size_t at = i;
        for (; at > 0 && value_compare(&pairs[2 * (at - 1)], pair) > 0; at--) {
            memcpy(&pairs[2 * at], &pairs[2 * (at - 1)], sizeof(pair));
        }
        if (at < i) {
            memcpy(&pairs[2 * at], pair, sizeof(pair));
        }
    }
}

bool value_map_sort(struct value *map)
{
    if (map->pairs.count < 2) {
        return true; /* an empty map may have no memory to sort */
    }
    if (map->pairs.count <= PAIRS_GONE_THROUGH) {
        sort_pairs(map->pairs.at, map->pairs.count);
    } else {
        qsort(map->pairs.at, map->pairs.count, 2 * sizeof(struct value), compare_pairs);
    }
    for (size_t i = 1; i < map->pairs.count; i++) {
        if (value_compare(&map->pairs.at[2 * (i - 1)], &map->pairs.at[2 * i]) == 0) {
            return false;
        }
    }
    return true;
}

struct bytes value_map_text(const struct value *map, const char *name)
{
    const struct value *found = value_map_get(map, bytes_of_text(name));
    return found != NULL && found->kind == VALUE_TEXT ? found->bytes : (struct bytes){0};
}

struct bytes value_map_bytes(const struct value *map, const char *name)
{
    const struct value *found = value_map_get(map, bytes_of_text(name));
    return found != NULL && found->kind == VALUE_BYTES ? found->bytes : (struct bytes){0};
}

bool value_map_boolean(const struct value *map, const char *name)
{
    const struct value *found = value_map_get(map, bytes_of_text(name));
    return found != NULL && found->kind == VALUE_BOOLEAN && found->boolean;
}

int64_t value_map_integer(const struct value *map, const char *name)
{
    const struct value *found = value_map_get(map, bytes_of_text(name));
    return found != NULL && found->kind == VALUE_INTEGER ? found->integer : 0;
}

struct value value_of_members(struct arena *arena, const struct value_member *members, size_t count)
{
    struct value map = {.kind = VALUE_MAP, .pairs = {.count = count}};
    map.pairs.at = arena_create_array(arena, 2 * count, sizeof(*map.pairs.at));
    for (size_t i = 0; i < count; i++) {
        map.pairs.at[2 * i] = value_of_text(bytes_of_text(members[i].name));
        map.pairs.at[2 * i + 1] = members[i].value;
    }
    CHECK(value_map_sort(&map));
    return map;
}
