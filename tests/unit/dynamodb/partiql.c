/* PartiQL's parser: trees of statements, what is refused, and bytes of any kind. */
#include "partiql.h"

#include "base/random.h"
#include "support/test.h"

enum {
    STATEMENT_BYTES = 200, /* of a random one */
};

static enum status parse(struct arena *arena, const char *text, struct partiql_statement *ret_statement)
{
    static const struct value parameters[] = {{.kind = VALUE_TEXT, .bytes = {(const uint8_t *)"first", 5}},
                                              {.kind = VALUE_TEXT, .bytes = {(const uint8_t *)"second", 6}}};
    struct error error;
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        count += *at == '?' ? 1 : 0;
    }
    return partiql_parse(bytes_of_text(text), parameters, count, arena, ret_statement, &error);
}

static void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}

static void selects_are_trees(void **state)
{
    struct arena arena = {0};
    struct partiql_statement statement;
    (void)state;
    assert_int_equal(parse(&arena,
                           "select a, b.\"c d\"[3]['e'] from \"my-table\".\"an\"\"index\" where x = ? and "
                           "not (y in [1, 2] or z is missing) order by x desc, y",
                           &statement),
                     STATUS_OK);
    assert_int_equal(statement.kind, PARTIQL_SELECT);
    assert_text(statement.table, "my-table");
    assert_text(statement.index, "an\"index");
    assert_int_equal(statement.projection->count, 2);
    const struct path *path = &statement.projection->paths[1];
    assert_int_equal(path->count, 4);
    assert_text(path->elements[1].name, "c d");
    assert_true(path->elements[2].is_index);
    assert_int_equal(path->elements[2].index, 3);
    assert_text(path->elements[3].name, "e");
    assert_int_equal(statement.orders_count, 2);
    assert_true(statement.orders[0].is_descending);
    assert_false(statement.orders[1].is_descending);
    assert_int_equal(statement.where->test, EXPRESSION_AND);
    assert_int_equal(statement.where->left->test, EXPRESSION_EQUAL);
    assert_text(statement.where->left->operands[1].value->bytes, "first");
    assert_int_equal(statement.where->right->test, EXPRESSION_NOT);
    assert_int_equal(statement.where->right->left->test, EXPRESSION_OR);
    assert_int_equal(statement.where->right->left->left->operands_count, 3);
    arena_reset(&arena);
}

static void and_binds_before_or(void **state)
{
    struct arena arena = {0};
    struct partiql_statement statement;
    (void)state;
    assert_int_equal(parse(&arena, "SELECT * FROM t WHERE a=1 OR b BETWEEN 2 AND 3 AND c=4", &statement),
                     STATUS_OK);
    assert_int_equal(statement.where->test, EXPRESSION_OR);
    assert_int_equal(statement.where->right->test, EXPRESSION_AND);
    assert_int_equal(statement.where->right->left->test, EXPRESSION_BETWEEN);
    assert_int_equal(parse(&arena, "SELECT * FROM t WHERE NOT NOT a=1", &statement), STATUS_OK);
    assert_int_equal(statement.where->test, EXPRESSION_EQUAL);
    arena_reset(&arena);
}

static void writes_are_trees(void **state)
{
    struct arena arena = {0};
    struct partiql_statement statement;
    (void)state;
    assert_int_equal(parse(&arena, "INSERT INTO t VALUE {'b': <<'y','x'>>, 'a': [-1.50, ?], 'c': missing}",
                           &statement),
                     STATUS_OK);
    assert_int_equal(statement.item.pairs.count, 2);
    assert_text(value_map_get(&statement.item, bytes_of_text("b"))->items.at[0].bytes, "x");
    assert_int_equal(value_map_get(&statement.item, bytes_of_text("a"))->items.at[0].kind, VALUE_DECIMAL);
    assert_text(value_map_get(&statement.item, bytes_of_text("a"))->items.at[1].bytes, "first");

    assert_int_equal(parse(&arena,
                           "UPDATE t SET a = a - 1, b = set_add(b, <<1>>) REMOVE c[2] SET d = "
                           "list_append(if_not_exists(d, []), [?]) WHERE k = ? RETURNING MODIFIED OLD *",
                           &statement),
                     STATUS_OK);
    static const enum action_kind kinds[] = {ACTION_SET, ACTION_ADD, ACTION_REMOVE, ACTION_SET};
    assert_int_equal(statement.update.count, ARRAY_COUNT(kinds));
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        assert_int_equal(statement.update.actions[i].kind, kinds[i]);
    }
    assert_int_equal(statement.update.actions[0].operand->kind, OPERAND_MINUS);
    assert_int_equal(statement.update.actions[3].operand->kind, OPERAND_LIST_APPEND);
    assert_int_equal(statement.returning, PARTIQL_MODIFIED_OLD);
    assert_text(statement.where->operands[1].value->bytes, "second"); /* in the order of the text */

    assert_int_equal(parse(&arena, "DELETE FROM t WHERE k = 'it''s' RETURNING ALL OLD *;", &statement),
                     STATUS_OK);
    assert_text(statement.where->operands[1].value->bytes, "it's");
    assert_int_equal(parse(&arena, "EXISTS (SELECT * FROM t WHERE k = 1)", &statement), STATUS_OK);
    assert_int_equal(statement.kind, PARTIQL_EXISTS);
    arena_reset(&arena);
}

/* Many of one thing beside or inside each other: refused, and never deeper than the stack. */
static void bounds_hold(void **state)
{
    static const struct {
        const char *head;
        const char *repeated;
        size_t times;
    } cases[] = {
        {"SELECT * FROM t WHERE ", "(", 4000},
        {"SELECT * FROM t WHERE a = ", "[", 4000},
        {"SELECT * FROM t WHERE a = ", "{'a':", 1600},
        {"SELECT * FROM t WHERE a=1", " OR a=1", 400},
        {"SELECT * FROM t WHERE a IN [1", ",1", 400},
        {"SELECT a", ".a", 400},
        {"SELECT a", ",a", 400},
        {"UPDATE t SET a=", "list_append(", 600},
        {"UPDATE t SET a=1", "+1", 3000},
        {"SELECT * FROM t WHERE a=1 ORDER BY a", ",a", 9},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct buffer text = {0};
        struct partiql_statement statement;
        buffer_put_text(&text, cases[i].head);
        for (size_t k = 0; k < cases[i].times; k++) {
            buffer_put_text(&text, cases[i].repeated);
        }
        buffer_put_u8(&text, '\0');
        assert_int_equal(parse(&arena, (const char *)text.data, &statement), STATUS_INVALID);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

/* Sound statements with a few bytes changed, left out or doubled. */
static void damaged_statements_are_parsed(void **state)
{
    static const char *const sound[] = {
        "SELECT a, b.\"c\"[3]['d'] FROM \"t\".\"i\" WHERE a = ? AND (b IN [1, 'x', <<2>>] OR NOT c IS "
        "MISSING) ORDER BY a",
        "INSERT INTO \"t\" VALUE {'a': [1, -2.5e1, null, {'x': <<'y', 'z'>>}], 'b''c': ?, 'd': missing}",
        "UPDATE t SET a = a + 1 - ?, b = set_add(b, <<1, 2>>) REMOVE c[2].d SET e = "
        "list_append(if_not_exists(e, []), "
        "[1]) WHERE k = 'x' AND begins_with(a, 'y') RETURNING ALL NEW *",
        "DELETE FROM t WHERE k = 1 AND size(a) BETWEEN 2 AND 3 RETURNING ALL OLD *;",
    };
    struct random random;
    uint64_t rounds = test_rounds(20000);
    (void)state;
    random_init(&random, test_seed());
    for (uint64_t round = 0; round < rounds; round++) {
        struct arena arena = {0};
        struct buffer text = {0};
        struct partiql_statement statement;
        struct error error;
        const char *from = sound[random_below(&random, ARRAY_COUNT(sound))];
        for (const char *at = from; *at != '\0'; at++) {
            uint64_t what = random_below(&random, 120);
            if (what != 0) {
                buffer_put_u8(&text, what == 1 ? (uint8_t)random_below(&random, 256) : (uint8_t)*at);
            }
            if (what == 2) {
                buffer_put_u8(&text, (uint8_t)*at);
            }
        }
        (void)!partiql_parse(buffer_bytes(&text), NULL, 0, &arena, &statement, &error);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

/* Bytes, and pieces of statements in any order, from a seed. */
static void any_bytes_are_parsed(void **state)
{
    static const char *const pieces[] = {
        "SELECT ", "* ",    "FROM ",      "t ",      "WHERE ",  "a ",        "= ",      "? ",   "'x' ",
        "1 ",      "AND ",  "OR ",        "NOT ",    "( ",      ") ",        "[ ",      "] ",   "{ ",
        "} ",      "<< ",   ">> ",        ", ",      ". ",      ": ",        "UPDATE ", "SET ", "REMOVE ",
        "INSERT ", "INTO ", "VALUE ",     "DELETE ", "EXISTS ", "IS ",       "NULL ",   "IN ",  "MISSING ",
        "ORDER ",  "BY ",   "BETWEEN ",   "size( ",  "\"q\" ",  "set_add( ", "'k': ",   "-",    "+",
        "ALL ",    "OLD ",  "RETURNING ", "'",       "\"",      "1e",        "9999",    "\xff", "contains(",
    };
    struct random random;
    uint64_t rounds = test_rounds(20000);
    (void)state;
    random_init(&random, test_seed());
    for (uint64_t round = 0; round < rounds; round++) {
        struct arena arena = {0};
        struct buffer text = {0};
        struct partiql_statement statement;
        struct error error;
        bool is_raw = random_below(&random, 4) == 0;
        while (text.size < STATEMENT_BYTES && random_below(&random, 40) != 0) {
            if (is_raw) {
                buffer_put_u8(&text, (uint8_t)random_below(&random, 256));
            } else {
                buffer_put_text(&text, pieces[random_below(&random, ARRAY_COUNT(pieces))]);
            }
        }
        (void)!partiql_parse(buffer_bytes(&text), NULL, 0, &arena, &statement, &error);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects_are_trees),    cmocka_unit_test(and_binds_before_or),
        cmocka_unit_test(writes_are_trees),     cmocka_unit_test(bounds_hold),
        cmocka_unit_test(any_bytes_are_parsed), cmocka_unit_test(damaged_statements_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
