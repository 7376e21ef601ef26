/* libuv does the sockets, http-parser the grammar. Everything runs on the server's thread unless it says so. */
#include "net/http.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <http_parser.h>
#include <uv.h>

#include "base/mailbox.h"
#include "base/memory.h"
#include "base/thread.h"

struct connection;

struct http_server {
    struct http_server_options options;
    char *address;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t wake; /* replies wait, or it is to stop */
    struct mailbox *replies;
    struct thread *thread;
    struct connection *connections;
    size_t connections_count;
    atomic_bool is_stopping;
};

struct header {
    struct bytes name;
    struct bytes value;
};

struct http_exchange {
    struct message message; /* first member: it comes back through the mailbox */
    struct http_server *server;
    struct connection *connection; /* NULL: it is gone, and the answer goes nowhere */
    struct arena arena;
    const char *method;
    struct bytes url;
    struct bytes path;
    struct bytes query;
    struct bytes body;
    struct header headers[NET_HEADERS_MAX];
    size_t headers_count;
    bool keeps_alive;
    void *context;                                  /* the door's */
    void (*resume)(struct http_exchange *exchange); /* not answered yet: to be called instead */
    struct buffer answer;                           /* head and body */
};

/* A client. Freed when libuv has closed it. */
struct connection {
    uv_tcp_t socket;
    uv_timer_t idle;
    int open_handles;
    struct http_server *server;
    struct connection *next;
    struct connection *previous;
    http_parser parser;
    struct http_exchange *incoming; /* being read */
    struct http_exchange *waiting;  /* with the handler */
    struct buffer field;            /* header name or value that is being read */
    struct buffer url;
    struct buffer body;
    size_t head_bytes;
    unsigned refusal; /* status of a request that cannot be served; 0: none */
    bool is_reading_value;
    bool is_closing;
    struct buffer ahead; /* read, not parsed yet, since a request is being served */
    char room[NET_READ_BYTES];
};

struct write_under_way {
    uv_write_t request;
    struct buffer content;
    bool closes;
};

static void connection_parse(struct connection *connection);

/* --- exchanges -------------------------------------------------------------------------------------------------- */

static struct http_exchange *exchange_create(struct connection *connection)
{
    struct http_exchange *exchange = memory_create(sizeof(*exchange));
    exchange->server = connection->server;
    exchange->connection = connection;
    return exchange;
}

static void exchange_destroy(struct http_exchange *exchange)
{
    if (exchange != NULL) {
        arena_reset(&exchange->arena);
        buffer_reset(&exchange->answer);
        memory_destroy(exchange);
    }
}

const char *http_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

struct bytes http_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

struct bytes http_query(const struct http_exchange *exchange)
{
    return exchange->query;
}

struct bytes http_body(const struct http_exchange *exchange)
{
    return exchange->body;
}

struct arena *http_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

struct bytes http_header(const struct http_exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->headers_count; i++) {
        const struct header *header = &exchange->headers[i];
        if (header->name.size == strlen(name) &&
            strncasecmp((const char *)header->name.data, name, header->name.size) == 0) {
            return header->value;
        }
    }
    return (struct bytes){0};
}

static const char *status_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
#define HTTP_REASON(number, name, text) {number, #text},
        HTTP_STATUS_MAP(HTTP_REASON)
#undef HTTP_REASON
    };
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

static void exchange_send(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    enum status status = mailbox_send_reply(server->replies, &exchange->message);
    CHECK(status == STATUS_OK); /* the server closes after all exchanges were answered */
    (void)uv_async_send(&server->wake);
}

void http_reply(struct http_exchange **exchange, const struct http_answer *answer)
{
    struct http_exchange *done = *exchange;
    bool is_head = strcmp(done->method, "HEAD") == 0;
    *exchange = NULL;
    buffer_put_format(&done->answer, "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n",
                      answer->status, status_reason(answer->status), answer->type, answer->body.size,
                      done->keeps_alive ? "" : "Connection: close\r\n",
                      answer->headers == NULL ? "" : answer->headers);
    if (!is_head) {
        buffer_put(&done->answer, answer->body);
    }
    exchange_send(done);
}

void http_resume(struct http_exchange *exchange, void (*resume)(struct http_exchange *exchange))
{
    exchange->resume = resume;
    exchange_send(exchange);
}

void http_context_set(struct http_exchange *exchange, void *context)
{
    exchange->context = context;
}

void *http_context(const struct http_exchange *exchange)
{
    return exchange->context;
}

/* --- closing ---------------------------------------------------------------------------------------------------- */

static void connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    if (--connection->open_handles > 0) {
        return;
    }
    exchange_destroy(connection->incoming);
    buffer_reset(&connection->field);
    buffer_reset(&connection->url);
    buffer_reset(&connection->body);
    buffer_reset(&connection->ahead);
    memory_destroy(connection);
}

static void connection_close(struct connection *connection)
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
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    server->connections_count--;
    uv_close((uv_handle_t *)&connection->socket, connection_closed);
    uv_close((uv_handle_t *)&connection->idle, connection_closed);
}

static void connection_is_idle(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    if (connection->waiting == NULL) {
        connection_close(connection);
    }
}

static void connection_touch(struct connection *connection)
{
    (void)uv_timer_start(&connection->idle, connection_is_idle, NET_IDLE_MS, 0);
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void connection_written(uv_write_t *request, int result)
{
    struct write_under_way *under_way = (struct write_under_way *)request;
    struct connection *connection = request->handle->data;
    bool closes = under_way->closes || result != 0;
    buffer_reset(&under_way->content);
    memory_destroy(under_way);
    if (closes) {
        connection_close(connection);
    }
}

/* Takes the content. */
static void connection_write(struct connection *connection, struct buffer *content, bool closes)
{
    struct write_under_way *under_way = memory_create(sizeof(*under_way));
    under_way->content = *content;
    under_way->closes = closes;
    *content = (struct buffer){0};
    uv_buf_t part = {.base = (char *)under_way->content.data, .len = under_way->content.size};
    if (uv_write(&under_way->request, (uv_stream_t *)&connection->socket, &part, 1, connection_written) !=
        0) {
        buffer_reset(&under_way->content);
        memory_destroy(under_way);
        connection_close(connection);
    }
}

/* Answers what is no request, and closes. */
static void connection_refuse(struct connection *connection, unsigned status)
{
    struct buffer answer = {0};
    const char *reason = status_reason(status);
    buffer_put_format(&answer,
                      "HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: "
                      "close\r\n\r\n%s\n",
                      status, reason, strlen(reason) + 1, reason);
    (void)uv_read_stop((uv_stream_t *)&connection->socket);
    connection_write(connection, &answer, true);
}

static void server_send_reply(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    if (connection != NULL) {
        connection->waiting = NULL;
        connection_touch(connection);
        connection_write(connection, &exchange->answer, !exchange->keeps_alive);
    }
    exchange_destroy(exchange);
    if (connection != NULL && !connection->is_closing) {
        connection_parse(connection);
    }
}

/* Until none is left: what is resumed may answer at once. */
static void server_send_replies(struct http_server *server)
{
    struct message *message = mailbox_receive(server->replies, 0);
    while (message != NULL) {
        struct http_exchange *exchange = (struct http_exchange *)message;
        void (*resume)(struct http_exchange *) = exchange->resume;
        message = message->next;
        if (resume != NULL) {
            exchange->resume = NULL;
            resume(exchange);
        } else {
            server_send_reply(exchange);
        }
        if (message == NULL) {
            message = mailbox_receive(server->replies, 0);
        }
    }
}

/* --- parsing ---------------------------------------------------------------------------------------------------- */

static int parse_begin(http_parser *parser)
{
    struct connection *connection = parser->data;
    exchange_destroy(connection->incoming);
    connection->incoming = exchange_create(connection);
    buffer_clear(&connection->url);
    buffer_clear(&connection->field);
    buffer_clear(&connection->body);
    connection->head_bytes = 0;
    connection->is_reading_value = false;
    return 0;
}

/* Nonzero stops the parser. */
static int parse_head_bytes(struct connection *connection, size_t size)
{
    connection->head_bytes += size;
    if (connection->head_bytes > NET_HEADER_BYTES_MAX) {
        connection->refusal = 431;
        return 1;
    }
    return 0;
}

static int parse_url(http_parser *parser, const char *data, size_t size)
{
    struct connection *connection = parser->data;
    buffer_put(&connection->url, bytes_of(data, size));
    return parse_head_bytes(connection, size);
}

static int parse_field(http_parser *parser, const char *data, size_t size)
{
    struct connection *connection = parser->data;
    struct http_exchange *exchange = connection->incoming;
    if (connection->is_reading_value || exchange->headers_count == 0) {
        if (exchange->headers_count == NET_HEADERS_MAX) {
            connection->refusal = 431;
            return 1;
        }
        exchange->headers[exchange->headers_count++] = (struct header){0};
        connection->is_reading_value = false;
        buffer_clear(&connection->field);
    }
    buffer_put(&connection->field, bytes_of(data, size));
    exchange->headers[exchange->headers_count - 1].name =
        arena_copy(&exchange->arena, buffer_bytes(&connection->field));
    return parse_head_bytes(connection, size);
}

static int parse_value(http_parser *parser, const char *data, size_t size)
{
    struct connection *connection = parser->data;
    struct http_exchange *exchange = connection->incoming;
    if (!connection->is_reading_value) {
        connection->is_reading_value = true;
        buffer_clear(&connection->field);
    }
    buffer_put(&connection->field, bytes_of(data, size));
    exchange->headers[exchange->headers_count - 1].value =
        arena_copy(&exchange->arena, buffer_bytes(&connection->field));
    return parse_head_bytes(connection, size);
}

static int parse_headers_end(http_parser *parser)
{
    struct connection *connection = parser->data;
    size_t most = connection->server->options.body_bytes_max;
    bool has_length = parser->content_length != UINT64_MAX;
    if (has_length && parser->content_length > most) {
        connection->refusal = 413;
        return 2;
    }
    struct bytes expected = http_header(connection->incoming, "Expect");
    if (expected.size > 0) {
        struct buffer go_on = {0};
        buffer_put_text(&go_on, "HTTP/1.1 100 Continue\r\n\r\n");
        connection_write(connection, &go_on, false);
    }
    return 0;
}

static int parse_body(http_parser *parser, const char *data, size_t size)
{
    struct connection *connection = parser->data;
    if (connection->body.size + size > connection->server->options.body_bytes_max) {
        connection->refusal = 413;
        return 1;
    }
    buffer_put(&connection->body, bytes_of(data, size));
    return 0;
}

static int parse_end(http_parser *parser)
{
    struct connection *connection = parser->data;
    struct http_exchange *exchange = connection->incoming;
    exchange->url = arena_copy(&exchange->arena, buffer_bytes(&connection->url));
    exchange->body = arena_copy(&exchange->arena, buffer_bytes(&connection->body));
    const uint8_t *mark =
        exchange->url.size == 0 ? NULL : memchr(exchange->url.data, '?', exchange->url.size);
    size_t path = mark == NULL ? exchange->url.size : (size_t)(mark - exchange->url.data);
    exchange->path = bytes_part(exchange->url, 0, path);
    exchange->query = mark == NULL ? (struct bytes){0} : bytes_from(exchange->url, path + 1);
    exchange->method = http_method_str((enum http_method)parser->method);
    exchange->keeps_alive = http_should_keep_alive(parser) != 0;
    connection->incoming = NULL;
    connection->waiting = exchange;
    http_parser_pause(parser, 1); /* the next one waits for the answer */
    return 0;
}

/* Parses what has come until a request is whole; then the handler has it. */
static void connection_parse(struct connection *connection)
{
    static const http_parser_settings settings = {
        .on_message_begin = parse_begin,
        .on_url = parse_url,
        .on_header_field = parse_field,
        .on_header_value = parse_value,
        .on_headers_complete = parse_headers_end,
        .on_body = parse_body,
        .on_message_complete = parse_end,
    };
    if (connection->waiting != NULL || connection->ahead.size == 0) {
        return;
    }
    http_parser_pause(&connection->parser, 0);
    size_t parsed = http_parser_execute(&connection->parser, &settings, (const char *)connection->ahead.data,
                                        connection->ahead.size);
    enum http_errno problem = HTTP_PARSER_ERRNO(&connection->parser);
    if (connection->is_closing) {
        return;
    }
    if (connection->refusal != 0 || connection->parser.upgrade != 0 ||
        (problem != HPE_OK && problem != HPE_PAUSED)) {
        exchange_destroy(connection->waiting);
        connection->waiting = NULL;
        connection_refuse(connection, connection->refusal != 0 ? connection->refusal : 400);
        return;
    }
    memmove(connection->ahead.data, connection->ahead.data + parsed, connection->ahead.size - parsed);
    connection->ahead.size -= parsed;
    if (connection->waiting != NULL) {
        connection->server->options.handle(connection->server->options.context, connection->waiting);
    }
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void connection_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room)
{
    struct connection *connection = handle->data;
    (void)suggested;
    *ret_room = (uv_buf_t){.base = connection->room, .len = sizeof(connection->room)};
}

static void connection_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
    struct connection *connection = stream->data;
    if (count < 0) {
        connection_close(connection);
        return;
    }
    connection_touch(connection);
    buffer_put(&connection->ahead, bytes_of(room->base, (size_t)count));
    if (connection->ahead.size > connection->server->options.body_bytes_max + NET_HEADER_BYTES_MAX) {
        connection_close(connection); /* a client that sends on and on without reading answers */
        return;
    }
    connection_parse(connection);
}

static void server_accept(uv_stream_t *listener, int result)
{
    struct http_server *server = listener->data;
    if (result != 0) {
        return;
    }
    struct connection *connection = memory_create(sizeof(*connection));
    connection->server = server;
    connection->open_handles = 2;
    (void)uv_tcp_init(&server->loop, &connection->socket);
    (void)uv_timer_init(&server->loop, &connection->idle);
    connection->socket.data = connection;
    connection->idle.data = connection;
    connection->next = server->connections;
    if (server->connections != NULL) {
        server->connections->previous = connection;
    }
    server->connections = connection;
    server->connections_count++;
    http_parser_init(&connection->parser, HTTP_REQUEST);
    connection->parser.data = connection;
    if (uv_accept(listener, (uv_stream_t *)&connection->socket) != 0 ||
        server->connections_count > NET_CONNECTIONS_MAX) {
        connection_close(connection);
        return;
    }
    (void)uv_tcp_nodelay(&connection->socket, 1);
    connection_touch(connection);
    if (uv_read_start((uv_stream_t *)&connection->socket, connection_room, connection_read) != 0) {
        connection_close(connection);
    }
}

/* --- the server ------------------------------------------------------------------------------------------------- */

static void server_woken(uv_async_t *wake)
{
    struct http_server *server = wake->data;
    server_send_replies(server);
    if (atomic_load(&server->is_stopping) && !uv_is_closing((uv_handle_t *)&server->listener)) {
        while (server->connections != NULL) {
            connection_close(server->connections);
        }
        uv_close((uv_handle_t *)&server->listener, NULL);
        uv_close((uv_handle_t *)&server->wake, NULL);
    }
}

static void server_run(void *context)
{
    struct http_server *server = context;
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
}

/* ADDRESS:PORT with a numeric loopback address. */
static enum status server_parse_address(const struct http_server_options *options,
                                        struct sockaddr_in *ret_address, struct error *error)
{
    char host[64] = "";
    const char *colon = strrchr(options->address, ':');
    if (colon == NULL || colon == options->address || (size_t)(colon - options->address) >= sizeof(host)) {
        return error_set(error, STATUS_INVALID, "%s %s: it must be ADDRESS:PORT, like 127.0.0.1:8080",
                         options->flag, options->address);
    }
    memcpy(host, options->address, (size_t)(colon - options->address));
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (colon[1] == '\0' || *end != '\0' || port > 65535 || uv_ip4_addr(host, (int)port, ret_address) != 0) {
        return error_set(
            error, STATUS_INVALID,
            "%s %s: the address must be numeric, like 127.0.0.1, and the port a number from 0 to "
            "65535",
            options->flag, options->address);
    }
    if ((ntohl(ret_address->sin_addr.s_addr) >> 24) != 127) {
        return error_set(error, STATUS_DENIED,
                         "%s %s is not a loopback address; this version has no credentials and no encryption "
                         "yet, so it listens on 127.0.0.0/8 only",
                         options->flag, options->address);
    }
    return STATUS_OK;
}

static enum status server_listen(struct http_server *server, struct error *error)
{
    struct sockaddr_in address;
    struct sockaddr_in bound = {0};
    char text[64];
    int size = sizeof(bound);
    enum status status = server_parse_address(&server->options, &address, error);
    if (status != STATUS_OK) {
        return status;
    }
    int code = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
    if (code == 0) {
        code = uv_listen((uv_stream_t *)&server->listener, 1024, server_accept);
    }
    if (code != 0) {
        return error_set(error, code == UV_EADDRINUSE ? STATUS_BUSY : STATUS_IO,
                         "cannot listen on %s: %s; choose another address with %s", server->options.address,
                         uv_strerror(code), server->options.flag);
    }
    (void)uv_tcp_getsockname(&server->listener, (struct sockaddr *)&bound, &size);
    (void)uv_ip4_name(&bound, text, sizeof(text));
    size_t length = strlen(text);
    (void)snprintf(text + length, sizeof(text) - length, ":%d", ntohs(bound.sin_port));
    server->address = memory_copy_text(text);
    return STATUS_OK;
}

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
    enum status status = server_listen(server, error);
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
    memory_destroy(gone->address);
    memory_destroy(gone);
}

const char *http_server_address(const struct http_server *server)
{
    return server->address;
}
