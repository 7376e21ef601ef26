#include "socket.h"

#include "base/buffer.h"
#include "base/memory.h"

struct write_under_way {
    uv_write_t request;
    struct buffer content;
};

static void count_unwritten(struct net_socket *socket, const struct write_under_way *under_way,
                            bool has_ended)
{
    if (socket->all_unwritten != NULL) {
        size_t size = under_way->content.size;
        *socket->all_unwritten = has_ended ? *socket->all_unwritten - size : *socket->all_unwritten + size;
    }
}

static void write_ended(uv_write_t *request, int result)
{
    struct write_under_way *under_way = (struct write_under_way *)request;
    struct net_socket *socket = (struct net_socket *)request->handle;
    count_unwritten(socket, under_way, true);
    buffer_reset(&under_way->content);
    memory_destroy(under_way);
    socket->writes_under_way--;
    if (result != 0) {
        socket->broken(socket);
    } else if (socket->writes_under_way == 0) {
        socket->written(socket);
    }
}

/* Copies what the kernel did not take, for libuv to send it when it does. */
static void write_rest(struct net_socket *socket, const struct bytes *parts, size_t count, size_t skipped)
{
    struct write_under_way *under_way = memory_create(sizeof(*under_way));
    for (size_t i = 0; i < count; i++) {
        size_t gone = skipped < parts[i].size ? skipped : parts[i].size;
        skipped -= gone;
        buffer_put(&under_way->content, bytes_from(parts[i], gone));
    }
    uv_buf_t whole = {.base = (char *)under_way->content.data, .len = under_way->content.size};
    socket->writes_under_way++;
    count_unwritten(socket, under_way, false);
    if (uv_write(&under_way->request, (uv_stream_t *)&socket->tcp, &whole, 1, write_ended) != 0) {
        socket->writes_under_way--;
        count_unwritten(socket, under_way, true);
        buffer_reset(&under_way->content);
        memory_destroy(under_way);
        socket->broken(socket);
    }
}

/* Sends bytes as the kernel is to have them. */
static void write_raw(struct net_socket *socket, const struct bytes *parts, size_t count)
{
    uv_buf_t given[SOCKET_PARTS_MAX];
    size_t total = 0;
    CHECK(count <= ARRAY_COUNT(given));
    for (size_t i = 0; i < count; i++) {
        given[i] = (uv_buf_t){.base = (char *)(uintptr_t)parts[i].data, .len = parts[i].size};
        total += parts[i].size;
    }
    int result = uv_try_write((uv_stream_t *)&socket->tcp, given, (unsigned)count);
    if (result < 0 && result != UV_EAGAIN) {
        socket->broken(socket);
    } else if (result == UV_EAGAIN || (size_t)result < total) {
        write_rest(socket, parts, count, result < 0 ? 0 : (size_t)result);
    }
}

void net__socket_flush(struct net_socket *socket)
{
    struct bytes unsent = net__tls_unsent(socket->tls);
    if (unsent.size > 0 && uv_is_closing((uv_handle_t *)&socket->tcp) == 0) {
        write_raw(socket, &unsent, 1);
        net__tls_sent(socket->tls);
    }
}

void net__socket_write(struct net_socket *socket, const struct bytes *parts, size_t count)
{
    if (socket->tls == NULL) {
        write_raw(socket, parts, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!net__tls_write(socket->tls, parts[i])) {
            socket->broken(socket);
            return;
        }
    }
    net__socket_flush(socket);
}

size_t net__socket_unwritten(const struct net_socket *socket)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&socket->tcp);
}
