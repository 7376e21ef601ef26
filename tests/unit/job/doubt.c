/* A wall clock that is far ahead of the last commit at a start: nothing is removed for its age, or nothing is written, until somebody
 * vouches for it; a restart changes nothing of that. */
#include <stdatomic.h>
#include <unistd.h>

#include "codec/pack.h"
#include "job/job.h"
#include "row/key.h"
#include "support/store.h"
#include "support/test.h"

enum {
    LOOKS = 200, /* at the clock, by the jobs: several sweeps */
};

static const int64_t hour_us = 3600LL * 1000000;

struct doubtful {
    struct clock clock;
    struct clock hurrying; /* the jobs' */
    _Atomic int64_t now_us;
    _Atomic int64_t looks;
    atomic_bool is_synchronized;
    struct store store;
    struct key_column column;
    struct schema schema;
    struct buffer key;
};

static int64_t doubtful_now_us(void *context)
{
    return atomic_load(&((struct doubtful *)context)->now_us);
}

/* For the jobs, time goes on whenever they look. */
static int64_t doubtful_steady_us(void *context)
{
    struct doubtful *doubtful = context;
    return doubtful_now_us(doubtful) + atomic_fetch_add(&doubtful->looks, 1) * JOB_SWEEP_MS_MIN * 1000;
}

static bool doubtful_is_synchronized(void *context)
{
    return atomic_load(&((struct doubtful *)context)->is_synchronized);
}

static enum status put(struct doubtful *doubtful, const char *name, int64_t number)
{
    struct value pairs[] = {value_of_text(bytes_of_text("id")), value_of_integer(1),
                            value_of_text(bytes_of_text(name)), value_of_integer(number)};
    struct value row = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 2}};
    struct buffer image = {0};
    const struct schema *schema = catalog_find(doubtful->store.catalog, doubtful->schema.name);
    buffer_clear(&doubtful->key);
    assert_int_equal(key_encode(schema, ROW_PLAIN, &pairs[1], NULL, 0, &doubtful->key, NULL), STATUS_OK);
    codec_value_encode(&image, &row);
    struct write_change change = {.kind = CHANGE_PUT,
                                  .schema = schema,
                                  .key = buffer_bytes(&doubtful->key),
                                  .image = buffer_bytes(&image)};
    struct write write = {.changes = &change, .count = 1};
    sem_t done;
    store_submit_begin(&doubtful->store, &write, &done);
    assert_int_equal(sem_wait(&done), 0);
    (void)sem_destroy(&done);
    enum status status = write.status;
    arena_reset(&write.arena);
    buffer_reset(&image);
    return status;
}

static bool has_row(struct doubtful *doubtful)
{
    struct error error;
    struct bytes image;
    const struct schema *schema = catalog_find(doubtful->store.catalog, doubtful->schema.name);
    assert_ok(snapshot_renew(doubtful->store.snapshot, &error), error);
    enum status status =
        read_row_get(doubtful->store.snapshot, schema, buffer_bytes(&doubtful->key), &image, &error);
    snapshot_release(doubtful->store.snapshot);
    return status == STATUS_OK;
}

/* A row that expires within an hour; then the server stands still. */
static void doubtful_init(struct doubtful *doubtful, int64_t stop_us)
{
    *doubtful = (struct doubtful){
        .column = {.name = bytes_of_text("id"), .type = {.kind = TYPE_BIGINT}},
        .clock = {.wall_us = doubtful_now_us,
                  .steady_us = doubtful_now_us,
                  .is_synchronized = doubtful_is_synchronized,
                  .context = doubtful},
    };
    doubtful->schema = (struct schema){.name = bytes_of_text("t"),
                                       .kind = TABLE_DOCUMENT,
                                       .durability = DURABILITY_SYNC,
                                       .partition_count = 1,
                                       .partition = &doubtful->column,
                                       .ttl_attribute = bytes_of_text("until")};
    atomic_store(&doubtful->now_us, 1800000000000000);
    store_init(&doubtful->store, &doubtful->clock);
    store_create_table(&doubtful->store, &doubtful->schema);
    assert_int_equal(put(doubtful, "until", (doubtful_now_us(doubtful) + hour_us) / 1000000), STATUS_OK);
    store_close(&doubtful->store);
    atomic_fetch_add(&doubtful->now_us, stop_us);
    store_open(&doubtful->store);
}

static void doubtful_reset(struct doubtful *doubtful)
{
    store_reset(&doubtful->store);
    buffer_reset(&doubtful->key);
}

static void restart(struct doubtful *doubtful)
{
    store_close(&doubtful->store);
    store_open(&doubtful->store);
}

static struct jobs *jobs_start(struct doubtful *doubtful)
{
    struct error error;
    struct jobs *jobs = NULL;
    doubtful->hurrying = doubtful->clock;
    doubtful->hurrying.steady_us = doubtful_steady_us;
    struct jobs_options options = {.catalog = doubtful->store.catalog,
                                   .environment = doubtful->store.environment,
                                   .log = doubtful->store.log,
                                   .fold = doubtful->store.fold,
                                   .clock = &doubtful->hurrying,
                                   .sweep_ms = JOB_SWEEP_MS_MIN};
    atomic_store(&doubtful->looks, 0);
    assert_ok(jobs_open(&options, &jobs, &error), error);
    return jobs;
}

static void test_nothing_expires_by_a_doubted_clock(void **state)
{
    struct doubtful doubtful;
    (void)state;
    doubtful_init(&doubtful, 25 * hour_us);
    restart(&doubtful); /* as if that had made it right */
    assert_true(fold_doubts_clock(doubtful.store.fold));
    struct jobs *jobs = jobs_start(&doubtful);
    while (atomic_load(&doubtful.looks) < LOOKS) {
        (void)usleep(1000);
    }
    assert_true(has_row(&doubtful));
    fold_accept_clock(doubtful.store.fold, true);
    assert_false(fold_doubts_clock(doubtful.store.fold));
    while (has_row(&doubtful)) {
        (void)usleep(1000);
    }
    jobs_close(&jobs);
    restart(&doubtful);
    assert_false(fold_doubts_clock(doubtful.store.fold));
    doubtful_reset(&doubtful);
}

static void test_a_short_stop_is_believed(void **state)
{
    struct doubtful doubtful;
    (void)state;
    doubtful_init(&doubtful, 23 * hour_us);
    assert_false(fold_doubts_clock(doubtful.store.fold));
    doubtful_reset(&doubtful);
}

static void test_a_synchronized_clock_is_believed(void **state)
{
    struct doubtful doubtful;
    (void)state;
    doubtful_init(&doubtful, 48 * hour_us);
    assert_true(fold_doubts_clock(doubtful.store.fold));
    atomic_store(&doubtful.is_synchronized, true);
    assert_false(fold_doubts_clock(doubtful.store.fold));
    atomic_store(&doubtful.is_synchronized, false);
    assert_false(fold_doubts_clock(doubtful.store.fold));
    doubtful_reset(&doubtful);
}

static void test_a_refused_clock_stays_refused_over_restarts(void **state)
{
    struct doubtful doubtful;
    (void)state;
    doubtful_init(&doubtful, 36 * 24 * hour_us);
    assert_int_equal(put(&doubtful, "v", 1), STATUS_CLOCK);
    restart(&doubtful);
    assert_non_null(fold_refusal(doubtful.store.fold));
    assert_int_equal(put(&doubtful, "v", 1), STATUS_CLOCK);
    fold_accept_clock(doubtful.store.fold, true);
    assert_int_equal(put(&doubtful, "v", 1), STATUS_OK);
    doubtful_reset(&doubtful);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_expires_by_a_doubted_clock),
        cmocka_unit_test(test_a_short_stop_is_believed),
        cmocka_unit_test(test_a_synchronized_clock_is_believed),
        cmocka_unit_test(test_a_refused_clock_stays_refused_over_restarts),
    };
    return cmocka_run_group_tests_name("job/doubt", tests, NULL, NULL);
}
