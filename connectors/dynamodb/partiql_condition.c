/* PartiQL's conditions, as trees of conditions:
 *
 *   or:         and ("OR" and)*            and: not ("AND" not)*            not: "NOT"* primary
 *   primary:    "(" or ")" | function | comparison
 *   function:   begins_with(path, operand) | contains(path, operand) | attribute_type(path, operand)
 *   comparison: operand sign operand | operand ["NOT"] "BETWEEN" operand "AND" operand
 *             | operand ["NOT"] "IN" list | operand "IS" ["NOT"] ("MISSING" | "NULL")
 *   operand:    path | value | size(path) */
#include "partiql.h"

static const struct condition *condition_of(struct partiql_parser *parser, struct condition condition)
{
    struct condition *kept = arena_create(parser->arena, sizeof(*kept));
    *kept = condition;
    return kept;
}

static const struct condition *condition_not(struct partiql_parser *parser, const struct condition *condition,
                                             bool is_negated)
{
    return is_negated ? condition_of(parser, (struct condition){.test = EXPRESSION_NOT, .left = condition})
                      : condition;
}

static const struct condition *condition_test(struct partiql_parser *parser, enum expression_test test,
                                              const struct operand *operands, size_t count)
{
    struct operand *kept = arena_create_array(parser->arena, count, sizeof(*kept));
    memcpy(kept, operands, count * sizeof(*kept));
    return condition_of(parser, (struct condition){.test = test, .operands = kept, .operands_count = count});
}

/* --- operands --------------------------------------------------------------------------------------------------- */

/* MISSING is a value that is not there. */
static enum status operand_value(struct partiql_parser *parser, struct operand *ret_operand)
{
    struct value *value = arena_create(parser->arena, sizeof(*value));
    bool is_missing = false;
    enum status status = partiql_value(parser, value, &is_missing);
    *ret_operand = (struct operand){.kind = OPERAND_VALUE, .value = is_missing ? NULL : value};
    return status;
}

static enum status operand_size(struct partiql_parser *parser, struct operand *ret_operand)
{
    enum status status = partiql_advance(parser);
    *ret_operand = (struct operand){.kind = OPERAND_SIZE};
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_OPEN);
    }
    if (status == STATUS_OK) {
        status = partiql_path(parser, &ret_operand->path);
    }
    return status == STATUS_OK ? partiql_expect(parser, PARTIQL_CLOSE) : status;
}

static enum status operand_read(struct partiql_parser *parser, struct operand *ret_operand)
{
    *ret_operand = (struct operand){.kind = OPERAND_PATH};
    if (partiql_is_call(parser, "SIZE")) {
        enum status status = partiql_count_operator(parser);
        return status == STATUS_OK ? operand_size(parser, ret_operand) : status;
    }
    return partiql_starts_value(parser) ? operand_value(parser, ret_operand)
                                        : partiql_path(parser, &ret_operand->path);
}

/* --- functions -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum expression_test test;
} functions[] = {
    {"BEGINS_WITH", EXPRESSION_BEGINS_WITH},
    {"CONTAINS", EXPRESSION_CONTAINS},
    {"ATTRIBUTE_TYPE", EXPRESSION_TYPE},
};

static enum status check_type(struct partiql_parser *parser, const struct operand *operand)
{
    static const char *const types[] = {"S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M"};
    bool is_text =
        operand->kind == OPERAND_VALUE && operand->value != NULL && operand->value->kind == VALUE_TEXT;
    for (size_t i = 0; i < ARRAY_COUNT(types) && is_text; i++) {
        if (text_is(operand->value->bytes, types[i])) {
            return STATUS_OK;
        }
    }
    (void)error_set(parser->error, STATUS_INVALID,
                    "Invalid attribute type name found; type: %.*s, valid types: "
                    "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                    is_text ? (int)operand->value->bytes.size : 0,
                    is_text ? (const char *)operand->value->bytes.data : "");
    return STATUS_INVALID;
}

static enum status function_read(struct partiql_parser *parser, enum expression_test test,
                                 const struct condition **ret_condition)
{
    struct operand operands[2] = {0};
    enum status status = partiql_advance(parser);
    for (size_t i = 0; i < 2 && status == STATUS_OK; i++) {
        status = partiql_expect(parser, i == 0 ? PARTIQL_OPEN : PARTIQL_COMMA);
        if (status == STATUS_OK) {
            status = operand_read(parser, &operands[i]);
        }
    }
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_CLOSE);
    }
    if (status == STATUS_OK && test == EXPRESSION_TYPE) {
        status = check_type(parser, &operands[1]);
    }
    if (status == STATUS_OK) {
        *ret_condition = condition_test(parser, test, operands, 2);
    }
    return status;
}

/* --- comparisons ------------------------------------------------------------------------------------------------ */

static enum status between_read(struct partiql_parser *parser, const struct operand *left,
                                const struct condition **ret_condition)
{
    struct operand operands[3] = {*left};
    enum status status = operand_read(parser, &operands[1]);
    if (status == STATUS_OK) {
        status = partiql_expect_word(parser, "AND");
    }
    if (status == STATUS_OK) {
        status = operand_read(parser, &operands[2]);
    }
    if (status == STATUS_OK) {
        *ret_condition = condition_test(parser, EXPRESSION_BETWEEN, operands, 3);
    }
    return status;
}

/* A parameter that is a list stands for its elements. */
static enum status in_read_parameter(struct partiql_parser *parser, struct operand *operands, size_t *count)
{
    struct value list;
    bool is_missing = false;
    enum status status = partiql_value(parser, &list, &is_missing);
    size_t items = status == STATUS_OK && list.kind == VALUE_LIST ? list.items.count : 0;
    if (status == STATUS_OK && items == 0) {
        return partiql_fail(parser, "IN expects a list of values");
    }
    for (size_t i = 0; i < items && status == STATUS_OK; i++) {
        struct value *value = arena_create(parser->arena, sizeof(*value));
        *value = list.items.at[i];
        if (*count > EXPRESSION_OPERANDS_MAX) {
            return partiql_fail(parser, "Too many operands of IN");
        }
        operands[(*count)++] = (struct operand){.kind = OPERAND_VALUE, .value = value};
    }
    return status;
}

static enum status in_read_list(struct partiql_parser *parser, struct operand *operands, size_t *count)
{
    enum partiql_token_kind open = parser->token.kind;
    enum partiql_token_kind close = open == PARTIQL_OPEN           ? PARTIQL_CLOSE
                                    : open == PARTIQL_BRACKET_OPEN ? PARTIQL_BRACKET_CLOSE
                                                                   : PARTIQL_SET_CLOSE;
    enum status status = open == PARTIQL_OPEN || open == PARTIQL_BRACKET_OPEN || open == PARTIQL_SET_OPEN
                             ? partiql_advance(parser)
                             : partiql_fail_token(parser);
    while (status == STATUS_OK) {
        status = *count <= EXPRESSION_OPERANDS_MAX ? operand_read(parser, &operands[(*count)++])
                                                   : partiql_fail(parser, "Too many operands of IN");
        if (status != STATUS_OK || parser->token.kind != PARTIQL_COMMA) {
            break;
        }
        status = partiql_advance(parser);
    }
    return status == STATUS_OK ? partiql_expect(parser, close) : status;
}

static enum status in_read(struct partiql_parser *parser, const struct operand *left,
                           const struct condition **ret_condition)
{
    struct operand operands[EXPRESSION_OPERANDS_MAX + 1] = {*left};
    size_t count = 1;
    enum status status = parser->token.kind == PARTIQL_PARAMETER ? in_read_parameter(parser, operands, &count)
                                                                 : in_read_list(parser, operands, &count);
    if (status == STATUS_OK) {
        *ret_condition = condition_test(parser, EXPRESSION_IN, operands, count);
    }
    return status;
}

static enum status is_read(struct partiql_parser *parser, const struct operand *left,
                           const struct condition **ret_condition)
{
    static const struct value null_type = {.kind = VALUE_TEXT, .bytes = {(const uint8_t *)"NULL", 4}};
    struct operand operands[2] = {*left, {.kind = OPERAND_VALUE, .value = &null_type}};
    bool is_negated = false;
    bool is_missing = false;
    enum status status = partiql_skip_word(parser, "NOT", &is_negated);
    if (status == STATUS_OK) {
        status = partiql_skip_word(parser, "MISSING", &is_missing);
    }
    if (status == STATUS_OK && !is_missing) {
        status = partiql_expect_word(parser, "NULL");
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (left->kind != OPERAND_PATH) {
        return partiql_fail(parser, "IS expects a document path");
    }
    *ret_condition =
        is_missing
            ? condition_test(parser, is_negated ? EXPRESSION_EXISTS : EXPRESSION_NOT_EXISTS, operands, 1)
            : condition_not(parser, condition_test(parser, EXPRESSION_TYPE, operands, 2), is_negated);
    return STATUS_OK;
}

static bool sign_read(enum partiql_token_kind kind, enum expression_test *ret_test)
{
    static const struct {
        enum partiql_token_kind kind;
        enum expression_test test;
    } signs[] = {
        {PARTIQL_EQUAL, EXPRESSION_EQUAL},     {PARTIQL_NOT_EQUAL, EXPRESSION_NOT_EQUAL},
        {PARTIQL_LESS, EXPRESSION_LESS},       {PARTIQL_LESS_EQUAL, EXPRESSION_LESS_EQUAL},
        {PARTIQL_GREATER, EXPRESSION_GREATER}, {PARTIQL_GREATER_EQUAL, EXPRESSION_GREATER_EQUAL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++) {
        if (signs[i].kind == kind) {
            *ret_test = signs[i].test;
            return true;
        }
    }
    return false;
}

static enum status words_read(struct partiql_parser *parser, const struct operand *left,
                              const struct condition **ret_condition)
{
    bool is_negated = false;
    bool is_there = false;
    enum status status = partiql_skip_word(parser, "IS", &is_there);
    if (status != STATUS_OK || is_there) {
        return status == STATUS_OK ? is_read(parser, left, ret_condition) : status;
    }
    status = partiql_skip_word(parser, "NOT", &is_negated);
    if (status == STATUS_OK) {
        status = partiql_skip_word(parser, "BETWEEN", &is_there);
    }
    if (status == STATUS_OK && is_there) {
        status = between_read(parser, left, ret_condition);
    } else if (status == STATUS_OK) {
        status = partiql_expect_word(parser, "IN");
        status = status == STATUS_OK ? in_read(parser, left, ret_condition) : status;
    }
    if (status == STATUS_OK) {
        *ret_condition = condition_not(parser, *ret_condition, is_negated);
    }
    return status;
}

static enum status comparison_read(struct partiql_parser *parser, const struct condition **ret_condition)
{
    struct operand operands[2] = {0};
    enum expression_test test = EXPRESSION_EQUAL;
    enum status status = operand_read(parser, &operands[0]);
    if (status == STATUS_OK && !sign_read(parser->token.kind, &test)) {
        return words_read(parser, &operands[0], ret_condition);
    }
    if (status == STATUS_OK) {
        status = partiql_advance(parser);
    }
    if (status == STATUS_OK) {
        status = operand_read(parser, &operands[1]);
    }
    if (status == STATUS_OK) {
        *ret_condition = condition_test(parser, test, operands, 2);
    }
    return status;
}

/* --- logic ------------------------------------------------------------------------------------------------------ */

/* NOLINTBEGIN(misc-no-recursion): DYNAMODB_STATEMENT_DEPTH_MAX bounds it */

static enum status primary_read(struct partiql_parser *parser, const struct condition **ret_condition)
{
    enum status status = partiql_count_operator(parser);
    if (status == STATUS_OK && parser->token.kind == PARTIQL_OPEN) {
        status = partiql_advance(parser);
        if (status == STATUS_OK) {
            status = partiql_condition(parser, ret_condition);
        }
        return status == STATUS_OK ? partiql_expect(parser, PARTIQL_CLOSE) : status;
    }
    for (size_t i = 0; i < ARRAY_COUNT(functions) && status == STATUS_OK; i++) {
        if (partiql_is_call(parser, functions[i].name)) {
            return function_read(parser, functions[i].test, ret_condition);
        }
    }
    return status == STATUS_OK ? comparison_read(parser, ret_condition) : status;
}

static enum status not_read(struct partiql_parser *parser, const struct condition **ret_condition)
{
    bool is_negated = false;
    bool is_there = false;
    enum status status = STATUS_OK;
    do {
        status = partiql_skip_word(parser, "NOT", &is_there);
        is_negated = is_negated != is_there;
    } while (status == STATUS_OK && is_there);
    if (status == STATUS_OK) {
        status = primary_read(parser, ret_condition);
    }
    if (status == STATUS_OK) {
        *ret_condition = condition_not(parser, *ret_condition, is_negated);
    }
    return status;
}

/* One level of AND or OR. */
static enum status joined_read(struct partiql_parser *parser, bool is_or,
                               const struct condition **ret_condition)
{
    bool is_there = false;
    enum status status = is_or ? joined_read(parser, false, ret_condition) : not_read(parser, ret_condition);
    while (status == STATUS_OK) {
        const struct condition *right = NULL;
        status = partiql_skip_word(parser, is_or ? "OR" : "AND", &is_there);
        if (status != STATUS_OK || !is_there) {
            break;
        }
        status = is_or ? joined_read(parser, false, &right) : not_read(parser, &right);
        *ret_condition =
            condition_of(parser, (struct condition){.test = is_or ? EXPRESSION_OR : EXPRESSION_AND,
                                                    .left = *ret_condition,
                                                    .right = right});
    }
    return status;
}

enum status partiql_condition(struct partiql_parser *parser, const struct condition **ret_condition)
{
    enum status status = partiql_enter(parser);
    *ret_condition = NULL;
    if (status == STATUS_OK) {
        status = joined_read(parser, true, ret_condition);
        partiql_leave(parser);
    }
    return status;
}
/* NOLINTEND(misc-no-recursion) */
