/* JSON and msgpack: what goes in comes out, canonical means canonical, and what is malformed is refused. */
#include "base/random.h"
#include "codec/json.h"
#include "codec/pack.h"
#include "support/test.h"
#include "value/decimal.h"

static void expect_json(const char *text, const char *expected)
{
    struct arena arena = {0};
    struct buffer packed = {0};
    struct buffer again = {0};
    struct value value;
    struct value decoded;
    struct error error;
    assert_ok(codec_json_decode(bytes_of_text(text), &arena, &value, &error), error);
    codec_value_encode(&packed, &value);
    assert_ok(codec_value_decode(buffer_bytes(&packed), &arena, &decoded, &error), error);
    assert_true(value_equal(&value, &decoded));
    codec_json_encode(&again, &decoded);
    buffer_put_u8(&again, 0);
    assert_string_equal((const char *)again.data, expected);
    buffer_reset(&again);
    buffer_reset(&packed);
    arena_reset(&arena);
}

static void test_json_through_msgpack(void **state)
{
    (void)state;
    expect_json("{\"b\":[1,2.50,true,null],\"a\":{\"x\":\"y\\u00e9\\n\"}}",
                "{\"a\":{\"x\":\"y\xC3\xA9\\n\"},\"b\":[1,2.5,true,null]}");
    expect_json("12345678901234567890.123", "12345678901234567890.123");
    expect_json("{\"k\":{\"$bytes\":\"AAH/\"}}", "{\"k\":{\"$bytes\":\"AAH/\"}}");
    expect_json("\"\\\"quoted\\\\\"", "\"\\\"quoted\\\\\"");
    expect_json("[]", "[]");
    expect_json("{}", "{}");
}

/* Wherever in a text a character stands, it comes back; text goes out in steps of eight bytes. */
static void test_every_character_comes_back(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x80; c++) {
        for (size_t at = 0; at < 20; at++) {
            struct arena arena = {0};
            struct buffer json = {0};
            struct value decoded;
            struct error error;
            char text[] = "\xC3\xA9xxxxxxxxxxxxxxxxxxxx";
            text[2 + at] = (char)c;
            struct bytes bytes = bytes_of(text, sizeof(text) - 1);
            codec_json_put_text(&json, bytes);
            assert_ok(codec_json_decode(buffer_bytes(&json), &arena, &decoded, &error), error);
            assert_true(decoded.kind == VALUE_TEXT && bytes_equal(decoded.bytes, bytes));
            buffer_clear(&json);
            text[2 + at] = (char)(0x80 + c); /* no UTF-8 any more */
            codec_json_put_text(&json, bytes);
            assert_ok(codec_json_decode(buffer_bytes(&json), &arena, &decoded, &error), error);
            assert_int_equal(decoded.bytes.size, bytes.size - 3 + 9); /* three bytes are replaced by U+FFFD */
            buffer_reset(&json);
            arena_reset(&arena);
        }
    }
}

static void test_malformed_json_is_told(void **state)
{
    (void)state;
    static const char *const texts[] = {"",           "{",       "{\"a\":1,}",        "[1 2]",
                                        "{\"a\":1}x", "nulll",   "{\"a\":1,\"a\":2}", "{\"$bytes\":\"A\"}",
                                        "1e999",      "\"\xff\""};
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct value value;
        struct error error = {0};
        enum status status = codec_json_decode(bytes_of_text(texts[i]), &arena, &value, &error);
        assert_true(status == STATUS_INVALID || status == STATUS_TOO_LARGE);
        assert_true(strstr(error.text, "JSON") != NULL);
    }
    arena_reset(&arena);
}

static void test_written_texts_are_sound(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", "\"\""},
        {"a\"b\\c\n\x01 and more", "\"a\\\"b\\\\c\\n\\u0001 and more\""},
        {"long enough and \xC3\xA9t\xC3\xA9", "\"long enough and \xC3\xA9t\xC3\xA9\""},
        {"long enough and \xC3\xA9 \xFF", "\"long enough and \\ufffd\\ufffd \\ufffd\""},
        {"\xFF", "\"\\ufffd\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct buffer json = {0};
        codec_json_put_text(&json, bytes_of_text(texts[i][0]));
        assert_true(bytes_equal(buffer_bytes(&json), bytes_of_text(texts[i][1])));
        buffer_reset(&json);
    }
}

/* Objects in lists in objects, each level with more values than the reader's own space holds. */
static void test_large_json_comes_back(void **state)
{
    (void)state;
    enum {
        EACH = 100
    };
    struct buffer text = {0};
    struct buffer again = {0};
    struct arena arena = {0};
    struct value value;
    struct error error;
    buffer_put_text(&text, "{\"first\":[");
    for (int i = 0; i < EACH; i++) {
        buffer_put_format(&text, "%s{\"b\":[%d,[[]],{}],\"a\":%d}", i == 0 ? "" : ",", i, i * 10);
    }
    buffer_put_text(&text, "]");
    for (int i = EACH - 1; i >= 0; i--) {
        buffer_put_format(&text, ",\"n%02d\":%d", i, i + 1);
    }
    buffer_put_text(&text, "}");
    assert_ok(codec_json_decode(buffer_bytes(&text), &arena, &value, &error), error);
    assert_int_equal(value.pairs.count, EACH + 1);
    const struct value *list = value_map_get(&value, bytes_of_text("first"));
    assert_int_equal(list->items.count, EACH);
    for (int64_t i = 0, number = 0; i < EACH; i++) {
        char name[8];
        const struct value *item = &list->items.at[i];
        assert_true(decimal_to_integer(&value_map_get(item, bytes_of_text("a"))->decimal, &number));
        assert_int_equal(number, i * 10);
        assert_int_equal(value_map_get(item, bytes_of_text("b"))->items.count, 3);
        assert_null(value_map_get(item, bytes_of_text("c")));
        (void)snprintf(name, sizeof(name), "n%02d", (int)i);
        assert_true(decimal_to_integer(&value_map_get(&value, bytes_of_text(name))->decimal, &number));
        assert_int_equal(number, i + 1);
    }
    codec_json_encode(&again, &value);
    assert_ok(codec_json_decode(buffer_bytes(&again), &arena, &value, &error), error);
    assert_int_equal(value.pairs.count, EACH + 1);
    buffer_reset(&text);
    buffer_reset(&again);
    arena_reset(&arena);
}

static void test_too_deep_is_refused(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct arena arena = {0};
    struct value value;
    struct error error;
    for (int i = 0; i < VALUE_DEPTH_MAX; i++) {
        buffer_put_u8(&text, '[');
    }
    for (int i = 0; i < VALUE_DEPTH_MAX; i++) {
        buffer_put_u8(&text, ']');
    }
    assert_ok(codec_json_decode(buffer_bytes(&text), &arena, &value, &error), error);
    buffer_clear(&text);
    for (int i = 0; i <= VALUE_DEPTH_MAX; i++) {
        buffer_put_u8(&text, '[');
    }
    assert_status(codec_json_decode(buffer_bytes(&text), &arena, &value, &error), STATUS_INVALID, error);
    buffer_reset(&text);
    arena_reset(&arena);
}

static void test_only_canonical_values_are_stored_values(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct value value;
    struct error error;
    static const uint8_t wide[] = {0xCD, 0x00, 0x05};                           /* 5 as 16 bits */
    static const uint8_t unsorted[] = {0x82, 0xA1, 'b', 0x01, 0xA1, 'a', 0x02}; /* {b: 1, a: 2} */
    static const uint8_t twice[] = {0x82, 0xA1, 'a', 0x01, 0xA1, 'a', 0x02};    /* {a: 1, a: 2} */
    assert_status(codec_value_decode(bytes_of(wide, 3), &arena, &value, &error), STATUS_CORRUPT, error);
    assert_ok(codec_message_decode(bytes_of(wide, 3), &arena, &value, &error), error);
    assert_true(value.kind == VALUE_INTEGER && value.integer == 5);
    assert_status(codec_value_decode(bytes_of(unsorted, 7), &arena, &value, &error), STATUS_CORRUPT, error);
    assert_ok(codec_message_decode(bytes_of(unsorted, 7), &arena, &value, &error), error);
    assert_true(value_map_get(&value, bytes_of_text("a"))->integer == 2);
    assert_status(codec_message_decode(bytes_of(twice, 7), &arena, &value, &error), STATUS_INVALID, error);
    arena_reset(&arena);
}

/* Each has another form that is shorter, or as short and the one that is written. */
static void test_one_form_of_each_value_is_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
    } others[] = {
        {"\xD0\x05", 2},             /* 5 as signed 8 bits */
        {"\xD1\x01\x00", 3},         /* 256 as signed 16 bits, not unsigned */
        {"\xD1\xFF\xFF", 3},         /* -1 as 16 bits */
        {"\xCE\x00\x00\xFF\xFF", 5}, /* 65535 as 32 bits */
        {"\xD9\x01"
         "a",
         3},                             /* text with a length of its own */
        {"\xC5\x00\x01\x00", 4},         /* bytes with a length of 16 bits */
        {"\xDC\x00\x01\x05", 4},         /* an array likewise */
        {"\xDE\x00\x00", 3},             /* a map likewise */
        {"\xC7\x01\x09\x90", 4},         /* a set in an ext of any length instead of 1 */
        {"\xD6\x0A\xDC\x00\x01\x05", 6}, /* a tuple whose array is too wide */
    };
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct value value;
        struct error error;
        struct buffer packed = {0};
        struct bytes other = bytes_of(others[i].data, others[i].size);
        assert_status(codec_value_decode(other, &arena, &value, &error), STATUS_CORRUPT, error);
        assert_ok(codec_message_decode(other, &arena, &value, &error), error);
        codec_value_encode(&packed, &value);
        assert_false(bytes_equal(buffer_bytes(&packed), other));
        assert_ok(codec_value_decode(buffer_bytes(&packed), &arena, &value, &error), error);
        buffer_reset(&packed);
    }
    arena_reset(&arena);
}

/* Heads that claim more than there is cost no memory. */
static void test_claims_are_not_believed(void **state)
{
    (void)state;
    static const char *const claims[] = {"\xDD\xFF\xFF\xFF\xFF", "\xDF\xFF\xFF\xFF\xFF",
                                         "\xC9\xFF\xFF\xFF\xFF", "\xDB\xFF\xFF\xFF\xFF"};
    struct arena arena = {0};
    struct value value;
    struct error error;
    for (size_t i = 0; i < ARRAY_COUNT(claims); i++) {
        struct bytes claim = bytes_of(claims[i], 5);
        assert_status(codec_message_decode(claim, &arena, &value, &error), STATUS_INVALID, error);
        assert_non_null(strstr(error.text, "malformed msgpack"));
    }
    struct buffer nested = {0}; /* in each other, all together more than there is */
    for (int i = 0; i < 30; i++) {
        buffer_put(&nested, bytes_of("\xDC\x00\x50", 3));
    }
    assert_status(codec_message_decode(buffer_bytes(&nested), &arena, &value, &error), STATUS_INVALID, error);
    assert_non_null(strstr(error.text, "cut short"));
    buffer_reset(&nested);
    assert_status(codec_message_decode((struct bytes){0}, &arena, &value, &error), STATUS_INVALID, error);
    arena_reset(&arena);
}

/* Ext types in each other, of which each claims as many items as it has bytes: there is room for all only once. */
static void test_claims_in_ext_types_are_not_believed(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct value value;
    struct error error;
    struct buffer packed = {0};
    for (size_t i = 0; i < 100000; i++) {
        buffer_put_u8(&packed, 0xC0);
    }
    for (int i = 0; i < 30; i++) {
        struct buffer outer = {0};
        buffer_put_u8(&outer, 0xC9);
        buffer_put_u32(&outer, (uint32_t)packed.size + 5);
        buffer_put_u8(&outer, 10); /* a tuple */
        buffer_put_u8(&outer, 0xDD);
        buffer_put_u32(&outer, (uint32_t)packed.size);
        buffer_put(&outer, buffer_bytes(&packed));
        buffer_reset(&packed);
        packed = outer;
    }
    assert_status(codec_message_decode(buffer_bytes(&packed), &arena, &value, &error), STATUS_INVALID, error);
    assert_true(arena.total <= packed.size * sizeof(struct value));
    buffer_reset(&packed);
    arena_reset(&arena);
}

static void put_tuples(struct buffer *buffer, unsigned depth)
{
    struct value value = {.kind = VALUE_TUPLE};
    struct value levels[64];
    for (unsigned i = 0; i < depth; i++) {
        levels[i] = value;
        value = (struct value){.kind = VALUE_TUPLE, .items = {.at = &levels[i], .count = 1}};
    }
    codec_value_encode(buffer, &value);
}

static void test_ext_types_too_deep_are_refused(void **state)
{
    (void)state;
    struct buffer packed = {0};
    struct arena arena = {0};
    struct value value;
    struct error error;
    put_tuples(&packed, VALUE_DEPTH_MAX - 1);
    assert_ok(codec_value_decode(buffer_bytes(&packed), &arena, &value, &error), error);
    buffer_clear(&packed);
    put_tuples(&packed, 60);
    assert_status(codec_message_decode(buffer_bytes(&packed), &arena, &value, &error), STATUS_INVALID, error);
    assert_non_null(strstr(error.text, "too deep"));
    buffer_reset(&packed);
    arena_reset(&arena);
}

static void test_damaged_msgpack_never_reads_outside(void **state)
{
    (void)state;
    struct random random;
    struct buffer packed = {0};
    struct arena arena = {0};
    struct value value;
    random_init(&random, test_seed());
    assert_int_equal(codec_json_decode(bytes_of_text(
                                           "{\"a\":[1,\"two\",{\"$bytes\":\"AAAA\"}],\"b\":-1.5e10}"),
                                       &arena, &value, NULL),
                     STATUS_OK);
    codec_value_encode(&packed, &value);
    for (uint64_t round = 0; round < test_rounds(5000); round++) {
        struct arena scratch = {0};
        uint8_t copy[128];
        size_t size = random_below(&random, packed.size) + 1;
        memcpy(copy, packed.data, size);
        copy[random_below(&random, size)] ^= (uint8_t)(1U << random_below(&random, 8));
        struct value decoded;
        if (codec_message_decode(bytes_of(copy, size), &scratch, &decoded, NULL) == STATUS_OK) {
            struct buffer json = {0};
            codec_json_encode(&json, &decoded);
            assert_true(json.size > 0);
            buffer_reset(&json);
        }
        arena_reset(&scratch);
    }
    buffer_reset(&packed);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_through_msgpack),
        cmocka_unit_test(test_every_character_comes_back),
        cmocka_unit_test(test_malformed_json_is_told),
        cmocka_unit_test(test_too_deep_is_refused),
        cmocka_unit_test(test_large_json_comes_back),
        cmocka_unit_test(test_written_texts_are_sound),
        cmocka_unit_test(test_only_canonical_values_are_stored_values),
        cmocka_unit_test(test_one_form_of_each_value_is_canonical),
        cmocka_unit_test(test_claims_are_not_believed),
        cmocka_unit_test(test_claims_in_ext_types_are_not_believed),
        cmocka_unit_test(test_ext_types_too_deep_are_refused),
        cmocka_unit_test(test_damaged_msgpack_never_reads_outside),
    };
    return cmocka_run_group_tests_name("codec/codec", tests, NULL, NULL);
}
