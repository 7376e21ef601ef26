/* The log in files: order, recovery of a torn end, loud stops on damage, sealing, keys, retention. */
#include <fcntl.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/log.h"

static void test_what_is_appended_is_read_and_recovered(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(bench_append(&bench, 1 + (uint32_t)i % 3, 100, 0, true), STATUS_OK);
    }
    uint64_t last = bench.next_lsn - 1;
    bench_expect(&bench, 1, last);
    bench_expect(&bench, 7, last);
    bench_reopen(&bench);
    assert_true(bench.next_lsn == last + 1);
    bench_expect(&bench, 1, last);
    bench_reset(&bench);
}

static void test_many_segments_are_sealed_and_read_the_same(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(bench_append(&bench, 5, 400, 0, i % 3 == 0), STATUS_OK);
    }
    struct error error;
    assert_ok(log_sync(bench.log, bench.next_lsn - 1, &error), error);
    local_settle(bench.log);
    struct log_tip tip = log_tip(bench.log);
    assert_true(tip.segments > 5);
    assert_true(tip.bytes < 5 * 300 * 400); /* sealed ones are compressed */
    bench_expect(&bench, 1, bench.next_lsn - 1);
    bench_expect(&bench, 777, bench.next_lsn - 1);
    bench_reopen(&bench);
    bench_expect(&bench, 1, bench.next_lsn - 1);
    assert_int_equal(bench_append(&bench, 5, 400, 0, true), STATUS_OK);
    bench_expect(&bench, 1, bench.next_lsn - 1);
    bench_reset(&bench);
}

static void test_the_largest_records_are_sealed(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    local_settle(bench.log);
    bench.options.segment_bytes = SEGMENT_BYTES_DEFAULT; /* the spare that there is has fewer */
    bench_reopen(&bench);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bench_append(&bench, 1, log_tip(bench.log).record_bytes_max - 4096, 0, true),
                         STATUS_OK);
    }
    local_settle(bench.log);
    assert_true(log_tip(bench.log).bytes < 2LL * SEGMENT_BYTES_DEFAULT + 1000000);
    bench_expect(&bench, 1, bench.next_lsn - 1);
    bench_reset(&bench);
}

static void test_keys_lead_to_every_change(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    for (int i = 0; i < 150; i++) {
        assert_int_equal(bench_append(&bench, 7, 300, 0, true), STATUS_OK);
    }
    bench_expect_keys(&bench, 0, bench.next_lsn - 1);
    local_settle(bench.log);
    bench_expect_keys(&bench, 0, bench.next_lsn - 1);
    bench_expect_keys(&bench, 500, 900);
    assert_int_equal(bench_append(&bench, 7, 300, 0, true), STATUS_OK);
    bench_expect_keys(&bench, bench.next_lsn - 20, bench.next_lsn - 1);
    bench_reset(&bench);
}

static void test_a_record_is_found_by_its_lsn(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(bench_append(&bench, 10, 300, 0, true), STATUS_OK);
    }
    local_settle(bench.log);
    struct buffer buffer = {0};
    struct record record;
    struct error error;
    int64_t time_us = 0;
    for (uint64_t lsn = 1; lsn < bench.next_lsn; lsn += 13) {
        uint64_t found = 0;
        assert_ok(log_record_at(bench.log, lsn, &buffer, &record, &time_us, &error), error);
        assert_int_equal(record.key.data[7] - '0', lsn % 10);
        assert_ok(log_lsn_at(bench.log, time_us, &found, &error), error);
        assert_true(found == (lsn + 9) / 10 * 10); /* the last of its frame */
        assert_ok(log_lsn_at(bench.log, time_us - 1, &found, &error), error);
        assert_true(found == (lsn + 9) / 10 * 10 - 10);
    }
    assert_status(log_record_at(bench.log, bench.next_lsn, &buffer, &record, &time_us, &error),
                  STATUS_TRIMMED, error);
    buffer_reset(&buffer);
    bench_reset(&bench);
}

static void test_a_torn_end_is_cut(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    assert_int_equal(bench_append(&bench, 2, 100, 0, true), STATUS_OK);
    /* the second frame begins at the next multiple of 64 after the first; tear its middle */
    bench_overwrite(&bench, "0000000000000001.raw", SEGMENT_HEADER_BYTES + 640, bytes_of_text("torn"));
    bench_reopen(&bench);
    assert_true(bench.next_lsn == 4);
    bench_expect(&bench, 1, 3);
    assert_int_equal(bench_append(&bench, 2, 100, 0, true), STATUS_OK);
    bench_reopen(&bench);
    bench_expect(&bench, 1, 5);
    bench_reset(&bench);
}

static void expect_damage(struct bench *bench, const char *what)
{
    struct error error;
    log_close(&bench->log);
    assert_status(local_open(&bench->options, &bench->log, &error), STATUS_CORRUPT, error);
    if (strstr(error.text, what) == NULL) {
        print_error("the error does not name %s: %s\n", what, error.text);
        fail();
    }
}

static void test_damage_before_a_durable_record_stops_loudly(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    assert_int_equal(bench_append(&bench, 2, 100, 0, true), STATUS_OK);
    bench_overwrite(&bench, "0000000000000001.raw", SEGMENT_HEADER_BYTES + 100, bytes_of_text("damage"));
    expect_damage(&bench, "0000000000000001.raw: offset 4096");
    bench_reset(&bench);
}

static void test_damage_before_the_checkpoint_stops_loudly(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    bench_overwrite(&bench, "0000000000000001.raw", SEGMENT_HEADER_BYTES + 100, bytes_of_text("damage"));
    bench.options.checkpointed_lsn = 3;
    expect_damage(&bench, "0000000000000001.raw: offset 4096");
    bench_reset(&bench);
}

static void test_a_foreign_segment_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.options.identity.database[3] ^= 1;
    expect_damage(&bench, "horizon");
    bench_reset(&bench);
}

static void test_a_missing_segment_is_named(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    bench_init(&bench);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(bench_append(&bench, 5, 400, 0, true), STATUS_OK);
    }
    local_settle(bench.log);
    char *path = bench_path(&bench, "0000000000000001.seg");
    assert_ok(file_remove(path, &error), error);
    memory_destroy(path);
    expect_damage(&bench, "segment 0000000000000001 is missing");
    bench_reset(&bench);
}

/* Keys are told of complete transactions only, however far is asked for. */
static void expect_no_keys_from(struct bench *bench, uint64_t from)
{
    struct error error;
    struct log_keys *keys =
        log_keys_create(bench->log,
                        &(struct log_keys_range){.space = BENCH_TABLE, .until_lsn = UINT64_MAX - 1});
    struct bytes key;
    uint64_t lsn = 0;
    uint64_t count = 0;
    while (log_keys_next(keys, &key, &lsn, &error) == STATUS_OK) {
        assert_true(lsn < from);
        count++;
    }
    assert_true(count == from - 1);
    log_keys_destroy(&keys);
}

static void test_an_incomplete_chain_is_cut_from_its_first_piece(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_FIRST, true), STATUS_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_MIDDLE, true), STATUS_OK);
    }
    assert_true(log_tip(bench.log).next_lsn == 4);
    expect_no_keys_from(&bench, 4);
    bench_reopen(&bench);
    assert_true(bench.next_lsn == 4);
    assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_FIRST, true), STATUS_OK);
    assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_LAST, true), STATUS_OK);
    bench_reopen(&bench);
    bench_expect(&bench, 1, 83);
    bench_reset(&bench);
}

/* A chain that is complete is sealed but for its end, which lies in the segment that is written. */
static void test_a_chain_from_sealed_segments_is_recovered(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    bench_init(&bench);
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_FIRST, true), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_MIDDLE, true), STATUS_OK);
    }
    assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_LAST, true), STATUS_OK);
    assert_ok(log_sync(bench.log, bench.next_lsn - 1, &error), error);
    local_settle(bench.log);
    for (int i = 0; i < 2; i++) {
        bench_reopen(&bench);
        assert_true(log_tip(bench.log).next_lsn == 204 + (uint64_t)i);
        bench_expect(&bench, 1, 203 + (uint64_t)i);
        assert_int_equal(bench_append(&bench, 1, 100, 0, true), STATUS_OK);
    }
    bench_reset(&bench);
}

static void test_retention_moves_the_horizon(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    bench_init(&bench);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(bench_append(&bench, 5, 400, 0, true), STATUS_OK);
    }
    local_settle(bench.log);
    bench.now_us += 2 * 3600LL * 1000000; /* past the retention, but the store still needs everything */
    local_settle(bench.log);
    assert_true(log_tip(bench.log).first_lsn == 1);
    bench.ahead_us = 25 * 3600LL * 1000000; /* a clock that jumps is not believed */
    log_trim_allow(bench.log, 800);
    local_settle(bench.log);
    assert_true(log_tip(bench.log).first_lsn == 1);
    bench.ahead_us = 0;
    local_settle(bench.log);
    uint64_t first = log_tip(bench.log).first_lsn;
    assert_true(first > 1 && first <= 801);
    struct log_reader *reader = NULL;
    assert_status(log_reader_create(bench.log, first - 1, (struct log_filter){0}, &reader, &error),
                  STATUS_TRIMMED, error);
    bench_expect(&bench, first, bench.next_lsn - 1);
    bench_reopen(&bench);
    assert_true(log_tip(bench.log).first_lsn == first);
    bench_expect(&bench, first, bench.next_lsn - 1);
    bench_reset(&bench);
}

/* A process may end between writing the new horizon and giving it its name. */
static void test_a_half_made_horizon_goes_at_the_next_start(void **state)
{
    (void)state;
    struct bench bench;
    struct error error;
    struct file file = FILE_CLOSED;
    bench_init(&bench);
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    char *path = bench_path(&bench, "horizon.new");
    assert_ok(file_open(path, O_WRONLY | O_CREAT, &file, &error), error);
    file_close(&file);
    bench_reopen(&bench);
    bench_expect(&bench, 1, 3);
    assert_false(file_exists(path));
    memory_destroy(path);
    bench_reset(&bench);
}

static void test_a_full_log_refuses_and_stays_usable(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.options.log_bytes_max = 3 * BENCH_SEGMENT_BYTES;
    bench_reopen(&bench);
    enum status status = STATUS_OK;
    int appended = 0;
    while (status == STATUS_OK && appended < 1000) {
        status = bench_append(&bench, 1, 8000, 0, true);
        appended += status == STATUS_OK;
    }
    assert_int_equal(status, STATUS_FULL);
    bench_expect(&bench, 1, bench.next_lsn - 1);
    bench_reopen(&bench);
    bench_expect(&bench, 1, bench.next_lsn - 1);
    bench_reset(&bench);
}

/* Any single flipped bit of the files gives the same records, a shorter end that was not yet vouched for, or an error;
 * never other records. */
static void test_flipped_bits(void **state)
{
    (void)state;
    struct bench bench;
    struct random random;
    struct error error;
    random_init(&random, test_seed());
    bench_init(&bench);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(bench_append(&bench, 5, 400, 0, true), STATUS_OK);
    }
    uint64_t last = bench.next_lsn - 1;
    local_settle(bench.log);
    log_close(&bench.log);
    static const char *const names[] = {"0000000000000001.seg", "0000000000000003.raw", "horizon"};
    for (uint64_t round = 0; round < test_rounds(150); round++) {
        const char *name = names[random_below(&random, ARRAY_COUNT(names))];
        char *path = bench_path(&bench, name);
        struct buffer before = {0};
        assert_ok(file_read_whole(path, 1 << 20, &before, &error), error);
        uint64_t offset = random_below(&random, before.size);
        uint8_t flipped = before.data[offset] ^ (uint8_t)(1U << random_below(&random, 8));
        bench_overwrite(&bench, name, offset, bytes_of(&flipped, 1));
        bench.options.checkpointed_lsn = last;
        if (local_open(&bench.options, &bench.log, &error) == STATUS_OK) {
            struct log_reader *reader = NULL;
            struct log_part part;
            uint64_t lsn = 1;
            enum status status = log_reader_create(bench.log, 1, (struct log_filter){0}, &reader, &error);
            while (status == STATUS_OK) {
                status = log_reader_next(reader, last, &part, &error);
                lsn = status == STATUS_OK ? part.first_lsn + part.count : lsn;
            }
            assert_true(status == STATUS_CORRUPT || (status == STATUS_END && lsn == last + 1));
            log_reader_destroy(&reader);
            log_close(&bench.log);
        }
        bench_overwrite(&bench, name, 0, buffer_bytes(&before));
        buffer_reset(&before);
        memory_destroy(path);
    }
    bench_reset(&bench);
}

/* Every bit of a sealed segment's trailer means something. */
static void test_a_damaged_trailer_is_refused(void **state)
{
    (void)state;
    enum {
        TRAILER_BYTES = 24,
    };
    static const char name[] = "0000000000000001.seg";
    struct bench bench;
    struct error error;
    struct buffer whole = {0};
    bench_init(&bench);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(bench_append(&bench, 5, 400, 0, true), STATUS_OK);
    }
    local_settle(bench.log);
    log_close(&bench.log);
    char *path = bench_path(&bench, name);
    assert_ok(file_read_whole(path, 1 << 20, &whole, &error), error);
    for (size_t bit = 0; bit < (size_t)8 * TRAILER_BYTES; bit++) {
        size_t offset = whole.size - TRAILER_BYTES + bit / 8;
        uint8_t flipped = whole.data[offset] ^ (uint8_t)(1U << (bit % 8));
        bench_overwrite(&bench, name, offset, bytes_of(&flipped, 1));
        assert_status(local_open(&bench.options, &bench.log, &error), STATUS_CORRUPT, error);
        bench_overwrite(&bench, name, offset, bytes_of(whole.data + offset, 1));
    }
    memory_destroy(path);
    buffer_reset(&whole);
    assert_ok(local_open(&bench.options, &bench.log, &error), error);
    bench_reset(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_appended_is_read_and_recovered),
        cmocka_unit_test(test_many_segments_are_sealed_and_read_the_same),
        cmocka_unit_test(test_the_largest_records_are_sealed),
        cmocka_unit_test(test_keys_lead_to_every_change),
        cmocka_unit_test(test_a_record_is_found_by_its_lsn),
        cmocka_unit_test(test_a_torn_end_is_cut),
        cmocka_unit_test(test_damage_before_a_durable_record_stops_loudly),
        cmocka_unit_test(test_damage_before_the_checkpoint_stops_loudly),
        cmocka_unit_test(test_a_foreign_segment_is_refused),
        cmocka_unit_test(test_a_missing_segment_is_named),
        cmocka_unit_test(test_an_incomplete_chain_is_cut_from_its_first_piece),
        cmocka_unit_test(test_a_chain_from_sealed_segments_is_recovered),
        cmocka_unit_test(test_retention_moves_the_horizon),
        cmocka_unit_test(test_a_half_made_horizon_goes_at_the_next_start),
        cmocka_unit_test(test_a_full_log_refuses_and_stays_usable),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_a_damaged_trailer_is_refused),
    };
    return cmocka_run_group_tests_name("local/local", tests, NULL, NULL);
}
