/* The LMDB side of a group's state: create, open, checkpoint, space. Transactions are in environment/transaction.h.
 *
 * LMDB never syncs a commit here. The log makes writes durable; checkpoints leave behind states of the LMDB side that
 * are safe to build on, and opening always goes back to the newest of them (DESIGN §8). What came after it is
 * replayed from the log by the caller. */
#ifndef ENVIRONMENT_ENVIRONMENT_H
#define ENVIRONMENT_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct environment;

enum {
    ENVIRONMENT_DATABASE_BYTES = 16,
};

/* What the LMDB side contains: everything up to `lsn`, nothing after it. All zero in a new environment. */
struct environment_point {
    uint64_t lsn;
    uint64_t term;
    int64_t commit_time_us;
};

struct environment_options {
    const char *directory;                        /* borrowed until environment_open returns */
    uint8_t database[ENVIRONMENT_DATABASE_BYTES]; /* the database's uuid; another one's files are refused */
    uint64_t map_bytes;        /* most bytes data.mdb may have; may grow from one open to the next */
    uint64_t allocate_bytes;   /* data.mdb grows ahead of use in such steps; 0: the default */
    uint64_t checkpoint_bytes; /* a checkpoint after so many bytes of pages written … */
    uint64_t
        memtable_bytes; /* what is committed is flushed to data.mdb when it has so many; 0: the default */
    int64_t checkpoint_interval_us; /* … or so long after the last one, whichever comes first */

    /* Makes the log durable through `lsn` (step 0). NULL: it always is. A failure is fatal. */
    enum status (*log_sync)(void *context, uint64_t lsn, struct error *error);
    /* A checkpoint is durable. The log keeps every segment from `older->lsn` on. NULL: nobody asks. */
    void (*on_checkpoint)(void *context, const struct environment_point *older,
                          const struct environment_point *newer);
    /* A sync failed: memory and disk may disagree (invariant 9). NULL: diagnostic_fatal. If it returns, nothing more
     * can be written. */
    void (*on_fatal)(void *context, const struct error *error);
    void *
        context; /* of the three; they are called on the checkpoint thread, by environment_checkpoint_now, and by who writes */
};

/* Makes a new, empty environment: in `directory`.new, synced, renamed, parent synced, so that after a crash there is
 * a whole one or none. STATUS_EXISTS, STATUS_IO, STATUS_FULL. */
MUST_USE enum status environment_create(const char *directory,
                                        const uint8_t database[ENVIRONMENT_DATABASE_BYTES],
                                        struct error *error);

/* Goes back to the newest checkpoint and pins it. *ret_point is what the state contains: the caller repairs the log,
 * replays what follows, then calls environment_checkpoint_start. No checkpoint is made before that but by
 * environment_checkpoint_now.
 * Errors: STATUS_NOT_FOUND (no such directory), STATUS_BUSY (open already, here or in another process), STATUS_NEWER
 * (a newer version wrote it), STATUS_CORRUPT (no valid side file, a side file of another database, a shorter data.mdb
 * than its pages need, a state that is not the one the side file names), STATUS_IO, STATUS_FULL. */
MUST_USE enum status environment_open(const struct environment_options *options,
                                      struct environment **ret_environment,
                                      struct environment_point *ret_point, struct error *error);

/* Stops the checkpoint thread and closes. No transaction may be open. It makes no checkpoint: for a quick next start
 * call environment_checkpoint_now before. Accepts a pointer to NULL. */
void environment_close(struct environment **environment);

/* Starts the background thread that makes checkpoints and writes dirty pages back. Called once. */
MUST_USE enum status environment_checkpoint_start(struct environment *environment, struct error *error);

/* Makes a checkpoint of what is committed now and waits for it.
 * Thread: any; not inside a write transaction of the caller.
 * Errors: STATUS_FULL (no space for the side file: the checkpoints before stay, nothing is lost); any other one was
 * fatal and told to on_fatal. */
MUST_USE enum status environment_checkpoint_now(struct environment *environment, struct error *error);

/* Reads the side files of the last two checkpoints. STATUS_CORRUPT names the first one that is damaged: until two checkpoints
 * later a start has only the other one. Thread: any. */
MUST_USE enum status environment_sides_check(struct environment *environment, struct error *error);

/* Notes whether rows are committed, or about to be, that are not to be read as they are stored (catalog/deletion.h). The
 * writer tells before it commits the first, and after it committed that none is left.
 * Thread: the writer. */
void environment_mask(struct environment *environment, bool is_masked);
/* Changes with every call of the former; odd: some rows are. Whoever reads it before and after a snapshot was taken and finds
 * it even and the same need not ask the snapshot. Thread: any. */
uint64_t environment_mask_state(const struct environment *environment);

struct environment_statistics {
    uint64_t page_bytes;
    uint64_t pages_map;      /* that the map may hold (options.map_bytes) */
    uint64_t pages_used;     /* up to the last one used, free ones among them included */
    uint64_t pages_free;     /* among those; at least, when there are very many */
    uint64_t memory_bytes;   /* of what is committed and not yet in data.mdb */
    uint64_t checkpoints;    /* since open */
    int64_t checkpoint_us;   /* how long the last one took */
    uint64_t checkpoint_lsn; /* of the newer side file */
};

/* Does not wait for a checkpoint under way. Thread: any. */
void environment_statistics_read(struct environment *environment,
                                 struct environment_statistics *ret_statistics);

#endif
