/* A frame of the log with its checksums right, so that what they guard is reached: header, tokens, records. */
#include "log/frame.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/crypto.h"
#include "support/fuzz.h"

enum {
    SEED = 7,
    PAYLOAD_CRC = 52,
    HEADER_CRC = 56,
};

static void frame_seal(struct buffer *frame)
{
    uint32_t header_bytes = bytes_get_u32(frame->data + 8);
    uint32_t payload_bytes = bytes_get_u32(frame->data + 12);
    if (header_bytes < FRAME_FIXED_BYTES || header_bytes > frame->size ||
        payload_bytes > frame->size - header_bytes) {
        return;
    }
    bytes_put_u32(frame->data + PAYLOAD_CRC,
                  crypto_crc32c(SEED, bytes_of(frame->data + header_bytes, payload_bytes)));
    bytes_put_u32(frame->data + HEADER_CRC, 0);
    bytes_put_u32(frame->data + HEADER_CRC, crypto_crc32c(SEED, bytes_of(frame->data, header_bytes)));
}

static void frame_read(struct bytes frame, const struct frame_header *header)
{
    struct reader tokens = reader_of(header->tokens);
    struct frame_token token;
    struct record record;
    while (frame_token_next(&tokens, &token)) {
        CHECK(token.token.size <= header->tokens.size && token.outcome.size <= header->tokens.size);
    }
    struct bytes payload = bytes_part(frame, header->header_bytes, header->payload_bytes);
    if (frame_payload_check(header, payload, SEED, NULL) == STATUS_OK) {
        struct reader records = reader_of(payload);
        while (record_decode(&records, &record, NULL) == STATUS_OK) {
            (void)frame_has_table(header, record.table);
        }
    }
}

void fuzz_one(struct bytes input)
{
    struct buffer frame = {0};
    struct frame_header header;
    buffer_put(&frame, input);
    if (frame.size >= FRAME_FIXED_BYTES) {
        frame_seal(&frame);
    }
    if (frame_header_decode(buffer_bytes(&frame), SEED, &header, NULL) == STATUS_OK) {
        CHECK(header.header_bytes <= frame.size);
        if (header.payload_bytes <= frame.size - header.header_bytes) {
            frame_read(buffer_bytes(&frame), &header);
        }
    }
    buffer_reset(&frame);
}
