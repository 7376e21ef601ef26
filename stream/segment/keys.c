/* Keys of records: collecting them, and reading them in order from a raw segment's chunks or a sealed one's blocks. */
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

void segment__keys_sort(struct segment_key_sink *sink)
{
    if (sink->count > 1) {
        qsort(sink->entries, sink->count, sizeof(*sink->entries), keys_compare);
    }
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

size_t segment__key_entries_seek(const struct segment_key_entry *entries, size_t count, struct bytes from)
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

/* A place in one chunk. */
struct chunk_position {
    struct segment_key_chunk *chunk;
    size_t next;
};

struct segment_key_cursor {
    struct segment *segment;
    bool is_reverse;
    size_t next_block;    /* sealed; in reverse how many blocks are left */
    struct reader block;  /* sealed: what is left of the current block */
    struct buffer stored; /* sealed: compressed bytes */
    struct buffer raw;
    struct buffer key; /* sealed: the current key */
    bool has_pending;  /* sealed: the entry found by the seek, not yet given */
    uint64_t pending_lsn;
    struct arena arena; /* sealed, in reverse: of the current block … */
    struct segment_key_entry *entries;
    size_t entries_left;
    struct chunk_position chunks[SEGMENT_HEAD_CHUNKS_MAX]; /* raw: what was there when the cursor was made */
    size_t chunks_count;
};

static enum status cursor_open_raw(struct segment_key_cursor *cursor, const struct segment_keys *keys,
                                   struct bytes from, struct error *error)
{
    struct segment_key_chunk *chunks[SEGMENT_HEAD_CHUNKS_MAX];
    enum status status = segment__head_chunks(cursor->segment, keys, chunks, &cursor->chunks_count, error);
    for (size_t i = 0; i < cursor->chunks_count; i++) {
        cursor->chunks[i] = (struct chunk_position){
            .chunk = chunks[i],
            .next = segment__key_entries_seek(chunks[i]->entries, chunks[i]->count, from),
        };
    }
    return status;
}

/* The entry of a chunk that comes next; NULL: none. */
static const struct segment_key_entry *chunk_peek(const struct chunk_position *at, bool is_reverse)
{
    if (is_reverse) {
        return at->next == 0 ? NULL : &at->chunk->entries[at->next - 1];
    }
    return at->next == at->chunk->count ? NULL : &at->chunk->entries[at->next];
}

/* The first of the next entries of all chunks. Keys stay in the segment's arena, which lives as long as the shared segment. */
static enum status cursor_next_raw(struct segment_key_cursor *cursor, struct bytes *ret_key,
                                   uint64_t *ret_lsn)
{
    struct chunk_position *first = NULL;
    const struct segment_key_entry *entry = NULL;
    for (size_t i = 0; i < cursor->chunks_count; i++) {
        const struct segment_key_entry *other = chunk_peek(&cursor->chunks[i], cursor->is_reverse);
        int order = other == NULL || entry == NULL ? 0 : segment__key_entry_compare(other, entry);
        if (other != NULL && (entry == NULL || (cursor->is_reverse ? order > 0 : order < 0))) {
            first = &cursor->chunks[i];
            entry = other;
        }
    }
    if (entry == NULL) {
        return STATUS_END;
    }
    first->next = cursor->is_reverse ? first->next - 1 : first->next + 1;
    *ret_key = entry->key;
    *ret_lsn = entry->lsn;
    return STATUS_OK;
}

static enum status cursor_read_block(struct segment_key_cursor *cursor, size_t block, struct error *error)
{
    struct segment *segment = cursor->segment;
    uint64_t end = 0;
    enum status status = segment__block_read(segment, segment->index_blocks[block].offset, segment->index_end,
                                             &cursor->stored, &cursor->raw, &end, error);
    if (status == STATUS_OK) {
        cursor->next_block = block + 1;
        cursor->block = reader_of(buffer_bytes(&cursor->raw));
        buffer_clear(&cursor->key);
    }
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
        enum status status = cursor_read_block(cursor, cursor->next_block, error);
        if (status != STATUS_OK) {
            return status;
        }
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

/* Takes the last block that is left apart, to be given from its end. STATUS_END. */
static enum status cursor_read_entries(struct segment_key_cursor *cursor, struct error *error)
{
    size_t block = cursor->next_block;
    size_t count = 0;
    if (block == 0) {
        return STATUS_END;
    }
    arena_clear(&cursor->arena);
    cursor->entries = NULL;
    enum status status = cursor_read_block(cursor, block - 1, error);
    while (status == STATUS_OK && cursor->block.rest.size > 0) {
        struct segment_key_entry entry;
        status = cursor_next_sealed(cursor, &entry.lsn, error);
        if (status == STATUS_OK) {
            entry.key = arena_copy(&cursor->arena, buffer_bytes(&cursor->key));
            cursor->entries = arena_grow_array(&cursor->arena, cursor->entries, count, sizeof(entry));
            cursor->entries[count++] = entry;
        }
    }
    cursor->next_block = block - 1;
    cursor->entries_left = status == STATUS_OK ? count : 0;
    return status;
}

static enum status cursor_previous_sealed(struct segment_key_cursor *cursor, struct bytes *ret_key,
                                          uint64_t *ret_lsn, struct error *error)
{
    while (cursor->entries_left == 0) {
        enum status status = cursor_read_entries(cursor, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    const struct segment_key_entry *entry = &cursor->entries[--cursor->entries_left];
    *ret_key = entry->key;
    *ret_lsn = entry->lsn;
    return STATUS_OK;
}

/* How many blocks begin before `from`. */
static size_t blocks_before(const struct segment *segment, struct bytes from)
{
    size_t low = 0;
    size_t high = segment->index_blocks_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(segment->index_blocks[middle].first_key, from) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status cursor_open_sealed(struct segment_key_cursor *cursor, struct bytes from,
                                      struct error *error)
{
    size_t before = blocks_before(cursor->segment, from);
    if (cursor->is_reverse) {
        cursor->next_block = before;
        enum status read = cursor_read_entries(cursor, error);
        if (read == STATUS_OK) {
            cursor->entries_left = segment__key_entries_seek(cursor->entries, cursor->entries_left, from);
        }
        return read == STATUS_END ? STATUS_OK : read;
    }
    cursor->next_block = before == 0 ? 0 : before - 1;
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
                                      struct bytes from, bool is_reverse,
                                      struct segment_key_cursor **ret_cursor, struct error *error)
{
    struct segment_key_cursor *cursor = memory_create(sizeof(*cursor));
    cursor->segment = segment_share(segment);
    cursor->is_reverse = is_reverse;
    enum status status = segment->range.is_sealed ? cursor_open_sealed(cursor, from, error)
                                                  : cursor_open_raw(cursor, keys, from, error);
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
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < gone->chunks_count; i++) {
        segment__key_chunk_release(gone->chunks[i].chunk);
    }
    segment_release(&gone->segment);
    buffer_reset(&gone->stored);
    buffer_reset(&gone->raw);
    buffer_reset(&gone->key);
    arena_reset(&gone->arena);
    memory_destroy(gone);
}

enum status segment_key_cursor_next(struct segment_key_cursor *cursor, struct bytes *ret_key,
                                    uint64_t *ret_lsn, struct error *error)
{
    if (!cursor->segment->range.is_sealed) {
        return cursor_next_raw(cursor, ret_key, ret_lsn);
    }
    if (cursor->is_reverse) {
        return cursor_previous_sealed(cursor, ret_key, ret_lsn, error);
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
