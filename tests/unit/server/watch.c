/* What the server says of itself while it has no store: it starts, it stops. */
#include "watch.h"

#include "support/test.h"

static bool shows(const char *line)
{
    struct buffer text = {0};
    metric_render(&text);
    buffer_put_u8(&text, 0);
    bool is_there = strstr((const char *)text.data, line) != NULL;
    buffer_reset(&text);
    return is_there;
}

static void test_stages(void **state)
{
    struct configuration configuration = {0};
    struct watch *watch = watch_create(&configuration);
    struct health health = {0};
    (void)state;
    watch_health(watch, &health);
    assert_int_equal(health.count, 1);
    assert_string_equal(health.conditions[0].name, "recovering");
    assert_false(health_is_ready(&health));
    assert_true(shows("\noxbow_ready 0\n") && shows("\noxbow_condition{name=\"recovering\"} 1\n"));
    assert_true(shows("\noxbow_process_threads ") && !shows("oxbow_log_bytes"));
    watch_stop(watch);
    health = (struct health){0};
    watch_health(watch, &health);
    assert_int_equal(health.count, 1);
    assert_string_equal(health.conditions[0].name, "stopping");
    assert_false(health_is_ready(&health));
    watch_destroy(&watch);
    assert_false(shows("oxbow_ready"));
    watch_destroy(&watch);
}

/* More conditions than there is room for are left out; the first stay. */
static void test_bounds(void **state)
{
    struct health health = {0};
    (void)state;
    assert_true(health_is_ready(&health));
    for (int i = 0; i < HEALTH_CONDITIONS_MAX + 3; i++) {
        health_add(&health, "many", i == 5, "nothing", "number %d", i);
    }
    assert_int_equal(health.count, HEALTH_CONDITIONS_MAX);
    assert_string_equal(health.conditions[5].text, "number 5");
    assert_false(health_is_ready(&health));
}

/* Age of what a mapping has before it, and when that is not known. */
static void test_lag(void **state)
{
    struct watched_mapping mapping = {.name = "m"};
    int64_t lag_us = -1;
    (void)state;
    assert_false(run__watch_lag(&mapping, 1000, &lag_us));
    mapping.facts.is_lag_known = true;
    assert_true(run__watch_lag(&mapping, 1000, &lag_us) && lag_us == 0);
    mapping.facts.pending_us = 400;
    assert_true(run__watch_lag(&mapping, 1000, &lag_us) && lag_us == 600);
    assert_true(run__watch_lag(&mapping, 300, &lag_us) && lag_us == 0); /* a clock that went back */
    mapping.facts.is_stopped = true;
    assert_true(run__watch_lag(&mapping, 2000, &lag_us) && lag_us == 1600);
    mapping.facts.pending_us = 0; /* stopped before it looked */
    assert_false(run__watch_lag(&mapping, 1000, &lag_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_lag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
