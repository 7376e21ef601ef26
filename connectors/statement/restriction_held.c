/* What a row's collections hold, where several relations ask for it: in order, so that each is answered by halves. */
#include <stdlib.h>

#include "restrictions.h"
#include "value/order.h"

/* Of a map its keys, or what is at them; of others the elements. */
struct held_members {
    const struct value **at; /* in the order of their type */
    size_t count;
    bool is_there;
};

struct held_collection {
    struct value value;
    bool is_there;
    struct held_members keys;
    struct held_members elements;
};

struct held_collection *statement__held_collections(const struct source_row *row)
{
    return arena_create_array(row->arena, row->source->count, sizeof(struct held_collection));
}

static int member_compare(const void *a, const void *b, void *type)
{
    return value_type_compare(type, *(const struct value *const *)a, *(const struct value *const *)b);
}

static void members_sort(const struct value *collection, bool is_keys, const struct type *type,
                         struct arena *arena, struct held_members *members)
{
    bool is_map = collection->kind == VALUE_MAP;
    bool is_null = collection->kind == VALUE_NULL;
    const struct value *at = is_map ? collection->pairs.at : is_null ? NULL : collection->items.at;
    size_t offset = is_map && !is_keys ? 1 : 0;
    members->count = is_map ? collection->pairs.count : is_null ? 0 : collection->items.count;
    members->at = arena_create_array(arena, members->count, sizeof(const struct value *));
    members->is_there = true;
    for (size_t i = 0; i < members->count; i++) {
        members->at[i] = &at[i * (is_map ? 2 : 1) + offset];
    }
    if (members->count > 0) {
        qsort_r(members->at, members->count, sizeof(const struct value *), member_compare,
                (void *)(uintptr_t)type);
    }
}

/* The member that equals `wanted`; or NULL. */
static const struct value *members_find(const struct held_members *members, const struct type *type,
                                        const struct value *wanted)
{
    size_t low = 0;
    size_t high = members->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int compared = value_type_compare(type, members->at[middle], wanted);
        if (compared == 0) {
            return members->at[middle];
        }
        low = compared < 0 ? middle + 1 : low;
        high = compared < 0 ? high : middle;
    }
    return NULL;
}

enum status statement__restriction_held(const struct restriction *restriction, const struct source_row *row,
                                        struct held_collection *collections, bool *ret_is_held,
                                        struct error *error)
{
    size_t column = statement__source_number(row->source, restriction->columns[0]);
    struct held_collection *collection = &collections[column];
    bool is_element = restriction->relation->kind == CQL_RELATION_ELEMENT;
    bool is_keys = is_element || restriction->comparison == CQL_CONTAINS_KEY;
    const struct type *type = is_element ? &restriction->columns[0]->type->parameters[0] : restriction->type;
    struct held_members *members = is_keys ? &collection->keys : &collection->elements;
    const struct value *wanted = &restriction->values[0].value;
    if (!collection->is_there) {
        enum status status = statement__row_value(row, column, &collection->value, error);
        if (status != STATUS_OK) {
            return status;
        }
        collection->is_there = true;
    }
    if (!members->is_there) {
        members_sort(&collection->value, is_keys, type, row->arena, members);
    }
    const struct value *found = members_find(members, type, is_element ? &restriction->key.value : wanted);
    *ret_is_held =
        found != NULL && (!is_element || value_type_compare(restriction->type, &found[1], wanted) == 0);
    return STATUS_OK;
}
