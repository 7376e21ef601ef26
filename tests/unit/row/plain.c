/* Values of columns as documents have them, and back. */
#include "row/plain.h"

#include "support/test.h"
#include "value/scalar_text.h"
#include "value/type_text.h"

static struct type type_of(const char *text, struct arena *arena)
{
    struct type type;
    struct error error;
    assert_ok(type_parse(bytes_of_text(text), NULL, arena, &type, &error), error);
    return type;
}

static struct value scalar_of(const char *type_text, const char *text, struct arena *arena)
{
    struct type type = type_of(type_text, arena);
    struct value value;
    struct error error;
    assert_ok(scalar_parse(&type, bytes_of_text(text), 0, arena, &value, &error), error);
    return value;
}

/* There and back again: `value` as a document has it is of that kind, and the same value again. */
static struct value round_trip(const struct type *type, const struct value *value, enum value_kind kind,
                               struct arena *arena)
{
    struct error error;
    assert_ok(type_check(type, value, &error), error);
    struct value plain = plain_of(type, value, arena);
    assert_int_equal(plain.kind, kind);
    struct value back = plain_to(type, &plain, arena);
    assert_ok(type_check(type, &back, &error), error);
    assert_true(value_equal(&back, value));
    return plain;
}

static void test_scalars(void **state)
{
    static const struct {
        const char *type;
        const char *text;
        enum value_kind kind;
    } cases[] = {
        {"text", "a", VALUE_TEXT},
        {"ascii", "a", VALUE_TEXT},
        {"blob", "0x00ff", VALUE_BYTES},
        {"boolean", "true", VALUE_BOOLEAN},
        {"tinyint", "-128", VALUE_DECIMAL},
        {"bigint", "-9223372036854775808", VALUE_DECIMAL},
        {"varint", "1000000000000000000000000", VALUE_DECIMAL},
        {"decimal", "12.5", VALUE_DECIMAL},
        {"float", "0.1", VALUE_DECIMAL},
        {"float", "3.4028235E38", VALUE_DECIMAL},
        {"double", "0.1", VALUE_DECIMAL},
        {"double", "1e-100", VALUE_DECIMAL},
        {"float", "NaN", VALUE_TEXT},
        {"double", "-Infinity", VALUE_TEXT},
        {"uuid", "123e4567-e89b-42d3-a456-426614174000", VALUE_TEXT},
        {"timeuuid", "d2177dd0-eaa2-11de-a572-001b779c76e3", VALUE_TEXT},
        {"timestamp", "2026-11-21T01:02:03.004Z", VALUE_TEXT},
        {"timestamp", "-1", VALUE_TEXT},
        {"date", "1969-12-31", VALUE_TEXT},
        {"time", "23:59:59.999999999", VALUE_TEXT},
        {"duration", "-1mo2d3ns", VALUE_TEXT},
        {"inet", "::1", VALUE_TEXT},
        {"inet", "127.0.0.1", VALUE_TEXT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena = {0};
        struct type type = type_of(cases[i].type, &arena);
        struct value value = scalar_of(cases[i].type, cases[i].text, &arena);
        (void)round_trip(&type, &value, cases[i].kind, &arena);
        arena_reset(&arena);
    }
}

static struct value list_of(enum value_kind kind, struct value *items, size_t count)
{
    return (struct value){.kind = kind, .items = {.at = items, .count = count}};
}

static void test_collections(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct value numbers[] = {value_of_integer(-1), value_of_integer(5), value_of_integer(30)};
    struct value uuids[] = {scalar_of("uuid", "123e4567-e89b-42d3-a456-426614174000", &arena)};
    struct value truths[] = {value_of_boolean(false), value_of_boolean(true)};
    struct value texts[] = {value_of_integer(7), value_of_text(bytes_of_text("seven"))};
    struct type list = type_of("list<int>", &arena);
    struct type set = type_of("set<bigint>", &arena);
    struct type set_of_uuids = type_of("set<uuid>", &arena);
    struct type set_of_truths = type_of("set<boolean>", &arena);
    struct type tuple = type_of("tuple<int, text>", &arena);
    struct type map = type_of("map<int, text>", &arena);
    struct type map_of_lists = type_of("map<frozen<list<int>>, int>", &arena);
    struct value value = list_of(VALUE_LIST, numbers, 3);
    (void)round_trip(&list, &value, VALUE_LIST, &arena);
    struct value pair[] = {value, value_of_integer(9)};
    value = list_of(VALUE_SET, numbers, 3);
    (void)round_trip(&set, &value, VALUE_SET, &arena);
    value = list_of(VALUE_SET, uuids, 1);
    struct value plain = round_trip(&set_of_uuids, &value, VALUE_SET, &arena);
    assert_int_equal(plain.items.at[0].kind, VALUE_TEXT);
    value = list_of(VALUE_SET, truths, 2);
    (void)round_trip(&set_of_truths, &value, VALUE_LIST, &arena);
    value = list_of(VALUE_TUPLE, texts, 2);
    (void)round_trip(&tuple, &value, VALUE_LIST, &arena);
    value = (struct value){.kind = VALUE_MAP, .pairs = {.at = texts, .count = 1}};
    plain = round_trip(&map, &value, VALUE_MAP, &arena);
    assert_true(bytes_equal(plain.pairs.at[0].bytes, bytes_of_text("7")));
    value = (struct value){.kind = VALUE_MAP, .pairs = {.at = pair, .count = 1}};
    (void)round_trip(&map_of_lists, &value, VALUE_LIST, &arena);
    arena_reset(&arena);
}

static void test_fields(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct bytes names[] = {bytes_of_text("street"), bytes_of_text("number")};
    struct type fields[] = {{.kind = TYPE_TEXT}, {.kind = TYPE_INT}};
    struct type_udt udt = {.name = bytes_of_text("place"), .fields = names};
    struct type type = {.kind = TYPE_UDT, .count = 2, .parameters = fields, .udt = &udt};
    struct value items[] = {value_of_null(), value_of_integer(5)};
    struct value value = list_of(VALUE_UDT, items, 2);
    struct value plain = round_trip(&type, &value, VALUE_MAP, &arena);
    assert_int_equal(plain.pairs.count, 1); /* nulls are left out */
    plain.pairs.at[0] = value_of_text(bytes_of_text("nope"));
    struct value back = plain_to(&type, &plain, &arena);
    assert_status(type_check(&type, &back, &error), STATUS_INVALID, error);
    arena_reset(&arena);
}

static void test_what_does_not_fit(void **state)
{
    static const char *const types[] = {"int",        "boolean",   "uuid",     "timestamp",
                                        "double",     "list<int>", "set<int>", "map<int, int>",
                                        "tuple<int>", "inet",      "varint",   "blob"};
    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct arena arena = {0};
        struct error error;
        struct type type = type_of(types[i], &arena);
        struct value text = value_of_text(bytes_of_text("1.5x"));
        struct value back = plain_to(&type, &text, &arena);
        assert_true(value_equal(&back, &text));
        assert_status(type_check(&type, &back, &error), STATUS_INVALID, error);
        arena_reset(&arena);
    }
}

/* What a plain value does not tell apart stays as it was where nobody changed it. */
static void test_restored(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct column columns[] = {{.id = 1, .name = bytes_of_text("d"), .type = {.kind = TYPE_DECIMAL}},
                               {.id = 2, .name = bytes_of_text("e"), .type = {.kind = TYPE_DECIMAL}}};
    struct schema schema = {.kind = TABLE_WIDE, .columns = columns, .columns_count = 2};
    const struct value_member members[] = {{"d", scalar_of("decimal", "1.50", &arena)},
                                           {"e", scalar_of("decimal", "2.00", &arena)}};
    struct value before = value_of_members(&arena, members, 2);
    struct value after = plain_item(&schema, &before, &arena);
    assert_int_equal(after.pairs.at[1].decimal.scale, 1);
    after.pairs.at[3] = scalar_of("decimal", "3", &arena);
    plain_restore(&schema, &before, &after, &arena);
    assert_int_equal(after.pairs.at[1].decimal.scale, 2);
    assert_int_equal(after.pairs.at[3].decimal.scale, 0);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),  cmocka_unit_test(test_collections),
        cmocka_unit_test(test_fields),   cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
