#include "base/metric.h"

#include <math.h>
#include <pthread.h>

enum {
    SECONDS_BOUNDS = 17,
    SIZE_BOUNDS = 13,
};
_Static_assert((int)SECONDS_BOUNDS < (int)METRIC_BUCKETS_MAX && (int)SIZE_BOUNDS < (int)METRIC_BUCKETS_MAX,
               "one bucket has no bound");

/* Microseconds; counts or bytes. */
static const int64_t seconds_us[SECONDS_BOUNDS] = {50,     100,     250,     500,     1000,    2500,
                                                   5000,   10000,   25000,   50000,   100000,  250000,
                                                   500000, 1000000, 2500000, 5000000, 10000000};
static const int64_t sizes[SIZE_BOUNDS] = {1,     4,     16,     64,      256,     1024,    4096,
                                           16384, 65536, 262144, 1048576, 4194304, 16777216};

/* The one register of a process's metrics; the mutex guards the chains. */
/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static pthread_mutex_t metric_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct metric *metric_first; /* those of one name stand together */
static struct metric_collector *collector_first;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static const int64_t *metric_bounds(const struct metric *metric, size_t *ret_count)
{
    bool is_time = metric->kind == METRIC_HISTOGRAM_SECONDS;
    *ret_count = is_time ? SECONDS_BOUNDS : SIZE_BOUNDS;
    return is_time ? seconds_us : sizes;
}

void metric_observe(struct metric *metric, int64_t value)
{
    size_t count = 0;
    size_t bucket = 0;
    const int64_t *bounds = metric_bounds(metric, &count);
    value = value < 0 ? 0 : value;
    while (bucket < count && value > bounds[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    metric_add(metric, value);
}

void metric_register(struct metric *metric)
{
    if (atomic_load_explicit(&metric->is_registered, memory_order_relaxed)) {
        return;
    }
    (void)pthread_mutex_lock(&metric_mutex);
    if (!atomic_exchange_explicit(&metric->is_registered, true, memory_order_relaxed)) {
        struct metric **at = &metric_first;
        bool is_among_its_own = false;
        while (*at != NULL && (!is_among_its_own || strcmp((*at)->name, metric->name) == 0)) {
            is_among_its_own = is_among_its_own || strcmp((*at)->name, metric->name) == 0;
            at = &(*at)->next;
        }
        metric->next = *at;
        *at = metric;
    }
    (void)pthread_mutex_unlock(&metric_mutex);
}

/* --- showing ---------------------------------------------------------------------------------------------------- */

static void histogram_show(const struct metric_sink *sink, const struct metric_family *family,
                           const struct metric *metric)
{
    double shown[METRIC_BUCKETS_MAX];
    uint64_t buckets[METRIC_BUCKETS_MAX];
    uint64_t total = 0;
    size_t count = 0;
    const int64_t *bounds = metric_bounds(metric, &count);
    double unit = metric->kind == METRIC_HISTOGRAM_SECONDS ? 1e6 : 1;
    for (size_t i = 0; i <= count; i++) {
        total += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        buckets[i] = total;
        shown[i] = i < count ? (double)bounds[i] / unit : INFINITY;
    }
    struct metric_sample sample = {.labels = metric->labels,
                                   .value = (double)metric_value(metric) / unit,
                                   .bounds_count = count,
                                   .bounds = shown,
                                   .buckets = buckets};
    sink->sample(sink->context, family, &sample);
}

static void metric_show_one(const struct metric_sink *sink, const struct metric *metric, bool is_first)
{
    struct metric_family family = {.name = metric->name, .kind = metric->kind, .help = metric->help};
    if (is_first) {
        sink->family(sink->context, &family);
    }
    if (metric->kind == METRIC_HISTOGRAM || metric->kind == METRIC_HISTOGRAM_SECONDS) {
        histogram_show(sink, &family, metric);
        return;
    }
    struct metric_sample sample = {.labels = metric->labels, .value = (double)metric_value(metric)};
    sink->sample(sink->context, &family, &sample);
}

void metric_visit(const struct metric_sink *sink)
{
    const char *before = "";
    (void)pthread_mutex_lock(&metric_mutex);
    for (const struct metric *metric = metric_first; metric != NULL; metric = metric->next) {
        metric_show_one(sink, metric, strcmp(before, metric->name) != 0);
        before = metric->name;
    }
    for (const struct metric_collector *collector = collector_first; collector != NULL;
         collector = collector->next) {
        collector->collect(collector->context, sink);
    }
    (void)pthread_mutex_unlock(&metric_mutex);
}

void metric_collector_add(struct metric_collector *collector)
{
    (void)pthread_mutex_lock(&metric_mutex);
    collector->next = collector_first;
    collector_first = collector;
    (void)pthread_mutex_unlock(&metric_mutex);
}

void metric_collector_remove(struct metric_collector *collector)
{
    (void)pthread_mutex_lock(&metric_mutex);
    for (struct metric_collector **at = &collector_first; *at != NULL; at = &(*at)->next) {
        if (*at == collector) {
            *at = collector->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&metric_mutex);
}

void metric_show(const struct metric_sink *sink, const char *name, enum metric_kind kind, const char *help,
                 double value)
{
    struct metric_family family = {.name = name, .kind = kind, .help = help};
    struct metric_sample sample = {.value = value};
    sink->family(sink->context, &family);
    sink->sample(sink->context, &family, &sample);
}

/* --- Prometheus' text ------------------------------------------------------------------------------------------- */

/* Backslash, line feed and, in labels, the quote are written with a backslash. */
static void text_put_escaped(struct buffer *text, struct bytes bytes, bool is_label)
{
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte == '\n') {
            buffer_put_text(text, "\\n");
            continue;
        }
        if (byte == '\\' || (byte == '"' && is_label)) {
            buffer_put_u8(text, '\\');
        }
        buffer_put_u8(text, byte);
    }
}

void metric_put_label(struct buffer *labels, const char *name, struct bytes value)
{
    buffer_put_format(labels, "%s%s=\"", labels->size > 0 ? "," : "", name);
    text_put_escaped(labels, value, true);
    buffer_put_u8(labels, '"');
}

/* Whole numbers as such, so that large counters keep every digit. */
static void text_put_number(struct buffer *text, double number)
{
    bool is_whole = number > -9e15 && number < 9e15 && (double)(int64_t)number == number;
    if (is_whole) {
        buffer_put_format(text, "%lld\n", (long long)number);
    } else if (isinf(number)) {
        buffer_put_text(text, number > 0 ? "+Inf\n" : "-Inf\n");
    } else {
        buffer_put_format(text, "%.15g\n", number);
    }
}

static void text_put_family(void *context, const struct metric_family *family)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = "counter",
                                        [METRIC_GAUGE] = "gauge",
                                        [METRIC_HISTOGRAM] = "histogram",
                                        [METRIC_HISTOGRAM_SECONDS] = "histogram"};
    struct buffer *text = context;
    buffer_put_format(text, "# HELP %s ", family->name);
    text_put_escaped(text, bytes_of_text(family->help), false);
    buffer_put_format(text, "\n# TYPE %s %s\n", family->name, kinds[family->kind]);
}

static void text_put_histogram(struct buffer *text, const struct metric_family *family,
                               const struct metric_sample *sample)
{
    const char *labels = sample->labels == NULL ? "" : sample->labels;
    const char *comma = sample->labels == NULL ? "" : ",";
    const char *open = sample->labels == NULL ? "" : "{";
    const char *close = sample->labels == NULL ? "" : "}";
    for (size_t i = 0; i < sample->bounds_count; i++) {
        buffer_put_format(text, "%s_bucket{%s%sle=\"%.10g\"} %llu\n", family->name, labels, comma,
                          sample->bounds[i], (unsigned long long)sample->buckets[i]);
    }
    unsigned long long all = sample->buckets[sample->bounds_count];
    buffer_put_format(text, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", family->name, labels, comma, all);
    buffer_put_format(text, "%s_sum%s%s%s ", family->name, open, labels, close);
    text_put_number(text, sample->value);
    buffer_put_format(text, "%s_count%s%s%s %llu\n", family->name, open, labels, close, all);
}

static void text_put_sample(void *context, const struct metric_family *family,
                            const struct metric_sample *sample)
{
    struct buffer *text = context;
    if (sample->bounds != NULL) {
        text_put_histogram(text, family, sample);
        return;
    }
    buffer_put_text(text, family->name);
    if (sample->labels != NULL) {
        buffer_put_format(text, "{%s}", sample->labels);
    }
    buffer_put_u8(text, ' ');
    text_put_number(text, sample->value);
}

void metric_render(struct buffer *buffer)
{
    struct metric_sink sink = {.family = text_put_family, .sample = text_put_sample, .context = buffer};
    metric_visit(&sink);
}
