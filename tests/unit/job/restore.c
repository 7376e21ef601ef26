/* A restore whose table was dropped ends; another table that has its name since stays as it is. A long one keeps the sweep waiting for a
 * turn only. */
#include <stdatomic.h>
#include <unistd.h>

#include "base/memory.h"
#include "codec/pack.h"
#include "job/job.h"
#include "row/key.h"
#include "support/store.h"
#include "support/test.h"

enum {
    JOB_ID = 1,
    LARGE_BYTES = 4000,
    LARGE_ROWS = 300, /* a restore of dozens of transactions, as large as the log takes them */
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

/* Puts the row `id` with another attribute. */
static uint64_t put_with(struct store *store, const struct schema *schema, int64_t id, const char *name,
                         struct value value)
{
    struct buffer key = {0};
    struct buffer image = {0};
    struct value pairs[] = {value_of_text(bytes_of_text("id")), value_of_integer(id),
                            value_of_text(bytes_of_text(name)), value};
    struct value row = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = ARRAY_COUNT(pairs) / 2}};
    key_of(schema, id, &key);
    codec_value_encode(&image, &row);
    uint64_t lsn = put(store, schema, buffer_bytes(&key), buffer_bytes(&image));
    buffer_reset(&key);
    buffer_reset(&image);
    return lsn;
}

/* Puts the row 7. */
static uint64_t put_row(struct store *store, const struct schema *schema)
{
    return put_with(store, schema, 7, "is_it", value_of_integer(1));
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
static bool restore_succeeds(struct store *store, const struct clock *clock, uint64_t lsn,
                             const struct schema *target)
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
                                   .clock = clock,
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
    assert_false(restore_succeeds(&store, store.clock, lsn, &dropped));
    assert_false(has_row(&store, &target, 7, &image));
    assert_true(restore_succeeds(&store, store.clock, lsn, &target));
    assert_true(has_row(&store, &target, 7, &image));
    store_reset(&store);
}

static int64_t hurrying_wall_us(void *context)
{
    (void)context;
    return clock_wall_us(clock_system());
}

/* A turn is over after the second look. */
static int64_t hurrying_steady_us(void *context)
{
    return atomic_fetch_add((_Atomic int64_t *)context, JOB_TURN_MS * 1000LL / 2);
}

/* The last LSN of a record with that cause; 0: there is none. */
static uint64_t last_caused_by(struct store *store, enum cause_kind kind)
{
    struct buffer buffer = {0};
    uint64_t lsn = log_tip(store->log).next_lsn - 1;
    for (; lsn > 0; lsn--) {
        struct error error;
        struct record record;
        int64_t time_us = 0;
        buffer_clear(&buffer);
        assert_ok(log_record_at(store->log, lsn, &buffer, &record, &time_us, &error), error);
        if (record.cause.kind == kind) {
            break;
        }
    }
    buffer_reset(&buffer);
    return lsn;
}

static void test_a_long_restore_leaves_others_their_turns(void **state)
{
    (void)state;
    struct store store;
    _Atomic int64_t steady_us = 1;
    const struct clock hurrying = {.wall_us = hurrying_wall_us,
                                   .steady_us = hurrying_steady_us,
                                   .context = &steady_us};
    struct schema source = table_of("source");
    struct schema target = table_of("target");
    struct schema expires = table_of("expires");
    char *large = memory_create(LARGE_BYTES);
    uint64_t lsn = 0;
    expires.ttl_attribute = bytes_of_text("until");
    store_init(&store, clock_system());
    jobs_register_tables(store.catalog);
    store_create_table(&store, &source);
    store_create_table(&store, &target);
    store_create_table(&store, &expires);
    for (int64_t id = 1; id <= LARGE_ROWS; id++) {
        lsn = put_with(&store, &source, id, "large", value_of_bytes(bytes_of(large, LARGE_BYTES)));
    }
    (void)put_with(&store, &expires, 1, "until",
                   value_of_integer(clock_wall_us(clock_system()) / 1000000 - 10));
    assert_true(restore_succeeds(&store, &hurrying, lsn, &target));
    uint64_t expired_lsn = last_caused_by(&store, CAUSE_TTL);
    assert_true(expired_lsn > 0 && expired_lsn < last_caused_by(&store, CAUSE_RESTORE));
    memory_destroy(large);
    store_reset(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_restore_fills_its_own_table_only),
        cmocka_unit_test(test_a_long_restore_leaves_others_their_turns),
    };
    return cmocka_run_group_tests_name("job/restore", tests, NULL, NULL);
}
