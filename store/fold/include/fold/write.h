/* A write on its way to the writer. Seen by access/gate and the store only: everybody else goes through the gate. */
#ifndef FOLD_WRITE_H
#define FOLD_WRITE_H

#include "base/arena.h"
#include "base/crypto.h"
#include "base/mailbox.h"
#include "expression/expression.h"
#include "row/record.h"
#include "row/schema.h"
#include "row/wide_update.h"

struct item_bounds; /* catalog/index.h */

enum change_kind {
    CHANGE_PUT,
    CHANGE_DELETE,
    CHANGE_UPDATE,
    CHANGE_CHECK,       /* only the condition; nothing is written */
    CHANGE_EXPIRE,      /* remove the row if its expiry is past */
    CHANGE_TABLE,       /* a record about the table itself, shown in every shard */
    CHANGE_IMAGE,       /* put the image as it is (restore); of documents the same as a put */
    CHANGE_WIDE,        /* apply `wide` to the row of a wide table */
    CHANGE_SETTLE,      /* nothing but what deletions under way do to the row */
    CHANGE_WIDE_DELETE, /* `key` is a partition's header: delete its rows in `range`, or all of it */
};

/* What must hold of the row for the write to happen, judged in the open transaction. */
enum write_presence {
    WRITE_ALWAYS,
    WRITE_IF_ABSENT,
    WRITE_IF_PRESENT,
};

struct write_change {
    enum change_kind kind;
    enum write_presence presence;
    uint8_t flags;  /* RECORD_HOUSEKEEPING, or 0 */
    bool wants_old; /* the old image is asked for, also when the condition does not hold */
    bool wants_new;
    bool is_plain; /* of a wide row as a document: with plain values (row/plain.h) */
    bool had_old;  /* the outcome, as what stands at the end */
    bool has_new;
    enum operation operation;    /* CHANGE_TABLE */
    enum status status;          /* the outcome: why this change refuses the transaction */
    const struct schema *schema; /* as planned; STATUS_STALE when it is no longer the table's */
    struct bytes key;            /* record key */
    struct bytes image;          /* CHANGE_PUT: the new image; CHANGE_TABLE: write_retired_encode */
    struct bytes
        expiry_key; /* CHANGE_EXPIRE: the entry that led here; it goes when it is not true (any more) */
    const struct condition *condition; /* or NULL */
    const struct wide_update *wide;    /* CHANGE_WIDE; CHANGE_WIDE_DELETE: its timestamp */
    const struct wide_range
        *range;                   /* CHANGE_WIDE_DELETE, low and high; NULL: the partition, static row too */
    const struct update *update;  /* CHANGE_UPDATE */
    const struct value *key_item; /* CHANGE_UPDATE: what an item that is not there begins as: its key */
    const struct item_bounds *bounds; /* of what an item becomes; NULL: none but the store's */
    /* The outcome, in the write's arena. */
    const char *text;       /* of status */
    struct bytes old_key;   /* when wants_old: as the row was first written with it */
    struct bytes old_image; /* when wants_old */
    struct bytes new_image; /* when wants_new */
};

/* Something that was read and must still be so. Either one row or all rows of a range. */
struct write_read {
    const struct schema *schema;
    struct bytes key; /* record key; empty: a range */
    struct bytes low; /* storage keys: low <= key < high */
    struct bytes high;
    struct hash128 checksum; /* stored_row_checksum; of a range stored_rows_checksum over all its rows */
    bool is_absent;
};

/* A request that may come twice and must count once. */
struct write_token {
    struct bytes principal;
    struct bytes token;  /* empty: none */
    struct hash128 hash; /* of the request */
};

/* Background work that the writer does a piece of, unlogged: what it makes follows from what is logged. */
enum step_kind {
    STEP_NONE,
    STEP_BACKFILL, /* entries of `index`, or expiries when it is empty, for the next rows of the table */
    STEP_PURGE,    /* rows and entries of a retired space */
    STEP_FORGET,   /* the expiry under the key in `index`, whose table is gone */
};

struct write_step {
    enum step_kind kind;
    const struct schema *schema; /* STEP_BACKFILL */
    struct bytes index;
    uint32_t space; /* STEP_PURGE */
    bool is_done;   /* the outcome: nothing is left to do */
};

/* One transaction. Made by the gate or a job; goes to the writer and comes back through `complete`. */
struct write {
    struct message message;
    struct arena arena; /* owns what the pointers below point to */
    struct write_change *changes;
    size_t count;
    const struct write_read *reads;
    size_t reads_count;
    bool has_now;
    int64_t now_s; /* since 1970, has_now: the moment of lives and conditions; otherwise that of the commit */
    struct write_token token;
    struct write_step step; /* when its kind is not STEP_NONE, there are no changes */
    struct bytes actor;
    struct cause cause;
    uint8_t hops;
    /* Called once, on the writer's thread; takes the write. Must not block. */
    void (*complete)(struct write *write);
    void *context;
    /* The outcome. */
    enum status status;
    struct error error;
    bool is_repeat; /* the token was known: what is told is the outcome of the first time */
    uint64_t lsn;   /* of the transaction's last record; when it changed nothing, of the state it saw */
    uint64_t term;
    int64_t commit_time_us;
};

struct catalog;

/* Fills two changes: the row of system.tables and the record that tells everyone. `next` is the schema from now on
 * (version and spaces set), or NULL: the table is dropped. `operation` is SCHEMA, TRUNCATE, GENERATION or DROP.
 * `current` is NULL for a table that is created: then only the first change is filled, and 1 is returned. */
size_t write_table_change(struct catalog *catalog, struct arena *arena, const struct schema *current,
                          const struct schema *next, enum operation operation,
                          struct write_change ret_changes[2]);

#endif
