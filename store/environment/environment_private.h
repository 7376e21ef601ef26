/* The inside of an environment, for this folder's files. */
#ifndef ENVIRONMENT_PRIVATE_H
#define ENVIRONMENT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <lmdb.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/thread.h"
#include "environment/bounds.h"
#include "environment/transaction.h"
#include "memtable.h"

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

/* The guard of pages (guard.c). Values have checksums, pages have none: LMDB believes each one it meets. So a page is looked
 * at when an operation first meets it after the start, and an operation that meets a damaged one is STATUS_CORRUPT:
 *
 *   every page     its number and kind, the places and sizes of its entries, its keys' order; of a leaf also the checksums
 *                  of entries that stand in it
 *   a tree         at the start: that its root has as many levels below it as it says
 *   a search       that ends beyond the page's first or last key: whether the branches that it passed lead to these keys
 *   a miss         in a leaf that has a damaged value, or long ones: the checksums of the entries on both sides, since a
 *                  damaged key may have been what is sought; beyond an end of a leaf: that the page beside it does not
 *                  have keys of this side of the branch's key, which may be damaged
 *   a step         to another page: that it is an end of it and the keys follow, and, the first time, that a search leads to it
 *
 * Two things nothing tells at once. A branch that leads a step past a page: the account of pages (pages.c) has one too few. The place of
 * an entry that a bit moved into another page, to an entry at its end: the walk gives that one and stops at the next. */
struct guard {
    const uint8_t
        *map; /* where data.mdb is mapped; NULL: nothing is guarded (before it is open, and a new one) */
    uint64_t bytes; /* of it there were at the start: what comes after them this process wrote */
    unsigned page_shift;
    _Atomic uint8_t *marks; /* two bits for each page, set when it was looked at */
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
    struct guard guard;

    pthread_mutex_t
        writing; /* held from begin to commit or abort, and while the active memtable is changed */
    struct environment_write *write; /* the one transaction; the writer's, like what follows */
    uint64_t allocated;              /* bytes of data.mdb that are allocated */

    pthread_mutex_t
        recent_mutex; /* held for moments; guards which ones the memtables are, `version` and `point` */
    struct memtable *active; /* gets what is committed */
    struct memtable *frozen; /* is being flushed; NULL: none */
    uint64_t version;        /* of the last commit */
    struct environment_point point;

    pthread_mutex_t flushing; /* taken before the two above; guards LMDB's state and what follows */
    bool has_chunks;          /* some value in LMDB's trees may be chunked */
    uint64_t flushed_version; /* of LMDB's state, and of `frozen` when there is one */
    struct environment_point flushed;
    _Atomic uint64_t branch_pages; /* of LMDB's trees … */
    _Atomic uint64_t tree_pages;   /* … and all of them */

    pthread_mutex_t checkpointing; /* one checkpoint at a time; guards what follows */
    MDB_txn *pins[ENVIRONMENT_PINS];
    bool pinned[ENVIRONMENT_PINS];
    size_t pin; /* of the newest checkpoint */
    uint64_t sequence;
    struct environment_point points[ENVIRONMENT_SIDES]; /* of the side files */

    /* what is told of checkpoints, to who must not wait for one */
    _Atomic uint64_t checkpoints;
    _Atomic int64_t checkpoint_us;
    _Atomic uint64_t checkpoint_lsn;

    pthread_mutex_t thread_mutex;
    pthread_cond_t thread_wake;
    struct thread *thread;
    bool is_stopping;
    _Atomic uint64_t commits;
    _Atomic uint64_t mask_state;    /* environment_mask_state */
    _Atomic uint64_t pages_written; /* by flushes since the last checkpoint, about */
};

struct base_write;

const char *environment__tree_name(enum environment_tree tree);
enum status environment__lmdb_error(int code, struct error *error, const char *what);
/* Memory and disk may disagree (invariant 9): tells on_fatal. Returns `status` if that returns. */
enum status environment__fatal(struct environment *environment, enum status status,
                               const struct error *error);
/* Guards the pages from here on; `transaction` has just opened the trees. STATUS_CORRUPT, STATUS_IO. */
MUST_USE enum status environment__guard_open(struct environment *environment, MDB_txn *transaction,
                                             struct error *error);
void environment__guard_close(struct environment *environment);
/* Looks at the page that something of a tree stands on, if that was not done yet. */
MUST_USE enum status environment__guard_page(struct environment *environment, const void *inside,
                                             struct error *error);

/* Looks at all pages that a change of a key touches, as `transaction` began with them. STATUS_CORRUPT: it must not be made. */
MUST_USE enum status environment__guard_change(struct environment *environment, MDB_txn *transaction,
                                               enum environment_tree tree, struct bytes key, bool is_erasure,
                                               struct error *error);

/* Whether the last environment__lmdb_get of this thread ended on a leaf all of which was looked at: a put of that key needs no look. */
bool environment__guard_got_whole(void);

/* LMDB's operations on a tree, guarded: STATUS_NOT_FOUND may be believed. It leaves *error as it is, which may tell of what ended a
 * walk before. */
MUST_USE enum status environment__lmdb_get(struct environment *environment, MDB_txn *transaction,
                                           enum environment_tree tree, struct bytes key, MDB_val *ret_value,
                                           struct error *error);
/* Puts a value of so many bytes, which the caller writes. */
MUST_USE enum status environment__lmdb_reserve(struct base_write *write, enum environment_tree tree,
                                               struct bytes key, size_t bytes, uint8_t **ret_room,
                                               struct error *error);
MUST_USE enum status environment__lmdb_erase(struct base_write *write, enum environment_tree tree,
                                             struct bytes key, struct error *error);
/* One of MDB_SET_RANGE, MDB_LAST, MDB_NEXT, MDB_PREV; for the last two `key` is where the cursor stands. */
MUST_USE enum status environment__lmdb_move(struct environment *environment, MDB_cursor *cursor, MDB_val *key,
                                            MDB_val *value, MDB_cursor_op operation, struct error *error);

/* The point as the metadata tree of a transaction has it. */
MUST_USE enum status environment__point_read(struct environment *environment, MDB_txn *transaction,
                                             struct environment_point *ret_point, struct error *error);
MUST_USE enum status environment__point_write(struct base_write *write, const struct environment_point *point,
                                              struct error *error);

/* Side files (side.c). */
MUST_USE enum status environment__side_write(const char *directory, const struct side *side,
                                             const uint8_t *database, struct error *error);
/* Removes the one that the side file of that sequence takes the place of, if it is there. */
MUST_USE enum status environment__side_remove(const char *directory, uint64_t sequence, struct error *error);
/* The newest valid one. */
MUST_USE enum status environment__side_choose(const char *directory, const uint8_t *database,
                                              struct side *ret_side, struct error *error);
MUST_USE enum status environment__metas_read(const struct file *data, uint32_t page_bytes,
                                             struct buffer *ret_metas, struct error *error);
/* Last page of the newer meta, and the page size of the first. */
uint64_t environment__metas_last_page(const struct buffer *metas, uint32_t page_bytes);
uint32_t environment__metas_page_bytes(const uint8_t *first_meta);

/* A transaction that writes to LMDB's trees. */
struct base_write {
    struct environment *environment;
    MDB_txn *transaction;
    uint64_t entries; /* puts and erasures */
};

/* Where a snapshot looks, newest first: memtables, then LMDB's trees. */
enum {
    SNAPSHOT_TABLES = 2,
};

struct environment_read {
    struct environment *environment;
    MDB_txn *transaction;
    bool is_fresh; /* has a snapshot */
    struct memtable *tables[SNAPSHOT_TABLES];
    size_t tables_count;
    uint64_t version; /* of what it sees in them */
    struct environment_point point;
    struct arena values;                           /* chunked values that were read from it */
    struct environment_cursor *spares[TREE_COUNT]; /* closed ones, for the next of that tree */
};

struct environment_write {
    struct environment_read
        read; /* a snapshot with the transaction's own version: its changes are in the active memtable */
    struct buffer sought; /* the key that was looked for last in LMDB's trees, when its leaf is whole */
    enum environment_tree sought_tree;
};

void environment__write_destroy(struct environment_write **write); /* accepts a pointer to NULL */

/* Cursors over a snapshot (cursor.c). A closed one is kept for the next of its tree. */
MUST_USE enum status environment__cursor_open(struct environment_read *read, enum environment_tree tree,
                                              bool is_writer, struct environment_cursor **ret_cursor,
                                              struct error *error);
void environment__cursors_free(struct environment_read *read); /* the kept ones */

/* Takes a snapshot of what is committed, for a writer one that it can change. */
MUST_USE enum status environment__snapshot_take(struct environment_read *read, bool is_writer,
                                                struct error *error);
void environment__snapshot_end(struct environment_read *read);

/* Moves what is committed into LMDB's trees, so that LMDB's state is the one of environment->flushed. The caller holds `flushing`.
 * STATUS_FULL and STATUS_CORRUPT: it stays in memory, to be tried again. Another failure was fatal. */
MUST_USE enum status environment__flush(struct environment *environment, struct error *error);
/* Notes the pages of LMDB's trees as a transaction has them, which the space of a flush depends on. */
void environment__flush_count(struct environment *environment, MDB_txn *transaction);
/* The same as environment__flush, for whoever holds nothing. */
MUST_USE enum status environment__flush_now(struct environment *environment, struct error *error);

/* Makes sure of the space that a flush of what is in memory takes at most, a transaction's own changes included (space.c). STATUS_FULL.
 * The writer's. */
MUST_USE enum status environment__space_admit(struct environment *environment, struct error *error);
/* Likewise, and that memory has room for a next transaction: flushes when it must. */
MUST_USE enum status environment__space_prepare(struct environment *environment, struct error *error);
/* Whether the checkpoint thread should flush before its next checkpoint is due. */
bool environment__space_wants_flush(struct environment *environment);
/* Pages that a flush comes to, about. */
uint64_t environment__space_pages(struct environment *environment);
uint64_t environment__space_memory(struct environment *environment); /* bytes of the memtables */

static inline MDB_val environment__lmdb_bytes(struct bytes bytes)
{
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)bytes.data};
}

/* Keys and values as LMDB has them (transaction.c), but for the checksum; `is_stub` marks the value as no value itself. */
MUST_USE enum status environment__put_raw(struct base_write *write, enum environment_tree tree,
                                          struct bytes key, struct bytes value, bool is_stub,
                                          struct error *error);
MUST_USE enum status environment__erase_raw(struct base_write *write, enum environment_tree tree,
                                            struct bytes key, bool *ret_was_there, struct error *error);
MUST_USE enum status environment__get_raw(struct environment *environment, MDB_txn *transaction,
                                          enum environment_tree tree, struct bytes key,
                                          struct bytes *ret_value, struct error *error);

/* Long values (chunks.c). A value of more than CHUNK_BYTES is cut, so that no long run of free pages has to be found for it:
 *
 *   metadata  CHUNK_LETTER u8 | id u64 | number u32   → up to CHUNK_BYTES of the value
 *   the key                                           → stub: id u64 | size u64, with the checksum's bits inverted
 *
 * so that a stub is never taken for a value, nor a value for a stub. Ids are this environment's own. */
enum {
    CHUNK_BYTES = 64 * 1024,
    CHUNK_LETTER = 'V',
};

struct chunked {
    uint64_t id;
    uint64_t size;
};

/* Whether what is stored under a key is a stub. */
bool environment__chunk_stub(struct bytes key, MDB_val stored, struct chunked *ret_chunked);
/* Puts the chunks together; `ret_value` has room for chunked->size bytes. */
MUST_USE enum status environment__chunk_read(struct environment *environment, MDB_txn *transaction,
                                             const struct chunked *chunked, uint8_t *ret_value,
                                             struct error *error);
MUST_USE enum status environment__chunk_put(struct base_write *write, enum environment_tree tree,
                                            struct bytes key, struct bytes value, struct error *error);
/* Erases the chunks of what is stored under a key, if it has any; the key itself stays. */
MUST_USE enum status environment__chunk_erase(struct base_write *write, enum environment_tree tree,
                                              struct bytes key, struct error *error);
/* Sets has_chunks: when the environment opens. */
MUST_USE enum status environment__chunk_look(struct environment *environment, MDB_txn *transaction,
                                             struct error *error);

/* Keys as LMDB has them (transaction.c); no bound but LMDB's. A long value that is read is made in `values`. */
MUST_USE enum status environment__put_physical(struct base_write *write, enum environment_tree tree,
                                               struct bytes key, struct bytes value, struct error *error);
MUST_USE enum status environment__erase_physical(struct base_write *write, enum environment_tree tree,
                                                 struct bytes key, bool *ret_was_there, struct error *error);
MUST_USE enum status environment__get_physical(struct environment *environment, MDB_txn *transaction,
                                               enum environment_tree tree, struct bytes key,
                                               struct arena *values, struct bytes *ret_value,
                                               struct error *error);

/* LMDB's trees by whole keys and values (base.c). A failure besides STATUS_NOT_FOUND dooms the transaction. */
MUST_USE enum status environment__base_begin(struct environment *environment, struct base_write *ret_write,
                                             struct error *error);
MUST_USE enum status environment__base_commit(struct base_write *write, struct error *error);
void environment__base_abort(struct base_write *write); /* does nothing after a commit */
MUST_USE enum status environment__base_put(struct base_write *write, enum environment_tree tree,
                                           struct bytes key, struct bytes value, struct error *error);
MUST_USE enum status environment__base_erase(struct base_write *write, enum environment_tree tree,
                                             struct bytes key, struct error *error);
MUST_USE enum status environment__base_get(struct environment *environment, MDB_txn *transaction,
                                           enum environment_tree tree, struct bytes key, struct arena *values,
                                           struct bytes *ret_value, struct error *error);

/* Cursors over them (base_cursor.c), as environment/transaction.h says of its own. */
struct base_cursor;
MUST_USE enum status environment__base_cursor_open(struct environment *environment, MDB_txn *transaction,
                                                   enum environment_tree tree,
                                                   struct base_cursor **ret_cursor, struct error *error);
/* For another snapshot of the same thread. false: it cannot be used any more. */
MUST_USE bool environment__base_cursor_renew(struct base_cursor *cursor, MDB_txn *transaction);
void environment__base_cursor_close(struct base_cursor **cursor);
MUST_USE enum status environment__base_cursor_seek_at_or_after(struct base_cursor *cursor, struct bytes key,
                                                               struct error *error);
MUST_USE enum status environment__base_cursor_seek_before(struct base_cursor *cursor, struct bytes key,
                                                          struct error *error);
MUST_USE enum status environment__base_cursor_last(struct base_cursor *cursor, struct error *error);
MUST_USE enum status environment__base_cursor_next(struct base_cursor *cursor, struct error *error);
MUST_USE enum status environment__base_cursor_previous(struct base_cursor *cursor, struct error *error);
struct bytes environment__base_cursor_key(const struct base_cursor *cursor);
MUST_USE enum status environment__base_cursor_value(struct base_cursor *cursor, struct bytes *ret_value,
                                                    struct error *error);

/* Long keys (layers.c). A key of up to LAYER_KEY_BYTES stands in the tree as it is. Of a longer one the first
 * LAYER_KEY_BYTES and a mark are the key of a pointer, whose value is the id of a layer; what is left of the key is
 * a key of that layer, by the same rule:
 *
 *   key              the key, or what is left of it
 *   pointer          first 400 bytes | LAYER_MARK u8        → layer id u64
 *   inside a layer   LAYER_SPACE u32 | layer id u64 | key or pointer
 *
 * Order stays exact: nothing else in the tree begins with a pointer, and it stands right after the key of exactly its
 * first 400 bytes. An empty layer goes with its last key. Ids are this environment's own; they are never reused. */
enum {
    LAYER_KEY_BYTES = 400,
    LAYER_MARK = 1,
    LAYER_PREFIX_BYTES = 12,
};
#define LAYER_SPACE 0xFFFFFFFFU /* no space of rows or indexes has this number, no expiry begins so */

/* Appends the physical key of a long key. STATUS_NOT_FOUND: a layer on the way is not there. */
MUST_USE enum status environment__layer_find(struct environment *environment, MDB_txn *transaction,
                                             enum environment_tree tree, struct bytes key,
                                             struct buffer *ret_physical, struct error *error);
/* The same, making the layers that are missing. */
MUST_USE enum status environment__layer_make(struct base_write *write, enum environment_tree tree,
                                             struct bytes key, struct buffer *ret_physical,
                                             struct error *error);
/* Erases a long key, and the layers that it leaves empty. */
MUST_USE enum status environment__layer_erase(struct base_write *write, enum environment_tree tree,
                                              struct bytes key, bool *ret_was_there, struct error *error);
/* The key of the pointer in a layer (`prefix`, empty at the top) that stands for a long `rest`; appended. */
void environment__layer_pointer(struct bytes prefix, struct bytes rest, struct buffer *ret_pointer);
void environment__layer_prefix(uint64_t layer, struct buffer *ret_prefix); /* replaces */

/* Values: what is put, and 8 bytes of checksum over key and value. */
enum {
    VALUE_CHECKSUM_BYTES = 8,
};
MUST_USE enum status environment__value_check(enum environment_tree tree, struct bytes key, MDB_val stored,
                                              struct bytes *ret_value, struct error *error);

#endif
