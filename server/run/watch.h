/* What the server knows about itself as a whole: gauges for /metrics, and what is unusual for /ready and `oxbow status`.
 *
 * It is there from before the store opens until after the doors closed, so that a door can tell that the server recovers
 * or stops. */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include "base/metric.h"
#include "gate/health.h"
#include "mapping/settings.h"
#include "run_private.h"

struct environment;
struct gate;
struct host;
struct log;
struct pool;
struct watch;

/* What is looked at while the server serves; borrowed until watch_stop. */
struct watch_objects {
    struct gate *gate;
    struct environment *environment;
    struct log *log;
    struct host *host;
    struct pool *pool;
};

/* It tells that the server recovers. `configuration` and what it points to must outlive it. */
struct watch *watch_create(const struct configuration *configuration);
void watch_serve(struct watch *watch, const struct watch_objects *objects);
/* Keeps everybody from looking at the settings while they change. */
void watch_lock(struct watch *watch);
void watch_unlock(struct watch *watch);
/* From its return on the objects are not looked at, and it tells that the server stops. */
void watch_stop(struct watch *watch);
void watch_destroy(struct watch **watch); /* accepts a pointer to NULL; the doors are closed */

/* What is unusual; `context` is the watch. Thread: any. */
void watch_health(void *context, struct health *ret_health);

/* Gauges of the process (watch_process.c) and of what is watched (watch_facts.c), for a collector. */
void run__watch_show_process(const struct metric_sink *sink, int64_t started_us);
void run__watch_show_facts(const struct watch_objects *objects, const struct configuration *configuration,
                           const struct metric_sink *sink);
/* Commit time of the oldest change in the log; 0: there is none. */
int64_t run__watch_horizon_us(struct log *log);

/* Descriptors that are open, and that may be. */
void run__watch_descriptors(uint64_t *ret_open, uint64_t *ret_most);
/* Lets the process open as many as it is allowed to ask for, up to what its unit has: each client takes one. */
void run__watch_raise_descriptors(void);

/* The mappings at a moment. */
struct watched_mapping {
    char name[256];
    struct mapping_facts facts;
};

struct watched_mappings {
    struct watched_mapping *list; /* MAPPINGS_MAX */
    size_t count;
};
void run__watch_mappings_read(struct host *host, struct watched_mappings *ret_mappings);
void run__watch_mappings_reset(struct watched_mappings *mappings);
/* Age of what is next in microseconds; false: unknown. */
bool run__watch_lag(const struct watched_mapping *mapping, int64_t now_us, int64_t *ret_lag_us);
/* Parked batches that nobody took away. */
uint64_t run__watch_parked(struct gate *gate);

#endif
