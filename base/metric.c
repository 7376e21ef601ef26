#include "base/metric.h"

#include <pthread.h>

/* The one register of a process's metrics; the mutex guards the chain. */
/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static pthread_mutex_t metric_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct metric *metric_first;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

void metric_observe(struct metric *metric, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 : (uint64_t)value;
    unsigned bucket = magnitude <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(magnitude - 1);
    if (bucket >= METRIC_BUCKETS) {
        bucket = METRIC_BUCKETS - 1;
    }
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->sum, value, memory_order_relaxed);
    metric_add(metric, 1);
}

void metric_register(struct metric *metric)
{
    (void)pthread_mutex_lock(&metric_mutex);
    struct metric **at = &metric_first;
    while (*at != NULL && *at != metric) {
        at = &(*at)->next;
    }
    *at = metric; /* at the end, or where it is */
    (void)pthread_mutex_unlock(&metric_mutex);
}

static void metric_render_histogram(struct buffer *buffer, struct metric *metric)
{
    const char *labels = metric->labels == NULL ? "" : metric->labels;
    const char *comma = metric->labels == NULL ? "" : ",";
    uint64_t count = 0;
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        if (i + 1 < METRIC_BUCKETS) {
            buffer_put_format(buffer, "%s_bucket{%s%sle=\"%llu\"} %llu\n", metric->name, labels, comma,
                              1ULL << i, (unsigned long long)count);
        }
    }
    buffer_put_format(buffer, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", metric->name, labels, comma,
                      (unsigned long long)count);
    buffer_put_format(buffer, "%s_sum{%s} %lld\n", metric->name, labels,
                      (long long)atomic_load_explicit(&metric->sum, memory_order_relaxed));
    buffer_put_format(buffer, "%s_count{%s} %llu\n", metric->name, labels, (unsigned long long)count);
}

static bool metric_is_named_before(const struct metric *metric)
{
    const struct metric *other = metric_first;
    while (other != metric && strcmp(other->name, metric->name) != 0) {
        other = other->next;
    }
    return other != metric;
}

/* All samples of one name stand together, as the format asks, whatever the order of registration. */
static void metric_render_name(struct buffer *buffer, struct metric *first)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    buffer_put_format(buffer, "# HELP %s %s\n# TYPE %s %s\n", first->name, first->help, first->name,
                      kinds[first->kind]);
    for (struct metric *metric = first; metric != NULL; metric = metric->next) {
        if (strcmp(metric->name, first->name) != 0) {
            continue;
        }
        if (metric->kind == METRIC_HISTOGRAM) {
            metric_render_histogram(buffer, metric);
        } else if (metric->labels != NULL) {
            buffer_put_format(buffer, "%s{%s} %lld\n", metric->name, metric->labels,
                              (long long)metric_value(metric));
        } else {
            buffer_put_format(buffer, "%s %lld\n", metric->name, (long long)metric_value(metric));
        }
    }
}

void metric_render(struct buffer *buffer)
{
    (void)pthread_mutex_lock(&metric_mutex);
    for (struct metric *metric = metric_first; metric != NULL; metric = metric->next) {
        if (!metric_is_named_before(metric)) {
            metric_render_name(buffer, metric);
        }
    }
    (void)pthread_mutex_unlock(&metric_mutex);
}
