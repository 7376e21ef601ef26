/* Reading and writing the trees of an environment. Keys are ordered by memcmp, a prefix before what it begins.
 *
 * Keys have 1 to ENVIRONMENT_KEY_BYTES_MAX bytes, values 0 to ENVIRONMENT_VALUE_BYTES_MAX. Every value is stored with
 * a checksum over its full key and itself and verified when read: a damaged one is STATUS_CORRUPT, never a wrong
 * value. What is not flushed yet is memory, and has none. */
#ifndef ENVIRONMENT_TRANSACTION_H
#define ENVIRONMENT_TRANSACTION_H

#include "base/bytes.h"
#include "environment/environment.h"

enum environment_tree {
    TREE_ROWS,
    TREE_INDEX,
    TREE_EXPIRY,
    TREE_METADATA,
    TREE_COUNT,
};

/* ---- Writing: one write transaction at a time, used by the thread that began it. What it commits is in memory, and
 * goes into the trees of data.mdb with a flush: before a checkpoint, and when it has become much. ---- */

struct environment_write;

/* Waits while a flush begins (microseconds), or for its end when too much waits to be flushed. Errors: STATUS_FULL (map or disk),
 * STATUS_CORRUPT (a damaged page is in the way of flushes), STATUS_IO after a fatal failure. */
MUST_USE enum status environment_write_begin(struct environment *environment,
                                             struct environment_write **ret_write, struct error *error);

/* Puts or replaces. STATUS_TOO_LARGE, STATUS_INVALID (empty key), STATUS_CORRUPT (a page that it would change is damaged),
 * STATUS_IO. Besides TOO_LARGE and INVALID a failure dooms the transaction: only abort is left. */
MUST_USE enum status environment_write_put(struct environment_write *write, enum environment_tree tree,
                                           struct bytes key, struct bytes value, struct error *error);

/* Removes the key if it is there; *ret_was_there (may be NULL) tells. Errors as of environment_write_put. */
MUST_USE enum status environment_write_erase(struct environment_write *write, enum environment_tree tree,
                                             struct bytes key, bool *ret_was_there, struct error *error);

/* Reads what this transaction sees, its own changes included.
 * Lifetime: *ret_value is borrowed until the next put or erase, or the end of the transaction.
 * Errors:   STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_IO. */
MUST_USE enum status environment_write_get(struct environment_write *write, enum environment_tree tree,
                                           struct bytes key, struct bytes *ret_value, struct error *error);

/* Makes sure of the space that a flush of all that was put takes, at most. STATUS_FULL: abort, environment_checkpoint_now twice
 * (which moves the oldest pin up), try once more. */
MUST_USE enum status environment_write_admit(struct environment_write *write, struct error *error);

/* Commits, with `point` as what the state now contains, and nulls *write. Cannot fail: it is memory that changes. Not durable: that
 * is the log's part. */
void environment_write_commit(struct environment_write **write, const struct environment_point *point);
/* Accepts a pointer to NULL. */
void environment_write_abort(struct environment_write **write);

/* ---- Reading: a snapshot of the last committed state. Any thread, one at a time. ---- */

struct environment_read;

/* Opens with a snapshot of what is committed now. STATUS_BUSY when ENVIRONMENT_READERS_MAX are open. */
MUST_USE enum status environment_read_open(struct environment *environment,
                                           struct environment_read **ret_read, struct error *error);
/* Takes a new snapshot; everything borrowed from the old one ends, its cursors must be closed. Cheap (some 50 ns). */
MUST_USE enum status environment_read_renew(struct environment_read *read, struct error *error);
/* Gives the snapshot up, so that its pages can be used again, but keeps the object for a renew. */
void environment_read_reset(struct environment_read *read);
/* Accepts a pointer to NULL. */
void environment_read_close(struct environment_read **read);

/* What the snapshot contains. */
struct environment_point environment_read_point(const struct environment_read *read);

/* Lifetime: *ret_value is borrowed until the snapshot ends (renew, reset, close).
 * Errors:   STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_IO. */
MUST_USE enum status environment_read_get(struct environment_read *read, enum environment_tree tree,
                                          struct bytes key, struct bytes *ret_value, struct error *error);

/* Entries of a tree in the snapshot as LMDB counts them, without what is not flushed yet: keys, and what long keys need besides. For
 * tests. */
uint64_t environment_read_entries(const struct environment_read *read, enum environment_tree tree);

/* ---- Cursors: walking a tree in key order, either way. ---- */

struct environment_cursor;

/* A cursor over a snapshot, or over what a write transaction sees; closed before that ends. In a write transaction a
 * put or erase ends what the cursor lent. */
MUST_USE enum status environment_read_cursor_open(struct environment_read *read, enum environment_tree tree,
                                                  struct environment_cursor **ret_cursor,
                                                  struct error *error);
MUST_USE enum status environment_write_cursor_open(struct environment_write *write,
                                                   enum environment_tree tree,
                                                   struct environment_cursor **ret_cursor,
                                                   struct error *error);
/* Accepts a pointer to NULL. */
void environment_cursor_close(struct environment_cursor **cursor);

/* Each moves to an entry, or answers STATUS_END when there is none; the cursor then stands nowhere, and next and
 * previous answer STATUS_END until it is sought anew. `key` may be any bytes of any length, empty ones included.
 * Errors besides: STATUS_CORRUPT, STATUS_IO. */
MUST_USE enum status environment_cursor_seek_at_or_after(struct environment_cursor *cursor, struct bytes key,
                                                         struct error *error);
MUST_USE enum status environment_cursor_seek_before(struct environment_cursor *cursor, struct bytes key,
                                                    struct error *error); /* the greatest < key */
MUST_USE enum status environment_cursor_first(struct environment_cursor *cursor, struct error *error);
MUST_USE enum status environment_cursor_last(struct environment_cursor *cursor, struct error *error);
MUST_USE enum status environment_cursor_next(struct environment_cursor *cursor, struct error *error);
MUST_USE enum status environment_cursor_previous(struct environment_cursor *cursor, struct error *error);

/* The entry the cursor stands on; both are borrowed until the cursor moves, closes, or its transaction changes or
 * ends. The value is verified here. */
struct bytes environment_cursor_key(const struct environment_cursor *cursor);
MUST_USE enum status environment_cursor_value(struct environment_cursor *cursor, struct bytes *ret_value,
                                              struct error *error);

#endif
