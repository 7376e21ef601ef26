#include "net/stream.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/thread.h"
#include "listener.h"
#include "socket.h"

enum {
    STREAM_PLAIN_BYTES = 16 * 1024, /* deciphered at a time: a record of TLS (RFC 8446 section 5.1) */
};

struct stream_server {
    struct stream_server_options options;
    char *address;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t wake;       /* tasks wait, or it is to stop */
    struct mailbox *tasks; /* any thread sends */
    struct thread *thread; /* the opener's, to join it */
    struct tls_context *tls;
    struct stream *streams;
    size_t streams_count;
    atomic_bool is_stopping;
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
    struct stream *next;
    struct stream *previous;
    void *context;
    struct buffer ahead; /* received, not used yet */
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
    memory_destroy(stream);
}

static void stream_close(struct stream *stream)
{
    if (stream->is_closing) {
        return;
    }
    stream->is_closing = true;
    struct stream_server *server = stream->server;
    if (stream->previous != NULL) {
        stream->previous->next = stream->next;
    } else {
        server->streams = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
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
    bool is_idle = stream->is_ending && !stream->is_lingering && stream->socket.writes_under_way == 0;
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

/* Offers again what was not used. */
static void stream_go_on(struct stream *stream)
{
    struct buffer *ahead = &stream->ahead;
    size_t used = ahead->size == 0 ? 0 : stream_offer(stream, buffer_bytes(ahead));
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

void stream_send(struct stream *stream, struct bytes bytes)
{
    if (stream->is_closing || stream->is_ending || bytes.size == 0) {
        return;
    }
    if (net__socket_unwritten(&stream->socket) > NET_UNSENT_BYTES_MAX) {
        stream_close(stream);
        return;
    }
    net__socket_write(&stream->socket, &bytes, 1);
    stream_update(stream);
}

void stream_end(struct stream *stream)
{
    if (stream->is_closing || stream->is_ending) {
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
    struct sockaddr_in name = {0};
    int name_bytes = sizeof(name);
    if (get(&stream->socket.tcp, (struct sockaddr *)&name, &name_bytes) != 0) {
        name = (struct sockaddr_in){0}; /* the client is gone already */
    }
    memcpy(ret_address->host, &name.sin_addr.s_addr, sizeof(ret_address->host));
    ret_address->port = ntohs(name.sin_port);
}

void stream_addresses(const struct stream *stream, struct stream_address *ret_local,
                      struct stream_address *ret_remote)
{
    address_read(uv_tcp_getsockname, stream, ret_local);
    address_read(uv_tcp_getpeername, stream, ret_remote);
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

static void server_accept(uv_stream_t *listener, int result)
{
    struct stream_server *server = listener->data;
    if (result != 0) {
        return;
    }
    struct stream *stream = memory_create(sizeof(*stream));
    unsigned handshake_ms = server->options.handshake_ms;
    stream->server = server;
    stream->open_handles = 2;
    (void)uv_tcp_init(&server->loop, &stream->socket.tcp);
    (void)uv_timer_init(&server->loop, &stream->timer);
    stream->socket.tcp.data = stream;
    stream->timer.data = stream;
    stream->socket.written = stream_written;
    stream->socket.broken = stream_broken;
    stream->next = server->streams;
    if (server->streams != NULL) {
        server->streams->previous = stream;
    }
    server->streams = stream;
    server->streams_count++;
    if (uv_accept(listener, (uv_stream_t *)&stream->socket.tcp) != 0 ||
        server->streams_count > NET_CONNECTIONS_MAX) {
        stream_close(stream);
        return;
    }
    if (server->tls != NULL) {
        stream->socket.tls = net__tls_create(server->tls);
    }
    (void)uv_tcp_nodelay(&stream->socket.tcp, 1);
    (void)uv_tcp_keepalive(&stream->socket.tcp, 1, NET_KEEPALIVE_S);
    (void)uv_timer_start(&stream->timer, stream_time_is_up,
                         handshake_ms == 0 ? NET_HANDSHAKE_MS : handshake_ms, 0);
    stream->is_accepted = true;
    server->options.opened(server->options.context, stream);
    stream_update(stream);
}

static void server_run_tasks(struct stream_server *server)
{
    struct message *message = mailbox_receive(server->tasks, 0);
    while (message != NULL) {
        struct stream_task *task = (struct stream_task *)message;
        message = message->next;
        task->run(task);
        message = message == NULL ? mailbox_receive(server->tasks, 0) : message;
    }
}

static void server_woken(uv_async_t *wake)
{
    struct stream_server *server = wake->data;
    server_run_tasks(server);
    if (atomic_load(&server->is_stopping) && uv_is_closing((uv_handle_t *)&server->listener) == 0) {
        while (server->streams != NULL) {
            stream_close(server->streams);
        }
        uv_close((uv_handle_t *)&server->listener, NULL);
        uv_close((uv_handle_t *)&server->wake, NULL);
    }
}

static void server_run(void *context)
{
    struct stream_server *server = context;
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

enum status stream_server_open(const struct stream_server_options *options, struct stream_server **ret_server,
                               struct error *error)
{
    struct stream_server *server = memory_create(sizeof(*server));
    server->options = *options;
    server->tasks = mailbox_create(NET_REPLIES_MAX);
    CHECK(uv_loop_init(&server->loop) == 0);
    (void)uv_tcp_init(&server->loop, &server->listener);
    (void)uv_async_init(&server->loop, &server->wake, server_woken);
    server->listener.data = server;
    server->wake.data = server;
    enum status status = STATUS_OK;
    if (options->certificate_file != NULL || options->key_file != NULL) {
        status =
            net__tls_context_open(options->certificate_file, options->key_file, NULL, &server->tls, error);
    }
    if (status == STATUS_OK) {
        status = net__listener_open(&server->listener, options->address, options->flag, server_accept,
                                    &server->address, error);
    }
    if (status == STATUS_OK) {
        status = thread_create("stream", server_run, server, &server->thread, error);
    }
    if (status != STATUS_OK) {
        stream_server_close(&server);
        return status;
    }
    *ret_server = server;
    return STATUS_OK;
}

void stream_server_close(struct stream_server **server)
{
    struct stream_server *gone = *server;
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
    mailbox_destroy(&gone->tasks);
    net__tls_context_close(&gone->tls);
    memory_destroy(gone->address);
    memory_destroy(gone);
}

const char *stream_server_address(const struct stream_server *server)
{
    return server->address;
}

void stream_server_post(struct stream_server *server, struct stream_task *task)
{
    enum status status = mailbox_send_reply(server->tasks, &task->message);
    CHECK(status == STATUS_OK); /* the server closes after all was posted */
    (void)uv_async_send(&server->wake);
}
