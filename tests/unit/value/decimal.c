/* Decimals multiplied, divided and cut. */
#include "value/decimal.h"

#include "support/test.h"

static struct decimal decimal_of(const char *text, struct arena *arena)
{
    struct decimal decimal = {0};
    struct error error = {0};
    assert_ok(decimal_parse(bytes_of_text(text), arena, &decimal, &error), error);
    return decimal;
}

static void assert_decimal(struct decimal decimal, const char *expected)
{
    struct buffer text = {0};
    decimal_format(&decimal, &text);
    buffer_put_u8(&text, 0);
    assert_string_equal((const char *)text.data, expected);
    buffer_reset(&text);
}

static void decimals_are_reckoned_with(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        const char *product;
        const char *quotient;
        const char *remainder;
    } cases[] = {
        {"1.50", "2.0", "3.000", "0.75", "1.50"},
        {"1", "3", "3", "0.33333333333333333333333333333333", "1"},
        {"2", "3", "6", "0.66666666666666666666666666666667", "2"},
        {"-2", "3", "-6", "-0.66666666666666666666666666666667", "-2"},
        {"7.5", "-2", "-15.0", "-3.75", "1.5"},
        {"0", "5", "0", "0", "0"},
        {"1000", "0.001", "1.000", "1000000", "0.000"},
        {"1e3", "4", "4000", "250", "0"},
        {"123456789012345678901234567890", "10", "1234567890123456789012345678900",
         "12345678901234567890123456789", "0"},
        {"1", "7e40", "7E+40", "14285714285714285714285714285714E-72", "1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct decimal a = decimal_of(cases[i].a, &arena);
        struct decimal b = decimal_of(cases[i].b, &arena);
        assert_decimal(decimal_multiply(&a, &b, &arena), cases[i].product);
        assert_decimal(decimal_divide(&a, &b, &arena), cases[i].quotient);
        assert_decimal(decimal_remainder(&a, &b, &arena), cases[i].remainder);
        arena_reset(&arena);
    }
}

static void fractions_are_cut(void **state)
{
    static const char *const cases[][2] = {
        {"1.99", "1"}, {"-1.99", "-1"}, {"0.5", "0"}, {"1e3", "1000"}, {"-0.001", "0"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct decimal decimal = decimal_of(cases[i][0], &arena);
        struct decimal whole = decimal_truncate(&decimal, &arena);
        assert_decimal(whole, cases[i][1]);
        assert_int_equal(decimal_is_zero(&whole), strcmp(cases[i][1], "0") == 0);
        arena_reset(&arena);
    }
}

/* Numbers that fit 64 bits are read and written by other code than larger ones: both give the same bytes and texts. */
static void small_numbers_are_as_large_ones(void **state)
{
    static const uint64_t around[] = {0,
                                      1,
                                      9,
                                      10,
                                      99,
                                      127,
                                      128,
                                      255,
                                      256,
                                      32767,
                                      32768,
                                      8388608,
                                      2147483647,
                                      2147483648,
                                      4294967296,
                                      999999999999999999,
                                      1000000000000000000,
                                      9223372036854775807,
                                      9223372036854775808U,
                                      UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(around) * 6; i++) {
        char text[32];
        struct arena arena = {0};
        struct decimal normal;
        struct error error;
        uint64_t number = around[i / 6] + i % 3 - 1;
        (void)snprintf(text, sizeof(text), "%s%llu", i % 6 < 3 && number > 0 ? "-" : "",
                       (unsigned long long)number);
        struct decimal zero = decimal_of("0", &arena);
        struct decimal decimal = decimal_of(text, &arena);
        struct decimal reckoned = decimal_add(&decimal, &zero, false, &arena); /* by GMP */
        assert_decimal(decimal, text);
        assert_true(bytes_equal(decimal.unscaled, reckoned.unscaled));
        assert_ok(decimal_normalise(&decimal, &arena, &normal, &error), error);
        assert_int_equal(decimal_compare(&normal, &decimal), 0);
        int64_t back = 0;
        bool fits = decimal_to_integer(&decimal, &back);
        assert_int_equal(fits, number <= INT64_MAX || (text[0] == '-' && number == (uint64_t)INT64_MAX + 1));
        if (fits) {
            struct decimal again = decimal_of_integer(back, &arena);
            assert_true(bytes_equal(again.unscaled, decimal.unscaled));
        }
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_reckoned_with),
        cmocka_unit_test(fractions_are_cut),
        cmocka_unit_test(small_numbers_are_as_large_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
