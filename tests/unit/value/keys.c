/* Key parts: tokens are Cassandra's, encodings order as their types, serialized forms come back. */
#include <stdlib.h>

#include "base/random.h"
#include "support/test.h"
#include "value/collation.h"
#include "value/decimal.h"
#include "value/serial.h"
#include "value/token.h"

static void test_tokens_are_cassandras(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_VECTORS, "r");
    char line[8192];
    size_t count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        uint8_t key[4096];
        size_t size = 0;
        char *at = line;
        for (; *at != '\t'; at += 2) {
            char digits[3] = {at[0], at[1], 0};
            key[size++] = (uint8_t)strtoul(digits, NULL, 16);
        }
        assert_true(token_of(bytes_of(key, size)) == strtoll(at + 1, NULL, 10));
        count++;
    }
    (void)fclose(file);
    assert_int_equal(count, 3262);
}

static struct value random_text(struct random *random, struct arena *arena)
{
    size_t size = random_below(random, 6);
    uint8_t *data = arena_create(arena, size);
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)random_below(random, 3); /* many zeros: they are escaped */
    }
    return value_of_text(bytes_of(data, size));
}

static struct value random_number(struct random *random, struct arena *arena)
{
    char text[64];
    struct value value = {.kind = VALUE_DECIMAL};
    (void)snprintf(text, sizeof(text), "%s%llu.%lluE%d", random_below(random, 2) == 0 ? "-" : "",
                   (unsigned long long)random_below(random, 120),
                   (unsigned long long)random_below(random, 120), (int)random_below(random, 8) - 4);
    assert_int_equal(decimal_parse(bytes_of_text(text), arena, &value.decimal, NULL), STATUS_OK);
    return value;
}

static struct value random_value(struct random *random, enum type_kind kind, struct arena *arena)
{
    struct value value = {0};
    if (kind == TYPE_TEXT) {
        return random_text(random, arena);
    }
    if (kind == TYPE_NUMBER) {
        return random_number(random, arena);
    }
    if (kind == TYPE_DOUBLE) {
        static const double doubles[] = {0.0, -0.0, 1.5, -1.5, 1e300, -1e300, 5e-324, 1.0 / 3};
        value.kind = VALUE_DOUBLE;
        value.float64 = doubles[random_below(random, ARRAY_COUNT(doubles))];
        return value;
    }
    static const int64_t integers[] = {0, 1, -1, 255, -256, INT64_MAX, INT64_MIN, 1700000000};
    value = value_of_integer(integers[random_below(random, ARRAY_COUNT(integers))]);
    return value;
}

static int expected_order(enum type_kind kind, const struct value *a, const struct value *b)
{
    return kind == TYPE_NUMBER ? decimal_compare(&a->decimal, &b->decimal) : value_compare(a, b);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void test_encodings_order_as_their_types(void **state)
{
    (void)state;
    static const enum type_kind kinds[] = {TYPE_TEXT, TYPE_NUMBER, TYPE_DOUBLE, TYPE_BIGINT};
    struct random random;
    random_init(&random, test_seed());
    for (uint64_t round = 0; round < test_rounds(20000); round++) {
        struct type type = {.kind = kinds[random_below(&random, ARRAY_COUNT(kinds))]};
        bool is_descending = random_below(&random, 2) == 1;
        struct arena arena = {0};
        struct buffer left = {0};
        struct buffer right = {0};
        struct error error;
        struct value a = random_value(&random, type.kind, &arena);
        struct value b = random_value(&random, type.kind, &arena);
        assert_ok(collation_encode(&type, &a, is_descending, &left, &error), error);
        assert_ok(collation_encode(&type, &b, is_descending, &right, &error), error);
        int order = sign(expected_order(type.kind, &a, &b));
        buffer_put_u8(&left, 0xFF); /* what follows must not matter while the parts differ */
        buffer_put_u8(&right, 0x00);
        int found = sign(bytes_compare(buffer_bytes(&left), buffer_bytes(&right)));
        assert_int_equal(found, order == 0 ? 1 : is_descending ? -order : order);
        buffer_reset(&left);
        buffer_reset(&right);
        arena_reset(&arena);
    }
}

static void test_numbers_keep_their_value(void **state)
{
    (void)state;
    static const char *const texts[][2] = {{"0", "0"},
                                           {"-0", "0"},
                                           {"1.50", "1.5"},
                                           {"100", "100"},
                                           {"1e5", "100000"},
                                           {"-12.5", "-12.5"},
                                           {"0.001", "0.001"},
                                           {"1E+100", "1E+100"},
                                           {"-128", "-128"},
                                           {"-129", "-129"},
                                           {"-9223372036854775808", "-9223372036854775808"},
                                           {"9223372036854775807e107", "9223372036854775807E+107"},
                                           {"9223372036854775808", "9223372036854775808"},
                                           {"-922337203685477580000e-2", "-9223372036854775800"},
                                           {"1e125", "1E+125"},
                                           {"-1e-130", "-1E-130"},
                                           {"0e200", "0"},
                                           {"12345678901234567890123456789012345678",
                                            "12345678901234567890123456789012345678"}};
    struct arena arena = {0};
    struct error error;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct decimal decimal;
        struct decimal normal;
        struct buffer text = {0};
        assert_ok(decimal_parse(bytes_of_text(texts[i][0]), &arena, &decimal, &error), error);
        assert_ok(decimal_normalise(&decimal, &arena, &normal, &error), error);
        decimal_format(&normal, &text);
        assert_true(bytes_equal(buffer_bytes(&text), bytes_of_text(texts[i][1])));
        buffer_reset(&text);
    }
    arena_reset(&arena);
}

static void test_numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1e126",   "1e-131", "123456789012345678901234567890123456789", "9223372036854775807e108",
        "-10e125", "12e-132"};
    static const char *const malformed[] = {"",   "-",  "1e", "1.2.3", "0x10", "1e5x",
                                            " 1", "1-", "e5", "NaN",   "1e+"};
    struct arena arena = {0};
    struct error error;
    struct decimal decimal;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_ok(decimal_parse(bytes_of_text(texts[i]), &arena, &decimal, &error), error);
        assert_status(decimal_normalise(&decimal, &arena, &decimal, &error), STATUS_TOO_LARGE, error);
    }
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        assert_status(decimal_parse(bytes_of_text(malformed[i]), &arena, &decimal, &error), STATUS_INVALID,
                      error);
    }
    arena_reset(&arena);
}

static void test_serialized_values_come_back(void **state)
{
    (void)state;
    static const enum type_kind kinds[] = {TYPE_NUMBER, TYPE_DOUBLE, TYPE_BIGINT};
    struct random random;
    random_init(&random, test_seed());
    for (uint64_t round = 0; round < test_rounds(5000); round++) {
        struct type type = {.kind = kinds[random_below(&random, ARRAY_COUNT(kinds))]};
        const struct type *types[] = {&type, &type};
        struct arena arena = {0};
        struct buffer serial = {0};
        struct error error;
        struct value values[2] = {random_value(&random, type.kind, &arena),
                                  random_value(&random, type.kind, &arena)};
        struct value decoded[2];
        size_t count = 1 + random_below(&random, 2);
        assert_ok(serial_partition_encode(types, values, count, &serial, &error), error);
        assert_ok(serial_partition_decode(types, count, buffer_bytes(&serial), &arena, decoded, &error),
                  error);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(expected_order(type.kind, &values[i], &decoded[i]), 0);
        }
        buffer_reset(&serial);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_are_cassandras),
        cmocka_unit_test(test_encodings_order_as_their_types),
        cmocka_unit_test(test_numbers_keep_their_value),
        cmocka_unit_test(test_numbers_out_of_range_are_refused),
        cmocka_unit_test(test_serialized_values_come_back),
    };
    return cmocka_run_group_tests_name("value/keys", tests, NULL, NULL);
}
