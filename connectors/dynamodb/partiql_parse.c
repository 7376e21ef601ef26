/* PartiQL's statements:
 *
 *   SELECT ("*" | path ("," path)*) FROM table ["." index] [WHERE condition] [ORDER BY name [ASC | DESC], ...]
 *   EXISTS "(" SELECT … ")"
 *   INSERT INTO table VALUE map
 *   UPDATE table clauses [WHERE condition] [RETURNING (ALL | MODIFIED) (OLD | NEW) "*"]
 *   DELETE FROM table [WHERE condition] [RETURNING ALL OLD "*"] */
#include "partiql.h"

static enum status where_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    bool is_there = false;
    enum status status = partiql_skip_word(parser, "WHERE", &is_there);
    return status == STATUS_OK && is_there ? partiql_condition(parser, &statement->where) : status;
}

static enum status returning_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    bool is_there = false;
    bool is_all = false;
    bool is_old = false;
    enum status status = partiql_skip_word(parser, "RETURNING", &is_there);
    if (status != STATUS_OK || !is_there) {
        return status;
    }
    status = partiql_skip_word(parser, "ALL", &is_all);
    if (status == STATUS_OK && !is_all) {
        status = partiql_expect_word(parser, "MODIFIED");
    }
    if (status == STATUS_OK) {
        status = partiql_skip_word(parser, "OLD", &is_old);
    }
    if (status == STATUS_OK && !is_old) {
        status = partiql_expect_word(parser, "NEW");
    }
    if (status == STATUS_OK) {
        status = partiql_expect(parser, PARTIQL_STAR);
    }
    statement->returning = is_old ? (is_all ? PARTIQL_ALL_OLD : PARTIQL_MODIFIED_OLD)
                                  : (is_all ? PARTIQL_ALL_NEW : PARTIQL_MODIFIED_NEW);
    return status == STATUS_OK && statement->kind == PARTIQL_DELETE && statement->returning != PARTIQL_ALL_OLD
               ? partiql_fail(parser, "DELETE can only return ALL OLD *")
               : status;
}

/* --- SELECT ----------------------------------------------------------------------------------------------------- */

static enum status projection_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    struct path paths[DYNAMODB_STATEMENT_PATHS_MAX];
    size_t count = 0;
    enum status status = STATUS_OK;
    if (parser->token.kind == PARTIQL_STAR) {
        return partiql_advance(parser);
    }
    for (;;) {
        status = count < ARRAY_COUNT(paths) ? partiql_path(parser, &paths[count++])
                                            : partiql_fail(parser, "The projection has too many paths");
        if (status != STATUS_OK || parser->token.kind != PARTIQL_COMMA) {
            break;
        }
        status = partiql_advance(parser);
        if (status != STATUS_OK) {
            break;
        }
    }
    struct projection *projection = arena_create(parser->arena, sizeof(*projection));
    projection->paths = arena_create_array(parser->arena, count, sizeof(*paths));
    memcpy(projection->paths, paths, count * sizeof(*paths));
    projection->count = count;
    statement->projection = projection;
    return status;
}

static enum status order_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    bool is_there = false;
    enum status status = partiql_skip_word(parser, "ORDER", &is_there);
    if (status != STATUS_OK || !is_there) {
        return status;
    }
    if (!partiql_is_word(parser, "BY")) {
        return partiql_fail_token(parser);
    }
    do {
        struct partiql_order *order = &statement->orders[statement->orders_count];
        if (statement->orders_count++ == DYNAMODB_STATEMENT_ORDERS_MAX) {
            return partiql_fail(parser, "Too many attributes of ORDER BY");
        }
        status = partiql_advance(parser); /* BY, or a comma */
        if (status == STATUS_OK) {
            status = partiql_name(parser, &order->name);
        }
        if (status == STATUS_OK) {
            status = partiql_skip_word(parser, "DESC", &order->is_descending);
        }
        if (status == STATUS_OK && !order->is_descending) {
            status = partiql_skip_word(parser, "ASC", &is_there);
        }
    } while (status == STATUS_OK && parser->token.kind == PARTIQL_COMMA);
    return status;
}

static enum status select_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    enum status status = projection_read(parser, statement);
    if (status == STATUS_OK) {
        status = partiql_expect_word(parser, "FROM");
    }
    if (status == STATUS_OK) {
        status = partiql_name(parser, &statement->table);
    }
    if (status == STATUS_OK && parser->token.kind == PARTIQL_DOT) {
        status = partiql_advance(parser);
        status = status == STATUS_OK ? partiql_name(parser, &statement->index) : status;
    }
    if (status == STATUS_OK) {
        status = where_read(parser, statement);
    }
    return status == STATUS_OK ? order_read(parser, statement) : status;
}

static enum status exists_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    enum status status = partiql_expect(parser, PARTIQL_OPEN);
    if (status == STATUS_OK) {
        status = partiql_expect_word(parser, "SELECT");
    }
    if (status == STATUS_OK) {
        status = select_read(parser, statement);
    }
    return status == STATUS_OK ? partiql_expect(parser, PARTIQL_CLOSE) : status;
}

/* --- INSERT, UPDATE, DELETE ------------------------------------------------------------------------------------- */

static enum status insert_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    bool is_missing = false;
    enum status status = partiql_expect_word(parser, "INTO");
    if (status == STATUS_OK) {
        status = partiql_name(parser, &statement->table);
    }
    if (status == STATUS_OK) {
        status = partiql_expect_word(parser, "VALUE");
    }
    if (status == STATUS_OK && !partiql_starts_value(parser)) {
        status = partiql_fail_token(parser);
    }
    if (status == STATUS_OK) {
        status = partiql_value(parser, &statement->item, &is_missing);
    }
    bool is_unbound = parser->parameters_used > parser->parameters_count; /* told when all is read */
    return status == STATUS_OK && statement->item.kind != VALUE_MAP && !is_unbound
               ? partiql_fail(parser, "VALUE expects a map")
               : status;
}

static enum status update_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    enum status status = partiql_name(parser, &statement->table);
    if (status == STATUS_OK) {
        status = partiql_update(parser, &statement->update);
    }
    if (status == STATUS_OK) {
        status = where_read(parser, statement);
    }
    return status == STATUS_OK ? returning_read(parser, statement) : status;
}

static enum status delete_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    enum status status = partiql_expect_word(parser, "FROM");
    if (status == STATUS_OK) {
        status = partiql_name(parser, &statement->table);
    }
    if (status == STATUS_OK) {
        status = where_read(parser, statement);
    }
    return status == STATUS_OK ? returning_read(parser, statement) : status;
}

/* --- any -------------------------------------------------------------------------------------------------------- */

static enum status statement_read(struct partiql_parser *parser, struct partiql_statement *statement)
{
    static const struct {
        const char *word;
        enum partiql_kind kind;
        enum status (*read)(struct partiql_parser *parser, struct partiql_statement *statement);
    } kinds[] = {
        {"SELECT", PARTIQL_SELECT, select_read}, {"EXISTS", PARTIQL_EXISTS, exists_read},
        {"INSERT", PARTIQL_INSERT, insert_read}, {"UPDATE", PARTIQL_UPDATE, update_read},
        {"DELETE", PARTIQL_DELETE, delete_read},
    };
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (partiql_is_word(parser, kinds[i].word)) {
            statement->kind = kinds[i].kind;
            enum status status = partiql_advance(parser);
            return status == STATUS_OK ? kinds[i].read(parser, statement) : status;
        }
    }
    return partiql_fail(parser, "Expected data manipulation");
}

enum status partiql_parse(struct bytes text, const struct value *parameters, size_t parameters_count,
                          struct arena *arena, struct partiql_statement *ret_statement, struct error *error)
{
    struct partiql_parser parser = {.text = text,
                                    .parameters = parameters,
                                    .parameters_count = parameters_count,
                                    .arena = arena,
                                    .error = error};
    *ret_statement = (struct partiql_statement){.item = {.kind = VALUE_MAP}};
    enum status status = partiql_advance(&parser);
    if (status == STATUS_OK) {
        status = statement_read(&parser, ret_statement);
    }
    if (status == STATUS_OK && parser.token.kind == PARTIQL_SEMICOLON) {
        status = partiql_advance(&parser);
    }
    if (status == STATUS_OK && parser.token.kind != PARTIQL_END) {
        status = partiql_fail_token(&parser);
    }
    if (status == STATUS_OK && parser.parameters_used != parameters_count) {
        (void)error_set(error, STATUS_INVALID, "Number of parameters in request and statement don't match.");
        status = STATUS_INVALID;
    }
    return status;
}
