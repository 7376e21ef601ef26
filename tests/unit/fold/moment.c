/* What was committed at or before a moment is the same whenever it is asked for, also while a batch is under way that began before. */
#undef _FORTIFY_SOURCE /* fdatasync is defined here */
#include <dlfcn.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "codec/pack.h"
#include "row/key.h"
#include "support/store.h"
#include "support/test.h"

/* Where the writer is held up, once: after it has read the clock, or when it syncs. */
struct hold {
    atomic_bool is_set;
    sem_t reached;
    sem_t go;
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): fdatasync has no other way to know */
static struct hold sync_hold;

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0) {
    }
}

static void hold_set(struct hold *hold)
{
    assert_int_equal(sem_init(&hold->reached, 0, 0), 0);
    assert_int_equal(sem_init(&hold->go, 0, 0), 0);
    atomic_store(&hold->is_set, true);
}

static void hold_reach(struct hold *hold)
{
    if (atomic_exchange(&hold->is_set, false)) {
        (void)sem_post(&hold->reached);
        wait_for(&hold->go);
    }
}

/* Whether it is a segment of the log. */
static bool is_log(int descriptor)
{
    char link[64];
    char path[4096];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof(path));
    return size > 4 && memcmp(path + size - 4, ".raw", 4) == 0;
}

int fdatasync(int descriptor)
{
    if (is_log(descriptor)) {
        hold_reach(&sync_hold);
    }
    __typeof__(&fdatasync) real = (__typeof__(&fdatasync))dlsym(RTLD_NEXT, "fdatasync");
    return real(descriptor);
}

struct moments {
    struct clock clock;
    atomic_llong now_us;
    struct hold clock_hold;
    struct store store;
    struct key_column column;
    struct buffer key;
    struct buffer image;
    struct write_change change;
    struct write write;
    sem_t done;
};

static int64_t moments_wall_us(void *context)
{
    return atomic_load(&((struct moments *)context)->now_us);
}

/* The writer asks for it right after the wall clock. */
static int64_t moments_steady_us(void *context)
{
    struct moments *moments = context;
    hold_reach(&moments->clock_hold);
    return atomic_load(&moments->now_us);
}

static void moments_init(struct moments *moments)
{
    *moments = (struct moments){.column = {.name = bytes_of_text("id"), .type = {.kind = TYPE_BIGINT}}};
    moments->clock =
        (struct clock){.wall_us = moments_wall_us, .steady_us = moments_steady_us, .context = moments};
    atomic_store(&moments->now_us, 1800000000000000);
    store_init(&moments->store, &moments->clock);
    struct schema schema = {.name = bytes_of_text("t"),
                            .kind = TABLE_DOCUMENT,
                            .durability = DURABILITY_SYNC,
                            .partition_count = 1,
                            .partition = &moments->column};
    store_create_table(&moments->store, &schema);
}

static void moments_reset(struct moments *moments)
{
    store_reset(&moments->store);
    buffer_reset(&moments->key);
    buffer_reset(&moments->image);
}

/* A second later somebody begins to put a row. */
static void put_begin(struct moments *moments, int64_t id)
{
    const struct schema *schema = catalog_find(moments->store.catalog, bytes_of_text("t"));
    struct value pairs[] = {value_of_text(bytes_of_text("id")), value_of_integer(id)};
    struct value row = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 1}};
    buffer_clear(&moments->key);
    buffer_clear(&moments->image);
    assert_int_equal(key_encode(schema, ROW_PLAIN, &pairs[1], NULL, 0, &moments->key, NULL), STATUS_OK);
    codec_value_encode(&moments->image, &row);
    moments->change = (struct write_change){.kind = CHANGE_PUT,
                                            .schema = schema,
                                            .key = buffer_bytes(&moments->key),
                                            .image = buffer_bytes(&moments->image)};
    moments->write = (struct write){.changes = &moments->change, .count = 1};
    atomic_fetch_add(&moments->now_us, 1000000);
    store_submit_begin(&moments->store, &moments->write, &moments->done);
}

static uint64_t lsn_at(struct moments *moments, int64_t time_us)
{
    struct error error;
    uint64_t lsn = 0;
    assert_true(fold_moment_settle(moments->store.fold, time_us, NULL));
    assert_ok(log_lsn_at(moments->store.log, time_us, &lsn, &error), error);
    return lsn;
}

static void test_a_batch_that_begins_gets_a_later_time(void **state)
{
    (void)state;
    struct moments moments;
    moments_init(&moments);
    hold_set(&moments.clock_hold);
    put_begin(&moments, 1);
    wait_for(&moments.clock_hold.reached);
    int64_t time_us = atomic_load(&moments.now_us);
    uint64_t before = lsn_at(&moments, time_us);
    assert_int_equal(sem_post(&moments.clock_hold.go), 0);
    store_submit_end(&moments.write, &moments.done);
    assert_true(moments.write.lsn > before);
    assert_true(lsn_at(&moments, time_us) == before);
    assert_true(moments.write.commit_time_us > time_us);
    moments_reset(&moments);
}

struct asking {
    struct fold_moment moment; /* first member */
    sem_t settled;
};

static void asking_settled(struct fold_moment *moment)
{
    (void)sem_post(&((struct asking *)moment)->settled);
}

static void test_who_asks_is_told_when_the_batch_under_way_ended(void **state)
{
    (void)state;
    struct moments moments;
    struct asking asking[2] = {{.moment.settled = asking_settled}, {.moment.settled = asking_settled}};
    moments_init(&moments);
    hold_set(&sync_hold);
    put_begin(&moments, 1);
    wait_for(&sync_hold.reached);
    int64_t time_us = atomic_load(&moments.now_us);
    uint64_t before = lsn_at(&moments, time_us - 1); /* long ago: nothing to wait for */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sem_init(&asking[i].settled, 0, 0), 0);
        assert_false(fold_moment_settle(moments.store.fold, time_us, &asking[i].moment));
        assert_int_not_equal(sem_trywait(&asking[i].settled), 0);
    }
    assert_int_equal(sem_post(&sync_hold.go), 0);
    wait_for(&asking[0].settled);
    wait_for(&asking[1].settled);
    uint64_t lsn = lsn_at(&moments, time_us);
    store_submit_end(&moments.write, &moments.done);
    assert_true(moments.write.commit_time_us == time_us);
    assert_true(lsn == moments.write.lsn && before < lsn);
    moments_reset(&moments);
}

static void test_now_is_before_the_batch_under_way(void **state)
{
    (void)state;
    struct moments moments;
    moments_init(&moments);
    put_begin(&moments, 1);
    store_submit_end(&moments.write, &moments.done);
    uint64_t told = moments.write.lsn;
    hold_set(&sync_hold);
    put_begin(&moments, 2);
    wait_for(&sync_hold.reached);
    int64_t now_us = atomic_load(&moments.now_us);
    int64_t moment_us = fold_moment_now(moments.store.fold, now_us);
    assert_true(moment_us < now_us);
    assert_true(lsn_at(&moments, moment_us) == told);
    assert_int_equal(sem_post(&sync_hold.go), 0);
    store_submit_end(&moments.write, &moments.done);
    assert_true(lsn_at(&moments, moment_us) == told);
    assert_true(fold_moment_now(moments.store.fold, now_us) == now_us);
    assert_true(lsn_at(&moments, now_us) == moments.write.lsn);
    moments_reset(&moments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_that_begins_gets_a_later_time),
        cmocka_unit_test(test_who_asks_is_told_when_the_batch_under_way_ended),
        cmocka_unit_test(test_now_is_before_the_batch_under_way),
    };
    return cmocka_run_group_tests_name("fold/moment", tests, NULL, NULL);
}
