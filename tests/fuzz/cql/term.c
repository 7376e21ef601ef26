/* Terms for receivers of many types, selections of a row without columns that are set, and JSON: the first byte chooses. */
#include "term.h"

#include "json.h"
#include "support/fuzz.h"
#include "syntax/syntax.h"

static bool find_column(void *context, struct bytes name, uint32_t *ret_index, const struct type **ret_type)
{
    *ret_index = 0;
    *ret_type = context;
    return name.size == 1;
}

static enum status read_column(void *context, uint32_t column, struct value *ret_value, struct error *error)
{
    (void)context;
    (void)column;
    (void)error;
    *ret_value = value_of_null();
    return STATUS_OK;
}

static enum status read_cell(void *context, uint32_t column, const struct cql_expression *path,
                             enum cql_term_kind what, struct value *ret_value, struct error *error)
{
    (void)path;
    (void)what;
    return read_column(context, column, ret_value, error);
}

static enum status bind_null(void *context, uint16_t marker, struct cql_binding *ret_binding,
                             struct error *error)
{
    (void)context;
    (void)error;
    *ret_binding = (struct cql_binding){.kind = marker % 2 == 0 ? CQL_BINDING_NULL : CQL_BINDING_UNSET};
    return STATUS_OK;
}

static void run(const struct cql_term *term, const struct type *type, bool is_selection, struct arena *arena)
{
    struct error error;
    struct cql_receiver receiver = {.name = bytes_of_text("c"), .type = type};
    struct cql_preparation preparation = {.arena = arena, .error = &error, .now_us = 1760000000123456};
    struct cql_evaluation evaluation = {.moment = {.arena = arena,
                                                   .error = &error,
                                                   .now_us = 1760000000123456},
                                        .bind = bind_null,
                                        .column = read_column,
                                        .cell = read_cell};
    struct cql_expression *expression = NULL;
    struct value value;
    bool is_unset = false;
    if (is_selection) {
        preparation.column = find_column;
        preparation.context = (void *)(uintptr_t)type;
    }
    enum status status = is_selection ? statement__selector_prepare(&preparation, term, &expression)
                                      : statement__term_prepare(&preparation, term, &receiver, &expression);
    struct value *aggregates = arena_create_array(arena, preparation.aggregates_count, sizeof(*aggregates));
    evaluation.aggregates = aggregates;
    if (status == STATUS_OK && statement__evaluate(expression, &evaluation, &value, &is_unset) == STATUS_OK) {
        struct buffer text = {0};
        statement__json_format(&expression->type, &value, &text);
        buffer_reset(&text);
    }
}

void fuzz_one(struct bytes input)
{
    static const char *const types[] = {"int",
                                        "text",
                                        "blob",
                                        "timestamp",
                                        "date",
                                        "time",
                                        "duration",
                                        "inet",
                                        "decimal",
                                        "varint",
                                        "double",
                                        "timeuuid",
                                        "tinyint",
                                        "list<int>",
                                        "set<text>",
                                        "map<text, frozen<list<double>>>",
                                        "tuple<int, text>",
                                        "vector<float, 2>"};
    struct arena arena = {0};
    struct type type = {0};
    struct cql_statement *statement = NULL;
    struct error error;
    uint8_t choice = input.size == 0 ? 0 : input.data[0];
    struct bytes rest = input.size == 0 ? input : bytes_from(input, 1);
    struct cql_moment moment = {.arena = &arena, .error = &error};
    CHECK(type_parse(bytes_of_text(types[choice % ARRAY_COUNT(types)]), NULL, &arena, &type, &error) ==
          STATUS_OK);
    if (choice >= 200) {
        struct value value;
        (void)!statement__json_parse(&type, rest, &moment, &value);
        arena_reset(&arena);
        return;
    }
    char *text =
        arena_format(&arena, choice >= 100 ? "SELECT %.*s FROM t" : "INSERT INTO t (c) VALUES (%.*s)",
                     (int)rest.size, (const char *)rest.data);
    if (cql_parse(bytes_of_text(text), &arena, &statement, &error) == STATUS_OK) {
        if (statement->kind == CQL_SELECT && statement->select.selectors.count > 0) {
            run(statement->select.selectors.at[0].term, &type, true, &arena);
        } else if (statement->kind == CQL_INSERT && statement->insert.values.count > 0) {
            run(statement->insert.values.at[0], &type, false, &arena);
        }
    }
    arena_reset(&arena);
}
