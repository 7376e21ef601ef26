#include "parse.h"

#include "coding.h"

/* What decides how a request is framed and whether it is taken. */
struct head_facts {
    size_t hosts;
    size_t lengths;
    size_t transfers;
    size_t codings;
    size_t expectations;
    struct bytes host;
    struct bytes length;
    struct bytes transfer;
    struct bytes coding;
    struct bytes expected;
};

/* Stops the parser: every callback may end with it. */
static int parse_refuse(struct parse *parse, unsigned status)
{
    parse->refusal = status;
    return -1;
}

/* --- pieces of the head as they come ---------------------------------------------------------------------------- */

static int parse_begin(http_parser *parser)
{
    struct parse *parse = parser->data;
    parse->exchange = net__exchange_take(parse->pool);
    parse->head_bytes = 0;
    parse->is_in_value = false;
    return 0;
}

static int parse_piece(struct parse *parse, const char *data, size_t size)
{
    parse->head_bytes += size;
    if (parse->head_bytes > NET_HEADER_BYTES_MAX) {
        return parse_refuse(parse, 431);
    }
    buffer_put(&parse->exchange->head, bytes_of(data, size));
    return 0;
}

static int parse_target(http_parser *parser, const char *data, size_t size)
{
    struct parse *parse = parser->data;
    parse->exchange->target_bytes += size;
    return parse_piece(parse, data, size);
}

static int parse_name(http_parser *parser, const char *data, size_t size)
{
    struct parse *parse = parser->data;
    struct http_exchange *exchange = parse->exchange;
    if (parse->is_in_value || exchange->headers_count == 0) {
        if (exchange->headers_count == NET_HEADERS_MAX) {
            return parse_refuse(parse, 431);
        }
        exchange->headers[exchange->headers_count++] =
            (struct exchange_header){.name_at = exchange->head.size};
    }
    parse->is_in_value = false;
    exchange->headers[exchange->headers_count - 1].name_bytes += size;
    return parse_piece(parse, data, size);
}

static int parse_value(http_parser *parser, const char *data, size_t size)
{
    struct parse *parse = parser->data;
    struct exchange_header *header = &parse->exchange->headers[parse->exchange->headers_count - 1];
    if (!parse->is_in_value) {
        header->value_at = parse->exchange->head.size;
    }
    parse->is_in_value = true;
    header->value_bytes += size;
    return parse_piece(parse, data, size);
}

/* --- the head --------------------------------------------------------------------------------------------------- */

static void fact_put(size_t *count, struct bytes *value, struct bytes found)
{
    (*count)++;
    *value = found;
}

/* Drops blanks at the end of values, which http-parser leaves there, and picks out what counts for framing. */
static void head_read(struct http_exchange *exchange, struct head_facts *ret_facts)
{
    struct head_facts *facts = ret_facts;
    *facts = (struct head_facts){0};
    for (size_t i = 0; i < exchange->headers_count; i++) {
        struct exchange_header *header = &exchange->headers[i];
        const uint8_t *value = exchange->head.data + header->value_at;
        while (header->value_bytes > 0 &&
               (value[header->value_bytes - 1] == ' ' || value[header->value_bytes - 1] == '\t')) {
            header->value_bytes--;
        }
        struct bytes name = net__exchange_name(exchange, i);
        struct bytes found = bytes_of(value, header->value_bytes);
        if (bytes_are_word(name, "Host")) {
            fact_put(&facts->hosts, &facts->host, found);
        } else if (bytes_are_word(name, "Content-Length")) {
            fact_put(&facts->lengths, &facts->length, found);
        } else if (bytes_are_word(name, "Transfer-Encoding")) {
            fact_put(&facts->transfers, &facts->transfer, found);
        } else if (bytes_are_word(name, "Content-Encoding")) {
            fact_put(&facts->codings, &facts->coding, found);
        } else if (bytes_are_word(name, "Expect")) {
            fact_put(&facts->expectations, &facts->expected, found);
        }
    }
}

/* Where the body ends must have one answer only, for us and for whoever passed the request on (RFC 9112 section 6). */
static unsigned head_framing_refusal(const http_parser *parser, const struct head_facts *facts)
{
    if (facts->transfers > 0) {
        if (facts->lengths > 0 || facts->transfers > 1 || parser->http_minor == 0) {
            return 400;
        }
        if (!bytes_are_word(facts->transfer, "chunked")) {
            return 501;
        }
    }
    if (facts->lengths > 1 || (facts->lengths == 1 && facts->length.size == 0)) {
        return 400;
    }
    for (size_t i = 0; i < facts->length.size; i++) {
        if (facts->length.data[i] < '0' || facts->length.data[i] > '9') {
            return 400;
        }
    }
    return 0;
}

/* RFC 9112 section 3.2: exactly one, and a host with a port at most. */
static unsigned head_host_refusal(const http_parser *parser, const struct head_facts *facts)
{
    if (facts->hosts > 1 || (facts->hosts == 0 && parser->http_minor > 0)) {
        return 400;
    }
    for (size_t i = 0; i < facts->host.size; i++) {
        uint8_t c = facts->host.data[i];
        if (c <= ' ' || c >= 0x7F || strchr("/\\@?#,\"<>", c) != NULL) {
            return 400;
        }
    }
    return 0;
}

static unsigned head_refusal(const struct parse *parse, const struct head_facts *facts)
{
    const http_parser *parser = &parse->parser;
    enum coding coding = CODING_IDENTITY;
    if (parser->http_major != 1) {
        return 505;
    }
    unsigned refusal = head_framing_refusal(parser, facts);
    if (refusal == 0) {
        refusal = head_host_refusal(parser, facts);
    }
    if (refusal != 0) {
        return refusal;
    }
    if (parser->method == HTTP_CONNECT) {
        return 501;
    }
    if (facts->lengths > 0 && parser->content_length > parse->body_bytes_max) {
        return 413;
    }
    if (facts->codings > 1 || (facts->codings == 1 && !net__coding_find(facts->coding, &coding))) {
        return 415;
    }
    if (facts->expectations > 1 ||
        (facts->expectations == 1 && !bytes_are_word(facts->expected, "100-continue"))) {
        return 417;
    }
    return 0;
}

/* Blanks in names and control characters in the target, which http-parser lets through. */
static bool head_is_clean(const struct http_exchange *exchange)
{
    for (size_t i = 0; i < exchange->target_bytes; i++) {
        if (exchange->head.data[i] <= ' ' || exchange->head.data[i] >= 0x7F) {
            return false;
        }
    }
    for (size_t i = 0; i < exchange->headers_count; i++) {
        struct bytes name = net__exchange_name(exchange, i);
        if (name.size == 0 || bytes_find_byte(name, ' ') != NULL) {
            return false;
        }
    }
    return true;
}

static int parse_head_end(http_parser *parser)
{
    struct parse *parse = parser->data;
    struct head_facts facts;
    head_read(parse->exchange, &facts);
    unsigned refusal = head_is_clean(parse->exchange) ? head_refusal(parse, &facts) : 400;
    if (refusal != 0) {
        return parse_refuse(parse, refusal);
    }
    parser->upgrade = 0; /* an Upgrade is an offer, and none is taken (RFC 9110 section 7.8) */
    parse->body = facts.transfers > 0 ? net__body_chunked()
                                      : net__body_sized(facts.lengths > 0 ? parser->content_length : 0);
    parse->wants_continue =
        facts.expectations > 0 && parser->http_minor > 0 && parse->body.state != BODY_WHOLE;
    return 1; /* http-parser is to leave the body alone */
}

static int parse_head_whole(http_parser *parser)
{
    struct parse *parse = parser->data;
    parse->is_head_done = true;
    http_parser_pause(parser, 1);
    return 0;
}

/* Lines end with CR LF, and none goes on in the next (RFC 9112 sections 2.2 and 5.2): what http-parser would forgive,
 * another server may have read otherwise. */
static bool head_lines_are_sound(struct parse *parse, struct bytes part)
{
    const uint8_t *data = part.data;
    const uint8_t *end = data + part.size;
    bool is_sound = !(parse->last_byte == '\n' && (data[0] == ' ' || data[0] == '\t'));
    for (const uint8_t *at = bytes_find_byte(part, '\n'); at != NULL && is_sound;
         at = bytes_find_byte(bytes_from(part, (size_t)(at + 1 - data)), '\n')) {
        bool follows_cr = (at == data ? parse->last_byte : at[-1]) == '\r';
        bool is_folded = at + 1 < end && (at[1] == ' ' || at[1] == '\t');
        is_sound = follows_cr && !is_folded;
    }
    parse->last_byte = end[-1];
    return is_sound;
}

static size_t parse_head(struct parse *parse, struct bytes input)
{
    static const http_parser_settings settings = {
        .on_message_begin = parse_begin,
        .on_url = parse_target,
        .on_header_field = parse_name,
        .on_header_value = parse_value,
        .on_headers_complete = parse_head_end,
        .on_message_complete = parse_head_whole,
    };
    http_parser_pause(&parse->parser, 0);
    size_t used = http_parser_execute(&parse->parser, &settings, (const char *)input.data, input.size);
    enum http_errno problem = HTTP_PARSER_ERRNO(&parse->parser);
    bool is_open = !parse->is_head_done && problem == HPE_OK && used == input.size;
    if (!parse->is_head_done && !is_open && parse->refusal == 0) {
        parse->refusal = problem == HPE_HEADER_OVERFLOW ? 431 : 400;
    }
    if (used > 0 && !head_lines_are_sound(parse, bytes_part(input, 0, used))) {
        parse->refusal = 400;
    }
    if (parse->is_head_done) {
        if (parse->last_byte != '\n') {
            parse->refusal = 400; /* http-parser takes any byte after the last CR */
        }
        parse->last_byte = 0;
    }
    return used;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* Path and query of the target; one in absolute form (RFC 9112 section 3.2.2) loses scheme and authority. */
static void exchange_split_target(struct http_exchange *exchange)
{
    struct bytes target = bytes_part(buffer_bytes(&exchange->head), 0, exchange->target_bytes);
    if (target.size > 0 && target.data[0] != '/') {
        const uint8_t *authority = bytes_find(target, bytes_of_text("://"));
        size_t at = authority == NULL ? 0 : (size_t)(authority + 3 - target.data);
        while (authority != NULL && at < target.size && target.data[at] != '/' && target.data[at] != '?') {
            at++;
        }
        target = bytes_from(target, at);
    }
    const uint8_t *mark = bytes_find_byte(target, '?');
    size_t path = mark == NULL ? target.size : (size_t)(mark - target.data);
    exchange->path = path == 0 ? bytes_of_text("/") : bytes_part(target, 0, path);
    exchange->query = mark == NULL ? (struct bytes){0} : bytes_from(target, path + 1);
}

static unsigned exchange_decode(struct http_exchange *exchange, size_t bytes_max)
{
    enum coding coding = CODING_IDENTITY;
    struct bytes name = http_header(exchange, "Content-Encoding");
    if (name.size == 0 || exchange->received.size == 0 || !net__coding_find(name, &coding) ||
        coding == CODING_IDENTITY) {
        return 0;
    }
    enum status status =
        net__coding_decode(coding, buffer_bytes(&exchange->received), bytes_max, &exchange->decoded);
    exchange->is_encoded = true;
    if (status == STATUS_OK) {
        return 0;
    }
    return status == STATUS_TOO_LARGE ? 413 : 400;
}

static void parse_end(struct parse *parse)
{
    struct http_exchange *exchange = parse->exchange;
    const http_parser *parser = &parse->parser;
    parse->refusal = exchange_decode(exchange, parse->body_bytes_max);
    exchange_split_target(exchange);
    exchange->method = http_method_str((enum http_method)parser->method);
    exchange->keeps_alive = http_should_keep_alive(parser) != 0;
    exchange->says_keep_alive = exchange->keeps_alive && parser->http_minor == 0;
    parse->is_whole = parse->refusal == 0;
    parse->is_head_done = false;
    parse->wants_continue = false;
}

void net__parse_init(struct parse *parse, struct exchange_pool *pool, size_t body_bytes_max)
{
    *parse = (struct parse){.pool = pool, .body_bytes_max = body_bytes_max};
    http_parser_init(&parse->parser, HTTP_REQUEST);
    parse->parser.data = parse;
}

void net__parse_reset(struct parse *parse)
{
    net__exchange_give(parse->pool, parse->exchange);
    parse->exchange = NULL;
}

enum parse_result net__parse(struct parse *parse, struct bytes input, size_t *ret_used)
{
    size_t used = 0;
    CHECK(!parse->is_whole && parse->refusal == 0);
    if (!parse->is_head_done) {
        used = parse_head(parse, input);
    }
    if (parse->is_head_done && parse->refusal == 0) {
        struct buffer *received = &parse->exchange->received;
        used += net__body_read(&parse->body, bytes_from(input, used), parse->body_bytes_max, received);
        parse->refusal = parse->body.refusal;
        if (parse->body.state == BODY_WHOLE) {
            parse_end(parse);
        }
        if (!net__exchange_count_body(parse->pool, parse->exchange)) {
            parse->refusal = 503;
        }
    }
    *ret_used = used;
    if (parse->refusal != 0) {
        return PARSE_REFUSED;
    }
    return parse->is_whole ? PARSE_REQUEST : PARSE_MORE;
}

struct http_exchange *net__parse_take(struct parse *parse)
{
    struct http_exchange *exchange = parse->exchange;
    CHECK(parse->is_whole);
    parse->exchange = NULL;
    parse->is_whole = false;
    return exchange;
}

bool net__parse_is_under_way(const struct parse *parse)
{
    return parse->exchange != NULL;
}

bool net__parse_is_in_head(const struct parse *parse)
{
    return parse->exchange != NULL && !parse->is_head_done;
}
