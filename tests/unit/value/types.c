/* Types: what CQL writes is read, Cassandra's form is written, unsound ones are refused in its words. */
#include "support/test.h"
#include "value/bounds.h"
#include "value/type_stored.h"
#include "value/type_text.h"

/* Knows "address", a user type that holds a list, "Odd Name", and "timed", which holds a duration; in keyspace "ks" too. */
static enum status resolve(void *context, struct bytes keyspace, struct bytes name, struct arena *arena,
                           struct type *ret_type, struct error *error)
{
    static const struct bytes fields[] = {{(const uint8_t *)"street", 6}, {(const uint8_t *)"phones", 6}};
    static const struct type text = {.kind = TYPE_TEXT};
    static const struct type parameters[] = {{.kind = TYPE_TEXT},
                                             {.kind = TYPE_LIST, .count = 1, .parameters = &text}};
    static const struct type durations[] = {{.kind = TYPE_DURATION}};
    (void)context;
    struct type_udt *udt = arena_create(arena, sizeof(*udt));
    *udt = (struct type_udt){.keyspace = keyspace, .name = arena_copy(arena, name), .fields = fields};
    bool is_timed = bytes_equal(name, bytes_of_text("timed"));
    *ret_type = (struct type){.kind = TYPE_UDT,
                              .count = is_timed ? 1 : 2,
                              .parameters = is_timed ? durations : parameters,
                              .udt = udt};
    bool is_known =
        bytes_equal(name, bytes_of_text("address")) || bytes_equal(name, bytes_of_text("Odd Name"));
    bool is_here = keyspace.size == 0 || bytes_equal(keyspace, bytes_of_text("ks"));
    return (is_known || is_timed) && is_here ? STATUS_OK
                                             : error_set(error, STATUS_INVALID, "Unknown type %.*s",
                                                         (int)name.size, (const char *)name.data);
}

static const struct type_names names = {.resolve = resolve};

static void test_types_are_read_and_written(void **state)
{
    (void)state;
    static const char *const texts[][2] = {{"text", "text"},
                                           {" VARCHAR ", "text"},
                                           {"list<int>", "list<int>"},
                                           {"frozen<map<text, list<int>>>",
                                            "frozen<map<text, frozen<list<int>>>>"},
                                           {"frozen < frozen<set< timeuuid>> >", "frozen<set<timeuuid>>"},
                                           {"map<text,frozen<tuple<int,set<text>>>>",
                                            "map<text, frozen<tuple<int, frozen<set<text>>>>>"},
                                           {"tuple<int>", "frozen<tuple<int>>"},
                                           {"vector<float, 3>", "vector<float, 3>"},
                                           {"vector<list<int>,2>", "vector<frozen<list<int>>, 2>"},
                                           {"address", "address"},
                                           {"ks.address", "address"},
                                           {"frozen<\"address\">", "frozen<address>"},
                                           {"list<frozen<\"Odd Name\">>", "list<frozen<\"Odd Name\">>"},
                                           {"map<int, duration>", "map<int, duration>"}};
    struct arena arena = {0};
    struct error error;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct type type;
        struct type again;
        struct buffer text = {0};
        struct buffer stored = {0};
        assert_ok(type_parse(bytes_of_text(texts[i][0]), &names, &arena, &type, &error), error);
        type_format(&type, &text);
        assert_true(bytes_equal(buffer_bytes(&text), bytes_of_text(texts[i][1])));
        type_encode(&type, &stored);
        struct reader reader = reader_of(buffer_bytes(&stored));
        assert_ok(type_decode(&reader, &arena, &again, &error), error);
        assert_true(reader_ended(&reader) && type_equal(&type, &again));
        buffer_reset(&text);
        buffer_reset(&stored);
    }
    arena_reset(&arena);
}

static void test_unsound_types_are_refused(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", "the type ends too early"},
        {"list<int", "the type ends too early"},
        {"list<int>>", "a type cannot go on with '>'"},
        {"list<int, int>", "a type with wrong parameters"},
        {"map<int>", "a type with wrong parameters"},
        {"vector<int>", "vectors may only have positive dimensions; given 0"},
        {"vector<int, 0>", "vectors may only have positive dimensions; given 0"},
        {"nothing", "Unknown type nothing"},
        {"other.address", "Unknown type address"},
        {"number", "Unknown type number"},
        {"\"text\"", "Unknown type text"},
        {"frozen<int>", "frozen<> is only allowed on collections, tuples, and user-defined types (got int)"},
        {"list<list<int>>", "Non-frozen collections are not allowed inside collections: list<list<int>>"},
        {"set<address>", "Non-frozen UDTs are not allowed inside collections: set<address>"},
        {"list<counter>", "Counters are not allowed inside collections: list<counter>"},
        {"tuple<counter>", "Counters are not allowed inside tuples: frozen<tuple<counter>>"},
        {"set<duration>", "Durations are not allowed inside sets: set<duration>"},
        {"map<frozen<timed>, int>", "Durations are not allowed as map keys: map<frozen<timed>, int>"}};
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct error error;
        struct type type;
        assert_status(type_parse(bytes_of_text(texts[i][0]), &names, &arena, &type, &error), STATUS_INVALID,
                      error);
        assert_string_equal(error.text, texts[i][1]);
    }
    arena_reset(&arena);
}

/* Tuples `levels` deep around an int. */
static struct bytes nested(struct arena *arena, size_t levels)
{
    struct buffer text = {0};
    for (size_t i = 0; i < levels; i++) {
        buffer_put_text(&text, "tuple<");
    }
    buffer_put_text(&text, "int");
    for (size_t i = 0; i < levels; i++) {
        buffer_put_text(&text, ">");
    }
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static void test_types_are_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct type type;
    assert_ok(type_parse(nested(&arena, TYPE_DEPTH_MAX - 1), &names, &arena, &type, &error), error);
    assert_status(type_parse(nested(&arena, TYPE_DEPTH_MAX), &names, &arena, &type, &error), STATUS_TOO_LARGE,
                  error);
    assert_status(type_parse(nested(&arena, 10000), &names, &arena, &type, &error), STATUS_TOO_LARGE, error);
    assert_status(type_parse(bytes_of_text("vector<int, 65536>"), &names, &arena, &type, &error),
                  STATUS_TOO_LARGE, error);
    assert_status(type_parse(bytes_of_text("vector<vector<int, 65535>, 65535>"), &names, &arena, &type,
                             &error),
                  STATUS_TOO_LARGE, error);
    struct buffer many = {0};
    for (size_t i = 0; i < TYPE_NODES_MAX; i++) {
        buffer_put_text(&many, i == 0 ? "tuple<tuple<int>" : ",tuple<int>");
    }
    buffer_put_text(&many, ">");
    assert_status(type_parse(buffer_bytes(&many), &names, &arena, &type, &error), STATUS_TOO_LARGE, error);
    buffer_reset(&many);
    arena_reset(&arena);
}

static void test_which_types_may_be_keys(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"inet", NULL},
        {"varint", NULL},
        {"frozen<list<int>>", NULL},
        {"tuple<int, text>", NULL},
        {"frozen<address>", NULL},
        {"vector<float, 3>", NULL},
        {"counter", "counter type is not supported for PRIMARY KEY column 'c'"},
        {"duration", "duration type is not supported for PRIMARY KEY column 'c'"},
        {"frozen<list<duration>>", "duration type is not supported for PRIMARY KEY column 'c'"},
        {"list<int>", "Invalid non-frozen collection type list<int> for PRIMARY KEY column 'c'"},
        {"address", "Invalid non-frozen user-defined type address for PRIMARY KEY column 'c'"}};
    struct arena arena = {0};
    struct error error;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct type type;
        assert_ok(type_parse(bytes_of_text(texts[i][0]), &names, &arena, &type, &error), error);
        enum status status = type_check_key(&type, bytes_of_text("c"), &error);
        assert_int_equal(status, texts[i][1] == NULL ? STATUS_OK : STATUS_INVALID);
        assert_int_equal(type_may_be_key(&type), texts[i][1] == NULL);
        if (texts[i][1] != NULL) {
            assert_string_equal(error.text, texts[i][1]);
        }
    }
    struct type address;
    assert_ok(type_parse(bytes_of_text("address"), &names, &arena, &address, &error), error);
    assert_status(type_check_column(&address, &error), STATUS_INVALID, error);
    struct type frozen = type_freeze(&address, &arena);
    assert_ok(type_check_column(&frozen, &error), error);
    arena_reset(&arena);
}

/* The stored form is fixed: schemas hold it. */
static void test_stored_form(void **state)
{
    (void)state;
    static const uint8_t expected[] = {1, TYPE_MAP, 0, TYPE_TEXT, TYPE_VECTOR, 1, 3, TYPE_FLOAT};
    struct arena arena = {0};
    struct error error;
    struct type type;
    struct buffer stored = {0};
    assert_ok(type_parse(bytes_of_text("map<text, vector<float, 3>>"), NULL, &arena, &type, &error), error);
    type_encode(&type, &stored);
    assert_true(bytes_equal(buffer_bytes(&stored), bytes_of(expected, sizeof(expected))));
    stored.data[0] = 2;
    struct reader reader = reader_of(buffer_bytes(&stored));
    assert_status(type_decode(&reader, &arena, &type, &error), STATUS_NEWER, error);
    buffer_reset(&stored);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_are_read_and_written),
        cmocka_unit_test(test_unsound_types_are_refused),
        cmocka_unit_test(test_types_are_bounded),
        cmocka_unit_test(test_which_types_may_be_keys),
        cmocka_unit_test(test_stored_form),
    };
    return cmocka_run_group_tests_name("value/types", tests, NULL, NULL);
}
