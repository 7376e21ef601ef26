/* Counters, gauges and histograms, shown in Prometheus' text form.
 * A metric is a static object in the file that counts; it registers itself once when the program wires up. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buffer.h"

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM, /* of microseconds or counts, in powers of two */
};

enum {
    METRIC_BUCKETS = 28, /* 1, 2, 4 … 2^26 and above */
};

struct metric {
    enum metric_kind kind;
    const char *name;   /* oxbow_…, with its unit last */
    const char *labels; /* e.g. `door="native"`, or NULL */
    const char *help;
    _Atomic int64_t value;
    _Atomic int64_t sum;
    _Atomic uint64_t buckets[METRIC_BUCKETS];
    struct metric *next; /* the registry's */
};

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

void metric_observe(struct metric *metric, int64_t value);
/* Adds it to what metric_render shows; a second registration is ignored. The metric must live for ever. */
void metric_register(struct metric *metric);
/* Appends all registered metrics in Prometheus text exposition format 0.0.4. Thread: any. */
void metric_render(struct buffer *buffer);

#endif
