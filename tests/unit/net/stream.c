/* Byte streams: order, torn input, clients that do not read, say nothing or leave, tasks of other threads. */
#include "net/stream.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"
#include "support/client.h"

enum {
    LARGE_BYTES = 8 * 1024 * 1024,
};

/* Words end with a line feed: "large" is answered with LARGE_BYTES, "end" with "bye" and the end, "who" with whether the
 * addresses are told, "stay" settles; all others come back. */
struct lines {
    struct stream_server *server;
    uint8_t *large;
    atomic_size_t opened;
    atomic_size_t closed;
    atomic_size_t words;
    struct stream *last; /* the server's thread only */
};

static void lines_opened(void *context, struct stream *stream)
{
    struct lines *lines = context;
    lines->last = stream;
    stream_context_set(stream, lines);
    atomic_fetch_add(&lines->opened, 1);
}

static void lines_closed(void *context, struct stream *stream)
{
    struct lines *lines = context;
    assert_ptr_equal(stream_context(stream), lines);
    lines->last = lines->last == stream ? NULL : lines->last;
    atomic_fetch_add(&lines->closed, 1);
}

static void lines_answer(struct lines *lines, struct stream *stream, struct bytes word)
{
    atomic_fetch_add(&lines->words, 1);
    if (bytes_equal(word, bytes_of_text("large\n"))) {
        stream_send(stream, bytes_of(lines->large, LARGE_BYTES));
    } else if (bytes_equal(word, bytes_of_text("end\n"))) {
        stream_send(stream, bytes_of_text("bye\n"));
        stream_end(stream);
        stream_send(stream, bytes_of_text("never\n"));
    } else if (bytes_equal(word, bytes_of_text("who\n"))) {
        struct stream_address local;
        struct stream_address remote;
        stream_addresses(stream, &local, &remote);
        bool is_told =
            local.host_bytes == remote.host_bytes &&
            (local.host_bytes == 4 ? local.host[0] == 127 && remote.host[0] == 127
                                   : local.host[15] == 1 && remote.host[15] == 1) &&
            local.port != remote.port &&
            local.port == strtoul(strrchr(stream_server_address(lines->server), ':') + 1, NULL, 10);
        stream_send(stream, bytes_of_text(is_told ? "yes\n" : "no\n"));
    } else if (bytes_start_with(word, bytes_of_text("held"))) {
        stream_hold(stream, word);
    } else {
        stream_send(stream, word);
    }
    if (bytes_equal(word, bytes_of_text("stay\n"))) {
        stream_settle(stream);
    }
}

static size_t lines_received(void *context, struct stream *stream, struct bytes bytes)
{
    size_t used = 0;
    while (!stream_is_congested(stream)) {
        struct bytes rest = bytes_from(bytes, used);
        const uint8_t *end = bytes_find_byte(rest, '\n');
        if (end == NULL) {
            break;
        }
        size_t size = (size_t)(end - rest.data) + 1;
        lines_answer(context, stream, bytes_part(rest, 0, size));
        used += size;
    }
    return used;
}

static void lines_open_with(struct lines *lines, struct stream_server_options options)
{
    struct error error;
    *lines = (struct lines){.large = memory_create(LARGE_BYTES)};
    options.endpoint.flag = "--cql";
    options.opened = lines_opened;
    options.received = lines_received;
    options.closed = lines_closed;
    options.context = lines;
    assert_ok(stream_server_open(&options, &lines->server, &error), error);
}

static void lines_open_at(struct lines *lines, const char *address, unsigned handshake_ms)
{
    lines_open_with(lines, (struct stream_server_options){.endpoint.address = address,
                                                          .handshake_ms = handshake_ms});
}

static void lines_open(struct lines *lines, unsigned handshake_ms)
{
    lines_open_at(lines, "127.0.0.1:0", handshake_ms);
}

static void lines_close(struct lines *lines)
{
    stream_server_close(&lines->server);
    assert_int_equal(atomic_load(&lines->opened), atomic_load(&lines->closed));
    memory_destroy(lines->large);
}

static int lines_connect(const struct lines *lines)
{
    return client_connect(stream_server_address(lines->server));
}

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

static void test_torn_and_joined_words(void **state)
{
    (void)state;
    struct lines lines;
    lines_open(&lines, 0);
    int connection = lines_connect(&lines);
    const char *text = "one\ntwo\nthree\n";
    for (size_t i = 0; i < strlen(text); i++) {
        client_send(connection, bytes_of(text + i, 1));
        (void)usleep(2000);
    }
    expect(connection, text);
    client_send_text(connection, "a\nb\nc\nhal");
    expect(connection, "a\nb\nc\n");
    client_send_text(connection, "f\nwho\n");
    expect(connection, "half\nyes\n");
    assert_int_equal(close(connection), 0);
    lines_close(&lines);
}

/* In their order, before the loop waits again, whatever comes in between or after. */
static void test_held_words_are_sent(void **state)
{
    (void)state;
    struct lines lines;
    struct buffer text = {0};
    struct buffer many = {0};
    lines_open(&lines, 0);
    int connection = lines_connect(&lines);
    client_send_text(connection, "held\n");
    expect(connection, "held\n");
    client_send_text(connection, "held a\nheld b\nc\nheld d\n");
    expect(connection, "held a\nheld b\nc\nheld d\n");
    for (int i = 0; i < 5000; i++) {
        buffer_put_format(&many, "held %d\n", i);
    }
    client_send(connection, buffer_bytes(&many));
    client_receive(connection, &text, many.size);
    assert_true(bytes_equal(buffer_bytes(&text), buffer_bytes(&many)));
    client_send_text(connection, "held\nend\n");
    expect(connection, "held\nbye\n");
    expect_closed(connection);
    connection = lines_connect(&lines);
    client_send_text(connection, "held to the end\n");
    assert_int_equal(shutdown(connection, SHUT_WR), 0);
    expect(connection, "held to the end\n");
    expect_closed(connection);
    buffer_reset(&text);
    buffer_reset(&many);
    lines_close(&lines);
}

struct last_words {
    struct stream_task task; /* first member */
    struct lines *lines;
    atomic_bool is_running;
};

/* It takes so long that the server is stopping when it has ended. */
static void last_words_run(struct stream_task *task)
{
    struct last_words *words = (struct last_words *)task;
    stream_hold(words->lines->last, bytes_of_text("farewell\n"));
    atomic_store(&words->is_running, true);
    (void)usleep(100000);
}

static void test_held_words_go_out_before_a_stop(void **state)
{
    (void)state;
    struct lines lines;
    struct last_words words = {.task.run = last_words_run, .lines = &lines};
    lines_open(&lines, 0);
    int connection = lines_connect(&lines);
    client_send_text(connection, "here\n");
    expect(connection, "here\n");
    stream_server_post(lines.server, &words.task);
    while (!atomic_load(&words.is_running)) {
        (void)usleep(1000);
    }
    lines_close(&lines);
    expect(connection, "farewell\n");
    expect_closed(connection);
}

/* Two of them fill the socket; the rest is asked for only when they were read. */
static void test_a_client_that_does_not_read_waits(void **state)
{
    (void)state;
    enum {
        WORDS = 20,
    };
    struct lines lines;
    lines_open(&lines, 0);
    int connection = lines_connect(&lines);
    for (int i = 0; i < WORDS; i++) {
        client_send_text(connection, "large\n");
    }
    (void)usleep(200000);
    assert_true(atomic_load(&lines.words) <= 3);
    for (int i = 0; i < WORDS; i++) {
        struct buffer text = {0};
        client_receive(connection, &text, LARGE_BYTES);
        buffer_reset(&text);
    }
    client_send_text(connection, "done\n");
    expect(connection, "done\n");
    assert_int_equal(close(connection), 0);
    lines_close(&lines);
}

static void test_the_last_words_are_heard(void **state)
{
    (void)state;
    struct lines lines;
    struct buffer text = {0};
    lines_open(&lines, 0);
    int connection = lines_connect(&lines);
    client_send_text(connection, "large\nend\nnobody hears this\n");
    client_receive_all(connection, &text);
    assert_int_equal(text.size, LARGE_BYTES + 4);
    assert_memory_equal(text.data + LARGE_BYTES, "bye\n", 4);
    assert_int_equal(close(connection), 0);
    buffer_reset(&text);
    lines_close(&lines);
}

static void test_only_strangers_have_to_hurry(void **state)
{
    (void)state;
    struct lines lines;
    lines_open(&lines, 2000);
    int known = lines_connect(&lines);
    int stranger = lines_connect(&lines);
    client_send_text(known, "stay\n");
    client_send_text(stranger, "soon\n");
    expect(known, "stay\n");
    expect(stranger, "soon\n");
    expect_closed(stranger);
    (void)usleep(100000);
    client_send_text(known, "here\n");
    expect(known, "here\n");
    assert_int_equal(close(known), 0);
    lines_close(&lines);
}

static void test_clients_that_leave(void **state)
{
    (void)state;
    struct lines lines;
    lines_open(&lines, 0);
    for (int i = 0; i < 100; i++) {
        int connection = lines_connect(&lines);
        struct linger at_once = {.l_onoff = 1}; /* a reset */
        client_send_text(connection, i % 2 == 0 ? "large\n" : "ha");
        if (i % 3 == 0) {
            assert_int_equal(setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        }
        assert_int_equal(close(connection), 0);
    }
    int connection = lines_connect(&lines);
    client_send_text(connection, "well\n");
    expect(connection, "well\n");
    lines_close(&lines);
    expect_closed(connection);
}

static void test_many_that_are_idle(void **state)
{
    (void)state;
    enum {
        CLIENTS = 400,
    };
    struct lines lines;
    int connections[CLIENTS];
    lines_open(&lines, 0);
    for (int i = 0; i < CLIENTS; i++) {
        connections[i] = lines_connect(&lines);
        client_send_text(connections[i], "stay\n");
    }
    for (int i = 0; i < CLIENTS; i++) {
        expect(connections[i], "stay\n");
        assert_int_equal(close(connections[i]), 0);
    }
    lines_close(&lines);
}

struct shout {
    struct stream_task task; /* first member */
    struct lines *lines;
    int number;
};

static void shout_run(struct stream_task *task)
{
    struct shout *shout = (struct shout *)task;
    struct buffer text = {0};
    buffer_put_format(&text, "%d\n", shout->number);
    stream_send(shout->lines->last, buffer_bytes(&text));
    buffer_reset(&text);
    memory_destroy(shout);
}

static void shout_all(void *context)
{
    struct lines *lines = context;
    for (int i = 0; i < 1000; i++) {
        struct shout *shout = memory_create(sizeof(*shout));
        *shout = (struct shout){.task.run = shout_run, .lines = lines, .number = i};
        stream_server_post(lines->server, &shout->task);
    }
}

static void test_tasks_of_another_thread(void **state)
{
    (void)state;
    struct lines lines;
    struct thread *thread = NULL;
    struct error error;
    struct buffer expected = {0};
    struct buffer text = {0};
    lines_open(&lines, 0);
    int connection = lines_connect(&lines);
    client_send_text(connection, "first\n");
    expect(connection, "first\n");
    assert_ok(thread_create("shout", shout_all, &lines, &thread, &error), error);
    for (int i = 0; i < 1000; i++) {
        buffer_put_format(&expected, "%d\n", i);
    }
    client_receive(connection, &text, expected.size);
    assert_true(bytes_equal(buffer_bytes(&text), buffer_bytes(&expected)));
    thread_join(&thread);
    lines_close(&lines);
    assert_int_equal(close(connection), 0);
    buffer_reset(&text);
    buffer_reset(&expected);
}

static void shout_large(struct stream_task *task)
{
    struct shout *shout = (struct shout *)task;
    if (shout->lines->last != NULL) {
        stream_send(shout->lines->last, bytes_of(shout->lines->large, LARGE_BYTES));
    }
    memory_destroy(shout);
}

static void shout_to_the_end(struct stream_task *task)
{
    struct shout *shout = (struct shout *)task;
    struct stream *stream = shout->lines->last;
    for (size_t sent = 0; sent <= (size_t)NET_UNSENT_BYTES_MAX; sent += LARGE_BYTES) {
        stream_send(stream, bytes_of(shout->lines->large, LARGE_BYTES));
    }
    stream_end(stream);
    memory_destroy(shout);
}

/* More waits to be sent than there may be; the end takes none of it away. */
static void test_a_full_stream_ends_whole(void **state)
{
    (void)state;
    struct lines lines;
    struct buffer text = {0};
    lines_open(&lines, 0);
    int connection = lines_connect(&lines);
    client_send_text(connection, "stay\n");
    expect(connection, "stay\n");
    struct shout *shout = memory_create(sizeof(*shout));
    *shout = (struct shout){.task.run = shout_to_the_end, .lines = &lines};
    stream_server_post(lines.server, &shout->task);
    client_receive_all(connection, &text);
    assert_true(text.size > NET_UNSENT_BYTES_MAX);
    assert_int_equal(close(connection), 0);
    buffer_reset(&text);
    lines_close(&lines);
}

/* Who is sent more and more and takes nothing is let go; the sooner, the more all together leave. Returns how often it was sent
 * something. */
static int never_read(size_t unsent_all_max)
{
    struct lines lines;
    int count = 0;
    lines_open_with(&lines, (struct stream_server_options){.endpoint.address = "127.0.0.1:0",
                                                           .unsent_all_max = unsent_all_max});
    int connection = lines_connect(&lines);
    client_send_text(connection, "stay\n");
    expect(connection, "stay\n");
    for (; atomic_load(&lines.closed) == 0; count++) {
        struct shout *shout = memory_create(sizeof(*shout));
        *shout = (struct shout){.task.run = shout_large, .lines = &lines};
        assert_true(count < 3000);
        stream_server_post(lines.server, &shout->task);
        (void)usleep(20000); /* the server's thread does it meanwhile, mostly */
    }
    assert_int_equal(close(connection), 0);
    lines_close(&lines);
    return count;
}

static void test_a_client_that_never_reads(void **state)
{
    (void)state;
    int alone = never_read(0);
    int among_many = never_read(LARGE_BYTES / 4);
    assert_true(alone > NET_UNSENT_BYTES_MAX / LARGE_BYTES);
    assert_true(among_many < alone);
}

/* One byte there and back, by each address that a client may have for the server. */
static void expect_served(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    char text[8] = "";
    assert_int_equal(getaddrinfo(host, port, &hints, &found), 0);
    int connection = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(connection, found->ai_addr, found->ai_addrlen), 0);
    freeaddrinfo(found);
    assert_int_equal(write(connection, "who\n", 4), 4);
    assert_int_equal(read(connection, text, sizeof(text)), 4);
    assert_memory_equal(text, "yes\n", 4);
    assert_int_equal(close(connection), 0);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = probe >= 0 && bind(probe, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0;
    (void)close(probe);
    return has;
}

static void test_both_addresses_of_localhost_are_served(void **state)
{
    (void)state;
    struct lines lines;
    lines_open_at(&lines, "localhost:0", 0);
    const char *colon = strrchr(stream_server_address(lines.server), ':');
    assert_memory_equal(stream_server_address(lines.server), "127.0.0.1:", 10);
    expect_served("127.0.0.1", colon + 1);
    if (has_ipv6()) {
        expect_served("::1", colon + 1);
    }
    lines_close(&lines);
    if (has_ipv6()) {
        lines_open_at(&lines, "[::1]:0", 0);
        assert_memory_equal(stream_server_address(lines.server), "[::1]:", 6);
        expect_served("::1", strrchr(stream_server_address(lines.server), ':') + 1);
        lines_close(&lines);
    }
}

/* Three servers share the clients of one: each gets one in turn, whichever address it came to, and serves it on its own. */
static void test_clients_are_shared(void **state)
{
    (void)state;
    struct lines lines[3];
    int connections[9];
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        lines_open_with(&lines[i], (struct stream_server_options){.endpoint.address = "localhost:0",
                                                                  .leader = i == 0 ? NULL : lines[0].server});
        assert_string_equal(stream_server_address(lines[i].server), stream_server_address(lines[0].server));
    }
    for (size_t i = 0; i < ARRAY_COUNT(connections); i++) {
        connections[i] = lines_connect(&lines[0]);
        client_send_text(connections[i], "here\n");
        expect(connections[i], "here\n");
    }
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        assert_int_equal(atomic_load(&lines[i].opened), 3);
    }
    lines_close(&lines[0]); /* its own clients go with it, those of the others stay */
    for (size_t i = 0; i < ARRAY_COUNT(connections); i++) {
        if (i % 3 != 0) {
            client_send_text(connections[i], "still here\n");
            expect(connections[i], "still here\n");
        }
        assert_int_equal(close(connections[i]), 0);
    }
    lines_close(&lines[1]);
    lines_close(&lines[2]);
}

static void test_which_addresses_are_local(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        enum status plain;
        enum status remote;
    } cases[] = {
        {"127.0.0.1:80", STATUS_OK, STATUS_OK},
        {"127.9.9.9:0", STATUS_OK, STATUS_OK},
        {"[::1]:80", STATUS_OK, STATUS_OK},
        {"localhost:65535", STATUS_OK, STATUS_OK},
        {"0.0.0.0:80", STATUS_DENIED, STATUS_OK},
        {"[::]:80", STATUS_DENIED, STATUS_OK},
        {"192.168.1.2:80", STATUS_DENIED, STATUS_OK},
        {"[fe80::1]:80", STATUS_DENIED, STATUS_OK},
        {"[::ffff:8.8.8.8]:80", STATUS_DENIED, STATUS_OK},
        {"::1:80", STATUS_INVALID, STATUS_INVALID},
        {"[127.0.0.1]:80", STATUS_INVALID, STATUS_INVALID},
        {"example.org:80", STATUS_INVALID, STATUS_INVALID},
        {"127.0.0.1", STATUS_INVALID, STATUS_INVALID},
        {"127.0.0.1:", STATUS_INVALID, STATUS_INVALID},
        {"127.0.0.1:65536", STATUS_INVALID, STATUS_INVALID},
        {":80", STATUS_INVALID, STATUS_INVALID},
        {"[]:80", STATUS_INVALID, STATUS_INVALID},
        {"[:80", STATUS_INVALID, STATUS_INVALID},
        {"127.0.0.1:8x", STATUS_INVALID, STATUS_INVALID},
        {"127.0.0.1:-1", STATUS_INVALID, STATUS_INVALID},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct error error;
        struct net_endpoint endpoint = {.address = cases[i].address, .flag = "--cql"};
        assert_int_equal(net_endpoint_check(&endpoint, &error), cases[i].plain);
        assert_int_equal(net_endpoint_is_local(&endpoint), cases[i].plain == STATUS_OK);
        endpoint.certificate_file = "certificate";
        endpoint.may_be_remote = true;
        assert_int_equal(net_endpoint_check(&endpoint, &error), cases[i].remote);
    }
}

static void test_addresses_that_are_refused(void **state)
{
    (void)state;
    struct stream_server_options options = {.endpoint.flag = "--cql", .endpoint.address = "10.0.0.1:9042"};
    struct stream_server *server = NULL;
    struct error error;
    assert_status(stream_server_open(&options, &server, &error), STATUS_DENIED, error);
    options.endpoint.address = "localhost";
    assert_status(stream_server_open(&options, &server, &error), STATUS_INVALID, error);
    assert_non_null(strstr(error.text, "--cql"));
    assert_null(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torn_and_joined_words),
        cmocka_unit_test(test_held_words_are_sent),
        cmocka_unit_test(test_held_words_go_out_before_a_stop),
        cmocka_unit_test(test_a_full_stream_ends_whole),
        cmocka_unit_test(test_a_client_that_does_not_read_waits),
        cmocka_unit_test(test_the_last_words_are_heard),
        cmocka_unit_test(test_only_strangers_have_to_hurry),
        cmocka_unit_test(test_clients_that_leave),
        cmocka_unit_test(test_many_that_are_idle),
        cmocka_unit_test(test_tasks_of_another_thread),
        cmocka_unit_test(test_a_client_that_never_reads),
        cmocka_unit_test(test_both_addresses_of_localhost_are_served),
        cmocka_unit_test(test_clients_are_shared),
        cmocka_unit_test(test_which_addresses_are_local),
        cmocka_unit_test(test_addresses_that_are_refused),
    };
    return cmocka_run_group_tests_name("net/stream", tests, NULL, NULL);
}
