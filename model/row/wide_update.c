#include "row/wide_update.h"

#include <stdlib.h>

#include "value/order.h"

enum {
    LIST_PATH_BYTES = 16,
    COUNTER_BYTES = 8,
};

#define LIST_MIDDLE (1ULL << 63) /* paths before it were prepended, those after it appended */

static struct wide_cell update_cell(const struct wide_update *update, const struct wide_moment *moment,
                                    const struct wide_part *part)
{
    if (part->is_null) {
        return (struct wide_cell){.is_tombstone = true,
                                  .timestamp = moment->timestamp,
                                  .expiry = moment->commit_time_us / 1000000};
    }
    return (struct wide_cell){.timestamp = moment->timestamp,
                              .ttl = update->ttl,
                              .expiry = update->ttl > 0 ? moment->now_s + update->ttl : 0,
                              .value = part->value};
}

static struct wide_deletion update_deletion(const struct wide_moment *moment, int64_t timestamp)
{
    return (struct wide_deletion){.timestamp = timestamp, .time = moment->commit_time_us / 1000000};
}

/* Later appends come after, later prepends before what is there. */
static struct bytes list_path(struct arena *arena, uint64_t high, uint64_t low)
{
    uint8_t *path = arena_create(arena, LIST_PATH_BYTES);
    bytes_put_u64(path, high);
    bytes_put_u64(path + 8, low);
    return bytes_of(path, LIST_PATH_BYTES);
}

static void apply_elements(const struct wide_update *update, const struct wide_moment *moment,
                           const struct wide_action *action, struct arena *arena, struct wide_row *row)
{
    struct wide_element *elements = arena_create_array(arena, action->count, sizeof(*elements));
    bool is_prepended = action->kind == WIDE_PREPEND;
    bool is_list = is_prepended || action->kind == WIDE_APPEND || action->kind == WIDE_REPLACE_LIST;
    uint64_t time = (uint64_t)moment->commit_time_us;
    if (is_prepended) {
        *moment->prepended += action->count;
    }
    for (size_t i = 0; i < action->count; i++) {
        elements[i].path = action->parts[i].path;
        elements[i].cell = update_cell(update, moment, &action->parts[i]);
        if (is_list && is_prepended) {
            elements[i].path = list_path(arena, LIST_MIDDLE - time, LIST_MIDDLE - *moment->prepended + i);
        } else if (is_list) {
            elements[i].path = list_path(arena, LIST_MIDDLE + time, (*moment->appended)++);
        }
    }
    wide_row_put_elements(row, arena, action->column, elements, action->count);
}

/* --- actions that read the list ------------------------------------------------------------------------------------ */

static size_t list_size(const struct wide_column *list, int64_t now)
{
    size_t size = 0;
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        size += wide_cell_shows(&list->elements[i].cell, now);
    }
    return size;
}

static enum status apply_list_set(const struct wide_update *update, const struct wide_moment *moment,
                                  const struct wide_action *action, struct arena *arena, struct wide_row *row,
                                  struct error *error)
{
    int64_t now = moment->now_s;
    const struct wide_column *list = wide_row_column(row, action->column);
    size_t size = list_size(list, now);
    if (size == 0) {
        return error_set(error, STATUS_INVALID, "Attempted to %s an element %s a list which is null",
                         action->parts[0].is_null ? "delete" : "set",
                         action->parts[0].is_null ? "from" : "on");
    }
    if (action->number < 0 || (uint64_t)action->number >= size) {
        return error_set(error, STATUS_INVALID, "List index %lld out of bound, list has size %zu",
                         (long long)action->number, size);
    }
    size_t left = (size_t)action->number;
    size_t i = 0;
    while (!wide_cell_shows(&list->elements[i].cell, now) || left > 0) {
        left -= wide_cell_shows(&list->elements[i].cell, now);
        i++;
    }
    struct wide_element element = {.path = list->elements[i].path,
                                   .cell = update_cell(update, moment, &action->parts[0])};
    wide_row_put_elements(row, arena, action->column, &element, 1);
    return STATUS_OK;
}

static int part_value_compare(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* The values of an action's parts, in order. */
static struct bytes *values_sorted(const struct wide_action *action, struct arena *arena)
{
    struct bytes *values = arena_create_array(arena, action->count, sizeof(*values));
    for (size_t i = 0; i < action->count; i++) {
        values[i] = action->parts[i].value;
    }
    qsort(values, action->count, sizeof(*values), part_value_compare);
    return values;
}

static void apply_list_subtract(const struct wide_update *update, const struct wide_moment *moment,
                                const struct wide_action *action, struct arena *arena, struct wide_row *row)
{
    int64_t now = moment->now_s;
    const struct wide_column *list = wide_row_column(row, action->column);
    const struct wide_part gone = {.is_null = true};
    if (list == NULL) {
        return;
    }
    struct wide_element *elements = arena_create_array(arena, list->count, sizeof(*elements));
    const struct bytes *values = values_sorted(action, arena);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct wide_cell *cell = &list->elements[i].cell;
        if (wide_cell_shows(cell, now) &&
            bsearch(&cell->value, values, action->count, sizeof(*values), part_value_compare) != NULL) {
            elements[count].path = list->elements[i].path;
            elements[count++].cell = update_cell(update, moment, &gone);
        }
    }
    wide_row_put_elements(row, arena, action->column, elements, count);
}

/* A counter is a number and not a history of increments: it adds to what shows. Nothing is there after a delete. The sum
 * is younger than what it was made of, also when that is of the same batch. */
static void apply_add(const struct wide_moment *moment, const struct wide_action *action, struct arena *arena,
                      struct wide_row *row)
{
    const struct wide_column *found = wide_row_column(row, action->column);
    bool shows = found != NULL && wide_cell_shows(&found->cell, moment->now_s) &&
                 found->cell.value.size == COUNTER_BYTES;
    if (shows && action->number == 0) {
        return;
    }
    uint64_t before = shows ? bytes_get_u64(found->cell.value.data) : 0;
    bool is_late = shows && found->cell.timestamp >= moment->timestamp;
    uint8_t *value = arena_create(arena, COUNTER_BYTES);
    bytes_put_u64(value, before + (uint64_t)action->number);
    wide_row_put_cell(row, arena, action->column,
                      (struct wide_cell){.timestamp = is_late ? found->cell.timestamp + 1 : moment->timestamp,
                                         .value = bytes_of(value, COUNTER_BYTES)});
}

/* Elements of sets and maps that are equal, though they are written differently, become one. */
static enum status apply_unite(const struct schema *schema, uint32_t id, struct arena *arena,
                               struct wide_row *row, struct error *error)
{
    const struct column *column = schema_column_of_id(schema, id);
    bool has_values = column != NULL && (column->type.kind == TYPE_SET || column->type.kind == TYPE_MAP);
    return has_values && value_type_is_ambiguous(&column->type.parameters[0])
               ? wide_row_unite_elements(row, arena, id, &column->type.parameters[0], error)
               : STATUS_OK;
}

static enum status apply_action(const struct schema *schema, const struct wide_update *update,
                                const struct wide_moment *moment, const struct wide_action *action,
                                struct arena *arena, struct wide_row *row, struct error *error)
{
    switch (action->kind) {
    case WIDE_SET:
        wide_row_put_cell(row, arena, action->column, update_cell(update, moment, &action->parts[0]));
        break;
    case WIDE_DELETE:
        wide_row_delete_column(row, arena, action->column, update_deletion(moment, moment->timestamp));
        break;
    case WIDE_REPLACE:
    case WIDE_REPLACE_LIST: /* the new elements are one microsecond younger than what they replace may be */
        wide_row_delete_column(row, arena, action->column, update_deletion(moment, moment->timestamp - 1));
        apply_elements(update, moment, action, arena, row);
        return apply_unite(schema, action->column, arena, row, error);
    case WIDE_PUT:
        apply_elements(update, moment, action, arena, row);
        return apply_unite(schema, action->column, arena, row, error);
    case WIDE_APPEND:
    case WIDE_PREPEND:
        apply_elements(update, moment, action, arena, row);
        break;
    case WIDE_LIST_SET:
        return apply_list_set(update, moment, action, arena, row, error);
    case WIDE_LIST_SUBTRACT:
        apply_list_subtract(update, moment, action, arena, row);
        break;
    case WIDE_ADD:
        apply_add(moment, action, arena, row);
        break;
    }
    return STATUS_OK;
}

enum status wide_update_apply(const struct schema *schema, const struct wide_update *update,
                              const struct wide_moment *moment, struct arena *arena, struct wide_row *row,
                              struct error *error)
{
    const struct wide_part present = {0};
    enum status status = STATUS_OK;
    if (update->deletes_row) {
        wide_row_delete(row, update_deletion(moment, moment->timestamp));
    }
    if (update->has_marker) {
        wide_row_put_marker(row, update_cell(update, moment, &present));
    }
    for (size_t i = 0; i < update->count && status == STATUS_OK; i++) {
        status = apply_action(schema, update, moment, &update->actions[i], arena, row, error);
    }
    return status;
}
