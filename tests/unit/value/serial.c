/* Values on the wire: bytes as the native protocol writes them (v5, sections 3 and 6), and what is refused. */
#include "value/serial.h"

#include <math.h>

#include "support/test.h"
#include "value/decimal.h"
#include "value/order.h"
#include "value/type_text.h"

/* What a test decodes into. */
struct fixture {
    struct arena arena;
    struct type type;
    struct value value;
    struct error error;
};

static enum status fixture_resolve(void *context, struct bytes keyspace, struct bytes name,
                                   struct arena *arena, struct type *ret_type, struct error *error)
{
    static const struct bytes fields[] = {{(const uint8_t *)"street", 6}, {(const uint8_t *)"number", 6}};
    static const struct type parameters[] = {{.kind = TYPE_TEXT}, {.kind = TYPE_INT}};
    static const struct type_udt udt = {.name = {(const uint8_t *)"address", 7}, .fields = fields};
    (void)context;
    (void)keyspace;
    (void)arena;
    *ret_type = (struct type){.kind = TYPE_UDT, .count = 2, .parameters = parameters, .udt = &udt};
    return bytes_equal(name, udt.name) ? STATUS_OK : error_set(error, STATUS_INVALID, "Unknown type");
}

static struct bytes hex(struct arena *arena, const char *text)
{
    size_t size = strlen(text) / 2;
    uint8_t *data = arena_create(arena, size);
    for (size_t i = 0; i < size; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1); /* NOLINT(cert-err34-c): our own text */
        data[i] = (uint8_t)byte;
    }
    return bytes_of(data, size);
}

static enum status decode(struct fixture *fixture, const char *type, const char *bytes)
{
    struct type_names names = {.resolve = fixture_resolve};
    assert_ok(type_parse(bytes_of_text(type), &names, &fixture->arena, &fixture->type, &fixture->error),
              fixture->error);
    return serial_decode(&fixture->type, hex(&fixture->arena, bytes), &fixture->arena, &fixture->value,
                         &fixture->error);
}

/* Decodes, and encodes to the same bytes. */
static const struct value *decoded(struct fixture *fixture, const char *type, const char *bytes)
{
    struct buffer again = {0};
    assert_ok(decode(fixture, type, bytes), fixture->error);
    assert_ok(type_check(&fixture->type, &fixture->value, &fixture->error), fixture->error);
    assert_ok(serial_encode(&fixture->type, &fixture->value, &again, &fixture->error), fixture->error);
    assert_true(bytes_equal(buffer_bytes(&again), hex(&fixture->arena, bytes)));
    buffer_reset(&again);
    return &fixture->value;
}

static void test_integers(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_int_equal(decoded(&fixture, "tinyint", "80")->integer, -128);
    assert_int_equal(decoded(&fixture, "smallint", "FFFE")->integer, -2);
    assert_int_equal(decoded(&fixture, "int", "00000102")->integer, 258);
    assert_int_equal(decoded(&fixture, "bigint", "8000000000000000")->integer, INT64_MIN);
    assert_int_equal(decoded(&fixture, "counter", "0000000000000005")->integer, 5);
    assert_int_equal(decoded(&fixture, "timestamp", "0000018BCFE56800")->integer, 1700000000000);
    assert_int_equal(decoded(&fixture, "date", "80000000")->integer, 0);
    assert_int_equal(decoded(&fixture, "date", "00000000")->integer, INT32_MIN);
    assert_int_equal(decoded(&fixture, "date", "80000001")->integer, 1);
    assert_int_equal(decoded(&fixture, "time", "00004E94914EFFFF")->integer, 86399999999999);
    assert_true(decoded(&fixture, "boolean", "01")->boolean);
    assert_false(decoded(&fixture, "boolean", "00")->boolean);
    arena_reset(&fixture.arena);
}

/* The table of section 6.24. */
static void test_varints_and_decimals(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *bytes;
    } varints[] = {{0, "00"},     {1, "01"},  {127, "7F"},  {128, "0080"},
                   {129, "0081"}, {-1, "FF"}, {-128, "80"}, {-129, "FF7F"}};
    struct fixture fixture = {0};
    for (size_t i = 0; i < ARRAY_COUNT(varints); i++) {
        int64_t number = 0;
        const struct value *value = decoded(&fixture, "varint", varints[i].bytes);
        assert_true(decimal_to_integer(&value->decimal, &number));
        assert_int_equal(number, varints[i].number);
    }
    struct buffer text = {0};
    decimal_format(&decoded(&fixture, "decimal", "0000000204D2")->decimal, &text);
    assert_true(bytes_equal(buffer_bytes(&text), bytes_of_text("12.34")));
    buffer_reset(&text);
    assert_int_equal(decoded(&fixture, "decimal", "FFFFFFFE01")->decimal.scale, -2);
    /* Java's BigInteger takes more sign bytes than needed; they do not come back. */
    assert_ok(decode(&fixture, "varint", "0000FF"), fixture.error);
    assert_int_equal(fixture.value.decimal.unscaled.size, 2);
    arena_reset(&fixture.arena);
}

static void test_reals(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_true(decoded(&fixture, "float", "3FC00000")->float32 == 1.5F);
    assert_true(decoded(&fixture, "double", "BFF8000000000000")->float64 == -1.5);
    assert_true(isnan(decoded(&fixture, "double", "7FF8000000000000")->float64));
    assert_ok(decode(&fixture, "float", "7F80A500"), fixture.error); /* any NaN is the one NaN */
    struct buffer again = {0};
    assert_ok(serial_encode(&fixture.type, &fixture.value, &again, &fixture.error), fixture.error);
    assert_int_equal(bytes_get_u32(again.data), 0x7FC00000);
    buffer_reset(&again);
    arena_reset(&fixture.arena);
}

static void test_durations(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    const struct value *value = decoded(&fixture, "duration", "020406");
    assert_int_equal(value->duration.months, 1);
    assert_int_equal(value->duration.days, 2);
    assert_int_equal(value->duration.nanoseconds, 3);
    assert_int_equal(decoded(&fixture, "duration", "000000")->duration.days, 0);
    /* section 3: 256000 is C3 E8 00 unsigned; as a signed number that is 128000 */
    assert_int_equal(decoded(&fixture, "duration", "0000C3E800")->duration.nanoseconds, 128000);
    assert_int_equal(decoded(&fixture, "duration", "0100C7CFFF")->duration.nanoseconds, -256000);
    assert_int_equal(decoded(&fixture, "duration",
                             "00"
                             "F0FFFFFFFF"
                             "00")
                         ->duration.days,
                     INT32_MIN);
    assert_int_equal(decoded(&fixture, "duration", "0000FFFFFFFFFFFFFFFFFF")->duration.nanoseconds,
                     INT64_MIN);
    arena_reset(&fixture.arena);
}

static void test_containers(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    const struct value *value = decoded(&fixture, "list<int>",
                                        "00000002"
                                        "00000004"
                                        "00000001"
                                        "00000004"
                                        "FFFFFFFF");
    assert_int_equal(value->items.count, 2);
    assert_int_equal(value->items.at[1].integer, -1);
    assert_int_equal(decoded(&fixture, "set<text>", "00000000")->items.count, 0);
    value = decoded(&fixture, "map<text, frozen<list<int>>>",
                    "00000001"
                    "00000001"
                    "61"
                    "0000000C"
                    "00000001"
                    "00000004"
                    "00000007");
    assert_int_equal(value->pairs.at[1].items.at[0].integer, 7);
    value = decoded(&fixture, "tuple<int, text, int>",
                    "00000004"
                    "00000005"
                    "FFFFFFFF"
                    "00000000");
    assert_int_equal(value->items.count, 3);
    assert_int_equal(value->items.at[1].kind, VALUE_NULL);
    assert_int_equal(value->items.at[2].kind, VALUE_EMPTY);
    value = decoded(&fixture, "address",
                    "00000001"
                    "61");
    assert_int_equal(value->items.count, 1); /* fields at the end may be missing */
    assert_int_equal(decoded(&fixture, "address",
                             "00000001"
                             "61"
                             "00000004"
                             "0000002A")
                         ->items.at[1]
                         .integer,
                     42);
    value = decoded(&fixture, "vector<float, 2>",
                    "3F800000"
                    "40000000");
    assert_true(value->items.at[1].float32 == 2.0F);
    value = decoded(&fixture, "vector<text, 3>",
                    "0161"
                    "00"
                    "026262");
    assert_int_equal(value->items.at[2].bytes.size, 2);
    assert_int_equal(decoded(&fixture, "vector<smallint, 1>", "020003")->items.at[0].integer, 3);
    assert_int_equal(decoded(&fixture, "vector<vector<int, 1>, 2>", "0000000100000002")->items.count, 2);
    arena_reset(&fixture.arena);
}

static void test_sets_and_maps_are_sorted(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_ok(decode(&fixture, "set<int>",
                     "00000003"
                     "00000004"
                     "00000002"
                     "00000004"
                     "FFFFFFFF"
                     "00000004"
                     "00000002"),
              fixture.error);
    assert_int_equal(fixture.value.items.count, 2);
    assert_int_equal(fixture.value.items.at[0].integer, -1);
    assert_ok(decode(&fixture, "map<int, int>",
                     "00000003"
                     "00000004"
                     "00000002"
                     "00000004"
                     "0000000A"
                     "00000004"
                     "00000001"
                     "00000004"
                     "0000000B"
                     "00000004"
                     "00000002"
                     "00000004"
                     "0000000C"),
              fixture.error);
    assert_int_equal(fixture.value.pairs.count, 2);
    assert_int_equal(fixture.value.pairs.at[0].integer, 1);
    assert_int_equal(fixture.value.pairs.at[3].integer, 12); /* the last one given */
    arena_reset(&fixture.arena);
}

static void test_empty_values(void **state)
{
    (void)state;
    static const char *const may[] = {"boolean", "int",  "bigint",   "varint",    "decimal", "float",
                                      "double",  "uuid", "timeuuid", "timestamp", "inet"};
    static const char *const may_not[] = {"tinyint",  "smallint",  "date",          "time",
                                          "duration", "list<int>", "vector<int, 1>"};
    struct fixture fixture = {0};
    for (size_t i = 0; i < ARRAY_COUNT(may); i++) {
        assert_int_equal(decoded(&fixture, may[i], "")->kind, VALUE_EMPTY);
    }
    for (size_t i = 0; i < ARRAY_COUNT(may_not); i++) {
        assert_status(decode(&fixture, may_not[i], ""), STATUS_INVALID, fixture.error);
    }
    assert_int_equal(decoded(&fixture, "text", "")->kind, VALUE_TEXT);
    assert_int_equal(decoded(&fixture, "blob", "")->kind, VALUE_BYTES);
    assert_int_equal(decoded(&fixture, "tuple<int>", "")->items.count, 0);
    arena_reset(&fixture.arena);
}

static void test_malformed_values_are_refused(void **state)
{
    (void)state;
    static const char *const refused[][3] = {
        {"int", "0102030405060708", "Expected 4 or 0 byte int (8)"},
        {"bigint", "00", "Expected 8 or 0 byte long (1)"},
        {"tinyint", "0000", "Expected 1 byte for a tinyint (2)"},
        {"smallint", "", "Expected 2 bytes for a smallint (0)"},
        {"boolean", "0000", "Expected 1 or 0 byte value (2)"},
        {"float", "00", "Expected 4 or 0 byte value for a float (1)"},
        {"double", "00", "Expected 8 or 0 byte value for a double (1)"},
        {"uuid", "00", "UUID should be 16 or 0 bytes (1)"},
        {"timeuuid", "00000000000040000000000000000000", "Invalid version for TimeUUID type."},
        {"timestamp", "00", "Expected 8 or 0 byte long for date (1)"},
        {"date", "00", "Expected 4 byte long for date (1)"},
        {"time", "00", "Expected 8 byte long for time (1)"},
        {"time", "FFFFFFFFFFFFFFFF", "Input -1 is not a time of day: nanoseconds from 0 to 86399999999999"},
        {"text", "C3", "String didn't validate."},
        {"duration", "0000", "Expected at least 3 bytes for a duration (2)"},
        {"duration", "020106",
         "The duration months, days and nanoseconds must be all of the same sign (1, -1, 3)"},
        {"inet", "00", "Expected 4 or 16 byte inetaddress; got 1 bytes"},
        {"list<int>", "0000", "Not enough bytes to read a list"},
        {"list<int>", "7FFFFFFF", "Not enough bytes to read a list"},
        {"list<int>", "0000000000", "Unexpected extraneous bytes after list value"},
        {"set<int>", "00000001FFFFFFFF", "Null value read when value not allowed"},
        {"map<int, int>", "0000000100000000FFFFFFFF", "Null value read when value not allowed"},
        {"tuple<int>", "000000", "Not enough bytes to read size of 0th component"},
        {"tuple<int>", "0000000400", "Not enough bytes to read 0th component"},
        {"tuple<int>", "0000000000", "Invalid remaining data after end of tuple value"},
        {"address", "FFFFFFFF0000000400", "Not enough bytes to read 1th field number"},
        {"address", "FFFFFFFFFFFFFFFF00", "Invalid remaining data after end of UDT value"},
        {"vector<float, 2>", "3F800000", "Not enough bytes to read a vector<float, 2>"},
        {"vector<float, 1>", "3F80000000", "Unexpected extraneous bytes after vector value"},
        {"vector<varint, 1>", "00", "Element at index 0 is null (expected type varint)"}};
    struct fixture fixture = {0};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        assert_status(decode(&fixture, refused[i][0], refused[i][1]), STATUS_INVALID, fixture.error);
        assert_string_equal(fixture.error.text, refused[i][2]);
    }
    arena_reset(&fixture.arena);
}

/* `IN ?` binds a list that may hold nulls; a value may not. */
static void test_nulls_in_lists(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    struct buffer again = {0};
    assert_ok(decode(&fixture, "list<int>", "00000001FFFFFFFF"), fixture.error);
    assert_int_equal(fixture.value.items.at[0].kind, VALUE_NULL);
    assert_ok(serial_encode(&fixture.type, &fixture.value, &again, &fixture.error), fixture.error);
    assert_true(bytes_equal(buffer_bytes(&again), hex(&fixture.arena, "00000001FFFFFFFF")));
    assert_status(type_check(&fixture.type, &fixture.value, &fixture.error), STATUS_INVALID, fixture.error);
    assert_string_equal(fixture.error.text, "null is not supported inside collections");
    buffer_reset(&again);
    arena_reset(&fixture.arena);
}

static void test_partition_keys(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    struct type types[2] = {{.kind = TYPE_INT}, {.kind = TYPE_TEXT}};
    const struct type *both[] = {&types[0], &types[1]};
    struct value values[2] = {value_of_integer(1), value_of_text(bytes_of_text("ab"))};
    struct value again[2];
    struct buffer key = {0};
    assert_ok(serial_partition_encode(both, values, 2, &key, &fixture.error), fixture.error);
    assert_true(bytes_equal(buffer_bytes(&key), hex(&fixture.arena, "0004"
                                                                    "00000001"
                                                                    "00"
                                                                    "0002"
                                                                    "6162"
                                                                    "00")));
    assert_ok(serial_partition_decode(both, 2, buffer_bytes(&key), &fixture.arena, again, &fixture.error),
              fixture.error);
    assert_true(value_equal(&again[1], &values[1]));
    assert_status(serial_partition_decode(both, 2, bytes_part(buffer_bytes(&key), 0, key.size - 1),
                                          &fixture.arena, again, &fixture.error),
                  STATUS_INVALID, fixture.error);
    buffer_reset(&key);
    arena_reset(&fixture.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),       cmocka_unit_test(test_varints_and_decimals),
        cmocka_unit_test(test_reals),          cmocka_unit_test(test_durations),
        cmocka_unit_test(test_containers),     cmocka_unit_test(test_sets_and_maps_are_sorted),
        cmocka_unit_test(test_empty_values),   cmocka_unit_test(test_malformed_values_are_refused),
        cmocka_unit_test(test_nulls_in_lists), cmocka_unit_test(test_partition_keys),
    };
    return cmocka_run_group_tests_name("value/serial", tests, NULL, NULL);
}
