/* Opening, the thread, stopping, and answers that come from other threads. */
#include "base/memory.h"
#include "connection.h"
#include "listener.h"

/* --- answers ---------------------------------------------------------------------------------------------------- */

void http_reply(struct http_exchange **exchange, const struct http_answer *answer)
{
    struct http_exchange *done = *exchange;
    struct http_server *server = done->server;
    *exchange = NULL;
    CHECK(done->resume == NULL);
    struct bytes body = net__exchange_put_head(done, answer) ? answer->body : (struct bytes){0};
    uv_thread_t self = uv_thread_self();
    if (uv_thread_equal(&self, &server->owner) && server->handling == done) {
        server->handling = NULL;
        net__connection_answer(done, body); /* whoever called the handler goes on with the connection */
        return;
    }
    buffer_put(&done->answer, body);
    enum status status = mailbox_send_reply(server->replies, &done->message);
    CHECK(status == STATUS_OK); /* the server closes after all exchanges were answered */
    (void)uv_async_send(&server->wake);
}

void http_resume(struct http_exchange *exchange, void (*resume)(struct http_exchange *exchange))
{
    struct http_server *server = exchange->server;
    exchange->resume = resume;
    enum status status = mailbox_send_reply(server->replies, &exchange->message);
    CHECK(status == STATUS_OK); /* the server closes after all exchanges were answered */
    (void)uv_async_send(&server->wake);
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

/* Until none is left: what is resumed may answer at once. */
static void server_send_replies(struct http_server *server)
{
    struct message *message = mailbox_receive(server->replies, 0);
    while (message != NULL) {
        struct http_exchange *exchange = (struct http_exchange *)message;
        struct connection *connection = exchange->connection;
        message = message->next;
        if (server_take_reply(server, exchange) && connection != NULL) {
            net__connection_go_on(connection);
        }
        message = message == NULL ? mailbox_receive(server->replies, 0) : message;
    }
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static void server_accept(uv_stream_t *listener, int result)
{
    if (result == 0) {
        net__connection_accept(listener->data);
    }
}

static void server_woken(uv_async_t *wake)
{
    struct http_server *server = wake->data;
    server_send_replies(server);
    if (atomic_load(&server->is_stopping) && !uv_is_closing((uv_handle_t *)&server->listener)) {
        while (server->connections != NULL) {
            net__connection_close(server->connections);
        }
        uv_close((uv_handle_t *)&server->listener, NULL);
        uv_close((uv_handle_t *)&server->wake, NULL);
    }
}

static void server_run(void *context)
{
    struct http_server *server = context;
    server->owner = uv_thread_self();
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

enum status http_server_open(const struct http_server_options *options, struct http_server **ret_server,
                             struct error *error)
{
    struct http_server *server = memory_create(sizeof(*server));
    server->options = *options;
    server->replies = mailbox_create(NET_REPLIES_MAX);
    CHECK(uv_loop_init(&server->loop) == 0);
    (void)uv_tcp_init(&server->loop, &server->listener);
    (void)uv_async_init(&server->loop, &server->wake, server_woken);
    server->listener.data = server;
    server->wake.data = server;
    enum status status = STATUS_OK;
    if (options->certificate_file != NULL || options->key_file != NULL) {
        status = net__tls_context_open(options->certificate_file, options->key_file, "http/1.1", &server->tls,
                                       error);
    }
    if (status == STATUS_OK) {
        status = net__listener_open(&server->listener, options->address, options->flag, server_accept,
                                    &server->address, error);
    }
    if (status == STATUS_OK) {
        status = thread_create("http", server_run, server, &server->thread, error);
    }
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
    atomic_store(&gone->is_stopping, true);
    (void)uv_async_send(&gone->wake);
    if (gone->thread == NULL) {
        server_run(gone);
    }
    thread_join(&gone->thread);
    CHECK(uv_loop_close(&gone->loop) == 0);
    mailbox_destroy(&gone->replies);
    net__exchange_pool_reset(&gone->exchanges);
    net__tls_context_close(&gone->tls);
    memory_destroy(gone->address);
    memory_destroy(gone);
}

const char *http_server_address(const struct http_server *server)
{
    return server->address;
}
