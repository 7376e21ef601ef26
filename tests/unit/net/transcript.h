/* What the parser makes of bytes, as text: a line "METHOD path?query keep|close body" for each request (line feeds of the body as |), and at last the
 * status of a refusal, or "more" when a request was begun and is not whole. */
#ifndef UNIT_NET_TRANSCRIPT_H
#define UNIT_NET_TRANSCRIPT_H

#include "parse.h"

static inline void transcript_put_request(struct buffer *text, const struct http_exchange *exchange)
{
    buffer_put_text(text, http_method(exchange));
    buffer_put_text(text, " ");
    buffer_put(text, http_path(exchange));
    if (http_query(exchange).size > 0) {
        buffer_put_text(text, "?");
        buffer_put(text, http_query(exchange));
    }
    buffer_put_text(text, exchange->keeps_alive ? " keep " : " close ");
    struct bytes body = http_body(exchange);
    for (size_t i = 0; i < body.size; i++) { /* a line stays one, whatever the body */
        buffer_put_u8(text, body.data[i] == '\n' ? '|' : body.data[i]);
    }
    buffer_put_text(text, "\n");
}

/* Parses `input` in pieces that `piece_size(context, left)` chooses. The buffer is the caller's to reset. */
static inline struct buffer transcript_of(struct bytes input,
                                          size_t (*piece_size)(void *context, size_t left), void *context,
                                          size_t body_bytes_max)
{
    struct exchange_pool pool = {0};
    struct parse parse;
    struct buffer text = {0};
    bool is_open = true;
    net__parse_init(&parse, &pool, body_bytes_max);
    while (is_open && input.size > 0) {
        size_t size = piece_size(context, input.size);
        struct bytes piece = bytes_part(input, 0, size);
        input = bytes_from(input, size);
        while (is_open && piece.size > 0) {
            size_t used = 0;
            enum parse_result result = net__parse(&parse, piece, &used);
            piece = bytes_from(piece, used);
            if (result == PARSE_REQUEST) {
                struct http_exchange *exchange = net__parse_take(&parse);
                transcript_put_request(&text, exchange);
                is_open = exchange->keeps_alive;
                net__exchange_give(&pool, exchange);
            } else if (result == PARSE_REFUSED) {
                buffer_put_format(&text, "%u\n", parse.refusal);
                is_open = false;
            } else {
                CHECK(used > 0 && piece.size == 0);
            }
        }
    }
    if (is_open && parse.exchange != NULL) {
        buffer_put_text(&text, "more\n");
    }
    net__parse_reset(&parse);
    net__exchange_pool_reset(&pool);
    return text;
}

#endif
