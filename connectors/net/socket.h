/* A client's socket: writing to it, through TLS or not. What the kernel does not take is copied and sent when it does.
 * Thread: the server's. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <uv.h>

#include "base/bytes.h"
#include "tls.h"

enum {
    SOCKET_PARTS_MAX = 2, /* of one write */
};

struct net_socket {
    uv_tcp_t tcp;    /* first member; its owner initialises, reads and closes it */
    struct tls *tls; /* NULL: plain */
    size_t writes_under_way;
    size_t *all_unwritten; /* bytes that wait in all sockets of a server; may be NULL */
    /* All that was written is with the kernel; called only after something had to wait. */
    void (*written)(struct net_socket *socket);
    /* Nothing can be written any more: to be closed. May be called by what writes. */
    void (*broken)(struct net_socket *socket);
};

/* The bytes of one to SOCKET_PARTS_MAX parts, which are borrowed for the call. */
void net__socket_write(struct net_socket *socket, const struct bytes *parts, size_t count);
/* Sends what TLS has to say by itself. */
void net__socket_flush(struct net_socket *socket);
/* Bytes that were written and that the kernel did not take yet. */
size_t net__socket_unwritten(const struct net_socket *socket);

#endif
