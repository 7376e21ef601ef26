/* The one way out: change records in LSN order, for whoever asks. DESIGN §9. */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "expression/expression.h"
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
/* When it returns, `wake` is not and will not be called with that context. */
void feed_wake_unregister(struct feed *feed, void *context);

enum feed_start {
    FEED_LATEST,
    FEED_OLDEST,
    FEED_LSN,  /* options.lsn is the first one wanted */
    FEED_TIME, /* the first one committed after options.time_us */
};

struct subscription_options {
    struct bytes table; /* empty: every table but the system's own */
    enum feed_start start;
    uint64_t lsn;
    int64_t time_us;
    const struct condition *filter; /* of changes; NULL: all. Borrowed until the subscription is closed */
    bool wants_meta;                /* marked records too (invariant 6) */
};

/* STATUS_NOT_FOUND (no such table), STATUS_TRIMMED (with the horizon in the message), STATUS_BUSY.
 * *ret_start_lsn is where it begins, *ret_horizon_lsn the oldest LSN there is. */
MUST_USE enum status subscription_open(struct feed *feed, const struct subscription_options *options,
                                       struct subscription **ret_subscription, uint64_t *ret_start_lsn,
                                       uint64_t *ret_horizon_lsn, struct error *error);
void subscription_close(struct subscription **subscription); /* accepts a pointer to NULL */

/* Whether a filter of changes holds of a record; records about tables always pass. */
bool feed_record_matches(const struct condition *filter, const struct record *record);
/* The same of a change from one image to another; empty: there is no item. */
bool feed_change_matches(const struct condition *filter, struct bytes old, struct bytes new);

/* The last LSN that may be shown. Thread: any. */
uint64_t feed_committed_lsn(struct feed *feed);

struct feed_record {
    uint64_t lsn;
    uint64_t term; /* 0: it is not told */
    int64_t commit_time_us;
    struct record record; /* views end with the next call */
};

/* What a record's views are of. {0} is empty. */
struct feed_room {
    struct buffer record;
    struct buffer old;
    struct buffer new;
};

/* The committed record at `lsn`, of any table, without its term. STATUS_TRIMMED: the log does not have it. Thread: any but a door's. */
MUST_USE enum status feed_record_at(struct feed *feed, uint64_t lsn, struct feed_room *room,
                                    struct feed_record *ret_record, struct error *error);
void feed_room_reset(struct feed_room *room);

/* The next committed record that matches. At most *looks records are looked at for it, and counted down (NULL: no bound): a
 * filter may refuse millions. STATUS_END: none now, or with *looks 0 none as far as was looked. STATUS_TRIMMED: it fell behind
 * the horizon (invariant 7). Thread: one at a time. */
MUST_USE enum status subscription_next(struct subscription *subscription, uint32_t *looks,
                                       struct feed_record *ret_record, struct error *error);

/* What lies before was given or did not match. */
uint64_t subscription_lsn(const struct subscription *subscription);
/* Commit time of the last record that was looked at; 0: there was none. */
int64_t subscription_time_us(const struct subscription *subscription);

#endif
