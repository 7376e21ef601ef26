/* What is shown of roles: resources in Cassandra's words, statements without their passwords. */
#include "authorize.h"
#include "support/test.h"
#include "trace.h"

static void test_resources(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"data", "<all keyspaces>"},
        {"data/ks", "<keyspace ks>"},
        {"data/ks/*", "<all tables in ks>"},
        {"data/ks/t", "<table ks.t>"},
        {"roles", "<all roles>"},
        {"roles/a/b", "<role a/b>"},
        {"functions", "<all functions>"},
        {"functions/ks", "<all functions in ks>"},
        {"functions/ks/f(int)", "<function ks.f(int)>"},
        {"mbean", "<all mbeans>"},
        {"mbean/org:type=x/y", "<mbean org:type=x/y>"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct bytes text = statement__resource_text(&arena, bytes_of_text(texts[i][0]));
        assert_true(bytes_equal(text, bytes_of_text(texts[i][1])));
    }
    arena_reset(&arena);
}

static void test_masks(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"CREATE ROLE a WITH PASSWORD = 'p' AND LOGIN = true", "CREATE ROLE a WITH PASSWORD *******"},
        {"alter user a with hashed password 'p'", "alter user a with hashed password *******"},
        {" -- x\n/* y */CREATE//\nUSER a WITH password'p",
         " -- x\n/* y */CREATE//\nUSER a WITH password *******"},
        {"CREATE ROLE password WITH PASSWORD = 'p'", "CREATE ROLE password *******"},
        {"CREATE ROLE a WITH LOGIN = true", "CREATE ROLE a WITH LOGIN = true"},
        {"CREATE TABLE t (password text)", "CREATE TABLE t (password text)"},
        {"SELECT password FROM t", "SELECT password FROM t"},
        {"ALTER", "ALTER"},
        {"--", "--"},
        {"/*", "/*"},
        {"", ""},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct bytes text = statement__text_masked(bytes_of_text(texts[i][0]), &arena);
        assert_true(bytes_equal(text, bytes_of_text(texts[i][1])));
    }
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resources),
        cmocka_unit_test(test_masks),
    };
    return cmocka_run_group_tests_name("cql/roles", tests, NULL, NULL);
}
