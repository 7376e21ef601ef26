#include "row/record.h"

enum {
    RECORD_VERSION = 1,
};

void record_set_old_image(struct record *record, struct bytes old_image)
{
    size_t prefix = bytes_common_prefix(old_image, record->new_image);
    size_t limit =
        (old_image.size < record->new_image.size ? old_image.size : record->new_image.size) - prefix;
    size_t suffix = 0;
    while (suffix < limit && old_image.data[old_image.size - 1 - suffix] ==
                                 record->new_image.data[record->new_image.size - 1 - suffix]) {
        suffix++;
    }
    record->flags |= RECORD_HAS_OLD;
    record->old_prefix = bytes_part(old_image, 0, prefix);
    record->old_middle = bytes_part(old_image, prefix, old_image.size - prefix - suffix);
    record->old_suffix = bytes_from(old_image, old_image.size - suffix);
}

struct bytes record_old_image(const struct record *record, struct buffer *buffer)
{
    if (record->old_prefix.size == 0 && record->old_suffix.size == 0) {
        return record->old_middle;
    }
    size_t start = buffer->size;
    buffer_put(buffer, record->old_prefix);
    buffer_put(buffer, record->old_middle);
    buffer_put(buffer, record->old_suffix);
    return bytes_from(buffer_bytes(buffer), start);
}

static void record_encode_body(struct buffer *buffer, const struct record *record)
{
    buffer_put_u8(buffer, RECORD_VERSION);
    buffer_put_u8(buffer, (uint8_t)record->operation);
    buffer_put_u8(buffer, record->flags);
    buffer_put_u8(buffer, record->shard);
    buffer_put_u32(buffer, record->table);
    buffer_put_u32(buffer, record->generation);
    buffer_put_u32(buffer, record->schema_version);
    buffer_put_u8(buffer, record->hops);
    buffer_put_u8(buffer, (uint8_t)record->cause.kind);
    buffer_put_varint(buffer, record->cause.lsn);
    buffer_put_sized(buffer, record->cause.function);
    buffer_put_sized(buffer, record->key);
    if ((record->flags & RECORD_HAS_NEW) != 0) {
        buffer_put_sized(buffer, record->new_image);
    }
    if ((record->flags & RECORD_HAS_OLD) != 0) {
        buffer_put_varint(buffer, record->old_prefix.size);
        buffer_put_varint(buffer, record->old_suffix.size);
        buffer_put_sized(buffer, record->old_middle);
    }
    buffer_put_sized(buffer, record->actor);
    buffer_put_sized(buffer, record->trace);
}

void record_encode(struct buffer *buffer, const struct record *record)
{
    enum {
        SIZE_ROOM = 10, /* the longest varint; closed up below */
    };
    size_t start = buffer->size;
    (void)buffer_extend(buffer, SIZE_ROOM);
    record_encode_body(buffer, record);
    size_t body = buffer->size - start - SIZE_ROOM;
    buffer->size = start;
    buffer_put_varint(buffer, body);
    memmove(buffer->data + buffer->size, buffer->data + start + SIZE_ROOM, body);
    buffer->size += body;
}

static void record_decode_old(struct reader *reader, struct record *record)
{
    uint64_t prefix = reader_varint(reader);
    uint64_t suffix = reader_varint(reader);
    struct bytes image = record->new_image;
    record->old_middle = reader_sized(reader);
    if (prefix > image.size || suffix > image.size - prefix) {
        reader->failed = true;
        return;
    }
    record->old_prefix = bytes_part(image, 0, prefix);
    record->old_suffix = bytes_from(image, image.size - suffix);
}

static bool record_is_sound(const struct record *record, uint8_t version)
{
    bool has_operation = record->operation >= OPERATION_INSERT && record->operation <= OPERATION_GENERATION;
    bool has_shard = record->shard < RECORD_SHARDS || record->shard == RECORD_SHARD_EVERY;
    bool has_cause = record->cause.kind <= CAUSE_RANGE_DELETE;
    return version == RECORD_VERSION && has_operation && has_shard && has_cause &&
           record->flags <= RECORD_FLAGS_ALL;
}

static void record_decode_body(struct reader *reader, struct record *record)
{
    record->operation = (enum operation)reader_u8(reader);
    record->flags = reader_u8(reader);
    record->shard = reader_u8(reader);
    record->table = reader_u32(reader);
    record->generation = reader_u32(reader);
    record->schema_version = reader_u32(reader);
    record->hops = reader_u8(reader);
    record->cause.kind = (enum cause_kind)reader_u8(reader);
    record->cause.lsn = reader_varint(reader);
    record->cause.function = reader_sized(reader);
    record->key = reader_sized(reader);
    if ((record->flags & RECORD_HAS_NEW) != 0) {
        record->new_image = reader_sized(reader);
    }
    if ((record->flags & RECORD_HAS_OLD) != 0) {
        record_decode_old(reader, record);
    }
    record->actor = reader_sized(reader);
    record->trace = reader_sized(reader);
}

enum status record_decode(struct reader *reader, struct record *ret_record, struct error *error)
{
    if (!reader->failed && reader->rest.size == 0) {
        return STATUS_END;
    }
    struct reader body = reader_of(reader_sized(reader));
    struct record record = {0};
    uint8_t version = reader_u8(&body);
    record_decode_body(&body, &record);
    if (reader->failed || !reader_ended(&body) || !record_is_sound(&record, version)) {
        return error_set(error, STATUS_CORRUPT, "a malformed change record");
    }
    *ret_record = record;
    return STATUS_OK;
}

bool record_skip(struct reader *reader)
{
    (void)reader_sized(reader);
    return !reader->failed;
}

const char *operation_name(enum operation operation)
{
    static const char *const names[] = {
        [OPERATION_INSERT] = "insert",         [OPERATION_MODIFY] = "modify", [OPERATION_REMOVE] = "remove",
        [OPERATION_TRUNCATE] = "truncate",     [OPERATION_DROP] = "drop",     [OPERATION_SCHEMA] = "schema",
        [OPERATION_GENERATION] = "generation",
    };
    CHECK(operation >= OPERATION_INSERT && operation <= OPERATION_GENERATION);
    return names[operation];
}

const char *cause_name(enum cause_kind kind)
{
    static const char *const names[] = {
        [CAUSE_CLIENT] = "client",
        [CAUSE_FUNCTION] = "function",
        [CAUSE_TTL] = "ttl",
        [CAUSE_RESTORE] = "restore",
        [CAUSE_REPLICATION] = "replication",
        [CAUSE_RANGE_DELETE] = "range-delete",
    };
    CHECK(kind <= CAUSE_RANGE_DELETE);
    return names[kind];
}
