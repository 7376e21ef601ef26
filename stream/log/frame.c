#include "log/frame.h"

#include "base/crypto.h"

enum {
    FRAME_MAGIC = 0x4F584631, /* "OXF1" */
    FRAME_VERSION = 1,
    FRAME_CRC_OFFSET = 56,
};

uint32_t log_identity_seed(const struct log_identity *identity)
{
    uint8_t place[8];
    bytes_put_u32(place, identity->group);
    bytes_put_u32(place + 4, identity->timeline);
    uint32_t crc = crypto_crc32c(0, bytes_of(identity->database, sizeof(identity->database)));
    return crypto_crc32c(crc, bytes_of(place, sizeof(place)));
}

size_t frame_bytes(const struct frame_header *header)
{
    size_t bytes = (size_t)header->header_bytes + header->payload_bytes;
    return (bytes + FRAME_ALIGNMENT - 1) & ~(size_t)(FRAME_ALIGNMENT - 1);
}

bool frame_is_complete(const struct frame_header *header)
{
    return (header->flags & (FRAME_CHAIN_FIRST | FRAME_CHAIN_MIDDLE)) == 0;
}

bool frame_has_table(const struct frame_header *header, uint32_t table)
{
    for (size_t i = 0; i + 4 <= header->tables.size; i += 4) {
        if (bytes_get_u32(header->tables.data + i) == table) {
            return true;
        }
    }
    return false;
}

static uint32_t frame_header_crc(struct bytes header, uint32_t seed)
{
    static const uint8_t zero[4] = {0};
    uint32_t crc = crypto_crc32c(seed, bytes_part(header, 0, FRAME_CRC_OFFSET));
    crc = crypto_crc32c(crc, bytes_of(zero, sizeof(zero)));
    return crypto_crc32c(crc, bytes_from(header, FRAME_CRC_OFFSET + 4));
}

static bool frame_tokens_are_sound(struct bytes tokens, uint32_t count)
{
    struct reader reader = reader_of(tokens);
    struct frame_token token;
    while (count > 0 && frame_token_next(&reader, &token)) {
        count--;
    }
    return count == 0 && reader_ended(&reader);
}

static bool frame_header_is_sound(const struct frame_header *header, size_t tables_bytes)
{
    bool is_one_piece = (header->flags & (header->flags - 1)) == 0 && header->flags <= FRAME_CHAIN_LAST;
    return is_one_piece && header->payload_bytes <= FRAME_PAYLOAD_BYTES_MAX &&
           header->records <= FRAME_RECORDS_MAX && header->first_lsn > 0 && header->term > 0 &&
           header->synced_lsn < header->first_lsn && tables_bytes + FRAME_FIXED_BYTES <= header->header_bytes;
}

enum status frame_header_decode(struct bytes bytes, uint32_t seed, struct frame_header *ret_header,
                                struct error *error)
{
    struct reader reader = reader_of(bytes);
    if (reader_u32(&reader) != FRAME_MAGIC) {
        return STATUS_END;
    }
    struct frame_header header = {0};
    uint8_t version = reader_u8(&reader);
    header.flags = reader_u8(&reader);
    header.shards = reader_u16(&reader);
    header.header_bytes = reader_u32(&reader);
    header.payload_bytes = reader_u32(&reader);
    header.term = reader_u64(&reader);
    header.first_lsn = reader_u64(&reader);
    header.synced_lsn = reader_u64(&reader);
    header.commit_time_us = (int64_t)reader_u64(&reader);
    header.records = reader_u32(&reader);
    header.payload_crc = reader_u32(&reader);
    uint32_t crc = reader_u32(&reader);
    size_t tables_bytes = (size_t)reader_u16(&reader) * 4;
    uint32_t tokens = reader_u16(&reader);
    if (reader.failed || header.header_bytes < FRAME_FIXED_BYTES ||
        header.header_bytes > FRAME_HEADER_BYTES_MAX || header.header_bytes > bytes.size ||
        frame_header_crc(bytes_part(bytes, 0, header.header_bytes), seed) != crc) {
        return error_set(error, STATUS_CORRUPT, "a damaged frame header, or one of another log");
    }
    if (version > FRAME_VERSION) {
        return error_set(error, STATUS_NEWER, "a frame of version %u; this program reads up to %d", version,
                         FRAME_VERSION);
    }
    if (!frame_header_is_sound(&header, tables_bytes)) {
        return error_set(error, STATUS_CORRUPT, "a frame header with impossible numbers");
    }
    header.tables = reader_bytes(&reader, tables_bytes);
    header.tokens = reader_bytes(&reader, header.header_bytes - FRAME_FIXED_BYTES - tables_bytes);
    if (!frame_tokens_are_sound(header.tokens, tokens)) {
        return error_set(error, STATUS_CORRUPT, "a frame header with malformed idempotency entries");
    }
    *ret_header = header;
    return STATUS_OK;
}

enum status frame_payload_check(const struct frame_header *header, struct bytes payload, uint32_t seed,
                                struct error *error)
{
    CHECK(payload.size == header->payload_bytes);
    if (crypto_crc32c(seed, payload) != header->payload_crc) {
        return error_set(error, STATUS_CORRUPT, "the records of the frame at LSN %llu are damaged",
                         (unsigned long long)header->first_lsn);
    }
    return STATUS_OK;
}

bool frame_token_next(struct reader *reader, struct frame_token *ret_token)
{
    if (reader->failed || reader->rest.size == 0) {
        return false;
    }
    struct frame_token token = {.record_index = reader_u32(reader)};
    struct bytes hash = reader_bytes(reader, FRAME_HASH_BYTES);
    token.principal = reader_sized(reader);
    token.token = reader_sized(reader);
    token.outcome = reader_sized(reader);
    if (reader->failed) {
        return false;
    }
    memcpy(token.hash, hash.data, FRAME_HASH_BYTES);
    *ret_token = token;
    return true;
}

void frame_builder_clear(struct frame_builder *builder)
{
    buffer_clear(&builder->payload);
    buffer_clear(&builder->tables);
    buffer_clear(&builder->tokens);
    builder->records = 0;
    builder->tokens_count = 0;
    builder->shards = 0;
}

void frame_builder_reset(struct frame_builder *builder)
{
    buffer_reset(&builder->payload);
    buffer_reset(&builder->tables);
    buffer_reset(&builder->tokens);
    *builder = (struct frame_builder){0};
}

static void frame_builder_note(struct frame_builder *builder, const struct record *record)
{
    struct frame_header seen = {.tables = buffer_bytes(&builder->tables)};
    if (!frame_has_table(&seen, record->table)) {
        buffer_put_u32(&builder->tables, record->table);
    }
    unsigned shards = record->shard == RECORD_SHARD_EVERY ? 0xFFFFU : 1U << record->shard;
    builder->shards = (uint16_t)(builder->shards | shards);
    builder->records++;
}

void frame_builder_add(struct frame_builder *builder, const struct record *record)
{
    record_encode(&builder->payload, record);
    frame_builder_note(builder, record);
}

void frame_builder_add_encoded(struct frame_builder *builder, const struct record *record,
                               struct bytes encoded)
{
    buffer_put(&builder->payload, encoded);
    frame_builder_note(builder, record);
}

void frame_builder_add_token(struct frame_builder *builder, const struct frame_token *token)
{
    buffer_put_u32(&builder->tokens, token->record_index);
    buffer_put(&builder->tokens, bytes_of(token->hash, FRAME_HASH_BYTES));
    buffer_put_sized(&builder->tokens, token->principal);
    buffer_put_sized(&builder->tokens, token->token);
    buffer_put_sized(&builder->tokens, token->outcome);
    builder->tokens_count++;
}

size_t frame_builder_aim(const struct frame_builder *builder)
{
    return builder->bytes_aim == 0 ? FRAME_BYTES_AIM : builder->bytes_aim;
}

bool frame_builder_has_room(const struct frame_builder *builder, size_t record_bytes)
{
    size_t bytes = builder->payload.size + builder->tables.size + builder->tokens.size;
    return builder->records == 0 ||
           (bytes + record_bytes <= frame_builder_aim(builder) && builder->records < FRAME_RECORDS_MAX &&
            builder->tables.size / 4 < FRAME_TABLES_MAX && builder->tokens_count < FRAME_TOKENS_MAX &&
            builder->tokens.size < FRAME_HEADER_BYTES_MAX / 2);
}

void frame_builder_finish(const struct frame_builder *builder, const struct frame_header *header,
                          uint32_t seed, struct buffer *ret_frame)
{
    size_t start = ret_frame->size;
    size_t header_bytes = FRAME_FIXED_BYTES + builder->tables.size + builder->tokens.size;
    CHECK(header_bytes <= FRAME_HEADER_BYTES_MAX && builder->payload.size <= FRAME_PAYLOAD_BYTES_MAX);
    buffer_put_u32(ret_frame, FRAME_MAGIC);
    buffer_put_u8(ret_frame, FRAME_VERSION);
    buffer_put_u8(ret_frame, header->flags);
    buffer_put_u16(ret_frame, builder->shards);
    buffer_put_u32(ret_frame, (uint32_t)header_bytes);
    buffer_put_u32(ret_frame, (uint32_t)builder->payload.size);
    buffer_put_u64(ret_frame, header->term);
    buffer_put_u64(ret_frame, header->first_lsn);
    buffer_put_u64(ret_frame, header->synced_lsn);
    buffer_put_u64(ret_frame, (uint64_t)header->commit_time_us);
    buffer_put_u32(ret_frame, builder->records);
    buffer_put_u32(ret_frame, crypto_crc32c(seed, buffer_bytes(&builder->payload)));
    buffer_put_u32(ret_frame, 0); /* the header's CRC, below */
    buffer_put_u16(ret_frame, (uint16_t)(builder->tables.size / 4));
    buffer_put_u16(ret_frame, (uint16_t)builder->tokens_count);
    buffer_put(ret_frame, buffer_bytes(&builder->tables));
    buffer_put(ret_frame, buffer_bytes(&builder->tokens));
    struct bytes built = bytes_part(buffer_bytes(ret_frame), start, header_bytes);
    bytes_put_u32(ret_frame->data + start + FRAME_CRC_OFFSET, frame_header_crc(built, seed));
    buffer_put(ret_frame, buffer_bytes(&builder->payload));
    size_t padding = (0 - (ret_frame->size - start)) & (FRAME_ALIGNMENT - 1);
    if (padding > 0) {
        memset(buffer_extend(ret_frame, padding), 0, padding);
    }
}
