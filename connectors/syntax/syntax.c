/* Driving the lexer and the grammar, and what is said when they refuse. */
#include <stdarg.h>
#include <stdio.h>

#include "syntax_private.h"

enum {
    SYNTAX_SHOWN_BYTES_MAX = 120, /* of the token that an error is about, and of the text before it */
    SYNTAX_WORD_BYTES_MAX = 16,   /* longer than every keyword */
};

/* Walks the text, token by token. `recent` has where the last tokens began, spaces and comments among them. */
struct scanner {
    struct syntax *syntax;
    size_t offset;
    size_t count;
    uint32_t recent[SYNTAX_WINDOW];
};

/* --- words ------------------------------------------------------------------------------------------------------ */

struct keyword {
    const char *word;
    bool is_reserved;
};

static const struct keyword keywords[] = {
#define KEYWORD(name, reserved) {#name, reserved},
    SYNTAX_KEYWORDS(KEYWORD)
#undef KEYWORD
};

/* Keywords and their kinds are in one order. */
enum syntax_kind syntax__keyword(struct bytes word)
{
    char text[SYNTAX_WORD_BYTES_MAX];
    size_t low = 0;
    size_t high = ARRAY_COUNT(keywords);
    if (word.size >= sizeof(text)) {
        return SYNTAX_IDENT;
    }
    for (size_t i = 0; i < word.size; i++) {
        uint8_t c = word.data[i];
        text[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    text[word.size] = '\0';
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(text, keywords[middle].word);
        if (order == 0) {
            return (enum syntax_kind)(SYNTAX_END + 1 + middle);
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return strcmp(text, "TRUE") == 0 || strcmp(text, "FALSE") == 0 ? SYNTAX_BOOLEAN : SYNTAX_IDENT;
}

bool cql_is_reserved(struct bytes word)
{
    enum syntax_kind kind = syntax__keyword(word);
    return kind == SYNTAX_BOOLEAN || (kind != SYNTAX_IDENT && keywords[kind - SYNTAX_END - 1].is_reserved);
}

const char *syntax__token_name(enum syntax_kind kind)
{
    static const char *const names[] = {"EOF",
#define KEYWORD_NAME(name, reserved) "K_" #name,
                                        SYNTAX_KEYWORDS(KEYWORD_NAME)
#undef KEYWORD_NAME
#define MARK_NAME(name, what) what,
                                            SYNTAX_MARKS(MARK_NAME)
#undef MARK_NAME
    };
    return names[kind];
}

/* --- refusals --------------------------------------------------------------------------------------------------- */

void syntax__fail(struct syntax *syntax, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (syntax->status == STATUS_OK) {
        syntax->status = error_set(syntax->error, STATUS_INVALID, "%s", text);
    }
}

void syntax__too_large(struct syntax *syntax, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (syntax->status == STATUS_OK) {
        syntax->status = error_set(syntax->error, STATUS_TOO_LARGE, "%s", text);
    }
}

static bool is_inside_character(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

/* At most SYNTAX_SHOWN_BYTES_MAX bytes, and whole characters. */
static struct bytes shown_start(struct bytes text)
{
    size_t size = text.size < SYNTAX_SHOWN_BYTES_MAX ? text.size : SYNTAX_SHOWN_BYTES_MAX;
    while (size < text.size && size > 0 && is_inside_character(text.data[size])) {
        size--;
    }
    return bytes_part(text, 0, size);
}

static struct bytes shown_end(struct bytes text)
{
    size_t from = text.size < SYNTAX_SHOWN_BYTES_MAX ? 0 : text.size - SYNTAX_SHOWN_BYTES_MAX;
    while (from > 0 && from < text.size && is_inside_character(text.data[from])) {
        from++;
    }
    return bytes_from(text, from);
}

/* "line 1:7": lines from 1, characters from 0. */
static const char *place_text(struct syntax *syntax, size_t offset)
{
    size_t line = 1;
    size_t column = 0;
    for (size_t i = 0; i < offset && i < syntax->text.size; i++) {
        uint8_t c = syntax->text.data[i];
        line += c == '\n' ? 1 : 0;
        column = c == '\n' ? 0 : column + (is_inside_character(c) ? 0 : 1);
    }
    return arena_format(syntax->arena, "line %zu:%zu", line, column);
}

/* A character that no token goes on with. `expected` NULL: that none begins with. */
static void refuse_character(struct syntax *syntax, size_t offset, const char *expected)
{
    const char *place = place_text(syntax, offset);
    struct bytes character = bytes_from(syntax->text, offset);
    size_t size = character.size > 0 ? 1 : 0;
    while (size > 0 && size < character.size && is_inside_character(character.data[size])) {
        size++;
    }
    const char *text = size == 0 ? "<EOF>" : (const char *)character.data;
    int shown = size == 0 ? (int)strlen("<EOF>") : (int)size;
    if (expected == NULL) {
        syntax__fail(syntax, "%s no viable alternative at character '%.*s'", place, shown, text);
    } else {
        syntax__fail(syntax, "%s mismatched character '%.*s' expecting '%s'", place, shown, text, expected);
    }
}

/* Whether a statement could go on without the token: what ANTLR's generated parsers step over before they say which token they
 * miss. */
static bool is_optional(enum syntax_kind kind)
{
    static const enum syntax_kind kinds[] = {SYNTAX_COMMA, SYNTAX_DOT,  SYNTAX_LBRACKET, SYNTAX_PLUS,
                                             SYNTAX_MINUS, SYNTAX_STAR, SYNTAX_SLASH,    SYNTAX_PERCENT,
                                             SYNTAX_AS,    SYNTAX_AND,  SYNTAX_SEMICOLON};
    bool is_found = false;
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        is_found = is_found || kinds[i] == kind;
    }
    return is_found;
}

/* The one token that has to come, or SYNTAX_KINDS: there are several. */
static enum syntax_kind missed(const bool *is_expected)
{
    enum syntax_kind found = SYNTAX_KINDS;
    size_t count = 0;
    if (is_expected[SYNTAX_END]) {
        return SYNTAX_END;
    }
    for (int i = 0; i < SYNTAX_KINDS; i++) {
        if (is_expected[i] && !is_optional((enum syntax_kind)i)) {
            found = (enum syntax_kind)i;
            count++;
        }
    }
    return count == 1 ? found : SYNTAX_KINDS;
}

void syntax__refuse(struct syntax *syntax, struct syntax_token token, const bool *is_expected)
{
    enum syntax_kind kind = syntax->is_after_function ? SYNTAX_KINDS : missed(is_expected);
    bool is_end = token.kind == SYNTAX_END;
    struct bytes shown = shown_start(token.text);
    struct buffer text = {0};
    if (is_end) { /* it has no place in the text, and is told as if before it */
        shown = bytes_of_text("<EOF>");
        buffer_put_text(&text, "line 0:-1");
    } else {
        buffer_put_text(&text, place_text(syntax, token.offset));
    }
    buffer_put_text(&text,
                    kind == SYNTAX_KINDS ? " no viable alternative at input '" : " mismatched input '");
    buffer_put(&text, shown);
    buffer_put_text(&text, "'");
    if (kind != SYNTAX_KINDS) {
        buffer_put_format(&text, " expecting %s", syntax__token_name(kind));
    }
    if (!is_end) {
        struct bytes before = shown_end(bytes_part(syntax->text, token.window, token.offset - token.window));
        bool is_whole = before.size == token.offset;
        buffer_put_format(&text, " (%s%.*s[%.*s]...)", is_whole ? "" : "...", (int)before.size,
                          (const char *)before.data, (int)shown.size, (const char *)shown.data);
    }
    buffer_put_u8(&text, '\0');
    syntax__fail(syntax, "%s", (const char *)text.data);
    buffer_reset(&text);
}

/* --- scanning --------------------------------------------------------------------------------------------------- */

/* Behind the closing `quote`, which is written twice where it is meant. */
static size_t quoted_end(struct scanner *scanner, size_t begin, uint8_t quote)
{
    struct bytes text = scanner->syntax->text;
    size_t i = begin + 1;
    while (i < text.size && (text.data[i] != quote || (i + 1 < text.size && text.data[i + 1] == quote))) {
        i += text.data[i] == quote ? 2 : 1;
    }
    if (i >= text.size) {
        refuse_character(scanner->syntax, text.size, quote == '"' ? "\"" : "'");
    }
    return i < text.size ? i + 1 : text.size;
}

/* Behind the next `mark` of two characters from `begin` on. */
static size_t marked_end(struct scanner *scanner, size_t begin, const char *mark)
{
    struct bytes text = scanner->syntax->text;
    for (size_t i = begin; i + 1 < text.size; i++) {
        if (text.data[i] == (uint8_t)mark[0] && text.data[i + 1] == (uint8_t)mark[1]) {
            return i + 2;
        }
    }
    char first[2] = {mark[0], '\0'};
    refuse_character(scanner->syntax, text.size, first);
    return text.size;
}

static size_t dollars_end(struct scanner *scanner, size_t begin)
{
    struct bytes text = scanner->syntax->text;
    if (begin + 1 >= text.size || text.data[begin + 1] != '$') {
        refuse_character(scanner->syntax, begin + 1 < text.size ? begin + 1 : text.size, "$");
        return text.size;
    }
    return marked_end(scanner, begin + 2, "$$");
}

static size_t line_end(struct bytes text, size_t begin)
{
    size_t i = begin;
    while (i < text.size && text.data[i] != '\n' && text.data[i] != '\r') {
        i++;
    }
    return i;
}

/* What the lexer only saw the beginning of; `*kind` becomes what the grammar knows, or SYNTAX_SPACE. */
static size_t scan_rest(struct scanner *scanner, size_t begin, size_t end, enum syntax_kind *kind)
{
    struct bytes text = scanner->syntax->text;
    switch ((int)*kind) {
    case SYNTAX_LINE_COMMENT:
        *kind = SYNTAX_SPACE;
        return line_end(text, end);
    case SYNTAX_BLOCK_COMMENT:
        *kind = SYNTAX_SPACE;
        return marked_end(scanner, end, "*/");
    case SYNTAX_QUOTE:
        *kind = SYNTAX_STRING;
        return quoted_end(scanner, begin, '\'');
    case SYNTAX_DOUBLE_QUOTE:
        end = quoted_end(scanner, begin, '"');
        *kind = end - begin == 2 ? SYNTAX_EMPTY_QUOTED_NAME : SYNTAX_QUOTED_NAME;
        return end;
    case SYNTAX_DOLLAR:
        *kind = SYNTAX_STRING;
        return dollars_end(scanner, begin);
    case SYNTAX_EXCLAMATION:
        refuse_character(scanner->syntax, end, "=");
        return end;
    case SYNTAX_UNKNOWN:
        refuse_character(scanner->syntax, begin, NULL);
        return end;
    default:
        return end;
    }
}

/* The next token that counts; SYNTAX_END at the end of the text, and after a failure. */
static struct syntax_token scan(struct scanner *scanner)
{
    struct bytes text = scanner->syntax->text;
    while (scanner->offset < text.size) {
        const uint8_t *limit = text.data + text.size;
        const uint8_t *at_end = limit;
        size_t begin = scanner->offset;
        enum syntax_kind kind = syntax__lex(text.data + begin, limit, &at_end);
        size_t end = scan_rest(scanner, begin, (size_t)(at_end - text.data), &kind);
        if (scanner->syntax->status != STATUS_OK) {
            scanner->offset = text.size;
            break;
        }
        uint32_t window =
            scanner->count < SYNTAX_WINDOW ? 0 : scanner->recent[scanner->count % SYNTAX_WINDOW];
        scanner->recent[scanner->count++ % SYNTAX_WINDOW] = (uint32_t)begin;
        scanner->offset = end;
        if (kind == SYNTAX_SPACE) {
            continue;
        }
        struct bytes token = bytes_part(text, begin, end - begin);
        return (struct syntax_token){.text = token,
                                     .kind = kind == SYNTAX_IDENT ? syntax__keyword(token) : kind,
                                     .offset = (uint32_t)begin,
                                     .window = window};
    }
    return (struct syntax_token){.kind = SYNTAX_END, .offset = (uint32_t)text.size};
}

/* --- words that are keywords in one place and names in another --------------------------------------------------- */

static enum syntax_kind call_of(enum syntax_kind kind)
{
    static const struct {
        enum syntax_kind word;
        enum syntax_kind call;
    } calls[] = {{SYNTAX_COUNT, SYNTAX_COUNT_CALL},
                 {SYNTAX_WRITETIME, SYNTAX_WRITETIME_CALL},
                 {SYNTAX_MAXWRITETIME, SYNTAX_MAXWRITETIME_CALL},
                 {SYNTAX_TTL, SYNTAX_TTL_CALL},
                 {SYNTAX_CAST, SYNTAX_CAST_CALL}};
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        if (calls[i].word == kind) {
            return calls[i].call;
        }
    }
    return kind;
}

static bool is_comparison(enum syntax_kind kind)
{
    return (kind >= SYNTAX_EQ && kind <= SYNTAX_GE) || kind == SYNTAX_IN || kind == SYNTAX_LBRACKET ||
           kind == SYNTAX_DOT;
}

/* Whether the word behind SELECT is a column's name: nothing to select follows it. */
static bool is_selected(enum syntax_kind next)
{
    return next == SYNTAX_FROM || next == SYNTAX_AS || next == SYNTAX_LBRACKET || next == SYNTAX_COMMA ||
           next == SYNTAX_DOT || (next >= SYNTAX_PLUS && next != SYNTAX_STAR);
}

static enum syntax_kind word_here(enum syntax_kind kind, enum syntax_kind previous, enum syntax_kind next)
{
    bool is_name = false;
    if (next == SYNTAX_LP && call_of(kind) != kind) {
        return call_of(kind);
    }
    switch ((int)kind) {
    case SYNTAX_JSON:
        is_name = previous == SYNTAX_SELECT && is_selected(next);
        break;
    case SYNTAX_DISTINCT:
        is_name = (previous != SYNTAX_SELECT && previous != SYNTAX_JSON) || is_selected(next);
        break;
    case SYNTAX_EXISTS:
        is_name = previous == SYNTAX_IF && is_comparison(next);
        break;
    case SYNTAX_CLUSTERING:
        is_name = next != SYNTAX_ORDER;
        break;
    case SYNTAX_COMPACT:
        is_name = next != SYNTAX_STORAGE;
        break;
    case SYNTAX_TAGS:
        is_name = next != SYNTAX_LBRACE;
        break;
    default:
        break;
    }
    return is_name ? SYNTAX_IDENT : kind;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static void parse_tokens(struct syntax *syntax, struct syntax_machine *machine)
{
    struct scanner scanner = {.syntax = syntax};
    enum syntax_kind previous = SYNTAX_END;
    struct syntax_token token = scan(&scanner);
    while (syntax->status == STATUS_OK) {
        struct syntax_token next = token.kind == SYNTAX_END ? token : scan(&scanner);
        if (scanner.syntax->status != STATUS_OK) {
            break;
        }
        token.kind = word_here(token.kind, previous, next.kind);
        syntax->is_after_function = false;
        syntax__machine_feed(machine, token);
        if (token.kind == SYNTAX_END) {
            break;
        }
        previous = token.kind;
        token = next;
    }
}

enum status cql_parse(struct bytes text, struct arena *arena, struct cql_statement **ret_statement,
                      struct error *error)
{
    struct syntax syntax = {.text = text, .arena = arena, .error = error};
    if (text.size > CQL_STATEMENT_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "The statement has %zu bytes; %d are allowed", text.size,
                         CQL_STATEMENT_BYTES_MAX);
    }
    if (!bytes_are_utf8(text)) {
        return error_set(error, STATUS_INVALID, "line 1:0 the statement is no UTF-8");
    }
    struct syntax_machine *machine = syntax__machine_create(&syntax);
    parse_tokens(&syntax, machine);
    syntax__machine_destroy(&machine);
    if (syntax.status == STATUS_OK) {
        CHECK(syntax.statement != NULL);
        syntax.statement->markers = (uint16_t)syntax.markers;
        *ret_statement = syntax.statement;
    }
    return syntax.status;
}
