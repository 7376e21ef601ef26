/* Bugs that the tests of faults must catch, linked into a program of their own (oxbow_planted), around functions of the real
 * one (ld's --wrap). $OXBOW_PLANT chooses: "sync", "row", "index", "feed", "pin"; nothing else plants nothing. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <lmdb.h>

#include "base/file.h"
#include "catalog/bounds.h"
#include "environment/transaction.h"
#include "feed/feed.h"

enum {
    PLANTED_EVERY = 7,
};

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming): ld names them */

static bool plant_is(const char *name)
{
    const char *plant = getenv("OXBOW_PLANT"); /* NOLINT(concurrency-mt-unsafe): nobody changes it */
    return plant != NULL && strcmp(plant, name) == 0;
}

/* --- acknowledge before sync ---------------------------------------------------------------------------------------- */

enum status __real_file_sync_data(const struct file *file, struct error *error);
enum status __wrap_file_sync_data(const struct file *file, struct error *error);

enum status __wrap_file_sync_data(const struct file *file, struct error *error)
{
    size_t size = strlen(file->path);
    bool is_log = size > 4 && strcmp(file->path + size - 4, ".raw") == 0;
    return is_log && plant_is("sync") ? STATUS_OK : __real_file_sync_data(file, error);
}

/* --- skip a row, or an index entry -------------------------------------------------------------------------------------------- */

enum status __real_environment_write_put(struct environment_write *write, enum environment_tree tree,
                                         struct bytes key, struct bytes value, struct error *error);
enum status __wrap_environment_write_put(struct environment_write *write, enum environment_tree tree,
                                         struct bytes key, struct bytes value, struct error *error);

enum status __wrap_environment_write_put(struct environment_write *write, enum environment_tree tree,
                                         struct bytes key, struct bytes value, struct error *error)
{
    static atomic_uint puts;
    bool is_candidate =
        (tree == TREE_INDEX && plant_is("index")) || (tree == TREE_ROWS && plant_is("row") && key.size >= 4 &&
                                                      bytes_get_u32(key.data) >= CATALOG_TABLE_FIRST);
    bool is_skipped = is_candidate && atomic_fetch_add(&puts, 1) % PLANTED_EVERY == 3;
    return is_skipped ? STATUS_OK : __real_environment_write_put(write, tree, key, value, error);
}

/* --- drop a record of the feed -------------------------------------------------------------------------------------- */

enum status __real_subscription_next(struct subscription *subscription, uint32_t *looks,
                                     struct feed_record *ret_record, struct error *error);
enum status __wrap_subscription_next(struct subscription *subscription, uint32_t *looks,
                                     struct feed_record *ret_record, struct error *error);

enum status __wrap_subscription_next(struct subscription *subscription, uint32_t *looks,
                                     struct feed_record *ret_record, struct error *error)
{
    static atomic_uint records;
    enum status status = __real_subscription_next(subscription, looks, ret_record, error);
    if (status == STATUS_OK && plant_is("feed") && atomic_fetch_add(&records, 1) % PLANTED_EVERY == 3) {
        return __real_subscription_next(subscription, looks, ret_record, error);
    }
    return status;
}

/* --- release a pin early -------------------------------------------------------------------------------------------- */

int __real_mdb_txn_renew(MDB_txn *transaction);
int __wrap_mdb_txn_renew(MDB_txn *transaction);
int __real_mdb_env_sync(MDB_env *environment, int is_forced);
int __wrap_mdb_env_sync(MDB_env *environment, int is_forced);

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the checkpoint thread's own */
static MDB_txn *planted_pin;

static bool planted_is_checkpoint(void)
{
    char name[16] = "";
    (void)pthread_getname_np(pthread_self(), name, sizeof(name));
    return strcmp(name, "checkpoint") == 0;
}

int __wrap_mdb_txn_renew(MDB_txn *transaction)
{
    if (plant_is("pin") && planted_is_checkpoint()) {
        planted_pin = transaction;
    }
    return __real_mdb_txn_renew(transaction);
}

/* What the checkpoint names is not pinned from here on. */
int __wrap_mdb_env_sync(MDB_env *environment, int is_forced)
{
    if (planted_pin != NULL && planted_is_checkpoint()) {
        mdb_txn_reset(planted_pin);
        planted_pin = NULL;
    }
    return __real_mdb_env_sync(environment, is_forced);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming) */
