#include "net/stream.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "base/list.h"
#include "base/memory.h"
#include "loop.h"
#include "socket.h"

enum {
    STREAM_PLAIN_BYTES = 16 * 1024, /* deciphered at a time: a record of TLS (RFC 8446 section 5.1) */
    STREAM_HELD_BYTES = 16 * 1024,  /* of one stream; more is sent */
};

struct stream_server {
    struct loop loop; /* first member; tasks come through its mailbox */
    struct stream_server_options options;
    struct list streams;
    size_t streams_count;
    size_t unwritten;               /* bytes of all streams that wait for clients to take them */
    struct list holding;            /* those that may hold bytes back */
    char room[NET_READ_BYTES];      /* what a read brought; used up before the next */
    char plain[STREAM_PLAIN_BYTES]; /* the same deciphered, record by record */
};

/* Freed when libuv has closed it.
 *
 * open -> ending (stream_end, or the client ended: what was sent still goes out) -> lingering (what still comes is
 * dropped) -> closing. */
struct stream {
    struct net_socket socket; /* first member */
    uv_timer_t timer;         /* until it settled; while it lingers */
    int open_handles;
    struct stream_server *server;
    struct list_entry among;   /* the server's */
    struct list_entry holding; /* what its server sends before it waits */
    void *context;
    struct buffer ahead; /* received, not used yet */
    struct buffer held;  /* to be sent with what follows */
    bool is_accepted;    /* `opened` was called */
    bool is_reading;
    bool is_receiving; /* `received` is running */
    bool is_ending;
    bool is_lingering;
    bool is_closing;
    bool has_ended; /* the client sends nothing more */
};

/* --- closing ---------------------------------------------------------------------------------------------------- */

static void stream_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    if (--stream->open_handles > 0) {
        return;
    }
    struct stream_server_options *options = &stream->server->options;
    if (stream->is_accepted) {
        options->closed(options->context, stream);
    }
    net__tls_destroy(&stream->socket.tls);
    buffer_reset(&stream->ahead);
    buffer_reset(&stream->held);
    memory_destroy(stream);
}

static void stream_close(struct stream *stream)
{
    if (stream->is_closing) {
        return;
    }
    stream->is_closing = true;
    struct stream_server *server = stream->server;
    list_remove(&stream->holding);
    list_remove(&stream->among);
    server->streams_count--;
    uv_close((uv_handle_t *)&stream->socket.tcp, stream_closed);
    uv_close((uv_handle_t *)&stream->timer, stream_closed);
}

static void stream_time_is_up(uv_timer_t *timer)
{
    stream_close(timer->data);
}

/* All is sent. What the client still sends would have the kernel throw the last bytes away, so it is read for a while. */
static void stream_linger(struct stream *stream)
{
    int descriptor = -1;
    if (stream->has_ended || uv_fileno((uv_handle_t *)&stream->socket.tcp, &descriptor) != 0 ||
        shutdown(descriptor, SHUT_WR) != 0) {
        stream_close(stream);
        return;
    }
    stream->is_lingering = true;
    (void)uv_timer_start(&stream->timer, stream_time_is_up, NET_LINGER_MS, 0);
}

/* --- receiving -------------------------------------------------------------------------------------------------- */

static void stream_read(uv_stream_t *handle, ssize_t count, const uv_buf_t *room);

static void stream_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room)
{
    struct stream *stream = handle->data;
    (void)suggested;
    *ret_room = (uv_buf_t){.base = stream->server->room, .len = sizeof(stream->server->room)};
}

static void stream_update_reading(struct stream *stream)
{
    uv_stream_t *handle = (uv_stream_t *)&stream->socket.tcp;
    bool wants = !stream->has_ended && (stream->is_lingering || !stream_is_congested(stream));
    if (wants == stream->is_reading || stream->is_closing) {
        return;
    }
    stream->is_reading = wants;
    if (!wants) {
        (void)uv_read_stop(handle);
    } else if (uv_read_start(handle, stream_room, stream_read) != 0) {
        stream_close(stream);
    }
}

/* After anything that may have ended it, congested it or set it free. */
static void stream_update(struct stream *stream)
{
    if (stream->is_closing || stream->is_receiving) {
        return;
    }
    bool is_idle = stream->is_ending && !stream->is_lingering && stream->socket.writes_under_way == 0 &&
                   stream->held.size == 0;
    if (is_idle) {
        stream_linger(stream);
    }
    stream_update_reading(stream);
}

static size_t stream_offer(struct stream *stream, struct bytes bytes)
{
    struct stream_server_options *options = &stream->server->options;
    if (stream->is_ending || stream->is_closing) {
        return bytes.size;
    }
    stream->is_receiving = true;
    size_t used = options->received(options->context, stream, bytes);
    stream->is_receiving = false;
    CHECK(used <= bytes.size);
    return used;
}

/* Offers again what was not used: nothing at all to an owner that took it all and keeps what it could not go on with. */
static void stream_go_on(struct stream *stream)
{
    struct buffer *ahead = &stream->ahead;
    size_t used = stream_offer(stream, buffer_bytes(ahead));
    if (used == ahead->size) {
        buffer_reset(ahead); /* an idle stream takes no memory */
    } else if (used > 0) {
        ahead->size -= used;
        memmove(ahead->data, ahead->data + used, ahead->size);
    }
}

static void stream_take(struct stream *stream, struct bytes input)
{
    if (stream->ahead.size > 0) {
        buffer_put(&stream->ahead, input);
        stream_go_on(stream);
    } else {
        size_t used = stream_offer(stream, input);
        buffer_put(&stream->ahead, bytes_from(input, used));
    }
}

static void stream_take_ciphered(struct stream *stream, struct bytes ciphered)
{
    char *room = stream->server->plain;
    enum tls_result result = TLS_DATA;
    net__tls_receive(stream->socket.tls, ciphered);
    while (result == TLS_DATA && !stream->is_closing) {
        size_t size = 0;
        result = net__tls_read(stream->socket.tls, room, sizeof(stream->server->plain), &size);
        if (result == TLS_DATA) {
            stream_take(stream, bytes_of(room, size));
        }
    }
    if (stream->is_closing) {
        return;
    }
    net__socket_flush(&stream->socket);
    stream->has_ended = stream->has_ended || result == TLS_END || result == TLS_FAILED;
    stream->is_ending = stream->is_ending || stream->has_ended;
}

static void stream_read(uv_stream_t *handle, ssize_t count, const uv_buf_t *room)
{
    struct stream *stream = handle->data;
    if (count == UV_EOF) {
        stream->has_ended = true;
        stream->is_reading = false;
        stream->is_ending = true; /* whoever still waits for answers leaves the connection open */
        if (stream->is_lingering) {
            stream_close(stream);
        }
    } else if (count < 0) {
        stream_close(stream);
    } else if (count > 0 && !stream->is_lingering) {
        struct bytes input = bytes_of(room->base, (size_t)count);
        if (stream->socket.tls != NULL) {
            stream_take_ciphered(stream, input);
        } else {
            stream_take(stream, input);
        }
    }
    stream_update(stream);
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static void stream_written(struct net_socket *socket)
{
    struct stream *stream = (struct stream *)socket;
    if (!stream->is_closing && !stream->is_ending) {
        stream_go_on(stream);
    }
    stream_update(stream);
}

static void stream_broken(struct net_socket *socket)
{
    stream_close((struct stream *)socket);
}

bool stream_is_congested(const struct stream *stream)
{
    return net__socket_unwritten(&stream->socket) > NET_UNSENT_BYTES;
}

/* What a client does not take: of it alone too much, or much where all together leave too much. */
static bool stream_is_overfull(const struct stream *stream)
{
    const struct stream_server *server = stream->server;
    size_t all =
        server->options.unsent_all_max == 0 ? NET_UNSENT_ALL_BYTES_MAX : server->options.unsent_all_max;
    return net__socket_unwritten(&stream->socket) >
           (server->unwritten > all ? NET_UNSENT_BYTES : NET_UNSENT_BYTES_MAX);
}

static bool stream_may_send(struct stream *stream)
{
    if (!stream->is_closing && !stream->is_ending && stream_is_overfull(stream)) {
        stream_close(stream);
    }
    return !stream->is_closing && !stream->is_ending;
}

/* What is held goes first. An idle stream keeps no memory for it. */
static void stream_write(struct stream *stream, struct bytes bytes)
{
    struct buffer held = stream->held;
    struct bytes parts[] = {buffer_bytes(&held), bytes};
    stream->held = (struct buffer){0};
    if (parts[0].size == 0) {
        net__socket_write(&stream->socket, &bytes, 1);
    } else {
        net__socket_write(&stream->socket, parts, bytes.size == 0 ? 1 : 2);
    }
    buffer_reset(&held);
    stream_update(stream);
}

void stream_send(struct stream *stream, struct bytes bytes)
{
    if (bytes.size > 0 && stream_may_send(stream)) {
        stream_write(stream, bytes);
    }
}

void stream_hold(struct stream *stream, struct bytes bytes)
{
    struct stream_server *server = stream->server;
    if (stream->held.size + bytes.size > STREAM_HELD_BYTES) {
        stream_send(stream, bytes);
    } else if (stream_may_send(stream)) {
        buffer_put(&stream->held, bytes);
        if (!list_has(&stream->holding)) {
            list_add(&server->holding, &stream->holding, stream);
        }
    }
}

/* Nothing is held while the loop waits. */
static void server_pause(struct loop *loop)
{
    struct stream_server *server = (struct stream_server *)loop;
    while (server->holding.first != NULL) {
        struct stream *stream = list_first(&server->holding);
        list_remove(&stream->holding);
        if (stream->held.size > 0) { /* also to a client that has ended since */
            stream_write(stream, (struct bytes){0});
        }
    }
}

void stream_end(struct stream *stream)
{
    if (stream->is_closing || stream->is_ending) {
        return;
    }
    if (stream->held.size > 0) {
        stream_write(stream, (struct bytes){0});
    }
    if (stream->is_closing) { /* it was broken */
        return;
    }
    stream->is_ending = true;
    if (stream->socket.tls != NULL) {
        net__tls_end(stream->socket.tls);
        net__socket_flush(&stream->socket);
    }
    stream_update(stream);
}

void stream_settle(struct stream *stream)
{
    if (!stream->is_closing && !stream->is_lingering) {
        (void)uv_timer_stop(&stream->timer);
    }
}

/* --- what a stream is ------------------------------------------------------------------------------------------- */

static void address_read(int (*get)(const uv_tcp_t *tcp, struct sockaddr *name, int *name_bytes),
                         const struct stream *stream, struct stream_address *ret_address)
{
    struct sockaddr_storage name = {0};
    int name_bytes = sizeof(name);
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&name;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&name;
    *ret_address = (struct stream_address){.host_bytes = 4};
    if (get(&stream->socket.tcp, (struct sockaddr *)&name, &name_bytes) != 0) {
        return; /* the client is gone already */
    }
    ret_address->port = ntohs(name.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
    if (name.ss_family == AF_INET) {
        memcpy(ret_address->host, &v4->sin_addr, 4);
    } else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) != 0) {
        memcpy(ret_address->host, v6->sin6_addr.s6_addr + 12, 4);
    } else {
        ret_address->host_bytes = 16;
        memcpy(ret_address->host, &v6->sin6_addr, 16);
    }
}

void stream_addresses(const struct stream *stream, struct stream_address *ret_local,
                      struct stream_address *ret_remote)
{
    address_read(uv_tcp_getsockname, stream, ret_local);
    address_read(uv_tcp_getpeername, stream, ret_remote);
}

const char *stream_tls(const struct stream *stream, const char **ret_cipher)
{
    *ret_cipher = NULL;
    return stream->socket.tls == NULL ? NULL : net__tls_name(stream->socket.tls, ret_cipher);
}

void stream_context_set(struct stream *stream, void *context)
{
    stream->context = context;
}

void *stream_context(const struct stream *stream)
{
    return stream->context;
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static void server_accept(struct loop *loop)
{
    struct stream_server *server = (struct stream_server *)loop;
    struct stream *stream = memory_create(sizeof(*stream));
    unsigned handshake_ms = server->options.handshake_ms;
    stream->server = server;
    stream->open_handles = 2;
    (void)uv_tcp_init(&server->loop.uv, &stream->socket.tcp);
    (void)uv_timer_init(&server->loop.uv, &stream->timer);
    stream->socket.tcp.data = stream;
    stream->timer.data = stream;
    stream->socket.written = stream_written;
    stream->socket.broken = stream_broken;
    stream->socket.all_unwritten = &server->unwritten;
    list_add(&server->streams, &stream->among, stream);
    server->streams_count++;
    if (!net__loop_take(loop, &stream->socket.tcp, server->streams_count)) {
        stream_close(stream);
        return;
    }
    if (loop->tls != NULL) {
        stream->socket.tls = net__tls_create(loop->tls);
    }
    (void)uv_tcp_nodelay(&stream->socket.tcp, 1);
    (void)uv_tcp_keepalive(&stream->socket.tcp, 1, NET_KEEPALIVE_S);
    (void)uv_timer_start(&stream->timer, stream_time_is_up,
                         handshake_ms == 0 ? NET_HANDSHAKE_MS : handshake_ms, 0);
    stream->is_accepted = true;
    server->options.opened(server->options.context, stream);
    stream_update(stream);
}

static void server_receive(struct loop *loop, struct message *message)
{
    struct stream_task *task = (struct stream_task *)message;
    (void)loop;
    task->run(task);
}

static void server_stop(struct loop *loop)
{
    struct stream_server *server = (struct stream_server *)loop;
    server_pause(loop); /* answers that were given go out */
    while (server->streams.first != NULL) {
        stream_close(list_first(&server->streams));
    }
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

enum status stream_server_open(const struct stream_server_options *options, struct stream_server **ret_server,
                               struct error *error)
{
    struct stream_server *server = memory_create(sizeof(*server));
    struct loop_options loop = {.name = "stream",
                                .endpoint = options->endpoint,
                                .leader = options->leader == NULL ? NULL : &options->leader->loop,
                                .accept = server_accept,
                                .receive = server_receive,
                                .stop = server_stop,
                                .pause = server_pause};
    server->options = *options;
    *ret_server = server; /* before its thread runs: what a stream's first bytes lead to may post */
    enum status status = net__loop_open(&server->loop, &loop, error);
    if (status != STATUS_OK) {
        *ret_server = NULL;
        stream_server_close(&server);
    }
    return status;
}

void stream_server_close(struct stream_server **server)
{
    struct stream_server *gone = *server;
    *server = NULL;
    if (gone != NULL) {
        net__loop_close(&gone->loop);
        memory_destroy(gone);
    }
}

enum status stream_server_reload(struct stream_server *server, struct error *error)
{
    return net__loop_reload(&server->loop, error);
}

const char *stream_server_address(const struct stream_server *server)
{
    return server->loop.address;
}

void stream_server_post(struct stream_server *server, struct stream_task *task)
{
    net__loop_send(&server->loop, &task->message);
}
