/* Transactions. Keys beyond LAYER_KEY_BYTES go through layers.c; cursors are in cursor.c. */
#include "environment/transaction.h"

#include "base/crypto.h"
#include "base/damage.h"
#include "base/memory.h"
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

/* Bytes of data.mdb up to the last page that is in use as of the last commit. */
static uint64_t write_used_bytes(const struct environment *environment)
{
    MDB_envinfo info;
    MDB_stat facts;
    (void)mdb_env_info(environment->env, &info);
    (void)mdb_env_stat(environment->env, &facts);
    return ((uint64_t)info.me_last_pgno + 1) * facts.ms_psize;
}

/* Keeps blocks allocated beyond the last page, so that a commit cannot meet a full disk. When the disk is full, what is
 * allocated is used up to a reserve, and that reserve is for recovery: a full disk must not keep the server down. */
static enum status write_allocate_ahead(struct environment *environment, struct error *error)
{
    uint64_t step = environment->options.allocate_bytes;
    uint64_t used = write_used_bytes(environment);
    uint64_t reserve =
        environment->thread == NULL ? step / 64 : step / 4; /* no thread: recovery is under way */
    if (used > environment->options.map_bytes) {
        return error_set(error, STATUS_FULL, "the store has reached its map of %llu bytes (--map-bytes)",
                         (unsigned long long)environment->options.map_bytes);
    }
    if (environment->data.descriptor < 0 || used + step / 2 <= environment->allocated) {
        return STATUS_OK;
    }
    enum status status = file_allocate(&environment->data, 0, used + step, error);
    if (status == STATUS_OK) {
        environment->allocated = used + step;
    }
    return status == STATUS_FULL && used + reserve <= environment->allocated ? STATUS_OK : status;
}

enum status environment_write_begin(struct environment *environment, struct environment_write **ret_write,
                                    struct error *error)
{
    MDB_txn *transaction = NULL;
    (void)pthread_mutex_lock(&environment->writing);
    enum status status = write_allocate_ahead(environment, error);
    if (status == STATUS_OK) {
        int code = mdb_txn_begin(environment->env, NULL, 0, &transaction);
        status = code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, "beginning a write");
        if (code ==
            MDB_PANIC) { /* the meta page of a commit before could not be written: LMDB writes no more */
            status = environment__fatal(environment, status, error);
        }
    }
    if (status != STATUS_OK) {
        (void)pthread_mutex_unlock(&environment->writing);
        return status;
    }
    *ret_write = memory_create(sizeof(**ret_write));
    **ret_write = (struct environment_write){.environment = environment, .transaction = transaction};
    return STATUS_OK;
}

enum status environment_write_admit(struct environment_write *write, struct error *error)
{
    struct environment *environment = write->environment;
    uint64_t values = (write->puts - write->entries) / 2; /* pages of long values */
    uint64_t pages = ENVIRONMENT_PUT_PAGES * write->entries + values + ENVIRONMENT_COMMIT_PAGES;
    uint64_t needed = write_used_bytes(environment) + pages * environment->page_bytes;
    if (environment->data.descriptor < 0 || needed <= environment->allocated) {
        return STATUS_OK;
    }
    uint64_t more = environment->options.allocate_bytes; /* not with each transaction again */
    enum status status = file_allocate(&environment->data, 0, needed + more, error);
    if (status == STATUS_FULL) {
        more = 0;
        status = file_allocate(&environment->data, 0, needed, error);
    }
    if (status == STATUS_OK) {
        environment->allocated = needed + more;
    }
    return status;
}

static enum status key_check(struct bytes key, struct error *error)
{
    if (key.size == 0) {
        return error_set(error, STATUS_INVALID, "an empty key");
    }
    if (key.size > ENVIRONMENT_KEY_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a key of %zu bytes as stored; %d fit", key.size,
                         ENVIRONMENT_KEY_BYTES_MAX);
    }
    return STATUS_OK;
}

enum status environment__put_raw(struct environment_write *write, enum environment_tree tree,
                                 struct bytes key, struct bytes value, bool is_stub, struct error *error)
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
    write->puts += 1 + value.size / 2048;
    write->entries++;
    return STATUS_OK;
}

enum status environment__put_physical(struct environment_write *write, enum environment_tree tree,
                                      struct bytes key, struct bytes value, struct error *error)
{
    enum status status = environment__chunk_erase(write, tree, key, error);
    if (status != STATUS_OK) {
        return status;
    }
    return value.size > CHUNK_BYTES ? environment__chunk_put(write, tree, key, value, error)
                                    : environment__put_raw(write, tree, key, value, false, error);
}

enum status environment_write_put(struct environment_write *write, enum environment_tree tree,
                                  struct bytes key, struct bytes value, struct error *error)
{
    enum status status = key_check(key, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (value.size > ENVIRONMENT_VALUE_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a value of %zu bytes; %d fit", value.size,
                         ENVIRONMENT_VALUE_BYTES_MAX);
    }
    if (key.size <= LAYER_KEY_BYTES) {
        return environment__put_physical(write, tree, key, value, error);
    }
    struct buffer physical = {0};
    status = environment__layer_make(write, tree, key, &physical, error);
    if (status == STATUS_OK) {
        status = environment__put_physical(write, tree, buffer_bytes(&physical), value, error);
    }
    buffer_reset(&physical);
    return status;
}

enum status environment__erase_raw(struct environment_write *write, enum environment_tree tree,
                                   struct bytes key, bool *ret_was_there, struct error *error)
{
    enum status status = environment__lmdb_erase(write, tree, key, error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (ret_was_there != NULL) {
        *ret_was_there = status == STATUS_OK;
    }
    write->puts++;
    write->entries++;
    return STATUS_OK;
}

enum status environment__erase_physical(struct environment_write *write, enum environment_tree tree,
                                        struct bytes key, bool *ret_was_there, struct error *error)
{
    enum status status = environment__chunk_erase(write, tree, key, error);
    return status == STATUS_OK ? environment__erase_raw(write, tree, key, ret_was_there, error) : status;
}

enum status environment_write_erase(struct environment_write *write, enum environment_tree tree,
                                    struct bytes key, bool *ret_was_there, struct error *error)
{
    enum status status = key_check(key, error);
    if (status != STATUS_OK) {
        return status;
    }
    return key.size <= LAYER_KEY_BYTES ? environment__erase_physical(write, tree, key, ret_was_there, error)
                                       : environment__layer_erase(write, tree, key, ret_was_there, error);
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

static enum status transaction_get(struct environment *environment, MDB_txn *transaction,
                                   enum environment_tree tree, struct bytes key, struct arena *values,
                                   struct bytes *ret_value, struct error *error)
{
    enum status status = key_check(key, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (key.size <= LAYER_KEY_BYTES) {
        return environment__get_physical(environment, transaction, tree, key, values, ret_value, error);
    }
    struct buffer physical = {0};
    status = environment__layer_find(environment, transaction, tree, key, &physical, error);
    if (status == STATUS_OK) {
        status = environment__get_physical(environment, transaction, tree, buffer_bytes(&physical), values,
                                           ret_value, error);
    }
    buffer_reset(&physical);
    return status;
}

enum status environment_write_get(struct environment_write *write, enum environment_tree tree,
                                  struct bytes key, struct bytes *ret_value, struct error *error)
{
    return transaction_get(write->environment, write->transaction, tree, key, &write->values, ret_value,
                           error);
}

uint64_t environment_write_entries(struct environment_write *write, enum environment_tree tree)
{
    MDB_stat facts;
    CHECK(mdb_stat(write->transaction, write->environment->trees[tree], &facts) == MDB_SUCCESS);
    return facts.ms_entries;
}

enum status environment_write_commit(struct environment_write **write, const struct environment_point *point,
                                     struct error *error)
{
    struct environment_write *done = *write;
    struct environment *environment = done->environment;
    uint8_t encoded[24];
    *write = NULL;
    environment__point_encode(point, encoded);
    enum status status = environment_write_put(done, TREE_METADATA, bytes_of_text("point"),
                                               bytes_of(encoded, sizeof(encoded)), error);
    if (status == STATUS_OK) {
        int code = mdb_txn_commit(done->transaction);
        status = code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, "committing");
    } else {
        mdb_txn_abort(done->transaction);
    }
    (void)pthread_mutex_unlock(&environment->writing);
    atomic_fetch_add(&environment->commits, 1);
    atomic_fetch_add(&environment->pages_written, done->puts);
    arena_reset(&done->values);
    memory_destroy(done);
    return status;
}

void environment_write_abort(struct environment_write **write)
{
    struct environment_write *gone = *write;
    *write = NULL;
    if (gone != NULL) {
        mdb_txn_abort(gone->transaction);
        (void)pthread_mutex_unlock(&gone->environment->writing);
        arena_reset(&gone->values);
        memory_destroy(gone);
    }
}

enum status environment_read_open(struct environment *environment, struct environment_read **ret_read,
                                  struct error *error)
{
    MDB_txn *transaction = NULL;
    int code = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &transaction);
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, "opening a read");
    }
    *ret_read = memory_create(sizeof(**ret_read));
    **ret_read =
        (struct environment_read){.environment = environment, .transaction = transaction, .is_fresh = true};
    return STATUS_OK;
}

enum status environment_read_renew(struct environment_read *read, struct error *error)
{
    environment_read_reset(read);
    int code = mdb_txn_renew(read->transaction);
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, "renewing a read");
    }
    read->is_fresh = true;
    return STATUS_OK;
}

void environment_read_reset(struct environment_read *read)
{
    if (read->is_fresh) {
        mdb_txn_reset(read->transaction);
        read->is_fresh = false;
        arena_reset(&read->values);
    }
}

void environment_read_close(struct environment_read **read)
{
    struct environment_read *gone = *read;
    *read = NULL;
    if (gone != NULL) {
        for (size_t i = 0; i < TREE_COUNT; i++) {
            environment__cursor_free(&gone->spares[i]);
        }
        mdb_txn_abort(gone->transaction);
        arena_reset(&gone->values);
        memory_destroy(gone);
    }
}

enum status environment_read_point(struct environment_read *read, struct environment_point *ret_point,
                                   struct error *error)
{
    CHECK(read->is_fresh);
    size_t state = mdb_txn_id(read->transaction);
    enum status status = STATUS_OK;
    if (read->point_of != state) {
        read->point_of = 0;
        status = environment__point_read(read->environment, read->transaction, &read->point, error);
    }
    if (status == STATUS_OK) {
        read->point_of = state;
        *ret_point = read->point;
    }
    return status;
}

enum status environment_read_get(struct environment_read *read, enum environment_tree tree, struct bytes key,
                                 struct bytes *ret_value, struct error *error)
{
    CHECK(read->is_fresh);
    return transaction_get(read->environment, read->transaction, tree, key, &read->values, ret_value, error);
}
