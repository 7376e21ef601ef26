/* PartiQL's literals, parameters, names and paths. Developer Guide, "PartiQL data types for DynamoDB". */
#include <stdlib.h>

#include "partiql.h"

/* Elements as they are read; the array moves as it grows. */
struct elements {
    struct value *at;
    size_t count;
    size_t room;
};

static struct value *elements_add(struct elements *elements, struct arena *arena)
{
    if (elements->count == elements->room) {
        size_t room = elements->room == 0 ? 8 : 2 * elements->room;
        struct value *at = arena_create_array(arena, room, sizeof(*at));
        for (size_t i = 0; i < elements->count; i++) {
            at[i] = elements->at[i];
        }
        elements->at = at;
        elements->room = room;
    }
    return &elements->at[elements->count++];
}

static enum status fail_value(struct partiql_parser *parser, const char *text)
{
    (void)error_set(parser->error, STATUS_INVALID, "%s", text);
    return STATUS_INVALID;
}

/* --- scalars ---------------------------------------------------------------------------------------------------- */

static enum status number_read(struct partiql_parser *parser, bool is_negative, struct value *ret_value)
{
    struct bytes digits = parser->token.text;
    const char *text = arena_format(parser->arena, "%s%.*s", is_negative ? "-" : "", (int)digits.size,
                                    (const char *)digits.data);
    const struct value typed =
        value_of_members(parser->arena, &(struct value_member){"N", value_of_text(bytes_of_text(text))}, 1);
    const char *problem = attribute_read(parser->arena, &typed, ret_value);
    return problem == NULL ? partiql_expect(parser, PARTIQL_NUMBER) : fail_value(parser, problem);
}

static enum status parameter_read(struct partiql_parser *parser, struct value *ret_value)
{
    size_t which = parser->parameters_used++;
    *ret_value = which < parser->parameters_count ? parser->parameters[which] : value_of_null();
    return partiql_advance(parser);
}

static enum status word_read(struct partiql_parser *parser, struct value *ret_value, bool *ret_is_missing)
{
    if (partiql_is_word(parser, "TRUE") || partiql_is_word(parser, "FALSE")) {
        *ret_value = value_of_boolean(partiql_is_word(parser, "TRUE"));
    } else if (partiql_is_word(parser, "NULL")) {
        *ret_value = value_of_null();
    } else if (partiql_is_word(parser, "MISSING")) {
        *ret_is_missing = true;
    } else {
        return partiql_fail_token(parser);
    }
    return partiql_advance(parser);
}

bool partiql_starts_value(const struct partiql_parser *parser)
{
    switch ((int)parser->token.kind) {
    case PARTIQL_STRING:
    case PARTIQL_NUMBER:
    case PARTIQL_PARAMETER:
    case PARTIQL_PLUS:
    case PARTIQL_MINUS:
    case PARTIQL_BRACKET_OPEN:
    case PARTIQL_BRACE_OPEN:
    case PARTIQL_SET_OPEN:
        return true;
    case PARTIQL_WORD:
        return partiql_is_word(parser, "TRUE") || partiql_is_word(parser, "FALSE") ||
               partiql_is_word(parser, "NULL") || partiql_is_word(parser, "MISSING");
    default:
        return false;
    }
}

/* --- lists, sets, maps ------------------------------------------------------------------------------------------ */

static int compare_values(const void *a, const void *b)
{
    return value_compare(a, b);
}

static enum status set_make(struct partiql_parser *parser, struct elements *elements, struct value *ret_value)
{
    enum value_kind kind = elements->count == 0 ? VALUE_NULL : elements->at[0].kind;
    if (elements->count == 0) {
        return fail_value(parser, "One or more parameter values were invalid: An string set  may not be "
                                  "empty");
    }
    bool is_sound = kind == VALUE_TEXT || kind == VALUE_DECIMAL || kind == VALUE_BYTES;
    for (size_t i = 0; i < elements->count; i++) {
        is_sound = is_sound && elements->at[i].kind == kind;
    }
    if (!is_sound) {
        return fail_value(parser, "One or more parameter values were invalid: a set holds strings, numbers "
                                  "or binary values, all of one type");
    }
    qsort(elements->at, elements->count, sizeof(*elements->at), compare_values);
    for (size_t i = 1; i < elements->count; i++) {
        if (value_equal(&elements->at[i - 1], &elements->at[i])) {
            return fail_value(parser, "One or more parameter values were invalid: Input collection contains "
                                      "duplicates");
        }
    }
    *ret_value = (struct value){.kind = VALUE_SET, .items = {.at = elements->at, .count = elements->count}};
    return STATUS_OK;
}

/* NOLINTBEGIN(misc-no-recursion): DYNAMODB_STATEMENT_DEPTH_MAX bounds it */

/* A list's or set's elements, with the sign that closes them. */
static enum status elements_read(struct partiql_parser *parser, enum partiql_token_kind close,
                                 struct elements *elements)
{
    enum status status = partiql_advance(parser);
    while (status == STATUS_OK && parser->token.kind != close) {
        bool is_missing = false;
        if (elements->count > 0) {
            status = partiql_expect(parser, PARTIQL_COMMA);
        }
        if (status == STATUS_OK) {
            struct value value;
            status = partiql_value(parser, &value, &is_missing);
            *elements_add(elements, parser->arena) = value;
        }
        if (status == STATUS_OK && is_missing) {
            status = partiql_fail(parser, "MISSING cannot be an element");
        }
    }
    return status == STATUS_OK ? partiql_advance(parser) : status;
}

static enum status pair_read(struct partiql_parser *parser, struct elements *elements)
{
    struct value value;
    bool is_missing = false;
    if (parser->token.kind != PARTIQL_STRING) {
        return partiql_fail_token(parser);
    }
    struct value name = value_of_text(partiql_token_text(parser));
    enum status status = partiql_advance(parser);
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_COLON);
    }
    if (status == STATUS_OK) {
        status = partiql_value(parser, &value, &is_missing);
    }
    if (status == STATUS_OK && !is_missing) { /* a member that is missing is none */
        *elements_add(elements, parser->arena) = name;
        *elements_add(elements, parser->arena) = value;
    }
    return status;
}

static enum status map_read(struct partiql_parser *parser, struct value *ret_value)
{
    struct elements elements = {0};
    bool is_first = true;
    enum status status = partiql_advance(parser);
    while (status == STATUS_OK && parser->token.kind != PARTIQL_BRACE_CLOSE) {
        if (!is_first) {
            status = partiql_expect(parser, PARTIQL_COMMA);
        }
        if (status == STATUS_OK) {
            status = pair_read(parser, &elements);
        }
        is_first = false;
    }
    if (status != STATUS_OK) {
        return status;
    }
    *ret_value = (struct value){.kind = VALUE_MAP, .pairs = {.at = elements.at, .count = elements.count / 2}};
    return value_map_sort(ret_value) ? partiql_advance(parser)
                                     : partiql_fail(parser, "An attribute stands twice in a map");
}

static enum status container_read(struct partiql_parser *parser, struct value *ret_value)
{
    struct elements elements = {0};
    enum status status = partiql_enter(parser);
    if (status != STATUS_OK) {
        return status;
    }
    if (parser->token.kind == PARTIQL_BRACE_OPEN) {
        status = map_read(parser, ret_value);
    } else if (parser->token.kind == PARTIQL_SET_OPEN) {
        status = elements_read(parser, PARTIQL_SET_CLOSE, &elements);
        status = status == STATUS_OK ? set_make(parser, &elements, ret_value) : status;
    } else {
        status = elements_read(parser, PARTIQL_BRACKET_CLOSE, &elements);
        *ret_value =
            (struct value){.kind = VALUE_LIST, .items = {.at = elements.at, .count = elements.count}};
    }
    partiql_leave(parser);
    return status;
}

enum status partiql_value(struct partiql_parser *parser, struct value *ret_value, bool *ret_is_missing)
{
    enum partiql_token_kind kind = parser->token.kind;
    *ret_is_missing = false;
    *ret_value = value_of_null();
    switch ((int)kind) {
    case PARTIQL_STRING:
        *ret_value = value_of_text(partiql_token_text(parser));
        return partiql_advance(parser);
    case PARTIQL_PARAMETER:
        return parameter_read(parser, ret_value);
    case PARTIQL_PLUS:
    case PARTIQL_MINUS: {
        enum status status = partiql_advance(parser);
        if (status == STATUS_OK && parser->token.kind != PARTIQL_NUMBER) {
            status = partiql_fail_token(parser);
        }
        return status == STATUS_OK ? number_read(parser, kind == PARTIQL_MINUS, ret_value) : status;
    }
    case PARTIQL_NUMBER:
        return number_read(parser, false, ret_value);
    case PARTIQL_BRACKET_OPEN:
    case PARTIQL_BRACE_OPEN:
    case PARTIQL_SET_OPEN:
        return container_read(parser, ret_value);
    default:
        return word_read(parser, ret_value, ret_is_missing);
    }
}
/* NOLINTEND(misc-no-recursion) */

/* --- names and paths -------------------------------------------------------------------------------------------- */

/* Words that stand for themselves only in quotes. */
static bool is_keyword(const struct partiql_parser *parser)
{
    static const char *const words[] = {
        "ALL",   "AND",    "AS",   "BETWEEN", "BY",     "DELETE", "EXISTS",  "FALSE", "FROM",   "GROUP",
        "IN",    "INSERT", "INTO", "IS",      "LIKE",   "LIMIT",  "MISSING", "NOT",   "NULL",   "OR",
        "ORDER", "SELECT", "SET",  "TRUE",    "UPDATE", "VALUE",  "VALUES",  "WHERE", "HAVING", "DISTINCT",
    };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (partiql_is_word(parser, words[i])) {
            return true;
        }
    }
    return false;
}

enum status partiql_name(struct partiql_parser *parser, struct bytes *ret_name)
{
    bool is_quoted = parser->token.kind == PARTIQL_QUOTED;
    if (!is_quoted && (parser->token.kind != PARTIQL_WORD || is_keyword(parser))) {
        return partiql_fail_token(parser);
    }
    *ret_name = is_quoted ? partiql_token_text(parser) : parser->token.text;
    return ret_name->size > 0 ? partiql_advance(parser) : partiql_fail(parser, "Unexpected term");
}

static enum status index_read(struct partiql_parser *parser, struct path_element *ret_element)
{
    struct bytes digits = parser->token.text;
    size_t index = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9' || digits.size > 9) {
            return partiql_fail(parser, "Unexpected path component");
        }
        index = index * 10 + (size_t)(digits.data[i] - '0');
    }
    *ret_element = (struct path_element){.is_index = true, .index = index};
    return partiql_advance(parser);
}

/* What follows a path's first name: `.name`, `[3]`, `['name']`. */
static enum status step_read(struct partiql_parser *parser, struct path_element *ret_element)
{
    bool is_dot = parser->token.kind == PARTIQL_DOT;
    enum status status = partiql_advance(parser);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_dot) {
        bool is_name = parser->token.kind == PARTIQL_QUOTED ||
                       (parser->token.kind == PARTIQL_WORD && !is_keyword(parser));
        return is_name ? partiql_name(parser, &ret_element->name)
                       : partiql_fail(parser, "Invalid path dot component");
    }
    if (parser->token.kind == PARTIQL_NUMBER) {
        status = index_read(parser, ret_element);
    } else if (parser->token.kind == PARTIQL_STRING && parser->token.text.size > 0) {
        ret_element->name = partiql_token_text(parser);
        status = partiql_advance(parser);
    } else {
        status = partiql_fail(parser, "Unexpected path component");
    }
    return status == STATUS_OK ? partiql_expect(parser, PARTIQL_BRACKET_CLOSE) : status;
}

enum status partiql_path(struct partiql_parser *parser, struct path *ret_path)
{
    struct path_element elements[EXPRESSION_PATH_ELEMENTS_MAX] = {0};
    size_t count = 1;
    enum status status = partiql_name(parser, &elements[0].name);
    while (status == STATUS_OK &&
           (parser->token.kind == PARTIQL_DOT || parser->token.kind == PARTIQL_BRACKET_OPEN)) {
        status = count < ARRAY_COUNT(elements)
                     ? step_read(parser, &elements[count++])
                     : partiql_fail(parser, "The document path has too many nesting elements");
    }
    struct path_element *kept = arena_create_array(parser->arena, count, sizeof(*kept));
    memcpy(kept, elements, count * sizeof(*kept));
    *ret_path = (struct path){.elements = kept, .count = count};
    return status;
}
