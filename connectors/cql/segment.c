#include "segment.h"

#include "compress.h"
#include "cql/bounds.h"
#include "net/crc32.h"

enum {
    CRC24_START = 0x875060,
    CRC24_POLYNOMIAL = 0x1974F0B,
    CRC24_BYTES = 3,
    CRC32_BYTES = 4,
    PLAIN_HEADER_BYTES = 3, /* without its checksum */
    LZ4_HEADER_BYTES = 5,
    LENGTH_BITS = 17,
};

struct segment_head {
    size_t header_bytes; /* without its checksum */
    size_t sent_bytes;
    size_t plain_bytes; /* 0: it was not compressed */
    bool is_self_contained;
};

uint32_t cql__crc24(uint64_t bytes, size_t count)
{
    uint32_t crc = CRC24_START;
    for (size_t i = 0; i < count; i++) {
        crc ^= (uint32_t)((bytes >> (8 * i)) & 0xFF) << 16;
        for (int bit = 0; bit < 8; bit++) {
            crc <<= 1;
            crc = (crc & 0x1000000) != 0 ? crc ^ CRC24_POLYNOMIAL : crc;
        }
    }
    return crc;
}

static uint32_t payload_crc32(struct bytes payload)
{
    static const uint8_t seed[] = {0xFA, 0x2D, 0x55, 0xCA};
    return net_crc32_from(net_crc32(bytes_of(seed, sizeof(seed))), payload);
}

static uint64_t little_get(const uint8_t *at, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++) {
        number |= (uint64_t)at[i] << (8 * i);
    }
    return number;
}

static void little_put(struct buffer *buffer, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        buffer_put_u8(buffer, (uint8_t)(number >> (8 * i)));
    }
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static bool head_read(const uint8_t *at, bool is_lz4, struct segment_head *ret_head)
{
    size_t bytes = is_lz4 ? LZ4_HEADER_BYTES : PLAIN_HEADER_BYTES;
    uint64_t head = little_get(at, bytes);
    *ret_head = (struct segment_head){.header_bytes = bytes, .sent_bytes = head & SEGMENT_PAYLOAD_BYTES_MAX};
    head >>= LENGTH_BITS;
    if (is_lz4) {
        ret_head->plain_bytes = head & SEGMENT_PAYLOAD_BYTES_MAX;
        head >>= LENGTH_BITS;
    }
    ret_head->is_self_contained = (head & 1) != 0;
    return cql__crc24(little_get(at, bytes), bytes) == little_get(at + bytes, CRC24_BYTES);
}

enum segment_result cql__segment_read(struct bytes input, bool is_lz4, struct buffer *payload,
                                      bool *ret_is_self_contained, size_t *ret_used, struct error *error)
{
    struct segment_head head;
    size_t payload_at = (is_lz4 ? LZ4_HEADER_BYTES : PLAIN_HEADER_BYTES) + CRC24_BYTES;
    if (input.size < payload_at) {
        return SEGMENT_MORE;
    }
    if (!head_read(input.data, is_lz4, &head)) {
        (void)error_set(error, STATUS_CORRUPT, "The header of a frame is corrupt: its CRC does not match");
        return SEGMENT_BROKEN;
    }
    if (input.size - payload_at < head.sent_bytes + CRC32_BYTES) {
        return SEGMENT_MORE;
    }
    struct bytes sent = bytes_part(input, payload_at, head.sent_bytes);
    if (payload_crc32(sent) != little_get(sent.data + sent.size, CRC32_BYTES)) {
        (void)error_set(error, STATUS_CORRUPT, "The payload of a frame is corrupt: its CRC does not match");
        return SEGMENT_BROKEN;
    }
    if (head.plain_bytes == 0) {
        buffer_put(payload, sent);
    } else if (!cql__block_decompress(sent, buffer_extend(payload, head.plain_bytes), head.plain_bytes)) {
        (void)error_set(error, STATUS_CORRUPT,
                        "The payload of a frame is no LZ4 block of the length that it tells");
        return SEGMENT_BROKEN;
    }
    *ret_is_self_contained = head.is_self_contained;
    *ret_used = payload_at + head.sent_bytes + CRC32_BYTES;
    return SEGMENT_WHOLE;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void segment_put(struct bytes plain, bool is_lz4, bool is_self_contained, struct buffer *buffer)
{
    size_t bytes = is_lz4 ? LZ4_HEADER_BYTES : PLAIN_HEADER_BYTES;
    size_t head_at = buffer->size;
    (void)buffer_extend(buffer, bytes + CRC24_BYTES);
    size_t payload_at = buffer->size;
    bool is_compressed = is_lz4 && plain.size >= CQL_COMPRESS_BYTES_MIN && cql__block_compress(plain, buffer);
    if (!is_compressed) {
        buffer_put(buffer, plain);
    }
    size_t sent_bytes = buffer->size - payload_at;
    uint64_t head = is_self_contained ? 1 : 0;
    if (is_lz4) {
        head = head << LENGTH_BITS | (is_compressed ? plain.size : 0);
    }
    head = head << LENGTH_BITS | sent_bytes;
    buffer->size = head_at;
    little_put(buffer, head, bytes);
    little_put(buffer, cql__crc24(head, bytes), CRC24_BYTES);
    buffer->size = payload_at + sent_bytes;
    little_put(buffer, payload_crc32(bytes_of(buffer->data + payload_at, sent_bytes)), CRC32_BYTES);
}

void cql__segment_write(struct bytes envelopes, bool is_lz4, struct buffer *buffer)
{
    bool is_self_contained = envelopes.size <= SEGMENT_PAYLOAD_BYTES_MAX;
    while (envelopes.size > 0) {
        size_t size = envelopes.size < SEGMENT_PAYLOAD_BYTES_MAX ? envelopes.size : SEGMENT_PAYLOAD_BYTES_MAX;
        segment_put(bytes_part(envelopes, 0, size), is_lz4, is_self_contained, buffer);
        envelopes = bytes_from(envelopes, size);
    }
}
