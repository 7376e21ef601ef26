/* Limits of servers: of HTTP, and of byte streams. */
#ifndef NET_BOUNDS_H
#define NET_BOUNDS_H

enum {
    NET_CONNECTIONS_MAX = 16384, /* of one server; one more is closed at once, and told in the log */
    /* File descriptors that clients leave to the store, which cannot go on without; half of them all when there are few. */
    NET_DESCRIPTORS_KEPT = 128,
    NET_REFUSALS_TOLD_MS = 60000,     /* between two warnings of that */
    NET_HEADER_BYTES_MAX = 64 * 1024, /* request line and headers; over it: 431 */
    NET_HEADERS_MAX = 100,            /* of one request; over it: 431 */
    NET_READ_BYTES = 64 * 1024,       /* asked of the kernel at a time */
    /* Bodies of all requests that are read or served, of one server: a larger one than the second then hears 503, so that
     * strangers who send much cannot take the memory, nor keep small requests out. */
    NET_BODIES_BYTES_MAX = 1024 * 1024 * 1024,
    NET_BODY_BYTES_GRANTED = 64 * 1024,
    NET_AHEAD_BYTES =
        64 * 1024,       /* read behind a request that is being served; then the kernel keeps the rest */
    NET_IDLE_MS = 75000, /* a connection on which nothing happens is closed; also: for a handshake, a head */
    /* From a request's first byte until it is whole; then its connection is closed, so that bodies that come slowly do not hold what all
     * bodies may take. */
    NET_REQUEST_MS = 300000,
    NET_LINGER_MS =
        2000, /* after the last answer, what a client still sends is read that long, so that it sees the answer */
    NET_HANDSHAKE_MS = 20000, /* a stream that has not said who its client is by then is closed */
    NET_KEEPALIVE_S =
        60, /* silence of a stream after which the kernel asks whether the client is still there */
    NET_UNSENT_BYTES =
        1024 * 1024, /* of a stream, sent and not taken by the client; over it nothing is read from it */
    NET_UNSENT_BYTES_MAX = 64 * 1024 * 1024, /* the same; what is to be sent then closes the stream */
    NET_UNSENT_ALL_BYTES_MAX =
        1024 * 1024 * 1024,  /* of all streams of a server; over it the first of these two closes a stream */
    NET_REPLIES_MAX = 65536, /* made on other threads, not yet sent */
    NET_EXCHANGES_KEPT = 64, /* answered exchanges whose memory waits for the next request */
    NET_EXCHANGE_BYTES_KEPT = 16 * 1024, /* a buffer of such an exchange that is larger is freed */
    NET_COMPRESS_BYTES_MIN = 1024,       /* a shorter body is sent as it is */
    NET_FOLLOWERS_MAX = 15,              /* threads of a server beside the one that listens */
    NET_GIVEN_MAX =
        1024, /* clients that one of them was given and did not take yet; more are closed at once */
    NET_CERTIFICATE_NOTICE_DAYS = 14, /* before its end a certificate is told of */
};

#endif
