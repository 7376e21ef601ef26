/* Document paths: `a.b[3]`. They name a place inside an item. */
#ifndef EXPRESSION_PATH_H
#define EXPRESSION_PATH_H

#include "base/buffer.h"
#include "expression/bounds.h"
#include "value/value.h"

struct path_element {
    bool is_index;
    struct bytes name;       /* when neither index nor key */
    size_t index;            /* of a list, or the position of a UDT's field */
    const struct value *key; /* CQL: of a map whose keys are no names; otherwise NULL */
};

/* The first element is always a name. Elements live in the arena of whoever made the path. */
struct path {
    const struct path_element *elements;
    size_t count;
};

/* The value at `path` inside `item` (a map); NULL when it, or something on the way, is not there.
 * Lifetime: borrowed from `item`. */
const struct value *path_find(const struct path *path, const struct value *item);

bool path_equal(const struct path *a, const struct path *b);
/* One begins with the other, or they are equal. */
bool path_overlaps(const struct path *a, const struct path *b);
/* They take one place for a map and for a list: `a.b` and `a[0]`. */
bool path_conflicts(const struct path *a, const struct path *b);
/* Whether any two overlap or conflict. Sorts `paths`. */
bool paths_clash(struct path *paths, size_t count);
/* Appends "[a, b, [3]]", as error messages show a path. */
void path_format(const struct path *path, struct buffer *buffer);

#endif
