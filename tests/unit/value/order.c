/* The order of each type: values as the wire has them, from the least to the greatest. Both the comparator and the bytes
 * of key parts must say so. */
#include "value/order.h"

#include "support/test.h"
#include "value/collation.h"
#include "value/serial.h"
#include "value/type_text.h"

enum {
    VALUES_MAX = 8,
};

/* "=" before a value: it has the place of the one before. */
static const struct {
    const char *type;
    const char *values[VALUES_MAX];
} orders[] = {
    {"boolean", {"", "00", "01"}},
    {"tinyint", {"80", "FF", "00", "7F"}},
    {"int", {"", "80000000", "FFFFFFFF", "00000000", "7FFFFFFF"}},
    {"bigint", {"", "8000000000000000", "8000000000000001", "FFFFFFFFFFFFFFFF", "0000000000000000"}},
    {"timestamp", {"", "8000000000000000", "FFFFFFFFFFFFFFFF", "0000000000000000"}},
    {"date", {"00000000", "7FFFFFFF", "80000000", "FFFFFFFF"}},
    {"float", {"", "FF800000", "BF800000", "80000000", "00000000", "00000001", "7F800000", "7FC00000"}},
    {"double",
     {"", "FFF0000000000000", "8000000000000000", "0000000000000000", "7FF0000000000000", "7FF8000000000000",
      "=FFF8000000000001"}},
    {"varint", {"", "FF7F", "80", "FF", "00", "7F", "0080", "0100"}},
    /* -10, -1, 0, 0.00, 1.0, 1.00, 1E2147483647 */
    {"decimal",
     {"", "FFFFFFFFFF", "00000000FF", "0000000000", "=0000000200", "000000010A", "=0000000264",
      "8000000101"}},
    {"text", {"", "00", "0061", "61", "6100", "6161", "C3A9"}},
    {"blob", {"", "00", "0000", "00FF", "7F", "80"}},
    {"inet",
     {"", "00000000", "00000000000000000000000000000000", "7F000001", "FE800000000000000000000000000001",
      "FFFFFFFF"}},
    /* version 0; 1 by time; 4 by bytes */
    {"uuid",
     {"", "00000000000000000000000000000000", "FFFFFFFF000010008000000000000000",
      "00000000000110008000000000000000", "00000000000110008000000000000001",
      "00000000000040000000000000000000", "FF000000000040000000000000000000"}},
    /* by time, then signed bytes */
    {"timeuuid",
     {"", "000000000000100080000000000000FF", "00000000000010008000000000000000",
      "00000000000010008000000000000001", "00000000000010000000000000000000",
      "00000001000010008000000000000000", "00000000000110008000000000000000"}},
    {"frozen<list<int>>",
     {"00000000", "0000000100000000", "000000010000000480000000", "0000000200000004800000000000000480000000",
      "000000010000000400000000"}},
    {"frozen<map<int, int>>",
     {"00000000", "0000000100000004000000010000000400000001", "0000000100000004000000010000000400000002",
      "0000000100000004000000020000000400000001"}},
    {"tuple<int, int>",
     {"", "=FFFFFFFF", "=FFFFFFFFFFFFFFFF", "FFFFFFFF0000000400000001", "00000000", "0000000400000001",
      "=0000000400000001FFFFFFFF", "000000040000000100000000"}},
    {"vector<int, 2>", {"8000000000000000", "FFFFFFFF00000000", "00000000FFFFFFFF", "0000000000000000"}},
    {"vector<text, 2>", {"000161", "016100", "01610161", "02616100"}},
};

static struct value value_of_hex(const struct type *type, const char *text, struct arena *arena)
{
    struct error error;
    struct value value;
    size_t size = strlen(text) / 2;
    uint8_t *data = arena_create(arena, size);
    for (size_t i = 0; i < size; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1); /* NOLINT(cert-err34-c): our own text */
        data[i] = (uint8_t)byte;
    }
    assert_ok(serial_decode(type, bytes_of(data, size), arena, &value, &error), error);
    return value;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void check_pair(const struct type *type, const struct value *a, const struct value *b, int expected)
{
    struct error error;
    assert_int_equal(sign(value_type_compare(type, a, b)), expected);
    for (int is_descending = 0; is_descending < 2; is_descending++) {
        struct buffer left = {0};
        struct buffer right = {0};
        assert_ok(collation_encode(type, a, is_descending == 1, &left, &error), error);
        assert_ok(collation_encode(type, b, is_descending == 1, &right, &error), error);
        int found = sign(bytes_compare(buffer_bytes(&left), buffer_bytes(&right)));
        assert_int_equal(found, is_descending == 1 ? -expected : expected);
        bool is_prefix = bytes_start_with(buffer_bytes(&right), buffer_bytes(&left));
        assert_int_equal(is_prefix, expected == 0);
        buffer_reset(&left);
        buffer_reset(&right);
    }
}

static void test_orders(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
        struct arena arena = {0};
        struct error error;
        struct type type;
        struct value values[VALUES_MAX];
        int places[VALUES_MAX] = {0};
        size_t count = 0;
        assert_ok(type_parse(bytes_of_text(orders[i].type), NULL, &arena, &type, &error), error);
        for (; count < VALUES_MAX && orders[i].values[count] != NULL; count++) {
            const char *text = orders[i].values[count];
            bool is_same = text[0] == '=';
            values[count] = value_of_hex(&type, is_same ? text + 1 : text, &arena);
            places[count] = count == 0 ? 0 : places[count - 1] + (is_same ? 0 : 1);
        }
        for (size_t a = 0; a < count; a++) {
            for (size_t b = 0; b < count; b++) {
                check_pair(&type, &values[a], &values[b], sign(places[a] - places[b]));
            }
        }
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests_name("value/order", tests, NULL, NULL);
}
