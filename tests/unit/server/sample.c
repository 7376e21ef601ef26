/* What `oxbow top` makes of two looks at the metrics. */
#include "sample.h"

#include "codec/json.h"
#include "support/test.h"

/* A look, written as JSON. */
static struct sample_set look(struct arena *arena, const char *text)
{
    struct value *families = arena_create(arena, sizeof(*families));
    struct error error;
    assert_ok(codec_json_decode_plain(bytes_of_text(text), arena, families, &error), error);
    return (struct sample_set){.families = families};
}

static const char before_text[] =
    "[{\"name\":\"h\",\"samples\":[{\"labels\":\"door=\\\"a\\\",operation=\\\"b c\\\"\",\"sum\":4,"
    "\"bounds\":[1,2,4],\"counts\":[2,2,4,4]}]},"
    "{\"name\":\"c\",\"samples\":[{\"labels\":\"r=\\\"x\\\"\",\"value\":1},{\"labels\":\"r=\\\"y\\\"\","
    "\"value\":5}]}]";
static const char now_text[] =
    "[{\"name\":\"h\",\"samples\":[{\"labels\":\"door=\\\"a\\\",operation=\\\"b c\\\"\",\"sum\":24,"
    "\"bounds\":[1,2,4],\"counts\":[2,12,14,15]}]}]";

static void test_finding(void **state)
{
    struct arena arena = {0};
    struct sample_set set = look(&arena, before_text);
    (void)state;
    const struct value *found = sample_find(&set, "h", bytes_of_text("door=\"a\",operation=\"b c\""));
    assert_non_null(found);
    assert_null(sample_find(&set, "h", bytes_of_text("door=\"a\"")));
    assert_null(sample_find(&set, "none", (struct bytes){0}));
    assert_true(bytes_equal(sample_label(found, "door"), bytes_of_text("a")));
    assert_true(bytes_equal(sample_label(found, "operation"), bytes_of_text("b c")));
    assert_int_equal(sample_label(found, "oor").size, 0);
    assert_true(sample_value(found) == 4 && sample_value(NULL) == 0);
    assert_true(sample_sum(&set, "c", NULL) == 6 && sample_sum(&set, "c", "\"y\"") == 5);
    assert_true(sample_sum(&(struct sample_set){0}, "c", NULL) == 0);
    arena_reset(&arena);
}

static void test_quantiles(void **state)
{
    struct arena arena = {0};
    struct sample_set first = look(&arena, before_text);
    struct sample_set second = look(&arena, now_text);
    struct bytes labels = bytes_of_text("door=\"a\",operation=\"b c\"");
    const struct value *before = sample_find(&first, "h", labels);
    const struct value *now = sample_find(&second, "h", labels);
    (void)state;
    assert_true(sample_quantile(before, NULL, 0.5) == 1);    /* rank 2 of 2 up to 1 */
    assert_true(sample_quantile(before, NULL, 0.25) == 0.5); /* half way through the first bucket */
    assert_true(sample_quantile(before, NULL, 0.75) == 3);   /* half way from 2 to 4 */
    /* Since then 10 more up to 2, and one beyond all bounds. */
    assert_true(sample_quantile(now, before, 0.5) == 1.55);
    assert_true(sample_quantile(now, before, 1) == 4);
    assert_true(sample_mean(now, before) * 11 > 19.99 && sample_mean(now, before) * 11 < 20.01);
    assert_true(sample_quantile(now, now, 0.5) < 0 && sample_mean(now, now) < 0 &&
                sample_quantile(NULL, NULL, 0.5) < 0);
    arena_reset(&arena);
}

/* What a server should not say is nothing. */
static void test_malformed(void **state)
{
    static const char *const texts[] = {
        "1",
        "[]",
        "[1]",
        "[{\"name\":\"h\"}]",
        "[{\"name\":\"h\",\"samples\":1}]",
        "[{\"name\":\"h\",\"samples\":[1]}]",
        "[{\"name\":\"h\",\"samples\":[{\"labels\":\"door=\",\"counts\":[1,2],\"bounds\":[]}]}]",
        "[{\"name\":\"h\",\"samples\":[{\"labels\":\"door=\\\"a\",\"counts\":\"x\",\"bounds\":{}}]}]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct arena arena = {0};
        struct sample_set set = look(&arena, texts[i]);
        struct value_items samples = sample_list(&set, "h");
        for (size_t k = 0; k < samples.count; k++) {
            assert_int_equal(sample_label(&samples.at[k], "door").size, 0);
            assert_true(sample_quantile(&samples.at[k], NULL, 0.5) < 0);
        }
        assert_true(sample_sum(&set, "h", "z") == 0);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
