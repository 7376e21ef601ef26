/* Compressed blocks of a sealed segment. */
#include <fcntl.h>

#include <zstd.h>

#include "base/crypto.h"
#include "segment_private.h"

enum {
    BLOCK_ZSTD_LEVEL = 1, /* sealing shares two cores with the writer; level 3 is 2 × slower for 5 % less */
};

enum status segment__block_write(struct file *file, uint64_t offset, struct bytes raw, uint32_t seed,
                                 uint64_t *ret_end, struct error *error)
{
    CHECK(raw.size <= SEGMENT_BLOCK_BYTES_MAX);
    struct buffer block = {0};
    size_t bound = ZSTD_compressBound(raw.size);
    uint8_t *at = buffer_extend(&block, SEGMENT_BLOCK_HEADER_BYTES + bound);
    size_t stored =
        ZSTD_compress(at + SEGMENT_BLOCK_HEADER_BYTES, bound, raw.data, raw.size, BLOCK_ZSTD_LEVEL);
    CHECK(ZSTD_isError(stored) == 0); /* the destination is large enough */
    bytes_put_u32(at, (uint32_t)stored);
    bytes_put_u32(at + 4, (uint32_t)raw.size);
    bytes_put_u32(at + 8, crypto_crc32c(seed, bytes_of(at + SEGMENT_BLOCK_HEADER_BYTES, stored)));
    block.size = SEGMENT_BLOCK_HEADER_BYTES + stored;
    enum status status = file_write_at(file, buffer_bytes(&block), offset, error);
    if (status == STATUS_OK) {
        *ret_end = offset + block.size;
    }
    buffer_reset(&block);
    return status;
}

static enum status block_damaged(const struct segment *segment, uint64_t offset, const char *what,
                                 struct error *error)
{
    return error_set(error, STATUS_CORRUPT, "%s: offset %llu: %s", segment->file.path,
                     (unsigned long long)offset, what);
}

/* Opens the file of a sealed segment for one read. */
static enum status block_open(struct segment *segment, struct file *ret_file, struct error *error)
{
    enum status status = file_open(segment->file.path, O_RDONLY, ret_file, error);
    if (status == STATUS_NOT_FOUND) {
        return atomic_load(&segment->is_retired)
                   ? error_set(error, STATUS_TRIMMED, "LSN %llu and what follows is no longer in the log",
                               (unsigned long long)segment->range.first_lsn)
                   : error_set(error, STATUS_CORRUPT, "%s: the file is missing", segment->file.path);
    }
    return status;
}

/* The block's stored bytes and the size they decompress to. */
static enum status block_read_stored(struct segment *segment, const struct file *file, uint64_t offset,
                                     uint64_t end, struct buffer *stored, uint32_t *ret_raw_bytes,
                                     struct error *error)
{
    uint8_t header[SEGMENT_BLOCK_HEADER_BYTES];
    enum status status = file_read_at(file, header, sizeof(header), offset, error);
    if (status == STATUS_IO) {
        return status;
    }
    uint32_t stored_bytes = bytes_get_u32(header);
    uint32_t raw_bytes = bytes_get_u32(header + 4);
    uint64_t data = offset + SEGMENT_BLOCK_HEADER_BYTES;
    if (status != STATUS_OK || data > end || stored_bytes > end - data ||
        raw_bytes > SEGMENT_BLOCK_BYTES_MAX) {
        return block_damaged(segment, offset, "a block header is damaged", error);
    }
    buffer_clear(stored);
    uint8_t *at = buffer_extend(stored, stored_bytes);
    status = file_read_at(file, at, stored_bytes, data, error);
    if (status != STATUS_OK) {
        return status == STATUS_END ? block_damaged(segment, offset, "the file is cut short", error) : status;
    }
    if (crypto_crc32c(segment->seed, buffer_bytes(stored)) != bytes_get_u32(header + 8)) {
        return block_damaged(segment, offset, "a block is damaged", error);
    }
    *ret_raw_bytes = raw_bytes;
    return STATUS_OK;
}

enum status segment__block_read(struct segment *segment, uint64_t offset, uint64_t end, struct buffer *stored,
                                struct buffer *ret_raw, uint64_t *ret_end, struct error *error)
{
    struct file file = FILE_CLOSED;
    uint32_t raw_bytes = 0;
    enum status status = block_open(segment, &file, error);
    if (status == STATUS_OK) {
        status = block_read_stored(segment, &file, offset, end, stored, &raw_bytes, error);
    }
    file_close(&file);
    if (status != STATUS_OK) {
        return status;
    }
    buffer_clear(ret_raw);
    uint8_t *raw = buffer_extend(ret_raw, raw_bytes);
    size_t got = ZSTD_decompress(raw, raw_bytes, stored->data, stored->size);
    if (ZSTD_isError(got) != 0 || got != raw_bytes) {
        return block_damaged(segment, offset, "a block does not decompress to its size", error);
    }
    *ret_end = offset + SEGMENT_BLOCK_HEADER_BYTES + stored->size;
    return STATUS_OK;
}
