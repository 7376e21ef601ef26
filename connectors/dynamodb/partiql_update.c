/* The SET and REMOVE clauses of PartiQL's UPDATE, as the actions of an update:
 *
 *   clauses: ("SET" path "=" expression ("," path "=" expression)* | "REMOVE" path ("," path)*)+
 *   expression: operand (("+" | "-") operand)* | set_add(path, value) | set_delete(path, value)
 *   operand: path | value | if_not_exists(path, expression) | list_append(expression, expression) */
#include "partiql.h"

/* --- expressions ------------------------------------------------------------------------------------------------ */

static struct operand *operand_create(struct partiql_parser *parser, struct operand operand)
{
    struct operand *kept = arena_create(parser->arena, sizeof(*kept));
    *kept = operand;
    return kept;
}

static enum status value_read(struct partiql_parser *parser, const struct operand **ret_operand)
{
    struct value *value = arena_create(parser->arena, sizeof(*value));
    bool is_missing = false;
    enum status status = partiql_value(parser, value, &is_missing);
    *ret_operand = operand_create(parser, (struct operand){.kind = OPERAND_VALUE, .value = value});
    return status == STATUS_OK && is_missing ? partiql_fail(parser, "MISSING cannot be assigned; use REMOVE")
                                             : status;
}

/* NOLINTBEGIN(misc-no-recursion): DYNAMODB_STATEMENT_DEPTH_MAX bounds it */
static enum status expression_read(struct partiql_parser *parser, const struct operand **ret_operand);

/* if_not_exists(…) and list_append(…), from the function's name on. */
static enum status call_read(struct partiql_parser *parser, enum operand_kind kind,
                             const struct operand **ret_operand)
{
    struct operand operand = {.kind = kind};
    enum status status = partiql_advance(parser);
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_OPEN);
    }
    if (status == STATUS_OK) {
        status = kind == OPERAND_IF_NOT_EXISTS ? partiql_path(parser, &operand.path)
                                               : expression_read(parser, &operand.left);
    }
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_COMMA);
    }
    if (status == STATUS_OK) {
        status = expression_read(parser, &operand.right);
    }
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_CLOSE);
    }
    *ret_operand = operand_create(parser, operand);
    return status;
}

static enum status operand_read(struct partiql_parser *parser, const struct operand **ret_operand)
{
    if (partiql_is_call(parser, "IF_NOT_EXISTS")) {
        return call_read(parser, OPERAND_IF_NOT_EXISTS, ret_operand);
    }
    if (partiql_is_call(parser, "LIST_APPEND")) {
        return call_read(parser, OPERAND_LIST_APPEND, ret_operand);
    }
    if (partiql_starts_value(parser)) {
        return value_read(parser, ret_operand);
    }
    struct operand *operand = operand_create(parser, (struct operand){.kind = OPERAND_PATH});
    *ret_operand = operand;
    return partiql_path(parser, &operand->path);
}

static enum status expression_read(struct partiql_parser *parser, const struct operand **ret_operand)
{
    enum status status = partiql_enter(parser);
    if (status == STATUS_OK) {
        status = operand_read(parser, ret_operand);
    }
    while (status == STATUS_OK &&
           (parser->token.kind == PARTIQL_PLUS || parser->token.kind == PARTIQL_MINUS)) {
        struct operand both = {.kind = parser->token.kind == PARTIQL_PLUS ? OPERAND_PLUS : OPERAND_MINUS,
                               .left = *ret_operand};
        status = partiql_count_operator(parser);
        if (status == STATUS_OK) {
            status = partiql_advance(parser);
        }
        if (status == STATUS_OK) {
            status = operand_read(parser, &both.right);
        }
        *ret_operand = operand_create(parser, both);
    }
    partiql_leave(parser);
    return status;
}
/* NOLINTEND(misc-no-recursion) */

/* --- actions ---------------------------------------------------------------------------------------------------- */

/* set_add(path, set) and set_delete(path, set): of the attribute that is set. */
static enum status set_change_read(struct partiql_parser *parser, struct action *action)
{
    struct path path;
    enum status status = partiql_advance(parser);
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_OPEN);
    }
    if (status == STATUS_OK) {
        status = partiql_path(parser, &path);
    }
    if (status == STATUS_OK && !path_equal(&path, &action->path)) {
        status = partiql_fail(parser, "The first argument must be the attribute that is set");
    }
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_COMMA);
    }
    if (status == STATUS_OK) {
        status = value_read(parser, &action->operand);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool is_number = action->kind == ACTION_ADD && action->operand->value->kind == VALUE_DECIMAL;
    return action->operand->value->kind == VALUE_SET || is_number
               ? partiql_expect(parser, PARTIQL_CLOSE)
               : partiql_fail(parser, "The second argument must be a set");
}

static enum status action_read(struct partiql_parser *parser, bool is_set, struct action *ret_action)
{
    *ret_action = (struct action){.kind = is_set ? ACTION_SET : ACTION_REMOVE};
    enum status status = partiql_count_operator(parser);
    if (status == STATUS_OK) {
        status = partiql_path(parser, &ret_action->path);
    }
    if (status != STATUS_OK || !is_set) {
        return status;
    }
    status = partiql_expect(parser, PARTIQL_EQUAL);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_add = partiql_is_call(parser, "SET_ADD");
    if (is_add || partiql_is_call(parser, "SET_DELETE")) {
        ret_action->kind = is_add ? ACTION_ADD : ACTION_DELETE;
        return set_change_read(parser, ret_action);
    }
    return expression_read(parser, &ret_action->operand);
}

static enum status check_paths(struct partiql_parser *parser, const struct path *one, const struct path *two)
{
    bool overlaps = path_overlaps(one, two);
    struct buffer text = {0};
    if (!overlaps && !path_conflicts(one, two)) {
        return STATUS_OK;
    }
    path_format(one, &text);
    buffer_put_text(&text, ", path two: ");
    path_format(two, &text);
    (void)error_set(parser->error, STATUS_INVALID,
                    "Two document paths %s with each other; must remove or rewrite one of these paths; path "
                    "one: %.*s",
                    overlaps ? "overlap" : "conflict", (int)text.size, (const char *)text.data);
    buffer_reset(&text);
    return STATUS_INVALID;
}

/* One clause's actions. */
static enum status clause_read(struct partiql_parser *parser, bool is_set, struct update *update)
{
    enum status status = STATUS_OK;
    do {
        if (update->count == EXPRESSION_ACTIONS_MAX) {
            return partiql_fail(parser, "The statement changes too many attributes");
        }
        struct action *action = update_action_add(update, parser->arena);
        status = partiql_advance(parser); /* the clause's word, or a comma */
        if (status == STATUS_OK) {
            status = action_read(parser, is_set, action);
        }
        for (size_t i = 0; i + 1 < update->count && status == STATUS_OK; i++) {
            status = check_paths(parser, &update->actions[i].path, &action->path);
        }
    } while (status == STATUS_OK && parser->token.kind == PARTIQL_COMMA);
    return status;
}

enum status partiql_update(struct partiql_parser *parser, struct update *ret_update)
{
    struct update update = {0};
    bool is_set = partiql_is_word(parser, "SET");
    enum status status = STATUS_OK;
    if (!is_set && !partiql_is_word(parser, "REMOVE")) {
        return partiql_fail(parser, "Expected data manipulation");
    }
    while (status == STATUS_OK && (is_set || partiql_is_word(parser, "REMOVE"))) {
        status = clause_read(parser, is_set, &update);
        is_set = partiql_is_word(parser, "SET");
    }
    *ret_update = update;
    return status;
}
