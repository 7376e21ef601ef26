/* Transactions: LMDB's state of the last flush, and over it what the memtables have. */
#include "environment/transaction.h"

#include "base/memory.h"
#include "environment_private.h"

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

/* --- snapshots -------------------------------------------------------------------------------------------------- */

static void snapshot_look_in(struct environment_read *read, struct memtable *memtable, bool is_writer)
{
    if (memtable != NULL && (is_writer || memtable_entries(memtable) > 0)) {
        memtable_hold(memtable);
        read->tables[read->tables_count++] = memtable;
    }
}

/* Under recent_mutex the memtables and LMDB's state cannot part by more than one flush whose commit is not told of yet. That
 * one's changes are in the frozen memtable too, at versions that the snapshot sees. */
enum status environment__snapshot_take(struct environment_read *read, bool is_writer, struct error *error)
{
    struct environment *environment = read->environment;
    (void)pthread_mutex_lock(&environment->recent_mutex);
    int code = mdb_txn_renew(read->transaction);
    if (code == MDB_SUCCESS) {
        snapshot_look_in(read, environment->active, is_writer);
        snapshot_look_in(read, environment->frozen, false);
        read->version = environment->version;
        read->point = environment->point;
        read->is_fresh = true;
    }
    (void)pthread_mutex_unlock(&environment->recent_mutex);
    if (code == MDB_SUCCESS) {
        return STATUS_OK;
    }
    enum status status = environment__lmdb_error(code, error, "taking a snapshot");
    /* the meta page of a flush before could not be written: LMDB writes no more */
    return code == MDB_PANIC && is_writer ? environment__fatal(environment, status, error) : status;
}

void environment__snapshot_end(struct environment_read *read)
{
    if (read->is_fresh) {
        mdb_txn_reset(read->transaction);
        while (read->tables_count > 0) {
            memtable_release(&read->tables[--read->tables_count]);
        }
        read->is_fresh = false;
        arena_reset(&read->values);
    }
}

/* Makes a read without a snapshot. */
static enum status snapshot_open(struct environment *environment, struct environment_read *ret_read,
                                 struct error *error)
{
    *ret_read = (struct environment_read){.environment = environment};
    int code = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &ret_read->transaction);
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, "opening a read");
    }
    mdb_txn_reset(ret_read->transaction);
    return STATUS_OK;
}

static void snapshot_close(struct environment_read *read)
{
    environment__snapshot_end(read);
    environment__cursors_free(read);
    mdb_txn_abort(read->transaction);
}

/* As every insert of a row finds: no time is spent on words. */
static enum status snapshot_miss(struct error *error)
{
    return error_set_text(error, STATUS_NOT_FOUND, "nothing is stored under that key");
}

/* What the memtables have of a key; NULL: nothing, it is as in LMDB's trees. */
static const struct memtable_record *snapshot_recent(const struct environment_read *read,
                                                     enum environment_tree tree, struct bytes key)
{
    const struct memtable_record *record = NULL;
    for (size_t i = 0; i < read->tables_count && record == NULL; i++) {
        record = memtable_get(read->tables[i], tree, key, read->version);
    }
    return record;
}

static enum status snapshot_get(struct environment_read *read, enum environment_tree tree, struct bytes key,
                                struct bytes *ret_value, struct error *error)
{
    CHECK(read->is_fresh);
    enum status status = key_check(key, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct memtable_record *record = snapshot_recent(read, tree, key);
    if (record == NULL) {
        return environment__base_get(read->environment, read->transaction, tree, key, &read->values,
                                     ret_value, error);
    }
    *ret_value = record->value;
    return record->is_erased ? snapshot_miss(error) : STATUS_OK;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

enum status environment_write_begin(struct environment *environment, struct environment_write **ret_write,
                                    struct error *error)
{
    enum status status = environment__space_prepare(environment, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&environment->writing);
    if (environment->write == NULL) {
        struct environment_write *write = memory_create(sizeof(*write));
        status = snapshot_open(environment, &write->read, error);
        if (status == STATUS_OK) {
            environment->write = write;
        } else {
            memory_destroy(write);
        }
    }
    if (status == STATUS_OK) {
        status = environment__snapshot_take(&environment->write->read, true, error);
    }
    if (status != STATUS_OK) {
        (void)pthread_mutex_unlock(&environment->writing);
        return status;
    }
    environment->write->read.version++;
    *ret_write = environment->write;
    return STATUS_OK;
}

/* Whether LMDB's pages let a change be flushed: one that meets a damaged page is refused before it is logged. */
static enum status write_look(struct environment_write *write, enum environment_tree tree, struct bytes key,
                              bool is_erasure, struct error *error)
{
    if (!is_erasure && write->sought_tree == tree && bytes_equal(buffer_bytes(&write->sought), key)) {
        return STATUS_OK;
    }
    struct bytes first = key.size <= LAYER_KEY_BYTES ? key : bytes_of(key.data, LAYER_KEY_BYTES);
    return environment__guard_change(write->read.environment, write->read.transaction, tree, first,
                                     is_erasure, error);
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
    if (snapshot_recent(&write->read, tree, key) == NULL) {
        status = write_look(write, tree, key, false, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    memtable_put(write->read.tables[0], tree, key, write->read.version, value);
    return STATUS_OK;
}

enum status environment_write_get(struct environment_write *write, enum environment_tree tree,
                                  struct bytes key, struct bytes *ret_value, struct error *error)
{
    enum status status = snapshot_get(&write->read, tree, key, ret_value, error);
    buffer_clear(&write->sought);
    if (environment__guard_got_whole()) {
        buffer_put(&write->sought, key);
        write->sought_tree = tree;
    }
    return status;
}

enum status environment_write_erase(struct environment_write *write, enum environment_tree tree,
                                    struct bytes key, bool *ret_was_there, struct error *error)
{
    struct bytes old;
    enum status status = environment_write_get(write, tree, key, &old, error);
    if (ret_was_there != NULL) {
        *ret_was_there = status == STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = write_look(write, tree, key, true, error);
    }
    if (status == STATUS_OK) {
        memtable_erase(write->read.tables[0], tree, key, write->read.version);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status environment_write_admit(struct environment_write *write, struct error *error)
{
    return environment__space_admit(write->read.environment, error);
}

static void write_end(struct environment_write *write)
{
    buffer_clear(&write->sought);
    environment__snapshot_end(&write->read);
    (void)pthread_mutex_unlock(&write->read.environment->writing);
}

void environment_write_commit(struct environment_write **write, const struct environment_point *point)
{
    struct environment_write *done = *write;
    struct environment *environment = done->read.environment;
    *write = NULL;
    (void)pthread_mutex_lock(&environment->recent_mutex);
    environment->version = done->read.version;
    environment->point = *point;
    (void)pthread_mutex_unlock(&environment->recent_mutex);
    atomic_fetch_add(&environment->commits, 1);
    write_end(done);
}

void environment_write_abort(struct environment_write **write)
{
    struct environment_write *gone = *write;
    *write = NULL;
    if (gone != NULL) {
        memtable_take_back(gone->read.tables[0], gone->read.version);
        write_end(gone);
    }
}

void environment__write_destroy(struct environment_write **write)
{
    struct environment_write *gone = *write;
    *write = NULL;
    if (gone != NULL) {
        snapshot_close(&gone->read);
        buffer_reset(&gone->sought);
        memory_destroy(gone);
    }
}

enum status environment_write_cursor_open(struct environment_write *write, enum environment_tree tree,
                                          struct environment_cursor **ret_cursor, struct error *error)
{
    return environment__cursor_open(&write->read, tree, true, ret_cursor, error);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

enum status environment_read_open(struct environment *environment, struct environment_read **ret_read,
                                  struct error *error)
{
    struct environment_read *read = memory_create(sizeof(*read));
    enum status status = snapshot_open(environment, read, error);
    if (status != STATUS_OK) {
        memory_destroy(read);
        return status;
    }
    status = environment__snapshot_take(read, false, error);
    if (status == STATUS_OK) {
        *ret_read = read;
    } else {
        environment_read_close(&read);
    }
    return status;
}

enum status environment_read_renew(struct environment_read *read, struct error *error)
{
    environment__snapshot_end(read);
    return environment__snapshot_take(read, false, error);
}

void environment_read_reset(struct environment_read *read)
{
    environment__snapshot_end(read);
}

void environment_read_close(struct environment_read **read)
{
    struct environment_read *gone = *read;
    *read = NULL;
    if (gone != NULL) {
        snapshot_close(gone);
        memory_destroy(gone);
    }
}

struct environment_point environment_read_point(const struct environment_read *read)
{
    CHECK(read->is_fresh);
    return read->point;
}

enum status environment_read_get(struct environment_read *read, enum environment_tree tree, struct bytes key,
                                 struct bytes *ret_value, struct error *error)
{
    return snapshot_get(read, tree, key, ret_value, error);
}

uint64_t environment_read_entries(const struct environment_read *read, enum environment_tree tree)
{
    MDB_stat facts;
    CHECK(read->is_fresh);
    CHECK(mdb_stat(read->transaction, read->environment->trees[tree], &facts) == MDB_SUCCESS);
    return facts.ms_entries;
}

enum status environment_read_cursor_open(struct environment_read *read, enum environment_tree tree,
                                         struct environment_cursor **ret_cursor, struct error *error)
{
    CHECK(read->is_fresh);
    return environment__cursor_open(read, tree, false, ret_cursor, error);
}
