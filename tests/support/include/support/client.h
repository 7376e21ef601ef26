/* A test's client: a socket to a server, with every call checked. */
#ifndef SUPPORT_CLIENT_H
#define SUPPORT_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "support/test.h"

/* To ADDRESS:PORT of this machine; reads fail after ten seconds. */
static inline int client_connect(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    to.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(connection >= 0);
    assert_int_equal(setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(connection, (const struct sockaddr *)&to, sizeof(to)), 0);
    return connection;
}

static inline void client_send(int connection, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(connection, bytes.data, bytes.size, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = bytes_from(bytes, (size_t)sent);
    }
}

static inline void client_send_text(int connection, const char *text)
{
    client_send(connection, bytes_of_text(text));
}

/* Reads until `size` bytes are there in all. */
static inline void client_receive(int connection, struct buffer *text, size_t size)
{
    while (text->size < size) {
        size_t want = size - text->size;
        ssize_t got = recv(connection, buffer_extend(text, want), want, 0);
        assert_true(got > 0);
        text->size -= want - (size_t)got;
    }
}

/* Reads until the other side has closed. */
static inline void client_receive_all(int connection, struct buffer *text)
{
    ssize_t got = 1;
    while (got > 0) {
        got = recv(connection, buffer_extend(text, 65536), 65536, 0);
        text->size -= 65536 - (got > 0 ? (size_t)got : 0);
    }
    assert_true(got == 0 || errno == ECONNRESET);
}

static inline void assert_text(const struct buffer *text, const char *expected)
{
    if (!bytes_equal(buffer_bytes(text), bytes_of_text(expected))) {
        fail_msg("it is\n%.*s\nnot\n%s", (int)text->size, (const char *)text->data, expected);
    }
}

#endif
