/* Tokens. */
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "expression_private.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static uint8_t lexer_at(const struct parser *parser, size_t offset)
{
    return offset < parser->text.size ? parser->text.data[offset] : 0;
}

/* DynamoDB's words are of ASCII: another letter takes a placeholder. */
static bool lexer_is_word(const struct parser *parser, uint8_t c)
{
    return is_word_start(c) || is_digit(c) || (c >= 0x80 && parser->options->is_native);
}

static size_t lexer_word(const struct parser *parser, size_t from)
{
    while (lexer_is_word(parser, lexer_at(parser, from))) {
        from++;
    }
    return from;
}

/* The bytes of the character at `from`. */
static size_t lexer_character(const struct parser *parser, size_t from)
{
    size_t size = 1;
    while ((lexer_at(parser, from + size) & 0xC0) == 0x80) {
        size++;
    }
    return size;
}

/* Digits; a native one may go on with a point and an exponent. */
static size_t lexer_number(const struct parser *parser, size_t from)
{
    while (is_digit(lexer_at(parser, from))) {
        from++;
    }
    if (!parser->options->is_native) {
        return from;
    }
    if (lexer_at(parser, from) == '.' && is_digit(lexer_at(parser, from + 1))) {
        from++;
        while (is_digit(lexer_at(parser, from))) {
            from++;
        }
    }
    uint8_t c = lexer_at(parser, from);
    uint8_t next = lexer_at(parser, from + 1);
    bool is_signed = next == '+' || next == '-';
    if ((c == 'e' || c == 'E') && is_digit(is_signed ? lexer_at(parser, from + 2) : next)) {
        from += is_signed ? 3 : 2;
        while (is_digit(lexer_at(parser, from))) {
            from++;
        }
    }
    return from;
}

/* After the closing quote; a quote inside is written twice. 0: it is never closed. */
static size_t lexer_string(const struct parser *parser, size_t from)
{
    uint8_t quote = lexer_at(parser, from);
    for (size_t i = from + 1; i < parser->text.size; i++) {
        if (parser->text.data[i] != quote) {
            continue;
        }
        if (lexer_at(parser, i + 1) != quote) {
            return i + 1;
        }
        i++;
    }
    return 0;
}

static size_t lexer_symbol(const struct parser *parser, size_t from, enum token_kind *ret_kind)
{
    uint8_t next = lexer_at(parser, from + 1);
    static const char singles[] = "=(),.[]+-<>";
    static const enum token_kind kinds[] = {
        TOKEN_EQUAL,         TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_DOT,     TOKEN_BRACKET_OPEN,
        TOKEN_BRACKET_CLOSE, TOKEN_PLUS, TOKEN_MINUS, TOKEN_LESS,  TOKEN_GREATER,
    };
    uint8_t c = lexer_at(parser, from);
    if (c == '<' && (next == '>' || next == '=')) {
        *ret_kind = next == '>' ? TOKEN_NOT_EQUAL : TOKEN_LESS_EQUAL;
        return from + 2;
    }
    if (c == '>' && next == '=') {
        *ret_kind = TOKEN_GREATER_EQUAL;
        return from + 2;
    }
    const char *found = c == 0 ? NULL : strchr(singles, c);
    if (found == NULL) {
        return 0;
    }
    *ret_kind = kinds[found - singles];
    return from + 1;
}

/* Where the token that begins at `from` ends; 0: none begins there. */
static size_t lexer_token(const struct parser *parser, size_t from, enum token_kind *ret_kind)
{
    uint8_t c = lexer_at(parser, from);
    bool is_native = parser->options->is_native;
    bool begins_word = is_native ? is_word_start(c) || c >= 0x80 : is_word_start(c) && c != '_';
    if (begins_word) { /* DynamoDB's with an underscore first take a placeholder */
        *ret_kind = TOKEN_WORD;
        return lexer_word(parser, from);
    }
    if (c == '#' || c == ':') {
        size_t end = lexer_word(parser, from + 1);
        *ret_kind = c == '#' ? TOKEN_NAME : TOKEN_VALUE;
        return end > from + 1 ? end : 0;
    }
    if (is_digit(c)) {
        *ret_kind = TOKEN_NUMBER;
        return lexer_number(parser, from);
    }
    if (is_native && (c == '\'' || c == '"')) {
        *ret_kind = TOKEN_STRING;
        return lexer_string(parser, from);
    }
    return lexer_symbol(parser, from, ret_kind);
}

enum status parser_advance(struct parser *parser)
{
    struct bytes text = parser->text;
    size_t from = parser->offset;
    while (is_space(lexer_at(parser, from))) {
        from++;
    }
    parser->previous = parser->token;
    if (from == text.size) {
        parser->token = (struct token){.kind = TOKEN_END, .text = bytes_of_text("<EOF>"), .offset = from};
        parser->offset = from;
        return STATUS_OK;
    }
    enum token_kind kind = TOKEN_END;
    size_t end = lexer_token(parser, from, &kind);
    parser->token =
        (struct token){.kind = kind,
                       .text = bytes_part(text, from, end == 0 ? lexer_character(parser, from) : end - from),
                       .offset = from};
    parser->offset = end;
    return end == 0 ? parser_syntax_error(parser) : STATUS_OK;
}

enum status parser_begin(struct parser *parser, struct bytes text, const struct expression_options *options,
                         struct error *error)
{
    *parser = (struct parser){.text = text, .options = options, .error = error, .complaint = COMPLAINT_NONE};
    if (text.size > EXPRESSION_TEXT_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "Expression size has exceeded the maximum allowed size; expression size: %zu",
                         text.size);
    }
    enum status status = parser_advance(parser);
    if (status == STATUS_OK && parser->token.kind == TOKEN_END) {
        status = error_set(error, STATUS_INVALID, "The expression can not be empty;");
    }
    parser->previous = (struct token){0};
    return status;
}

/* The token, and what stands around it: from the token before to the one after. */
enum status parser_syntax_error(struct parser *parser)
{
    struct token token = parser->token;
    size_t from = parser->previous.text.size > 0 ? parser->previous.offset : token.offset;
    bool is_at_end = token.offset == parser->text.size;
    size_t end = is_at_end ? parser->text.size : token.offset + token.text.size;
    enum token_kind kind = TOKEN_END;
    size_t next = end;
    while (next < parser->text.size && parser->text.data[next] == ' ') {
        next++;
    }
    size_t after = next < parser->text.size ? lexer_token(parser, next, &kind) : 0;
    end = after > 0 ? after : end;
    return error_set(parser->error, STATUS_INVALID, "Syntax error; token: \"%.*s\", near: \"%.*s\"",
                     (int)token.text.size, (const char *)token.text.data, (int)(end - from),
                     (const char *)parser->text.data + from);
}

enum status parser_complain(struct parser *parser, enum complaint complaint, const char *format, ...)
{
    if (complaint < parser->complaint) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(parser->complained.text, sizeof(parser->complained.text), format, arguments);
        va_end(arguments);
        parser->complaint = complaint;
    }
    return STATUS_OK;
}

enum status parser_end(struct parser *parser)
{
    if (parser->token.kind != TOKEN_END) {
        return parser_syntax_error(parser);
    }
    return parser->complaint == COMPLAINT_NONE
               ? STATUS_OK
               : error_set(parser->error, STATUS_INVALID, "%s", parser->complained.text);
}

bool parser_is_word(const struct parser *parser, const char *word)
{
    struct bytes text = parser->token.text;
    return parser->token.kind == TOKEN_WORD && text.size == strlen(word) &&
           strncasecmp((const char *)text.data, word, text.size) == 0;
}

bool parser_is_function(struct parser *parser)
{
    size_t from = parser->offset;
    while (from < parser->text.size && parser->text.data[from] == ' ') {
        from++;
    }
    return parser->token.kind == TOKEN_WORD && lexer_at(parser, from) == '(';
}

enum status parser_expect(struct parser *parser, enum token_kind kind)
{
    return parser->token.kind == kind ? parser_advance(parser) : parser_syntax_error(parser);
}

enum status parser_count_operator(struct parser *parser)
{
    parser->operators++;
    if (parser->operators > EXPRESSION_OPERATORS_MAX) {
        return error_set(parser->error, STATUS_TOO_LARGE,
                         "The expression contains too many operators; operator count: %zu",
                         parser->operators);
    }
    return STATUS_OK;
}
