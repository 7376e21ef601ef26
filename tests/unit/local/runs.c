/* Runs: merged key indexes give what the segments' own give, are made again when lost, and go with their segments. */
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
        cmocka_unit_test(test_a_damaged_run_does_not_stop_the_next_level),
        cmocka_unit_test(test_a_run_goes_with_its_segments),
        cmocka_unit_test(test_a_quiet_table_is_passed_over),
    };
    return cmocka_run_group_tests_name("local/runs", tests, NULL, NULL);
}
