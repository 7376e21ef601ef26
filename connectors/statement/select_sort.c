/* Rows of several partitions in the order of their clustering columns: sorted when all were read. */
#include <stdlib.h>

#include "base/memory.h"
#include "select.h"
#include "value/collation.h"

struct sorted_row {
    size_t cells_end; /* in select->cells; they begin where those of the row before end */
    size_t key_end;
};

struct select_sorted {
    struct sorted_row *rows;
    size_t count;
    size_t capacity;
    struct buffer keys;
};

/* Cells and key of a row while it is sorted. */
struct sorted_view {
    struct bytes cells;
    struct bytes key;
    size_t place; /* what is alike stays in its order */
};

enum status statement__sort_note(struct select *select, const struct source_row *row, struct error *error)
{
    const struct schema *schema = select->source.table.schema;
    enum status status = STATUS_OK;
    if (select->sorted == NULL) {
        select->sorted = memory_create(sizeof(*select->sorted));
    }
    struct select_sorted *sorted = select->sorted;
    if (sorted->count == sorted->capacity) {
        sorted->capacity = sorted->capacity == 0 ? 64 : 2 * sorted->capacity;
        sorted->rows = memory_resize(sorted->rows, sorted->capacity * sizeof(*sorted->rows));
    }
    bool has_clustering = row->plain != NULL || row->source->has_documents || row->source->log != NULL;
    for (size_t i = 0; i < schema->clustering_count && status == STATUS_OK && has_clustering; i++) {
        const struct key_column *column = &schema->clustering[i];
        status = collation_encode(&column->type, &row->key[schema->partition_count + i],
                                  column->is_descending != select->is_reverse, &sorted->keys, error);
    }
    sorted->rows[sorted->count++] =
        (struct sorted_row){.cells_end = select->cells.size, .key_end = sorted->keys.size};
    return status;
}

static int view_compare(const void *a, const void *b)
{
    const struct sorted_view *left = a;
    const struct sorted_view *right = b;
    int compared = bytes_compare(left->key, right->key);
    return compared != 0 ? compared : (left->place > right->place) - (left->place < right->place);
}

void statement__sort_rows(struct select *select)
{
    struct select_sorted *sorted = select->sorted;
    struct buffer cells = {0};
    struct sorted_row before = {0};
    if (sorted == NULL || sorted->count == 0) {
        return;
    }
    struct sorted_view *views = memory_create_array(sorted->count, sizeof(*views));
    for (size_t i = 0; i < sorted->count; i++) {
        const struct sorted_row *row = &sorted->rows[i];
        views[i] = (struct sorted_view){.cells = bytes_part(buffer_bytes(&select->cells), before.cells_end,
                                                            row->cells_end - before.cells_end),
                                        .key = bytes_part(buffer_bytes(&sorted->keys), before.key_end,
                                                          row->key_end - before.key_end),
                                        .place = i};
        before = *row;
    }
    qsort(views, sorted->count, sizeof(*views), view_compare);
    select->rows = select->rows < select->limit ? select->rows : select->limit;
    for (size_t i = 0; i < select->rows; i++) {
        buffer_put(&cells, views[i].cells);
    }
    memory_destroy(views);
    buffer_reset(&select->cells);
    select->cells = cells;
}

void statement__sort_reset(struct select *select)
{
    if (select->sorted != NULL) {
        memory_destroy(select->sorted->rows);
        buffer_reset(&select->sorted->keys);
        memory_destroy(select->sorted);
        select->sorted = NULL;
    }
}
