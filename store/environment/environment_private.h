/* The inside of an environment, for this folder's files. */
#ifndef ENVIRONMENT_PRIVATE_H
#define ENVIRONMENT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <lmdb.h>

#include "base/file.h"
#include "base/thread.h"
#include "environment/bounds.h"
#include "environment/transaction.h"

enum {
    ENVIRONMENT_PINS = 3,
    ENVIRONMENT_SIDES = 2,
    ENVIRONMENT_META_PAGES = 2,
};

/* What a side file holds: a state that is safe to build on. */
struct side {
    uint64_t sequence; /* of the checkpoint; the larger one is newer */
    uint64_t transaction;
    struct environment_point point;
    uint32_t page_bytes;
    struct buffer metas; /* both meta pages */
};

struct environment {
    struct environment_options options;
    char *directory;
    char *data_path;
    struct file lock;
    struct file data; /* our own descriptor of data.mdb: for meta pages, allocation and write-back */
    MDB_env *env;
    MDB_dbi trees[TREE_COUNT];
    uint32_t page_bytes;

    pthread_mutex_t
        writing;        /* held from begin to commit or abort, and while a checkpoint looks at the state */
    uint64_t allocated; /* bytes of data.mdb that are allocated; the writer's */

    pthread_mutex_t checkpointing; /* one checkpoint at a time; guards what follows */
    MDB_txn *pins[ENVIRONMENT_PINS];
    bool pinned[ENVIRONMENT_PINS];
    size_t pin; /* of the newest checkpoint */
    uint64_t sequence;
    struct environment_point points[ENVIRONMENT_SIDES]; /* of the side files */
    uint64_t checkpoints;
    int64_t checkpoint_us;

    pthread_mutex_t thread_mutex;
    pthread_cond_t thread_wake;
    struct thread *thread;
    bool is_stopping;
    _Atomic uint64_t commits;
    _Atomic uint64_t pages_written; /* since the last checkpoint, about */
};

enum status environment__lmdb_error(int code, struct error *error, const char *what);
/* The point as the metadata tree of a transaction has it. */
MUST_USE enum status environment__point_read(struct environment *environment, MDB_txn *transaction,
                                             struct environment_point *ret_point, struct error *error);
void environment__point_encode(const struct environment_point *point, uint8_t ret_bytes[24]);

/* Side files (side.c). */
MUST_USE enum status environment__side_write(const char *directory, const struct side *side,
                                             const uint8_t *database, struct error *error);
/* The newest valid one. */
MUST_USE enum status environment__side_choose(const char *directory, const uint8_t *database,
                                              struct side *ret_side, struct error *error);
MUST_USE enum status environment__metas_read(const struct file *data, uint32_t page_bytes,
                                             struct buffer *ret_metas, struct error *error);
/* Last page of the newer meta, and the page size of the first. */
uint64_t environment__metas_last_page(const struct buffer *metas, uint32_t page_bytes);
uint32_t environment__metas_page_bytes(const uint8_t *first_meta);

/* Values: what is put, and 8 bytes of checksum over key and value. */
enum {
    VALUE_CHECKSUM_BYTES = 8,
};
MUST_USE enum status environment__value_check(enum environment_tree tree, struct bytes key, MDB_val stored,
                                              struct bytes *ret_value, struct error *error);

#endif
