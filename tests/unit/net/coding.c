/* Codings of bodies, what a client accepts, and the checksum that goes beside. */
#include "coding.h"

#include "base/random.h"
#include "net/crc32.h"
#include "parse.h"
#include "support/test.h"

static struct buffer text_create(size_t size)
{
    struct buffer text = {0};
    for (size_t i = 0; text.size < size; i++) {
        buffer_put_format(&text, "{\"number\":%zu,\"word\":\"ox\"},", i % 1000);
    }
    text.size = size;
    return text;
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 1024, 32768, 32769, 65535, 65536, 65537, 1000000};
    static const enum coding codings[] = {CODING_GZIP, CODING_DEFLATE};
    for (size_t i = 0; i < ARRAY_COUNT(sizes) * ARRAY_COUNT(codings); i++) {
        size_t size = sizes[i / 2];
        struct buffer text = text_create(size);
        struct buffer encoded = {0};
        struct buffer decoded = {0};
        assert_true(net__coding_encode(codings[i % 2], buffer_bytes(&text), &encoded));
        assert_true(encoded.size < text.size);
        assert_int_equal(net__coding_decode(codings[i % 2], buffer_bytes(&encoded), size, &decoded),
                         STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&text), buffer_bytes(&decoded)));
        buffer_clear(&decoded);
        assert_int_equal(net__coding_decode(codings[i % 2], buffer_bytes(&encoded), size - 1, &decoded),
                         STATUS_TOO_LARGE);
        buffer_reset(&text);
        buffer_reset(&encoded);
        buffer_reset(&decoded);
    }
}

static void test_what_does_not_shrink_is_left(void **state)
{
    (void)state;
    uint8_t noise[5000];
    struct random random;
    struct buffer encoded = {0};
    random_init(&random, test_seed());
    random_fill(&random, noise, sizeof(noise));
    buffer_put_text(&encoded, "before");
    assert_false(net__coding_encode(CODING_GZIP, bytes_of(noise, sizeof(noise)), &encoded));
    assert_false(net__coding_encode(CODING_GZIP, (struct bytes){0}, &encoded));
    assert_true(bytes_equal(buffer_bytes(&encoded), bytes_of_text("before")));
    buffer_reset(&encoded);
}

static void test_damage(void **state)
{
    (void)state;
    struct random random;
    struct buffer text = text_create(3000);
    struct buffer encoded = {0};
    struct buffer decoded = {0};
    random_init(&random, test_seed());
    assert_true(net__coding_encode(CODING_GZIP, buffer_bytes(&text), &encoded));
    for (size_t size = 0; size < encoded.size; size++) {
        buffer_clear(&decoded);
        assert_int_equal(net__coding_decode(CODING_GZIP, bytes_of(encoded.data, size), 5000, &decoded),
                         STATUS_CORRUPT);
    }
    for (uint64_t i = 0; i < test_rounds(2000); i++) {
        uint8_t *at = &encoded.data[random_below(&random, encoded.size)];
        uint8_t kept = *at;
        *at ^= (uint8_t)(1 + random_below(&random, 255));
        buffer_clear(&decoded);
        if (net__coding_decode(CODING_GZIP, buffer_bytes(&encoded), 5000, &decoded) == STATUS_OK) {
            assert_true(bytes_equal(buffer_bytes(&decoded), buffer_bytes(&text))); /* a byte of the header */
        }
        *at = kept;
    }
    buffer_put_text(&encoded, "behind");
    buffer_clear(&decoded);
    assert_int_equal(net__coding_decode(CODING_GZIP, buffer_bytes(&encoded), 5000, &decoded), STATUS_CORRUPT);
    buffer_reset(&text);
    buffer_reset(&encoded);
    buffer_reset(&decoded);
}

static void test_members_follow_each_other(void **state)
{
    (void)state;
    struct buffer text = text_create(2000);
    struct buffer encoded = {0};
    struct buffer decoded = {0};
    assert_true(net__coding_encode(CODING_GZIP, buffer_bytes(&text), &encoded));
    assert_true(net__coding_encode(CODING_GZIP, buffer_bytes(&text), &encoded));
    assert_int_equal(net__coding_decode(CODING_GZIP, buffer_bytes(&encoded), 4000, &decoded), STATUS_OK);
    assert_int_equal(decoded.size, 4000);
    buffer_clear(&decoded);
    assert_int_equal(net__coding_decode(CODING_GZIP, buffer_bytes(&encoded), 3999, &decoded),
                     STATUS_TOO_LARGE);
    buffer_reset(&text);
    buffer_reset(&encoded);
    buffer_reset(&decoded);
}

/* 100 MB of zeros in 100 kB: no more than the limit is ever made. */
static void test_a_bomb_stops_early(void **state)
{
    (void)state;
    struct buffer zeros = {0};
    struct buffer encoded = {0};
    struct buffer decoded = {0};
    memset(buffer_extend(&zeros, 100000000), 0, 100000000);
    assert_true(net__coding_encode(CODING_DEFLATE, buffer_bytes(&zeros), &encoded));
    assert_int_equal(net__coding_decode(CODING_DEFLATE, buffer_bytes(&encoded), 200000, &decoded),
                     STATUS_TOO_LARGE);
    assert_true(decoded.capacity <= 512 * 1024);
    buffer_reset(&zeros);
    buffer_reset(&encoded);
    buffer_reset(&decoded);
}

static void test_negotiation(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        const char *expected; /* NULL: as it is */
    } cases[] = {
        {"", NULL},
        {"Accept-Encoding:\r\n", NULL},
        {"Accept-Encoding: gzip\r\n", "gzip"},
        {"Accept-Encoding: GZIP\r\n", "gzip"},
        {"Accept-Encoding: x-gzip\r\n", "gzip"},
        {"Accept-Encoding: deflate\r\n", "deflate"},
        {"Accept-Encoding: gzip, deflate\r\n", "gzip"},
        {"Accept-Encoding: deflate, gzip\r\n", "gzip"},
        {"Accept-Encoding: gzip;q=0.5, deflate\r\n", "deflate"},
        {"Accept-Encoding: gzip ; q=0.5 ,, deflate;q=0.499\r\n", "gzip"},
        {"Accept-Encoding: gzip;q=0, deflate;q=0.001\r\n", "deflate"},
        {"Accept-Encoding: gzip;q=0\r\n", NULL},
        {"Accept-Encoding: identity\r\n", NULL},
        {"Accept-Encoding: identity, gzip\r\n", "gzip"},
        {"Accept-Encoding: identity, gzip;q=0.9\r\n", NULL},
        {"Accept-Encoding: identity;q=0.5, gzip;q=0.9\r\n", "gzip"},
        {"Accept-Encoding: *\r\n", "gzip"},
        {"Accept-Encoding: *;q=0\r\n", NULL},
        {"Accept-Encoding: gzip;q=0, *\r\n", "deflate"},
        {"Accept-Encoding: br, zstd\r\n", NULL},
        {"Accept-Encoding: br, gzip;q=0.1\r\n", "gzip"},
        {"Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", "gzip"},
        {"Accept-Encoding: gzip;q=2\r\n", NULL},
        {"Accept-Encoding: gzip;q=0.1234\r\n", NULL},
        {"Accept-Encoding: gzip;level=1\r\n", NULL},
        {"Accept-Encoding: gzip;q=\r\n", NULL},
    };
    struct buffer text = text_create(5000);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct exchange_pool pool = {0};
        struct parse parse;
        struct buffer input = {0};
        struct buffer body = {0};
        const char *encoding = NULL;
        size_t used = 0;
        buffer_put_format(&input, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i].headers);
        net__parse_init(&parse, &pool, 0);
        assert_int_equal(net__parse(&parse, buffer_bytes(&input), &used), PARSE_REQUEST);
        struct http_exchange *exchange = net__parse_take(&parse);
        bool is_encoded = http_compress(exchange, buffer_bytes(&text), &body, &encoding);
        if (is_encoded != (cases[i].expected != NULL) ||
            (is_encoded && strcmp(encoding, cases[i].expected) != 0)) {
            fail_msg("%s gave %s", cases[i].headers, encoding == NULL ? "the body as it is" : encoding);
        }
        assert_true(is_encoded == (body.size > 0));
        buffer_clear(&body);
        struct bytes shorter = bytes_part(buffer_bytes(&text), 0, NET_COMPRESS_BYTES_MIN - 1);
        assert_false(http_compress(exchange, shorter, &body, &encoding));
        net__exchange_give(&pool, exchange);
        net__exchange_pool_reset(&pool);
        buffer_reset(&input);
        buffer_reset(&body);
    }
    buffer_reset(&text);
}

static void test_crc32(void **state)
{
    (void)state;
    assert_true(net_crc32((struct bytes){0}) == 0);
    assert_true(net_crc32(bytes_of_text("123456789")) == 0xCBF43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_what_does_not_shrink_is_left),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_members_follow_each_other),
        cmocka_unit_test(test_a_bomb_stops_early),
        cmocka_unit_test(test_negotiation),
        cmocka_unit_test(test_crc32),
    };
    return cmocka_run_group_tests_name("net/coding", tests, NULL, NULL);
}
