#include "connection.h"

#include <sys/socket.h>

#include "base/memory.h"
#include "base/metric.h"
#include "parse.h"
#include "socket.h"

/* Freed when libuv has closed it.
 *
 * reading -> serving (a request is with the handler) -> writing (the socket took only a part of the answer) -> reading,
 * until one of: closing (nothing happens any more), ending (the answer is the last) -> lingering (what still comes is
 * dropped) -> closing. */
struct connection {
    struct net_socket socket;
    uv_timer_t idle;
    int open_handles;
    struct http_server *server;
    struct list_entry among; /* the server's */
    struct parse parse;
    struct http_exchange *waiting; /* with the handler */
    struct buffer ahead;           /* read, not parsed yet; from ahead_at on */
    size_t ahead_at;
    size_t unwritten;   /* bytes, when the idle timer last looked */
    uint64_t active_ms; /* when something last happened, in the loop's time */
    uint64_t begun_ms;  /* when the request began that is being read; 0: none is */
    bool is_reading;
    bool is_ending; /* nothing more is served; closes when all is written */
    bool is_lingering;
    bool is_closing;
    bool has_ended; /* the client sends nothing more */
};

/* --- closing ---------------------------------------------------------------------------------------------------- */

static void connections_count(struct http_server *server, int more)
{
    if (server->options.connections != NULL) {
        metric_add(server->options.connections, more);
    }
}

static void connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    if (--connection->open_handles > 0) {
        return;
    }
    net__parse_reset(&connection->parse);
    net__tls_destroy(&connection->socket.tls);
    buffer_reset(&connection->ahead);
    memory_destroy(connection);
}

void net__connection_close(struct connection *connection)
{
    if (connection->is_closing) {
        return;
    }
    connection->is_closing = true;
    if (connection->waiting != NULL) {
        connection->waiting->connection = NULL; /* its answer goes nowhere */
        connection->waiting = NULL;
    }
    struct http_server *server = connection->server;
    list_remove(&connection->among);
    server->connections_count--;
    connections_count(server, -1);
    uv_close((uv_handle_t *)&connection->socket.tcp, connection_closed);
    uv_close((uv_handle_t *)&connection->idle, connection_closed);
}

static uint64_t connection_idle_ms(const struct connection *connection)
{
    unsigned given = connection->server->options.idle_ms;
    return given == 0 ? NET_IDLE_MS : given;
}

static bool connection_is_late(const struct connection *connection)
{
    unsigned given = connection->server->options.request_ms;
    uint64_t most_ms = given == 0 ? NET_REQUEST_MS : given;
    return connection->begun_ms > 0 && uv_now(&connection->server->loop.uv) - connection->begun_ms >= most_ms;
}

static void connection_touch(struct connection *connection)
{
    connection->active_ms = uv_now(&connection->server->loop.uv);
}

/* Runs when the connection may have been idle long enough; starting it anew for every request would cost more. How long a request
 * takes to come is looked at then, too. */
static void connection_look(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    size_t unwritten = net__socket_unwritten(&connection->socket);
    if (connection->waiting != NULL || (unwritten > 0 && unwritten != connection->unwritten)) {
        connection_touch(connection);
    }
    connection->unwritten = unwritten;
    uint64_t quiet_ms = uv_now(&connection->server->loop.uv) - connection->active_ms;
    uint64_t most_ms = connection_idle_ms(connection);
    if (quiet_ms >= most_ms || connection_is_late(connection)) {
        net__connection_close(connection);
    } else {
        (void)uv_timer_start(timer, connection_look, most_ms - quiet_ms, 0);
    }
}

static void connection_has_lingered(uv_timer_t *timer)
{
    net__connection_close(timer->data);
}

static void connection_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room);
static void connection_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room);

/* Reads while there is place for it; the rest waits in the kernel, and so in the client. */
static void connection_update_reading(struct connection *connection)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->socket.tcp;
    bool wants =
        !connection->is_closing && !connection->has_ended &&
        (connection->is_lingering || (connection->ahead.size - connection->ahead_at < NET_AHEAD_BYTES &&
                                      connection->socket.writes_under_way == 0));
    if (wants == connection->is_reading || connection->is_closing) {
        return;
    }
    connection->is_reading = wants;
    if (!wants) {
        (void)uv_read_stop(stream);
    } else if (uv_read_start(stream, connection_room, connection_read) != 0) {
        net__connection_close(connection);
    }
}

/* The last answer is written. A client that is still sending, and be it a line's end too many, would have the kernel
 * throw that answer away with the connection (RFC 9112 section 9.6), so what it sends is read for a while. */
static void connection_end(struct connection *connection)
{
    if (connection->has_ended || connection->is_closing) {
        net__connection_close(connection);
        return;
    }
    int descriptor = -1;
    if (uv_fileno((uv_handle_t *)&connection->socket.tcp, &descriptor) != 0 ||
        shutdown(descriptor, SHUT_WR) != 0) {
        net__connection_close(connection);
        return;
    }
    connection->is_lingering = true;
    connection_update_reading(connection);
    (void)uv_timer_start(&connection->idle, connection_has_lingered, NET_LINGER_MS, 0);
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void connection_written(struct net_socket *socket)
{
    struct connection *connection = socket->tcp.data;
    connection_touch(connection);
    net__connection_go_on(connection);
}

static void connection_broken(struct net_socket *socket)
{
    net__connection_close(socket->tcp.data);
}

static void connection_write(struct connection *connection, struct bytes head, struct bytes body)
{
    const struct bytes parts[] = {head, body};
    net__socket_write(&connection->socket, parts, body.size == 0 ? 1 : 2);
    if (connection->socket.tls != NULL && connection->is_ending && !connection->is_closing) {
        net__tls_end(connection->socket.tls);
        net__socket_flush(&connection->socket);
    }
}

void net__connection_answer(struct http_exchange *exchange, struct bytes body)
{
    struct connection *connection = exchange->connection;
    if (connection != NULL) {
        connection->waiting = NULL;
        connection->is_ending = connection->is_ending || !exchange->keeps_alive;
        connection_touch(connection);
        connection_write(connection, buffer_bytes(&exchange->answer), body);
        net__exchange_give(&connection->server->exchanges, exchange);
    } else {
        net__exchange_give(&exchange->server->exchanges, exchange);
    }
}

/* Answers what is no request, and ends. */
static void connection_refuse(struct connection *connection, unsigned status)
{
    struct buffer answer = {0};
    const char *reason = http_status_str((enum http_status)status);
    buffer_put_format(&answer,
                      "HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: "
                      "close\r\n\r\n%s\n",
                      status, reason, strlen(reason) + 1, reason);
    connection->is_ending = true;
    connection_write(connection, buffer_bytes(&answer), (struct bytes){0});
    buffer_reset(&answer);
}

/* --- serving ---------------------------------------------------------------------------------------------------- */

/* Nothing stands before the next request. */
static bool connection_is_free(const struct connection *connection)
{
    return connection->waiting == NULL && connection->socket.writes_under_way == 0 &&
           !connection->is_ending && !connection->is_closing;
}

static void connection_handle(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct http_exchange *exchange = net__parse_take(&connection->parse);
    exchange->server = server;
    exchange->connection = connection;
    connection->waiting = exchange;
    connection->begun_ms = 0;
    server->handling = exchange;
    server->options.handle(server->options.context, exchange);
    server->handling = NULL; /* the exchange is answered already, or somebody else's */
}

/* Parses and hands out until the input is used up or a request is not answered yet. Returns what was used. */
static size_t connection_serve(struct connection *connection, struct bytes input)
{
    struct parse *parse = &connection->parse;
    size_t used = 0;
    while (used < input.size && connection_is_free(connection)) {
        size_t step = 0;
        enum parse_result result = net__parse(parse, bytes_from(input, used), &step);
        used += step;
        if (result == PARSE_REFUSED) {
            connection_refuse(connection, parse->refusal);
        } else if (result == PARSE_REQUEST) {
            connection_handle(connection);
        }
    }
    if (net__parse_is_under_way(parse) && connection->begun_ms == 0) {
        connection->begun_ms = uv_now(&connection->server->loop.uv);
    }
    if (parse->wants_continue && connection_is_free(connection)) { /* no part of the body came yet */
        parse->wants_continue = false;
        connection_write(connection, bytes_of_text("HTTP/1.1 100 Continue\r\n\r\n"), (struct bytes){0});
    }
    return used;
}

/* After anything that may have made it free, or ended it. */
static void connection_settle(struct connection *connection)
{
    if (connection->is_closing || connection->is_lingering) {
        return;
    }
    bool is_empty = connection->ahead_at == connection->ahead.size;
    if (connection->has_ended && is_empty && connection_is_free(connection)) {
        connection->is_ending = true;
    }
    if (connection->is_ending && connection->socket.writes_under_way == 0) {
        connection_end(connection);
    } else {
        connection_update_reading(connection);
    }
}

void net__connection_go_on(struct connection *connection)
{
    struct bytes ahead = bytes_from(buffer_bytes(&connection->ahead), connection->ahead_at);
    if (!connection->is_closing && ahead.size > 0) {
        connection->ahead_at += connection_serve(connection, ahead);
        if (connection->ahead_at == connection->ahead.size) {
            buffer_reset(&connection->ahead);
            connection->ahead_at = 0;
        }
    }
    connection_settle(connection);
}

/* Takes what the client said, deciphered. */
static void connection_take(struct connection *connection, struct bytes input)
{
    bool was_in_head = net__parse_is_in_head(&connection->parse);
    size_t used = 0;
    if (connection->ahead_at == connection->ahead.size) {
        used = connection_serve(connection, input);
    }
    if (!was_in_head || !net__parse_is_in_head(&connection->parse)) {
        connection_touch(connection); /* a head does not get more time by coming slowly */
    }
    if (used == input.size || connection->is_closing) {
        return;
    }
    if (connection->ahead_at > 0) {
        connection->ahead.size -= connection->ahead_at;
        memmove(connection->ahead.data, connection->ahead.data + connection->ahead_at,
                connection->ahead.size);
        connection->ahead_at = 0;
    }
    buffer_put(&connection->ahead, bytes_from(input, used));
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void connection_take_ciphered(struct connection *connection, struct bytes ciphered)
{
    char *room = connection->server->plain;
    enum tls_result result = TLS_DATA;
    net__tls_receive(connection->socket.tls, ciphered);
    while (result == TLS_DATA && !connection->is_closing) {
        size_t size = 0;
        result = net__tls_read(connection->socket.tls, room, sizeof(connection->server->plain), &size);
        if (result == TLS_DATA && !connection->is_ending) {
            connection_take(connection, bytes_of(room, size));
        }
    }
    if (connection->is_closing) {
        return;
    }
    net__socket_flush(&connection->socket);
    if (result == TLS_END) {
        connection->has_ended = true;
    } else if (result == TLS_FAILED) {
        connection->is_ending = true;
        connection->has_ended = true; /* what it sends can no longer be read */
    }
}

static void connection_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room)
{
    struct connection *connection = handle->data;
    (void)suggested;
    *ret_room = (uv_buf_t){.base = connection->server->room, .len = sizeof(connection->server->room)};
}

static void connection_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
    struct connection *connection = stream->data;
    if (count == UV_EOF) {
        connection->has_ended = true; /* it may still wait for its answers */
        connection->is_reading = false;
        if (connection->is_lingering) {
            net__connection_close(connection);
        }
    } else if (count < 0) {
        net__connection_close(connection);
    } else if (count > 0 && !connection->is_lingering) {
        struct bytes input = bytes_of(room->base, (size_t)count);
        if (connection->socket.tls != NULL) {
            connection_take_ciphered(connection, input);
        } else {
            connection_take(connection, input);
        }
    }
    connection_settle(connection);
}

void net__connection_accept(struct http_server *server)
{
    struct connection *connection = memory_create(sizeof(*connection));
    connection->server = server;
    connection->open_handles = 2;
    (void)uv_tcp_init(&server->loop.uv, &connection->socket.tcp);
    (void)uv_timer_init(&server->loop.uv, &connection->idle);
    connection->socket.tcp.data = connection;
    connection->socket.written = connection_written;
    connection->socket.broken = connection_broken;
    connection->idle.data = connection;
    list_add(&server->connections, &connection->among, connection);
    server->connections_count++;
    connections_count(server, 1);
    net__parse_init(&connection->parse, &server->exchanges, server->options.body_bytes_max);
    if (!net__loop_take(&server->loop, &connection->socket.tcp, server->connections_count)) {
        net__connection_close(connection);
        return;
    }
    if (server->loop.tls != NULL) {
        connection->socket.tls = net__tls_create(server->loop.tls);
    }
    (void)uv_tcp_nodelay(&connection->socket.tcp, 1);
    connection_touch(connection);
    (void)uv_timer_start(&connection->idle, connection_look, connection_idle_ms(connection), 0);
    connection_update_reading(connection);
}
