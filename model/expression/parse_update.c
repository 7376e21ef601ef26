/* The grammars of updates and projections:
 *
 *   update:  section+, each of SET, REMOVE, ADD, DELETE at most once, actions parted by commas
 *   SET:     path "=" operand (("+" | "-") operand)?
 *   REMOVE:  path
 *   ADD:     path value      DELETE: path value */
#include "expression_private.h"

static const char *const section_names[] = {
    [ACTION_SET] = "SET",
    [ACTION_REMOVE] = "REMOVE",
    [ACTION_ADD] = "ADD",
    [ACTION_DELETE] = "DELETE",
};

/* Nothing, when there is a complaint that tells as much. */
static void path_complain(struct parser *parser, enum complaint complaint, const struct path *one,
                          const struct path *two, const char *verb)
{
    struct buffer text = {0};
    if (complaint >= parser->complaint) {
        return;
    }
    path_format(one, &text);
    buffer_put_text(&text, ", path two: ");
    path_format(two, &text);
    (void)parser_complain(parser, complaint,
                          "Two document paths %s with each other; must remove or rewrite one of these paths; "
                          "path one: %.*s",
                          verb, (int)text.size, (const char *)text.data);
    buffer_reset(&text);
}

static void check_paths(struct parser *parser, const struct path *earlier, const struct path *path)
{
    if (path_overlaps(earlier, path)) {
        path_complain(parser, COMPLAINT_OVERLAP, earlier, path, "overlap");
    } else if (path_conflicts(earlier, path)) {
        path_complain(parser, COMPLAINT_CONFLICT, earlier, path, "conflict");
    }
}

/* Each with those before it, up to the first overlap; that is done only when some two do not go together, for there may be
 * thousands. */
static void check_all_paths(struct parser *parser, const struct path *paths, size_t count)
{
    struct path *sorted = arena_create_array(parser->options->arena, count, sizeof(*sorted));
    if (count == 0) {
        return;
    }
    memcpy(sorted, paths, count * sizeof(*sorted));
    if (!paths_clash(sorted, count)) {
        return;
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i && parser->complaint > COMPLAINT_OVERLAP; k++) {
            check_paths(parser, &paths[k], &paths[i]);
        }
    }
}

static void check_actions(struct parser *parser, const struct update *update)
{
    struct path *paths = arena_create_array(parser->options->arena, update->count, sizeof(*paths));
    for (size_t i = 0; i < update->count; i++) {
        paths[i] = update->actions[i].path;
    }
    check_all_paths(parser, paths, update->count);
}

/* operand (("+" | "-") operand)? */
static enum status parse_set_value(struct parser *parser, struct operand *ret_operand);

/* NOLINTBEGIN(misc-no-recursion): a parser; EXPRESSION_DEPTH_MAX bounds it */
/* An operand, or a value in parentheses. */
static enum status parse_set_operand(struct parser *parser, struct operand *ret_operand)
{
    if (parser->token.kind != TOKEN_OPEN) {
        return parser_operand(parser, ret_operand);
    }
    if (++parser->depth > EXPRESSION_DEPTH_MAX) {
        return parser_syntax_error(parser);
    }
    enum status status = parser_advance(parser);
    bool is_doubled = status == STATUS_OK && parser->token.kind == TOKEN_OPEN;
    if (status == STATUS_OK) {
        status = parse_set_value(parser, ret_operand);
    }
    bool is_sum =
        status == STATUS_OK && (ret_operand->kind == OPERAND_PLUS || ret_operand->kind == OPERAND_MINUS);
    bool is_redundant = is_doubled && !is_sum && parser->previous.kind == TOKEN_CLOSE;
    if (status == STATUS_OK) {
        status = parser_expect(parser, TOKEN_CLOSE);
    }
    if (status == STATUS_OK && is_redundant) {
        (void)parser_complain(parser, COMPLAINT_PARENTHESES, "The expression has redundant parentheses;");
    }
    parser->depth--;
    return status;
}

static enum status parse_set_value(struct parser *parser, struct operand *ret_operand)
{
    struct operand *left = arena_create(parser->options->arena, sizeof(*left));
    enum status status = parse_set_operand(parser, left);
    bool is_plus = parser->token.kind == TOKEN_PLUS;
    if (status != STATUS_OK || (!is_plus && parser->token.kind != TOKEN_MINUS)) {
        *ret_operand = *left;
        return status;
    }
    struct operand *right = arena_create(parser->options->arena, sizeof(*right));
    status = parser_count_operator(parser);
    if (status == STATUS_OK) {
        status = parser_advance(parser);
    }
    if (status == STATUS_OK) {
        status = parse_set_operand(parser, right);
    }
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        const struct operand *operand = i == 0 ? left : right;
        if (operand->kind == OPERAND_VALUE && !value_is_number(operand->value)) {
            (void)
                parser_complain(parser, COMPLAINT_OPERAND,
                                "Incorrect operand type for operator or function; operator or function: %s, "
                                "operand type: %s",
                                is_plus ? "+" : "-", document_type(operand->value));
        }
    }
    *ret_operand =
        (struct operand){.kind = is_plus ? OPERAND_PLUS : OPERAND_MINUS, .left = left, .right = right};
    return status;
}
/* NOLINTEND(misc-no-recursion) */

static enum status check_add_operand(struct parser *parser, enum action_kind kind,
                                     const struct operand *operand)
{
    if (operand->kind != OPERAND_VALUE) {
        return parser_syntax_error(parser);
    }
    bool is_set = operand->value->kind == VALUE_SET;
    if (is_set || (kind == ACTION_ADD && value_is_number(operand->value))) {
        return STATUS_OK;
    }
    static const char *const long_names[][2] = {
        {"S", "STRING"},  {"N", "NUMBER"}, {"B", "BINARY"}, {"BOOL", "BOOLEAN"},
        {"NULL", "NULL"}, {"L", "LIST"},   {"M", "MAP"},
    };
    const char *type = document_type(operand->value);
    for (size_t i = 0; i < ARRAY_COUNT(long_names); i++) {
        if (strcmp(type, long_names[i][0]) == 0) {
            type = long_names[i][1];
            break;
        }
    }
    return parser_complain(parser, COMPLAINT_ADDED,
                           "Incorrect operand type for operator or function; operator: %s, operand type: %s, "
                           "typeSet: ALLOWED_FOR_%s_OPERAND",
                           section_names[kind], type, section_names[kind]);
}

static enum status parse_action(struct parser *parser, enum action_kind kind, struct action *ret_action)
{
    struct operand *operand = arena_create(parser->options->arena, sizeof(*operand));
    *ret_action = (struct action){.kind = kind, .operand = kind == ACTION_REMOVE ? NULL : operand};
    enum status status = parser_path(parser, &ret_action->path);
    if (status == STATUS_OK && kind == ACTION_SET) {
        status = parser_expect(parser, TOKEN_EQUAL);
        if (status == STATUS_OK) {
            status = parse_set_value(parser, operand);
        }
    } else if (status == STATUS_OK && kind != ACTION_REMOVE) {
        status = parser_operand(parser, operand);
        if (status == STATUS_OK) {
            status = check_add_operand(parser, kind, operand);
        }
    }
    return status;
}

struct action *update_action_add(struct update *update, struct arena *arena)
{
    update->actions = arena_grow_array(arena, update->actions, update->count, sizeof(*update->actions));
    return &update->actions[update->count++];
}

static enum status parse_section(struct parser *parser, enum action_kind kind, struct update *update)
{
    enum status status = STATUS_OK;
    for (;;) {
        if (update->count == EXPRESSION_ACTIONS_MAX) {
            return error_set(parser->error, STATUS_TOO_LARGE, "The update has more than %d actions",
                             EXPRESSION_ACTIONS_MAX);
        }
        struct action *action = update_action_add(update, parser->options->arena);
        status = parse_action(parser, kind, action);
        if (status != STATUS_OK) {
            return status;
        }
        if (parser->token.kind != TOKEN_COMMA) {
            return STATUS_OK;
        }
        status = parser_advance(parser);
        if (status != STATUS_OK) {
            return status;
        }
    }
}

static enum status parse_sections(struct parser *parser, struct update *update)
{
    bool seen[ARRAY_COUNT(section_names)] = {false};
    while (parser->token.kind != TOKEN_END) {
        size_t kind = 0;
        while (kind < ARRAY_COUNT(section_names) && !parser_is_word(parser, section_names[kind])) {
            kind++;
        }
        if (kind == ARRAY_COUNT(section_names)) {
            return parser_syntax_error(parser);
        }
        if (seen[kind]) {
            (void)parser_complain(parser, COMPLAINT_SECTION,
                                  "The \"%s\" section can only be used once in an update expression;",
                                  section_names[kind]);
        }
        seen[kind] = true;
        enum status status = parser_advance(parser);
        if (status == STATUS_OK) {
            status = parse_section(parser, (enum action_kind)kind, update);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status update_parse(struct bytes text, const struct expression_options *options,
                         struct update *ret_update, struct error *error)
{
    struct parser parser;
    struct update update = {0};
    enum status status = parser_begin(&parser, text, options, error);
    parser.is_update = true;
    if (status != STATUS_OK) {
        return status;
    }
    status = parse_sections(&parser, &update);
    if (status == STATUS_OK) {
        check_actions(&parser, &update);
    }
    if (status == STATUS_OK) {
        status = parser_end(&parser);
    }
    if (status == STATUS_OK) {
        *ret_update = update;
    }
    return status;
}

enum status projection_parse(struct bytes text, const struct expression_options *options,
                             struct projection *ret_projection, struct error *error)
{
    struct parser parser;
    size_t count = 0;
    enum status status = parser_begin(&parser, text, options, error);
    struct path *paths = NULL;
    while (status == STATUS_OK) {
        paths = arena_grow_array(options->arena, paths, count, sizeof(*paths));
        status = parser_path(&parser, &paths[count]);
        count++;
        if (status != STATUS_OK || parser.token.kind != TOKEN_COMMA) {
            break;
        }
        status = parser_advance(&parser);
    }
    if (status == STATUS_OK) {
        check_all_paths(&parser, paths, count);
    }
    if (status == STATUS_OK) {
        status = parser_end(&parser);
    }
    if (status == STATUS_OK) {
        *ret_projection = projection_of_paths(paths, count, options->arena);
    }
    return status;
}
