/* The inside of an HTTP server: what its connections share. Everything belongs to the server's thread unless it says so. */
#ifndef NET_SERVER_PRIVATE_H
#define NET_SERVER_PRIVATE_H

#include <stdatomic.h>

#include <uv.h>

#include "base/mailbox.h"
#include "base/thread.h"
#include "exchange.h"
#include "tls.h"

enum {
    TLS_RECORD_BYTES = 16 * 1024, /* the largest that is deciphered at a time (RFC 8446 section 5.1) */
};

struct http_server {
    struct http_server_options options;
    char *address;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t wake;         /* replies wait, or it is to stop */
    struct mailbox *replies; /* any thread sends */
    struct thread *thread;   /* the opener's, to join it */
    uv_thread_t owner;       /* the thread itself says who it is, before it hands out anything */
    struct tls_context *tls; /* NULL: plain */
    struct connection *connections;
    size_t connections_count;
    struct exchange_pool exchanges;
    struct http_exchange *handling; /* the handler was called with it and has not answered yet */
    atomic_bool is_stopping;
    char room[NET_READ_BYTES];    /* what a read brought; used up before the next */
    char plain[TLS_RECORD_BYTES]; /* the same deciphered, record by record */
};

#endif
