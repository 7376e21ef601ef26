/* Connections: order, slow and silent clients, answers from other threads, what is left behind. */
#include "coding.h"
#include "echo.h"

#define HEAD(path) "POST " path " HTTP/1.1\r\nHost: x\r\n"
#define ANSWER(length) "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n"

static void expect(int connection, const char *expected)
{
    struct buffer text = {0};
    client_receive(connection, &text, strlen(expected));
    assert_text(&text, expected);
    buffer_reset(&text);
}

static void expect_closed(int connection)
{
    struct buffer text = {0};
    client_receive_all(connection, &text);
    assert_text(&text, "");
    buffer_reset(&text);
    assert_int_equal(close(connection), 0);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    enum {
        REQUESTS = 500,
    };
    struct echo echo;
    struct buffer input = {0};
    struct buffer expected = {0};
    struct buffer text = {0};
    echo_open(&echo, (struct http_server_options){0});
    for (int i = 0; i < REQUESTS; i++) {
        buffer_put_format(&input, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n%04d",
                          i % 3 == 0 ? "/later" : "/echo", i);
        buffer_put_format(&expected, ANSWER("4") "\r\n%04d", i);
    }
    int connection = echo_connect(&echo);
    client_send(connection, buffer_bytes(&input));
    client_receive(connection, &text, expected.size);
    assert_true(bytes_equal(buffer_bytes(&text), buffer_bytes(&expected)));
    assert_int_equal(close(connection), 0);
    echo_close(&echo);
    buffer_reset(&input);
    buffer_reset(&expected);
    buffer_reset(&text);
}

/* A client that asks and asks without reading is not served ahead, and its answers take no memory. */
static void test_a_client_that_does_not_read_waits(void **state)
{
    (void)state;
    enum {
        REQUESTS = 20,
    };
    struct echo echo;
    echo_open(&echo, (struct http_server_options){0});
    int connection = echo_connect(&echo);
    for (int i = 0; i < REQUESTS; i++) {
        client_send_text(connection, HEAD("/large") "\r\n");
    }
    (void)usleep(300000);
    assert_true(atomic_load(&echo.handled) <= 2);
    size_t size = strlen(ANSWER("8388608") "\r\n") + LARGE_BYTES;
    for (int i = 0; i < REQUESTS; i++) {
        struct buffer text = {0};
        client_receive(connection, &text, size);
        assert_memory_equal(text.data, "HTTP/1.1 200 OK\r\n", 17);
        assert_int_equal(text.data[size - 1], 'L');
        buffer_reset(&text);
    }
    assert_int_equal(atomic_load(&echo.handled), REQUESTS);
    assert_int_equal(close(connection), 0);
    echo_close(&echo);
}

static void test_silence_and_dawdling_end(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo,
              (struct http_server_options){.idle_ms = 2000}); /* a busy machine may let nobody run for one */
    int silent = echo_connect(&echo);
    int dawdling = echo_connect(&echo);
    int busy = echo_connect(&echo);
    bool is_open = true;
    for (int i = 0; i < 400 && is_open; i++) { /* a head that comes a byte at a time */
        is_open = send(dawdling, i < 5 ? &"GET /"[i] : "a", 1, MSG_NOSIGNAL) == 1;
        client_send_text(busy, HEAD("/echo") "\r\n");
        expect(busy, ANSWER("0") "\r\n");
        (void)usleep(50000);
    }
    assert_false(is_open);
    expect_closed(silent);
    assert_int_equal(close(dawdling), 0);
    expect_closed(busy);
    echo_close(&echo);
}

/* Bodies take of what all may have until they are whole. */
static void test_a_body_that_comes_slowly_ends(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct http_server_options){.idle_ms = 2000, .request_ms = 1000});
    int connection = echo_connect(&echo);
    bool is_open = true;
    client_send_text(connection, HEAD("/echo") "\r\n" HEAD("/echo") "Content-Length: 1000\r\n\r\n");
    expect(connection, ANSWER("0") "\r\n");
    for (int i = 0; i < 999 && is_open; i++) {
        is_open = send(connection, "x", 1, MSG_NOSIGNAL) == 1;
        (void)usleep(10000);
    }
    assert_false(is_open);
    assert_int_equal(close(connection), 0);
    echo_close(&echo);
}

static void test_a_client_that_closed_its_side_is_answered(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct http_server_options){0});
    static const char *const requests[] = {
        HEAD("/echo") "Content-Length: 2\r\n\r\nok",
        HEAD("/later") "Content-Length: 2\r\n\r\nok",
    };
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        int connection = echo_connect(&echo);
        client_send_text(connection, requests[i]);
        assert_int_equal(shutdown(connection, SHUT_WR), 0);
        expect(connection, ANSWER("2") "\r\nok");
        expect_closed(connection);
    }
    echo_close(&echo);
}

static void test_clients_that_leave(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct http_server_options){0});
    for (int i = 0; i < 100; i++) {
        int connection = echo_connect(&echo);
        struct linger at_once = {.l_onoff = 1}; /* a reset */
        client_send_text(connection,
                         i % 2 == 0 ? HEAD("/later") "\r\n" HEAD("/later") "\r\n" : HEAD("/large") "\r\n");
        if (i % 3 == 0) {
            assert_int_equal(setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        }
        assert_int_equal(close(connection), 0);
    }
    int connection = echo_connect(&echo);
    client_send_text(connection, HEAD("/echo") "\r\n");
    expect(connection, ANSWER("0") "\r\n");
    assert_int_equal(close(connection), 0);
    echo_close(&echo);
}

/* The answer must reach a client that is still sending what nobody wants. */
static void test_a_refusal_is_heard(void **state)
{
    (void)state;
    struct echo echo;
    struct buffer text = {0};
    uint8_t *body = memory_create(ECHO_BODY_BYTES_MAX);
    echo_open(&echo, (struct http_server_options){0});
    int connection = echo_connect(&echo);
    client_send_text(connection, HEAD("/echo") "Content-Length: 9999999\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        client_send(connection, bytes_of(body, ECHO_BODY_BYTES_MAX));
    }
    assert_int_equal(shutdown(connection, SHUT_WR), 0);
    client_receive_all(connection, &text);
    buffer_put_u8(&text, 0);
    assert_non_null(strstr((const char *)text.data, "HTTP/1.1 413 Payload Too Large\r\n"));
    assert_non_null(strstr((const char *)text.data, "Connection: close\r\n"));
    assert_int_equal(close(connection), 0);
    echo_close(&echo);
    buffer_reset(&text);
    memory_destroy(body);
}

static void test_expectations(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct http_server_options){0});
    int connection = echo_connect(&echo);
    client_send_text(connection, HEAD("/echo") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    expect(connection, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send_text(connection, "he");
    (void)usleep(20000);
    client_send_text(connection, "llo");
    expect(connection, ANSWER("5") "\r\nhello");
    /* What comes with the head was not waited for. */
    client_send_text(connection, HEAD("/echo") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    expect(connection, ANSWER("5") "\r\nhello");
    /* Nor is there anything to wait for without a body. */
    client_send_text(connection, HEAD("/echo") "Expect: 100-continue\r\n\r\n");
    expect(connection, ANSWER("0") "\r\n");
    client_send_text(connection, HEAD("/echo") "Expect: tea\r\nContent-Length: 5\r\n\r\n");
    expect(connection, "HTTP/1.1 417 Expectation Failed\r\n");
    assert_int_equal(close(connection), 0);
    connection = echo_connect(&echo);
    client_send_text(connection, "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    (void)usleep(50000);
    client_send_text(connection, "x");
    expect(connection, ANSWER("1") "Connection: close\r\n\r\nx");
    expect_closed(connection);
    echo_close(&echo);
}

static void test_answers_without_a_body(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct http_server_options){0});
    int connection = echo_connect(&echo);
    client_send_text(connection, "HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n" HEAD("/none") "\r\n" HEAD(
                                     "/echo") "Connection: close\r\n\r\n" HEAD("/never") "\r\n");
    expect(connection, ANSWER("8388608") "\r\n");
    expect(connection, "HTTP/1.1 204 No Content\r\n\r\n");
    expect(connection, ANSWER("0") "Connection: close\r\n\r\n");
    expect_closed(connection);
    connection = echo_connect(&echo);
    client_send_text(connection,
                     "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx");
    expect(connection, ANSWER("1") "Connection: keep-alive\r\n\r\nx");
    assert_int_equal(close(connection), 0);
    echo_close(&echo);
}

static void send_encoded(int connection, const char *path, const char *coding, struct bytes encoded)
{
    struct buffer head = {0};
    buffer_put_format(&head,
                      "POST %s HTTP/1.1\r\nHost: x\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                      path, coding, encoded.size);
    client_send(connection, buffer_bytes(&head));
    client_send(connection, encoded);
    buffer_reset(&head);
}

static void test_encoded_requests(void **state)
{
    (void)state;
    struct echo echo;
    struct buffer body = {0};
    struct buffer encoded = {0};
    echo_open(&echo, (struct http_server_options){0});
    memset(buffer_extend(&body, 100000), 'z', 100000);
    assert_true(net__coding_encode(CODING_GZIP, buffer_bytes(&body), &encoded));
    int connection = echo_connect(&echo);
    send_encoded(connection, "/echo", "gzip", buffer_bytes(&encoded));
    expect(connection, ANSWER("100000") "\r\nzzzzzzzz");
    struct buffer rest = {0};
    client_receive(connection, &rest, 100000 - 8);
    send_encoded(connection, "/received", "GZip", buffer_bytes(&encoded));
    buffer_clear(&rest);
    buffer_put_format(&rest, ANSWER("%zu") "\r\n", encoded.size);
    buffer_put_u8(&rest, 0);
    expect(connection, (const char *)rest.data);
    buffer_clear(&rest);
    client_receive(connection, &rest, encoded.size);
    assert_true(bytes_equal(buffer_bytes(&rest), buffer_bytes(&encoded)));
    /* What decodes to more than a body may be. */
    buffer_clear(&encoded);
    memset(buffer_extend(&body, ECHO_BODY_BYTES_MAX), 'z', ECHO_BODY_BYTES_MAX);
    assert_true(net__coding_encode(CODING_DEFLATE, buffer_bytes(&body), &encoded));
    send_encoded(connection, "/echo", "deflate", buffer_bytes(&encoded));
    expect(connection, "HTTP/1.1 413 ");
    assert_int_equal(close(connection), 0);
    buffer_reset(&rest);
    buffer_reset(&body);
    buffer_reset(&encoded);
    echo_close(&echo);
}

/* Exchanges are used again; nothing of the one before may be seen. */
static void test_requests_do_not_see_each_other(void **state)
{
    (void)state;
    struct echo echo;
    echo_open(&echo, (struct http_server_options){0});
    int connection = echo_connect(&echo);
    for (int i = 0; i < 3; i++) {
        client_send_text(connection, HEAD("/seen") "X-Once: here\r\nContent-Length: 3\r\n\r\nabc");
        expect(connection, ANSWER("3") "\r\n4 0");
        client_send_text(connection, HEAD("/seen") "\r\n");
        expect(connection, ANSWER("3") "\r\n0 0");
        client_send_text(connection, HEAD("/echo") "\r\n");
        expect(connection, ANSWER("0") "\r\n");
    }
    assert_int_equal(close(connection), 0);
    echo_close(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_a_client_that_does_not_read_waits),
        cmocka_unit_test(test_silence_and_dawdling_end),
        cmocka_unit_test(test_a_body_that_comes_slowly_ends),
        cmocka_unit_test(test_a_client_that_closed_its_side_is_answered),
        cmocka_unit_test(test_clients_that_leave),
        cmocka_unit_test(test_a_refusal_is_heard),
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_answers_without_a_body),
        cmocka_unit_test(test_encoded_requests),
        cmocka_unit_test(test_requests_do_not_see_each_other),
    };
    return cmocka_run_group_tests_name("net/server", tests, NULL, NULL);
}
