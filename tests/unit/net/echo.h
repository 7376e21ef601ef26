/* A server that a test talks to over a socket.
 *
 * /echo answers with the body; /later the same from another thread; /large with LARGE_BYTES; /none with 204;
 * /received with the body as received; /seen with how many headers of that name there are ("X-Once") and the arena's
 * size. */
#ifndef UNIT_NET_ECHO_H
#define UNIT_NET_ECHO_H

#include <stdatomic.h>

#include "base/mailbox.h"
#include "base/memory.h"
#include "base/thread.h"
#include "net/http.h"
#include "support/client.h"

enum {
    LARGE_BYTES = 8 * 1024 * 1024,
    ECHO_BODY_BYTES_MAX = 1024 * 1024,
};

struct echo_later {
    struct message message; /* first member */
    struct http_exchange *exchange;
};

struct echo {
    struct http_server *server;
    struct mailbox *later;
    struct thread *thread;
    atomic_size_t handled;
    uint8_t *large;
};

static inline void echo_answer(struct http_exchange *exchange, unsigned status, struct bytes body)
{
    struct http_answer answer = {.status = status, .type = "text/plain", .body = body};
    http_reply(&exchange, &answer);
}

static inline void echo_handle(void *context, struct http_exchange *exchange)
{
    struct echo *echo = context;
    struct bytes path = http_path(exchange);
    atomic_fetch_add(&echo->handled, 1);
    if (bytes_equal(path, bytes_of_text("/later"))) {
        struct echo_later *later = memory_create(sizeof(*later));
        later->exchange = exchange;
        if (mailbox_send(echo->later, &later->message) != STATUS_OK) { /* the test is over */
            memory_destroy(later);
            echo_answer(exchange, 503, (struct bytes){0});
        }
    } else if (bytes_equal(path, bytes_of_text("/large"))) {
        echo_answer(exchange, 200, bytes_of(echo->large, LARGE_BYTES));
    } else if (bytes_equal(path, bytes_of_text("/none"))) {
        echo_answer(exchange, 204, (struct bytes){0});
    } else if (bytes_equal(path, bytes_of_text("/received"))) {
        echo_answer(exchange, 200, http_body_received(exchange));
    } else if (bytes_equal(path, bytes_of_text("/seen"))) {
        size_t total = http_arena(exchange)->total;
        char *text =
            arena_format(http_arena(exchange), "%zu %zu", http_header(exchange, "X-Once").size, total);
        echo_answer(exchange, 200, bytes_of_text(text));
    } else {
        echo_answer(exchange, 200, http_body(exchange));
    }
}

static inline void echo_answer_later(void *context)
{
    struct echo *echo = context;
    struct message *message = mailbox_receive(echo->later, -1);
    while (message != NULL) {
        struct message *next = message->next;
        struct http_exchange *exchange = ((struct echo_later *)message)->exchange;
        memory_destroy(message);
        echo_answer(exchange, 200, http_body(exchange));
        message = next != NULL ? next : mailbox_receive(echo->later, -1);
    }
}

static inline void echo_open(struct echo *echo, struct http_server_options options)
{
    struct error error;
    *echo = (struct echo){.later = mailbox_create(1000), .large = memory_create(LARGE_BYTES)};
    memset(echo->large, 'L', LARGE_BYTES);
    options.endpoint.address = "127.0.0.1:0";
    options.endpoint.flag = "--http";
    options.body_bytes_max = ECHO_BODY_BYTES_MAX;
    options.handle = echo_handle;
    options.context = echo;
    assert_ok(thread_create("later", echo_answer_later, echo, &echo->thread, &error), error);
    assert_ok(http_server_open(&options, &echo->server, &error), error);
}

static inline void echo_close(struct echo *echo)
{
    mailbox_close(echo->later);
    thread_join(&echo->thread);
    http_server_close(&echo->server);
    mailbox_destroy(&echo->later);
    memory_destroy(echo->large);
}

static inline int echo_connect(const struct echo *echo)
{
    return client_connect(http_server_address(echo->server));
}

#endif
