#include "compress.h"

#include <lz4.h>
#include <snappy-c.h>

enum {
    LENGTH_BYTES = 4, /* before a block of lz4 */
    BLOCK_RATIO_MAX =
        255, /* a byte of an lz4 block stands for no more; so no length is believed that it cannot have */
};

bool cql__block_decompress(struct bytes block, uint8_t *room, size_t plain_bytes)
{
    if (block.size > INT32_MAX || plain_bytes > INT32_MAX) {
        return false;
    }
    int size = LZ4_decompress_safe((const char *)block.data, (char *)room, (int)block.size, (int)plain_bytes);
    return size >= 0 && (size_t)size == plain_bytes;
}

bool cql__block_compress(struct bytes plain, struct buffer *buffer)
{
    size_t before = buffer->size;
    if (plain.size > LZ4_MAX_INPUT_SIZE) {
        return false;
    }
    size_t room = (size_t)LZ4_compressBound((int)plain.size);
    uint8_t *block = buffer_extend(buffer, room);
    int size = LZ4_compress_default((const char *)plain.data, (char *)block, (int)plain.size, (int)room);
    bool is_smaller = size > 0 && (size_t)size < plain.size;
    buffer->size = is_smaller ? before + (size_t)size : before;
    return is_smaller;
}

static enum status check_length(size_t length, size_t bytes_max, struct error *error)
{
    return length <= bytes_max
               ? STATUS_OK
               : error_set(
                     error, STATUS_INVALID,
                     "A compressed body of %zu bytes is too big: it exceeds the maximum allowed length %zu",
                     length, bytes_max);
}

static enum status lz4_decompress(struct bytes body, size_t bytes_max, struct arena *arena,
                                  struct bytes *ret_plain, struct error *error)
{
    struct reader reader = reader_of(body);
    size_t length = reader_u32(&reader);
    enum status status = check_length(length, bytes_max, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!reader.failed && length <= reader.rest.size * BLOCK_RATIO_MAX) {
        uint8_t *room = arena_create(arena, length + 1);
        if (cql__block_decompress(reader.rest, room, length)) {
            *ret_plain = bytes_of(room, length);
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "A compressed body is no LZ4 block of the length that it tells");
}

static enum status snappy_decompress(struct bytes body, size_t bytes_max, struct arena *arena,
                                     struct bytes *ret_plain, struct error *error)
{
    const char *data = (const char *)body.data;
    size_t length = 0;
    if (body.size == 0 || snappy_validate_compressed_buffer(data, body.size) != SNAPPY_OK ||
        snappy_uncompressed_length(data, body.size, &length) != SNAPPY_OK) {
        return error_set(error, STATUS_INVALID, "A compressed body is not Snappy's");
    }
    enum status status = check_length(length, bytes_max, error);
    if (status != STATUS_OK) {
        return status;
    }
    char *room = arena_create(arena, length + 1);
    CHECK(snappy_uncompress(data, body.size, room, &length) == SNAPPY_OK);
    *ret_plain = bytes_of(room, length);
    return STATUS_OK;
}

enum status cql__decompress(enum cql_compression compression, struct bytes body, size_t bytes_max,
                            struct arena *arena, struct bytes *ret_plain, struct error *error)
{
    switch (compression) {
    case CQL_LZ4:
        return lz4_decompress(body, bytes_max, arena, ret_plain, error);
    case CQL_SNAPPY:
        return snappy_decompress(body, bytes_max, arena, ret_plain, error);
    case CQL_PLAIN:
    default:
        return error_set(error, STATUS_INVALID, "A body is compressed, but STARTUP named no compression");
    }
}

static bool snappy_put(struct bytes plain, struct buffer *buffer)
{
    size_t before = buffer->size;
    size_t size = snappy_max_compressed_length(plain.size);
    char *room = (char *)buffer_extend(buffer, size);
    bool is_smaller =
        snappy_compress((const char *)plain.data, plain.size, room, &size) == SNAPPY_OK && size < plain.size;
    buffer->size = is_smaller ? before + size : before;
    return is_smaller;
}

bool cql__compress(enum cql_compression compression, struct bytes plain, struct buffer *buffer)
{
    size_t before = buffer->size;
    if (compression == CQL_SNAPPY) {
        return snappy_put(plain, buffer);
    }
    if (compression == CQL_LZ4) {
        buffer_put_u32(buffer, (uint32_t)plain.size);
        if (cql__block_compress(plain, buffer)) {
            return true;
        }
        buffer->size = before;
    }
    return false;
}
