/* What is a request and what is refused, and that it does not depend on how the bytes are cut. */
#include "parse.h"

#include "base/memory.h"
#include "support/test.h"
#include "transcript.h"

enum {
    BODY_BYTES_MAX = 4096,
};

struct wire_case {
    const char *input;
    const char *expected;
};

/* A cut behind this many bytes, then every so many. */
struct cut {
    size_t first;
    size_t later;
};

static size_t cut_next(void *context, size_t left)
{
    struct cut *cut = context;
    size_t size = cut->first > 0 ? cut->first : cut->later;
    cut->first = 0;
    return size < left ? size : left;
}

static void assert_transcript(const struct wire_case *wire, struct cut cut)
{
    struct cut given = cut;
    struct buffer text = transcript_of(bytes_of_text(wire->input), cut_next, &given, BODY_BYTES_MAX);
    buffer_put_u8(&text, 0);
    if (strcmp((const char *)text.data, wire->expected) != 0) {
        print_error("cut at %zu, then every %zu:\n%s\n", cut.first, cut.later, wire->input);
        assert_string_equal((const char *)text.data, wire->expected);
    }
    buffer_reset(&text);
}

static void assert_cases(const struct wire_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(cases[i].input);
        assert_transcript(&cases[i], (struct cut){.later = size});
        assert_transcript(&cases[i], (struct cut){.later = 1});
        for (size_t first = 1; first < size; first++) {
            assert_transcript(&cases[i], (struct cut){.first = first, .later = size});
        }
    }
}

#define HOST "Host: x\r\n"

static void test_requests(void **state)
{
    (void)state;
    static const struct wire_case cases[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "GET / keep \n"},
        {"GET / HTTP/1.1\r\n" HOST, "more\n"},
        {"\r\n\r\nGET /a?b=c HTTP/1.1\r\n" HOST "\r\n", "GET /a?b=c keep \n"},
        {"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /never HTTP/1.1\r\n" HOST "\r\n",
         "GET / close \n"},
        {"GET / HTTP/1.0\r\n\r\n", "GET / close \n"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / keep \n"},
        {"POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhelloGET /q HTTP/1.1\r\n" HOST "\r\n",
         "POST /p keep hello\nGET /q keep \n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked \r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n"
         "DELETE /t HTTP/1.1\r\n" HOST "\r\n",
         "POST / keep hello!\nDELETE /t keep \n"},
        {"GET http://other.example:80/path?q HTTP/1.1\r\n" HOST "\r\n", "GET /path?q keep \n"},
        {"GET http://other.example HTTP/1.1\r\n" HOST "\r\n", "GET / keep \n"},
        {"GET /a?u=http://b/c HTTP/1.1\r\n" HOST "\r\n", "GET /a?u=http://b/c keep \n"},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS * keep \n"},
        {"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", "GET / keep \n"},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / keep \n"},
        {"GET / HTTP/1.1\r\n" HOST "X:\r\nY:  \r\nZ: z \t\r\n\r\n", "GET / keep \n"},
        /* An offer of another protocol is not taken. */
        {"POST / HTTP/1.1\r\n" HOST
         "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n"
         "Content-Length: 2\r\n\r\nokGET /q HTTP/1.1\r\n" HOST "\r\n",
         "POST / keep ok\nGET /q keep \n"},
        {"POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", "POST / keep x\n"},
        {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "POST / close x\n"},
    };
    assert_cases(cases, ARRAY_COUNT(cases));
}

/* Whatever another server could take to end elsewhere. */
static void test_smuggling(void **state)
{
    (void)state;
    static const struct wire_case cases[] = {
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
         "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5 0\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST " Content-Length: 5\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "X: y\r\n z\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n 5\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chu\r\n nked\r\n\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501\n"},
        {"POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400\n"},
        {"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "413\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5x\r\nhello\r\n", "400\n"},
        {"GET / HTTP/1.1\r\n\r\n", "400\n"},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400\n"},
        {"GET / HTTP/1.0\r\n" HOST HOST "\r\n", "400\n"},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400\n"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400\n"},
        {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400\n"},
        {"GET / HTTP/1.1\rX: y\r\n" HOST "\r\n", "400\n"},
        {"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", "400\n"},
        {"GET / HTTP/1.1\r\n" HOST "X: a\x01z\r\n\r\n", "400\n"},
        {"GET / HTTP/1.1\r\n" HOST "X(: a\r\n\r\n", "400\n"},
        {"GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5;x\nhello\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\rXhello\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nT: a\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\rX", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n", "501\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", "501\n"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello", "400\n"},
        {"GET / HTTP/1.1\n" HOST "\r\n", "400\n"},
        {"GET / HTTP/1.1\r\nHost: x\n\r\n", "400\n"},
        {"GET / HTTP/1.1\r\n" HOST "\n", "400\n"},
        {"GET / HTTP/1.1\r\n" HOST "\rX", "400\n"},
        {"GET /a\tb HTTP/1.1\r\n" HOST "\r\n", "400\n"},
        {"GET /a\xC3\xA9 HTTP/1.1\r\n" HOST "\r\n", "400\n"},
        {"GET /\r\n\r\n", "505\n"},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", "505\n"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400\n"},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", "501\n"},
        {"nonsense\r\n\r\n", "400\n"},
    };
    assert_cases(cases, ARRAY_COUNT(cases));
}

static void test_refusals_by_the_head(void **state)
{
    (void)state;
    static const struct wire_case cases[] = {
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 4097\r\n\r\n", "413\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Encoding: br\r\nContent-Length: 5\r\n\r\n", "415\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip, gzip\r\nContent-Length: 5\r\n\r\n", "415\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", "415\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "400\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
         "POST / keep hello\n"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n\r\n", "POST / keep \n"},
        {"POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\nContent-Length: 5\r\n\r\n", "417\n"},
        {"POST / HTTP/1.1\r\n" HOST "Expect:\r\nContent-Length: 5\r\n\r\n", "417\n"},
        {"POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", "417\n"},
    };
    assert_cases(cases, ARRAY_COUNT(cases));
}

/* Puts a request together whose size matters, and says what becomes of it. */
static void assert_made(const char *head, const char *repeated, size_t times, const char *rest,
                        const char *expected)
{
    struct buffer input = {0};
    buffer_put_text(&input, head);
    for (size_t i = 0; i < times; i++) {
        buffer_put_text(&input, repeated);
    }
    buffer_put_text(&input, rest);
    struct cut cut = {.later = 1000};
    struct buffer text = transcript_of(buffer_bytes(&input), cut_next, &cut, BODY_BYTES_MAX);
    buffer_put_u8(&text, 0);
    assert_string_equal((const char *)text.data, expected);
    buffer_reset(&text);
    buffer_reset(&input);
}

static void test_limits(void **state)
{
    (void)state;
    static const char start[] = "GET / HTTP/1.1\r\n" HOST;
    static const char chunks[] = "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n";
    assert_made(start, "X: y\r\n", NET_HEADERS_MAX - 1, "\r\n", "GET / keep \n");
    assert_made(start, "X: y\r\n", NET_HEADERS_MAX, "\r\n", "431\n");
    assert_made("GET / HTTP/1.1\r\n" HOST "X: ", "y", NET_HEADER_BYTES_MAX, "\r\n\r\n", "431\n");
    assert_made("GET /", "y", NET_HEADER_BYTES_MAX, " HTTP/1.1\r\n\r\n", "431\n");
    assert_made("GET / HTTP/1.1\r\n" HOST "X:", " ", 100000, "\r\n\r\n", "431\n");
    assert_made("GET / HTTP/1.1\r\n" HOST "X:", " ", 20000, "\r\n\r\n", "GET / keep \n");
    assert_made(chunks, "1\r\nx\r\n", BODY_BYTES_MAX + 1, "", "413\n");
    assert_made(chunks, "1;abc=def\r\nx\r\n", 3, "0\r\n\r\n", "POST / keep xxx\n");
    assert_made("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n", "T: y\r\n", 20000, "",
                "431\n");
}

/* However much others send, small requests are taken; what was answered counts no more. */
static void test_bodies_together(void **state)
{
    (void)state;
    static const char head[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n";
    static const struct {
        size_t others;
        int size;
        enum parse_result result;
    } cases[] = {
        {0, 200000, PARSE_REQUEST},
        {NET_BODIES_BYTES_MAX, 200000, PARSE_REFUSED},
        {NET_BODIES_BYTES_MAX, NET_BODY_BYTES_GRANTED, PARSE_REQUEST},
        {NET_BODIES_BYTES_MAX - 200000, 200000, PARSE_REQUEST},
        {NET_BODIES_BYTES_MAX - 199999, 200000, PARSE_REFUSED},
    };
    uint8_t *body = memory_create(200000);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct exchange_pool pool = {.body_bytes = cases[i].others};
        struct parse parse;
        char text[100];
        size_t used = 0;
        size_t size = (size_t)snprintf(text, sizeof(text), head, cases[i].size);
        net__parse_init(&parse, &pool, 1000000);
        assert_int_equal(net__parse(&parse, bytes_of(text, size), &used), PARSE_MORE);
        assert_int_equal(net__parse(&parse, bytes_of(body, (size_t)cases[i].size), &used), cases[i].result);
        assert_int_equal(parse.refusal, cases[i].result == PARSE_REFUSED ? 503 : 0);
        net__parse_reset(&parse);
        assert_int_equal(pool.body_bytes, cases[i].others);
        net__exchange_pool_reset(&pool);
    }
    memory_destroy(body);
}

static void test_headers_and_trailers(void **state)
{
    (void)state;
    static const char input[] =
        "POST / HTTP/1.1\r\nhOST: x\r\nA: 1\r\nB:  two words \t\r\na: 2\r\nEmpty:\r\n"
        "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: 3\r\nSecret: yes\r\n\r\n";
    for (size_t cut = 1; cut < sizeof(input) - 1; cut++) {
        struct exchange_pool pool = {0};
        struct parse parse;
        size_t used = 0;
        net__parse_init(&parse, &pool, 100);
        assert_int_equal(net__parse(&parse, bytes_of(input, cut), &used), PARSE_MORE);
        assert_int_equal(net__parse(&parse, bytes_of(input + cut, sizeof(input) - 1 - cut), &used),
                         PARSE_REQUEST);
        struct http_exchange *exchange = net__parse_take(&parse);
        assert_true(bytes_equal(http_header(exchange, "Host"), bytes_of_text("x")));
        assert_true(bytes_equal(http_header(exchange, "A"), bytes_of_text("1")));
        assert_true(bytes_equal(http_header(exchange, "b"), bytes_of_text("two words")));
        assert_int_equal(http_header(exchange, "Empty").size, 0);
        assert_int_equal(http_header(exchange, "Secret").size, 0);
        assert_int_equal(exchange->headers_count, 6);
        net__exchange_give(&pool, exchange);
        net__parse_reset(&parse);
        net__exchange_pool_reset(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_smuggling),
        cmocka_unit_test(test_refusals_by_the_head),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bodies_together),
        cmocka_unit_test(test_headers_and_trailers),
    };
    return cmocka_run_group_tests_name("net/parse", tests, NULL, NULL);
}
