/* LMDB's trees: what the last flush left. Keys beyond LAYER_KEY_BYTES go through layers.c; cursors are in base_cursor.c. */
#include "base/crypto.h"
#include "base/damage.h"
#include "base/memory.h"
#include "environment/transaction.h"
#include "environment_private.h"

enum status environment__value_check(enum environment_tree tree, struct bytes key, MDB_val stored,
                                     struct bytes *ret_value, struct error *error)
{
    if (stored.mv_size >= VALUE_CHECKSUM_BYTES) {
        struct bytes value = bytes_of(stored.mv_data, stored.mv_size - VALUE_CHECKSUM_BYTES);
        if (bytes_get_u64(value.data + value.size) == crypto_hash64(key, value)) {
            *ret_value = value;
            return STATUS_OK;
        }
    }
    char prefix[41] = "";
    for (size_t i = 0; i < key.size && i < 20; i++) {
        static const char digits[] = "0123456789abcdef";
        prefix[2 * i] = digits[key.data[i] >> 4];
        prefix[2 * i + 1] = digits[key.data[i] & 15];
    }
    (void)error_set(error, STATUS_CORRUPT, "the store's value under key %s… of tree %d is damaged", prefix,
                    (int)tree);
    return damage_note(STATUS_CORRUPT, error);
}

enum status environment__put_raw(struct base_write *write, enum environment_tree tree, struct bytes key,
                                 struct bytes value, bool is_stub, struct error *error)
{
    uint8_t *room = NULL;
    enum status status =
        environment__lmdb_reserve(write, tree, key, value.size + VALUE_CHECKSUM_BYTES, &room, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (value.size > 0) {
        memcpy(room, value.data, value.size);
    }
    uint64_t hash = crypto_hash64(key, value);
    bytes_put_u64(room + value.size, is_stub ? ~hash : hash);
    write->entries++;
    return STATUS_OK;
}

enum status environment__put_physical(struct base_write *write, enum environment_tree tree, struct bytes key,
                                      struct bytes value, struct error *error)
{
    enum status status = environment__chunk_erase(write, tree, key, error);
    if (status != STATUS_OK) {
        return status;
    }
    return value.size > CHUNK_BYTES ? environment__chunk_put(write, tree, key, value, error)
                                    : environment__put_raw(write, tree, key, value, false, error);
}

enum status environment__base_put(struct base_write *write, enum environment_tree tree, struct bytes key,
                                  struct bytes value, struct error *error)
{
    if (key.size <= LAYER_KEY_BYTES) {
        return environment__put_physical(write, tree, key, value, error);
    }
    struct buffer physical = {0};
    enum status status = environment__layer_make(write, tree, key, &physical, error);
    if (status == STATUS_OK) {
        status = environment__put_physical(write, tree, buffer_bytes(&physical), value, error);
    }
    buffer_reset(&physical);
    return status;
}

enum status environment__erase_raw(struct base_write *write, enum environment_tree tree, struct bytes key,
                                   bool *ret_was_there, struct error *error)
{
    enum status status = environment__lmdb_erase(write, tree, key, error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (ret_was_there != NULL) {
        *ret_was_there = status == STATUS_OK;
    }
    write->entries++;
    return STATUS_OK;
}

enum status environment__erase_physical(struct base_write *write, enum environment_tree tree,
                                        struct bytes key, bool *ret_was_there, struct error *error)
{
    enum status status = environment__chunk_erase(write, tree, key, error);
    return status == STATUS_OK ? environment__erase_raw(write, tree, key, ret_was_there, error) : status;
}

enum status environment__base_erase(struct base_write *write, enum environment_tree tree, struct bytes key,
                                    struct error *error)
{
    return key.size <= LAYER_KEY_BYTES ? environment__erase_physical(write, tree, key, NULL, error)
                                       : environment__layer_erase(write, tree, key, NULL, error);
}

/* As every insert of a row finds: no time is spent on words. */
static enum status get_fail(enum status status, struct error *error)
{
    return status == STATUS_NOT_FOUND ? error_set_text(error, status, "nothing is stored under that key")
                                      : status;
}

enum status environment__get_raw(struct environment *environment, MDB_txn *transaction,
                                 enum environment_tree tree, struct bytes key, struct bytes *ret_value,
                                 struct error *error)
{
    MDB_val stored;
    enum status status = environment__lmdb_get(environment, transaction, tree, key, &stored, error);
    return status == STATUS_OK ? environment__value_check(tree, key, stored, ret_value, error)
                               : get_fail(status, error);
}

enum status environment__get_physical(struct environment *environment, MDB_txn *transaction,
                                      enum environment_tree tree, struct bytes key, struct arena *values,
                                      struct bytes *ret_value, struct error *error)
{
    MDB_val stored;
    struct chunked chunked;
    enum status status = environment__lmdb_get(environment, transaction, tree, key, &stored, error);
    if (status != STATUS_OK) {
        return get_fail(status, error);
    }
    if (!environment__chunk_stub(key, stored, &chunked)) {
        return environment__value_check(tree, key, stored, ret_value, error);
    }
    if (chunked.size > ENVIRONMENT_VALUE_BYTES_MAX) {
        return error_set(error, STATUS_CORRUPT, "a chunked value says that it has %llu bytes",
                         (unsigned long long)chunked.size);
    }
    uint8_t *whole = arena_create(values, chunked.size);
    *ret_value = bytes_of(whole, chunked.size);
    return environment__chunk_read(environment, transaction, &chunked, whole, error);
}

enum status environment__base_get(struct environment *environment, MDB_txn *transaction,
                                  enum environment_tree tree, struct bytes key, struct arena *values,
                                  struct bytes *ret_value, struct error *error)
{
    if (key.size <= LAYER_KEY_BYTES) {
        return environment__get_physical(environment, transaction, tree, key, values, ret_value, error);
    }
    struct buffer physical = {0};
    enum status status = environment__layer_find(environment, transaction, tree, key, &physical, error);
    if (status == STATUS_OK) {
        status = environment__get_physical(environment, transaction, tree, buffer_bytes(&physical), values,
                                           ret_value, error);
    }
    buffer_reset(&physical);
    return status;
}

enum status environment__base_begin(struct environment *environment, struct base_write *ret_write,
                                    struct error *error)
{
    *ret_write = (struct base_write){.environment = environment};
    int code = mdb_txn_begin(environment->env, NULL, 0, &ret_write->transaction);
    enum status status =
        code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, "beginning a write");
    /* the meta page of a commit before could not be written: LMDB writes no more */
    return code == MDB_PANIC ? environment__fatal(environment, status, error) : status;
}

enum status environment__base_commit(struct base_write *write, struct error *error)
{
    int code = mdb_txn_commit(write->transaction);
    write->transaction = NULL;
    return code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, "committing");
}

void environment__base_abort(struct base_write *write)
{
    if (write->transaction != NULL) {
        mdb_txn_abort(write->transaction);
        write->transaction = NULL;
    }
}
