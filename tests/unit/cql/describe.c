/* Statements that DESCRIBE tells of what no statement makes yet: views, indexes, functions, aggregates. The parser
 * reads each of them. */
#include "describe_text.h"
#include "hex.h"
#include "syntax/syntax.h"

#define TEXT(text)                                                                                           \
    {                                                                                                        \
        .data = (const uint8_t *)(text), .size = sizeof(text) - 1                                            \
    }
#define TEXTS(array)                                                                                         \
    {                                                                                                        \
        .at = (array), .count = ARRAY_COUNT(array)                                                           \
    }

static const struct described_keyspace keyspace = {.name = TEXT("ks")};
static const struct bytes names[] = {TEXT("a"), TEXT("B")};
static const struct bytes types[] = {TEXT("int"), TEXT("frozen<list<text>>")};

/* The text begins as expected, and is a statement of that kind. */
static void check(struct buffer *buffer, const char *begin, enum cql_statement_kind kind)
{
    struct arena arena = {0};
    struct cql_statement *statement = NULL;
    struct error error = {0};
    struct bytes text = buffer_bytes(buffer);
    assert_true(bytes_start_with(text, bytes_of_text(begin)));
    enum status status = cql_parse(text, &arena, &statement, &error);
    assert_string_equal(status == STATUS_OK ? "" : error.text, "");
    assert_int_equal(statement->kind, kind);
    arena_reset(&arena);
    buffer_reset(buffer);
}

static void test_indexes(void **state)
{
    static const struct described_pair target[] = {{TEXT("target"), TEXT("keys(m)")}};
    static const struct described_pair custom[] = {{TEXT("target"), TEXT("v")},
                                                   {TEXT("mode"), TEXT("it's")},
                                                   {TEXT("class_name"), TEXT("org.Index")}};
    const struct described_index plain = {.name = TEXT("by_m"),
                                          .kind = TEXT("COMPOSITES"),
                                          .options = TEXTS(target)};
    const struct described_index own = {.name = TEXT("By"), .kind = TEXT("CUSTOM"), .options = TEXTS(custom)};
    struct arena arena = {0};
    struct buffer buffer = {0};
    const struct describe_style style = {.arena = &arena};
    (void)state;
    statement__describe_index(&keyspace, bytes_of_text("t"), &plain, &style, &buffer);
    check(&buffer, "CREATE INDEX by_m ON ks.t (keys(m));", CQL_CREATE_INDEX);
    statement__describe_index(&keyspace, bytes_of_text("T"), &own, &style, &buffer);
    check(&buffer,
          "CREATE CUSTOM INDEX \"By\" ON ks.\"T\" (v) USING 'org.Index' WITH OPTIONS = {'mode': 'it''s'};",
          CQL_CREATE_INDEX);
    arena_reset(&arena);
}

static void test_views(void **state)
{
    static const struct described_column columns[] = {
        {.name = TEXT("k"), .type = TEXT("int"), .kind = DESCRIBED_CLUSTERING},
        {.name = TEXT("v"), .type = TEXT("int"), .kind = DESCRIBED_PARTITION_KEY}};
    struct described_table view = {.name = TEXT("by_v"),
                                   .base_name = TEXT("t"),
                                   .where_clause = TEXT("v IS NOT NULL AND k IS NOT NULL"),
                                   .columns = columns,
                                   .columns_count = ARRAY_COUNT(columns)};
    struct arena arena = {0};
    struct buffer buffer = {0};
    const struct describe_style style = {.arena = &arena};
    (void)state;
    statement__described_options_init(&view.options);
    statement__describe_view(&keyspace, &view, &style, &buffer);
    check(&buffer,
          "CREATE MATERIALIZED VIEW ks.by_v AS\n    SELECT v, k\n    FROM ks.t\n"
          "    WHERE v IS NOT NULL AND k IS NOT NULL\n    PRIMARY KEY (v, k)\n"
          " WITH CLUSTERING ORDER BY (k ASC)\n    AND additional_write_policy = '99p'",
          CQL_CREATE_VIEW);
    view.includes_all_columns = true;
    statement__describe_view(&keyspace, &view, &style, &buffer);
    check(&buffer, "CREATE MATERIALIZED VIEW ks.by_v AS\n    SELECT *\n", CQL_CREATE_VIEW);
    arena_reset(&arena);
}

static void test_functions(void **state)
{
    const struct described_function function = {.name = TEXT("f"),
                                                .argument_names = TEXTS(names),
                                                .argument_types = TEXTS(types),
                                                .body = TEXT("return a"),
                                                .language = TEXT("lua"),
                                                .return_type = TEXT("int")};
    const struct described_aggregate aggregate = {.name = TEXT("Sum"),
                                                  .argument_types = TEXTS(types),
                                                  .state_function = TEXT("f"),
                                                  .state_type = TEXT("int"),
                                                  .final_function = TEXT("g"),
                                                  .initial_condition = TEXT("0")};
    struct buffer buffer = {0};
    const struct describe_style style = {0};
    (void)state;
    statement__describe_function(&keyspace, &function, &style, &buffer);
    check(&buffer,
          "CREATE FUNCTION ks.f(a int, \"B\" frozen<list<text>>)\n    RETURNS NULL ON NULL INPUT\n"
          "    RETURNS int\n    LANGUAGE lua\n    AS $$return a$$;",
          CQL_CREATE_FUNCTION);
    statement__describe_aggregate(&keyspace, &aggregate, &style, &buffer);
    check(&buffer,
          "CREATE AGGREGATE ks.\"Sum\"(int, frozen<list<text>>)\n    SFUNC f\n    STYPE int\n"
          "    FINALFUNC g\n    INITCOND 0;",
          CQL_CREATE_AGGREGATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indexes),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_functions),
    };
    return cmocka_run_group_tests_name("cql/describe", tests, NULL, NULL);
}
