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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_reckoned_with),
        cmocka_unit_test(fractions_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
