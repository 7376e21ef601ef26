/* Schemas hold types as trees; those of an older store, whose keys lie elsewhere, are refused with words. */
#include "row/schema.h"

#include "row/key.h"
#include "support/test.h"
#include "value/type_text.h"

static struct schema schema_of(struct key_column *columns, const char *clustering, struct arena *arena)
{
    struct error error;
    columns[0] = (struct key_column){.name = bytes_of_text("id"), .type = {.kind = TYPE_INET}};
    columns[1] = (struct key_column){.name = bytes_of_text("at"), .is_descending = true};
    assert_ok(type_parse(bytes_of_text(clustering), NULL, arena, &columns[1].type, &error), error);
    return (struct schema){.table = 7,
                           .space = 9,
                           .version = 1,
                           .kind = TABLE_DOCUMENT,
                           .durability = DURABILITY_SYNC,
                           .name = bytes_of_text("t"),
                           .partition_count = 1,
                           .partition = &columns[0],
                           .clustering_count = 1,
                           .clustering = &columns[1]};
}

static void test_types_come_back(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct key_column columns[2];
    struct schema schema = schema_of(columns, "frozen<map<text, tuple<int, varint>>>", &arena);
    assert_ok(schema_check(&schema, &error), error);
    const struct schema *copy = schema_copy(&schema, &arena);
    assert_true(type_equal(&copy->clustering[0].type, &columns[1].type));
    assert_true(copy->clustering[0].is_descending && copy->partition[0].type.kind == TYPE_INET);
    arena_reset(&arena);
}

static void test_types_that_are_no_keys(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct key_column columns[2];
    struct schema schema = schema_of(columns, "list<int>", &arena);
    assert_status(schema_check(&schema, &error), STATUS_INVALID, error);
    assert_string_equal(error.text,
                        "Invalid non-frozen collection type list<int> for PRIMARY KEY column 'at'");
    arena_reset(&arena);
}

static void test_other_versions(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct key_column columns[2];
    struct schema schema = schema_of(columns, "int", &arena);
    struct schema again;
    struct buffer stored = {0};
    schema_encode(&schema, &stored);
    stored.data[0] = 2; /* keys were other bytes then */
    assert_status(schema_decode(buffer_bytes(&stored), &arena, &again, &error), STATUS_UNSUPPORTED, error);
    assert_non_null(strstr(error.text, "export with the program that wrote it"));
    stored.data[0] = 8;
    assert_status(schema_decode(buffer_bytes(&stored), &arena, &again, &error), STATUS_NEWER, error);
    buffer_reset(&stored);
    arena_reset(&arena);
}

/* Cuts out of a stored schema what an older version had not: `size` bytes, `offset` behind a word that is in it. */
static void cut(struct buffer *stored, const uint8_t *word, size_t offset, size_t size)
{
    uint8_t *found = memmem(stored->data, stored->size, word, 4);
    assert_non_null(found);
    found += offset;
    memmove(found, found + size, stored->size - (size_t)(found + size - stored->data));
    stored->size -= size;
}

static const uint8_t ttl_word[] = {0x12, 0x34, 0x56, 0x78};

/* Before version 6 tables had no default TTL. */
static void test_lives_of_before(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct key_column columns[2];
    struct schema schema = schema_of(columns, "int", &arena);
    struct schema again;
    struct buffer stored = {0};
    schema.default_ttl_seconds = 0x12345678;
    schema.gc_grace_seconds = 9;
    schema_encode(&schema, &stored);
    assert_ok(schema_decode(buffer_bytes(&stored), &arena, &again, &error), error);
    assert_int_equal(again.default_ttl_seconds, 0x12345678);
    cut(&stored, ttl_word, 0, sizeof(ttl_word));
    stored.data[0] = 5;
    assert_ok(schema_decode(buffer_bytes(&stored), &arena, &again, &error), error);
    assert_int_equal(again.default_ttl_seconds, 0);
    assert_int_equal(again.gc_grace_seconds, 9);
    buffer_reset(&stored);
    arena_reset(&arena);
}

/* Before version 7 a column that was added again was a new one. */
static void test_columns_of_before(void **state)
{
    (void)state;
    static const uint8_t id[] = {0x00, 0x12, 0x34, 0x56};
    struct arena arena = {0};
    struct error error;
    struct key_column keys[2];
    struct schema schema = schema_of(keys, "int", &arena);
    struct column column = {.id = 0x123456,
                            .was_dropped = true,
                            .dropped_us = -5,
                            .name = bytes_of_text("again"),
                            .type = {.kind = TYPE_INT}};
    struct schema again;
    struct buffer stored = {0};
    schema.kind = TABLE_WIDE;
    schema.columns = &column;
    schema.columns_count = 1;
    schema.next_column = 0x123457;
    schema_encode(&schema, &stored);
    assert_ok(schema_decode(buffer_bytes(&stored), &arena, &again, &error), error);
    assert_true(again.columns[0].was_dropped);
    assert_true(again.has_returned);
    assert_int_equal(again.columns[0].dropped_us, -5);
    cut(&stored, id, sizeof(id) + 1, 1 + sizeof(uint64_t));
    stored.data[0] = 6;
    assert_ok(schema_decode(buffer_bytes(&stored), &arena, &again, &error), error);
    assert_false(again.columns[0].was_dropped);
    assert_false(again.has_returned);
    assert_true(bytes_equal(again.columns[0].name, column.name));
    buffer_reset(&stored);
    arena_reset(&arena);
}

/* Before version 5 an index had only values of columns: the byte that says so was not there. */
static void test_indexes_of_before(void **state)
{
    (void)state;
    static const uint8_t space[] = {0xAB, 0xCD, 0xEF, 0x01};
    struct arena arena = {0};
    struct error error;
    struct key_column columns[2];
    struct schema schema = schema_of(columns, "int", &arena);
    struct index_schema index = {.space = 0xABCDEF01,
                                 .state = INDEX_ACTIVE,
                                 .target = INDEX_OF_KEYS,
                                 .name = bytes_of_text("by_at"),
                                 .partition_count = 1,
                                 .partition = &columns[1]};
    struct schema again;
    struct buffer stored = {0};
    schema.default_ttl_seconds = 0x12345678;
    schema.indexes = &index;
    schema.indexes_count = 1;
    schema_encode(&schema, &stored);
    assert_ok(schema_decode(buffer_bytes(&stored), &arena, &again, &error), error);
    assert_int_equal(again.indexes[0].target, INDEX_OF_KEYS);
    cut(&stored, space, sizeof(space) + 1, 1);
    cut(&stored, ttl_word, 0, sizeof(ttl_word));
    stored.data[0] = 4;
    assert_ok(schema_decode(buffer_bytes(&stored), &arena, &again, &error), error);
    assert_int_equal(again.indexes[0].target, INDEX_OF_VALUE);
    assert_int_equal(again.indexes[0].state, INDEX_ACTIVE);
    assert_true(bytes_equal(again.indexes[0].name, index.name));
    buffer_reset(&stored);
    arena_reset(&arena);
}

/* A key goes through its record form into its place in the store; a damaged one is told as such. */
static void test_keys_of_containers(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct key_column columns[2];
    struct schema schema = schema_of(columns, "tuple<int, text>", &arena);
    static const uint8_t address[] = {127, 0, 0, 1};
    struct value fields[] = {value_of_integer(1), value_of_text(bytes_of_text("a"))};
    struct value partition = {.kind = VALUE_INET, .bytes = bytes_of(address, sizeof(address))};
    struct value clustering = {.kind = VALUE_TUPLE, .items = {.at = fields, .count = 2}};
    struct value again[2] = {{0}, {0}};
    size_t count = 0;
    struct buffer key = {0};
    struct buffer storage = {0};
    assert_ok(key_encode(&schema, ROW_PLAIN, &partition, &clustering, 1, &key, &error), error);
    assert_ok(key_decode(&schema, buffer_bytes(&key), &arena, &again[0], &again[1], &count, &error), error);
    assert_true(count == 1 && value_equal(&again[0], &partition) && value_equal(&again[1], &clustering));
    assert_ok(key_storage(&schema, buffer_bytes(&key), &storage, &error), error);
    fields[1] = (struct value){.kind = VALUE_NULL};
    struct buffer shorter = {0};
    struct buffer place = {0};
    assert_ok(key_encode(&schema, ROW_PLAIN, &partition, &clustering, 1, &shorter, &error), error);
    assert_ok(key_storage(&schema, buffer_bytes(&shorter), &place, &error), error);
    assert_true(key_is_ambiguous(&schema));
    assert_false(bytes_equal(buffer_bytes(&storage), buffer_bytes(&place)));
    clustering.items.count = 1; /* the field that is null is not written: another key of the same row */
    buffer_clear(&shorter);
    buffer_clear(&storage);
    assert_ok(key_encode(&schema, ROW_PLAIN, &partition, &clustering, 1, &shorter, &error), error);
    assert_ok(key_storage(&schema, buffer_bytes(&shorter), &storage, &error), error);
    assert_true(bytes_equal(buffer_bytes(&storage), buffer_bytes(&place)));
    buffer_reset(&shorter);
    buffer_reset(&place);
    key.data[key.size - 2] = 9; /* the size of the text */
    assert_status(key_storage(&schema, buffer_bytes(&key), &storage, &error), STATUS_CORRUPT, error);
    assert_status(key_decode(&schema, buffer_bytes(&key), &arena, &again[0], &again[1], &count, &error),
                  STATUS_CORRUPT, error);
    buffer_reset(&key);
    buffer_reset(&storage);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_come_back),    cmocka_unit_test(test_types_that_are_no_keys),
        cmocka_unit_test(test_other_versions),     cmocka_unit_test(test_indexes_of_before),
        cmocka_unit_test(test_lives_of_before),    cmocka_unit_test(test_columns_of_before),
        cmocka_unit_test(test_keys_of_containers),
    };
    return cmocka_run_group_tests_name("row/schema", tests, NULL, NULL);
}
