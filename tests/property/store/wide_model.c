#include "wide_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int naive_place(const struct naive *naive, int value)
{
    return naive->is_descending ? PLACES - 1 - value : value;
}

/* What covers a row from outside. */
static int64_t naive_mask(const struct naive *naive, int p, int r)
{
    const struct naive_partition *partition = &naive->partitions[p];
    int64_t mask = partition->deleted;
    int place = naive_place(naive, r);
    for (size_t i = 0; i < partition->ranges_count && r != STATIC_ROW; i++) {
        const struct naive_range *range = &partition->ranges[i];
        if (range->low <= 2 * place && range->high >= 2 * place + 1) {
            mask = later(mask, range->timestamp);
        }
    }
    return mask;
}

static int64_t naive_cover(const struct naive *naive, int p, int r, int column)
{
    const struct naive_row *row = &naive->partitions[p].rows[r];
    int64_t cover = later(naive_mask(naive, p, r), row->deleted);
    return column < COLUMNS ? later(cover, row->column_deleted[column]) : cover;
}

static bool write_wins(const struct naive_write *a, const struct naive_write *b)
{
    if (a->timestamp != b->timestamp) {
        return a->timestamp > b->timestamp;
    }
    if (a->is_tombstone != b->is_tombstone) {
        return a->is_tombstone;
    }
    if (a->expiry != b->expiry) {
        return a->expiry > b->expiry; /* one that never expires (0) gives way */
    }
    if (a->value != b->value) {
        return (uint32_t)a->value > (uint32_t)b->value; /* as four bytes */
    }
    return a->ttl != b->ttl ? a->ttl > b->ttl : a->scale > b->scale;
}

/* What a cell shows; NULL: nothing. */
static const struct naive_write *cell_shown(const struct naive_cell *cell, int64_t cover, int64_t now)
{
    const struct naive_write *best = NULL;
    for (size_t i = 0; i < cell->count; i++) {
        const struct naive_write *write = &cell->writes[i];
        if (write->timestamp > cover && (best == NULL || write_wins(write, best))) {
            best = write;
        }
    }
    bool shows = best != NULL && !best->is_tombstone && (best->expiry == 0 || best->expiry > now);
    return shows ? best : NULL;
}

static int cell_compare(const void *a, const void *b)
{
    const struct naive_cell *one = a;
    const struct naive_cell *other = b;
    if (one->column != other->column) {
        return one->column < other->column ? -1 : 1;
    }
    if (one->path != other->path) {
        return one->path < other->path ? -1 : 1;
    }
    return one->order < other->order ? -1 : one->order > other->order;
}

void naive_text(struct naive *naive, int p, int r, int64_t now, char text[TEXT_BYTES])
{
    struct naive_row *row = &naive->partitions[p].rows[r];
    size_t size = 0;
    text[0] = 0;
    if (row->count > 1) {
        qsort(row->cells, row->count, sizeof(*row->cells), cell_compare);
    }
    for (size_t i = 0; i < row->count; i++) {
        const struct naive_cell *cell = &row->cells[i];
        const struct naive_write *shown = cell_shown(cell, naive_cover(naive, p, r, cell->column), now);
        if (shown != NULL && cell->column == COLUMN_M) {
            size += (size_t)snprintf(text + size, TEXT_BYTES - size, "m=%d,%d:%d ", (int)cell->path,
                                     shown->scale, (int)shown->value);
        } else if (shown != NULL) {
            static const char *const names[] = {"s", "a", "m", "l", "marker"};
            size += (size_t)snprintf(text + size, TEXT_BYTES - size, "%s=%d ", names[cell->column],
                                     (int)shown->value);
        }
    }
}

static void naive_write(struct naive_row *row, int column, int64_t path, int64_t order,
                        struct naive_write write)
{
    struct naive_cell *cell = NULL;
    for (size_t i = 0; i < row->count && cell == NULL; i++) {
        struct naive_cell *each = &row->cells[i];
        cell = each->column == column && each->path == path && each->order == order ? each : NULL;
    }
    if (cell == NULL) {
        row->cells = memory_resize(row->cells, (row->count + 1) * sizeof(*row->cells));
        cell = &row->cells[row->count++];
        *cell = (struct naive_cell){.column = column, .path = path, .order = order};
    }
    cell->writes = memory_resize(cell->writes, (cell->count + 1) * sizeof(write));
    cell->writes[cell->count++] = write;
}

/* The newest timestamp that is left of a row; INT64_MIN: nothing is. */
static int64_t naive_newest(const struct naive *naive, int p, int r)
{
    const struct naive_row *row = &naive->partitions[p].rows[r];
    int64_t mask = naive_mask(naive, p, r);
    int64_t newest = row->deleted;
    for (int i = 0; i < COLUMNS; i++) {
        newest = later(newest, row->column_deleted[i]);
    }
    for (size_t i = 0; i < row->count; i++) {
        for (size_t k = 0; k < row->cells[i].count; k++) {
            newest = later(newest, row->cells[i].writes[k].timestamp);
        }
    }
    return newest > mask ? newest : INT64_MIN;
}

void naive_reset(struct naive *naive)
{
    for (int p = 0; p < PARTITIONS; p++) {
        for (int r = 0; r < ROWS; r++) {
            struct naive_row *row = &naive->partitions[p].rows[r];
            for (size_t i = 0; i < row->count; i++) {
                memory_destroy(row->cells[i].writes);
            }
            memory_destroy(row->cells);
        }
        memory_destroy(naive->partitions[p].ranges);
    }
}

/* The model's own reckoning of the writer's timestamp. */
static int64_t naive_timestamp(const struct naive *naive, const struct step_change *changes, size_t count,
                               int64_t commit_us)
{
    int64_t timestamp = commit_us;
    for (size_t i = 0; i < count; i++) {
        const struct step_change *change = &changes[i];
        for (int r = 0; r < ROWS; r++) {
            int place = naive_place(naive, r);
            int low = 2 * naive_place(naive, change->low) + (change->low_after ? 1 : 0);
            int high = 2 * naive_place(naive, change->high) + (change->high_after ? 1 : 0);
            bool is_hit =
                change->kind == GATE_WIDE
                    ? r == change->r
                    : !change->is_range || (r != STATIC_ROW && low <= 2 * place && high >= 2 * place + 1);
            int64_t newest = is_hit ? naive_newest(naive, change->p, r) : INT64_MIN;
            if (is_hit && change->kind == GATE_WIDE) {
                newest = later(newest, naive_mask(naive, change->p, r));
            }
            timestamp = newest == INT64_MIN ? timestamp : later(timestamp, newest + 1);
        }
    }
    return timestamp;
}

static void naive_delete(struct naive *naive, const struct step_change *change, int64_t timestamp)
{
    struct naive_partition *partition = &naive->partitions[change->p];
    if (!change->is_range) {
        partition->deleted = later(partition->deleted, timestamp);
        return;
    }
    partition->ranges =
        memory_resize(partition->ranges, (partition->ranges_count + 1) * sizeof(*partition->ranges));
    partition->ranges[partition->ranges_count++] =
        (struct naive_range){.low = 2 * naive_place(naive, change->low) + (change->low_after ? 1 : 0),
                             .high = 2 * naive_place(naive, change->high) + (change->high_after ? 1 : 0),
                             .timestamp = timestamp};
}

/* Of a list: by its index among what shows, or every one with a value. */
static void naive_list_edit(struct naive *naive, const struct step_change *change, struct naive_write write,
                            int64_t now)
{
    char text[TEXT_BYTES];
    struct naive_row *row = &naive->partitions[change->p].rows[change->r];
    int64_t left = change->action.number;
    naive_text(naive, change->p, change->r, now, text); /* sorts */
    int64_t cover = naive_cover(naive, change->p, change->r, COLUMN_L);
    size_t count = row->count;
    for (size_t i = 0; i < count; i++) {
        struct naive_cell *cell = &row->cells[i];
        const struct naive_write *shown = cell->column == COLUMN_L ? cell_shown(cell, cover, now) : NULL;
        bool is_hit = false;
        if (shown != NULL && change->action.kind == WIDE_LIST_SET) {
            is_hit = left-- == 0;
        }
        for (size_t k = 0;
             shown != NULL && change->action.kind == WIDE_LIST_SUBTRACT && k < change->action.count; k++) {
            is_hit |= change->values[k] == shown->value;
        }
        if (is_hit) {
            naive_write(row, COLUMN_L, cell->path, cell->order, write);
        }
    }
}

static void naive_action(struct naive *naive, const struct step_change *change, int64_t timestamp,
                         int64_t commit_us)
{
    int64_t now = commit_us / 1000000;
    const struct wide_action *action = &change->action;
    struct naive_row *row = &naive->partitions[change->p].rows[change->r];
    int column = (int)action->column;
    int64_t expiry = change->update.ttl > 0 ? now + change->update.ttl : 0;
    if (action->kind == WIDE_DELETE || action->kind == WIDE_REPLACE || action->kind == WIDE_REPLACE_LIST) {
        row->column_deleted[column] =
            later(row->column_deleted[column], action->kind == WIDE_DELETE ? timestamp : timestamp - 1);
    }
    if (action->kind == WIDE_LIST_SET || action->kind == WIDE_LIST_SUBTRACT) {
        bool is_gone = action->kind == WIDE_LIST_SUBTRACT || change->parts[0].is_null;
        struct naive_write write = {.timestamp = timestamp,
                                    .is_tombstone = is_gone,
                                    .expiry = is_gone ? now : expiry,
                                    .value = is_gone ? 0 : change->values[0]};
        naive_list_edit(naive, change, write, now);
        return;
    }
    naive->made += (int64_t)action->count;
    for (size_t i = 0; i < action->count; i++) {
        bool is_gone = change->parts[i].is_null;
        struct naive_write write = {.timestamp = timestamp,
                                    .is_tombstone = is_gone,
                                    .expiry = is_gone ? now : expiry,
                                    .value = is_gone ? 0 : change->values[i],
                                    .ttl = is_gone ? 0 : change->update.ttl,
                                    .scale = column == COLUMN_M ? change->scales[i] : 0};
        int64_t path = column == COLUMN_M ? change->keys[i] : 0;
        int64_t order = 0;
        if (column == COLUMN_L) { /* later steps come after, or before; of one statement in its order */
            path = action->kind == WIDE_PREPEND ? -commit_us : commit_us;
            order = (action->kind == WIDE_PREPEND ? -naive->made : naive->made - (int64_t)action->count) +
                    (int64_t)i;
        }
        naive_write(row, column, path, order, write);
    }
}

void naive_step(struct naive *naive, const struct step_change *changes, size_t count, int64_t commit_us)
{
    int64_t own = naive_timestamp(naive, changes, count, commit_us);
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind == GATE_WIDE_DELETE) {
            naive_delete(naive, &changes[i],
                         changes[i].update.has_timestamp ? changes[i].update.timestamp : own);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct step_change *change = &changes[i];
        int64_t timestamp = change->update.has_timestamp ? change->update.timestamp : own;
        if (change->kind == GATE_WIDE_DELETE) {
            continue;
        }
        struct naive_row *row = &naive->partitions[change->p].rows[change->r];
        if (change->update.deletes_row) {
            row->deleted = later(row->deleted, timestamp);
        }
        if (change->update.has_marker) {
            int64_t expiry = change->update.ttl > 0 ? commit_us / 1000000 + change->update.ttl : 0;
            naive_write(row, COLUMN_MARKER, 0, 0,
                        (struct naive_write){.timestamp = timestamp, .expiry = expiry});
        }
        if (change->update.count > 0) {
            naive_action(naive, change, timestamp, commit_us);
        }
    }
}
