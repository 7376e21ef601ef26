/* The inside of an HTTP server: what its connections share. Everything belongs to the server's thread unless it says so. */
#ifndef NET_SERVER_PRIVATE_H
#define NET_SERVER_PRIVATE_H

#include "base/list.h"
#include "exchange.h"
#include "loop.h"

enum {
    TLS_RECORD_BYTES = 16 * 1024, /* the largest that is deciphered at a time (RFC 8446 section 5.1) */
};

struct http_server {
    struct loop loop; /* first member; exchanges come through its mailbox */
    struct http_server_options options;
    struct list connections;
    size_t connections_count;
    struct exchange_pool exchanges;
    struct http_exchange *handling; /* the handler was called with it and has not answered yet */
    char room[NET_READ_BYTES];      /* what a read brought; used up before the next */
    char plain[TLS_RECORD_BYTES];   /* the same deciphered, record by record */
};

#endif
