/* Limits of HTTP servers. */
#ifndef NET_BOUNDS_H
#define NET_BOUNDS_H

enum {
    NET_CONNECTIONS_MAX = 10000,      /* of one server; one more is closed at once */
    NET_HEADER_BYTES_MAX = 64 * 1024, /* request line and headers; over it: 431 */
    NET_HEADERS_MAX = 100,            /* of one request; over it: 431 */
    NET_READ_BYTES = 64 * 1024,       /* asked of the kernel at a time */
    NET_IDLE_MS = 75000,              /* a connection on which nothing happens is closed */
    NET_REPLIES_MAX = 65536,          /* made on other threads, not yet sent */
};

#endif
