/* Counters, gauges and histograms, for Prometheus and for whoever else asks.
 *
 * What is counted while the server works is a static object in the file that counts; it registers itself once, when the
 * program wires up or with its first use. What can be looked up when somebody asks comes from a collector. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buffer.h"

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM_SECONDS, /* observed in microseconds, shown in seconds; 50 us to 10 s */
    METRIC_HISTOGRAM,         /* of counts or bytes, 1 to 16 Mi in powers of four */
};

enum {
    METRIC_BUCKETS_MAX = 18, /* of a histogram, the last one without a bound */
};

/* Counting takes one relaxed atomic addition, of a histogram two; nothing is locked or allocated. Each of the busy ones is
 * counted by one thread (a door's, the writer's), so they are not spread over processors. */
struct metric {
    const char *name;   /* oxbow_…, its unit last, of a counter before _total */
    const char *labels; /* e.g. `door="native"`, of names that are compiled in; NULL: none */
    const char *help;   /* the same for all metrics of one name */
    _Atomic int64_t value;
    _Atomic uint64_t buckets[METRIC_BUCKETS_MAX];
    struct metric *next; /* the registry's */
    enum metric_kind kind;
    atomic_bool is_registered;
};

/* Thread: any, for all that follows. */
static inline void metric_add(struct metric *metric, int64_t amount)
{
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

static inline void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

static inline int64_t metric_value(const struct metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

/* One observation of a histogram, in microseconds, counts or bytes; below 0 counts as 0. */
void metric_observe(struct metric *metric, int64_t value);
/* Shows it from now on; again is nothing and costs next to nothing. The metric must live for ever. */
void metric_register(struct metric *metric);

/* --- showing ---------------------------------------------------------------------------------------------------- */

struct metric_family {
    const char *name;
    enum metric_kind kind;
    const char *help;
};

struct metric_sample {
    const char *labels; /* as Prometheus writes them, without the braces; NULL: none */
    double value;       /* of a histogram: the sum of what was observed */
    size_t bounds_count;
    const double *bounds;    /* of a histogram: upper ends, rising; NULL: it is none */
    const uint64_t *buckets; /* up to and with each bound, and all: bounds_count + 1 */
};

/* Gets each family before its samples. */
struct metric_sink {
    void (*family)(void *context, const struct metric_family *family);
    void (*sample)(void *context, const struct metric_family *family, const struct metric_sample *sample);
    void *context;
};

/* Shows all that is registered, then what the collectors tell. Thread: any; one at a time, others wait. */
void metric_visit(const struct metric_sink *sink);
/* Appends all of it in Prometheus text exposition format 0.0.4. */
void metric_render(struct buffer *buffer);

/* Asked whenever metrics are shown, on the thread of whoever shows them. It must not register or show metrics, and no name
 * of its families may be registered. */
struct metric_collector {
    void (*collect)(void *context, const struct metric_sink *sink);
    void *context;
    struct metric_collector *next; /* the registry's */
};

/* The collector must live until it is removed. */
void metric_collector_add(struct metric_collector *collector);
/* When it returns, it is not and will not be asked. One that is not there is ignored. */
void metric_collector_remove(struct metric_collector *collector);

/* For collectors: a family of one sample without labels. */
void metric_show(const struct metric_sink *sink, const char *name, enum metric_kind kind, const char *help,
                 double value);
/* For collectors: appends `name="value"` as the format asks, after a comma when the buffer has something. */
void metric_put_label(struct buffer *labels, const char *name, struct bytes value);

#endif
