/* Bodies of v3 and v4: back and forth, and lengths that are not to be believed. */
#include "compress.h"

#include "hex.h"

static void test_back_and_forth(void **state)
{
    (void)state;
    static const enum cql_compression kinds[] = {CQL_LZ4, CQL_SNAPPY};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct arena arena = {0};
        struct buffer plain = {0};
        struct buffer sent = {0};
        struct bytes back;
        struct error error;
        for (int k = 0; k < 1000; k++) {
            buffer_put_format(&plain, "row %d;", k % 10);
        }
        buffer_put_u8(&sent, 0xEE);
        assert_true(cql__compress(kinds[i], buffer_bytes(&plain), &sent));
        assert_true(sent.size < plain.size / 4);
        struct bytes body = bytes_from(buffer_bytes(&sent), 1);
        assert_ok(cql__decompress(kinds[i], body, plain.size, &arena, &back, &error), error);
        assert_bytes(back, buffer_bytes(&plain));
        assert_status(cql__decompress(kinds[i], body, plain.size - 1, &arena, &back, &error), STATUS_INVALID,
                      error);
        for (size_t size = 0; size < body.size; size++) {
            assert_status(cql__decompress(kinds[i], bytes_part(body, 0, size), plain.size, &arena, &back,
                                          &error),
                          STATUS_INVALID, error);
        }
        buffer_reset(&plain);
        buffer_reset(&sent);
        arena_reset(&arena);
    }
}

static void test_what_does_not_get_smaller(void **state)
{
    (void)state;
    struct buffer sent = {0};
    assert_false(cql__compress(CQL_LZ4, bytes_of_text("abc"), &sent));
    assert_false(cql__compress(CQL_SNAPPY, bytes_of_text("abc"), &sent));
    assert_false(cql__compress(CQL_PLAIN, bytes_of_text("abc"), &sent));
    assert_int_equal(sent.size, 0);
    buffer_reset(&sent);
}

static void test_lengths_that_cannot_be(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct bytes back;
    struct error error;
    /* 200 MiB out of one byte, and a body that was not agreed upon */
    assert_status(cql__decompress(CQL_LZ4, hex(&arena, "0c800000 00"), 256 << 20, &arena, &back, &error),
                  STATUS_INVALID, error);
    assert_true(arena.total < 1000);
    assert_status(cql__decompress(CQL_SNAPPY, hex(&arena, "ffffffff0f 00"), 256 << 20, &arena, &back, &error),
                  STATUS_INVALID, error);
    assert_status(cql__decompress(CQL_PLAIN, hex(&arena, "00"), 1000, &arena, &back, &error), STATUS_INVALID,
                  error);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back_and_forth),
        cmocka_unit_test(test_what_does_not_get_smaller),
        cmocka_unit_test(test_lengths_that_cannot_be),
    };
    return cmocka_run_group_tests_name("cql/compress", tests, NULL, NULL);
}
