/* Headers of each version, torn input, and what is refused with which words. */
#include "envelope.h"

#include "hex.h"

enum {
    BODY_BYTES_MAX = 1000,
};

static enum envelope_result read_hex(const char *text, struct envelope *envelope, size_t *used,
                                     struct error *error)
{
    static struct arena arena;
    arena_reset(&arena);
    return cql__envelope_read(hex(&arena, text), BODY_BYTES_MAX, envelope, used, error);
}

static void test_each_version(void **state)
{
    (void)state;
    for (unsigned version = CQL_VERSION_MIN; version <= CQL_VERSION_MAX; version++) {
        struct arena arena = {0};
        struct envelope envelope;
        struct error error;
        size_t used = 0;
        struct bytes input = hex(&arena, arena_format(&arena, "%02x 02 7fff 07 00000003 'abc' 05", version));
        assert_int_equal(cql__envelope_read(input, BODY_BYTES_MAX, &envelope, &used, &error), ENVELOPE_WHOLE);
        assert_int_equal(used, 12);
        assert_int_equal(envelope.version, version);
        assert_int_equal(envelope.flags, ENVELOPE_TRACING);
        assert_int_equal(envelope.stream, 32767);
        assert_int_equal(envelope.opcode, OPCODE_QUERY);
        assert_same_text(envelope.body, "abc");
        for (size_t size = 0; size < 12; size++) {
            struct bytes torn = bytes_part(input, 0, size);
            assert_int_equal(cql__envelope_read(torn, BODY_BYTES_MAX, &envelope, &used, &error),
                             ENVELOPE_MORE);
        }
        arena_reset(&arena);
    }
}

static void test_versions_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *input;
        const char *version;
        int stream;
    } cases[] = {
        {"42 00 0001 05 00000000", "66", 1}, {"41 10 0002 05 00000000", "65", 2},
        {"06 00 0000 05 00000000", "6", 0},  {"06 10 0003 01 00000000", "6", 3},
        {"02 00 00 05 00000000", "2", 0},    {"01", "1", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct envelope envelope;
        struct error error;
        size_t used = 0;
        char text[200];
        (void)snprintf(
            text, sizeof(text),
            "Invalid or unsupported protocol version (%s); the lowest supported version is 3 and the "
            "greatest is 5",
            cases[i].version);
        assert_int_equal(read_hex(cases[i].input, &envelope, &used, &error), ENVELOPE_REFUSED);
        assert_string_equal(error.text, text);
        assert_int_equal(envelope.version, CQL_VERSION_MAX);
        assert_int_equal(envelope.stream, cases[i].stream);
    }
}

static void test_what_is_no_request(void **state)
{
    (void)state;
    static const struct {
        const char *input;
        const char *text;
    } cases[] = {
        {"84 00 0000 07 00000000", "Wrong protocol direction"},
        {"04 00 0000 08 00000000", "Wrong protocol direction"},
        {"04 00 0000 04 00000000", "Unknown opcode 4"},
        {"04 00 0000 ff 00000000", "Unknown opcode 255"},
        {"04 00 ffff 07 00000000", "Invalid stream id -1"},
        {"04 00 0000 07 000003e9", "length 1001 exceeds maximum allowed length 1000"},
        {"04 00 0000 07 ffffffff", "length 4294967295 exceeds"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct envelope envelope;
        struct error error;
        size_t used = 0;
        assert_int_equal(read_hex(cases[i].input, &envelope, &used, &error), ENVELOPE_REFUSED);
        assert_non_null(strstr(error.text, cases[i].text));
        assert_int_equal(envelope.version, 4);
    }
}

static void test_responses(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_put_u8(&buffer, 0xEE);
    size_t at = cql__envelope_begin(&buffer, 4, ENVELOPE_WARNING, -1, OPCODE_EVENT);
    buffer_put_text(&buffer, "abc");
    cql__envelope_end(&buffer, at);
    assert_hex(buffer_bytes(&buffer), "ee 84 08 ffff 0c 00000003 'abc'");
    buffer_reset(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_version),
        cmocka_unit_test(test_versions_that_are_refused),
        cmocka_unit_test(test_what_is_no_request),
        cmocka_unit_test(test_responses),
    };
    return cmocka_run_group_tests_name("cql/envelope", tests, NULL, NULL);
}
