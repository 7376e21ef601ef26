/* A request while it is read, served and answered. */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include "base/mailbox.h"
#include "net/http.h"

struct connection;

/* Where name and value lie in `head`. */
struct exchange_header {
    size_t name_at;
    size_t name_bytes;
    size_t value_at;
    size_t value_bytes;
};

struct http_exchange {
    struct message message; /* first member: it comes back through the mailbox */
    struct http_server *server;
    struct connection *connection; /* NULL: it is gone, and the answer goes nowhere. Server's thread only */
    struct http_exchange *next;    /* in the pool */
    void *context;                 /* the door's */
    void (*resume)(struct http_exchange *exchange); /* not answered yet: to be called instead */
    struct arena arena;
    const char *method;
    struct buffer head; /* the request target, then names and values, one after another */
    size_t target_bytes;
    struct bytes path;
    struct bytes query;
    struct buffer received; /* the body as sent */
    struct buffer decoded;  /* the same without its Content-Encoding */
    size_t body_bytes;      /* of both, as the pool has counted them */
    bool is_encoded;        /* whether `decoded` counts */
    bool keeps_alive;       /* the connection, after the answer */
    bool says_keep_alive;   /* to a client of HTTP/1.0 */
    struct buffer answer;   /* head, and for an answer of another thread the body */
    size_t headers_count;
    struct exchange_header headers[NET_HEADERS_MAX];
};

/* Memory of answered exchanges. Thread: the server's. {0} is empty. */
struct exchange_pool {
    struct http_exchange *first;
    size_t count;
    size_t body_bytes; /* of all exchanges that were taken */
};

struct http_exchange *net__exchange_take(struct exchange_pool *pool);
/* Counts what the body has grown by. False: all bodies are more than there may be, and this one is large. */
bool net__exchange_count_body(struct exchange_pool *pool, struct http_exchange *exchange);
/* Accepts NULL. */
void net__exchange_give(struct exchange_pool *pool, struct http_exchange *exchange);
void net__exchange_pool_reset(struct exchange_pool *pool);

struct bytes net__exchange_name(const struct http_exchange *exchange, size_t header);
struct bytes net__exchange_value(const struct http_exchange *exchange, size_t header);
/* Finds the next header of that name from number *at on, and moves *at behind it. */
bool net__exchange_next(const struct http_exchange *exchange, const char *name, size_t *at,
                        struct bytes *ret_value);

/* Writes the head of an answer into `answer`. True when the body follows it. */
bool net__exchange_put_head(struct http_exchange *exchange, const struct http_answer *answer);

#endif
