/* The key index: which LSNs changed a key. In memory for a raw segment, in blocks for a sealed one. */
#include <stdlib.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "segment_private.h"

void segment_key_encode(uint32_t space, struct bytes key, struct buffer *ret_key)
{
    buffer_put_u32(ret_key, space);
    if (key.size <= SEGMENT_KEY_BYTES_MAX) {
        buffer_put(ret_key, key);
        return;
    }
    buffer_put(ret_key, bytes_part(key, 0, SEGMENT_KEY_BYTES_MAX));
    buffer_put_u64(ret_key, crypto_hash64((struct bytes){0}, key));
}

void segment_key_add(struct segment_key_sink *sink, uint32_t space, struct bytes key)
{
    if (sink->count == sink->capacity) {
        sink->capacity = sink->capacity == 0 ? 256 : sink->capacity * 2;
        sink->entries = memory_resize(sink->entries, sink->capacity * sizeof(*sink->entries));
    }
    buffer_clear(&sink->key);
    segment_key_encode(space, key, &sink->key);
    struct bytes copy = arena_copy(&sink->arena, buffer_bytes(&sink->key));
    sink->entries[sink->count++] = (struct segment_key_entry){.key = copy, .lsn = sink->lsn};
}

void segment__keys_reset(struct segment_key_sink *sink)
{
    arena_reset(&sink->arena);
    buffer_reset(&sink->key);
    memory_destroy(sink->entries);
    *sink = (struct segment_key_sink){0};
}

int segment__key_entry_compare(const struct segment_key_entry *a, const struct segment_key_entry *b)
{
    int order = bytes_compare(a->key, b->key);
    if (order != 0) {
        return order;
    }
    return a->lsn < b->lsn ? -1 : a->lsn > b->lsn;
}

static int keys_compare(const void *a, const void *b)
{
    return segment__key_entry_compare(a, b);
}

/* Sorts what came since the last time and merges it with what was in order already. */
void segment__keys_sort(struct segment_key_sink *sink)
{
    size_t old = sink->sorted;
    size_t added = sink->count - old;
    if (added == 0) {
        return;
    }
    qsort(sink->entries + old, added, sizeof(*sink->entries), keys_compare);
    struct segment_key_entry *merged = memory_create_array(sink->capacity, sizeof(*merged));
    size_t i = 0;
    size_t k = old;
    for (size_t n = 0; n < sink->count; n++) {
        bool takes_old = k == sink->count ||
                         (i < old && segment__key_entry_compare(&sink->entries[i], &sink->entries[k]) <= 0);
        merged[n] = takes_old ? sink->entries[i++] : sink->entries[k++];
    }
    memory_destroy(sink->entries);
    sink->entries = merged;
    sink->sorted = sink->count;
}

enum status segment__keys_visit_part(struct segment_key_sink *sink, const struct segment_keys *keys,
                                     const struct segment_part *part, struct error *error)
{
    struct reader reader = reader_of(part->records);
    struct record record;
    for (uint32_t i = 0; i < part->count; i++) {
        enum status status = record_decode(&reader, &record, error);
        if (status == STATUS_OK) {
            sink->lsn = part->first_lsn + i;
            status = keys->visit(keys->context, &record, sink, error);
        }
        if (status != STATUS_OK) {
            return status == STATUS_END
                       ? error_set(error, STATUS_CORRUPT, "a frame has fewer records than it says")
                       : status;
        }
    }
    return STATUS_OK;
}

struct segment_key_cursor {
    struct segment *segment;
    size_t next_block;    /* sealed */
    struct reader block;  /* sealed: what is left of the current block */
    struct buffer stored; /* sealed: compressed bytes */
    struct buffer raw;
    struct buffer key;                 /* the current key */
    struct segment_key_entry *entries; /* raw: a copy of what was there when the cursor was made */
    struct arena arena;
    size_t count;
    size_t next;
    bool has_pending; /* the entry found by the seek, not yet given */
    uint64_t pending_lsn;
};

/* Adds the keys of the records from `from_lsn` to the last appended; *ret_lsn is the first LSN after them. */
static enum status head_catch_up(struct segment *segment, struct segment_key_sink *sink, uint64_t from_lsn,
                                 const struct segment_keys *keys, uint64_t *ret_lsn, struct error *error)
{
    struct segment_cursor *cursor = segment_cursor_create(segment, from_lsn);
    struct segment_part part;
    enum status status = segment_cursor_next(cursor, &part, error);
    while (status == STATUS_OK) {
        status = segment__keys_visit_part(sink, keys, &part, error);
        if (status == STATUS_OK) {
            *ret_lsn = part.first_lsn + part.count;
            status = segment_cursor_next(cursor, &part, error);
        }
    }
    segment_cursor_destroy(&cursor);
    return status == STATUS_END ? STATUS_OK : status;
}

/* First entry at or after `from`. */
static size_t entries_seek(const struct segment_key_entry *entries, size_t count, struct bytes from)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(entries[middle].key, from) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status cursor_open_raw(struct segment_key_cursor *cursor, const struct segment_keys *keys,
                                   struct bytes from, struct error *error)
{
    struct segment *segment = cursor->segment;
    (void)pthread_mutex_lock(&segment->head_mutex);
    uint64_t lsn = segment->head_lsn;
    if (lsn == 0) {
        lsn = segment_range(segment).first_lsn;
    }
    enum status status =
        lsn == 0 ? STATUS_OK : head_catch_up(segment, &segment->head, lsn, keys, &lsn, error);
    segment->head_lsn = lsn;
    if (status == STATUS_OK) {
        segment__keys_sort(&segment->head);
        size_t first = entries_seek(segment->head.entries, segment->head.count, from);
        cursor->count = segment->head.count - first;
        cursor->entries = arena_create_array(&cursor->arena, cursor->count, sizeof(*cursor->entries));
        if (cursor->count > 0) {
            /* keys stay in the segment's arena, which lives as long as the shared segment */
            memcpy(cursor->entries, segment->head.entries + first, cursor->count * sizeof(*cursor->entries));
        }
    }
    (void)pthread_mutex_unlock(&segment->head_mutex);
    return status;
}

static enum status cursor_next_sealed(struct segment_key_cursor *cursor, uint64_t *ret_lsn,
                                      struct error *error)
{
    struct segment *segment = cursor->segment;
    if (cursor->block.rest.size == 0) {
        if (cursor->next_block == segment->index_blocks_count) {
            return STATUS_END;
        }
        uint64_t end = 0;
        enum status status =
            segment__block_read(segment, segment->index_blocks[cursor->next_block].offset, segment->index_end,
                                &cursor->stored, &cursor->raw, &end, error);
        if (status != STATUS_OK) {
            return status;
        }
        cursor->next_block++;
        cursor->block = reader_of(buffer_bytes(&cursor->raw));
        buffer_clear(&cursor->key);
    }
    uint64_t common = reader_varint(&cursor->block);
    struct bytes rest = reader_sized(&cursor->block);
    uint64_t delta = reader_varint(&cursor->block);
    if (cursor->block.failed || common > cursor->key.size) {
        return error_set(error, STATUS_CORRUPT, "%s: offset %llu: a malformed key index", segment->file.path,
                         (unsigned long long)segment->index_blocks[cursor->next_block - 1].offset);
    }
    cursor->key.size = common;
    buffer_put(&cursor->key, rest);
    *ret_lsn = segment->range.first_lsn + delta;
    return STATUS_OK;
}

static enum status cursor_open_sealed(struct segment_key_cursor *cursor, struct bytes from,
                                      struct error *error)
{
    struct segment *segment = cursor->segment;
    size_t low = 0;
    size_t high = segment->index_blocks_count;
    while (low < high) { /* last block whose first key is before `from` */
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(segment->index_blocks[middle].first_key, from) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    cursor->next_block = low == 0 ? 0 : low - 1;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        status = cursor_next_sealed(cursor, &cursor->pending_lsn, error);
        if (status == STATUS_OK && bytes_compare(buffer_bytes(&cursor->key), from) >= 0) {
            cursor->has_pending = true;
            return STATUS_OK;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status segment_key_cursor_create(struct segment *segment, const struct segment_keys *keys,
                                      uint32_t space, struct bytes key,
                                      struct segment_key_cursor **ret_cursor, struct error *error)
{
    struct segment_key_cursor *cursor = memory_create(sizeof(*cursor));
    struct buffer from = {0};
    cursor->segment = segment_share(segment);
    segment_key_encode(space, key, &from);
    enum status status = segment->range.is_sealed ? cursor_open_sealed(cursor, buffer_bytes(&from), error)
                                                  : cursor_open_raw(cursor, keys, buffer_bytes(&from), error);
    buffer_reset(&from);
    if (status != STATUS_OK) {
        segment_key_cursor_destroy(&cursor);
        return status;
    }
    *ret_cursor = cursor;
    return STATUS_OK;
}

void segment_key_cursor_destroy(struct segment_key_cursor **cursor)
{
    struct segment_key_cursor *gone = *cursor;
    *cursor = NULL;
    if (gone != NULL) {
        segment_release(&gone->segment);
        buffer_reset(&gone->stored);
        buffer_reset(&gone->raw);
        buffer_reset(&gone->key);
        arena_reset(&gone->arena);
        memory_destroy(gone);
    }
}

enum status segment_key_cursor_next(struct segment_key_cursor *cursor, struct bytes *ret_key,
                                    uint64_t *ret_lsn, struct error *error)
{
    if (!cursor->segment->range.is_sealed) {
        if (cursor->next == cursor->count) {
            return STATUS_END;
        }
        *ret_key = cursor->entries[cursor->next].key;
        *ret_lsn = cursor->entries[cursor->next++].lsn;
        return STATUS_OK;
    }
    if (cursor->has_pending) {
        cursor->has_pending = false;
        *ret_lsn = cursor->pending_lsn;
    } else {
        enum status status = cursor_next_sealed(cursor, ret_lsn, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_key = buffer_bytes(&cursor->key);
    return STATUS_OK;
}
