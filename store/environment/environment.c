/* Creating and opening. DESIGN §8 "Open". */
#include "environment/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/damage.h"
#include "base/diagnostic.h"
#include "base/memory.h"
#include "environment_private.h"

static const char *const environment_tree_names[TREE_COUNT] = {
    [TREE_ROWS] = "rows", [TREE_INDEX] = "index", [TREE_EXPIRY] = "expiry", [TREE_METADATA] = "metadata"};

static const char environment_point_key[] = "point";

const char *environment__tree_name(enum environment_tree tree)
{
    return environment_tree_names[tree];
}

enum status environment__lmdb_error(int code, struct error *error, const char *what)
{
    enum status status = STATUS_IO;
    if (code == MDB_MAP_FULL || code == ENOSPC || code == MDB_TXN_FULL) {
        status = STATUS_FULL;
    } else if (code == MDB_READERS_FULL) {
        status = STATUS_BUSY;
    } else if (code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
               code == MDB_CURSOR_FULL) {
        status = STATUS_CORRUPT;
    }
    return damage_note(error_set(error, status, "%s: %s", what, mdb_strerror(code)), error);
}

enum status environment__fatal(struct environment *environment, enum status status, const struct error *error)
{
    if (environment->options.on_fatal != NULL) {
        environment->options.on_fatal(environment->options.context, error);
    } else {
        diagnostic_fatal("environment", "%s", error->text);
    }
    return status;
}

enum status environment__point_write(struct base_write *write, const struct environment_point *point,
                                     struct error *error)
{
    uint8_t encoded[24];
    bytes_put_u64(encoded, point->lsn);
    bytes_put_u64(encoded + 8, point->term);
    bytes_put_u64(encoded + 16, (uint64_t)point->commit_time_us);
    return environment__base_put(write, TREE_METADATA, bytes_of_text(environment_point_key),
                                 bytes_of(encoded, sizeof(encoded)), error);
}

enum status environment__point_read(struct environment *environment, MDB_txn *transaction,
                                    struct environment_point *ret_point, struct error *error)
{
    struct bytes name = bytes_of_text(environment_point_key);
    MDB_val stored;
    struct bytes value;
    enum status status = environment__lmdb_get(environment, transaction, TREE_METADATA, name, &stored, error);
    if (status == STATUS_NOT_FOUND) {
        return error_set(error, STATUS_CORRUPT, "the store does not tell what it contains");
    }
    if (status == STATUS_OK) {
        status = environment__value_check(TREE_METADATA, name, stored, &value, error);
    }
    if (status == STATUS_OK && value.size != 24) {
        status = error_set(error, STATUS_CORRUPT, "the store's own position is malformed");
    }
    if (status == STATUS_OK) {
        ret_point->lsn = bytes_get_u64(value.data);
        ret_point->term = bytes_get_u64(value.data + 8);
        ret_point->commit_time_us = (int64_t)bytes_get_u64(value.data + 16);
    }
    return status;
}

static enum status environment_open_lmdb(struct environment *environment, struct error *error)
{
    uint64_t map_bytes = environment->options.map_bytes + (uint64_t)ENVIRONMENT_RESERVE_PAGES * 4096;
    int descriptor = -1;
    int code = mdb_env_create(&environment->env);
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_mapsize(environment->env, map_bytes);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_maxdbs(environment->env, TREE_COUNT);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_maxreaders(environment->env, ENVIRONMENT_READERS_MAX + 1); /* and the writer */
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_open(environment->env, environment->directory, MDB_NOSYNC | MDB_NOTLS | MDB_NORDAHEAD,
                            0600);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_get_fd(environment->env, &descriptor);
    }
    if (code == MDB_SUCCESS && fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        code = errno;
    }
    return code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, environment->directory);
}

static struct environment *environment_allocate(const struct environment_options *options)
{
    struct environment *environment = memory_create(sizeof(*environment));
    environment->options = *options;
    environment->directory = memory_copy_text(options->directory);
    environment->options.directory = environment->directory;
    if (environment->options.allocate_bytes == 0) {
        environment->options.allocate_bytes = ENVIRONMENT_ALLOCATE_BYTES;
    }
    if (environment->options.memtable_bytes == 0) {
        environment->options.memtable_bytes = ENVIRONMENT_MEMTABLE_BYTES;
    }
    environment->data_path = file_path_join(options->directory, "data.mdb");
    environment->lock = FILE_CLOSED;
    environment->data = FILE_CLOSED;
    environment->active = memtable_create();
    CHECK(pthread_mutex_init(&environment->writing, NULL) == 0);
    CHECK(pthread_mutex_init(&environment->recent_mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&environment->flushing, NULL) == 0);
    CHECK(pthread_mutex_init(&environment->checkpointing, NULL) == 0);
    CHECK(pthread_mutex_init(&environment->thread_mutex, NULL) == 0);
    thread_condition_init(&environment->thread_wake);
    return environment;
}

void environment_close(struct environment **environment)
{
    struct environment *gone = *environment;
    *environment = NULL;
    if (gone == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&gone->thread_mutex);
    gone->is_stopping = true;
    (void)pthread_cond_broadcast(&gone->thread_wake);
    (void)pthread_mutex_unlock(&gone->thread_mutex);
    thread_join(&gone->thread);
    environment__write_destroy(&gone->write);
    memtable_release(&gone->frozen);
    memtable_release(&gone->active);
    for (size_t i = 0; i < ENVIRONMENT_PINS; i++) {
        if (gone->pins[i] != NULL) {
            mdb_txn_abort(gone->pins[i]);
        }
    }
    if (gone->env != NULL) {
        mdb_env_close(gone->env);
    }
    environment__guard_close(gone);
    file_close(&gone->data);
    file_close(&gone->lock);
    memory_destroy(gone->data_path);
    memory_destroy(gone->directory);
    (void)pthread_cond_destroy(&gone->thread_wake);
    (void)pthread_mutex_destroy(&gone->thread_mutex);
    (void)pthread_mutex_destroy(&gone->checkpointing);
    (void)pthread_mutex_destroy(&gone->flushing);
    (void)pthread_mutex_destroy(&gone->recent_mutex);
    (void)pthread_mutex_destroy(&gone->writing);
    memory_destroy(gone);
}

/* The trees and an all-zero point, in a first transaction that is synced. */
static enum status environment_fill(struct environment *environment, struct error *error)
{
    MDB_txn *transaction = NULL;
    int code = mdb_txn_begin(environment->env, NULL, 0, &transaction);
    for (size_t i = 0; i < TREE_COUNT && code == MDB_SUCCESS; i++) {
        code = mdb_dbi_open(transaction, environment_tree_names[i], MDB_CREATE, &environment->trees[i]);
    }
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(transaction);
        return environment__lmdb_error(code, error, environment->directory);
    }
    code = mdb_txn_commit(transaction);
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, environment->directory);
    }
    struct base_write write;
    struct environment_point start = {0};
    enum status status = environment__base_begin(environment, &write, error);
    if (status == STATUS_OK) {
        status = environment__point_write(&write, &start, error);
    }
    if (status == STATUS_OK) {
        status = environment__base_commit(&write, error);
    }
    environment__base_abort(&write);
    if (status == STATUS_OK) {
        code = mdb_env_sync(environment->env, 1);
        status = code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, "sync");
    }
    return status;
}

/* Both side files name the first state, so that opening always takes the same path. */
static enum status environment_create_sides(struct environment *environment, const uint8_t *database,
                                            struct error *error)
{
    MDB_envinfo info;
    struct side side = {0};
    enum status status = file_open(environment->data_path, O_RDWR, &environment->data, error);
    if (status != STATUS_OK) {
        return status;
    }
    MDB_stat facts;
    (void)mdb_env_stat(environment->env, &facts);
    (void)mdb_env_info(environment->env, &info);
    side.page_bytes = facts.ms_psize;
    side.transaction = info.me_last_txnid;
    status = environment__metas_read(&environment->data, side.page_bytes, &side.metas, error);
    for (side.sequence = 1; side.sequence <= ENVIRONMENT_SIDES && status == STATUS_OK; side.sequence++) {
        status = environment__side_write(environment->directory, &side, database, error);
    }
    buffer_reset(&side.metas);
    return status;
}

enum status environment_create(const char *directory, const uint8_t database[ENVIRONMENT_DATABASE_BYTES],
                               struct error *error)
{
    if (file_exists(directory)) {
        return error_set(error, STATUS_EXISTS, "%s exists already", directory);
    }
    struct buffer path = {0};
    buffer_put_text(&path, directory);
    buffer_put_text(&path, ".new");
    buffer_put_u8(&path, 0);
    const char *directory_new = (const char *)path.data;
    struct environment_options options = {.directory = directory_new, .map_bytes = 1024 * 1024 * 64};
    struct environment *environment = environment_allocate(&options);
    enum status status = file_directory_remove(directory_new, error); /* half made by an earlier try */
    if (status == STATUS_OK) {
        status = file_directory_create(directory_new, error);
    }
    if (status == STATUS_OK) {
        status = environment_open_lmdb(environment, error);
    }
    if (status == STATUS_OK) {
        status = environment_fill(environment, error);
    }
    if (status == STATUS_OK) {
        status = environment_create_sides(environment, database, error);
    }
    environment_close(&environment);
    if (status == STATUS_OK) {
        status = file_rename(directory_new, directory, error);
    }
    if (status == STATUS_OK) {
        char *parent = file_path_join(directory, "..");
        status = file_directory_sync(parent, error);
        memory_destroy(parent);
    }
    buffer_reset(&path);
    return status;
}

static enum status environment_lock(struct environment *environment, struct error *error)
{
    char *path = file_path_join(environment->directory, "lock");
    enum status status = file_open(path, O_RDWR | O_CREAT, &environment->lock, error);
    if (status == STATUS_OK && flock(environment->lock.descriptor, LOCK_EX | LOCK_NB) != 0) {
        status = error_set(error, STATUS_BUSY, "%s is in use by another process", environment->directory);
    }
    memory_destroy(path);
    return status;
}

/* Puts the chosen checkpoint's meta pages back: LMDB then stands at a state whose every page is durable. */
static enum status environment_go_back(struct environment *environment, const struct side *side,
                                       struct error *error)
{
    uint64_t size = 0;
    enum status status = file_open(environment->data_path, O_RDWR, &environment->data, error);
    if (status == STATUS_OK) {
        status = file_size(&environment->data, &size, error);
    }
    uint64_t needed = (environment__metas_last_page(&side->metas, side->page_bytes) + 1) * side->page_bytes;
    if (status == STATUS_OK && size < needed) {
        status = error_set(error, STATUS_CORRUPT, "%s has %llu bytes, but its checkpoint needs %llu",
                           environment->data_path, (unsigned long long)size, (unsigned long long)needed);
    }
    if (status == STATUS_OK) {
        environment->allocated = size;
        status = file_write_at(&environment->data, buffer_bytes(&side->metas), 0, error);
    }
    environment->page_bytes = side->page_bytes;
    return status;
}

/* Pins the state before anything can be written, opens the trees, and makes sure it is the one the side file names. */
static enum status environment_pin(struct environment *environment, const struct side *side,
                                   struct error *error)
{
    MDB_txn *transaction = NULL;
    enum status status = STATUS_OK;
    int code = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &transaction);
    for (size_t i = 0; i < TREE_COUNT && code == MDB_SUCCESS; i++) {
        code = mdb_dbi_open(transaction, environment_tree_names[i], 0, &environment->trees[i]);
    }
    if (code == MDB_SUCCESS) {
        status = environment__guard_open(environment, transaction, error);
        code = mdb_txn_commit(transaction); /* keeps the handles */
    } else if (transaction != NULL) {
        mdb_txn_abort(transaction);
        code = code == MDB_NOTFOUND ? MDB_CORRUPTED : code; /* each environment has all trees */
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < ENVIRONMENT_PINS && code == MDB_SUCCESS; i++) {
        code = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &environment->pins[i]);
        if (code == MDB_SUCCESS && i > 0) {
            mdb_txn_reset(environment->pins[i]);
        }
    }
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, environment->directory);
    }
    environment->pin = 0;
    environment->pinned[0] = true;
    struct environment_point point;
    status = environment__point_read(environment, environment->pins[0], &point, error);
    if (status == STATUS_OK && (mdb_txn_id(environment->pins[0]) != side->transaction ||
                                point.lsn != side->point.lsn || point.term != side->point.term)) {
        status = error_set(error, STATUS_CORRUPT,
                           "%s does not stand where its checkpoint says (LSN %llu, not %llu)",
                           environment->directory, (unsigned long long)point.lsn,
                           (unsigned long long)side->point.lsn);
    }
    environment->point = point;
    environment->flushed = point;
    environment__flush_count(environment, environment->pins[0]);
    return status == STATUS_OK ? environment__chunk_look(environment, environment->pins[0], error) : status;
}

static enum status environment_open_at(struct environment *environment, struct side *side,
                                       struct error *error)
{
    enum status status = environment_go_back(environment, side, error);
    if (status == STATUS_OK) {
        status = environment_open_lmdb(environment, error);
    }
    if (status == STATUS_OK) {
        status = environment_pin(environment, side, error);
    }
    if (status == STATUS_OK) { /* the other side file may name a state that nothing pins any more */
        side->sequence++;
        status = environment__side_write(environment->directory, side, environment->options.database, error);
        if (status == STATUS_FULL) { /* then it makes room for its successor: the chosen one is there */
            status = environment__side_remove(environment->directory, side->sequence, error);
            if (status == STATUS_OK) {
                status = environment__side_write(environment->directory, side, environment->options.database,
                                                 error);
            }
        }
    }
    environment->sequence = side->sequence;
    for (size_t i = 0; i < ENVIRONMENT_SIDES; i++) {
        environment->points[i] = side->point;
    }
    atomic_store(&environment->checkpoint_lsn, side->point.lsn);
    return status;
}

enum status environment_open(const struct environment_options *options, struct environment **ret_environment,
                             struct environment_point *ret_point, struct error *error)
{
    if (!file_exists(options->directory)) {
        return error_set(error, STATUS_NOT_FOUND, "%s does not exist", options->directory);
    }
    struct environment *environment = environment_allocate(options);
    struct side side = {0};
    enum status status = environment_lock(environment, error);
    if (status == STATUS_OK) {
        status = environment__side_choose(environment->directory, options->database, &side, error);
    }
    if (status == STATUS_OK) {
        status = environment_open_at(environment, &side, error);
    }
    if (status == STATUS_OK) {
        *ret_point = side.point;
        *ret_environment = environment;
    } else {
        environment_close(&environment);
    }
    buffer_reset(&side.metas);
    return status;
}

/* LMDB keeps its free pages as lists in tree 0: transaction → number of pages, pages. */
static uint64_t environment_free_pages(struct environment *environment)
{
    enum {
        FREE_TREE = 0,
        FREE_LISTS_MAX = 10000, /* so that asking stays cheap */
    };
    MDB_txn *transaction = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val list;
    uint64_t pages = 0;
    if (mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &transaction) != MDB_SUCCESS) {
        return 0; /* all reader slots are taken */
    }
    if (mdb_cursor_open(transaction, FREE_TREE, &cursor) == MDB_SUCCESS) {
        int code = mdb_cursor_get(cursor, &key, &list, MDB_FIRST);
        for (int i = 0; code == MDB_SUCCESS && i < FREE_LISTS_MAX; i++) {
            size_t count = 0;
            memcpy(&count, list.mv_data, list.mv_size < sizeof(count) ? list.mv_size : sizeof(count));
            pages += count;
            code = mdb_cursor_get(cursor, &key, &list, MDB_NEXT);
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(transaction);
    return pages;
}

void environment_mask(struct environment *environment, bool is_masked)
{
    uint64_t state = atomic_load(&environment->mask_state);
    atomic_store(&environment->mask_state, (state + 2) / 2 * 2 + (is_masked ? 1 : 0));
}

uint64_t environment_mask_state(const struct environment *environment)
{
    return atomic_load(&environment->mask_state);
}

void environment_statistics_read(struct environment *environment,
                                 struct environment_statistics *ret_statistics)
{
    MDB_envinfo info;
    uint64_t pages_free = environment_free_pages(environment);
    (void)mdb_env_info(environment->env, &info);
    *ret_statistics = (struct environment_statistics){
        .page_bytes = environment->page_bytes,
        .pages_map = environment->options.map_bytes / environment->page_bytes,
        .pages_used = info.me_last_pgno + 1,
        .pages_free = pages_free,
        .memory_bytes = environment__space_memory(environment),
        .checkpoints = atomic_load(&environment->checkpoints),
        .checkpoint_us = atomic_load(&environment->checkpoint_us),
        .checkpoint_lsn = atomic_load(&environment->checkpoint_lsn),
    };
}
