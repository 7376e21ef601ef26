/* A server of plain byte streams, plain or with TLS, on a thread of its own: what they say is its user's protocol.
 *
 * A stream that does not read what it is sent is not read from either; one that is idle may stay. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/bytes.h"
#include "base/mailbox.h"
#include "net/bounds.h"
#include "net/endpoint.h"

struct stream_server;

/* A client's connection. It lives until `closed` returned. Thread: the server's, for all that takes one. */
struct stream;

struct stream_server_options {
    struct net_endpoint endpoint;
    struct stream_server *leader; /* whose clients it shares, as http_server_options.leader */
    unsigned handshake_ms;        /* until stream_settle, or the stream is closed; 0: NET_HANDSHAKE_MS */
    size_t unsent_all_max; /* bytes that clients may leave, all together; 0: NET_UNSENT_ALL_BYTES_MAX */
    /* All on the server's thread; none may block. */
    void (*opened)(void *context, struct stream *stream); /* accepted; of TLS nothing was said yet */
    /* Takes bytes, deciphered, and returns how many of them it used. The rest comes again, at the front of more; at once
     * when a congested stream got free. Not called after stream_end. */
    size_t (*received)(void *context, struct stream *stream, struct bytes bytes);
    /* Once for each that opened; nothing was left out before, since it never runs inside another call. */
    void (*closed)(void *context, struct stream *stream);
    void *context;
};

/* *ret_server is set before the first stream opens, for what that posts; NULL on failure.
 * STATUS_BUSY (the port is taken), STATUS_DENIED (beyond loopback), STATUS_INVALID (not an address, or a certificate or
 * key that cannot be used), STATUS_NOT_FOUND (no such file). */
MUST_USE enum status stream_server_open(const struct stream_server_options *options,
                                        struct stream_server **ret_server, struct error *error);
/* Runs what was posted, closes all streams and ends the thread. Nothing may be posted any more. Accepts a pointer to
 * NULL. */
void stream_server_close(struct stream_server **server);
/* Reads certificate and key again, for connections that come from then on. When they cannot be used all stays as it was;
 * errors as above. Thread: any. */
MUST_USE enum status stream_server_reload(struct stream_server *server, struct error *error);
/* The bound ADDRESS:PORT; lives as long as the server. */
const char *stream_server_address(const struct stream_server *server);

/* Something to be done on the server's thread. Embedded as the first member of whatever is done. */
struct stream_task {
    struct message message;
    void (*run)(struct stream_task *task); /* owns the task */
};

/* Gives the task to the server's thread, which runs it soon, in the order of posts. Thread: any. */
void stream_server_post(struct stream_server *server, struct stream_task *task);

/* Sends bytes, which are borrowed for the call. When NET_UNSENT_BYTES_MAX wait already, or NET_UNSENT_BYTES and all clients
 * together leave too much, the client is not reading, and the stream is closed instead. Nothing happens when it is closing. */
void stream_send(struct stream *stream, struct bytes bytes);
/* The same for bytes that others will follow soon: they go out together with the next that are sent, or before the server's thread
 * waits again, with one system call instead of one each. */
void stream_hold(struct stream *stream, struct bytes bytes);
/* More than NET_UNSENT_BYTES waits to be sent; until that is gone nothing is read. */
bool stream_is_congested(const struct stream *stream);
/* Closes it when all was sent; what the client still says is dropped. */
void stream_end(struct stream *stream);
/* The client said who it is: no timeout any more. */
void stream_settle(struct stream *stream);

/* The port in the machine's order. */
struct stream_address {
    uint8_t host[16];
    uint8_t host_bytes; /* 4 or 16: IPv4, also where a listener of both had it mapped, or IPv6 */
    uint16_t port;
};
void stream_addresses(const struct stream *stream, struct stream_address *ret_local,
                      struct stream_address *ret_remote);

/* "TLSv1.3", and its cipher as RFC 8446 and its like call it; both NULL: it is not encrypted, or not yet. They live on. */
const char *stream_tls(const struct stream *stream, const char **ret_cipher);

/* What the server's user keeps with it. */
void stream_context_set(struct stream *stream, void *context);
void *stream_context(const struct stream *stream);

#endif
