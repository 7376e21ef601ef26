/* Members of sets, which are equal as document_equal has it: numbers by what they are worth, whatever their kinds. */
#include <stdlib.h>

#include "expression_private.h"

static bool is_nan(const struct value *value)
{
    return (value->kind == VALUE_FLOAT && value->float32 != value->float32) ||
           (value->kind == VALUE_DOUBLE && value->float64 != value->float64);
}

/* The order that sets are stored in, but for numbers of different kinds. NaN stands behind the others, and equals none. */
static int member_order(const struct value *a, const struct value *b)
{
    int order = 0;
    if (!value_is_number(a) || !value_is_number(b)) {
        return value_compare(a, b);
    }
    return document_order(a, b, &order) ? order : (int)is_nan(a) - (int)is_nan(b);
}

static int compare_members(const void *a, const void *b)
{
    return member_order(a, b);
}

struct value_items members_of(const struct value *set, struct arena *arena)
{
    struct value_items members = set->items;
    bool is_sorted = true;
    for (size_t i = 1; i < members.count && is_sorted; i++) {
        is_sorted = member_order(&members.at[i - 1], &members.at[i]) <= 0;
    }
    if (!is_sorted) {
        members.at = arena_create_array(arena, members.count, sizeof(*members.at));
        memcpy(members.at, set->items.at, members.count * sizeof(*members.at));
        qsort(members.at, members.count, sizeof(*members.at), compare_members);
    }
    return members;
}

bool members_hold(struct value_items members, const struct value *sought)
{
    const struct value *found =
        members.count == 0 ? NULL
                           : bsearch(sought, members.at, members.count, sizeof(*members.at), compare_members);
    return found != NULL && document_equal(found, sought);
}
