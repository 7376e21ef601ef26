/* A restore whose table was dropped ends; another table that has its name since stays as it is. */
#include <unistd.h>

#include "codec/pack.h"
#include "job/job.h"
#include "row/key.h"
#include "support/store.h"
#include "support/test.h"

enum {
    JOB_ID = 1,
};

static struct schema table_of(const char *name)
{
    static struct key_column column = {.type = {.kind = TYPE_BIGINT}};
    column.name = bytes_of_text("id");
    return (struct schema){.name = bytes_of_text(name),
                           .kind = TABLE_DOCUMENT,
                           .durability = DURABILITY_SYNC,
                           .partition_count = 1,
                           .partition = &column};
}

static uint64_t put(struct store *store, const struct schema *schema, struct bytes key, struct bytes image)
{
    struct write_change change = {.kind = CHANGE_PUT, .schema = schema, .key = key, .image = image};
    struct write write = {.changes = &change, .count = 1};
    store_submit(store, &write);
    arena_reset(&write.arena);
    return write.lsn;
}

static void key_of(const struct schema *schema, int64_t id, struct buffer *key)
{
    struct value value = value_of_integer(id);
    assert_int_equal(key_encode(schema, ROW_PLAIN, &value, NULL, 0, key, NULL), STATUS_OK);
}

/* Puts the row 7. */
static uint64_t put_row(struct store *store, const struct schema *schema)
{
    struct buffer key = {0};
    struct buffer image = {0};
    struct value pair[] = {value_of_text(bytes_of_text("id")), value_of_integer(7)};
    struct value row = {.kind = VALUE_MAP, .pairs = {.at = pair, .count = 1}};
    key_of(schema, 7, &key);
    codec_value_encode(&image, &row);
    uint64_t lsn = put(store, schema, buffer_bytes(&key), buffer_bytes(&image));
    buffer_reset(&key);
    buffer_reset(&image);
    return lsn;
}

static bool has_row(struct store *store, const struct schema *schema, int64_t id, struct bytes *ret_image)
{
    struct error error;
    struct buffer key = {0};
    key_of(schema, id, &key);
    assert_ok(snapshot_renew(store->snapshot, &error), error);
    enum status status = read_row_get(store->snapshot, schema, buffer_bytes(&key), ret_image, &error);
    buffer_reset(&key);
    return status == STATUS_OK;
}

/* Restores "source" as of `lsn` into `target`, and waits for what became of it. */
static bool restore_succeeds(struct store *store, uint64_t lsn, const struct schema *target)
{
    struct error error;
    struct jobs *jobs = NULL;
    struct buffer key = {0};
    struct buffer image = {0};
    struct arena arena = {0};
    struct bytes stored = {0};
    struct value row;
    const struct schema *schema = catalog_find_table(store->catalog, CATALOG_JOBS);
    struct jobs_options options = {.catalog = store->catalog,
                                   .environment = store->environment,
                                   .log = store->log,
                                   .fold = store->fold,
                                   .clock = store->clock,
                                   .sweep_ms = JOB_SWEEP_MS_DEFAULT};
    jobs_restore_row(JOB_ID, bytes_of_text("source"), lsn, target, &key, &image);
    (void)put(store, schema, buffer_bytes(&key), buffer_bytes(&image));
    assert_ok(jobs_open(&options, &jobs, &error), error);
    do {
        (void)usleep(1000);
        arena_clear(&arena);
        assert_true(has_row(store, schema, JOB_ID, &stored));
        assert_ok(codec_value_decode(arena_copy(&arena, stored), &arena, &row, &error), error);
    } while (bytes_equal(value_map_text(&row, "state"), bytes_of_text("running")));
    bool succeeds = bytes_equal(value_map_text(&row, "state"), bytes_of_text("done"));
    jobs_close(&jobs);
    arena_reset(&arena);
    buffer_reset(&key);
    buffer_reset(&image);
    return succeeds;
}

static void test_a_restore_fills_its_own_table_only(void **state)
{
    (void)state;
    struct store store;
    struct bytes image = {0};
    struct schema source = table_of("source");
    struct schema dropped = table_of("dropped");
    struct schema target = table_of("target");
    store_init(&store, clock_system());
    jobs_register_tables(store.catalog);
    store_create_table(&store, &source);
    store_create_table(&store, &dropped);
    store_create_table(&store, &target);
    uint64_t lsn = put_row(&store, &source);
    dropped.name = target.name; /* as if it had been dropped, and the other one made */
    assert_false(restore_succeeds(&store, lsn, &dropped));
    assert_false(has_row(&store, &target, 7, &image));
    assert_true(restore_succeeds(&store, lsn, &target));
    assert_true(has_row(&store, &target, 7, &image));
    store_reset(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_restore_fills_its_own_table_only),
    };
    return cmocka_run_group_tests_name("job/restore", tests, NULL, NULL);
}
