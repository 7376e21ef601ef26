/* Paths and operands. */
#include "expression_private.h"
#include "value/decimal.h"

static const struct value no_value = {.kind = VALUE_NULL};
/* Stands for an operand that there was a complaint about. */
static const struct operand nothing = {.kind = OPERAND_VALUE, .value = &no_value};

void placeholders_prepare(struct placeholders *placeholders, struct arena *arena)
{
    size_t names = placeholders->names == NULL ? 0 : placeholders->names->pairs.count;
    size_t values = placeholders->values == NULL ? 0 : placeholders->values->pairs.count;
    placeholders->names_used = arena_create_array(arena, names, sizeof(bool));
    placeholders->values_used = arena_create_array(arena, values, sizeof(bool));
}

struct bytes placeholders_unused(const struct placeholders *placeholders, bool of_values)
{
    const struct value *map = of_values ? placeholders->values : placeholders->names;
    const bool *used = of_values ? placeholders->values_used : placeholders->names_used;
    for (size_t i = 0; map != NULL && i < map->pairs.count; i++) {
        if (!used[i]) {
            return map->pairs.at[2 * i].bytes;
        }
    }
    return (struct bytes){0};
}

static const struct value *placeholder_find(const struct value *map, bool *used, struct bytes key)
{
    const struct value *found = map == NULL ? NULL : value_map_get(map, key);
    if (found != NULL) {
        used[(size_t)(found - map->pairs.at) / 2] = true;
    }
    return found;
}

static enum status parser_name(struct parser *parser, struct bytes *ret_name)
{
    struct placeholders *placeholders = parser->options->placeholders;
    struct bytes text = parser->token.text;
    if (parser->token.kind == TOKEN_WORD) {
        if (!parser->options->is_native && expression_is_reserved(text)) {
            (void)parser_complain(parser,
                                  parser->is_update ? COMPLAINT_RESERVED_IN_UPDATE : COMPLAINT_RESERVED,
                                  "Attribute name is a reserved keyword; reserved keyword: %.*s",
                                  (int)text.size, (const char *)text.data);
        }
        *ret_name = text;
        return parser_advance(parser);
    }
    if (parser->token.kind != TOKEN_NAME) {
        return parser_syntax_error(parser);
    }
    const struct value *name =
        placeholders == NULL ? NULL : placeholder_find(placeholders->names, placeholders->names_used, text);
    bool is_defined = name != NULL && name->kind == VALUE_TEXT;
    if (!is_defined) {
        (void)parser_complain(parser, parser->is_condition ? COMPLAINT_OPERAND : COMPLAINT_NAME,
                              "An expression attribute name used in the document path is not defined; "
                              "attribute name: %.*s",
                              (int)text.size, (const char *)text.data);
    }
    *ret_name = is_defined ? name->bytes : text;
    return parser_advance(parser);
}

static enum status parser_index(struct parser *parser, size_t *ret_index)
{
    struct bytes text = parser->token.text;
    size_t index = 0;
    if (parser->token.kind != TOKEN_NUMBER) {
        return parser_syntax_error(parser);
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c < '0' || c > '9' || index > UINT32_MAX) {
            return error_set(parser->error, STATUS_INVALID,
                             "List index is not within the allowable range; index: [%.*s]", (int)text.size,
                             (const char *)text.data);
        }
        index = index * 10 + (size_t)(c - '0');
    }
    *ret_index = index;
    enum status status = parser_advance(parser);
    return status == STATUS_OK ? parser_expect(parser, TOKEN_BRACKET_CLOSE) : status;
}

/* `old.` and `new.` before a path in a filter of changes. */
static enum status parser_image(struct parser *parser)
{
    struct parser ahead = *parser;
    bool is_old = parser_is_word(parser, "old");
    parser->image = IMAGE_NEW;
    if (!parser->options->is_filter_of_changes || (!is_old && !parser_is_word(parser, "new"))) {
        return STATUS_OK;
    }
    enum status status = parser_advance(&ahead);
    if (status == STATUS_OK && ahead.token.kind == TOKEN_DOT) {
        *parser = ahead;
        parser->image = is_old ? IMAGE_OLD : IMAGE_ONLY_NEW;
        return parser_advance(parser);
    }
    return status;
}

enum status parser_path(struct parser *parser, struct path *ret_path)
{
    struct path_element elements[EXPRESSION_PATH_ELEMENTS_MAX];
    size_t count = 1;
    elements[0] = (struct path_element){0};
    enum status status = parser_image(parser);
    if (status == STATUS_OK) {
        status = parser_name(parser, &elements[0].name);
    }
    while (status == STATUS_OK &&
           (parser->token.kind == TOKEN_DOT || parser->token.kind == TOKEN_BRACKET_OPEN)) {
        if (count == EXPRESSION_PATH_ELEMENTS_MAX) {
            return error_set(parser->error, STATUS_INVALID,
                             "The document path has too many nesting elements; nesting levels: %zu", count);
        }
        struct path_element *element = &elements[count++];
        *element = (struct path_element){.is_index = parser->token.kind == TOKEN_BRACKET_OPEN};
        status = parser_advance(parser);
        if (status == STATUS_OK) {
            status = element->is_index ? parser_index(parser, &element->index)
                                       : parser_name(parser, &element->name);
        }
    }
    if (status == STATUS_OK) {
        struct path_element *kept = arena_create_array(parser->options->arena, count, sizeof(*kept));
        memcpy(kept, elements, count * sizeof(*kept));
        *ret_path = (struct path){.elements = kept, .count = count};
    }
    return status;
}

static enum status parser_keep_value(struct parser *parser, struct value value, struct operand *ret_operand)
{
    struct value *kept = arena_create(parser->options->arena, sizeof(*kept));
    *kept = value;
    *ret_operand = (struct operand){.kind = OPERAND_VALUE, .value = kept};
    return parser_advance(parser);
}

static enum status parser_placeholder(struct parser *parser, struct operand *ret_operand)
{
    struct placeholders *placeholders = parser->options->placeholders;
    struct bytes text = parser->token.text;
    const struct value *value =
        placeholders == NULL ? NULL : placeholder_find(placeholders->values, placeholders->values_used, text);
    if (value == NULL) {
        (void)parser_complain(
            parser, parser->is_condition ? COMPLAINT_OPERAND : COMPLAINT_VALUE,
            "An expression attribute value used in expression is not defined; attribute value: %.*s",
            (int)text.size, (const char *)text.data);
    }
    *ret_operand = value == NULL ? nothing : (struct operand){.kind = OPERAND_VALUE, .value = value};
    return parser_advance(parser);
}

static enum status parser_number(struct parser *parser, bool is_negative, struct operand *ret_operand)
{
    struct value value = {.kind = VALUE_DECIMAL};
    struct bytes text = parser->token.text;
    char *signed_text = arena_format(parser->options->arena, "%s%.*s", is_negative ? "-" : "", (int)text.size,
                                     (const char *)text.data);
    struct decimal decimal;
    enum status status =
        decimal_parse(bytes_of_text(signed_text), parser->options->arena, &decimal, parser->error);
    if (status == STATUS_OK) {
        status = decimal_normalise(&decimal, parser->options->arena, &value.decimal, parser->error);
    }
    return status == STATUS_OK ? parser_keep_value(parser, value, ret_operand) : status;
}

static enum status parser_string(struct parser *parser, struct operand *ret_operand)
{
    struct bytes quoted = parser->token.text;
    uint8_t *text = arena_create(parser->options->arena, quoted.size);
    size_t size = 0;
    for (size_t i = 1; i + 1 < quoted.size; i++) {
        text[size++] = quoted.data[i];
        i += quoted.data[i] == quoted.data[0];
    }
    return parser_keep_value(parser, value_of_text(bytes_of(text, size)), ret_operand);
}

/* Literals, which only native expressions have; *ret_found tells whether one stood there. */
static enum status parser_literal(struct parser *parser, struct operand *ret_operand, bool *ret_found)
{
    enum token_kind kind = parser->token.kind;
    *ret_found = true;
    if (kind == TOKEN_NUMBER) {
        return parser_number(parser, false, ret_operand);
    }
    if (kind == TOKEN_STRING) {
        return parser_string(parser, ret_operand);
    }
    if (kind == TOKEN_MINUS) {
        enum status status = parser_advance(parser);
        if (status == STATUS_OK && parser->token.kind != TOKEN_NUMBER) {
            status = parser_syntax_error(parser);
        }
        return status == STATUS_OK ? parser_number(parser, true, ret_operand) : status;
    }
    if (parser_is_word(parser, "true") || parser_is_word(parser, "false")) {
        return parser_keep_value(parser, value_of_boolean(parser_is_word(parser, "true")), ret_operand);
    }
    if (parser_is_word(parser, "null")) {
        return parser_keep_value(parser, value_of_null(), ret_operand);
    }
    *ret_found = false;
    return STATUS_OK;
}

/* NOLINTBEGIN(misc-no-recursion): a parser; EXPRESSION_DEPTH_MAX bounds it */
/* What has no size, told by the expression alone: a number, a truth, a null. */
static void check_size(struct parser *parser, const struct operand *operand)
{
    static const char *const without[] = {"N", "BOOL", "NULL"};
    const char *type = operand->kind == OPERAND_VALUE  ? document_type(operand->value)
                       : operand->kind == OPERAND_SIZE ? "N"
                                                       : "";
    for (size_t i = 0; i < ARRAY_COUNT(without); i++) {
        if (strcmp(type, without[i]) == 0) {
            (void)parser_complain(parser, COMPLAINT_OPERAND,
                                  "Incorrect operand type for operator or function; operator or function: "
                                  "size, operand type: %s",
                                  type);
        }
    }
}

/* The operands after the first of a call, to its end: those beyond `wanted` are only counted. */
static enum status parser_more_operands(struct parser *parser, struct operand *second, size_t wanted,
                                        const char *function)
{
    struct operand surplus;
    size_t count = 1;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && parser->token.kind == TOKEN_COMMA) {
        status = parser_advance(parser);
        if (status == STATUS_OK) {
            status = parser_operand(parser, count == 1 && second != NULL ? second : &surplus);
        }
        count++;
    }
    if (status == STATUS_OK && count != wanted && function != NULL) {
        (void)parser_complain(parser, COMPLAINT_OPERAND,
                              "Incorrect number of operands for operator or function; operator or function: "
                              "%s, number of operands: %zu",
                              function, count);
    }
    parser->depth--;
    return status == STATUS_OK ? parser_expect(parser, TOKEN_CLOSE) : status;
}

/* The name of a function, its parenthesis and its first operand; parser_more_operands ends what begins here. */
static enum status parser_call(struct parser *parser, struct operand *ret_operand)
{
    if (++parser->depth > EXPRESSION_DEPTH_MAX) {
        return parser_syntax_error(parser);
    }
    enum status status = parser_count_operator(parser);
    if (status == STATUS_OK) {
        status = parser_advance(parser);
    }
    if (status == STATUS_OK) {
        status = parser_expect(parser, TOKEN_OPEN);
    }
    if (status == STATUS_OK) {
        status = parser_operand(parser, ret_operand);
    }
    return status;
}

static enum status parser_size(struct parser *parser, struct operand *ret_operand)
{
    struct operand of = {0};
    enum status status = parser_call(parser, &of);
    if (status == STATUS_OK) {
        check_size(parser, &of);
        status = parser_more_operands(parser, NULL, 1, "size");
    }
    *ret_operand =
        (struct operand){.kind = OPERAND_SIZE, .path = of.path, .value = of.value, .image = of.image};
    return status;
}

static void check_list_append(struct parser *parser, const struct operand *operand)
{
    if (operand->kind == OPERAND_VALUE && operand->value->kind != VALUE_LIST) {
        (void)parser_complain(parser, COMPLAINT_OPERAND,
                              "Incorrect operand type for operator or function; operator or function: "
                              "list_append, operand type: %s",
                              document_type(operand->value));
    }
}

/* if_not_exists(path, operand) and list_append(operand, operand). */
static enum status parser_update_function(struct parser *parser, enum operand_kind kind,
                                          struct operand *ret_operand)
{
    struct operand *left = arena_create(parser->options->arena, sizeof(*left));
    struct operand *right = arena_create(parser->options->arena, sizeof(*right));
    *right = nothing;
    enum status status = parser_call(parser, left);
    if (status == STATUS_OK && kind == OPERAND_IF_NOT_EXISTS && left->kind != OPERAND_PATH) {
        (void)parser_complain(
            parser, COMPLAINT_OPERAND,
            "Operator or function requires a document path; operator or function: if_not_exists");
    }
    if (status == STATUS_OK) {
        status = parser_more_operands(parser, right, 2,
                                      kind == OPERAND_IF_NOT_EXISTS ? "if_not_exists" : "list_append");
    }
    if (status == STATUS_OK && kind == OPERAND_LIST_APPEND) {
        check_list_append(parser, left);
        check_list_append(parser, right);
    }
    *ret_operand = (struct operand){.kind = kind, .path = left->path, .left = left, .right = right};
    return status;
}

/* A function that cannot stand here, or that there is not. */
static enum status parser_wrong_function(struct parser *parser, struct operand *ret_operand)
{
    static const char *const conditions[] = {"attribute_exists", "attribute_not_exists",
                                             "attribute_type",   "begins_with",
                                             "contains",         "size"};
    struct bytes name = parser->token.text;
    bool is_of_updates =
        bytes_equal(name, bytes_of_text("if_not_exists")) || bytes_equal(name, bytes_of_text("list_append"));
    bool is_of_conditions = false;
    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
        is_of_conditions = is_of_conditions || bytes_equal(name, bytes_of_text(conditions[i]));
    }
    if (!is_of_updates && !is_of_conditions) {
        (void)parser_complain(parser, COMPLAINT_FUNCTION, "Invalid function name; function: %.*s",
                              (int)name.size, (const char *)name.data);
    } else if (parser->is_update || is_of_updates) {
        (void)parser_complain(parser, COMPLAINT_FUNCTION,
                              "The function is not allowed in %s expression; function: %.*s",
                              parser->is_update ? "an update" : "a condition", (int)name.size,
                              (const char *)name.data);
    } else {
        (void)parser_complain(
            parser, COMPLAINT_MISUSED,
            "The function is not allowed to be used this way in an expression; function: %.*s",
            (int)name.size, (const char *)name.data);
    }
    enum status status = parser_call(parser, ret_operand);
    *ret_operand = nothing;
    return status == STATUS_OK ? parser_more_operands(parser, NULL, 0, NULL) : status;
}

static enum status parser_function_operand(struct parser *parser, struct operand *ret_operand)
{
    struct bytes name = parser->token.text;
    bool is_if_not_exists = bytes_equal(name, bytes_of_text("if_not_exists"));
    if (parser->is_update && (is_if_not_exists || bytes_equal(name, bytes_of_text("list_append")))) {
        return parser_update_function(parser, is_if_not_exists ? OPERAND_IF_NOT_EXISTS : OPERAND_LIST_APPEND,
                                      ret_operand);
    }
    return !parser->is_update && bytes_equal(name, bytes_of_text("size"))
               ? parser_size(parser, ret_operand)
               : parser_wrong_function(parser, ret_operand);
}

enum status parser_operand(struct parser *parser, struct operand *ret_operand)
{
    bool is_literal = false;
    enum status status = STATUS_OK;
    if (parser->options->is_native) {
        status = parser_literal(parser, ret_operand, &is_literal);
    }
    if (status != STATUS_OK || is_literal) {
        return status;
    }
    if (parser->token.kind == TOKEN_VALUE) {
        return parser_placeholder(parser, ret_operand);
    }
    if (parser_is_function(parser)) {
        return parser_function_operand(parser, ret_operand);
    }
    struct operand operand = {.kind = OPERAND_PATH};
    status = parser_path(parser, &operand.path);
    operand.image = parser->image;
    *ret_operand = operand;
    return status;
}

/* NOLINTEND(misc-no-recursion) */
