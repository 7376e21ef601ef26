/* Ranges as of an LSN: the present, merged with what changed since. */
#include <stdlib.h>

#include "base/memory.h"
#include "catalog/index.h"
#include "codec/pack.h"
#include "history/history.h"
#include "row/key.h"
#include "segment/segment.h"

/* A key that changed after the LSN, and the first of those changes. */
struct touched {
    struct bytes storage;
    uint64_t lsn;
};

struct history_cursor {
    struct history_range range;
    struct read_cursor *present;
    struct log_keys *keys;
    struct arena arena;      /* of the touched keys at hand */
    struct touched *touched; /* in key order: one, or those of long keys that begin alike */
    size_t touched_count;
    size_t touched_next; /* how many of them were used, in reverse from the end */
    bool has_key;        /* an entry of `keys` is read and not used yet */
    struct buffer key;   /* it: space and key as the index stores them */
    uint64_t key_lsn;
    bool has_present; /* a present row is read and not used yet */
    struct bytes present_storage;
    struct bytes present_key;
    struct bytes present_image;
    struct buffer record; /* of the change that undoes a row */
    struct buffer image;
    struct buffer storage;
    struct buffer record_key;
};

void history_cursor_close(struct history_cursor **cursor)
{
    struct history_cursor *gone = *cursor;
    *cursor = NULL;
    if (gone != NULL) {
        read_cursor_close(&gone->present);
        log_keys_destroy(&gone->keys);
        arena_reset(&gone->arena);
        buffer_reset(&gone->key);
        buffer_reset(&gone->record);
        buffer_reset(&gone->image);
        buffer_reset(&gone->storage);
        buffer_reset(&gone->record_key);
        memory_destroy(gone->touched);
        memory_destroy(gone);
    }
}

/* --- touched keys ----------------------------------------------------------------------------------------------- */

enum {
    INDEXED_PREFIX_BYTES = sizeof(uint32_t) + SEGMENT_KEY_BYTES_MAX,
};

/* Reads the next entry of the key index into cursor->key. STATUS_END. */
static enum status touched_fetch(struct history_cursor *cursor, struct error *error)
{
    struct bytes indexed;
    if (cursor->has_key) {
        return STATUS_OK;
    }
    enum status status = log_keys_next(cursor->keys, &indexed, &cursor->key_lsn, error);
    if (status == STATUS_OK) {
        buffer_clear(&cursor->key);
        buffer_put(&cursor->key, indexed);
        cursor->has_key = true;
    }
    return status;
}

/* An entry that the key index may have cut. */
struct entry_search {
    uint32_t space;
    struct bytes indexed;
    struct buffer encoded;
    struct buffer *entry; /* the whole, when it is found */
    bool is_found;
};

static enum status entry_look(void *context, struct bytes entry, struct error *error)
{
    struct entry_search *search = context;
    (void)error;
    buffer_clear(&search->encoded);
    segment_key_encode(search->space, entry, &search->encoded);
    if (!search->is_found && bytes_equal(buffer_bytes(&search->encoded), search->indexed)) {
        buffer_clear(search->entry);
        buffer_put(search->entry, entry);
        search->is_found = true;
    }
    return STATUS_OK;
}

/* Whether a record's row has, before or after, the index entry that the key index cut to `indexed`. */
static bool entry_matches(const struct history_range *range, struct bytes key, struct bytes storage_key,
                          struct bytes image, struct bytes indexed, struct buffer *entry)
{
    struct arena arena = {0};
    struct value item;
    struct entry_search search = {.space = range->index->space, .indexed = indexed, .entry = entry};
    buffer_clear(entry);
    bool is_known =
        image.size > 0 && index_item(range->schema, key, image, &arena, &item, NULL) == STATUS_OK &&
        index_entry_keys(range->schema, range->index, storage_key, &item, entry_look, &search, NULL) ==
            STATUS_OK;
    buffer_reset(&search.encoded);
    arena_reset(&arena);
    return is_known && search.is_found;
}

/* The whole storage key of an entry that the key index has cut: the record knows. */
static enum status touched_whole_key(struct history_cursor *cursor, struct bytes indexed, uint64_t lsn,
                                     struct bytes *ret_storage, struct error *error)
{
    struct record record;
    int64_t time_us = 0;
    const struct history_range *range = &cursor->range;
    struct buffer storage = {0};
    enum status status = log_record_at(range->log, lsn, &cursor->record, &record, &time_us, error);
    if (status == STATUS_OK) {
        status = key_storage(range->schema, record.key, &storage, error);
    }
    if (status == STATUS_OK && range->index != NULL) {
        struct buffer entry = {0};
        struct buffer old = {0};
        struct bytes row = buffer_bytes(&storage);
        bool is_found =
            entry_matches(range, record.key, row, record.new_image, indexed, &entry) ||
            entry_matches(range, record.key, row, record_old_image(&record, &old), indexed, &entry);
        *ret_storage = arena_copy(&cursor->arena, buffer_bytes(&entry));
        status = is_found
                     ? STATUS_OK
                     : error_set(error, STATUS_CORRUPT, "the key index names LSN %llu for a key it lacks",
                                 (unsigned long long)lsn);
        buffer_reset(&entry);
        buffer_reset(&old);
    } else if (status == STATUS_OK) {
        *ret_storage = arena_copy(&cursor->arena, buffer_bytes(&storage));
    }
    buffer_reset(&storage);
    return status;
}

static int touched_compare(const void *a, const void *b)
{
    return bytes_compare(((const struct touched *)a)->storage, ((const struct touched *)b)->storage);
}

static void touched_add(struct history_cursor *cursor, struct bytes storage, uint64_t lsn)
{
    size_t count = cursor->touched_count;
    if ((count & (count - 1)) == 0) { /* a power of two: full */
        size_t room = count == 0 ? 1 : count * 2;
        cursor->touched = memory_resize(cursor->touched, room * sizeof(*cursor->touched));
    }
    cursor->touched[cursor->touched_count++] = (struct touched){.storage = storage, .lsn = lsn};
}

/* Passes over all changes of the key at hand: *ret_lsn is the first of them. STATUS_END. */
static enum status touched_skip(struct history_cursor *cursor, struct bytes indexed, uint64_t *ret_lsn,
                                struct error *error)
{
    enum status status = STATUS_OK;
    *ret_lsn = cursor->key_lsn;
    while (status == STATUS_OK && bytes_equal(buffer_bytes(&cursor->key), indexed)) {
        *ret_lsn = cursor->key_lsn < *ret_lsn ? cursor->key_lsn : *ret_lsn;
        cursor->has_key = false;
        status = touched_fetch(cursor, error);
    }
    return status;
}

/* As much of a bound as the index has of long keys. */
static struct bytes bound_beginning(struct bytes bound)
{
    return bound.size > SEGMENT_KEY_BYTES_MAX ? bytes_part(bound, 0, SEGMENT_KEY_BYTES_MAX) : bound;
}

/* Whether a key, of which the index may have cut off the end, and all that follow lie outside the range: in another space perhaps,
 * whose records mean something else. */
static bool touched_is_behind(const struct history_cursor *cursor, struct bytes known)
{
    const struct history_range *range = &cursor->range;
    return range->is_reverse ? bytes_compare(known, bound_beginning(range->low)) < 0
                             : bytes_compare(known, range->high) >= 0;
}

/* Adds the key at hand and passes over its changes. STATUS_END: it was the last. */
static enum status touched_take(struct history_cursor *cursor, struct bytes indexed, bool is_cut,
                                struct error *error)
{
    struct bytes storage = bytes_from(indexed, sizeof(uint32_t));
    uint64_t lsn = 0;
    enum status status = touched_skip(cursor, indexed, &lsn, error);
    if (status != STATUS_OK && status != STATUS_END) {
        return status;
    }
    enum status whole = is_cut ? touched_whole_key(cursor, indexed, lsn, &storage, error) : STATUS_OK;
    if (whole != STATUS_OK) {
        return whole;
    }
    touched_add(cursor, storage, lsn);
    return status;
}

/* Adds the next key, or all keys that the index has cut to the same beginning. STATUS_END. */
static enum status touched_read_group(struct history_cursor *cursor, struct error *error)
{
    size_t start = cursor->touched_count;
    struct bytes prefix = {0};
    bool is_cut = true;
    enum status status = touched_fetch(cursor, error);
    while (status == STATUS_OK && is_cut) {
        struct bytes indexed = arena_copy(&cursor->arena, buffer_bytes(&cursor->key));
        struct bytes known = bytes_from(indexed, sizeof(uint32_t));
        is_cut = indexed.size > INDEXED_PREFIX_BYTES;
        if (cursor->touched_count > start && (!is_cut || !bytes_start_with(indexed, prefix))) {
            break;
        }
        if (is_cut) {
            known = bytes_part(known, 0, SEGMENT_KEY_BYTES_MAX); /* no hash */
            prefix = bytes_part(indexed, 0, INDEXED_PREFIX_BYTES);
        }
        status = touched_is_behind(cursor, known) ? STATUS_END : touched_take(cursor, indexed, is_cut, error);
    }
    if ((status != STATUS_OK && status != STATUS_END) || cursor->touched_count == start) {
        return status;
    }
    qsort(cursor->touched + start, cursor->touched_count - start, sizeof(*cursor->touched), touched_compare);
    return STATUS_OK;
}

static bool touched_is_inside(const struct history_cursor *cursor, struct bytes storage)
{
    return bytes_compare(storage, cursor->range.low) >= 0 && bytes_compare(storage, cursor->range.high) < 0;
}

/* The touched key that comes next in the order of the walk; NULL: none. */
static enum status touched_peek(struct history_cursor *cursor, const struct touched **ret_touched,
                                struct error *error)
{
    *ret_touched = NULL;
    for (;;) {
        if (cursor->touched_next == cursor->touched_count) {
            cursor->touched_next = 0;
            cursor->touched_count = 0;
            arena_clear(&cursor->arena);
            enum status status = touched_read_group(cursor, error);
            if (status != STATUS_OK) {
                return status == STATUS_END ? STATUS_OK : status;
            }
        }
        size_t i = cursor->range.is_reverse ? cursor->touched_count - 1 - cursor->touched_next
                                            : cursor->touched_next;
        if (touched_is_inside(cursor, cursor->touched[i].storage)) {
            *ret_touched = &cursor->touched[i];
            return STATUS_OK;
        }
        cursor->touched_next++;
    }
}

/* --- the merge -------------------------------------------------------------------------------------------------- */

static enum status range_check_horizon(const struct history_range *range, struct error *error)
{
    struct log_tip tip = log_tip(range->log);
    if (range->lsn + 1 < tip.first_lsn || range->lsn > snapshot_lsn(range->snapshot)) {
        (void)error_set(error, STATUS_TRIMMED, "LSN %llu cannot be gone back to; %llu to %llu can",
                        (unsigned long long)range->lsn, (unsigned long long)(tip.first_lsn - 1),
                        (unsigned long long)snapshot_lsn(range->snapshot));
        return STATUS_TRIMMED;
    }
    return STATUS_OK;
}

enum status history_cursor_open(const struct history_range *range, struct history_cursor **ret_cursor,
                                struct error *error)
{
    struct history_cursor *cursor = memory_create(sizeof(*cursor));
    cursor->range = *range;
    struct read_range present = {.low = range->low,
                                 .high = range->high,
                                 .is_reverse = range->is_reverse,
                                 .indexed = range->index == NULL ? NULL : range->schema,
                                 .lsn = range->lsn};
    uint32_t space = range->index == NULL ? range->schema->space : range->index->space;
    enum status status = read_cursor_open(range->snapshot, present, &cursor->present, error);
    if (status == STATUS_OK) {
        /* Keys that the index has cut are ordered by a hash: begin before all that begin alike. */
        cursor->keys =
            log_keys_create(range->log,
                            &(struct log_keys_range){.space = space,
                                                     .from = range->is_reverse ? range->high
                                                                               : bound_beginning(range->low),
                                                     .after_lsn = range->lsn,
                                                     .until_lsn = snapshot_lsn(range->snapshot),
                                                     .is_reverse = range->is_reverse});
        /* only now: what was trimmed before the index was opened is not in it */
        status = range_check_horizon(range, error);
    }
    if (status != STATUS_OK) {
        history_cursor_close(&cursor);
        return status;
    }
    *ret_cursor = cursor;
    return STATUS_OK;
}

static enum status present_peek(struct history_cursor *cursor, struct error *error)
{
    if (cursor->has_present) {
        return STATUS_OK;
    }
    enum status status = read_cursor_next(cursor->present, &cursor->present_storage, &cursor->present_key,
                                          &cursor->present_image, error);
    cursor->has_present = status == STATUS_OK;
    return status == STATUS_END ? STATUS_OK : status;
}

/* The row that a touched key was at the LSN; STATUS_NOT_FOUND: it was not there. */
static enum status touched_undo(struct history_cursor *cursor, const struct touched *touched,
                                struct bytes *ret_key, struct bytes *ret_image, struct error *error)
{
    struct record record;
    int64_t time_us = 0;
    const struct history_range *range = &cursor->range;
    enum status status = log_record_at(range->log, touched->lsn, &cursor->record, &record, &time_us, error);
    if (status != STATUS_OK) {
        return status;
    }
    buffer_clear(&cursor->record_key);
    buffer_put(&cursor->record_key, record.key);
    *ret_key = buffer_bytes(&cursor->record_key);
    if (range->index == NULL && !history_has_left(&record, range->lsn)) {
        struct buffer old = {0};
        buffer_clear(&cursor->image);
        buffer_put(&cursor->image, record_old_image(&record, &old));
        buffer_reset(&old);
        *ret_image = buffer_bytes(&cursor->image);
        return (record.flags & RECORD_HAS_OLD) != 0 ? STATUS_OK : STATUS_NOT_FOUND;
    }
    /* The entry was there if the row had it: other changes of the row may lie before this one. A row that a deletion under
     * way covered was what that left of it. */
    status = history_row_at(range->log, range->snapshot, range->schema, *ret_key, range->lsn, &cursor->image,
                            error);
    *ret_image = buffer_bytes(&cursor->image);
    if (status == STATUS_OK && range->index != NULL) {
        struct buffer entry = {0};
        struct buffer indexed = {0};
        buffer_clear(&cursor->storage);
        status = key_storage(range->schema, *ret_key, &cursor->storage, error);
        segment_key_encode(range->index->space, touched->storage, &indexed);
        bool had_entry = status == STATUS_OK && entry_matches(range, *ret_key, buffer_bytes(&cursor->storage),
                                                              *ret_image, buffer_bytes(&indexed), &entry);
        status = status == STATUS_OK && !had_entry ? STATUS_NOT_FOUND : status;
        buffer_reset(&entry);
        buffer_reset(&indexed);
    }
    return status;
}

/* A row whose key nothing changed since; one found through an index may have changed in other attributes. */
static enum status present_give(struct history_cursor *cursor, struct bytes *ret_storage,
                                struct bytes *ret_key, struct bytes *ret_image, struct error *error)
{
    cursor->has_present = false;
    *ret_storage = cursor->present_storage;
    *ret_key = cursor->present_key;
    *ret_image = cursor->present_image;
    if (cursor->range.index == NULL) {
        return STATUS_OK;
    }
    enum status status = history_row_at(cursor->range.log, cursor->range.snapshot, cursor->range.schema,
                                        *ret_key, cursor->range.lsn, &cursor->image, error);
    *ret_image = buffer_bytes(&cursor->image);
    return status == STATUS_NOT_FOUND
               ? error_set(error, STATUS_CORRUPT, "an index has an entry for a row that was not there")
               : status;
}

/* Which comes next: negative the present row, positive the touched key, 0 both are the same. */
static int merge_order(const struct history_cursor *cursor, const struct touched *touched)
{
    if (!cursor->has_present || touched == NULL) {
        return cursor->has_present ? -1 : 1;
    }
    int order = bytes_compare(cursor->present_storage, touched->storage);
    return cursor->range.is_reverse ? -order : order;
}

enum status history_cursor_next(struct history_cursor *cursor, struct bytes *ret_storage,
                                struct bytes *ret_key, struct bytes *ret_image, struct error *error)
{
    for (;;) {
        const struct touched *touched = NULL;
        enum status status = present_peek(cursor, error);
        if (status == STATUS_OK) {
            status = touched_peek(cursor, &touched, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (!cursor->has_present && touched == NULL) {
            return STATUS_END;
        }
        int order = merge_order(cursor, touched);
        if (order < 0) {
            return present_give(cursor, ret_storage, ret_key, ret_image, error);
        }
        cursor->has_present = cursor->has_present && order != 0;
        status = touched_undo(cursor, touched, ret_key, ret_image, error);
        *ret_storage = touched->storage;
        cursor->touched_next++;
        if (status != STATUS_NOT_FOUND) {
            return status;
        }
    }
}

enum status history_catalog_at(struct log *log, struct snapshot *snapshot, struct catalog *catalog,
                               uint64_t lsn, struct catalog **ret_catalog, struct error *error)
{
    uint8_t low[4];
    uint8_t high[4];
    struct history_cursor *cursor = NULL;
    struct catalog *then = catalog_create();
    bytes_put_u32(low, CATALOG_TABLES);
    bytes_put_u32(high, CATALOG_TABLES + 1);
    struct history_range range = {.log = log,
                                  .snapshot = snapshot,
                                  .schema = catalog_find_table(catalog, CATALOG_TABLES),
                                  .low = bytes_of(low, sizeof(low)),
                                  .high = bytes_of(high, sizeof(high)),
                                  .lsn = lsn};
    enum status status = history_cursor_open(&range, &cursor, error);
    while (status == STATUS_OK) {
        struct bytes storage;
        struct bytes key;
        struct bytes image;
        status = history_cursor_next(cursor, &storage, &key, &image, error);
        if (status == STATUS_OK) {
            status = catalog_apply(then, image, error);
        }
    }
    history_cursor_close(&cursor);
    if (status != STATUS_END) {
        catalog_destroy(&then);
        return status;
    }
    *ret_catalog = then;
    return STATUS_OK;
}
