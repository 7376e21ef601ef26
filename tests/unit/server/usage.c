/* What completions read out of usage texts. */
#include "usage.h"

#include "support/test.h"

static void assert_bytes(struct bytes bytes, const char *text)
{
    if (!bytes_equal(bytes, bytes_of_text(text))) {
        fail_msg("%.*s is not %s", (int)bytes.size, (const char *)bytes.data, text);
    }
}

static void assert_option(const struct usage *usage, size_t at, const char *name, bool takes_value,
                          const char *values)
{
    assert_true(at < usage->options_count);
    assert_bytes(usage->options[at].name, name);
    assert_int_equal(usage->options[at].takes_value, takes_value);
    assert_bytes(usage->options[at].values, values);
}

static void test_options(void **state)
{
    struct usage usage;
    (void)state;
    usage_read("TABLE ITEM [--if CONDITION|--if-absent|--if-present] [--old]\n             [--old] [--from "
               "latest|LSN]",
               &usage);
    assert_int_equal(usage.options_count, 5);
    assert_option(&usage, 0, "--if", true, "CONDITION");
    assert_option(&usage, 1, "--if-absent", false, "");
    assert_option(&usage, 2, "--if-present", false, "");
    assert_option(&usage, 3, "--old", false, "");
    assert_option(&usage, 4, "--from", true, "latest|LSN");
    assert_int_equal(usage.words_count, 0);
    usage_read("", &usage);
    assert_int_equal(usage.options_count + usage.words_count, 0);
    usage_read("NAME --", &usage);
    assert_int_equal(usage.options_count + usage.words_count, 0);
}

static void test_words(void **state)
{
    struct usage usage;
    (void)state;
    usage_read("create NAME --partition NAME:TYPE[,x] [--sort NAME]\n"
               "       oxbow table alter NAME [--ttl ATTRIBUTE]\n"
               "       oxbow table list | describe NAME | drop NAME",
               &usage);
    assert_int_equal(usage.words_count, 5);
    const char *const words[] = {"create", "alter", "list", "describe", "drop"};
    for (size_t i = 0; i < 5; i++) {
        assert_bytes(usage.words[i], words[i]);
    }
    usage_read("[list | delete NAME | unmap NAME]", &usage);
    assert_int_equal(usage.words_count, 3);
    assert_bytes(usage.words[0], "list");
    assert_bytes(usage.words[2], "unmap");
    usage_read("oxbow | oxbow-serve | oxbow.conf", &usage);
    assert_int_equal(usage.words_count, 3);
    assert_bytes(usage.words[0], "oxbow");
    assert_bytes(usage.words[2], "oxbow.conf");
}

static void test_values(void **state)
{
    struct bytes values = bytes_of_text("latest|oldest|LSN|TIME|snapshot");
    struct bytes value = {0};
    (void)state;
    assert_true(usage_value_next(&values, &value));
    assert_bytes(value, "latest");
    assert_true(usage_value_next(&values, &value));
    assert_bytes(value, "oldest");
    assert_true(usage_value_next(&values, &value));
    assert_bytes(value, "snapshot");
    assert_false(usage_value_next(&values, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
