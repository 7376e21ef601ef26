/* Reads: a row, a page, a row's history. */
#include "base/memory.h"
#include "gate/bounds.h"
#include "gate_private.h"
#include "history/history.h"
#include "read/read.h"

struct gate_view {
    struct gate *gate;
    struct snapshot *snapshot;
    struct buffer key;
    struct buffer image;
};

enum status gate_view_open(struct gate *gate, struct gate_view **ret_view, struct error *error)
{
    struct gate_view *view = memory_create(sizeof(*view));
    view->gate = gate;
    enum status status = snapshot_open(gate->options.environment, &view->snapshot, error);
    if (status != STATUS_OK) {
        memory_destroy(view);
        return status;
    }
    snapshot_release(view->snapshot);
    *ret_view = view;
    return STATUS_OK;
}

void gate_view_close(struct gate_view **view)
{
    struct gate_view *gone = *view;
    *view = NULL;
    if (gone != NULL) {
        snapshot_close(&gone->snapshot);
        buffer_reset(&gone->key);
        buffer_reset(&gone->image);
        memory_destroy(gone);
    }
}

static enum status view_key(struct gate_view *view, struct bytes table, const struct value *key,
                            bool with_sort, const struct schema **ret_schema, struct error *error)
{
    struct arena scratch = {0};
    buffer_clear(&view->key);
    enum status status = gate_table_find(view->gate, table, ret_schema, error);
    if (status == STATUS_OK) {
        status = gate__key(*ret_schema, key, with_sort, &scratch, &view->key, error);
    }
    arena_reset(&scratch);
    return status;
}

enum status gate_get(struct gate_view *view, struct bytes table, const struct value *key, uint64_t as_of,
                     struct bytes *ret_image, struct error *error)
{
    const struct schema *schema = NULL;
    struct bytes image;
    enum status status = view_key(view, table, key, true, &schema, error);
    if (status == STATUS_OK) {
        status = snapshot_renew(view->snapshot, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes row = buffer_bytes(&view->key);
    if (as_of > 0) {
        status =
            history_row_at(view->gate->options.log, view->snapshot, schema, row, as_of, &view->image, error);
    } else {
        status = read_row_get(view->snapshot, schema, row, &image, error);
        buffer_clear(&view->image);
        buffer_put(&view->image, status == STATUS_OK ? image : (struct bytes){0});
    }
    snapshot_release(view->snapshot);
    if (status == STATUS_NOT_FOUND) {
        return error_set(error, status, "there is no such item");
    }
    *ret_image = buffer_bytes(&view->image);
    return status;
}

/* The storage keys that a page may visit: the table, or one partition of it. */
static enum status view_range(struct gate_view *view, const struct gate_page *page, struct buffer *ret_low,
                              struct buffer *ret_high, struct error *error)
{
    const struct schema *schema = NULL;
    enum status status = STATUS_OK;
    if (page->partition == NULL) {
        status = gate_table_find(view->gate, page->table, &schema, error);
        if (status == STATUS_OK) {
            buffer_put_u32(ret_low, schema->space);
        }
    } else {
        status = view_key(view, page->table, page->partition, false, &schema, error);
        if (status == STATUS_OK) {
            key_storage_partition(schema->space, key_partition(buffer_bytes(&view->key)), ret_low);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    buffer_put(ret_high, buffer_bytes(ret_low));
    CHECK(read_prefix_end(ret_high)); /* a space is never all ones */
    struct bytes next = page->next;
    if (next.size == 0) {
        return STATUS_OK;
    }
    if (!bytes_start_with(next, buffer_bytes(ret_low))) {
        return error_set(error, STATUS_INVALID, "the page position belongs to another table or partition");
    }
    struct buffer *bound = page->is_reverse ? ret_high : ret_low;
    buffer_clear(bound);
    buffer_put(bound, next);
    if (!page->is_reverse) {
        buffer_put_u8(bound, 0); /* right after the last one given */
    }
    return STATUS_OK;
}

static enum status view_walk(struct read_cursor *cursor, const struct gate_page *page, struct arena *arena,
                             void (*visit)(void *context, struct bytes image), void *context,
                             struct bytes *ret_next, struct error *error)
{
    size_t bytes = 0;
    size_t rows_max =
        page->rows_max == 0 || page->rows_max > READ_PAGE_ROWS_MAX ? READ_PAGE_ROWS_MAX : page->rows_max;
    struct bytes last = {0};
    for (size_t rows = 0; rows < rows_max && bytes < READ_PAGE_BYTES_MAX; rows++) {
        struct bytes storage;
        struct bytes key;
        struct bytes image;
        enum status status = read_cursor_next(cursor, &storage, &key, &image, error);
        if (status == STATUS_END) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        visit(context, image);
        bytes += image.size;
        last = rows + 1 == rows_max || bytes >= READ_PAGE_BYTES_MAX ? arena_copy(arena, storage) : last;
    }
    *ret_next = last;
    return STATUS_OK;
}

enum status gate_page(struct gate_view *view, const struct gate_page *page, struct arena *arena,
                      void (*visit)(void *context, struct bytes image), void *context, struct bytes *ret_next,
                      struct error *error)
{
    struct buffer low = {0};
    struct buffer high = {0};
    struct read_cursor *cursor = NULL;
    *ret_next = (struct bytes){0};
    enum status status = view_range(view, page, &low, &high, error);
    if (status == STATUS_OK) {
        status = snapshot_renew(view->snapshot, error);
    }
    if (status == STATUS_OK) {
        struct read_range range = {.low = buffer_bytes(&low),
                                   .high = buffer_bytes(&high),
                                   .is_reverse = page->is_reverse};
        status = read_cursor_open(view->snapshot, range, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = view_walk(cursor, page, arena, visit, context, ret_next, error);
    }
    read_cursor_close(&cursor);
    snapshot_release(view->snapshot);
    buffer_reset(&low);
    buffer_reset(&high);
    return status;
}

struct history_visit {
    void (*visit)(void *context, uint64_t lsn, int64_t commit_time_us, const struct record *record);
    void *context;
};

static enum status view_visit_change(void *context, const struct history_change *change, struct error *error)
{
    const struct history_visit *visit = context;
    (void)error;
    visit->visit(visit->context, change->lsn, change->commit_time_us, &change->record);
    return STATUS_OK;
}

enum status gate_history(struct gate *gate, struct bytes table, const struct value *key, size_t changes_max,
                         void (*visit)(void *context, uint64_t lsn, int64_t commit_time_us,
                                       const struct record *record),
                         void *context, struct error *error)
{
    const struct schema *schema = NULL;
    struct arena scratch = {0};
    struct buffer row = {0};
    struct history_visit forward = {.visit = visit, .context = context};
    size_t most =
        changes_max == 0 || changes_max > HISTORY_PAGE_RECORDS_MAX ? HISTORY_PAGE_RECORDS_MAX : changes_max;
    enum status status = gate_table_find(gate, table, &schema, error);
    if (status == STATUS_OK) {
        status = gate__key(schema, key, true, &scratch, &row, error);
    }
    if (status == STATUS_OK) {
        status = history_row(gate->options.log, schema, buffer_bytes(&row), 0, most, view_visit_change,
                             &forward, error);
    }
    arena_reset(&scratch);
    buffer_reset(&row);
    return status;
}
