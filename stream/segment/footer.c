/* The footer of a sealed segment:
 *
 *   first LSN u64 | next LSN u64 | last term u64 | first time u64 | last time u64 | blocks end u64 | index end u64 |
 *   blocks u32:       offset u64, first LSN u64, first time u64 each
 *   index blocks u32: offset u64, first key sized each
 *   presences u32:    table u32, shard u8, first LSN u64, last LSN u64, count u64 each
 */
#include "base/crypto.h"
#include "base/memory.h"
#include "segment_private.h"

static void footer_encode(const struct segment *segment, struct buffer *buffer)
{
    const struct segment_range *range = &segment->range;
    buffer_put_u64(buffer, range->first_lsn);
    buffer_put_u64(buffer, range->next_lsn);
    buffer_put_u64(buffer, range->last_term);
    buffer_put_u64(buffer, (uint64_t)range->first_time_us);
    buffer_put_u64(buffer, (uint64_t)range->last_time_us);
    buffer_put_u64(buffer, segment->blocks_end);
    buffer_put_u64(buffer, segment->index_end);
    buffer_put_u32(buffer, (uint32_t)segment->blocks_count);
    for (size_t i = 0; i < segment->blocks_count; i++) {
        buffer_put_u64(buffer, segment->blocks[i].offset);
        buffer_put_u64(buffer, segment->blocks[i].first_lsn);
        buffer_put_u64(buffer, (uint64_t)segment->blocks[i].first_time_us);
    }
    buffer_put_u32(buffer, (uint32_t)segment->index_blocks_count);
    for (size_t i = 0; i < segment->index_blocks_count; i++) {
        buffer_put_u64(buffer, segment->index_blocks[i].offset);
        buffer_put_sized(buffer, segment->index_blocks[i].first_key);
    }
    buffer_put_u32(buffer, (uint32_t)segment->presences.count);
    for (size_t i = 0; i < segment->presences.count; i++) {
        const struct segment_presence *presence = &segment->presences.list[i];
        buffer_put_u32(buffer, presence->table);
        buffer_put_u8(buffer, presence->shard);
        buffer_put_u64(buffer, presence->first_lsn);
        buffer_put_u64(buffer, presence->last_lsn);
        buffer_put_u64(buffer, presence->count);
    }
}

/* How many entries of at least `bytes` bytes follow; fails the reader when that many cannot fit. */
static size_t footer_count(struct reader *reader, size_t bytes)
{
    size_t count = reader_u32(reader);
    if (count > reader->rest.size / bytes) {
        reader->failed = true;
        return 0;
    }
    return count;
}

/* What the blocks take in memory, with some more for keys: a log has many segments, and each keeps this. `reader` is a copy. */
static size_t footer_memory(const struct segment *segment, struct reader reader)
{
    size_t blocks_bytes = segment->blocks_count * 24;
    reader.rest = bytes_from(reader.rest, blocks_bytes);
    size_t index_blocks = footer_count(&reader, 9);
    size_t keys_bytes = reader.rest.size - index_blocks * 9; /* presences among them */
    return segment->blocks_count * sizeof(*segment->blocks) +
           index_blocks * (sizeof(*segment->index_blocks) + 16) + keys_bytes;
}

static void footer_read_blocks(struct segment *segment, struct reader *reader)
{
    segment->blocks_count = footer_count(reader, 24);
    arena_reserve(&segment->arena, footer_memory(segment, *reader));
    segment->blocks = arena_create_array(&segment->arena, segment->blocks_count, sizeof(*segment->blocks));
    for (size_t i = 0; i < segment->blocks_count; i++) {
        segment->blocks[i].offset = reader_u64(reader);
        segment->blocks[i].first_lsn = reader_u64(reader);
        segment->blocks[i].first_time_us = (int64_t)reader_u64(reader);
        reader->failed |= i > 0 && segment->blocks[i].first_lsn <= segment->blocks[i - 1].first_lsn;
    }
    segment->index_blocks_count = footer_count(reader, 9);
    segment->index_blocks =
        arena_create_array(&segment->arena, segment->index_blocks_count, sizeof(*segment->index_blocks));
    for (size_t i = 0; i < segment->index_blocks_count; i++) {
        segment->index_blocks[i].offset = reader_u64(reader);
        segment->index_blocks[i].first_key = arena_copy(&segment->arena, reader_sized(reader));
    }
}

static void footer_read_presences(struct segment *segment, struct reader *reader)
{
    struct segment_presences *presences = &segment->presences;
    presences->count = footer_count(reader, 29);
    presences->capacity = presences->count;
    presences->list = memory_create_array(presences->count, sizeof(*presences->list));
    for (size_t i = 0; i < presences->count; i++) {
        struct segment_presence *presence = &presences->list[i];
        presence->table = reader_u32(reader);
        presence->shard = reader_u8(reader);
        presence->first_lsn = reader_u64(reader);
        presence->last_lsn = reader_u64(reader);
        presence->count = reader_u64(reader);
        reader->failed |= presence->shard >= RECORD_SHARDS && presence->shard != RECORD_SHARD_EVERY;
    }
    segment__presences_sort(presences);
}

static bool footer_decode(struct segment *segment, struct bytes footer)
{
    struct reader reader = reader_of(footer);
    struct segment_range *range = &segment->range;
    range->first_lsn = reader_u64(&reader);
    range->next_lsn = reader_u64(&reader);
    range->last_term = reader_u64(&reader);
    range->first_time_us = (int64_t)reader_u64(&reader);
    range->last_time_us = (int64_t)reader_u64(&reader);
    segment->blocks_end = reader_u64(&reader);
    segment->index_end = reader_u64(&reader);
    footer_read_blocks(segment, &reader);
    footer_read_presences(segment, &reader);
    return reader_ended(&reader) && range->first_lsn > 0 && range->first_lsn <= range->next_lsn &&
           segment->blocks_end <= segment->index_end && segment->index_end <= range->file_bytes;
}

static enum status footer_damaged(const struct segment *segment, const char *what, struct error *error)
{
    return error_set(error, STATUS_CORRUPT, "%s: offset %llu: %s", segment->file.path,
                     (unsigned long long)segment->range.file_bytes, what);
}

enum status segment__footer_read(struct segment *segment, struct error *error)
{
    uint8_t trailer[SEGMENT_TRAILER_BYTES];
    uint64_t file_bytes = segment->range.file_bytes;
    if (file_bytes < SEGMENT_HEADER_USED + SEGMENT_TRAILER_BYTES) {
        return footer_damaged(segment, "the file is cut short", error);
    }
    enum status status =
        file_read_at(&segment->file, trailer, sizeof(trailer), file_bytes - SEGMENT_TRAILER_BYTES, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t offset = bytes_get_u64(trailer);
    uint32_t bytes = bytes_get_u32(trailer + 8);
    /* the header, which has a checksum and was read before, tells of another version */
    if (bytes_get_u32(trailer + 20) != SEGMENT_MAGIC_END || bytes_get_u32(trailer + 16) != SEGMENT_VERSION ||
        bytes > SEGMENT_FOOTER_BYTES_MAX || offset > file_bytes ||
        bytes != file_bytes - SEGMENT_TRAILER_BYTES - offset) {
        return footer_damaged(segment, "the trailer is damaged or the file is cut short", error);
    }
    struct buffer footer = {0};
    uint8_t *at = buffer_extend(&footer, bytes);
    status = file_read_at(&segment->file, at, bytes, offset, error);
    if (status == STATUS_OK &&
        (crypto_crc32c(segment->seed, buffer_bytes(&footer)) != bytes_get_u32(trailer + 12) ||
         !footer_decode(segment, buffer_bytes(&footer)))) {
        status = footer_damaged(segment, "the footer is damaged", error);
    }
    buffer_reset(&footer);
    return status;
}

enum status segment__footer_write(const struct segment *segment, const struct file *file, uint64_t offset,
                                  struct error *error)
{
    struct buffer footer = {0};
    footer_encode(segment, &footer);
    CHECK(footer.size <= SEGMENT_FOOTER_BYTES_MAX);
    uint32_t bytes = (uint32_t)footer.size;
    uint32_t crc = crypto_crc32c(segment->seed, buffer_bytes(&footer));
    buffer_put_u64(&footer, offset);
    buffer_put_u32(&footer, bytes);
    buffer_put_u32(&footer, crc);
    buffer_put_u32(&footer, SEGMENT_VERSION);
    buffer_put_u32(&footer, SEGMENT_MAGIC_END);
    enum status status = file_write_at(file, buffer_bytes(&footer), offset, error);
    buffer_reset(&footer);
    return status;
}
