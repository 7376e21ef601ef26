/* The writer of a group: one thread that decides, logs and folds every change. DESIGN §1, §5. */
#ifndef FOLD_FOLD_H
#define FOLD_FOLD_H

#include "base/clock.h"
#include "base/crypto.h"
#include "catalog/catalog.h"
#include "environment/environment.h"
#include "fold/bounds.h"
#include "log/log.h"

struct fold;
struct write;

struct fold_options {
    struct environment *environment; /* open, at `point` */
    struct environment_point point;
    struct log *log; /* open */
    struct catalog *catalog;
    const struct clock *clock;
    size_t delete_rows_max; /* rows that leave with their deletion, others later; 0: FOLD_DELETE_ROWS_MAX */
    bool accepts_clock;     /* the operator vouches for the wall clock (--accept-clock) */
    bool doubts_clock;      /* it was doubted when the last fold closed */
    /* A transaction up to `lsn` is committed and may be shown. Thread: the writer. Must not block. */
    void (*on_commit)(void *context, uint64_t lsn);
    void *context;
};

/* Loads the catalog, folds what the log has beyond `point`, opens a new term with a durable frame, starts the writer.
 * Errors: STATUS_CORRUPT, STATUS_IO, STATUS_FULL, STATUS_NEWER. */
MUST_USE enum status fold_open(const struct fold_options *options, struct fold **ret_fold,
                               struct error *error);
/* No more writes are taken: fold_submit gives STATUS_CLOSED from now on. Those that wait are answered STATUS_CLOSED; a last mark
 * is synced. Accepts NULL, and being called again. */
void fold_stop(struct fold *fold);
/* Stops and frees, once nobody submits any more. Accepts a pointer to NULL. */
void fold_close(struct fold **fold);

/* Gives the write to the writer. STATUS_BUSY or STATUS_CLOSED: it is still the caller's. Thread: any. */
MUST_USE enum status fold_submit(struct fold *fold, struct write *write);
/* The same for one that came back STATUS_STALE and was planned anew: it goes before all that wait, so no other change of a table
 * comes between. Thread: the writer's, in `complete`. */
void fold_submit_again(struct fold *fold, struct write *write);

/* The last LSN that is committed and visible. Thread: any. */
uint64_t fold_committed_lsn(const struct fold *fold);
uint64_t fold_term(const struct fold *fold);
/* Somebody who wants to know that a moment is settled. */
struct fold_moment {
    /* The batch under way has ended, committed or given up. Thread: the writer's; must not block. */
    void (*settled)(struct fold_moment *moment);
    struct fold_moment *next; /* the fold's, until then */
};

/* Decides what was committed at or before a moment of the wall clock, which has come: from now on no commit gets a time up to it.
 * True: log_lsn_at and a snapshot opened from now on have all of it. False: a batch under way has such a time; `moment` (may be NULL)
 * is told when that has ended, and then it is so. Thread: any; does not wait. */
bool fold_moment_settle(struct fold *fold, int64_t time_us, struct fold_moment *moment);
/* Settles the latest moment up to `time_us`, which is now, that need not be waited for: `time_us`, or just before the batch under way.
 * Thread: any. */
int64_t fold_moment_now(struct fold *fold, int64_t time_us);
/* Whether the wall clock is so far ahead of the last commit before the start that nothing is to be removed for its age: expired rows, old
 * history. Until somebody vouches for it, or the machine says that it is synchronized. Thread: any. */
bool fold_doubts_clock(struct fold *fold);
/* The operator vouches for the wall clock from now on, or no longer: what it was vouched for until now stays so. Thread: any. */
void fold_accept_clock(struct fold *fold, bool accepts);
/* Why no write is taken now; NULL: writes are taken. Thread: any. */
const char *fold_refusal(const struct fold *fold);
/* When (clock_steady_us) the last batch was refused for want of space; 0: it was not. Thread: any. */
int64_t fold_full_us(const struct fold *fold);

/* Calls `add` with the space and storage key of a record's row, and with the keys of the index entries that the change
 * made or ended, for the log's key index (struct segment_keys). Nothing for records about tables. */
MUST_USE enum status fold_record_keys(struct catalog *catalog, const struct record *record,
                                      void (*add)(void *context, uint32_t space, struct bytes key),
                                      void *context, struct error *error);

/* What a space holds: a table's rows or an index's entries. */
struct fold_total {
    uint32_t space;
    uint64_t rows;
    uint64_t bytes;
    struct hash128 hashes[RECORD_SHARDS]; /* the additive hash of each shard; none for an index */
};

/* Reads totals as the store keeps them: under the letter T and the space (u32) in the metadata tree. */
bool fold_total_decode(struct bytes stored, struct fold_total *ret_total);
/* The additive hash of all shards. */
struct hash128 fold_total_hash(const struct fold_total *total);

#endif
