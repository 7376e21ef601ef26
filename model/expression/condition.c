/* The grammar of conditions:
 *
 *   or:   and ("OR" and)*
 *   and:  not ("AND" not)*
 *   not:  "NOT" not | "(" or ")" | function | operand comparison */
#include "expression_private.h"
#include "value/decimal.h"

/* NOLINTBEGIN(misc-no-recursion): a parser; EXPRESSION_DEPTH_MAX bounds it */

static enum status parse_or(struct parser *parser, const struct condition **ret_condition);

const char *expression_test_name(enum expression_test test)
{
    static const char *const names[] = {
        [EXPRESSION_AND] = "AND",
        [EXPRESSION_OR] = "OR",
        [EXPRESSION_NOT] = "NOT",
        [EXPRESSION_EQUAL] = "=",
        [EXPRESSION_NOT_EQUAL] = "<>",
        [EXPRESSION_LESS] = "<",
        [EXPRESSION_LESS_EQUAL] = "<=",
        [EXPRESSION_GREATER] = ">",
        [EXPRESSION_GREATER_EQUAL] = ">=",
        [EXPRESSION_BETWEEN] = "BETWEEN",
        [EXPRESSION_IN] = "IN",
        [EXPRESSION_EXISTS] = "attribute_exists",
        [EXPRESSION_NOT_EXISTS] = "attribute_not_exists",
        [EXPRESSION_TYPE] = "attribute_type",
        [EXPRESSION_BEGINS_WITH] = "begins_with",
        [EXPRESSION_CONTAINS] = "contains",
        [EXPRESSION_CONTAINS_KEY] = "CONTAINS KEY",
        [EXPRESSION_CHANGED] = "changed",
        [EXPRESSION_ENTERED] = "entered",
        [EXPRESSION_LEFT] = "left",
    };
    return names[test];
}

static const struct condition *condition_of(struct parser *parser, struct condition condition)
{
    struct condition *kept = arena_create(parser->options->arena, sizeof(*kept));
    *kept = condition;
    return kept;
}

static bool operand_is_orderable(const struct operand *operand)
{
    const char *type = operand->kind == OPERAND_VALUE ? document_type(operand->value) : "N";
    return strcmp(type, "S") == 0 || strcmp(type, "N") == 0 || strcmp(type, "B") == 0;
}

static enum status operand_type_error(struct parser *parser, enum expression_test test,
                                      const struct operand *operand)
{
    return parser_complain(
        parser, COMPLAINT_OPERAND,
        "Incorrect operand type for operator or function; operator or function: %s, operand "
        "type: %s",
        expression_test_name(test), operand->kind == OPERAND_VALUE ? document_type(operand->value) : "N");
}

/* "N:12": a bound as messages show it. */
static const char *bound_text(struct parser *parser, const struct value *value)
{
    struct buffer text = {0};
    buffer_put_format(&text, "%s:", document_type(value));
    if (value->kind == VALUE_TEXT) {
        buffer_put(&text, value->bytes);
    } else if (value->kind == VALUE_DECIMAL) {
        decimal_format(&value->decimal, &text);
    }
    const char *kept = arena_copy_text(parser->options->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return kept;
}

/* Bounds of BETWEEN that are both values must be of one type and in order. */
static enum status check_between(struct parser *parser, const struct operand *operands)
{
    int order = 0;
    if (operands[1].kind != OPERAND_VALUE || operands[2].kind != OPERAND_VALUE) {
        return STATUS_OK;
    }
    const struct value *low = operands[1].value;
    const struct value *high = operands[2].value;
    bool is_one_type = strcmp(document_type(low), document_type(high)) == 0;
    if (is_one_type && (!document_order(low, high, &order) || order <= 0)) {
        return STATUS_OK;
    }
    return parser_complain(
        parser, COMPLAINT_OPERAND,
        "The BETWEEN operator requires %s; lower bound operand: AttributeValue: {%s}, upper bound "
        "operand: AttributeValue: {%s}",
        is_one_type ? "upper bound to be greater than or equal to lower bound"
                    : "same data type for lower and upper bounds",
        bound_text(parser, low), bound_text(parser, high));
}

static enum status check_operands(struct parser *parser, enum expression_test test,
                                  const struct operand *operands, size_t count)
{
    bool needs_order =
        (test >= EXPRESSION_LESS && test <= EXPRESSION_GREATER_EQUAL) || test == EXPRESSION_BETWEEN;
    for (size_t i = 0; i < count && needs_order; i++) {
        if (!operand_is_orderable(&operands[i])) {
            return operand_type_error(parser, test, &operands[i]);
        }
    }
    bool is_same_path = count == 2 && operands[0].kind == OPERAND_PATH && operands[1].kind == OPERAND_PATH &&
                        operands[0].image == operands[1].image &&
                        path_equal(&operands[0].path, &operands[1].path);
    if (is_same_path) {
        struct buffer path = {0};
        path_format(&operands[0].path, &path);
        (void)parser_complain(
            parser, COMPLAINT_OPERAND,
            "The first operand must be distinct from the remaining operands for this operator or "
            "function; operator: %s, first operand: %.*s",
            expression_test_name(test), (int)path.size, (const char *)path.data);
        buffer_reset(&path);
        return STATUS_OK;
    }
    return test == EXPRESSION_BETWEEN ? check_between(parser, operands) : STATUS_OK;
}

static enum status parse_between(struct parser *parser, struct operand *operands)
{
    enum status status = parser_operand(parser, &operands[1]);
    if (status == STATUS_OK && !parser_is_word(parser, "AND")) {
        status = parser_syntax_error(parser);
    }
    if (status == STATUS_OK) {
        status = parser_advance(parser);
    }
    return status == STATUS_OK ? parser_operand(parser, &operands[2]) : status;
}

/* Operands in parentheses, parted by commas, after operands[0]; the opening one is the current token. */
static enum status parse_list(struct parser *parser, struct operand *operands, size_t *ret_count)
{
    struct operand surplus;
    size_t count = 1;
    enum status status = parser_expect(parser, TOKEN_OPEN);
    while (status == STATUS_OK) {
        status = parser_operand(parser, count <= EXPRESSION_OPERANDS_MAX ? &operands[count] : &surplus);
        count++;
        if (status != STATUS_OK || parser->token.kind != TOKEN_COMMA) {
            break;
        }
        status = parser_advance(parser);
    }
    if (status == STATUS_OK && count - 1 > EXPRESSION_OPERANDS_MAX) {
        (void)parser_complain(parser, COMPLAINT_OPERAND,
                              "The IN operator is provided with too many operands; number of operands: %zu",
                              count - 1);
        count = EXPRESSION_OPERANDS_MAX + 1;
    }
    *ret_count = count;
    return status == STATUS_OK ? parser_expect(parser, TOKEN_CLOSE) : status;
}

static bool comparison_operator(struct parser *parser, enum expression_test *ret_test)
{
    static const struct {
        enum token_kind token;
        enum expression_test test;
    } table[] = {
        {TOKEN_EQUAL, EXPRESSION_EQUAL},     {TOKEN_NOT_EQUAL, EXPRESSION_NOT_EQUAL},
        {TOKEN_LESS, EXPRESSION_LESS},       {TOKEN_LESS_EQUAL, EXPRESSION_LESS_EQUAL},
        {TOKEN_GREATER, EXPRESSION_GREATER}, {TOKEN_GREATER_EQUAL, EXPRESSION_GREATER_EQUAL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        if (parser->token.kind == table[i].token) {
            *ret_test = table[i].test;
            return true;
        }
    }
    *ret_test = parser_is_word(parser, "BETWEEN") ? EXPRESSION_BETWEEN : EXPRESSION_IN;
    return *ret_test == EXPRESSION_BETWEEN || parser_is_word(parser, "IN");
}

/* size(…) stands where a condition belongs, or a condition where an operand does. */
static enum status misused_error(struct parser *parser, const char *function)
{
    return parser_complain(parser, COMPLAINT_MISUSED,
                           "The function is not allowed to be used this way in an expression; function: %s",
                           function);
}

/* The comparison after operands[0]. */
static enum status parse_compared(struct parser *parser, enum expression_test test, struct operand *operands,
                                  const struct condition **ret_condition)
{
    size_t count = 2;
    struct condition condition = {.test = test};
    enum status status = parser_count_operator(parser);
    if (status == STATUS_OK) {
        status = parser_advance(parser);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (condition.test == EXPRESSION_BETWEEN) {
        status = parse_between(parser, operands);
        count = 3;
    } else if (condition.test == EXPRESSION_IN) {
        status = parse_list(parser, operands, &count);
    } else {
        status = parser_operand(parser, &operands[1]);
    }
    if (status == STATUS_OK) {
        status = check_operands(parser, condition.test, operands, count);
    }
    if (status == STATUS_OK) {
        struct operand *kept = arena_create_array(parser->options->arena, count, sizeof(*kept));
        memcpy(kept, operands, count * sizeof(*kept));
        condition.operands = kept;
        condition.operands_count = count;
        *ret_condition = condition_of(parser, condition);
    }
    return status;
}

/* operand comparison */
static enum status parse_comparison(struct parser *parser, const struct condition **ret_condition)
{
    struct operand operands[EXPRESSION_OPERANDS_MAX + 2];
    enum expression_test test = EXPRESSION_EQUAL;
    bool is_function = parser_is_function(parser);
    enum status status = parser_operand(parser, &operands[0]);
    if (status != STATUS_OK || comparison_operator(parser, &test)) {
        return status == STATUS_OK ? parse_compared(parser, test, operands, ret_condition) : status;
    }
    if (operands[0].kind == OPERAND_SIZE) {
        (void)misused_error(parser, "size");
    }
    *ret_condition = condition_of(parser, (struct condition){.test = EXPRESSION_EXISTS});
    return is_function ? STATUS_OK : parser_syntax_error(parser); /* of a function there was a complaint */
}

struct function_rule {
    const char *name;
    size_t operands;
    enum expression_test test;
    bool is_of_changes;
};

static const struct function_rule function_rules[] = {
    {"attribute_exists", 1, EXPRESSION_EXISTS, false},
    {"attribute_not_exists", 1, EXPRESSION_NOT_EXISTS, false},
    {"attribute_type", 2, EXPRESSION_TYPE, false},
    {"begins_with", 2, EXPRESSION_BEGINS_WITH, false},
    {"contains", 2, EXPRESSION_CONTAINS, false},
    {"changed", 1, EXPRESSION_CHANGED, true},
};

static enum status check_type_name(struct parser *parser, const struct operand *operand)
{
    static const char *const types[] = {"S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M"};
    if (operand->kind == OPERAND_PATH) {
        return parser_complain(parser, COMPLAINT_OPERAND,
                               "Incorrect operand type for operator or function; operator or function: "
                               "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
    }
    if (operand->kind != OPERAND_VALUE || operand->value->kind != VALUE_TEXT) {
        return operand_type_error(parser, EXPRESSION_TYPE, operand);
    }
    struct bytes name = operand->value->bytes;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        if (bytes_equal(name, bytes_of_text(types[i]))) {
            return STATUS_OK;
        }
    }
    return parser_complain(parser, COMPLAINT_OPERAND,
                           "Invalid attribute type name found; type: %.*s, valid types: "
                           "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                           (int)operand->value->bytes.size, (const char *)operand->value->bytes.data);
}

static enum status check_function(struct parser *parser, const struct function_rule *rule,
                                  const struct operand *operands, size_t count)
{
    if (count != rule->operands) {
        return parser_complain(
            parser, COMPLAINT_OPERAND,
            "Incorrect number of operands for operator or function; operator or function: %s, "
            "number of operands: %zu",
            rule->name, count);
    }
    if (count == 1 && operands[0].kind != OPERAND_PATH) {
        return parser_complain(parser, COMPLAINT_OPERAND,
                               "Operator or function requires a document path; operator or function: %s",
                               rule->name);
    }
    if (rule->test == EXPRESSION_TYPE) {
        return check_type_name(parser, &operands[1]);
    }
    for (size_t i = 0; i < count && rule->test == EXPRESSION_BEGINS_WITH; i++) {
        const char *type = operands[i].kind == OPERAND_VALUE  ? document_type(operands[i].value)
                           : operands[i].kind == OPERAND_SIZE ? "N"
                                                              : "S";
        if (strcmp(type, "S") != 0 && strcmp(type, "B") != 0) {
            return operand_type_error(parser, rule->test, &operands[i]);
        }
    }
    return count == 2 ? check_operands(parser, rule->test, operands, count) : STATUS_OK;
}

static enum status parse_function(struct parser *parser, const struct function_rule *rule,
                                  const struct condition **ret_condition)
{
    struct operand operands[EXPRESSION_OPERANDS_MAX + 2];
    size_t count = 0;
    enum status status = parser_count_operator(parser);
    if (status == STATUS_OK) {
        status = parser_advance(parser);
    }
    if (status == STATUS_OK) {
        status = parse_list(parser, operands, &count);
    }
    if (status == STATUS_OK) {
        status = check_function(parser, rule, operands + 1, count - 1);
    }
    enum expression_test comparison = rule->test;
    if (status == STATUS_OK && comparison_operator(parser, &comparison)) {
        (void)misused_error(parser, rule->name);
        return parse_compared(parser, comparison, operands, ret_condition);
    }
    if (status == STATUS_OK) {
        struct operand *kept = arena_create_array(parser->options->arena, count - 1, sizeof(*kept));
        memcpy(kept, operands + 1, (count - 1) * sizeof(*kept));
        *ret_condition = condition_of(parser, (struct condition){.test = rule->test,
                                                                 .operands = kept,
                                                                 .operands_count = count - 1});
    }
    return status;
}

/* The conditional function that the current word names; NULL: none. */
static const struct function_rule *function_find(struct parser *parser)
{
    for (size_t i = 0; parser_is_function(parser) && i < ARRAY_COUNT(function_rules); i++) {
        const struct function_rule *rule = &function_rules[i];
        bool is_allowed = !rule->is_of_changes || parser->options->is_filter_of_changes;
        if (is_allowed && bytes_equal(parser->token.text, bytes_of_text(rule->name))) {
            return rule;
        }
    }
    return NULL;
}

/* What stands in parentheses. DynamoDB refuses a second pair around the same condition. */
static enum status parse_parentheses(struct parser *parser, const struct condition **ret_condition)
{
    enum status status = parser_expect(parser, TOKEN_OPEN);
    if (status == STATUS_OK) {
        status = parse_or(parser, ret_condition);
    }
    if (status == STATUS_OK && parser->grouped == *ret_condition && !parser->options->is_native) {
        (void)parser_complain(parser, COMPLAINT_PARENTHESES, "The expression has redundant parentheses;");
    }
    if (status == STATUS_OK) {
        parser->grouped = *ret_condition;
        status = parser_expect(parser, TOKEN_CLOSE);
    }
    return status;
}

static enum status parse_wrapped(struct parser *parser, enum expression_test test,
                                 const struct condition **ret_condition)
{
    const struct condition *inner = NULL;
    enum status status = parser_count_operator(parser);
    if (status == STATUS_OK) {
        status = parser_advance(parser);
    }
    if (status == STATUS_OK) {
        status = parse_parentheses(parser, &inner);
    }
    if (status == STATUS_OK) {
        *ret_condition = condition_of(parser, (struct condition){.test = test, .left = inner});
    }
    return status;
}

static enum status parse_not(struct parser *parser, const struct condition **ret_condition)
{
    const struct condition *inner = NULL;
    if (parser_is_word(parser, "NOT")) {
        enum status status = parser_count_operator(parser);
        if (status == STATUS_OK && ++parser->depth > EXPRESSION_DEPTH_MAX) {
            status = error_set(parser->error, STATUS_TOO_LARGE, "The expression nests too deeply");
        }
        if (status == STATUS_OK) {
            status = parser_advance(parser);
        }
        if (status == STATUS_OK) {
            status = parse_not(parser, &inner);
        }
        if (status == STATUS_OK) {
            *ret_condition = condition_of(parser, (struct condition){.test = EXPRESSION_NOT, .left = inner});
        }
        parser->depth--;
        return status;
    }
    if (parser->token.kind == TOKEN_OPEN) {
        return parse_parentheses(parser, ret_condition);
    }
    const struct function_rule *rule = function_find(parser);
    if (rule != NULL) {
        return parse_function(parser, rule, ret_condition);
    }
    if (parser->options->is_filter_of_changes && parser_is_function(parser)) {
        bool is_entered = parser_is_word(parser, "entered");
        if (is_entered || parser_is_word(parser, "left")) {
            return parse_wrapped(parser, is_entered ? EXPRESSION_ENTERED : EXPRESSION_LEFT, ret_condition);
        }
    }
    return parse_comparison(parser, ret_condition);
}

/* A chain of `word` between what `next` parses. */
static enum status parse_chain(struct parser *parser, const char *word, enum expression_test test,
                               enum status (*next)(struct parser *parser,
                                                   const struct condition **ret_condition),
                               const struct condition **ret_condition)
{
    const struct condition *left = NULL;
    enum status status = next(parser, &left);
    while (status == STATUS_OK && parser_is_word(parser, word)) {
        const struct condition *right = NULL;
        status = parser_count_operator(parser);
        if (status == STATUS_OK) {
            status = parser_advance(parser);
        }
        if (status == STATUS_OK) {
            status = next(parser, &right);
        }
        if (status == STATUS_OK) {
            left = condition_of(parser, (struct condition){.test = test, .left = left, .right = right});
        }
    }
    if (status == STATUS_OK) {
        *ret_condition = left;
    }
    return status;
}

static enum status parse_and(struct parser *parser, const struct condition **ret_condition)
{
    return parse_chain(parser, "AND", EXPRESSION_AND, parse_not, ret_condition);
}

static enum status parse_or(struct parser *parser, const struct condition **ret_condition)
{
    if (++parser->depth > EXPRESSION_DEPTH_MAX) {
        return error_set(parser->error, STATUS_TOO_LARGE, "The expression nests too deeply");
    }
    enum status status = parse_chain(parser, "OR", EXPRESSION_OR, parse_and, ret_condition);
    parser->depth--;
    return status;
}

/* NOLINTEND(misc-no-recursion) */

enum status condition_parse(struct bytes text, const struct expression_options *options,
                            const struct condition **ret_condition, struct error *error)
{
    struct parser parser;
    const struct condition *condition = NULL;
    enum status status = parser_begin(&parser, text, options, error);
    parser.is_condition = true;
    if (status == STATUS_OK) {
        status = parse_or(&parser, &condition);
    }
    if (status == STATUS_OK) {
        status = parser_end(&parser);
    }
    if (status == STATUS_OK) {
        *ret_condition = condition;
    }
    return status;
}

/* --- key conditions --------------------------------------------------------------------------------------------- */

static enum status key_unsupported(struct error *error)
{
    return error_set(error, STATUS_INVALID, "Query key condition not supported");
}

static enum status key_nested(struct error *error)
{
    return error_set(error, STATUS_INVALID, "KeyConditionExpressions cannot contain nested operations");
}

enum expression_test expression_test_mirrored(enum expression_test test)
{
    switch ((int)test) {
    case EXPRESSION_LESS:
        return EXPRESSION_GREATER;
    case EXPRESSION_LESS_EQUAL:
        return EXPRESSION_GREATER_EQUAL;
    case EXPRESSION_GREATER:
        return EXPRESSION_LESS;
    case EXPRESSION_GREATER_EQUAL:
        return EXPRESSION_LESS_EQUAL;
    default:
        return test;
    }
}

static enum status key_term_of(const struct condition *condition, struct key_term *ret_term,
                               struct error *error)
{
    const struct operand *operands = condition->operands;
    size_t count = condition->operands_count;
    bool is_comparison = condition->test >= EXPRESSION_EQUAL && condition->test <= EXPRESSION_GREATER_EQUAL;
    bool is_mirrored = is_comparison && operands[0].kind == OPERAND_VALUE && operands[1].kind == OPERAND_PATH;
    const struct operand *name = &operands[is_mirrored ? 1 : 0];
    if (condition->test == EXPRESSION_NOT_EQUAL || (!is_comparison && condition->test != EXPRESSION_BETWEEN &&
                                                    condition->test != EXPRESSION_BEGINS_WITH)) {
        return error_set(error, STATUS_INVALID, "Invalid operator used in KeyConditionExpression: %s",
                         expression_test_name(condition->test));
    }
    if (is_comparison && operands[0].kind == OPERAND_VALUE && operands[1].kind == OPERAND_VALUE) {
        return error_set(error, STATUS_INVALID,
                         "Invalid condition in KeyConditionExpression: No key attribute specified");
    }
    if (name->kind != OPERAND_PATH) {
        return name->kind == OPERAND_VALUE ? key_unsupported(error) : key_nested(error);
    }
    if (name->path.count != 1) {
        return error_set(error, STATUS_INVALID,
                         "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on "
                         "nested attributes");
    }
    *ret_term =
        (struct key_term){.name = name->path.elements[0].name,
                          .test = is_mirrored ? expression_test_mirrored(condition->test) : condition->test};
    for (size_t i = 0; i + 1 < count; i++) {
        const struct operand *value = &operands[is_mirrored ? 0 : i + 1];
        if (value->kind == OPERAND_PATH) {
            return error_set(error, STATUS_INVALID,
                             "Invalid condition in KeyConditionExpression: Multiple attribute names used in "
                             "one condition");
        }
        if (value->kind != OPERAND_VALUE) {
            return key_nested(error);
        }
        ret_term->values[i] = value->value;
    }
    return STATUS_OK;
}

enum status condition_key_terms(const struct condition *condition, struct key_term ret_terms[KEY_TERMS_MAX],
                                size_t *ret_count, struct error *error)
{
    const struct condition *pending[KEY_TERMS_MAX + 1] = {condition};
    size_t waiting = 1;
    size_t count = 0;
    while (waiting > 0) {
        const struct condition *at = pending[--waiting];
        if (at->test == EXPRESSION_AND && waiting + 2 <= KEY_TERMS_MAX) {
            pending[waiting++] = at->right;
            pending[waiting++] = at->left;
            continue;
        }
        if (at->test == EXPRESSION_OR || at->test == EXPRESSION_NOT) {
            return error_set(error, STATUS_INVALID, "Invalid operator used in KeyConditionExpression: %s",
                             expression_test_name(at->test));
        }
        if (at->test == EXPRESSION_AND || count == KEY_TERMS_MAX) {
            return key_unsupported(error);
        }
        enum status status = key_term_of(at, &ret_terms[count], error);
        if (status != STATUS_OK) {
            return status;
        }
        for (size_t i = 0; i < count; i++) {
            if (bytes_equal(ret_terms[i].name, ret_terms[count].name)) {
                return error_set(error, STATUS_INVALID,
                                 "KeyConditionExpressions must only contain one "
                                 "condition per key");
            }
        }
        count++;
    }
    *ret_count = count;
    return STATUS_OK;
}
