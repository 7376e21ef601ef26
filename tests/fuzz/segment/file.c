/* Segments with their checksums right, so that what they guard is reached. The first byte chooses:
 *   0  sealed: data blocks and key index blocks from the input, told of by a sound footer
 *   1  sealed: the footer is the input
 *   2  raw: the frames are the input */
#include <fcntl.h>

#include "base/check.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "segment_private.h"
#include "support/fuzz.h"

enum {
    BLOCKS_MAX = 8,
    TRAILER_VERSION = 1,
    NUMBER = 1,
    FIRST_LSN = 1,
    HEADER_CRC = 56,
    PAYLOAD_CRC = 52,
};

static const struct log_identity identity = {.database = "0123456789abcde", .group = 1, .timeline = 1};

static struct file file_make(const char *suffix, uint32_t magic, uint32_t bytes)
{
    uint8_t header[SEGMENT_HEADER_USED];
    struct file file = FILE_CLOSED;
    char *path = segment__path(fuzz_directory(), NUMBER, suffix);
    CHECK(file_open(path, O_RDWR | O_CREAT | O_TRUNC, &file, NULL) == STATUS_OK);
    segment__header_encode(&identity, magic, NUMBER, bytes, log_identity_seed(&identity), header);
    CHECK(file_write_at(&file, bytes_of(header, sizeof(header)), 0, NULL) == STATUS_OK);
    memory_destroy(path);
    return file;
}

/* --- a sealed one --------------------------------------------------------------------------------------------------- */

static void trailer_write(struct file *file, uint64_t offset, struct bytes footer)
{
    uint8_t trailer[SEGMENT_TRAILER_BYTES];
    bytes_put_u64(trailer, offset);
    bytes_put_u32(trailer + 8, (uint32_t)footer.size);
    bytes_put_u32(trailer + 12, crypto_crc32c(log_identity_seed(&identity), footer));
    bytes_put_u32(trailer + 16, TRAILER_VERSION);
    bytes_put_u32(trailer + 20, SEGMENT_MAGIC_END);
    CHECK(file_write_at(file, footer, offset, NULL) == STATUS_OK);
    CHECK(file_write_at(file, bytes_of(trailer, sizeof(trailer)), offset + footer.size, NULL) == STATUS_OK);
}

/* Blocks are cut out of the input: a count of data blocks, then of each its size and its bytes. */
static void sealed_write(struct bytes input)
{
    struct file file = file_make("seg", SEGMENT_MAGIC_SEALED, 0);
    struct reader reader = reader_of(input);
    struct segment_block blocks[BLOCKS_MAX];
    struct segment_index_block index_blocks[BLOCKS_MAX];
    struct segment segment = {.blocks = blocks,
                              .index_blocks = index_blocks,
                              .seed = log_identity_seed(&identity)};
    uint64_t offset = SEGMENT_HEADER_USED;
    size_t data_blocks = reader_u8(&reader) % BLOCKS_MAX;
    segment.range = (struct segment_range){.first_lsn = FIRST_LSN, .next_lsn = 1 + reader_u8(&reader)};
    segment.blocks_end = offset;
    while (!reader_ended(&reader) && !reader.failed && segment.index_blocks_count < BLOCKS_MAX) {
        uint64_t begin = offset;
        uint8_t first_lsn = reader_u8(&reader);
        size_t size = reader_u16(&reader);
        struct bytes raw = reader_bytes(&reader, size < reader.rest.size ? size : reader.rest.size);
        CHECK(segment__block_write(&file, offset, raw, log_identity_seed(&identity), &offset, NULL) ==
              STATUS_OK);
        if (segment.blocks_count < data_blocks) {
            blocks[segment.blocks_count++] = (struct segment_block){.offset = begin, .first_lsn = first_lsn};
            segment.blocks_end = offset;
        } else {
            struct bytes first_key = bytes_part(raw, 0, raw.size < 6 ? raw.size : 6);
            index_blocks[segment.index_blocks_count++] =
                (struct segment_index_block){.offset = begin, .first_key = first_key};
        }
    }
    segment.index_end = offset;
    CHECK(segment__footer_write(&segment, &file, offset, NULL) == STATUS_OK);
    file_close(&file);
}

static void footer_write(struct bytes footer)
{
    struct file file = file_make("seg", SEGMENT_MAGIC_SEALED, 0);
    trailer_write(&file, SEGMENT_HEADER_USED, footer);
    file_close(&file);
}

/* --- a raw one ------------------------------------------------------------------------------------------------------ */

/* The checksums of a frame at the start of `frame`; the bytes to the next one, 0 when none can follow. */
static size_t frame_seal(struct buffer *content, size_t at)
{
    uint8_t *frame = content->data + at;
    size_t left = content->size - at;
    uint32_t seed = log_identity_seed(&identity);
    if (left < FRAME_FIXED_BYTES) {
        return 0;
    }
    struct frame_header header = {.header_bytes = bytes_get_u32(frame + 8),
                                  .payload_bytes = bytes_get_u32(frame + 12)};
    if (header.header_bytes < FRAME_FIXED_BYTES || header.header_bytes > left ||
        header.payload_bytes > left - header.header_bytes) {
        return 0;
    }
    bytes_put_u32(frame + PAYLOAD_CRC,
                  crypto_crc32c(seed, bytes_of(frame + header.header_bytes, header.payload_bytes)));
    bytes_put_u32(frame + HEADER_CRC, 0);
    bytes_put_u32(frame + HEADER_CRC, crypto_crc32c(seed, bytes_of(frame, header.header_bytes)));
    return frame_bytes(&header) < left ? frame_bytes(&header) : 0;
}

static void raw_write(struct bytes frames)
{
    struct file file = file_make("raw", SEGMENT_MAGIC_RAW, SEGMENT_BYTES_MIN);
    struct buffer content = {0};
    buffer_put(&content, bytes_part(frames, 0, frames.size < 32768 ? frames.size : 32768));
    size_t at = 0;
    for (size_t step = frame_seal(&content, 0); step > 0; step = frame_seal(&content, at)) {
        at += step;
    }
    CHECK(file_write_at(&file, buffer_bytes(&content), SEGMENT_HEADER_BYTES, NULL) == STATUS_OK);
    CHECK(file_truncate(&file, SEGMENT_BYTES_MIN, NULL) == STATUS_OK);
    buffer_reset(&content);
    file_close(&file);
}

/* As recovery does. */
static void raw_recover(struct segment *segment)
{
    struct buffer buffer = {0};
    uint32_t offset = SEGMENT_HEADER_BYTES;
    uint64_t next_lsn = FIRST_LSN;
    struct frame_header header = {0};
    struct bytes payload;
    while (segment_read_frame(segment, offset, &buffer, &header, &payload, NULL) == STATUS_OK &&
           header.first_lsn == next_lsn) {
        segment_recover_frame(segment, offset, &header);
        next_lsn = header.first_lsn + header.records;
        offset += (uint32_t)frame_bytes(&header);
    }
    buffer_reset(&buffer);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static enum status visit_keys(void *context, const struct record *record, struct segment_key_sink *sink,
                              struct error *error)
{
    (void)context;
    (void)error;
    segment_key_add(sink, record->table, record->key);
    return STATUS_OK;
}

static void read_records(struct segment *segment)
{
    struct segment_part part;
    struct segment_cursor *cursor = segment_cursor_create(segment, FIRST_LSN);
    while (segment_cursor_next(cursor, &part, NULL) == STATUS_OK) {
        struct reader reader = reader_of(part.records);
        struct record record;
        for (uint32_t i = 0; i < part.count && record_decode(&reader, &record, NULL) == STATUS_OK; i++) {
            (void)segment_may_hold(segment, record.table, UINT16_MAX, part.first_lsn);
        }
    }
    segment_cursor_destroy(&cursor);
}

static void read_keys(struct segment *segment, bool is_reverse)
{
    struct segment_keys keys = {.visit = visit_keys};
    struct segment_key_cursor *cursor = NULL;
    struct buffer from = {0};
    struct bytes key;
    uint64_t lsn = 0;
    segment_key_encode(1, bytes_of_text("k"), &from);
    enum status status =
        segment_key_cursor_create(segment, &keys, buffer_bytes(&from), is_reverse, &cursor, NULL);
    buffer_reset(&from);
    if (status != STATUS_OK) {
        return;
    }
    while (segment_key_cursor_next(cursor, &key, &lsn, NULL) == STATUS_OK) {
        CHECK(key.size <= SEGMENT_BLOCK_BYTES_MAX);
    }
    segment_key_cursor_destroy(&cursor);
}

void fuzz_one(struct bytes input)
{
    struct segment *segment = NULL;
    uint64_t lsn = 0;
    if (input.size < 2) {
        return;
    }
    unsigned choice = input.data[0] % 3;
    bool is_sealed = choice < 2;
    void (*const writers[])(struct bytes) = {sealed_write, footer_write, raw_write};
    writers[choice](bytes_from(input, 1));
    if (segment_open(fuzz_directory(), NUMBER, is_sealed, &identity, &segment, NULL) != STATUS_OK) {
        return;
    }
    if (!is_sealed) {
        raw_recover(segment);
    }
    read_records(segment);
    read_keys(segment, false);
    read_keys(segment, true);
    (void)!segment_lsn_after(segment, 1000, &lsn, NULL);
    segment_release(&segment);
}
