/* JSON and msgpack: what goes in comes out, canonical means canonical, and what is malformed is refused. */
#include "base/random.h"
#include "codec/json.h"
#include "codec/pack.h"
#include "support/test.h"

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
        cmocka_unit_test(test_malformed_json_is_told),
        cmocka_unit_test(test_too_deep_is_refused),
        cmocka_unit_test(test_only_canonical_values_are_stored_values),
        cmocka_unit_test(test_damaged_msgpack_never_reads_outside),
    };
    return cmocka_run_group_tests_name("codec/codec", tests, NULL, NULL);
}
