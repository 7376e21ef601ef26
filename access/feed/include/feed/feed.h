/* The one way out: change records in LSN order, for whoever asks. DESIGN §9. */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include "base/bytes.h"
#include "base/error.h"
#include "feed/bounds.h"
#include "row/record.h"

struct feed;
struct subscription;
struct catalog;
struct log;

struct feed *feed_create(struct log *log, struct catalog *catalog);
void feed_destroy(struct feed **feed); /* accepts a pointer to NULL */
/* The writer committed everything up to `lsn`. Wakes those registered below. Thread: the writer. */
void feed_committed(struct feed *feed, uint64_t lsn);
/* `wake` is called after commits, on the writer's thread; it must not block. One per door, at most four. */
void feed_wake_register(struct feed *feed, void (*wake)(void *context), void *context);

enum feed_start {
    FEED_LATEST,
    FEED_OLDEST,
    FEED_LSN, /* options.lsn is the first one wanted */
};

struct subscription_options {
    struct bytes table; /* empty: every table but the system's own */
    enum feed_start start;
    uint64_t lsn;
};

/* STATUS_NOT_FOUND (no such table), STATUS_TRIMMED (with the horizon in the message), STATUS_BUSY.
 * *ret_start_lsn is where it begins, *ret_horizon_lsn the oldest LSN there is. */
MUST_USE enum status subscription_open(struct feed *feed, const struct subscription_options *options,
                                       struct subscription **ret_subscription, uint64_t *ret_start_lsn,
                                       uint64_t *ret_horizon_lsn, struct error *error);
void subscription_close(struct subscription **subscription); /* accepts a pointer to NULL */

struct feed_record {
    uint64_t lsn;
    uint64_t term;
    int64_t commit_time_us;
    struct record record; /* views end with the next call */
};

/* The next committed record that matches. STATUS_END: none now. STATUS_TRIMMED: it fell behind the horizon
 * (invariant 7). Thread: one at a time. */
MUST_USE enum status subscription_next(struct subscription *subscription, struct feed_record *ret_record,
                                       struct error *error);

#endif
