/* Limits of the writer. */
#ifndef FOLD_BOUNDS_H
#define FOLD_BOUNDS_H

enum {
    FOLD_QUEUE_ENTRIES_MAX = 16384,         /* writes waiting for the writer; over it: STATUS_BUSY */
    FOLD_BATCH_WRITES_MAX = 1024,           /* writes in one batch */
    FOLD_GATHER_WRITES_MIN = 4,             /* in a batch lately; then the next waits for as many … */
    FOLD_GATHER_US_MAX = 200,               /* … for so long, and no longer than half a sync */
    FOLD_BATCH_BYTES_MAX = 4 * 1024 * 1024, /* image bytes in one batch, or one larger write */
    FOLD_BATCH_HELD_BYTES_MAX =
        1 << 26,                  /* rows and records that a batch holds; other writes wait for the next */
    FOLD_OLD_BYTES_MAX = 1 << 26, /* rows of one transaction as they were, but for one alone; over it:
                                            STATUS_TOO_LARGE */
    FOLD_CHANGES_MAX = 10000,     /* changes of one transaction; over it: STATUS_TOO_LARGE */
    FOLD_DELETE_ROWS_MAX =
        10000, /* rows of a wide table that leave with their deletion; others leave later */
    FOLD_DELETE_BYTES_MAX = 4 * 1024 * 1024, /* the same; fewer as the transaction fills FOLD_OLD_BYTES_MAX */
    FOLD_REPLAY_RECORDS_MAX = 10000,         /* records of one LMDB transaction in replay */
    FOLD_REPLAY_BYTES_MAX = 16 * 1024 * 1024,
    FOLD_CLOCK_DIVERGENCE_SECONDS_MAX =
        10, /* wall against boot clock while running; beyond: writes are refused */
    FOLD_CLOCK_BEHIND_SECONDS_MAX = 600, /* at start, wall clock behind the last commit */
    FOLD_CLOCK_AHEAD_DAYS_MAX = 35,      /* at start, wall clock ahead of the last commit */
    FOLD_CLOCK_DOUBT_HOURS_MAX = 24,     /* the same; beyond, nothing is removed for its age */
    FOLD_TOKEN_SECONDS = 600,            /* how long an idempotency token is remembered */
    FOLD_STEP_ROWS_MAX = 1000,           /* rows read in one piece of a backfill or a purge */
    FOLD_MARK_IDLE_MS = 1000,            /* idle time after which the synced LSN is marked in the log */
};

#endif
