/* Applying updates and projections to an item's tree. */
#include <stdlib.h>

#include "expression_private.h"

enum {
    VALUE_REMOVED = 255, /* kind of a list's or map's member that goes when all actions are done */
};

static enum status operand_missing(struct error *error)
{
    (void)error_set(error, STATUS_INVALID,
                    "The provided expression refers to an attribute that does not exist in the item");
    return STATUS_INVALID;
}

static enum status operand_wrong_type(struct error *error)
{
    (void)error_set(error, STATUS_INVALID, "An operand in the update expression has an incorrect data type");
    return STATUS_INVALID;
}

static enum status path_invalid(struct error *error)
{
    (void)error_set(error, STATUS_INVALID,
                    "The document path provided in the update expression is invalid for update");
    return STATUS_INVALID;
}

/* Where an update's values are made, and how many members of lists and maps were copied for them. */
struct making {
    struct arena *arena;
    size_t copies;
};

static enum status making_check(const struct making *making, struct error *error)
{
    return making->copies <= EXPRESSION_COPIES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "Item size to update has exceeded the maximum allowed size");
}

/* NOLINTBEGIN(misc-no-recursion): EXPRESSION_DEPTH_MAX and VALUE_DEPTH_MAX bound it */

static enum status operand_compute(const struct operand *operand, const struct value *item,
                                   struct making *making, struct value *ret_value, struct error *error);

static enum status list_append_compute(const struct value *left, const struct value *right,
                                       struct making *making, struct value *ret_value, struct error *error)
{
    if (left->kind != VALUE_LIST || right->kind != VALUE_LIST) {
        return operand_wrong_type(error);
    }
    struct value_items items = {.count = left->items.count + right->items.count};
    making->copies += items.count;
    enum status status = making_check(making, error);
    if (status != STATUS_OK) {
        return status;
    }
    items.at = arena_create_array(making->arena, items.count, sizeof(*items.at));
    for (size_t i = 0; i < items.count; i++) {
        items.at[i] = i < left->items.count ? left->items.at[i] : right->items.at[i - left->items.count];
    }
    *ret_value = (struct value){.kind = VALUE_LIST, .items = items};
    return STATUS_OK;
}

static enum status operand_compute_two(const struct operand *operand, const struct value *item,
                                       struct making *making, struct value *ret_value, struct error *error)
{
    struct value left = {0};
    struct value right = {0};
    enum status status = operand_compute(operand->left, item, making, &left, error);
    if (status == STATUS_OK) {
        status = operand_compute(operand->right, item, making, &right, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (operand->kind == OPERAND_LIST_APPEND) {
        return list_append_compute(&left, &right, making, ret_value, error);
    }
    if (!value_is_number(&left) || !value_is_number(&right)) {
        return operand_wrong_type(error);
    }
    return number_add(&left, &right, operand->kind == OPERAND_MINUS, making->arena, ret_value, error);
}

static enum status operand_compute(const struct operand *operand, const struct value *item,
                                   struct making *making, struct value *ret_value, struct error *error)
{
    const struct value *found = NULL;
    switch (operand->kind) {
    case OPERAND_VALUE:
        *ret_value = *operand->value;
        return STATUS_OK;
    case OPERAND_PATH:
    case OPERAND_IF_NOT_EXISTS:
        found = path_find(&operand->path, item);
        if (found == NULL && operand->kind == OPERAND_IF_NOT_EXISTS) {
            return operand_compute(operand->right, item, making, ret_value, error);
        }
        if (found == NULL) {
            return operand_missing(error);
        }
        *ret_value = *found;
        return STATUS_OK;
    case OPERAND_LIST_APPEND:
    case OPERAND_PLUS:
    case OPERAND_MINUS:
        return operand_compute_two(operand, item, making, ret_value, error);
    case OPERAND_SIZE:
        break;
    }
    return operand_wrong_type(error);
}

/* Copies containers, so that a value which stands in two places of an item is changed in one. What goes beyond the bound is not
 * copied: the update is refused. */
static struct value value_copy_tree(const struct value *value, struct making *making)
{
    struct value copy = *value;
    bool is_map = value->kind == VALUE_MAP;
    if (!is_map && value->kind != VALUE_LIST) {
        return copy;
    }
    size_t count = is_map ? 2 * value->pairs.count : value->items.count;
    making->copies += count;
    if (making->copies > EXPRESSION_COPIES_MAX) {
        return copy;
    }
    const struct value *from = is_map ? value->pairs.at : value->items.at;
    struct value *at = arena_create_array(making->arena, count, sizeof(*at));
    for (size_t i = 0; i < count; i++) {
        at[i] = value_copy_tree(&from[i], making);
    }
    if (is_map) {
        copy.pairs.at = at;
    } else {
        copy.items.at = at;
    }
    return copy;
}

static void remove_marked(struct value *value)
{
    size_t kept = 0;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->pairs.count; i++) {
        if (value->pairs.at[2 * i + 1].kind != (enum value_kind)VALUE_REMOVED) {
            value->pairs.at[2 * kept] = value->pairs.at[2 * i];
            value->pairs.at[2 * kept + 1] = value->pairs.at[2 * i + 1];
            remove_marked(&value->pairs.at[2 * kept++ + 1]);
        }
    }
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->items.count; i++) {
        if (value->items.at[i].kind != (enum value_kind)VALUE_REMOVED) {
            value->items.at[kept] = value->items.at[i];
            remove_marked(&value->items.at[kept++]);
        }
    }
    if (value->kind == VALUE_MAP) {
        value->pairs.count = kept;
    } else if (value->kind == VALUE_LIST) {
        value->items.count = kept;
    }
}

/* NOLINTEND(misc-no-recursion) */

/* The array that grew last, made here and with place for more: many members that are added one by one are not copied each time. */
struct room {
    struct value *at;
    size_t count; /* that it has place for */
};

/* The `count` values with place for `more` behind them. */
static struct value *room_for(struct room *room, struct value *at, size_t count, size_t more,
                              struct arena *arena)
{
    if (room->at == NULL || count == 0 || room->at != at || room->count < count + more) {
        *room = (struct room){.count = 2 * (count + more)};
        room->at = arena_create_array(arena, room->count, sizeof(*room->at));
        if (count > 0) {
            memcpy(room->at, at, count * sizeof(*at));
        }
    }
    return room->at;
}

/* `map` may be empty: pairs.at is then not looked at. */
static void map_set(struct value *map, struct bytes name, const struct value *value, struct room *room,
                    struct arena *arena)
{
    bool is_there = false;
    size_t position = value_map_position(map, name, &is_there);
    if (is_there) {
        map->pairs.at[2 * position + 1] = *value;
        return;
    }
    struct value *grown = room_for(room, map->pairs.at, 2 * map->pairs.count, 2, arena);
    memmove(grown + 2 * position + 2, grown + 2 * position,
            2 * (map->pairs.count - position) * sizeof(*grown));
    grown[2 * position] = value_of_text(name);
    grown[2 * position + 1] = *value;
    map->pairs.at = grown;
    map->pairs.count++;
}

static void map_remove_name(struct value *map, struct bytes name)
{
    bool is_there = false;
    size_t position = value_map_position(map, name, &is_there);
    if (is_there) {
        map->pairs.at[2 * position + 1].kind = (enum value_kind)VALUE_REMOVED;
    }
}

static void list_set(struct value *list, size_t index, const struct value *value, struct room *room,
                     struct arena *arena)
{
    if (index < list->items.count) {
        list->items.at[index] = *value;
        return;
    }
    struct value *grown = room_for(room, list->items.at, list->items.count, 1, arena);
    grown[list->items.count++] = *value;
    list->items.at = grown;
}

static int path_element_compare(const struct path_element *a, const struct path_element *b)
{
    if (a->is_index != b->is_index) {
        return a->is_index ? 1 : -1;
    }
    if (a->is_index) {
        return a->index < b->index ? -1 : a->index > b->index;
    }
    return bytes_compare(a->name, b->name);
}

/* The container that holds the last element of `path`; NULL when it is not there or no container. */
static struct value *path_parent(const struct path *path, struct value *item)
{
    struct path above = {.elements = path->elements, .count = path->count - 1};
    struct value *parent = (struct value *)path_find(&above, item); /* the item is ours to change */
    const struct path_element *last = &path->elements[path->count - 1];
    bool fits = parent != NULL && parent->kind == (last->is_index ? VALUE_LIST : VALUE_MAP);
    return fits ? parent : NULL;
}

/* Members that a map did not have, in the order of their names, which it gets all at once: thousands that come one by one before
 * as many others would move those each time. No action looks at what another one puts, so nobody misses them. */
struct newcomers {
    const struct path *path; /* of the first: all are members of the same map */
    struct value *pairs;     /* room for as many as there are actions */
    size_t count;
    struct room room; /* of the list that grew last */
};

/* Whether two paths name members of the same map. */
static bool paths_are_siblings(const struct path *a, const struct path *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; is_same && i + 1 < a->count; i++) {
        is_same = path_element_compare(&a->elements[i], &b->elements[i]) == 0;
    }
    return is_same;
}

/* Whether the last name of `path` is one more: of the same map, and behind the others, which those of ADD need not be. */
static bool newcomers_go_on(const struct newcomers *newcomers, const struct path *path)
{
    const struct path_element *last = &path->elements[path->count - 1];
    const struct value *before = &newcomers->pairs[2 * (newcomers->count - 1)];
    return !last->is_index && paths_are_siblings(newcomers->path, path) &&
           bytes_compare(before->bytes, last->name) < 0;
}

/* Puts them in their places. What was found in the item before may have moved. */
static void newcomers_settle(struct newcomers *newcomers, struct value *item, struct arena *arena)
{
    if (newcomers->count == 0) {
        return;
    }
    struct value *map = path_parent(newcomers->path, item);
    struct value_pairs merged = {.count = map->pairs.count + newcomers->count};
    merged.at = arena_create_array(arena, 2 * merged.count, sizeof(*merged.at));
    size_t olds = 0;
    size_t news = 0;
    for (size_t i = 0; i < merged.count; i++) {
        const struct value *added = &newcomers->pairs[2 * news];
        bool is_added = olds == map->pairs.count;
        if (!is_added && news < newcomers->count) {
            is_added = value_compare(added, &map->pairs.at[2 * olds]) < 0;
        }
        memcpy(&merged.at[2 * i], is_added ? added : &map->pairs.at[2 * olds], 2 * sizeof(*added));
        *(is_added ? &news : &olds) += 1;
    }
    map->pairs = merged;
    newcomers->count = 0;
}

static enum status path_put(const struct path *path, struct value *item, const struct value *value,
                            struct newcomers *newcomers, struct arena *arena, struct error *error)
{
    const struct path_element *last = &path->elements[path->count - 1];
    if (newcomers->count > 0 && !newcomers_go_on(newcomers, path)) {
        newcomers_settle(newcomers, item, arena);
    }
    struct value *parent = path_parent(path, item);
    if (parent == NULL) {
        return path_invalid(error);
    }
    if (last->is_index) {
        list_set(parent, last->index, value, &newcomers->room, arena);
        return STATUS_OK;
    }
    bool is_there = false;
    size_t position = value_map_position(parent, last->name, &is_there);
    if (is_there) {
        parent->pairs.at[2 * position + 1] = *value;
        return STATUS_OK;
    }
    newcomers->path = newcomers->count == 0 ? path : newcomers->path;
    newcomers->pairs[2 * newcomers->count] = value_of_text(last->name);
    newcomers->pairs[2 * newcomers->count + 1] = *value;
    newcomers->count++;
    return STATUS_OK;
}

static enum status path_remove(const struct path *path, struct value *item, struct error *error)
{
    const struct path_element *last = &path->elements[path->count - 1];
    struct value *parent = path_parent(path, item);
    if (parent == NULL) {
        return path_invalid(error);
    }
    if (!last->is_index) {
        map_remove_name(parent, last->name);
    } else if (last->index < parent->items.count) {
        parent->items.at[last->index].kind = (enum value_kind)VALUE_REMOVED;
    }
    return STATUS_OK;
}

static int compare_members(const void *a, const void *b)
{
    return value_compare(a, b);
}

/* Members of `set` that are (or are not) in `other`, then, for a union, those of `other`. */
static struct value set_combine(const struct value *set, const struct value *other, bool is_union,
                                struct arena *arena)
{
    struct value_items items = {0};
    struct value_items others = members_of(other, arena);
    items.at = arena_create_array(arena, set->items.count + other->items.count, sizeof(*items.at));
    for (size_t i = 0; i < set->items.count; i++) {
        if (!members_hold(others, &set->items.at[i])) {
            items.at[items.count++] = set->items.at[i];
        }
    }
    for (size_t i = 0; is_union && i < other->items.count; i++) {
        items.at[items.count++] = other->items.at[i];
    }
    qsort(items.at, items.count, sizeof(*items.at), compare_members);
    return (struct value){.kind = VALUE_SET, .items = items};
}

static bool sets_match(const struct value *a, const struct value *b)
{
    return a->kind == VALUE_SET && b->kind == VALUE_SET && strcmp(document_type(a), document_type(b)) == 0;
}

static enum status action_add(const struct action *action, struct value *item, struct newcomers *newcomers,
                              struct arena *arena, struct error *error)
{
    const struct value *operand = action->operand->value;
    const struct value *found = path_find(&action->path, item);
    struct value value = *operand;
    enum status status = STATUS_OK;
    if (found != NULL && value_is_number(found) && value_is_number(operand)) {
        status = number_add(found, operand, false, arena, &value, error);
    } else if (found != NULL && sets_match(found, operand)) {
        value = set_combine(found, operand, true, arena);
    } else if (found != NULL) {
        return operand_wrong_type(error);
    }
    return status == STATUS_OK ? path_put(&action->path, item, &value, newcomers, arena, error) : status;
}

static enum status action_delete(const struct action *action, struct value *item, struct newcomers *newcomers,
                                 struct arena *arena, struct error *error)
{
    const struct value *operand = action->operand->value;
    const struct value *found = path_find(&action->path, item);
    if (found == NULL) {
        return STATUS_OK;
    }
    if (!sets_match(found, operand)) {
        return operand_wrong_type(error);
    }
    struct value value = set_combine(found, operand, false, arena);
    return value.items.count == 0 ? path_remove(&action->path, item, error)
                                  : path_put(&action->path, item, &value, newcomers, arena, error);
}

static bool action_takes_away(const struct action *action)
{
    return action->kind == ACTION_REMOVE || action->kind == ACTION_DELETE;
}

/* No two touch the same place. */
static int compare_places(const struct path *a, const struct path *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = path_element_compare(&a->elements[i], &b->elements[i]);
        if (order != 0) {
            return order;
        }
    }
    return a->count < b->count ? -1 : a->count > b->count;
}

/* An action, and what SET puts. */
struct step {
    const struct action *action;
    struct value value;
};

/* What takes away comes first: an index names a member that the list had, never one that is appended; those beyond a list's end
 * are appended in the order of their index; members of one map come together, in the order of their names; and removed members go
 * last of all, so that the others keep their places. */
static int compare_steps(const void *a, const void *b)
{
    const struct action *left = ((const struct step *)a)->action;
    const struct action *right = ((const struct step *)b)->action;
    const struct path_element *left_last = &left->path.elements[left->path.count - 1];
    const struct path_element *right_last = &right->path.elements[right->path.count - 1];
    if (action_takes_away(left) != action_takes_away(right)) {
        return action_takes_away(left) ? -1 : 1;
    }
    if (left->kind != right->kind) {
        return left->kind < right->kind ? -1 : 1;
    }
    if (left_last->is_index != right_last->is_index) {
        return left_last->is_index ? 1 : -1;
    }
    if (left_last->is_index && left_last->index != right_last->index) {
        return left_last->index < right_last->index ? -1 : 1;
    }
    return left_last->is_index ? 0 : compare_places(&left->path, &right->path);
}

/* What is wrong first, in the order of the expression, is what is told. */
static enum status steps_compute(const struct update *update, const struct value *item, struct arena *arena,
                                 struct step *steps, struct error *error)
{
    struct making making = {.arena = arena};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < update->count && status == STATUS_OK; i++) { /* all see the item as it was */
        steps[i].action = &update->actions[i];
        if (steps[i].action->kind == ACTION_SET) {
            status = operand_compute(steps[i].action->operand, item, &making, &steps[i].value, error);
        }
        if (steps[i].action->kind == ACTION_SET &&
            status == STATUS_OK) { /* before what it was read from changes */
            steps[i].value = value_copy_tree(&steps[i].value, &making);
            status = making_check(&making, error);
        }
    }
    return status;
}

enum status update_apply(const struct update *update, struct arena *arena, struct value *item,
                         struct error *error)
{
    struct step *steps = arena_create_array(arena, update->count, sizeof(*steps));
    struct newcomers newcomers = {0};
    newcomers.pairs = arena_create_array(arena, 2 * update->count, sizeof(*newcomers.pairs));
    enum status status = steps_compute(update, item, arena, steps, error);
    if (status == STATUS_OK) {
        qsort(steps, update->count, sizeof(*steps), compare_steps);
    }
    for (size_t i = 0; i < update->count && status == STATUS_OK; i++) {
        const struct action *action = steps[i].action;
        switch (action->kind) {
        case ACTION_SET:
            status = path_put(&action->path, item, &steps[i].value, &newcomers, arena, error);
            break;
        case ACTION_REMOVE:
            status = path_remove(&action->path, item, error);
            break;
        case ACTION_ADD:
            status = action_add(action, item, &newcomers, arena, error);
            break;
        case ACTION_DELETE:
            status = action_delete(action, item, &newcomers, arena, error);
            break;
        }
    }
    newcomers_settle(&newcomers, item, arena);
    remove_marked(item);
    return status;
}

/* --- projections ------------------------------------------------------------------------------------------------ */

/* Copies what lies at `path` into *target under the same names; list members close up in the order of their index,
 * which `depth` levels down are kept as a map from index to member until projection_close. */
static void projection_put(const struct path *path, const struct value *found, struct value *target,
                           struct room *room, struct arena *arena)
{
    struct value *at = target;
    for (size_t i = 0; i < path->count; i++) {
        const struct path_element *element = &path->elements[i];
        char *index = element->is_index ? arena_format(arena, "%010zu", element->index) : NULL;
        struct bytes name = element->is_index ? bytes_of_text(index) : element->name;
        bool is_last = i + 1 == path->count;
        struct value *below = (struct value *)value_map_get(at, name);
        if (below == NULL || is_last) {
            struct value made = {.kind = VALUE_MAP};
            if (!is_last && path->elements[i + 1].is_index) {
                made.pairs.at = NULL;
            }
            map_set(at, name, is_last ? found : &made, room, arena);
            below = (struct value *)value_map_get(at, name);
        }
        at = below;
    }
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the paths */
/* Turns the maps that stand for lists into lists: those at which the original is one. */
static void projection_close(struct value *target, const struct value *original, struct arena *arena)
{
    for (size_t i = 0; target->kind == VALUE_MAP && i < target->pairs.count; i++) {
        struct bytes name = target->pairs.at[2 * i].bytes;
        struct value *member = &target->pairs.at[2 * i + 1];
        const struct value *source = NULL;
        if (original->kind == VALUE_MAP) {
            source = value_map_get(original, name);
        } else if (original->kind == VALUE_LIST) {
            source = &original->items.at[strtoul((const char *)name.data, NULL, 10)];
        }
        if (source != NULL && member->kind == VALUE_MAP && member->pairs.at != source->pairs.at) {
            projection_close(member, source, arena);
        }
    }
    if (original->kind == VALUE_LIST && target->kind == VALUE_MAP) {
        struct value_items items = {.count = target->pairs.count};
        items.at = arena_create_array(arena, items.count, sizeof(*items.at));
        for (size_t i = 0; i < items.count; i++) {
            items.at[i] = target->pairs.at[2 * i + 1];
        }
        *target = (struct value){.kind = VALUE_LIST, .items = items};
    }
}

/* NOLINTEND(misc-no-recursion) */

static int compare_paths(const void *a, const void *b)
{
    return bytes_compare(((const struct path *)a)->elements[0].name,
                         ((const struct path *)b)->elements[0].name);
}

struct projection projection_of_paths(struct path *paths, size_t count, struct arena *arena)
{
    struct projection projection = {.paths = paths, .count = count};
    for (size_t i = 0; i < count; i++) {
        if (paths[i].count != 1 || paths[i].elements[0].is_index) {
            return projection;
        }
    }
    struct path *names = arena_create_array(arena, count, sizeof(*names));
    if (count > 0) {
        memcpy(names, paths, count * sizeof(*names));
        qsort(names, count, sizeof(*names), compare_paths);
    }
    projection.names = names;
    return projection;
}

/* The attributes of those names: there may be far more names than attributes. */
static struct value projection_of_names(const struct projection *projection, const struct value *item,
                                        struct arena *arena)
{
    struct value result = {.kind = VALUE_MAP};
    result.pairs.at = arena_create_array(arena, 2 * item->pairs.count, sizeof(struct value));
    for (size_t i = 0; i < item->pairs.count; i++) {
        const struct value *pair = &item->pairs.at[2 * i];
        const struct path_element element = {.name = pair->bytes};
        const struct path path = {.elements = &element, .count = 1};
        if (bsearch(&path, projection->names, projection->count, sizeof(path), compare_paths) != NULL) {
            memcpy(&result.pairs.at[2 * result.pairs.count++], pair, 2 * sizeof(*pair));
        }
    }
    return result;
}

struct value projection_apply(const struct projection *projection, const struct value *item,
                              struct arena *arena)
{
    struct value result = {.kind = VALUE_MAP};
    struct room room = {0};
    if (projection->names != NULL && item->kind == VALUE_MAP) {
        return projection_of_names(projection, item, arena);
    }
    for (size_t i = 0; i < projection->count; i++) {
        const struct value *found = path_find(&projection->paths[i], item);
        if (found != NULL) {
            projection_put(&projection->paths[i], found, &result, &room, arena);
        }
    }
    projection_close(&result, item, arena);
    return result;
}

struct value update_touched(const struct update *update, const struct value *item, struct arena *arena)
{
    struct path *paths = arena_create_array(arena, update->count, sizeof(*paths));
    for (size_t i = 0; i < update->count; i++) {
        paths[i] = update->actions[i].path;
    }
    struct projection projection = projection_of_paths(paths, update->count, arena);
    return projection_apply(&projection, item, arena);
}
