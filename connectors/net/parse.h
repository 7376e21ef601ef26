/* From the bytes of a connection to exchanges: HTTP's grammar and what may not be left ambiguous in it. Knows no sockets.
 *
 * http-parser cuts heads up; which of what it lets through is a request is decided here (README, "Wire rules"). */
#ifndef NET_PARSE_H
#define NET_PARSE_H

#include <http_parser.h>

#include "body.h"
#include "exchange.h"

enum parse_result {
    PARSE_MORE,    /* all was used, no request is whole */
    PARSE_REQUEST, /* net__parse_take gives it */
    PARSE_REFUSED, /* `refusal` says why; nothing more can be read from this connection */
};

struct parse {
    http_parser parser; /* of heads */
    struct body body;   /* of the request whose head is done */
    struct exchange_pool *pool;
    size_t body_bytes_max;
    struct http_exchange *exchange; /* being read, or not taken yet; NULL between requests */
    size_t head_bytes;
    unsigned refusal;  /* a status; 0: none */
    uint8_t last_byte; /* of the input before, while in a head */
    bool is_in_value;
    bool is_head_done;
    bool is_whole;
    bool
        wants_continue; /* the client waits for 100 before it sends the body; whoever answers it clears this */
};

void net__parse_init(struct parse *parse, struct exchange_pool *pool, size_t body_bytes_max);
void net__parse_reset(struct parse *parse);

/* Parses until a request is whole or the input is used up. */
enum parse_result net__parse(struct parse *parse, struct bytes input, size_t *ret_used);
/* Gives the request that is whole. */
struct http_exchange *net__parse_take(struct parse *parse);
/* A request began and is not whole. */
bool net__parse_is_under_way(const struct parse *parse);
/* A request began and its head is not whole. */
bool net__parse_is_in_head(const struct parse *parse);

#endif
