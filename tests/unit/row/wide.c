/* Wide rows: what is stored comes back, damage is told, time passes, and documents and cells are two views of one row. */
#include "row/wide.h"

#include <string.h>

#include "row/document.h"
#include "row/key.h"
#include "support/test.h"
#include "value/type_text.h"

enum {
    COLUMNS = 6,
};

/* ks.t (p int, c text, a int, l list<text>, s set<int>, m map<text, int>, u udt, t tuple) */
struct table {
    struct arena arena;
    struct schema schema;
    struct key_column partition;
    struct key_column clustering;
    struct column columns[COLUMNS];
};

static void table_init(struct table *table)
{
    static const char *const types[COLUMNS] = {"int",
                                               "list<text>",
                                               "set<int>",
                                               "map<text, int>",
                                               "tuple<int, text>",
                                               "frozen<map<int, frozen<list<text>>>>"};
    static const char *const names[COLUMNS] = {"a", "l", "s", "m", "t", "f"};
    struct error error;
    *table = (struct table){0};
    table->partition = (struct key_column){.name = bytes_of_text("p"), .type = {.kind = TYPE_INT}};
    table->clustering = (struct key_column){.name = bytes_of_text("c"), .type = {.kind = TYPE_TEXT}};
    for (uint32_t i = 0; i < COLUMNS; i++) {
        table->columns[i] = (struct column){.id = i, .name = bytes_of_text(names[i])};
        assert_ok(type_parse(bytes_of_text(types[i]), NULL, &table->arena, &table->columns[i].type, &error),
                  error);
    }
    table->schema = (struct schema){.table = 100,
                                    .generation = 1,
                                    .version = 1,
                                    .space = 7,
                                    .kind = TABLE_WIDE,
                                    .durability = DURABILITY_SYNC,
                                    .name = bytes_of_text("ks.t"),
                                    .partition_count = 1,
                                    .partition = &table->partition,
                                    .clustering_count = 1,
                                    .clustering = &table->clustering,
                                    .columns_count = COLUMNS,
                                    .columns = table->columns,
                                    .next_column = COLUMNS,
                                    .gc_grace_seconds = 10};
}

static struct value text(const char *characters)
{
    return value_of_text(bytes_of_text(characters));
}

static struct value document(struct table *table)
{
    struct arena *arena = &table->arena;
    struct value *list = arena_create_array(arena, 2, sizeof(*list));
    struct value *set = arena_create_array(arena, 2, sizeof(*set));
    struct value *map = arena_create_array(arena, 4, sizeof(*map));
    struct value *tuple = arena_create_array(arena, 2, sizeof(*tuple));
    list[0] = text("second");
    list[1] = text("first");
    set[0] = value_of_integer(-3);
    set[1] = value_of_integer(5);
    map[0] = text("x");
    map[1] = value_of_integer(1);
    map[2] = text("y");
    map[3] = value_of_integer(2);
    tuple[0] = value_of_integer(9);
    tuple[1] = value_of_null();
    const struct value_member members[] = {
        {"a", value_of_integer(42)},
        {"c", text("row")},
        {"l", {.kind = VALUE_LIST, .items = {list, 2}}},
        {"m", {.kind = VALUE_MAP, .pairs = {map, 2}}},
        {"p", value_of_integer(1)},
        {"s", {.kind = VALUE_SET, .items = {set, 2}}},
        {"t", {.kind = VALUE_TUPLE, .items = {tuple, 2}}},
    };
    return value_of_members(arena, members, ARRAY_COUNT(members));
}

static struct bytes row_key(struct table *table)
{
    struct value partition = value_of_integer(1);
    struct value clustering = text("row");
    struct buffer key = {0};
    struct error error;
    assert_ok(key_encode(&table->schema, ROW_PLAIN, &partition, &clustering, 1, &key, &error), error);
    struct bytes kept = arena_copy(&table->arena, buffer_bytes(&key));
    buffer_reset(&key);
    return kept;
}

/* Makes the row show as `after`, at a timestamp and with a ttl. */
static void row_become(struct table *table, struct wide_row *row, const struct value *before,
                       const struct value *after, int64_t timestamp, uint32_t ttl)
{
    uint64_t appended = 0;
    uint64_t prepended = 0;
    struct wide_update update;
    struct error error;
    struct wide_moment moment = {.timestamp = timestamp,
                                 .commit_time_us = timestamp,
                                 .now_s = timestamp / 1000000,
                                 .appended = &appended,
                                 .prepended = &prepended};
    assert_ok(document_to_wide(&table->schema, false, before, after, &table->arena, &update, &error), error);
    update.ttl = ttl;
    assert_ok(wide_update_apply(&table->schema, &update, &moment, &table->arena, row, &error), error);
    wide_row_settle(row, WIDE_NO_DELETION);
}

static struct bytes row_image(struct table *table, const struct wide_row *row)
{
    struct buffer image = {0};
    wide_row_encode(row, &image);
    struct bytes kept = arena_copy(&table->arena, buffer_bytes(&image));
    buffer_reset(&image);
    return kept;
}

static void test_documents_come_back(void **state)
{
    (void)state;
    struct table table;
    struct error error;
    struct value again;
    table_init(&table);
    struct wide_row row = wide_row_empty();
    struct value whole = document(&table);
    row_become(&table, &row, NULL, &whole, 1000000000, 0);
    struct bytes image = row_image(&table, &row);
    assert_ok(document_of_wide(&table.schema, row_key(&table), image, 1000, &table.arena, &again, &error),
              error);
    assert_true(value_equal(&whole, &again));
    struct value less = whole; /* without "a" and "c" would be its key: only what differs is written */
    less.pairs.at[1] = value_of_null();
    row_become(&table, &row, &again, &less, 1000000001, 0);
    assert_ok(document_of_row(&table.schema, row_key(&table), &row, 1000, &table.arena, &again, &error),
              error);
    assert_null(value_map_get(&again, bytes_of_text("a")));
    assert_non_null(value_map_get(&again, bytes_of_text("m")));
    struct value wrong = value_of_members(&table.arena, (struct value_member[]){{"zz", text("?")}}, 1);
    struct wide_update update;
    assert_status(document_to_wide(&table.schema, false, NULL, &wrong, &table.arena, &update, &error),
                  STATUS_INVALID, error);
    assert_non_null(strstr(error.text, "Undefined column name zz"));
    arena_reset(&table.arena);
}

/* As Cassandra tells them: UserType.serializeForNativeProtocol appends nulls for fields that have no cell. */
static void test_fields_that_are_not_set(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct bytes names[] = {bytes_of_text("street"), bytes_of_text("number"), bytes_of_text("zip")};
    struct type fields[] = {{.kind = TYPE_TEXT}, {.kind = TYPE_INT}, {.kind = TYPE_INT}};
    struct type_udt udt = {.name = bytes_of_text("place"), .fields = names};
    struct column column = {
        .name = bytes_of_text("u"),
        .type = {.kind = TYPE_UDT, .count = ARRAY_COUNT(fields), .parameters = fields, .udt = &udt}};
    struct wide_element number = {.path = bytes_of("\0\1", 2),
                                  .cell = {.timestamp = 1, .value = bytes_of("\0\0\0\5", 4)}};
    struct wide_column stored = {.is_multi = true,
                                 .deletion = WIDE_NO_DELETION,
                                 .elements = &number,
                                 .count = 1};
    struct wide_row row = {.deletion = WIDE_NO_DELETION, .columns = &stored, .count = 1};
    struct value value;
    assert_ok(document_column(&column, &row, 1000, &arena, &value, &error), error);
    assert_int_equal(value.kind, VALUE_UDT);
    assert_int_equal(value.items.count, ARRAY_COUNT(fields));
    assert_int_equal(value.items.at[0].kind, VALUE_NULL);
    assert_int_equal(value.items.at[1].integer, 5);
    assert_int_equal(value.items.at[2].kind, VALUE_NULL);
    arena_reset(&arena);
}

static void test_damage_is_told(void **state)
{
    (void)state;
    struct table table;
    struct error error;
    struct wide_row again;
    table_init(&table);
    struct wide_row row = wide_row_empty();
    struct value whole = document(&table);
    row_become(&table, &row, NULL, &whole, 1000000000, 60);
    wide_row_delete(&row, (struct wide_deletion){.timestamp = 5, .time = 1});
    struct bytes image = row_image(&table, &row);
    assert_true(wide_image_ages(image));
    assert_ok(wide_row_decode(image, &table.arena, &again, &error), error);
    assert_true(bytes_equal(row_image(&table, &again), image));
    for (size_t size = 0; size < image.size; size++) {
        assert_status(wide_row_decode(bytes_part(image, 0, size), &table.arena, &again, &error),
                      STATUS_CORRUPT, error);
    }
    uint8_t *newer = (uint8_t *)arena_copy(&table.arena, image).data;
    newer[0] = 2;
    assert_status(wide_row_decode(bytes_of(newer, image.size), &table.arena, &again, &error), STATUS_NEWER,
                  error);
    arena_reset(&table.arena);
}

/* What expires becomes tombstones, and these are forgotten when no late write can be meant by them any more. */
static void test_time_passes(void **state)
{
    (void)state;
    struct table table;
    int64_t seconds = 0;
    table_init(&table);
    struct wide_row row = wide_row_empty();
    struct value whole = document(&table);
    row_become(&table, &row, NULL, &whole, 1000000000, 60); /* at second 1000 */
    assert_true(wide_row_next_event(&row, table.schema.gc_grace_seconds, &seconds));
    assert_int_equal(seconds, 1010); /* the collections' deletions may be forgotten */
    wide_row_forget(&row, 1010, 10);
    assert_true(wide_row_next_event(&row, 10, &seconds));
    assert_int_equal(seconds, 1060);
    assert_true(wide_row_shows(&table.schema, &row, 1059));
    assert_false(wide_row_shows(&table.schema, &row, 1060));
    assert_true(wide_row_first_expired(&row, 1060, &seconds));
    struct wide_row expired = row;
    wide_row_expire(&expired, 1060);
    assert_false(wide_row_is_empty(&expired));
    assert_int_equal(wide_row_newest(&expired), 1000000000);
    assert_true(wide_row_next_event(&expired, 10, &seconds));
    assert_int_equal(seconds, 1070);
    wide_row_forget(&expired, 1069, 10);
    assert_false(wide_row_is_empty(&expired));
    wide_row_forget(&expired, 1070, 10);
    assert_true(wide_row_is_empty(&expired));
    arena_reset(&table.arena);
}

static struct wide_range range_of(const char *low, const char *high, int64_t timestamp)
{
    return (struct wide_range){.low = bytes_of_text(low),
                               .high = bytes_of_text(high == NULL ? "" : high),
                               .has_high = high != NULL,
                               .deletion = {.timestamp = timestamp, .time = timestamp}};
}

/* Elements and columns that come one by one are put into room that grows in doubles, whatever their order. */
static void test_elements_one_by_one(void **state)
{
    enum {
        PUTS = 2000,
        STEP = 7919, /* has no factor in common with PUTS */
    };
    (void)state;
    struct arena arena = {0};
    struct wide_row row = wide_row_empty();
    const struct wide_element *where = NULL;
    size_t moves = 0;
    for (uint32_t i = 0; i < PUTS; i++) {
        uint8_t *path = arena_create(&arena, sizeof(uint32_t));
        bytes_put_u32(path, i * STEP % PUTS);
        struct bytes bytes = bytes_of(path, sizeof(uint32_t));
        struct wide_element twice[] = {{.path = bytes, .cell = {.timestamp = 5, .value = bytes_of(path, 1)}},
                                       {.path = bytes, .cell = {.timestamp = 6, .value = bytes}}};
        wide_row_put_elements(&row, &arena, 1, twice, 2);
        twice[0].path = bytes;
        twice[0].cell.timestamp = 4;
        wide_row_put_elements(&row, &arena, 1, twice, 1);
        moves += row.columns[0].elements != where;
        where = row.columns[0].elements;
    }
    assert_in_range(moves, 1, 16);
    assert_int_equal(row.columns[0].count, PUTS);
    for (uint32_t i = 0; i < PUTS; i++) {
        assert_int_equal(bytes_get_u32(where[i].path.data), i);
        assert_int_equal(where[i].cell.timestamp, 6);
    }
    moves = 0;
    for (uint32_t i = 0; i < PUTS; i++) {
        const struct wide_column *columns = row.columns;
        wide_row_put_cell(&row, &arena, 2 + i * STEP % PUTS, (struct wide_cell){.timestamp = 5});
        moves += row.columns != columns;
    }
    assert_in_range(moves, 1, 16);
    assert_int_equal(row.count, PUTS + 1);
    for (uint32_t i = 0; i <= PUTS; i++) {
        assert_int_equal(row.columns[i].id, i + 1);
    }
    arena_reset(&arena);
}

static void test_ranges_merge(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct wide_range *merged = NULL;
    struct wide_range have[] = {range_of("a", "c", 5), range_of("e", NULL, 1)};
    struct wide_range added = range_of("b", "g", 3);
    size_t count = wide_ranges_merge(have, 2, &added, &arena, &merged);
    assert_int_equal(count, 3); /* a-c at 5, c-g at 3, g- at 1 */
    assert_true(bytes_equal(merged[0].high, bytes_of_text("c")) && merged[0].deletion.timestamp == 5);
    assert_true(bytes_equal(merged[1].low, bytes_of_text("c")) &&
                bytes_equal(merged[1].high, bytes_of_text("g")));
    assert_true(!merged[2].has_high && bytes_equal(merged[2].low, bytes_of_text("g")));
    struct wide_range all = range_of("", NULL, 9);
    count = wide_ranges_merge(have, 2, &all, &arena, &merged);
    assert_int_equal(count, 1);
    assert_true(wide_range_covers(&merged[0], bytes_of_text("zz")));
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_come_back), cmocka_unit_test(test_elements_one_by_one),
        cmocka_unit_test(test_damage_is_told),      cmocka_unit_test(test_time_passes),
        cmocka_unit_test(test_ranges_merge),        cmocka_unit_test(test_fields_that_are_not_set),
    };
    return cmocka_run_group_tests_name("row/wide", tests, NULL, NULL);
}
