/* The cache of prepared statements: ids, eviction by use and by bytes, and what is held while it goes. */
#include "prepared.h"

#include <stdio.h>

#include "base/memory.h"
#include "cql/executor.h"
#include "hex.h"

/* A statement: its text, and how many of them have gone. */
struct counted {
    size_t *gone;
    char text[16];
};

static void destroyed(void *statement)
{
    struct counted *counted = statement;
    (*counted->gone)++;
    memory_destroy(counted);
}

static void *statement_create(size_t *gone, const char *text)
{
    struct counted *counted = memory_create(sizeof(*counted));
    counted->gone = gone;
    (void)snprintf(counted->text, sizeof(counted->text), "%s", text);
    return counted;
}

static const char *text_of(const struct prepared_entry *entry)
{
    return ((const struct counted *)entry->statement)->text;
}

static void put(struct prepared_cache *cache, const char *text, size_t text_bytes, size_t *gone)
{
    struct cql_prepared told = {0};
    cql_statement_identify(bytes_of_text("ks"), bytes_of_text(text), told.id);
    struct prepared_entry *entry = cql__prepared_put(cache, &told, text_bytes, statement_create(gone, text));
    cql__prepared_release(cache, &entry);
    assert_null(entry);
}

static struct prepared_entry *take(struct prepared_cache *cache, const char *text)
{
    uint8_t id[CQL_ID_BYTES];
    cql_statement_identify(bytes_of_text("ks"), bytes_of_text(text), id);
    return cql__prepared_take(cache, bytes_of(id, sizeof(id)));
}

static bool has(struct prepared_cache *cache, const char *text)
{
    struct prepared_entry *entry = take(cache, text);
    bool is_there = entry != NULL && strcmp(text_of(entry), text) == 0;
    cql__prepared_release(cache, &entry);
    return is_there;
}

static void test_ids(void **state)
{
    (void)state;
    uint8_t id[CQL_ID_BYTES];
    cql_statement_identify(bytes_of_text("ks"), bytes_of_text("SELECT 1"), id);
    assert_hex(bytes_of(id, sizeof(id)), "00ec75d54329a81423983ca0b3add2ae"); /* md5sum of ksSELECT 1 */
    cql_statement_identify((struct bytes){0}, bytes_of_text(""), id);
    assert_hex(bytes_of(id, sizeof(id)), "d41d8cd98f00b204e9800998ecf8427e");
}

static void test_the_least_used_goes(void **state)
{
    (void)state;
    size_t gone = 0;
    struct prepared_cache *cache = cql__prepared_create(3, 1000, destroyed);
    put(cache, "a", 1, &gone);
    put(cache, "b", 1, &gone);
    put(cache, "c", 1, &gone);
    assert_true(has(cache, "a")); /* now b was not used longest */
    put(cache, "d", 1, &gone);
    assert_int_equal(gone, 1);
    assert_false(has(cache, "b"));
    assert_true(has(cache, "a") && has(cache, "c") && has(cache, "d"));
    put(cache, "a", 1, &gone); /* again, in place of the first */
    assert_int_equal(gone, 2);
    assert_int_equal(cql__prepared_count(cache), 3);
    put(cache, "e", 998, &gone);
    assert_int_equal(cql__prepared_count(cache), 3);
    put(cache, "f", 1001, &gone); /* alone it may be over the bound */
    assert_int_equal(cql__prepared_count(cache), 1);
    assert_true(has(cache, "f"));
    cql__prepared_destroy(&cache);
    assert_int_equal(gone, 7);
}

/* Whether an entry that is put again with these columns says that others were told before. */
static bool put_columns(struct prepared_cache *cache, const char *text, uint8_t columns, size_t *gone)
{
    struct cql_prepared told = {.result_id = {columns}};
    cql_statement_identify(bytes_of_text("ks"), bytes_of_text(text), told.id);
    struct prepared_entry *entry = cql__prepared_put(cache, &told, 1, statement_create(gone, text));
    bool was_otherwise = entry->was_otherwise;
    cql__prepared_release(cache, &entry);
    return was_otherwise;
}

static void test_other_columns_are_remembered(void **state)
{
    (void)state;
    size_t gone = 0;
    struct prepared_cache *cache = cql__prepared_create(3, 1000, destroyed);
    assert_false(put_columns(cache, "a", 1, &gone));
    assert_false(put_columns(cache, "a", 1, &gone));
    assert_false(put_columns(cache, "b", 2, &gone));
    assert_true(put_columns(cache, "a", 2, &gone));
    assert_true(put_columns(cache, "a", 2, &gone));
    assert_true(put_columns(cache, "a", 1, &gone));
    cql__prepared_destroy(&cache);
}

static void test_what_is_held_stays(void **state)
{
    (void)state;
    size_t gone = 0;
    struct prepared_cache *cache = cql__prepared_create(1, 1000, destroyed);
    put(cache, "a", 1, &gone);
    struct prepared_entry *first = take(cache, "a");
    struct prepared_entry *second = take(cache, "a");
    assert_ptr_equal(first, second);
    put(cache, "b", 1, &gone);
    assert_false(has(cache, "a"));
    assert_string_equal(text_of(first), "a");
    cql__prepared_release(cache, &first);
    assert_int_equal(gone, 0);
    assert_string_equal(text_of(second), "a");
    cql__prepared_release(cache, &second);
    assert_int_equal(gone, 1);
    cql__prepared_release(cache, &second);
    cql__prepared_destroy(&cache);
    assert_int_equal(gone, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_the_least_used_goes),
        cmocka_unit_test(test_other_columns_are_remembered),
        cmocka_unit_test(test_what_is_held_stays),
    };
    return cmocka_run_group_tests_name("cql/prepared", tests, NULL, NULL);
}
