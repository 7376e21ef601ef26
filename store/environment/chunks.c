/* Values longer than a run of pages should be. environment_private.h draws how they are stored. */
#include "base/crypto.h"
#include "environment_private.h"

enum {
    CHUNK_KEY_BYTES = 1 + 8 + 4,
    STUB_BYTES = 8 + 8,
};

static struct bytes chunk_key(uint8_t key[CHUNK_KEY_BYTES], uint64_t id, uint32_t number)
{
    key[0] = CHUNK_LETTER;
    bytes_put_u64(key + 1, id);
    bytes_put_u32(key + 9, number);
    return bytes_of(key, CHUNK_KEY_BYTES);
}

bool environment__chunk_stub(struct bytes key, MDB_val stored, struct chunked *ret_chunked)
{
    if (stored.mv_size != STUB_BYTES + VALUE_CHECKSUM_BYTES) {
        return false;
    }
    const uint8_t *data = stored.mv_data;
    if (bytes_get_u64(data + STUB_BYTES) != ~crypto_hash64(key, bytes_of(data, STUB_BYTES))) {
        return false;
    }
    *ret_chunked = (struct chunked){.id = bytes_get_u64(data), .size = bytes_get_u64(data + 8)};
    return true;
}

static uint32_t chunk_count(const struct chunked *chunked)
{
    return (uint32_t)((chunked->size + CHUNK_BYTES - 1) / CHUNK_BYTES);
}

enum status environment__chunk_read(struct environment *environment, MDB_txn *transaction,
                                    const struct chunked *chunked, uint8_t *ret_value, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < chunk_count(chunked) && status == STATUS_OK; i++) {
        uint8_t key[CHUNK_KEY_BYTES];
        struct bytes chunk = {0};
        uint64_t offset = (uint64_t)i * CHUNK_BYTES;
        uint64_t size = chunked->size - offset < CHUNK_BYTES ? chunked->size - offset : CHUNK_BYTES;
        status = environment__get_raw(environment, transaction, TREE_METADATA, chunk_key(key, chunked->id, i),
                                      &chunk, error);
        if (status == STATUS_NOT_FOUND || (status == STATUS_OK && chunk.size != size)) {
            status = error_set(error, STATUS_CORRUPT, "chunk %u of value %llu is missing", i,
                               (unsigned long long)chunked->id);
        }
        if (status == STATUS_OK) {
            memcpy(ret_value + offset, chunk.data, chunk.size);
        }
    }
    return status;
}

/* Ids are this environment's own, and never used again. */
static enum status chunk_next_id(struct base_write *write, uint64_t *ret_id, struct error *error)
{
    struct bytes counter = bytes_of_text("chunks");
    struct bytes stored = {0};
    uint8_t id[8];
    enum status status =
        environment__get_raw(write->environment, write->transaction, TREE_METADATA, counter, &stored, error);
    if (status == STATUS_OK && stored.size != sizeof(id)) {
        return error_set(error, STATUS_CORRUPT, "a malformed counter of chunked values");
    }
    *ret_id = status == STATUS_OK ? bytes_get_u64(stored.data) + 1 : 1;
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        bytes_put_u64(id, *ret_id);
        status = environment__put_raw(write, TREE_METADATA, counter, bytes_of(id, sizeof(id)), false, error);
    }
    return status;
}

enum status environment__chunk_put(struct base_write *write, enum environment_tree tree, struct bytes key,
                                   struct bytes value, struct error *error)
{
    uint8_t stub[STUB_BYTES];
    struct chunked chunked = {.size = value.size};
    enum status status = chunk_next_id(write, &chunked.id, error);
    for (uint32_t i = 0; i < chunk_count(&chunked) && status == STATUS_OK; i++) {
        uint8_t name[CHUNK_KEY_BYTES];
        struct bytes rest = bytes_from(value, (size_t)i * CHUNK_BYTES);
        struct bytes chunk = bytes_part(rest, 0, rest.size < CHUNK_BYTES ? rest.size : CHUNK_BYTES);
        status =
            environment__put_raw(write, TREE_METADATA, chunk_key(name, chunked.id, i), chunk, false, error);
    }
    bytes_put_u64(stub, chunked.id);
    bytes_put_u64(stub + 8, chunked.size);
    write->environment->has_chunks = true;
    return status == STATUS_OK
               ? environment__put_raw(write, tree, key, bytes_of(stub, sizeof(stub)), true, error)
               : status;
}

enum status environment__chunk_erase(struct base_write *write, enum environment_tree tree, struct bytes key,
                                     struct error *error)
{
    MDB_val stored;
    struct chunked chunked;
    struct environment *environment = write->environment;
    if (!environment->has_chunks) {
        return STATUS_OK;
    }
    enum status status = environment__lmdb_get(environment, write->transaction, tree, key, &stored, error);
    if (status != STATUS_OK || !environment__chunk_stub(key, stored, &chunked)) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    for (uint32_t i = 0; i < chunk_count(&chunked) && status == STATUS_OK; i++) {
        uint8_t chunk[CHUNK_KEY_BYTES];
        status = environment__erase_raw(write, TREE_METADATA, chunk_key(chunk, chunked.id, i), NULL, error);
    }
    return status;
}

enum status environment__chunk_look(struct environment *environment, MDB_txn *transaction,
                                    struct error *error)
{
    static const uint8_t letter[] = {CHUNK_LETTER};
    struct bytes prefix = bytes_of(letter, sizeof(letter));
    MDB_cursor *cursor = NULL;
    MDB_val key = environment__lmdb_bytes(prefix);
    MDB_val value;
    enum status status = STATUS_OK;
    int code = mdb_cursor_open(transaction, environment->trees[TREE_METADATA], &cursor);
    if (code == MDB_SUCCESS) {
        status = environment__lmdb_move(environment, cursor, &key, &value, MDB_SET_RANGE, error);
        environment->has_chunks =
            status == STATUS_OK && bytes_start_with(bytes_of(key.mv_data, key.mv_size), prefix);
        mdb_cursor_close(cursor);
    } else {
        status = environment__lmdb_error(code, error, "looking for chunked values");
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
