/* An HTTP/1.1 server (RFC 9110, RFC 9112), plain or with TLS, on a thread of its own.
 *
 * One request of a connection is served at a time; what a client sends ahead waits, and most of it in the kernel. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/arena.h"
#include "base/buffer.h"
#include "net/bounds.h"
#include "net/endpoint.h"

struct http_server;
struct metric;

/* A request and the place where its answer goes. Owned by whoever holds it until http_reply. */
struct http_exchange;

struct http_server_options {
    struct net_endpoint endpoint;
    struct http_server *
        leader; /* another one, with that endpoint, whose clients it shares, on a thread of its own; it is closed first.
                                   NULL: it listens itself */
    size_t body_bytes_max;      /* of a request, as received and as decoded; over it: 413 */
    unsigned idle_ms;           /* 0: NET_IDLE_MS */
    unsigned request_ms;        /* 0: NET_REQUEST_MS */
    bool is_dated;              /* answers have a Date (RFC 9110 section 6.6.1) */
    struct metric *connections; /* gauge of those that are open; lives for ever; NULL: nobody counts */
    /* Takes the exchange; answers now or later. Thread: the server's; must not block. */
    void (*handle)(void *context, struct http_exchange *exchange);
    void *context;
};

/* At most NET_FOLLOWERS_MAX servers share the clients of one.
 * STATUS_BUSY (the port is taken), STATUS_DENIED (beyond loopback), STATUS_INVALID (not an address, or a certificate or
 * key that cannot be used), STATUS_NOT_FOUND (no such file). */
MUST_USE enum status http_server_open(const struct http_server_options *options,
                                      struct http_server **ret_server, struct error *error);
/* Closes all connections. Every exchange must have been answered. Accepts a pointer to NULL. */
void http_server_close(struct http_server **server);
/* Reads certificate and key again, for connections that come from then on. When they cannot be used all stays as it was;
 * errors as above. Thread: any. */
MUST_USE enum status http_server_reload(struct http_server *server, struct error *error);
/* The bound ADDRESS:PORT; lives as long as the server. */
const char *http_server_address(const struct http_server *server);

/* What was asked. Views live as long as the exchange. Thread: whoever holds the exchange. */
const char *http_method(const struct http_exchange *exchange); /* "GET" … */
struct bytes http_path(const struct http_exchange *exchange);  /* without scheme, authority and query */
struct bytes http_query(const struct http_exchange *exchange);
struct bytes
http_body(const struct http_exchange *exchange); /* without its Content-Encoding (gzip, deflate) */
/* As it was sent, before Content-Encoding is undone; signatures are over these bytes. */
struct bytes http_body_received(const struct http_exchange *exchange);
/* The value of a header, whatever its case; of several the first; empty when it is not there. */
struct bytes http_header(const struct http_exchange *exchange, const char *name);
/* Memory that lives as long as the exchange. */
struct arena *http_arena(struct http_exchange *exchange);

/* Encodes a body as the client accepts it (RFC 9110 section 12.5.3) and appends it to *ret_body; *ret_encoding is then
 * what Content-Encoding has to say, and "Vary: Accept-Encoding" belongs beside it. False when the body is to be sent as it
 * is: it is short, the client wants no other form, or it gets no smaller. Outputs are then untouched.
 * Thread: whoever holds the exchange. */
bool http_compress(struct http_exchange *exchange, struct bytes body, struct buffer *ret_body,
                   const char **ret_encoding);

struct http_answer {
    unsigned status;
    const char *type;    /* Content-Type */
    const char *headers; /* more of them, each ended by "\r\n", or NULL */
    struct bytes body;   /* borrowed for the call */
};

/* Calls `resume` with the exchange on the server's thread, soon: where an answer is made when its facts come from another
 * thread. Lends the exchange until then. Thread: any. */
void http_resume(struct http_exchange *exchange, void (*resume)(struct http_exchange *exchange));
/* What the door keeps with an exchange. */
void http_context_set(struct http_exchange *exchange, void *context);
void *http_context(const struct http_exchange *exchange);

/* Answers and takes the exchange. Thread: any. An answer that is made while `handle` runs costs least. */
void http_reply(struct http_exchange **exchange, const struct http_answer *answer);

#endif
