/* Reconciliation: which cell stays. MODEL "Reconciliation". */
#include <stdlib.h>

#include "row/wide.h"
#include "value/order.h"
#include "value/serial.h"

/* Whether `a` stays where `b` is. */
static bool cell_wins(const struct wide_cell *a, const struct wide_cell *b)
{
    if (a->timestamp != b->timestamp) {
        return a->timestamp > b->timestamp;
    }
    if (a->is_tombstone != b->is_tombstone) {
        return a->is_tombstone;
    }
    if ((a->ttl > 0) != (b->ttl > 0)) {
        return a->ttl > 0;
    }
    if (a->expiry != b->expiry) {
        return a->expiry > b->expiry;
    }
    int order = bytes_compare(a->value, b->value);
    return order != 0 ? order > 0 : a->ttl > b->ttl;
}

struct wide_deletion wide_deletion_later(struct wide_deletion a, struct wide_deletion b)
{
    bool is_a = a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.time >= b.time;
    return is_a ? a : b;
}

void wide_row_put_marker(struct wide_row *row, struct wide_cell marker)
{
    if (!row->has_marker || cell_wins(&marker, &row->marker)) {
        row->marker = marker;
        row->has_marker = true;
    }
}

void wide_row_delete(struct wide_row *row, struct wide_deletion deletion)
{
    row->deletion = wide_deletion_later(row->deletion, deletion);
}

/* The column of that id, made where it belongs if it is not there. */
static struct wide_column *row_column(struct wide_row *row, struct arena *arena, uint32_t id, bool is_multi)
{
    size_t at = 0;
    while (at < row->count && row->columns[at].id < id) {
        at++;
    }
    if (at < row->count && row->columns[at].id == id) {
        return &row->columns[at];
    }
    if (row->count + 1 > row->room) {
        struct wide_column *columns = arena_create_array(arena, 2 * (row->count + 1), sizeof(*columns));
        for (size_t i = 0; i < row->count; i++) {
            columns[i] = row->columns[i];
        }
        row->columns = columns;
        row->room = 2 * (row->count + 1);
    }
    for (size_t i = row->count; i > at; i--) {
        row->columns[i] = row->columns[i - 1];
    }
    row->columns[at] = (struct wide_column){
        .id = id,
        .is_multi = is_multi,
        .cell = {.timestamp = WIDE_NO_TIMESTAMP},
        .deletion = WIDE_NO_DELETION,
    };
    row->count++;
    return &row->columns[at];
}

void wide_row_put_cell(struct wide_row *row, struct arena *arena, uint32_t column, struct wide_cell cell)
{
    struct wide_column *found = row_column(row, arena, column, false);
    if (cell_wins(&cell, &found->cell)) {
        found->cell = cell;
    }
}

void wide_row_delete_column(struct wide_row *row, struct arena *arena, uint32_t column,
                            struct wide_deletion deletion)
{
    struct wide_column *found = row_column(row, arena, column, true);
    found->deletion = wide_deletion_later(found->deletion, deletion);
}

static int element_compare(const void *a, const void *b)
{
    return bytes_compare(((const struct wide_element *)a)->path, ((const struct wide_element *)b)->path);
}

/* Adds an element behind the others, or to the last one when that has the same path. */
static void element_add(struct wide_column *column, const struct wide_element *element)
{
    struct wide_element *last = column->count == 0 ? NULL : &column->elements[column->count - 1];
    if (last == NULL || !bytes_equal(last->path, element->path)) {
        column->elements[column->count++] = *element;
    } else if (cell_wins(&element->cell, &last->cell)) {
        last->cell = element->cell;
    }
}

/* Puts elements that are not there, in order, between the others. Room grows in doubles: a batch may bring them one by one. */
static void elements_merge(struct wide_column *column, struct arena *arena, const struct wide_element *added,
                           size_t count)
{
    size_t from = column->count;
    size_t to = column->count + count;
    column->count = to;
    if (to > column->room) {
        struct wide_element *elements = arena_create_array(arena, 2 * to, sizeof(*elements));
        for (size_t i = 0; i < from; i++) {
            elements[i] = column->elements[i];
        }
        column->elements = elements;
        column->room = 2 * to;
    }
    while (count > 0) {
        bool is_behind = from > 0 && element_compare(&column->elements[from - 1], &added[count - 1]) > 0;
        column->elements[--to] = is_behind ? column->elements[--from] : added[--count];
    }
}

void wide_row_put_elements(struct wide_row *row, struct arena *arena, uint32_t column,
                           struct wide_element *elements, size_t count)
{
    struct wide_column *found = row_column(row, arena, column, true);
    struct wide_column fresh = {.elements = elements};
    size_t added = 0;
    qsort(elements, count, sizeof(*elements), element_compare);
    for (size_t i = 0; i < count; i++) {
        element_add(&fresh, &elements[i]);
    }
    for (size_t i = 0; i < fresh.count; i++) {
        struct wide_element *there = found->count == 0
                                         ? NULL
                                         : bsearch(&fresh.elements[i], found->elements, found->count,
                                                   sizeof(*found->elements), element_compare);
        if (there == NULL) {
            fresh.elements[added++] = fresh.elements[i];
        } else if (cell_wins(&fresh.elements[i].cell, &there->cell)) {
            there->cell = fresh.elements[i].cell;
        }
    }
    elements_merge(found, arena, fresh.elements, added);
}

/* An element and what its path says. */
struct element_value {
    struct value value;
    struct wide_element element;
};

static int element_value_compare(const void *a, const void *b)
{
    return value_order(&((const struct element_value *)a)->value, &((const struct element_value *)b)->value);
}

static bool element_wins(const struct wide_element *a, const struct wide_element *b)
{
    bool is_tie = !cell_wins(&a->cell, &b->cell) && !cell_wins(&b->cell, &a->cell);
    return is_tie ? element_compare(a, b) > 0 : cell_wins(&a->cell, &b->cell);
}

enum status wide_row_unite_elements(struct wide_row *row, struct arena *arena, uint32_t column,
                                    const struct type *path, struct error *error)
{
    struct wide_column *found = row_column(row, arena, column, true);
    size_t kept = 0;
    if (found->count < 2) {
        return STATUS_OK;
    }
    struct element_value *values = arena_create_array(arena, found->count, sizeof(*values));
    for (size_t i = 0; i < found->count; i++) {
        values[i].element = found->elements[i];
        if (serial_decode(path, found->elements[i].path, arena, &values[i].value, NULL) != STATUS_OK) {
            return error_set(error, STATUS_CORRUPT, "a collection has an element that is none of its type");
        }
    }
    qsort(values, found->count, sizeof(*values), element_value_compare);
    for (size_t i = 0; i < found->count; i++) {
        bool is_again = kept > 0 && element_value_compare(&values[i - 1], &values[i]) == 0;
        if (!is_again) {
            found->elements[kept++] = values[i].element;
        } else if (element_wins(&values[i].element, &found->elements[kept - 1])) {
            found->elements[kept - 1] = values[i].element;
        }
    }
    found->count = kept;
    qsort(found->elements, kept, sizeof(*found->elements), element_compare);
    return STATUS_OK;
}

static void column_settle(struct wide_column *column, int64_t covered)
{
    if (column->deletion.timestamp <= covered) {
        column->deletion = WIDE_NO_DELETION;
    } else {
        covered = column->deletion.timestamp;
    }
    size_t kept = 0;
    while (kept < column->count && column->elements[kept].cell.timestamp > covered) {
        kept++; /* mostly all */
    }
    for (size_t i = kept; i < column->count; i++) {
        if (column->elements[i].cell.timestamp > covered) {
            column->elements[kept++] = column->elements[i];
        }
    }
    column->count = kept;
}

static void column_cover(struct wide_column *column, int64_t covered)
{
    if (column->is_multi) {
        column_settle(column, covered);
    } else if (column->cell.timestamp <= covered) {
        column->cell.timestamp = WIDE_NO_TIMESTAMP;
    }
}

static bool column_is_empty(const struct wide_column *column)
{
    return column->is_multi ? column->count == 0 && column->deletion.timestamp == WIDE_NO_TIMESTAMP
                            : column->cell.timestamp == WIDE_NO_TIMESTAMP;
}

static void row_drop_empty(struct wide_row *row)
{
    size_t kept = 0;
    for (size_t i = 0; i < row->count; i++) {
        if (!column_is_empty(&row->columns[i])) {
            row->columns[kept++] = row->columns[i];
        }
    }
    row->count = kept;
}

void wide_row_settle(struct wide_row *row, struct wide_deletion mask)
{
    int64_t covered = mask.timestamp;
    if (row->deletion.timestamp <= covered) {
        row->deletion = WIDE_NO_DELETION;
    } else {
        covered = row->deletion.timestamp;
    }
    row->has_marker = row->has_marker && row->marker.timestamp > covered;
    for (size_t i = 0; i < row->count; i++) {
        column_cover(&row->columns[i], covered);
    }
    row_drop_empty(row);
}

void wide_row_forget_dropped(const struct schema *schema, struct wide_row *row)
{
    if (!schema->has_returned) {
        return;
    }
    for (size_t i = 0; i < schema->columns_count; i++) {
        const struct column *column = &schema->columns[i];
        for (size_t k = 0; k < row->count && column->was_dropped; k++) {
            if (row->columns[k].id == column->id) {
                column_cover(&row->columns[k], column->dropped_us);
            }
        }
    }
    row_drop_empty(row);
}

static void newest_of(int64_t *newest, int64_t timestamp)
{
    *newest = timestamp > *newest ? timestamp : *newest;
}

int64_t wide_row_newest(const struct wide_row *row)
{
    int64_t newest = row->deletion.timestamp;
    if (row->has_marker) {
        newest_of(&newest, row->marker.timestamp);
    }
    for (size_t i = 0; i < row->count; i++) {
        const struct wide_column *column = &row->columns[i];
        newest_of(&newest, column->is_multi ? column->deletion.timestamp : column->cell.timestamp);
        for (size_t k = 0; k < column->count; k++) {
            newest_of(&newest, column->elements[k].cell.timestamp);
        }
    }
    return newest;
}

/* --- time ------------------------------------------------------------------------------------------------------- */

/* Calls `visit` with every cell, the marker too, until it answers false. */
static bool row_each_cell(const struct wide_row *row,
                          bool (*visit)(void *context, const struct wide_cell *cell), void *context)
{
    bool goes_on = !row->has_marker || visit(context, &row->marker);
    for (size_t i = 0; i < row->count && goes_on; i++) {
        const struct wide_column *column = &row->columns[i];
        goes_on = column->is_multi || visit(context, &column->cell);
        for (size_t k = 0; k < column->count && goes_on; k++) {
            goes_on = visit(context, &column->elements[k].cell);
        }
    }
    return goes_on;
}

static bool column_shows(const struct wide_column *column, int64_t now)
{
    bool shows = !column->is_multi && wide_cell_shows(&column->cell, now);
    for (size_t i = 0; i < column->count && !shows; i++) {
        shows = wide_cell_shows(&column->elements[i].cell, now);
    }
    return shows;
}

bool wide_row_shows(const struct schema *schema, const struct wide_row *row, int64_t now)
{
    bool shows = row->has_marker && wide_cell_shows(&row->marker, now);
    for (size_t i = 0; i < row->count && !shows; i++) {
        const struct wide_column *column = &row->columns[i];
        shows = column_shows(column, now) && schema_column_of_id(schema, column->id) != NULL;
    }
    return shows;
}

static void earliest_of(int64_t *earliest, int64_t seconds)
{
    *earliest = seconds < *earliest ? seconds : *earliest;
}

static void earliest_of_deletion(int64_t *earliest, const struct wide_deletion *deletion, uint32_t gc_grace)
{
    if (deletion->timestamp != WIDE_NO_TIMESTAMP) {
        earliest_of(earliest, deletion->time + gc_grace);
    }
}

struct event_search {
    uint32_t gc_grace;
    int64_t earliest;
};

static bool visit_event(void *context, const struct wide_cell *cell)
{
    struct event_search *search = context;
    if (cell->is_tombstone) {
        earliest_of(&search->earliest, cell->expiry + search->gc_grace);
    } else if (cell->ttl > 0) {
        earliest_of(&search->earliest, cell->expiry);
    }
    return true;
}

bool wide_row_next_event(const struct wide_row *row, uint32_t gc_grace, int64_t *ret_seconds)
{
    struct event_search search = {.gc_grace = gc_grace, .earliest = INT64_MAX};
    (void)row_each_cell(row, visit_event, &search);
    earliest_of_deletion(&search.earliest, &row->deletion, gc_grace);
    for (size_t i = 0; i < row->count; i++) {
        if (row->columns[i].is_multi) {
            earliest_of_deletion(&search.earliest, &row->columns[i].deletion, gc_grace);
        }
    }
    *ret_seconds = search.earliest;
    return search.earliest != INT64_MAX;
}

static bool visit_expiry(void *context, const struct wide_cell *cell)
{
    if (!cell->is_tombstone && cell->ttl > 0) {
        earliest_of(context, cell->expiry);
    }
    return true;
}

bool wide_row_first_expired(const struct wide_row *row, int64_t now, int64_t *ret_seconds)
{
    *ret_seconds = INT64_MAX;
    (void)row_each_cell(row, visit_expiry, ret_seconds);
    return *ret_seconds <= now;
}

static void cell_expire(struct wide_cell *cell, int64_t now)
{
    if (!cell->is_tombstone && cell->ttl > 0 && cell->expiry <= now) {
        cell->is_tombstone = true;
        cell->ttl = 0;
        cell->value = (struct bytes){0};
    }
}

void wide_row_expire(struct wide_row *row, int64_t now)
{
    cell_expire(&row->marker, now);
    for (size_t i = 0; i < row->count; i++) {
        cell_expire(&row->columns[i].cell, now);
        for (size_t k = 0; k < row->columns[i].count; k++) {
            cell_expire(&row->columns[i].elements[k].cell, now);
        }
    }
}

static bool cell_is_forgotten(const struct wide_cell *cell, int64_t before)
{
    return cell->is_tombstone && cell->expiry <= before;
}

static void deletion_forget(struct wide_deletion *deletion, int64_t before)
{
    if (deletion->timestamp != WIDE_NO_TIMESTAMP && deletion->time <= before) {
        *deletion = WIDE_NO_DELETION;
    }
}

static void column_forget(struct wide_column *column, int64_t before)
{
    size_t kept = 0;
    if (!column->is_multi) {
        if (cell_is_forgotten(&column->cell, before)) {
            column->cell.timestamp = WIDE_NO_TIMESTAMP;
        }
        return;
    }
    deletion_forget(&column->deletion, before);
    for (size_t i = 0; i < column->count; i++) {
        if (!cell_is_forgotten(&column->elements[i].cell, before)) {
            column->elements[kept++] = column->elements[i];
        }
    }
    column->count = kept;
}

void wide_row_forget(struct wide_row *row, int64_t now, uint32_t gc_grace)
{
    int64_t before = now - (int64_t)gc_grace;
    row->has_marker = row->has_marker && !cell_is_forgotten(&row->marker, before);
    deletion_forget(&row->deletion, before);
    for (size_t i = 0; i < row->count; i++) {
        column_forget(&row->columns[i], before);
    }
    row_drop_empty(row);
}

/* --- comparing what shows --------------------------------------------------------------------------------------- */

static const struct wide_element *next_shown(const struct wide_column *column, size_t *at, int64_t now)
{
    while (column != NULL && *at < column->count) {
        const struct wide_element *element = &column->elements[(*at)++];
        if (wide_cell_shows(&element->cell, now)) {
            return element;
        }
    }
    return NULL;
}

/* Of a list nobody sees the paths. */
static bool elements_show_same(bool is_list, const struct wide_column *a, int64_t a_now,
                               const struct wide_column *b, int64_t b_now)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        const struct wide_element *one = next_shown(a, &i, a_now);
        const struct wide_element *other = next_shown(b, &k, b_now);
        if (one == NULL || other == NULL) {
            return one == other;
        }
        if ((!is_list && !bytes_equal(one->path, other->path)) ||
            !bytes_equal(one->cell.value, other->cell.value)) {
            return false;
        }
    }
}

static bool columns_show_same(const struct column *column, const struct wide_row *a, int64_t a_now,
                              const struct wide_row *b, int64_t b_now)
{
    const struct wide_column *one = wide_row_column(a, column->id);
    const struct wide_column *other = wide_row_column(b, column->id);
    if (type_is_multi_cell(&column->type)) {
        return elements_show_same(column->type.kind == TYPE_LIST, one, a_now, other, b_now);
    }
    bool a_shows = one != NULL && wide_cell_shows(&one->cell, a_now);
    bool b_shows = other != NULL && wide_cell_shows(&other->cell, b_now);
    return a_shows == b_shows && (!a_shows || bytes_equal(one->cell.value, other->cell.value));
}

bool wide_rows_show_same(const struct schema *schema, const struct wide_row *a, int64_t a_now,
                         const struct wide_row *b, int64_t b_now)
{
    bool is_same = wide_row_shows(schema, a, a_now) == wide_row_shows(schema, b, b_now);
    for (size_t i = 0; i < schema->columns_count && is_same; i++) {
        is_same = columns_show_same(&schema->columns[i], a, a_now, b, b_now);
    }
    return is_same;
}
