/* Runs: merged key indexes give what the segments' own give, are made again when lost, and go with their segments. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/random.h"
#include "segment/run.h"
#include "support/log.h"

enum {
    SEGMENTS = 70, /* two runs of level 1 and some segments beside them */
    FRAME_RECORDS = 40,
    RECORD_BYTES = 380,
};

static void fill(struct bench *bench, uint64_t segments)
{
    while (log_tip(bench->log).segments < segments) {
        assert_int_equal(bench_append(bench, FRAME_RECORDS, RECORD_BYTES, 0, true), STATUS_OK);
    }
    local_settle(bench->log);
}

static bool has_file(struct bench *bench, const char *name)
{
    char *path = bench_path(bench, name);
    bool is_there = file_exists(path);
    memory_destroy(path);
    return is_there;
}

static void test_runs_give_what_segments_give(void **state)
{
    (void)state;
    struct bench bench;
    struct random random;
    random_init(&random, test_seed());
    bench_init(&bench);
    fill(&bench, test_rounds(SEGMENTS));
    assert_true(has_file(&bench, "0000000000000000.k1") && has_file(&bench, "0000000000000020.k1"));
    bench_expect_keys(&bench, 0, bench.next_lsn - 1);
    for (int i = 0; i < 20; i++) {
        uint64_t after = random_below(&random, bench.next_lsn - 1);
        uint64_t until = after + 1 + random_below(&random, bench.next_lsn - 1 - after);
        bench_expect_keys(&bench, after, until);
    }
    bench_reopen(&bench);
    assert_true(has_file(&bench, "0000000000000000.k1"));
    bench_expect_keys(&bench, 0, bench.next_lsn - 1);
    bench_expect(&bench, 1, bench.next_lsn - 1);
    bench_reset(&bench);
}

static void test_a_lost_or_damaged_run_is_made_again(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    bench_init(&bench);
    fill(&bench, SEGMENTS);
    char *path = bench_path(&bench, "0000000000000000.k1");
    log_close(&bench.log);
    assert_ok(file_remove(path, &error), error);
    bench_overwrite(&bench, "0000000000000020.k1", 20, bytes_of_text("damage"));
    bench_open(&bench);
    local_settle(bench.log);
    assert_true(file_exists(path) && has_file(&bench, "0000000000000020.k1"));
    bench_expect_keys(&bench, 0, bench.next_lsn - 1);
    memory_destroy(path);
    bench_reset(&bench);
}

/* The bytes at an offset, or what is there instead of the file's end. */
static void peek(const char *path, long offset, char ret_bytes[6])
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fread(ret_bytes, 1, 6, file), 6);
    assert_int_equal(fclose(file), 0);
}

/* A read that meets a damaged block goes on by what the run was made of, and the run is made again. */
static void test_a_damaged_block_of_a_run_is_read_around(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    fill(&bench, SEGMENTS);
    char *path = bench_path(&bench, "0000000000000000.k1");
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    const long offsets[] = {100, file.st_size / 2}; /* where the read begins, and farther on */
    for (size_t i = 0; i < ARRAY_COUNT(offsets); i++) {
        char before[6];
        char after[6];
        peek(path, offsets[i], before);
        bench_overwrite(&bench, "0000000000000000.k1", (uint64_t)offsets[i], bytes_of_text("damage"));
        bench_expect_keys(&bench, 0, bench.next_lsn - 1);
        local_settle(bench.log);
        peek(path, offsets[i], after);
        assert_memory_equal(before, after, sizeof(before));
        bench_expect_keys(&bench, 0, bench.next_lsn - 1);
    }
    memory_destroy(path);
    bench_reset(&bench);
}

/* Another reader found the run damaged, and its file was removed: this one, led to it before, goes on by what it was made of. */
static void test_a_run_that_goes_is_read_around(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    struct bytes key;
    uint64_t lsn = 0;
    size_t count = 0;
    bench_init(&bench);
    fill(&bench, SEGMENTS);
    char *path = bench_path(&bench, "0000000000000000.k1");
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    uint64_t until = bench.next_lsn - 1;
    struct log_keys *keys = log_keys_create(bench.log, &(struct log_keys_range){.space = BENCH_TABLE,
                                                                                .from = bytes_of_text("row"),
                                                                                .until_lsn = until});
    struct log_keys *backwards =
        log_keys_create(bench.log, &(struct log_keys_range){.space = BENCH_TABLE,
                                                            .from = bytes_of_text("sow"),
                                                            .until_lsn = until,
                                                            .is_reverse = true});
    bench_overwrite(&bench, "0000000000000000.k1", (uint64_t)file.st_size / 2, bytes_of_text("damage"));
    bench_expect_keys(&bench, 0, until);
    local_settle(bench.log);
    assert_ok(file_remove(path, &error), error);
    enum status status = log_keys_next(keys, &key, &lsn, &error);
    while (status == STATUS_OK) {
        count++;
        status = log_keys_next(keys, &key, &lsn, &error);
    }
    assert_status(status, STATUS_END, error);
    assert_int_equal(count, until);
    while (log_keys_next(backwards, &key, &lsn, &error) == STATUS_OK) {
        count--;
    }
    assert_int_equal(count, 0);
    log_keys_destroy(&keys);
    log_keys_destroy(&backwards);
    memory_destroy(path);
    bench_reset(&bench);
}

/* Steps of a check until it ends; what it ends with, STATUS_END, and how many told of damage. */
static enum status check_log(struct log *log, size_t *ret_damages, struct error *error)
{
    struct buffer position = {0};
    *ret_damages = 0;
    enum status status = log_check(log, &position, error);
    while (status == STATUS_OK || status == STATUS_CORRUPT) {
        *ret_damages += status == STATUS_CORRUPT;
        status = log_check(log, &position, error);
    }
    buffer_reset(&position);
    return status;
}

static void expect_damages(struct bench *bench, size_t expected)
{
    size_t damages = 0;
    struct error error;
    enum status status = check_log(bench->log, &damages, &error);
    assert_status(status, STATUS_END, error);
    assert_int_equal(damages, expected);
}

static void test_a_check_tells_of_a_run_without_its_file(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    bench_init(&bench);
    fill(&bench, SEGMENTS);
    expect_damages(&bench, 0);
    char *path = bench_path(&bench, "0000000000000000.k1");
    assert_ok(file_remove(path, &error), error);
    expect_damages(&bench, 1);
    local_settle(bench.log);
    assert_true(file_exists(path));
    expect_damages(&bench, 0);
    memory_destroy(path);
    bench_reset(&bench);
}

/* Checks beside a log that is written and trimmed. */
struct checker {
    struct log *log;
    atomic_bool is_enough;
    enum status status; /* of the first one that did not end, or found damage */
    struct error error;
};

static void *checker_run(void *context)
{
    struct checker *checker = context;
    size_t damages = 0;
    checker->status = STATUS_END;
    while (!atomic_load(&checker->is_enough) && checker->status == STATUS_END) {
        checker->status = check_log(checker->log, &damages, &checker->error);
        checker->status = damages > 0 ? STATUS_CORRUPT : checker->status;
    }
    return NULL;
}

/* Segments that are trimmed while a check reads them, or a run that they are in, are no damage and no failure. */
static void test_a_check_goes_on_under_trims(void **state)
{
    (void)state;
    struct bench bench;
    pthread_t thread = 0;
    bench_init(&bench);
    fill(&bench, SEGMENTS);
    struct checker checker = {.log = bench.log};
    assert_int_equal(pthread_create(&thread, NULL, checker_run, &checker), 0);
    for (uint64_t segment = 0; segment < SEGMENTS - 2; segment++) {
        bench.now_us += 2 * 3600LL * 1000000; /* past the retention */
        log_trim_allow(bench.log, bench.next_lsn - 1 - (SEGMENTS - segment) * FRAME_RECORDS);
        local_settle(bench.log);
    }
    atomic_store(&checker.is_enough, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_status(checker.status, STATUS_END, checker.error);
    bench_reset(&bench);
}

static void test_a_damaged_run_does_not_stop_the_next_level(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    fill(&bench, 1020);
    log_close(&bench.log);
    bench_overwrite(&bench, "0000000000000040.k1", 100, bytes_of_text("damage"));
    bench_open(&bench);
    assert_false(has_file(&bench, "0000000000000000.k2"));
    fill(&bench, 1026);
    assert_true(has_file(&bench, "0000000000000000.k2") && has_file(&bench, "0000000000000040.k1"));
    bench_expect_keys(&bench, 0, bench.next_lsn - 1);
    bench_reset(&bench);
}

static void test_a_run_goes_with_its_segments(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    fill(&bench, SEGMENTS);
    uint64_t end = bench.next_lsn;
    bench.now_us += 2 * 3600LL * 1000000; /* past the retention */
    log_trim_allow(bench.log, end / 4);
    local_settle(bench.log);
    uint64_t first = log_tip(bench.log).first_lsn;
    assert_true(first > 1 && has_file(&bench, "0000000000000000.k1")); /* some of its segments are left */
    bench_expect_keys(&bench, first - 1, end - 1);
    log_trim_allow(bench.log, end / 4 * 3);
    local_settle(bench.log);
    first = log_tip(bench.log).first_lsn;
    assert_false(has_file(&bench, "0000000000000000.k1"));
    assert_true(has_file(&bench, "0000000000000020.k1"));
    bench_expect_keys(&bench, first - 1, end - 1);
    bench_reopen(&bench);
    bench_expect_keys(&bench, first - 1, end - 1);
    bench_reset(&bench);
}

static void test_a_quiet_table_is_passed_over(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    struct log_reader *reader = NULL;
    struct log_part part;
    bench_init(&bench);
    fill(&bench, SEGMENTS);
    struct log_filter filter = {.is_set = true, .table = BENCH_TABLE + 1, .shards = UINT16_MAX};
    assert_ok(log_reader_create(bench.log, 1, filter, &reader, &error), error);
    assert_status(log_reader_next(reader, UINT64_MAX - 1, &part, &error), STATUS_END, error);
    assert_true(log_reader_lsn(reader) > bench.next_lsn - 1 - 400); /* in the last segment */
    log_reader_destroy(&reader);
    bench_reset(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_give_what_segments_give),
        cmocka_unit_test(test_a_lost_or_damaged_run_is_made_again),
        cmocka_unit_test(test_a_damaged_block_of_a_run_is_read_around),
        cmocka_unit_test(test_a_run_that_goes_is_read_around),
        cmocka_unit_test(test_a_check_tells_of_a_run_without_its_file),
        cmocka_unit_test(test_a_check_goes_on_under_trims),
        cmocka_unit_test(test_a_damaged_run_does_not_stop_the_next_level),
        cmocka_unit_test(test_a_run_goes_with_its_segments),
        cmocka_unit_test(test_a_quiet_table_is_passed_over),
    };
    return cmocka_run_group_tests_name("local/runs", tests, NULL, NULL);
}
