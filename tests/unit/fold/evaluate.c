/* What the writer refuses, and what it clears away: read sets of tables that are others since, changes that no record of the log
 * holds, expiries that are not true any more. */
#include "base/memory.h"
#include "base/random.h"
#include "catalog/index.h"
#include "codec/pack.h"
#include "environment/transaction.h"
#include "row/key.h"
#include "row/stored.h"
#include "support/store.h"
#include "support/test.h"

/* A table with a row of one attribute. */
struct bench {
    struct store store;
    struct key_column column;
    struct buffer key;
    struct buffer image;
};

static const struct schema *bench_schema(struct bench *bench)
{
    return catalog_find(bench->store.catalog, bytes_of_text("t"));
}

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.column = {.name = bytes_of_text("id"), .type = {.kind = TYPE_BIGINT}}};
    struct schema schema = {.name = bytes_of_text("t"),
                            .kind = TABLE_DOCUMENT,
                            .durability = DURABILITY_SYNC,
                            .ttl_attribute = bytes_of_text("v"),
                            .partition_count = 1,
                            .partition = &bench->column};
    store_init(&bench->store, clock_system());
    store_create_table(&bench->store, &schema);
}

static void bench_reset(struct bench *bench)
{
    store_reset(&bench->store);
    buffer_reset(&bench->key);
    buffer_reset(&bench->image);
}

/* A put of the row `id`, whose key and image are the bench's from then on. */
static struct write_change bench_put(struct bench *bench, int64_t id, struct value value)
{
    struct value pairs[] = {value_of_text(bytes_of_text("id")), value_of_integer(id),
                            value_of_text(bytes_of_text("v")), value};
    struct value row = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 2}};
    buffer_clear(&bench->key);
    buffer_clear(&bench->image);
    assert_int_equal(key_encode(bench_schema(bench), ROW_PLAIN, &pairs[1], NULL, 0, &bench->key, NULL),
                     STATUS_OK);
    codec_value_encode(&bench->image, &row);
    return (struct write_change){.kind = CHANGE_PUT,
                                 .schema = bench_schema(bench),
                                 .key = buffer_bytes(&bench->key),
                                 .image = buffer_bytes(&bench->image)};
}

static void bench_submit(struct bench *bench, struct write *write, enum status expected)
{
    sem_t done;
    store_submit_begin(&bench->store, write, &done);
    while (sem_wait(&done) != 0) {
    }
    (void)sem_destroy(&done);
    assert_status(write->status, expected, write->error);
    arena_reset(&write->arena);
}

static void bench_truncate(struct bench *bench)
{
    struct write write = {0};
    struct write_change changes[2];
    const struct schema *current = bench_schema(bench);
    struct schema next = *current;
    next.version++;
    next.generation++;
    next.space = catalog_next_space(bench->store.catalog);
    write.count =
        write_table_change(bench->store.catalog, &write.arena, current, &next, OPERATION_TRUNCATE, changes);
    write.changes = changes;
    bench_submit(bench, &write, STATUS_OK);
}

static void test_a_read_of_a_truncated_table_is_a_conflict(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    struct write_change change = bench_put(&bench, 1, value_of_integer(7));
    struct write put = {.changes = &change, .count = 1};
    bench_submit(&bench, &put, STATUS_OK);
    const struct schema *read_of = bench_schema(&bench);
    uint8_t low[4];
    uint8_t high[4];
    bytes_put_u32(low, read_of->space);
    bytes_put_u32(high, read_of->space + 1);
    struct bytes key = buffer_bytes(&bench.key);
    struct bytes image = buffer_bytes(&bench.image);
    const struct write_read reads[] = {
        {.schema = read_of, .key = key, .checksum = stored_row_checksum(key, image)},
        {.schema = read_of,
         .low = bytes_of(low, sizeof(low)),
         .high = bytes_of(high, sizeof(high)),
         .checksum = stored_rows_checksum((struct hash128){0}, key, image)},
    };
    for (size_t i = 0; i < 2 * ARRAY_COUNT(reads); i++) {
        bool is_truncated = i >= ARRAY_COUNT(reads);
        if (i == ARRAY_COUNT(reads)) {
            bench_truncate(&bench);
        }
        struct write_change check = {.kind = CHANGE_CHECK, .schema = bench_schema(&bench), .key = key};
        struct write write = {.changes = &check,
                              .count = 1,
                              .reads = &reads[i % ARRAY_COUNT(reads)],
                              .reads_count = 1};
        bench_submit(&bench, &write, is_truncated ? STATUS_CONFLICT : STATUS_OK);
    }
    bench_reset(&bench);
}

/* The log's segments have 64 KiB here. */
static void test_a_change_that_no_record_holds_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t bytes[30000];
    bench_init(&bench);
    random_secret(bytes, sizeof(bytes));
    struct write_change change = bench_put(&bench, 1, value_of_bytes(bytes_of(bytes, sizeof(bytes))));
    struct write put = {.changes = &change, .count = 1};
    bench_submit(&bench, &put, STATUS_OK);
    bytes[5000] ^= 1; /* of the row before the record has what differs */
    bytes[15000] ^= 1;
    change = bench_put(&bench, 1, value_of_bytes(bytes_of(bytes, sizeof(bytes))));
    put = (struct write){.changes = &change, .count = 1};
    bench_submit(&bench, &put, STATUS_OK);
    random_secret(bytes, sizeof(bytes));
    change = bench_put(&bench, 1, value_of_bytes(bytes_of(bytes, sizeof(bytes))));
    put = (struct write){.changes = &change, .count = 1};
    bench_submit(&bench, &put, STATUS_TOO_LARGE);
    bench_reset(&bench);
}

static bool store_has_expiries(struct store *store)
{
    struct error error;
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    assert_ok(environment_read_open(store->environment, &read, &error), error);
    assert_ok(environment_read_cursor_open(read, TREE_EXPIRY, &cursor, &error), error);
    enum status status = environment_cursor_first(cursor, &error);
    environment_cursor_close(&cursor);
    environment_read_close(&read);
    return status == STATUS_OK;
}

static void test_an_expiry_that_is_not_true_goes(void **state)
{
    (void)state;
    struct bench bench;
    struct buffer storage = {0};
    struct buffer entry = {0};
    bench_init(&bench);
    struct write_change change = bench_put(&bench, 1, value_of_integer(7));
    struct write put = {.changes = &change, .count = 1};
    bench_submit(&bench, &put, STATUS_OK);
    assert_int_equal(key_storage(bench_schema(&bench), buffer_bytes(&bench.key), &storage, NULL), STATUS_OK);
    index_expiry_key(7, buffer_bytes(&storage), &entry);
    bench_truncate(&bench);
    assert_true(store_has_expiries(&bench.store));
    struct write_change expire = {.kind = CHANGE_EXPIRE,
                                  .schema = bench_schema(&bench),
                                  .key = buffer_bytes(&bench.key),
                                  .expiry_key = buffer_bytes(&entry)};
    struct write write = {.changes = &expire, .count = 1};
    bench_submit(&bench, &write, STATUS_OK);
    assert_false(store_has_expiries(&bench.store)); /* or the sweeper would find it without end */
    buffer_reset(&storage);
    buffer_reset(&entry);
    bench_reset(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_read_of_a_truncated_table_is_a_conflict),
        cmocka_unit_test(test_a_change_that_no_record_holds_is_refused),
        cmocka_unit_test(test_an_expiry_that_is_not_true_goes),
    };
    return cmocka_run_group_tests_name("fold/evaluate", tests, NULL, NULL);
}
