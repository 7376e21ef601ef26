/* Reads: a row, a page, a row's history. */
#include <stdatomic.h>

#include "base/memory.h"
#include "catalog/catalog.h"
#include "catalog/index.h"
#include "codec/pack.h"
#include "codec/shown.h"
#include "fold/fold.h"
#include "gate/bounds.h"
#include "gate_private.h"
#include "history/history.h"
#include "log/log.h"
#include "read/read.h"
#include "row/document.h"
#include "row/key.h"
#include "row/plain.h"
#include "row/stored.h"

struct gate_view {
    struct gate *gate;
    struct snapshot *snapshot;
    struct buffer key;
    struct buffer image;
    struct buffer document; /* what shows of a wide row */
    struct catalog *past;   /* the tables as of past_lsn, kept since pages of one walk ask for the same */
    uint64_t past_lsn;
    bool is_plain; /* documents of wide rows have plain values */
    atomic_bool is_ended;
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
        catalog_destroy(&gone->past);
        buffer_reset(&gone->key);
        buffer_reset(&gone->image);
        buffer_reset(&gone->document);
        memory_destroy(gone);
    }
}

void gate_view_show_plain(struct gate_view *view, bool is_plain)
{
    view->is_plain = is_plain;
}

void gate_view_end(struct gate_view *view)
{
    if (view != NULL) {
        atomic_store(&view->is_ended, true);
    }
}

enum status gate_view_check(const struct gate_view *view, struct error *error)
{
    return atomic_load(&view->is_ended) ? error_set(error, STATUS_CLOSED, "the server is stopping")
                                        : STATUS_OK;
}

/* The store as it is now. */
static enum status view_renew(struct gate_view *view, struct error *error)
{
    enum status status = gate_view_check(view, error);
    return status == STATUS_OK ? snapshot_renew(view->snapshot, error) : status;
}

/* The table as it is, or as it was at an LSN. The snapshot is fresh. */
static enum status view_schema(struct gate_view *view, struct bytes table, uint64_t as_of,
                               const struct schema **ret_schema, struct error *error)
{
    struct gate *gate = view->gate;
    if (as_of == 0) {
        return gate_table_find(gate, table, ret_schema, error);
    }
    const struct schema *now = catalog_find(gate->options.catalog, table);
    if (now != NULL && now->table < CATALOG_TABLE_FIRST) { /* system tables have no past */
        return gate_table_find(gate, table, ret_schema, error);
    }
    if (view->past == NULL || view->past_lsn != as_of) {
        catalog_destroy(&view->past);
        enum status status = history_catalog_at(gate->options.log, view->snapshot, gate->options.catalog,
                                                as_of, &view->past, error);
        if (status != STATUS_OK) {
            return status;
        }
        view->past_lsn = as_of;
    }
    *ret_schema = catalog_find(view->past, table);
    return *ret_schema != NULL ? STATUS_OK
                               : error_set(error, STATUS_NOT_FOUND, "there was no table %.*s at LSN %llu",
                                           (int)(table.size < 255 ? table.size : 255),
                                           (const char *)table.data, (unsigned long long)as_of);
}

/* STATUS_STALE: the name means another table than the one that was planned for (0: any). */
static enum status view_schema_of(struct gate_view *view, struct bytes table, uint32_t table_id,
                                  uint64_t as_of, const struct schema **ret_schema, struct error *error)
{
    enum status status = view_schema(view, table, as_of, ret_schema, error);
    if (status != STATUS_OK || table_id == 0) {
        return status;
    }
    CHECK(*ret_schema != NULL);
    return (*ret_schema)->table == table_id
               ? STATUS_OK
               : error_set(error, STATUS_STALE, "table %.*s was dropped and made anew meanwhile",
                           (int)(table.size < 255 ? table.size : 255), (const char *)table.data);
}

enum status gate_table_at(struct gate_view *view, struct bytes table, uint64_t lsn, struct arena *arena,
                          struct schema **ret_schema, struct error *error)
{
    const struct schema *schema = NULL;
    enum status status = view_renew(view, error);
    if (status == STATUS_OK) {
        status = view_schema(view, table, lsn, &schema, error);
    }
    if (status == STATUS_OK) {
        *ret_schema = schema_copy(schema, arena);
    }
    snapshot_release(view->snapshot);
    return status;
}

static enum status view_index(const struct schema *schema, struct bytes name, bool allows_filling,
                              uint32_t space, const struct index_schema **ret_index, struct error *error)
{
    *ret_index = NULL;
    if (name.size == 0) {
        return STATUS_OK;
    }
    *ret_index = schema_index(schema, name);
    if (*ret_index == NULL) {
        return error_set(error, STATUS_NOT_FOUND, "The table does not have the specified index: %.*s",
                         (int)(name.size < 255 ? name.size : 255), (const char *)name.data);
    }
    if (space != 0 && (*ret_index)->space != space) {
        return error_set(error, STATUS_STALE, "index %.*s was dropped and made anew meanwhile",
                         (int)name.size, (const char *)name.data);
    }
    return (*ret_index)->state == INDEX_ACTIVE || allows_filling
               ? STATUS_OK
               : error_set(error, STATUS_BUSY, "Cannot read from backfilling global secondary index: %.*s",
                           (int)name.size, (const char *)name.data);
}

static void view_note_read(const struct gate_view *view, struct bytes table, struct bytes image,
                           bool is_absent, struct arena *arena, struct gate_read *ret_read)
{
    struct bytes key = buffer_bytes(&view->key);
    *ret_read = (struct gate_read){.table = arena_copy(arena, table),
                                   .key = arena_copy(arena, key),
                                   .is_absent = is_absent};
    if (!is_absent) {
        ret_read->checksum = stored_row_checksum(key, image);
    }
}

/* The moment at which wide rows are looked at: now, or that of the LSN. */
static enum status view_now(struct gate_view *view, uint64_t as_of, int64_t *ret_now, struct error *error)
{
    int64_t time_us = clock_wall_us(view->gate->options.clock);
    struct record record;
    enum status status = STATUS_OK;
    if (as_of > 0) {
        struct log *log = view->gate->options.log;
        status = log_record_at(log, as_of, &view->document, &record, &time_us, error);
        if (status == STATUS_TRIMMED) { /* just before the horizon: as late as its first record */
            status = log_record_at(log, as_of + 1, &view->document, &record, &time_us, error);
        }
    }
    *ret_now = time_us / 1000000;
    return status;
}

static void view_encode(struct gate_view *view, const struct schema *schema, struct value item,
                        struct arena *arena)
{
    item = view->is_plain ? plain_item(schema, &item, arena) : item;
    buffer_clear(&view->document);
    codec_value_encode(&view->document, &item);
}

/* What shows of a wide row, as a document's image in view->document. */
static enum status view_document(struct gate_view *view, const struct schema *schema, struct bytes key,
                                 struct bytes image, int64_t now, struct error *error)
{
    struct value item;
    struct arena arena = {0};
    enum status status = document_of_wide(schema, key, image, now, &arena, &item, error);
    if (status == STATUS_OK) {
        view_encode(view, schema, item, &arena);
    }
    arena_reset(&arena);
    return status;
}

static enum status view_get(struct gate_view *view, const struct schema *schema, uint64_t as_of,
                            struct error *error)
{
    struct bytes image = {0};
    struct bytes key = buffer_bytes(&view->key);
    if (as_of > 0) {
        return history_row_at(view->gate->options.log, view->snapshot, schema, key, as_of, &view->image,
                              error);
    }
    enum status status = read_row_get(view->snapshot, schema, key, &image, error);
    buffer_clear(&view->image);
    buffer_put(&view->image, image);
    return status;
}

static enum status view_shown(struct gate_view *view, const struct schema *schema, uint64_t as_of,
                              struct bytes *ret_image, struct error *error)
{
    int64_t now = 0;
    enum status status = view_now(view, as_of, &now, error);
    if (status == STATUS_OK) {
        status =
            view_document(view, schema, buffer_bytes(&view->key), buffer_bytes(&view->image), now, error);
    }
    *ret_image = buffer_bytes(&view->document);
    return status;
}

enum status gate_get(struct gate_view *view, struct bytes table, const struct value *key, uint64_t as_of,
                     struct arena *arena, struct gate_read *ret_read, struct bytes *ret_image,
                     struct error *error)
{
    const struct schema *schema = NULL;
    enum status status = view_renew(view, error);
    buffer_clear(&view->key);
    if (status == STATUS_OK) {
        status = view_schema(view, table, as_of, &schema, error);
    }
    if (status == STATUS_OK) {
        status = gate__key(schema, key, &view->key, error);
    }
    if (status == STATUS_OK) {
        status = view_get(view, schema, as_of, error);
        bool is_known = status == STATUS_OK || status == STATUS_NOT_FOUND;
        if (is_known && ret_read != NULL) {
            view_note_read(view, table, buffer_bytes(&view->image), status == STATUS_NOT_FOUND, arena,
                           ret_read);
        }
        *ret_image = buffer_bytes(&view->image);
        if (status == STATUS_OK && schema->kind == TABLE_WIDE) {
            status = view_shown(view, schema, as_of, ret_image, error);
        }
        status = status == STATUS_NOT_FOUND ? error_set(error, status, "there is no such item") : status;
    }
    snapshot_release(view->snapshot);
    return status;
}

enum status gate_get_wide(struct gate_view *view, struct bytes table, uint32_t table_id,
                          const struct gate_slice *slice, uint64_t as_of, struct bytes *ret_image,
                          int64_t *ret_now, struct error *error)
{
    const struct schema *schema = NULL;
    enum status status = view_renew(view, error);
    buffer_clear(&view->key);
    if (status == STATUS_OK) {
        status = view_schema_of(view, table, table_id, as_of, &schema, error);
    }
    if (status == STATUS_OK) {
        status = view_now(view, as_of, ret_now, error);
    }
    if (status == STATUS_OK) {
        status = gate__slice_key(schema, slice, &view->key, error);
    }
    if (status == STATUS_OK) {
        status = view_get(view, schema, as_of, error);
        *ret_image = buffer_bytes(&view->image);
    }
    snapshot_release(view->snapshot);
    return status;
}

enum status gate_position(struct gate_view *view, struct bytes table, struct bytes index,
                          const struct value *item, struct arena *arena, struct bytes *ret_position,
                          struct error *error)
{
    const struct schema *schema = NULL;
    const struct index_schema *found = NULL;
    struct buffer key = {0};
    struct buffer storage = {0};
    struct buffer entry = {0};
    enum status status = gate_table_find(view->gate, table, &schema, error);
    if (status == STATUS_OK) {
        status = view_index(schema, index, false, 0, &found, error);
    }
    if (status == STATUS_OK) {
        status = gate__key(schema, item, &key, error);
    }
    if (status == STATUS_OK) {
        status = key_storage(schema, buffer_bytes(&key), &storage, error);
    }
    if (status == STATUS_OK && found != NULL) {
        status = index_entry_key(schema, found, buffer_bytes(&storage), item, &entry, error);
        status = status == STATUS_NOT_FOUND
                     ? error_set(error, STATUS_INVALID, "The provided starting key is invalid")
                     : status;
    }
    if (status == STATUS_OK) {
        *ret_position = arena_copy(arena, buffer_bytes(found != NULL ? &entry : &storage));
    }
    buffer_reset(&key);
    buffer_reset(&storage);
    buffer_reset(&entry);
    return status;
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

/* Rows now or as of an LSN, behind one face. */
struct view_cursor {
    struct read_cursor *now;
    struct history_cursor *then;
};

static enum status view_cursor_open(struct gate_view *view, const struct gate_query *query,
                                    const struct schema *schema, const struct index_schema *index,
                                    const struct gate_range *range, struct view_cursor *ret_cursor,
                                    struct error *error)
{
    *ret_cursor = (struct view_cursor){0};
    if (query->as_of > 0) {
        struct history_range then = {.log = view->gate->options.log,
                                     .snapshot = view->snapshot,
                                     .schema = schema,
                                     .index = index,
                                     .low = buffer_bytes(&range->low),
                                     .high = buffer_bytes(&range->high),
                                     .is_reverse = query->is_reverse,
                                     .lsn = query->as_of};
        return history_cursor_open(&then, &ret_cursor->then, error);
    }
    struct read_range now = {.low = buffer_bytes(&range->low),
                             .high = buffer_bytes(&range->high),
                             .is_reverse = query->is_reverse,
                             .indexed = index == NULL ? NULL : schema,
                             .tells_masked = true};
    return read_cursor_open(view->snapshot, now, &ret_cursor->now, error);
}

static enum status view_cursor_next(struct view_cursor *cursor, struct bytes *ret_storage,
                                    struct bytes *ret_key, struct bytes *ret_image, struct error *error)
{
    return cursor->then != NULL ? history_cursor_next(cursor->then, ret_storage, ret_key, ret_image, error)
                                : read_cursor_next(cursor->now, ret_storage, ret_key, ret_image, error);
}

/* One page under way. */
struct view_walk {
    const struct gate_query *query;
    struct arena *arena;
    struct arena row; /* of the row at hand */
    void (*visit)(void *context, const struct gate_row *row);
    void *context;
    struct gate_page page;
    struct hash128 checksum;
    bool notes_read; /* the checksum is wanted */
    struct gate_view *view;
    const struct schema *schema; /* of the rows */
};

/* Rows of wide tables are looked at as they are stored, or as documents: then what does not show is passed over. */
static enum status walk_wide_row(struct view_walk *walk, struct bytes key, struct bytes *image,
                                 bool *ret_shows, struct error *error)
{
    enum row_kind kind = key_kind(key);
    bool as_stored = walk->query->slice != NULL || walk->query->as_stored;
    *ret_shows = kind == ROW_PLAIN || (kind == ROW_STATIC && as_stored);
    if (!*ret_shows || as_stored) {
        return STATUS_OK;
    }
    enum status status = view_document(walk->view, walk->schema, key, *image, walk->page.now, error);
    *ret_shows = status == STATUS_OK;
    *image = buffer_bytes(&walk->view->document);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Takes the row at hand; without an image it is one that a deletion leaves nothing of. */
static enum status walk_row(struct view_walk *walk, struct bytes position, struct bytes key,
                            struct bytes image, struct error *error)
{
    struct gate_row row = {.position = position, .key = key, .image = image};
    bool shows = image.size > 0;
    struct value item;
    if (shows && walk->schema->kind == TABLE_WIDE) {
        enum status status = walk_wide_row(walk, key, &row.image, &shows, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (!shows) {
        walk->page.scanned_bytes += image.size; /* pages end also where there is much that does not show */
        walk->page.passed++;
        return STATUS_OK;
    }
    image = row.image;
    const struct condition *filter = walk->query->filter;
    if (filter != NULL || walk->query->measure != NULL) {
        arena_clear(&walk->row);
        enum status status = codec_value_decode(image, &walk->row, &item, error);
        if (status != STATUS_OK) {
            return status;
        }
        row.item = &item;
    }
    walk->page.scanned++;
    walk->page.scanned_bytes +=
        walk->query->measure == NULL ? image.size : walk->query->measure(walk->context, &item);
    if (filter == NULL || condition_holds(filter, &(struct condition_facts){.item = &item})) {
        walk->page.matched++;
        walk->visit(walk->context, &row);
    }
    return STATUS_OK;
}

/* The page is full: something may follow. Of a wide row it is the key that tells where. */
static enum status walk_note_last(struct view_walk *walk, struct bytes storage, struct bytes key,
                                  struct bytes image, struct error *error)
{
    struct value item;
    bool as_stored = walk->query->slice != NULL || walk->query->as_stored;
    walk->page.next = arena_copy(walk->arena, storage);
    walk->page.last_image = arena_copy(walk->arena, image);
    if (walk->schema->kind != TABLE_WIDE || as_stored || storage.size == 0) {
        return STATUS_OK;
    }
    enum status status = document_of_key(walk->schema, key, walk->arena, &item, error);
    if (status == STATUS_OK) {
        view_encode(walk->view, walk->schema, item, walk->arena);
        walk->page.last_image = arena_copy(walk->arena, buffer_bytes(&walk->view->document));
    }
    return status;
}

static enum status walk_rows(struct view_walk *walk, struct view_cursor *cursor, struct error *error)
{
    const struct gate_query *query = walk->query;
    size_t rows_max = query->rows_max == 0 ? READ_PAGE_SCAN_ROWS_MAX : query->rows_max;
    size_t bytes_max = query->bytes_max == 0 || query->bytes_max > READ_PAGE_BYTES_MAX ? READ_PAGE_BYTES_MAX
                                                                                       : query->bytes_max;
    size_t passed_max = query->passed_max == 0 ? READ_PAGE_SCAN_ROWS_MAX : query->passed_max;
    rows_max = rows_max < READ_PAGE_SCAN_ROWS_MAX ? rows_max : READ_PAGE_SCAN_ROWS_MAX;
    struct bytes storage = {0}; /* of the last row looked at: borrowed until the cursor moves on */
    struct bytes image = {0};
    struct bytes key = {0};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && walk->page.scanned < rows_max && walk->page.passed < passed_max &&
           walk->page.scanned + walk->page.passed < READ_PAGE_SCAN_ROWS_MAX &&
           walk->page.scanned_bytes < bytes_max && walk->page.matched < READ_PAGE_ROWS_MAX) {
        status = view_cursor_next(cursor, &storage, &key, &image, error);
        if (status == STATUS_OK) {
            if (walk->notes_read && image.size > 0) {
                walk->checksum = stored_rows_checksum(walk->checksum, key, image);
            }
            status = walk_row(walk, storage, key, image, error);
        }
    }
    if (status == STATUS_OK) {
        status = walk_note_last(walk, storage, key, image, error);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* The rows that the page looked at: from its beginning to its last row, or to the end of the range. */
static void walk_note_read(const struct view_walk *walk, const struct gate_range *range,
                           struct gate_read *ret_read)
{
    struct buffer low = {0};
    struct buffer high = {0};
    bool is_whole = walk->page.next.size == 0;
    buffer_put(&low, buffer_bytes(&range->low));
    buffer_put(&high, buffer_bytes(&range->high));
    if (!is_whole) {
        buffer_clear(&high);
        buffer_put(&high, walk->page.next);
        buffer_put_u8(&high, 0);
    }
    *ret_read = (struct gate_read){.table = arena_copy(walk->arena, walk->query->table),
                                   .low = arena_copy(walk->arena, buffer_bytes(&low)),
                                   .high = arena_copy(walk->arena, buffer_bytes(&high)),
                                   .checksum = walk->checksum};
    buffer_reset(&low);
    buffer_reset(&high);
}

static enum status view_page(struct gate_view *view, struct view_walk *walk, struct gate_read *ret_read,
                             struct error *error)
{
    const struct gate_query *query = walk->query;
    const struct schema *schema = NULL;
    const struct index_schema *index = NULL;
    uint8_t spaces[2][GATE_KEY_SPACE];
    struct gate_range range = {.low = buffer_over(spaces[0], GATE_KEY_SPACE),
                               .high = buffer_over(spaces[1], GATE_KEY_SPACE)};
    struct view_cursor cursor = {0};
    enum status status = view_schema_of(view, query->table, query->table_id, query->as_of, &schema, error);
    if (status == STATUS_OK) {
        status = view_index(schema, query->index, query->allows_filling, query->index_space, &index, error);
    }
    if (status == STATUS_OK) {
        struct schema as_schema = index == NULL ? *schema : index_as_schema(index);
        status = gate__range(&as_schema, query, &range, error);
    }
    walk->schema = schema;
    if (status == STATUS_OK && schema->kind == TABLE_WIDE) {
        status = view_now(view, query->as_of, &walk->page.now, error);
    }
    if (status == STATUS_OK) {
        status = view_cursor_open(view, query, schema, index, &range, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = walk_rows(walk, &cursor, error);
    }
    if (status == STATUS_OK && ret_read != NULL) {
        walk_note_read(walk, &range, ret_read);
    }
    read_cursor_close(&cursor.now);
    history_cursor_close(&cursor.then);
    gate__range_reset(&range);
    return status;
}

enum status gate_query(struct gate_view *view, const struct gate_query *query, struct arena *arena,
                       void (*visit)(void *context, const struct gate_row *row), void *context,
                       struct gate_page *ret_page, struct gate_read *ret_read, struct error *error)
{
    struct view_walk walk = {.query = query,
                             .view = view,
                             .arena = arena,
                             .visit = visit,
                             .context = context,
                             .notes_read = ret_read != NULL};
    if (ret_read != NULL && (query->as_of > 0 || query->index.size > 0 || query->is_reverse)) {
        return error_set(error, STATUS_UNSUPPORTED,
                         "only a forward read of the table as it is can be insisted on");
    }
    enum status status = view_renew(view, error);
    if (status == STATUS_OK) {
        status = view_page(view, &walk, ret_read, error);
    }
    snapshot_release(view->snapshot);
    *ret_page = walk.page;
    arena_reset(&walk.row);
    return status;
}

/* --- facts ------------------------------------------------------------------------------------------------------ */

static enum status view_total(struct gate_view *view, uint32_t space, struct fold_total *ret_total,
                              struct error *error)
{
    struct bytes stored = {0};
    *ret_total = (struct fold_total){.space = space};
    enum status status = view_renew(view, error);
    if (status == STATUS_OK) {
        status = read_totals(view->snapshot, space, &stored, error);
    }
    if (status == STATUS_OK && stored.size > 0 && !fold_total_decode(stored, ret_total)) {
        status = error_set(error, STATUS_CORRUPT, "malformed totals of space %u", space);
    }
    snapshot_release(view->snapshot);
    return status;
}

enum status gate_totals(struct gate_view *view, uint32_t space, uint64_t *ret_rows, uint64_t *ret_bytes,
                        struct error *error)
{
    struct fold_total total;
    enum status status = view_total(view, space, &total, error);
    if (status == STATUS_OK) {
        *ret_rows = total.rows;
        *ret_bytes = total.bytes;
    }
    return status;
}

enum status gate_hash(struct gate_view *view, struct bytes table, struct hash128 *ret_hash,
                      struct error *error)
{
    const struct schema *schema = NULL;
    struct fold_total total;
    enum status status = gate_table_find(view->gate, table, &schema, error);
    if (status == STATUS_OK) {
        status = view_total(view, schema->space, &total, error);
    }
    if (status == STATUS_OK) {
        *ret_hash = fold_total_hash(&total);
    }
    return status;
}

/* --- history of a row ------------------------------------------------------------------------------------------- */

struct history_visit {
    const struct schema *schema;
    uint64_t until_lsn; /* 0: there is no end */
    size_t left;        /* changes that the page still has room for */
    size_t bytes;       /* of those that it has */
    uint64_t next_lsn;  /* of the first that it has no room for; 0: none */
    struct buffer old;  /* images of a wide table's record as documents */
    struct buffer new;
    void (*visit)(void *context, uint64_t lsn, int64_t commit_time_us, const struct record *record);
    void *context;
};

static enum status view_visit_change(void *context, const struct history_change *change, struct error *error)
{
    struct history_visit *visit = context;
    struct record record = change->record;
    if (visit->until_lsn > 0 && change->lsn > visit->until_lsn) {
        return STATUS_END;
    }
    if (visit->left == 0 || visit->bytes >= READ_PAGE_BYTES_MAX) {
        visit->next_lsn = change->lsn;
        return STATUS_END;
    }
    visit->left--;
    visit->bytes += record.new_image.size + record.old_middle.size;
    enum status status =
        codec_record_show(visit->schema, change->commit_time_us, &visit->old, &visit->new, &record, error);
    if (status == STATUS_OK) {
        visit->visit(visit->context, change->lsn, change->commit_time_us, &record);
    }
    return status;
}

enum status gate_history(struct gate_view *view, struct bytes table, const struct value *key, uint64_t as_of,
                         uint64_t from_lsn, size_t changes_max,
                         void (*visit)(void *context, uint64_t lsn, int64_t commit_time_us,
                                       const struct record *record),
                         void *context, uint64_t *ret_next_lsn, struct error *error)
{
    struct gate *gate = view->gate;
    const struct schema *schema = NULL;
    struct buffer row = {0};
    struct history_visit forward = {.visit = visit, .context = context};
    size_t most =
        changes_max == 0 || changes_max > HISTORY_PAGE_RECORDS_MAX ? HISTORY_PAGE_RECORDS_MAX : changes_max;
    enum status status = view_renew(view, error);
    *ret_next_lsn = 0;
    if (status == STATUS_OK) {
        status = view_schema(view, table, as_of, &schema, error);
    }
    if (status == STATUS_OK) {
        status = gate__key(schema, key, &row, error);
    }
    if (status == STATUS_OK) {
        forward.schema = schema;
        forward.until_lsn = as_of;
        forward.left = most;
        status = history_row(gate->options.log, schema, buffer_bytes(&row), from_lsn == 0 ? 0 : from_lsn - 1,
                             most + 1, view_visit_change, &forward, error);
        *ret_next_lsn = forward.next_lsn;
    }
    uint64_t horizon = log_tip(gate->options.log).first_lsn;
    if (status == STATUS_OK && from_lsn > 0 && from_lsn < horizon) { /* since the page before */
        status = error_set(error, STATUS_TRIMMED,
                           "changes from LSN %llu on are asked for, and the log begins at %llu",
                           (unsigned long long)from_lsn, (unsigned long long)horizon);
    }
    buffer_reset(&forward.old);
    buffer_reset(&forward.new);
    buffer_reset(&row);
    return status;
}
