/* Opening, the thread, stopping, and answers that come from other threads. */
#include "base/memory.h"
#include "connection.h"

/* --- answers ---------------------------------------------------------------------------------------------------- */

void http_reply(struct http_exchange **exchange, const struct http_answer *answer)
{
    struct http_exchange *done = *exchange;
    struct http_server *server = done->server;
    *exchange = NULL;
    CHECK(done->resume == NULL);
    struct bytes body = net__exchange_put_head(done, answer) ? answer->body : (struct bytes){0};
    if (net__loop_is_own_thread(&server->loop) && server->handling == done) {
        server->handling = NULL;
        net__connection_answer(done, body); /* whoever called the handler goes on with the connection */
        return;
    }
    buffer_put(&done->answer, body);
    net__loop_send(&server->loop, &done->message);
}

void http_resume(struct http_exchange *exchange, void (*resume)(struct http_exchange *exchange))
{
    exchange->resume = resume;
    net__loop_send(&exchange->server->loop, &exchange->message);
}

/* Whether the exchange was answered. */
static bool server_take_reply(struct http_server *server, struct http_exchange *exchange)
{
    void (*resume)(struct http_exchange *) = exchange->resume;
    if (resume == NULL) {
        net__connection_answer(exchange, (struct bytes){0});
        return true;
    }
    exchange->resume = NULL;
    server->handling = exchange;
    resume(exchange);
    bool is_answered = server->handling == NULL;
    server->handling = NULL;
    return is_answered;
}

static void server_receive(struct loop *loop, struct message *message)
{
    struct http_exchange *exchange = (struct http_exchange *)message;
    struct connection *connection = exchange->connection;
    if (server_take_reply((struct http_server *)loop, exchange) && connection != NULL) {
        net__connection_go_on(connection);
    }
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

static void server_accept(struct loop *loop)
{
    net__connection_accept((struct http_server *)loop);
}

static void server_stop(struct loop *loop)
{
    struct http_server *server = (struct http_server *)loop;
    while (server->connections.first != NULL) {
        net__connection_close(list_first(&server->connections));
    }
}

enum status http_server_open(const struct http_server_options *options, struct http_server **ret_server,
                             struct error *error)
{
    struct http_server *server = memory_create(sizeof(*server));
    struct loop_options loop = {.name = "http",
                                .endpoint = options->endpoint,
                                .protocol = "http/1.1",
                                .leader = options->leader == NULL ? NULL : &options->leader->loop,
                                .accept = server_accept,
                                .receive = server_receive,
                                .stop = server_stop};
    server->options = *options;
    enum status status = net__loop_open(&server->loop, &loop, error);
    if (status != STATUS_OK) {
        http_server_close(&server);
        return status;
    }
    *ret_server = server;
    return STATUS_OK;
}

void http_server_close(struct http_server **server)
{
    struct http_server *gone = *server;
    *server = NULL;
    if (gone == NULL) {
        return;
    }
    net__loop_close(&gone->loop);
    net__exchange_pool_reset(&gone->exchanges);
    memory_destroy(gone);
}

enum status http_server_reload(struct http_server *server, struct error *error)
{
    return net__loop_reload(&server->loop, error);
}

const char *http_server_address(const struct http_server *server)
{
    return server->loop.address;
}
