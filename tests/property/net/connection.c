/* Random requests, whole and damaged, sent in random pieces to a server whose answers come from two threads: each
 * request gets its answer, in order, and nothing else is answered. What is expected is what the parser makes of all the bytes
 * at once. Some clients leave without reading. */
#include "echo.h"
#include "requests.h"
#include "transcript.h"

enum {
    BODY_BYTES_MAX = 4096,
};

struct world {
    struct mailbox *later;
    size_t handled;
};

static void world_handle(void *context, struct http_exchange *exchange)
{
    struct world *world = context;
    if (world->handled++ % 2 == 0) {
        echo_answer(exchange, 200, (struct bytes){0});
        return;
    }
    struct echo_later *later = memory_create(sizeof(*later));
    later->exchange = exchange;
    if (mailbox_send(world->later, &later->message) != STATUS_OK) { /* the test is over */
        memory_destroy(later);
        echo_answer(exchange, 503, (struct bytes){0});
    }
}

static void world_answer_later(void *context)
{
    struct world *world = context;
    struct message *message = mailbox_receive(world->later, -1);
    while (message != NULL) {
        struct message *next = message->next;
        echo_answer(((struct echo_later *)message)->exchange, 200, (struct bytes){0});
        memory_destroy(message);
        message = next != NULL ? next : mailbox_receive(world->later, -1);
    }
}

static size_t whole(void *context, size_t left)
{
    (void)context;
    return left;
}

/* The statuses that a transcript asks for. */
static void statuses_expected(const struct buffer *transcript, struct buffer *ret_statuses)
{
    size_t at = 0;
    while (at < transcript->size) {
        const uint8_t *line = transcript->data + at;
        const uint8_t *end = memchr(line, '\n', transcript->size - at);
        if (*line >= 'A' && *line <= 'Z') {
            buffer_put_text(ret_statuses, "200 ");
        } else if (*line >= '1' && *line <= '9') {
            buffer_put(ret_statuses, bytes_of(line, 3));
            buffer_put_text(ret_statuses, " ");
        }
        at = (size_t)(end + 1 - transcript->data);
    }
}

static void statuses_received(const struct buffer *text, struct buffer *ret_statuses)
{
    static const char mark[] = "HTTP/1.1 ";
    size_t at = 0;
    const uint8_t *found = NULL;
    while (at < text->size &&
           (found = memmem(text->data + at, text->size - at, mark, sizeof(mark) - 1)) != NULL) {
        at = (size_t)(found - text->data) + sizeof(mark) - 1 + 4;
        if (memcmp(found + sizeof(mark) - 1, "100 ", 4) != 0) {
            buffer_put(ret_statuses, bytes_of(found + sizeof(mark) - 1, 4));
        }
    }
}

static void send_in_pieces(int connection, struct random *random, struct bytes input)
{
    while (input.size > 0) {
        size_t size = 1 + (size_t)random_below(random, input.size);
        client_send(connection, bytes_part(input, 0, size));
        input = bytes_from(input, size);
        if (random_below(random, 4) == 0) {
            (void)usleep((useconds_t)random_below(random, 300));
        }
    }
}

static void assert_answered(int connection, struct bytes input)
{
    struct buffer text = {0};
    struct buffer expected = {0};
    struct buffer received = {0};
    struct buffer transcript = transcript_of(input, whole, NULL, BODY_BYTES_MAX);
    statuses_expected(&transcript, &expected);
    assert_int_equal(shutdown(connection, SHUT_WR), 0);
    client_receive_all(connection, &text);
    statuses_received(&text, &received);
    if (!bytes_equal(buffer_bytes(&expected), buffer_bytes(&received))) {
        fail_msg("answered %.*s, not %.*s: %.*s", (int)received.size, (const char *)received.data,
                 (int)expected.size, (const char *)expected.data, (int)input.size, (const char *)input.data);
    }
    buffer_reset(&text);
    buffer_reset(&expected);
    buffer_reset(&received);
    buffer_reset(&transcript);
}

static void test_each_request_gets_its_answer(void **state)
{
    (void)state;
    struct world world = {.later = mailbox_create(100000)};
    struct http_server_options options = {.endpoint.address = "127.0.0.1:0",
                                          .endpoint.flag = "--http",
                                          .body_bytes_max = BODY_BYTES_MAX,
                                          .handle = world_handle,
                                          .context = &world};
    struct echo echo = {0};
    struct thread *thread = NULL;
    struct random random;
    struct buffer input = {0};
    struct error error;
    random_init(&random, test_seed());
    assert_ok(thread_create("later", world_answer_later, &world, &thread, &error), error);
    assert_ok(http_server_open(&options, &echo.server, &error), error);
    for (uint64_t round = 0; round < test_rounds(1000); round++) {
        requests_make(&random, &input);
        int connection = echo_connect(&echo);
        send_in_pieces(connection, &random, buffer_bytes(&input));
        if (random_below(&random, 4) > 0) {
            assert_answered(connection, buffer_bytes(&input));
        }
        assert_int_equal(close(connection), 0);
    }
    mailbox_close(world.later);
    thread_join(&thread);
    http_server_close(&echo.server);
    mailbox_destroy(&world.later);
    buffer_reset(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_request_gets_its_answer),
    };
    return cmocka_run_group_tests_name("net/connection property", tests, NULL, NULL);
}
