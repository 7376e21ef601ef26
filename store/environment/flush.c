/* Flushes: the memtables' changes go into LMDB's trees. DESIGN §8. */
#include "base/memory.h"
#include "environment_private.h"

/* Between two transactions: what is committed so far stays as it is, and what comes next goes elsewhere. */
static void flush_freeze(struct environment *environment)
{
    struct memtable *active = memtable_create();
    (void)pthread_mutex_lock(&environment->writing);
    (void)pthread_mutex_lock(&environment->recent_mutex);
    environment->frozen = environment->active;
    environment->active = active;
    environment->flushed_version = environment->version;
    environment->flushed = environment->point;
    (void)pthread_mutex_unlock(&environment->recent_mutex);
    (void)pthread_mutex_unlock(&environment->writing);
}

/* Commits what is done so far and begins anew: LMDB spills a transaction's pages when they are very many. */
static enum status flush_part(struct base_write *write, struct error *error)
{
    if (write->entries < ENVIRONMENT_FLUSH_ENTRIES) {
        return STATUS_OK;
    }
    enum status status = environment__base_commit(write, error);
    return status == STATUS_OK ? environment__base_begin(write->environment, write, error) : status;
}

static enum status flush_tree(struct base_write *write, enum environment_tree tree, struct error *error)
{
    struct memtable_cursor cursor = {.memtable = write->environment->frozen,
                                     .tree = tree,
                                     .version = UINT64_MAX};
    enum status status = STATUS_OK;
    memtable_cursor_seek_at_or_after(&cursor, (struct bytes){0});
    while (cursor.entry != NULL && status == STATUS_OK) {
        struct bytes key = memtable_cursor_key(&cursor);
        status = cursor.record->is_erased
                     ? environment__base_erase(write, tree, key, error)
                     : environment__base_put(write, tree, key, cursor.record->value, error);
        if (status == STATUS_OK) {
            status = flush_part(write, error);
        }
        memtable_cursor_next(&cursor);
    }
    return status;
}

void environment__flush_count(struct environment *environment, MDB_txn *transaction)
{
    uint64_t branches = 0;
    uint64_t pages = 0;
    for (size_t i = 0; i < TREE_COUNT; i++) {
        MDB_stat facts;
        CHECK(mdb_stat(transaction, environment->trees[i], &facts) == MDB_SUCCESS);
        branches += facts.ms_branch_pages;
        pages += facts.ms_branch_pages + facts.ms_leaf_pages + facts.ms_overflow_pages;
    }
    atomic_store(&environment->branch_pages, branches);
    atomic_store(&environment->tree_pages, pages);
}

static enum status flush_frozen(struct environment *environment, struct error *error)
{
    struct base_write write;
    enum status status = environment__base_begin(environment, &write, error);
    for (size_t i = 0; i < TREE_COUNT && status == STATUS_OK; i++) {
        status = flush_tree(&write, (enum environment_tree)i, error);
    }
    if (status == STATUS_OK) {
        status = environment__point_write(&write, &environment->flushed, error);
    }
    if (status == STATUS_OK) {
        environment__flush_count(environment, write.transaction);
        status = environment__base_commit(&write, error);
    }
    environment__base_abort(&write);
    return status;
}

/* The frozen memtable is in LMDB's trees, and nobody else is to look in it. */
static void flush_end(struct environment *environment)
{
    (void)pthread_mutex_lock(&environment->recent_mutex);
    struct memtable *flushed = environment->frozen;
    environment->frozen = NULL;
    (void)pthread_mutex_unlock(&environment->recent_mutex);
    memtable_release(&flushed);
}

/* Also when all that a memtable has was taken back, which takes memory and space like the rest. */
static bool flush_is_due(struct environment *environment)
{
    (void)pthread_mutex_lock(&environment->recent_mutex);
    bool is_due = environment->frozen != NULL || environment->version != environment->flushed_version ||
                  memtable_entries(environment->active) > 0;
    (void)pthread_mutex_unlock(&environment->recent_mutex);
    return is_due;
}

enum status environment__flush(struct environment *environment, struct error *error)
{
    enum status status = STATUS_OK;
    int rounds = 0; /* one that was left, one of what came since; what comes meanwhile waits */
    while (status == STATUS_OK && rounds < 2 && flush_is_due(environment)) {
        rounds++;
        if (environment->frozen == NULL) {
            flush_freeze(environment);
        }
        uint64_t pages = environment__space_pages(environment);
        status = flush_frozen(environment, error);
        if (status == STATUS_OK) {
            flush_end(environment);
            atomic_fetch_add(&environment->pages_written, pages);
        }
    }
    bool is_refused = status == STATUS_FULL || status == STATUS_CORRUPT;
    return status == STATUS_OK || is_refused
               ? status
               : environment__fatal(environment, status, error); /* the log has it: invariant 9 */
}

enum status environment__flush_now(struct environment *environment, struct error *error)
{
    (void)pthread_mutex_lock(&environment->flushing);
    enum status status = environment__flush(environment, error);
    (void)pthread_mutex_unlock(&environment->flushing);
    return status;
}
