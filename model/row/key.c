#include "row/key.h"

#include "base/crypto.h"
#include "row/record.h"
#include "value/collation.h"
#include "value/order.h"
#include "value/serial.h"
#include "value/token.h"

enum {
    PARTITION_HASHED = 0xFFFF,
    PARTITION_HASH_BYTES = 16,
    KEY_SPACE = 256, /* of common keys, so that they need no memory of the heap */
};

static enum status key_column_error(const struct key_column *column, struct error *error, enum status status)
{
    error_prefix(error, "key column %.*s", (int)column->name.size, (const char *)column->name.data);
    return status;
}

static enum status key_encode_partition(const struct schema *schema, const struct value *values,
                                        struct buffer *buffer, struct error *error)
{
    const struct type *types[PARTITION_COLUMNS_MAX];
    for (size_t i = 0; i < schema->partition_count; i++) {
        types[i] = &schema->partition[i].type;
        enum status status = type_check(types[i], &values[i], error);
        if (status != STATUS_OK) {
            return key_column_error(&schema->partition[i], error, status);
        }
    }
    enum status status = serial_partition_encode(types, values, schema->partition_count, buffer, error);
    return status == STATUS_OK && buffer->size > PARTITION_BYTES_MAX
               ? error_set(error, STATUS_TOO_LARGE,
                           "a partition key must have 1 to %d bytes, this one has %zu", PARTITION_BYTES_MAX,
                           buffer->size)
               : status;
}

static enum status key_encode_clustering(const struct schema *schema, const struct value *values,
                                         size_t count, struct buffer *key, struct error *error)
{
    uint8_t space[KEY_SPACE];
    struct buffer part = buffer_over(space, sizeof(space));
    enum status status = STATUS_OK;
    size_t start = key->size;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        buffer_clear(&part);
        status = type_check(&schema->clustering[i].type, &values[i], error);
        if (status == STATUS_OK) {
            status = serial_encode(&schema->clustering[i].type, &values[i], &part, error);
        }
        if (status != STATUS_OK) {
            (void)key_column_error(&schema->clustering[i], error, status);
        }
        buffer_put_sized(key, buffer_bytes(&part));
    }
    buffer_reset(&part);
    if (status == STATUS_OK && key->size - start > CLUSTERING_BYTES_MAX) {
        status = error_set(error, STATUS_TOO_LARGE, "Key length of %zu is longer than maximum of %d",
                           key->size - start, CLUSTERING_BYTES_MAX);
    }
    return status;
}

enum status key_encode(const struct schema *schema, enum row_kind kind, const struct value *partition,
                       const struct value *clustering, size_t clustering_count, struct buffer *ret_key,
                       struct error *error)
{
    CHECK(clustering_count <= schema->clustering_count);
    uint8_t spaces[2][KEY_SPACE];
    struct buffer key = buffer_over(spaces[0], KEY_SPACE);
    struct buffer part = buffer_over(spaces[1], KEY_SPACE);
    enum status status = key_encode_partition(schema, partition, &part, error);
    if (status == STATUS_OK) {
        buffer_put_u8(&key, (uint8_t)kind);
        buffer_put_sized(&key, buffer_bytes(&part));
        status = key_encode_clustering(schema, clustering, clustering_count, &key, error);
    }
    if (status == STATUS_OK) {
        buffer_put(ret_key, buffer_bytes(&key));
    }
    buffer_reset(&part);
    buffer_reset(&key);
    return status;
}

void key_encode_pseudo(struct bytes partition, enum row_kind kind, struct bytes low, struct buffer *ret_key)
{
    buffer_put_u8(ret_key, (uint8_t)kind);
    buffer_put_sized(ret_key, partition);
    if (kind == ROW_RANGE_TOMBSTONE) {
        buffer_put_sized(ret_key, low);
    }
}

enum row_kind key_kind(struct bytes key)
{
    return key.size == 0 || key.data[0] > ROW_PLAIN ? ROW_PLAIN : (enum row_kind)key.data[0];
}

bool key_is_row(struct bytes key)
{
    enum row_kind kind = key_kind(key);
    return kind == ROW_PLAIN || kind == ROW_STATIC;
}

static enum status key_malformed(struct error *error)
{
    return error_set(error, STATUS_CORRUPT, "a malformed row key");
}

/* What was stored is damaged, not invalid. */
static enum status key_damaged(struct error *error, enum status status)
{
    return status == STATUS_INVALID ? key_malformed(error) : status;
}

enum status key_decode(const struct schema *schema, struct bytes key, struct arena *arena,
                       struct value *ret_partition, struct value *ret_clustering,
                       size_t *ret_clustering_count, struct error *error)
{
    const struct type *types[PARTITION_COLUMNS_MAX];
    struct reader reader = reader_of(key);
    uint8_t kind = reader_u8(&reader);
    struct bytes partition = reader_sized(&reader);
    if (reader.failed || kind > ROW_PLAIN) {
        return key_malformed(error);
    }
    for (size_t i = 0; i < schema->partition_count; i++) {
        types[i] = &schema->partition[i].type;
    }
    enum status status =
        serial_partition_decode(types, schema->partition_count, partition, arena, ret_partition, error);
    size_t count = 0;
    if (kind == ROW_RANGE_TOMBSTONE) {
        (void)reader_sized(&reader); /* its bound is no value */
        status = reader.failed ? key_malformed(error) : status;
    }
    while (status == STATUS_OK && reader.rest.size > 0 && count < schema->clustering_count) {
        struct bytes part = reader_sized(&reader);
        if (reader.failed) {
            return key_malformed(error);
        }
        status = serial_decode(&schema->clustering[count].type, part, arena, &ret_clustering[count], error);
        count++;
    }
    if (status == STATUS_OK && reader.rest.size > 0) {
        return key_malformed(error);
    }
    if (status == STATUS_OK) {
        *ret_clustering_count = count;
    }
    return key_damaged(error, status);
}

bool key_is_ambiguous(const struct schema *schema)
{
    bool is_ambiguous = false;
    for (size_t i = 0; i < schema->clustering_count && !is_ambiguous; i++) {
        is_ambiguous = value_type_is_ambiguous(&schema->clustering[i].type);
    }
    return is_ambiguous;
}

void key_storage_partition(uint32_t space, struct bytes partition, struct buffer *ret_storage)
{
    uint8_t token[8];
    token_store(token_of(partition), token);
    buffer_put_u32(ret_storage, space);
    buffer_put(ret_storage, bytes_of(token, sizeof(token)));
    if (partition.size <= PARTITION_INLINE_BYTES_MAX) {
        buffer_put_u16(ret_storage, (uint16_t)partition.size);
        buffer_put(ret_storage, partition);
        return;
    }
    uint8_t digest[SHA256_BYTES];
    crypto_sha256(partition, digest);
    buffer_put_u16(ret_storage, PARTITION_HASHED);
    buffer_put(ret_storage, bytes_of(digest, PARTITION_HASH_BYTES));
}

enum status key_storage(const struct schema *schema, struct bytes key, struct buffer *ret_storage,
                        struct error *error)
{
    struct reader reader = reader_of(key);
    uint8_t kind = reader_u8(&reader);
    struct bytes partition = reader_sized(&reader);
    if (reader.failed || kind > ROW_PLAIN) {
        return key_malformed(error);
    }
    key_storage_partition(schema->space, partition, ret_storage);
    buffer_put_u8(ret_storage, kind);
    struct arena arena = {0};
    enum status status = STATUS_OK;
    if (kind == ROW_RANGE_TOMBSTONE) {
        buffer_put(ret_storage, reader_sized(&reader));
        status = reader.failed ? key_malformed(error) : STATUS_OK;
    }
    for (size_t i = 0; status == STATUS_OK && reader.rest.size > 0; i++) {
        struct value value;
        struct bytes part = reader_sized(&reader);
        if (reader.failed || i == schema->clustering_count) {
            status = key_malformed(error);
            break;
        }
        const struct key_column *column = &schema->clustering[i];
        status = serial_decode(&column->type, part, &arena, &value, error);
        if (status == STATUS_OK) {
            status = collation_encode(&column->type, &value, column->is_descending, ret_storage, error);
        }
    }
    arena_reset(&arena);
    return key_damaged(error, status);
}

size_t key_storage_kind_offset(struct bytes storage)
{
    enum {
        PART_OFFSET = sizeof(uint32_t) + sizeof(uint64_t),
    };
    if (storage.size < PART_OFFSET + 2) {
        return 0;
    }
    size_t size = bytes_get_u16(storage.data + PART_OFFSET);
    size_t offset = PART_OFFSET + 2 + (size == PARTITION_HASHED ? PARTITION_HASH_BYTES : size);
    return offset < storage.size ? offset : 0;
}

struct bytes key_partition(struct bytes key)
{
    struct reader reader = reader_of(key);
    (void)reader_u8(&reader);
    return reader_sized(&reader);
}

enum status key_shard(struct bytes key, uint8_t *ret_shard, struct error *error)
{
    struct bytes partition = key_partition(key);
    if (partition.size == 0) {
        return key_malformed(error);
    }
    *ret_shard = token_shard(token_of(partition));
    return STATUS_OK;
}
