/* How far each reader of the feed is behind, for the metrics. */
#ifndef LAG_H
#define LAG_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "base/list.h"
#include "base/metric.h"

/* Of one subscription; embedded in it. */
struct lag {
    _Atomic uint64_t reached; /* the LSN at which it goes on */
    uint64_t number;          /* of the subscription, since the feed was made */
    struct buffer table;      /* its name; empty: all */
    struct list_entry among;  /* the feed's */
};

struct lags {
    pthread_mutex_t mutex; /* guards the list */
    struct list all;
    uint64_t opened; /* how many there ever were */
    const _Atomic uint64_t *committed_lsn;
    struct metric_collector collector;
};

/* Shows itself among the metrics from now on. `committed_lsn` must live as long. */
void feed__lags_open(struct lags *lags, const _Atomic uint64_t *committed_lsn);
void feed__lags_close(struct lags *lags);

/* Thread: any. `lag` is zeroed memory that stays where it is until it is removed. */
void feed__lag_add(struct lags *lags, struct lag *lag, struct bytes table, uint64_t lsn);
void feed__lag_remove(struct lags *lags, struct lag *lag);

/* Thread: the subscription's. */
static inline void feed__lag_reached(struct lag *lag, uint64_t lsn)
{
    atomic_store_explicit(&lag->reached, lsn, memory_order_relaxed);
}

#endif
