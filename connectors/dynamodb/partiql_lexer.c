/* PartiQL's tokens. */
#include "partiql.h"

#define NOT_WELL_FORMED "Statement wasn't well formed, can't be processed: "

enum status partiql_fail(struct partiql_parser *parser, const char *what)
{
    (void)error_set(parser->error, STATUS_INVALID, NOT_WELL_FORMED "%s", what);
    return STATUS_INVALID;
}

enum status partiql_fail_token(struct partiql_parser *parser)
{
    switch ((int)parser->token.kind) {
    case PARTIQL_END:
        return partiql_fail(parser, "Unexpected end of statement");
    case PARTIQL_WORD:
        return partiql_fail(parser, "Unexpected keyword");
    case PARTIQL_QUOTED:
    case PARTIQL_STRING:
    case PARTIQL_NUMBER:
    case PARTIQL_PARAMETER:
        return partiql_fail(parser, "Unexpected term");
    default:
        return partiql_fail(parser, "Unexpected operator");
    }
}

/* --- characters ------------------------------------------------------------------------------------------------- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_part(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || is_digit(c);
}

/* The character `ahead` of the next one; 0 behind the end. */
static uint8_t character(const struct partiql_parser *parser, size_t ahead)
{
    size_t at = parser->offset + ahead;
    return at < parser->text.size ? parser->text.data[at] : 0;
}

/* Behind the next `end`, or at the end of all. */
static bool skip_behind(struct partiql_parser *parser, const char *end)
{
    struct bytes rest = bytes_from(parser->text, parser->offset);
    const uint8_t *found = bytes_find(rest, bytes_of_text(end));
    parser->offset += found == NULL ? rest.size : (size_t)(found - rest.data) + strlen(end);
    return found != NULL;
}

/* PartiQL specification, appendix: white space, "-- …" up to the end of its line, and what stands between slash-star and
 * star-slash. */
static enum status skip_space(struct partiql_parser *parser)
{
    for (;;) {
        uint8_t c = character(parser, 0);
        uint8_t next = character(parser, 1);
        if (c == '-' && next == '-') {
            (void)skip_behind(parser, "\n");
        } else if (c == '/' && next == '*') {
            parser->offset += 2;
            if (!skip_behind(parser, "*/")) {
                return partiql_fail(parser, "Unterminated comment");
            }
        } else if (c != ' ' && (c < '\t' || c > '\r')) {
            return STATUS_OK;
        } else {
            parser->offset++;
        }
    }
}

/* --- tokens ----------------------------------------------------------------------------------------------------- */

static void take(struct partiql_parser *parser, enum partiql_token_kind kind, size_t size)
{
    parser->token = (struct partiql_token){kind, bytes_part(parser->text, parser->offset, size)};
    parser->offset += size;
}

static void take_number(struct partiql_parser *parser)
{
    size_t size = 0;
    while (is_digit(character(parser, size))) {
        size++;
    }
    if (character(parser, size) == '.') {
        size++;
        while (is_digit(character(parser, size))) {
            size++;
        }
    }
    uint8_t sign = character(parser, size + 1);
    size_t digits = sign == '+' || sign == '-' ? 2 : 1;
    if ((character(parser, size) | 0x20) == 'e' && is_digit(character(parser, size + digits))) {
        size += digits;
        while (is_digit(character(parser, size))) {
            size++;
        }
    }
    take(parser, PARTIQL_NUMBER, size);
}

static enum status take_quoted(struct partiql_parser *parser, uint8_t quote)
{
    size_t size = 1;
    while (parser->offset + size < parser->text.size) {
        if (character(parser, size) != quote) {
            size++;
        } else if (character(parser, size + 1) == quote) {
            size += 2;
        } else {
            take(parser, quote == '"' ? PARTIQL_QUOTED : PARTIQL_STRING, size + 1);
            parser->token.text = bytes_part(parser->token.text, 1, size - 1);
            return STATUS_OK;
        }
    }
    return partiql_fail(parser, "Unterminated string");
}

static enum status take_sign(struct partiql_parser *parser)
{
    static const struct { /* the longer ones first */
        const char *text;
        enum partiql_token_kind kind;
    } signs[] = {
        {"<>", PARTIQL_NOT_EQUAL},     {"!=", PARTIQL_NOT_EQUAL},    {"<=", PARTIQL_LESS_EQUAL},
        {">=", PARTIQL_GREATER_EQUAL}, {"<<", PARTIQL_SET_OPEN},     {">>", PARTIQL_SET_CLOSE},
        {"<", PARTIQL_LESS},           {">", PARTIQL_GREATER},       {"=", PARTIQL_EQUAL},
        {"?", PARTIQL_PARAMETER},      {"(", PARTIQL_OPEN},          {")", PARTIQL_CLOSE},
        {"[", PARTIQL_BRACKET_OPEN},   {"]", PARTIQL_BRACKET_CLOSE}, {"{", PARTIQL_BRACE_OPEN},
        {"}", PARTIQL_BRACE_CLOSE},    {",", PARTIQL_COMMA},         {".", PARTIQL_DOT},
        {":", PARTIQL_COLON},          {";", PARTIQL_SEMICOLON},     {"+", PARTIQL_PLUS},
        {"-", PARTIQL_MINUS},          {"*", PARTIQL_STAR},
    };
    struct bytes rest = bytes_from(parser->text, parser->offset);
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++) {
        if (bytes_start_with(rest, bytes_of_text(signs[i].text))) {
            take(parser, signs[i].kind, strlen(signs[i].text));
            return STATUS_OK;
        }
    }
    return partiql_fail(parser, "Unexpected character");
}

enum status partiql_advance(struct partiql_parser *parser)
{
    enum status status = skip_space(parser);
    if (status != STATUS_OK) {
        return status;
    }
    if (parser->offset == parser->text.size) {
        parser->token = (struct partiql_token){.kind = PARTIQL_END};
        return STATUS_OK;
    }
    uint8_t c = character(parser, 0);
    if (is_digit(c) || (c == '.' && is_digit(character(parser, 1)))) {
        take_number(parser);
        return STATUS_OK;
    }
    if (c == '"' || c == '\'') {
        return take_quoted(parser, c);
    }
    if (!is_word_part(c)) {
        return take_sign(parser);
    }
    size_t size = 1;
    while (is_word_part(character(parser, size))) {
        size++;
    }
    take(parser, PARTIQL_WORD, size);
    return STATUS_OK;
}

struct bytes partiql_token_text(const struct partiql_parser *parser)
{
    struct bytes raw = parser->token.text;
    uint8_t quote = parser->token.kind == PARTIQL_QUOTED ? '"' : '\'';
    if (raw.size == 0 || bytes_find_byte(raw, quote) == NULL) {
        return raw;
    }
    uint8_t *text = arena_create(parser->arena, raw.size);
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        text[size++] = raw.data[i];
        i += raw.data[i] == quote ? 1 : 0; /* it is doubled */
    }
    return bytes_of(text, size);
}

/* --- what the grammar asks -------------------------------------------------------------------------------------- */

bool partiql_is_word(const struct partiql_parser *parser, const char *word)
{
    return parser->token.kind == PARTIQL_WORD && bytes_are_word(parser->token.text, word);
}

enum status partiql_skip_word(struct partiql_parser *parser, const char *word, bool *ret_was_there)
{
    *ret_was_there = partiql_is_word(parser, word);
    return *ret_was_there ? partiql_advance(parser) : STATUS_OK;
}

enum status partiql_expect_word(struct partiql_parser *parser, const char *word)
{
    return partiql_is_word(parser, word) ? partiql_advance(parser) : partiql_fail_token(parser);
}

enum status partiql_expect(struct partiql_parser *parser, enum partiql_token_kind kind)
{
    return parser->token.kind == kind ? partiql_advance(parser) : partiql_fail_token(parser);
}

bool partiql_is_call(const struct partiql_parser *parser, const char *function)
{
    struct partiql_parser ahead = *parser;
    ahead.error = NULL;
    return partiql_is_word(parser, function) && partiql_advance(&ahead) == STATUS_OK &&
           ahead.token.kind == PARTIQL_OPEN;
}

enum status partiql_enter(struct partiql_parser *parser)
{
    return ++parser->depth <= DYNAMODB_STATEMENT_DEPTH_MAX
               ? STATUS_OK
               : partiql_fail(parser, "The statement is nested too deeply");
}

void partiql_leave(struct partiql_parser *parser)
{
    parser->depth--;
}

enum status partiql_count_operator(struct partiql_parser *parser)
{
    return ++parser->operators <= EXPRESSION_OPERATORS_MAX
               ? STATUS_OK
               : partiql_fail(parser, "The statement has too many operators");
}
