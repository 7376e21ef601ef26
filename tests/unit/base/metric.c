/* Metrics: what is shown, in which form, and that nothing is lost when several threads count. */
#include "base/metric.h"

#include <math.h>

#include "base/thread.h"
#include "support/test.h"

enum {
    THREADS = 4,
    ROUNDS = 20000,
};

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters, atomic */
static struct metric plain = {.kind = METRIC_COUNTER,
                              .name = "oxbow_test_total",
                              .help = "Of a test\\with\nlines."};
static struct metric red = {.kind = METRIC_GAUGE,
                            .name = "oxbow_test_colours",
                            .labels = "colour=\"red\"",
                            .help = "Colours."};
static struct metric blue = {.kind = METRIC_GAUGE,
                             .name = "oxbow_test_colours",
                             .labels = "colour=\"blue\"",
                             .help = "Colours."};
static struct metric seconds = {.kind = METRIC_HISTOGRAM_SECONDS,
                                .name = "oxbow_test_seconds",
                                .labels = "door=\"a\"",
                                .help = "Time."};
static struct metric bytes_seen = {.kind = METRIC_HISTOGRAM, .name = "oxbow_test_bytes", .help = "Bytes."};
static struct metric late = {.kind = METRIC_COUNTER, .name = "oxbow_test_late_total", .help = "Late."};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static bool shows(const char *line)
{
    struct buffer text = {0};
    metric_render(&text);
    buffer_put_u8(&text, 0);
    bool is_there = strstr((const char *)text.data, line) != NULL;
    buffer_reset(&text);
    return is_there;
}

static void test_a_counter_is_shown_once_registered(void **state)
{
    (void)state;
    metric_add(&plain, 41);
    assert_false(shows("oxbow_test_total"));
    metric_register(&plain);
    metric_register(&plain);
    metric_add(&plain, 1);
    assert_true(shows("# HELP oxbow_test_total Of a test\\\\with\\nlines.\n# TYPE oxbow_test_total counter\n"
                      "oxbow_test_total 42\n"));
    metric_add(&plain, 123456789012);
    assert_true(shows("\noxbow_test_total 123456789054\n"));
}

static void test_one_name_stands_together(void **state)
{
    (void)state;
    metric_register(&red);
    metric_register(&late);
    metric_register(&blue);
    metric_set(&red, 3);
    metric_set(&blue, -1);
    assert_true(shows("# TYPE oxbow_test_colours gauge\noxbow_test_colours{colour=\"red\"} 3\n"
                      "oxbow_test_colours{colour=\"blue\"} -1\n"));
}

static void test_a_time_is_shown_in_seconds(void **state)
{
    (void)state;
    metric_register(&seconds);
    metric_observe(&seconds, -5); /* a clock that went back */
    metric_observe(&seconds, 50);
    metric_observe(&seconds, 51);
    metric_observe(&seconds, 10000000);
    metric_observe(&seconds, 10000001);
    assert_true(shows("# TYPE oxbow_test_seconds histogram\n"
                      "oxbow_test_seconds_bucket{door=\"a\",le=\"5e-05\"} 2\n"
                      "oxbow_test_seconds_bucket{door=\"a\",le=\"0.0001\"} 3\n"));
    assert_true(
        shows("le=\"5\"} 3\noxbow_test_seconds_bucket{door=\"a\",le=\"10\"} 4\n"
              "oxbow_test_seconds_bucket{door=\"a\",le=\"+Inf\"} 5\n"
              "oxbow_test_seconds_sum{door=\"a\"} 20.000102\noxbow_test_seconds_count{door=\"a\"} 5\n"));
}

static void test_sizes_have_their_own_bounds(void **state)
{
    (void)state;
    metric_register(&bytes_seen);
    metric_observe(&bytes_seen, 1);
    metric_observe(&bytes_seen, 5);
    metric_observe(&bytes_seen, 1LL << 40);
    assert_true(shows("oxbow_test_bytes_bucket{le=\"1\"} 1\noxbow_test_bytes_bucket{le=\"4\"} 1\n"
                      "oxbow_test_bytes_bucket{le=\"16\"} 2\n"));
    assert_true(shows("oxbow_test_bytes_bucket{le=\"16777216\"} 2\noxbow_test_bytes_bucket{le=\"+Inf\"} 3\n"
                      "oxbow_test_bytes_sum 1099511627782\noxbow_test_bytes_count 3\n"));
}

static void collect(void *context, const struct metric_sink *sink)
{
    struct buffer labels = {0};
    struct metric_family family = {.name = "oxbow_test_lag_seconds", .kind = METRIC_GAUGE, .help = "Lag."};
    sink->family(sink->context, &family);
    metric_put_label(&labels, "table", bytes_of_text("a"));
    metric_put_label(&labels, "mapping", bytes_of_text("say \"hi\"\\\n"));
    buffer_put_u8(&labels, 0);
    struct metric_sample sample = {.labels = (const char *)labels.data, .value = *(const double *)context};
    sink->sample(sink->context, &family, &sample);
    buffer_reset(&labels);
    metric_show(sink, "oxbow_test_open", METRIC_GAUGE, "Open.", INFINITY);
}

static void test_a_collector_is_asked_until_it_is_removed(void **state)
{
    (void)state;
    double lag = 1.5;
    struct metric_collector collector = {.collect = collect, .context = &lag};
    metric_collector_add(&collector);
    assert_true(shows("oxbow_test_lag_seconds{table=\"a\",mapping=\"say \\\"hi\\\"\\\\\\n\"} 1.5\n"));
    lag = 0.25;
    assert_true(shows("\\n\"} 0.25\n"));
    assert_true(shows("oxbow_test_open +Inf\n"));
    metric_collector_remove(&collector);
    metric_collector_remove(&collector);
    assert_false(shows("oxbow_test_lag"));
}

static void count_much(void *context)
{
    struct metric *counted = context;
    for (int i = 0; i < ROUNDS; i++) {
        metric_observe(&counted[0], i % 3);
        metric_add(&counted[1], 1);
        metric_register(&counted[i % 2]);
    }
}

static void test_nothing_is_lost_between_threads(void **state)
{
    (void)state;
    static struct metric counted[2] = {
        {.kind = METRIC_HISTOGRAM, .name = "oxbow_test_shared", .help = "Shared."},
        {.kind = METRIC_COUNTER, .name = "oxbow_test_shared_total", .help = "Shared."},
    };
    struct thread *threads[THREADS] = {NULL};
    struct error error;
    for (int i = 0; i < THREADS; i++) {
        assert_ok(thread_create("count", count_much, counted, &threads[i], &error), error);
    }
    for (int i = 0; i < 20; i++) {
        assert_false(shows("oxbow_test_shared_total -"));
    }
    for (int i = 0; i < THREADS; i++) {
        thread_join(&threads[i]);
    }
    assert_true(shows("oxbow_test_shared_count 80000\n"));
    assert_true(shows("oxbow_test_shared_total 80000\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_counter_is_shown_once_registered),
        cmocka_unit_test(test_one_name_stands_together),
        cmocka_unit_test(test_a_time_is_shown_in_seconds),
        cmocka_unit_test(test_sizes_have_their_own_bounds),
        cmocka_unit_test(test_a_collector_is_asked_until_it_is_removed),
        cmocka_unit_test(test_nothing_is_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
