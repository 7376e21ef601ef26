#include "exchange.h"

#include <strings.h>
#include <time.h>

#include <http_parser.h>

#include "base/clock.h"
#include "base/memory.h"
#include "server_private.h"

/* --- memory ----------------------------------------------------------------------------------------------------- */

static void exchange_destroy(struct http_exchange *exchange)
{
    arena_reset(&exchange->arena);
    buffer_reset(&exchange->head);
    buffer_reset(&exchange->received);
    buffer_reset(&exchange->decoded);
    buffer_reset(&exchange->answer);
    memory_destroy(exchange);
}

struct http_exchange *net__exchange_take(struct exchange_pool *pool)
{
    struct http_exchange *exchange = pool->first;
    if (exchange == NULL) {
        return memory_create(sizeof(*exchange));
    }
    pool->first = exchange->next;
    pool->count--;
    return exchange;
}

static void exchange_clear_buffer(struct buffer *buffer)
{
    if (buffer->capacity > NET_EXCHANGE_BYTES_KEPT) {
        buffer_reset(buffer);
    }
    buffer_clear(buffer);
}

bool net__exchange_count_body(struct exchange_pool *pool, struct http_exchange *exchange)
{
    size_t bytes = exchange->received.size + exchange->decoded.size;
    pool->body_bytes += bytes - exchange->body_bytes;
    exchange->body_bytes = bytes;
    return bytes <= NET_BODY_BYTES_GRANTED || pool->body_bytes <= NET_BODIES_BYTES_MAX;
}

void net__exchange_give(struct exchange_pool *pool, struct http_exchange *exchange)
{
    if (exchange == NULL) {
        return;
    }
    pool->body_bytes -= exchange->body_bytes;
    exchange->body_bytes = 0;
    if (pool->count == NET_EXCHANGES_KEPT) {
        exchange_destroy(exchange);
        return;
    }
    if (exchange->arena.total > NET_EXCHANGE_BYTES_KEPT) {
        arena_reset(&exchange->arena);
    }
    arena_clear(&exchange->arena);
    exchange_clear_buffer(&exchange->head);
    exchange_clear_buffer(&exchange->received);
    exchange_clear_buffer(&exchange->decoded);
    exchange_clear_buffer(&exchange->answer);
    exchange->connection = NULL;
    exchange->method = NULL;
    exchange->context = NULL;
    exchange->target_bytes = 0;
    exchange->path = (struct bytes){0};
    exchange->query = (struct bytes){0};
    exchange->is_encoded = false;
    exchange->keeps_alive = false;
    exchange->says_keep_alive = false;
    exchange->headers_count = 0;
    exchange->next = pool->first;
    pool->first = exchange;
    pool->count++;
}

void net__exchange_pool_reset(struct exchange_pool *pool)
{
    while (pool->first != NULL) {
        exchange_destroy(net__exchange_take(pool));
    }
}

/* --- what was asked --------------------------------------------------------------------------------------------- */

const char *http_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

struct bytes http_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

struct bytes http_query(const struct http_exchange *exchange)
{
    return exchange->query;
}

struct bytes http_body(const struct http_exchange *exchange)
{
    return buffer_bytes(exchange->is_encoded ? &exchange->decoded : &exchange->received);
}

struct bytes http_body_received(const struct http_exchange *exchange)
{
    return buffer_bytes(&exchange->received);
}

struct arena *http_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

void http_context_set(struct http_exchange *exchange, void *context)
{
    exchange->context = context;
}

void *http_context(const struct http_exchange *exchange)
{
    return exchange->context;
}

struct bytes net__exchange_name(const struct http_exchange *exchange, size_t header)
{
    const struct exchange_header *at = &exchange->headers[header];
    return bytes_part(buffer_bytes(&exchange->head), at->name_at, at->name_bytes);
}

struct bytes net__exchange_value(const struct http_exchange *exchange, size_t header)
{
    const struct exchange_header *at = &exchange->headers[header];
    return bytes_part(buffer_bytes(&exchange->head), at->value_at, at->value_bytes);
}

bool net__exchange_next(const struct http_exchange *exchange, const char *name, size_t *at,
                        struct bytes *ret_value)
{
    size_t size = strlen(name);
    for (size_t i = *at; i < exchange->headers_count; i++) {
        if (exchange->headers[i].name_bytes == size &&
            strncasecmp((const char *)net__exchange_name(exchange, i).data, name, size) == 0) {
            *at = i + 1;
            *ret_value = net__exchange_value(exchange, i);
            return true;
        }
    }
    return false;
}

struct bytes http_header(const struct http_exchange *exchange, const char *name)
{
    struct bytes value = {0};
    size_t at = 0;
    (void)net__exchange_next(exchange, name, &at, &value);
    return value;
}

/* --- the answer's head ------------------------------------------------------------------------------------------ */

/* RFC 9110 section 5.6.7; made once a second. */
static const char *exchange_date(void)
{
    static _Thread_local struct {
        int64_t seconds;
        char text[40];
    } date;
    int64_t now_s = clock_wall_us(clock_system()) / 1000000;
    if (now_s != date.seconds) {
        struct tm parts;
        time_t seconds = (time_t)now_s;
        (void)gmtime_r(&seconds, &parts);
        (void)strftime(date.text, sizeof(date.text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        date.seconds = now_s;
    }
    return date.text;
}

bool net__exchange_put_head(struct http_exchange *exchange, const struct http_answer *answer)
{
    struct buffer *head = &exchange->answer;
    bool has_body = answer->status != 204 && answer->status != 304; /* RFC 9110 section 6.4.1 */
    buffer_put_text(head, "HTTP/1.1 ");
    buffer_put_decimal(head, answer->status);
    buffer_put_text(head, " ");
    buffer_put_text(head, http_status_str((enum http_status)answer->status));
    if (has_body) {
        buffer_put_text(head, "\r\nContent-Type: ");
        buffer_put_text(head, answer->type);
        buffer_put_text(head, "\r\nContent-Length: ");
        buffer_put_decimal(head, answer->body.size);
    }
    if (exchange->server->options.is_dated) {
        buffer_put_text(head, "\r\nDate: ");
        buffer_put_text(head, exchange_date());
    }
    buffer_put_text(head, "\r\n");
    if (!exchange->keeps_alive) {
        buffer_put_text(head, "Connection: close\r\n");
    } else if (exchange->says_keep_alive) {
        buffer_put_text(head, "Connection: keep-alive\r\n");
    }
    if (answer->headers != NULL) {
        buffer_put_text(head, answer->headers);
    }
    buffer_put_text(head, "\r\n");
    return has_body && strcmp(exchange->method, "HEAD") != 0;
}
