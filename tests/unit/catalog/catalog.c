/* The catalog as its rows make it, in whatever order they are stored. */
#include "catalog/catalog.h"

#include "support/test.h"

static void take(struct catalog *catalog, uint32_t table, uint32_t version, bool is_dropped)
{
    static struct key_column id = {.type = {.kind = TYPE_TEXT}};
    struct buffer key = {0};
    struct buffer image = {0};
    struct error error;
    id.name = bytes_of_text("id");
    const struct schema schema = {.table = table,
                                  .space = table,
                                  .version = version,
                                  .generation = 1,
                                  .name = bytes_of_text("songs"),
                                  .kind = TABLE_DOCUMENT,
                                  .durability = DURABILITY_SYNC,
                                  .partition_count = 1,
                                  .partition = &id};
    catalog_row_encode(&schema, is_dropped, &key, &image);
    assert_ok(catalog_apply(catalog, buffer_bytes(&image), &error), error);
    buffer_reset(&key);
    buffer_reset(&image);
}

static uint32_t named(struct catalog *catalog)
{
    const struct schema *schema = catalog_find(catalog, bytes_of_text("songs"));
    return schema == NULL ? 0 : schema->table;
}

/* A table was dropped and another created with its name. */
static void test_name_is_taken_again(void **state)
{
    (void)state;
    for (int is_later_first = 0; is_later_first < 2; is_later_first++) {
        struct catalog *catalog = catalog_create();
        if (is_later_first) {
            take(catalog, 107, 1, false);
        }
        take(catalog, 103, 1, false);
        take(catalog, 103, 2, true);
        assert_true(named(catalog) == (is_later_first ? 107 : 0));
        assert_true(catalog_find_table(catalog, 103) == NULL);
        assert_true(catalog_find_version(catalog, 103, 1) != NULL);
        if (!is_later_first) {
            take(catalog, 107, 1, false);
        }
        assert_true(named(catalog) == 107);
        take(catalog, 107, 2, true);
        assert_true(named(catalog) == 0);
        catalog_destroy(&catalog);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_is_taken_again),
    };
    return cmocka_run_group_tests_name("catalog/catalog", tests, NULL, NULL);
}
