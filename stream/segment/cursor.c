/* Reading records in LSN order from either form. */
#include "base/memory.h"
#include "segment_private.h"

struct segment_cursor {
    struct segment *segment;
    uint64_t next_lsn;    /* the first record not yet given */
    size_t next_block;    /* sealed: the block to read when `parts` is used up */
    struct reader parts;  /* sealed: what is left of the current block */
    struct buffer stored; /* compressed bytes */
    struct buffer raw;    /* what the views of the last part point into */
};

/* Index of the last frame that begins at or before `lsn`; the caller holds the mutex. */
static size_t cursor_find_frame(const struct segment *segment, uint64_t lsn)
{
    size_t low = 0;
    size_t high = segment->frames_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct segment_frame *frame = &segment->frames[middle];
        if (frame->first_lsn + frame->records <= lsn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t cursor_find_block(const struct segment *segment, uint64_t lsn)
{
    size_t low = 0;
    size_t high = segment->blocks_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segment->blocks[middle].first_lsn <= lsn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 0 : low - 1;
}

struct segment_cursor *segment_cursor_create(struct segment *segment, uint64_t lsn)
{
    struct segment_cursor *cursor = memory_create(sizeof(*cursor));
    cursor->segment = segment_share(segment);
    cursor->next_lsn = lsn;
    if (segment->range.is_sealed) {
        cursor->next_block = cursor_find_block(segment, lsn);
    }
    return cursor;
}

void segment_cursor_destroy(struct segment_cursor **cursor)
{
    struct segment_cursor *gone = *cursor;
    *cursor = NULL;
    if (gone != NULL) {
        segment_release(&gone->segment);
        buffer_reset(&gone->stored);
        buffer_reset(&gone->raw);
        memory_destroy(gone);
    }
}

/* Drops the records before `lsn` from the part; false when the records are malformed. */
static bool cursor_trim_part(struct segment_part *part, uint64_t lsn)
{
    struct reader reader = reader_of(part->records);
    while (part->first_lsn < lsn && part->count > 0) {
        if (!record_skip(&reader)) {
            return false;
        }
        part->first_lsn++;
        part->count--;
    }
    part->records = reader.rest;
    return true;
}

static enum status cursor_next_raw(struct segment_cursor *cursor, struct segment_part *ret_part,
                                   struct error *error)
{
    struct segment *segment = cursor->segment;
    struct segment_frame frame = {0};
    (void)pthread_mutex_lock(&segment->mutex);
    size_t i = cursor_find_frame(segment, cursor->next_lsn);
    bool is_there = i < segment->frames_count;
    if (is_there) {
        frame = segment->frames[i];
    }
    (void)pthread_mutex_unlock(&segment->mutex);
    if (!is_there) {
        return STATUS_END;
    }
    struct segment_part part = {.first_lsn = frame.first_lsn, .count = frame.records};
    enum status status =
        segment_read_frame(segment, frame.offset, &cursor->raw, &part.header, &part.records, error);
    if (status == STATUS_END || (status == STATUS_OK && part.header.first_lsn != frame.first_lsn)) {
        return error_set(error, STATUS_CORRUPT, "%s: offset %u: the frame at LSN %llu is gone",
                         segment->file.path, frame.offset, (unsigned long long)frame.first_lsn);
    }
    if (status == STATUS_OK) {
        *ret_part = part;
    }
    return status;
}

static bool cursor_decode_part(struct segment_cursor *cursor, struct segment_part *ret_part)
{
    struct segment_part part = {0};
    struct reader body = reader_of(reader_bytes(&cursor->parts, reader_u32(&cursor->parts)));
    uint32_t first_index = reader_u32(&body);
    part.count = reader_u32(&body);
    struct bytes header = reader_bytes(&body, reader_u32(&body));
    part.records = body.rest;
    if (cursor->parts.failed || body.failed ||
        frame_header_decode(header, cursor->segment->seed, &part.header, NULL) != STATUS_OK ||
        first_index > part.header.records || part.count > part.header.records - first_index) {
        return false;
    }
    part.first_lsn = part.header.first_lsn + first_index;
    *ret_part = part;
    return true;
}

static enum status cursor_damaged(struct segment_cursor *cursor, uint64_t offset, struct error *error)
{
    return error_set(error, STATUS_CORRUPT, "%s: offset %llu: malformed records at LSN %llu",
                     cursor->segment->file.path, (unsigned long long)offset,
                     (unsigned long long)cursor->next_lsn);
}

static enum status cursor_next_sealed(struct segment_cursor *cursor, struct segment_part *ret_part,
                                      struct error *error)
{
    struct segment *segment = cursor->segment;
    for (;;) {
        if (cursor->parts.rest.size == 0) {
            if (cursor->next_block == segment->blocks_count) {
                return STATUS_END;
            }
            uint64_t end = 0;
            enum status status =
                segment__block_read(segment, segment->blocks[cursor->next_block].offset, segment->blocks_end,
                                    &cursor->stored, &cursor->raw, &end, error);
            if (status != STATUS_OK) {
                return status;
            }
            cursor->next_block++;
            cursor->parts = reader_of(buffer_bytes(&cursor->raw));
        }
        struct segment_part part = {0};
        if (!cursor_decode_part(cursor, &part)) {
            return cursor_damaged(cursor, segment->blocks[cursor->next_block - 1].offset, error);
        }
        if (part.first_lsn + part.count > cursor->next_lsn) {
            *ret_part = part;
            return STATUS_OK;
        }
    }
}

enum status segment_cursor_next(struct segment_cursor *cursor, struct segment_part *ret_part,
                                struct error *error)
{
    struct segment_part part = {0};
    enum status status = cursor->segment->range.is_sealed ? cursor_next_sealed(cursor, &part, error)
                                                          : cursor_next_raw(cursor, &part, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!cursor_trim_part(&part, cursor->next_lsn)) {
        return cursor_damaged(cursor, 0, error);
    }
    cursor->next_lsn = part.first_lsn + part.count;
    *ret_part = part;
    return STATUS_OK;
}

static uint64_t lsn_after_raw(struct segment *segment, int64_t time_us)
{
    (void)pthread_mutex_lock(&segment->mutex);
    uint64_t lsn = segment->range.next_lsn;
    size_t low = 0;
    size_t high = segment->frames_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segment->frames[middle].commit_time_us <= time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < segment->frames_count) {
        lsn = segment->frames[low].first_lsn;
    }
    (void)pthread_mutex_unlock(&segment->mutex);
    return lsn;
}

enum status segment_lsn_after(struct segment *segment, int64_t time_us, uint64_t *ret_lsn,
                              struct error *error)
{
    if (!segment->range.is_sealed) {
        *ret_lsn = lsn_after_raw(segment, time_us);
        return STATUS_OK;
    }
    size_t block = 0;
    while (block + 1 < segment->blocks_count && segment->blocks[block + 1].first_time_us <= time_us) {
        block++;
    }
    uint64_t from = segment->blocks_count == 0 ? segment->range.next_lsn : segment->blocks[block].first_lsn;
    struct segment_cursor *cursor = segment_cursor_create(segment, from);
    struct segment_part part = {0};
    enum status status = segment_cursor_next(cursor, &part, error);
    while (status == STATUS_OK && part.header.commit_time_us <= time_us) {
        status = segment_cursor_next(cursor, &part, error);
    }
    if (status == STATUS_OK || status == STATUS_END) {
        *ret_lsn = status == STATUS_OK ? part.first_lsn : segment->range.next_lsn;
        status = STATUS_OK;
    }
    segment_cursor_destroy(&cursor);
    return status;
}
