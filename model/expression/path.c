#include "expression/path.h"

#include <stdlib.h>

#include "value/order.h"

/* The value under any key of a map. */
static const struct value *path_find_key(const struct value *map, const struct value *key)
{
    for (size_t i = 0; map->kind == VALUE_MAP && i < map->pairs.count; i++) {
        if (value_order(&map->pairs.at[2 * i], key) == 0) {
            return &map->pairs.at[2 * i + 1];
        }
    }
    return NULL;
}

const struct value *path_find(const struct path *path, const struct value *item)
{
    const struct value *at = item;
    for (size_t i = 0; i < path->count && at != NULL; i++) {
        const struct path_element *element = &path->elements[i];
        if (element->key != NULL) {
            at = path_find_key(at, element->key);
        } else if (!element->is_index) {
            at = value_map_get(at, element->name);
        } else {
            bool is_there =
                (at->kind == VALUE_LIST || at->kind == VALUE_UDT) && element->index < at->items.count;
            at = is_there ? &at->items.at[element->index] : NULL;
        }
    }
    return at;
}

static bool path_element_equal(const struct path_element *a, const struct path_element *b)
{
    if (a->is_index != b->is_index) {
        return false;
    }
    return a->is_index ? a->index == b->index : bytes_equal(a->name, b->name);
}

/* How many elements are equal from the beginning. */
static size_t path_common(const struct path *a, const struct path *b)
{
    size_t i = 0;
    while (i < a->count && i < b->count && path_element_equal(&a->elements[i], &b->elements[i])) {
        i++;
    }
    return i;
}

bool path_equal(const struct path *a, const struct path *b)
{
    return a->count == b->count && path_common(a, b) == a->count;
}

bool path_overlaps(const struct path *a, const struct path *b)
{
    size_t common = path_common(a, b);
    return common == a->count || common == b->count;
}

bool path_conflicts(const struct path *a, const struct path *b)
{
    size_t common = path_common(a, b);
    return common < a->count && common < b->count &&
           a->elements[common].is_index != b->elements[common].is_index;
}

/* Element by element, indexes before names: what begins with a path stands right behind it. */
static int compare_paths(const void *a, const void *b)
{
    const struct path *left = a;
    const struct path *right = b;
    size_t common = path_common(left, right);
    if (common == left->count || common == right->count) {
        return left->count < right->count ? -1 : left->count > right->count;
    }
    const struct path_element *one = &left->elements[common];
    const struct path_element *other = &right->elements[common];
    if (one->is_index != other->is_index) {
        return one->is_index ? -1 : 1;
    }
    return !one->is_index              ? bytes_compare(one->name, other->name)
           : one->index < other->index ? -1
                                       : one->index > other->index;
}

bool paths_clash(struct path *paths, size_t count)
{
    if (count > 1) {
        qsort(paths, count, sizeof(*paths), compare_paths);
    }
    for (size_t i = 1; i < count; i++) {
        if (path_overlaps(&paths[i - 1], &paths[i]) || path_conflicts(&paths[i - 1], &paths[i])) {
            return true;
        }
    }
    return false;
}

void path_format(const struct path *path, struct buffer *buffer)
{
    buffer_put_u8(buffer, '[');
    for (size_t i = 0; i < path->count; i++) {
        const struct path_element *element = &path->elements[i];
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        if (element->is_index) {
            buffer_put_format(buffer, "[%zu]", element->index);
        } else {
            buffer_put(buffer, element->name);
        }
    }
    buffer_put_u8(buffer, ']');
}
