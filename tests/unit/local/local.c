/* The log in files: order, recovery of a torn end, loud stops on damage, sealing, keys, retention. */
#include "local/local.h"

#include <fcntl.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/test.h"

enum {
    TABLE = 100,
    SEGMENT = 64 * 1024,
};

struct bench { /* a log under test and the clock it believes in */
    char *directory;
    struct log *log;
    struct local_options options;
    struct clock clock;
    _Atomic int64_t now_us; /* the keeper thread asks too */
    uint64_t next_lsn;
    uint64_t term;
};

static int64_t bench_time(void *context)
{
    return ((struct bench *)context)->now_us;
}

/* A record's key is its own; the space is its table. */
static enum status bench_keys(void *context, const struct record *record, struct segment_key_sink *sink,
                              struct error *error)
{
    (void)context;
    (void)error;
    segment_key_add(sink, record->table, record->key);
    return STATUS_OK;
}

static void bench_open(struct bench *bench)
{
    struct error error;
    assert_ok(local_open(&bench->options, &bench->log, &error), error);
    local_seal_start(bench->log);
    bench->next_lsn = log_tip(bench->log).next_lsn;
    bench->term = log_tip(bench->log).term + 1;
}

static void bench_init(struct bench *bench)
{
    struct error error;
    *bench = (struct bench){.directory = test_directory_create(), .now_us = 1700000000000000};
    bench->clock = (struct clock){.wall_us = bench_time, .steady_us = bench_time, .context = bench};
    bench->options = (struct local_options){
        .directory = bench->directory,
        .identity = {.database = "0123456789abcde", .group = 1, .timeline = 1},
        .segment_bytes = SEGMENT,
        .retention_us = 3600LL * 1000000,
        .keys = {.visit = bench_keys},
        .clock = &bench->clock,
    };
    assert_ok(local_create(&bench->options, &error), error);
    bench_open(bench);
}

static void bench_reset(struct bench *bench)
{
    log_close(&bench->log);
    test_directory_remove(bench->directory);
}

static void bench_reopen(struct bench *bench)
{
    log_close(&bench->log);
    bench_open(bench);
}

/* Appends one frame of `count` records "row NNN" with `size` bytes each. */
static enum status bench_append(struct bench *bench, uint32_t count, size_t size, uint8_t flags,
                                bool is_synced)
{
    struct frame_builder builder = {0};
    struct buffer frame = {0};
    struct error error;
    uint8_t *image = memory_create(size);
    for (uint32_t i = 0; i < count; i++) {
        char key[32];
        int length =
            snprintf(key, sizeof(key), "row %04llu", (unsigned long long)((bench->next_lsn + i) % 50));
        struct record record = {.operation = OPERATION_INSERT,
                                .flags = RECORD_FIRST | RECORD_HAS_NEW,
                                .table = TABLE,
                                .key = bytes_of(key, (size_t)length),
                                .new_image = bytes_of(image, size)};
        frame_builder_add(&builder, &record);
    }
    bench->now_us += 1000;
    struct frame_header header = {.flags = flags,
                                  .term = bench->term,
                                  .first_lsn = bench->next_lsn,
                                  .synced_lsn = log_tip(bench->log).synced_lsn,
                                  .commit_time_us = bench->now_us};
    frame_builder_finish(&builder, &header, bench->log->seed, &frame);
    assert_ok(frame_header_decode(buffer_bytes(&frame), bench->log->seed, &header, &error), error);
    enum status status = log_append(bench->log, buffer_bytes(&frame), &header, 1, is_synced, false, &error);
    if (status == STATUS_OK) {
        bench->next_lsn += count;
    }
    frame_builder_reset(&builder);
    buffer_reset(&frame);
    memory_destroy(image);
    return status;
}

static void bench_expect(struct bench *bench, uint64_t from, uint64_t until)
{
    struct error error;
    struct log_reader *reader = NULL;
    struct log_part part;
    uint64_t lsn = from;
    assert_ok(log_reader_create(bench->log, from, (struct log_filter){0}, &reader, &error), error);
    enum status status = log_reader_next(reader, UINT64_MAX - 1, &part, &error);
    while (status == STATUS_OK) {
        struct reader records = reader_of(part.records);
        assert_true(part.first_lsn == lsn);
        for (uint32_t i = 0; i < part.count; i++) {
            struct record record;
            char key[32];
            assert_ok(record_decode(&records, &record, &error), error);
            (void)snprintf(key, sizeof(key), "row %04llu", (unsigned long long)(lsn % 50));
            assert_true(bytes_equal(record.key, bytes_of_text(key)));
            lsn++;
        }
        status = log_reader_next(reader, UINT64_MAX - 1, &part, &error);
    }
    assert_status(status, STATUS_END, error);
    assert_true(lsn == until + 1);
    log_reader_destroy(&reader);
}

static char *bench_path(struct bench *bench, const char *name)
{
    return file_path_join(bench->directory, name);
}

static void bench_overwrite(struct bench *bench, const char *name, uint64_t offset, struct bytes data)
{
    struct error error;
    struct file file = FILE_CLOSED;
    char *path = bench_path(bench, name);
    assert_ok(file_open(path, O_RDWR, &file, &error), error);
    assert_ok(file_write_at(&file, data, offset, &error), error);
    file_close(&file);
    memory_destroy(path);
}

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

static void expect_keys(struct bench *bench, uint64_t after, uint64_t until)
{
    struct error error;
    struct log_keys *keys = NULL;
    struct bytes key;
    uint64_t lsn = 0;
    size_t count = 0;
    char previous[32] = "";
    uint64_t previous_lsn = 0;
    assert_ok(log_keys_create(bench->log, TABLE, bytes_of_text("row 0010"), after, until, &keys, &error),
              error);
    while (log_keys_next(keys, &key, &lsn, &error) == STATUS_OK) {
        char text[32] = "";
        assert_true(key.size == 12 && bytes_get_u32(key.data) == TABLE);
        memcpy(text, key.data + 4, 8);
        char expected[32];
        (void)snprintf(expected, sizeof(expected), "row %04llu", (unsigned long long)(lsn % 50));
        assert_string_equal(text, expected);
        int order = strcmp(previous, text);
        assert_true(order < 0 || (order == 0 && previous_lsn < lsn));
        memcpy(previous, text, sizeof(previous));
        previous_lsn = lsn;
        assert_true(lsn > after && lsn <= until);
        count++;
    }
    size_t expected_count = 0;
    for (uint64_t i = after + 1; i <= until; i++) {
        expected_count += i % 50 >= 10;
    }
    assert_int_equal(count, expected_count);
    log_keys_destroy(&keys);
}

static void test_keys_lead_to_every_change(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    for (int i = 0; i < 150; i++) {
        assert_int_equal(bench_append(&bench, 7, 300, 0, true), STATUS_OK);
    }
    expect_keys(&bench, 0, bench.next_lsn - 1);
    local_settle(bench.log);
    expect_keys(&bench, 0, bench.next_lsn - 1);
    expect_keys(&bench, 500, 900);
    assert_int_equal(bench_append(&bench, 7, 300, 0, true), STATUS_OK);
    expect_keys(&bench, bench.next_lsn - 20, bench.next_lsn - 1);
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
    bench_reopen(&bench);
    assert_true(bench.next_lsn == 4);
    assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_FIRST, true), STATUS_OK);
    assert_int_equal(bench_append(&bench, 40, 1000, FRAME_CHAIN_LAST, true), STATUS_OK);
    bench_reopen(&bench);
    bench_expect(&bench, 1, 83);
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
    log_trim_allow(bench.log, 800);
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
    bench.options.log_bytes_max = 3 * SEGMENT;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_appended_is_read_and_recovered),
        cmocka_unit_test(test_many_segments_are_sealed_and_read_the_same),
        cmocka_unit_test(test_keys_lead_to_every_change),
        cmocka_unit_test(test_a_record_is_found_by_its_lsn),
        cmocka_unit_test(test_a_torn_end_is_cut),
        cmocka_unit_test(test_damage_before_a_durable_record_stops_loudly),
        cmocka_unit_test(test_damage_before_the_checkpoint_stops_loudly),
        cmocka_unit_test(test_a_foreign_segment_is_refused),
        cmocka_unit_test(test_a_missing_segment_is_named),
        cmocka_unit_test(test_an_incomplete_chain_is_cut_from_its_first_piece),
        cmocka_unit_test(test_retention_moves_the_horizon),
        cmocka_unit_test(test_a_half_made_horizon_goes_at_the_next_start),
        cmocka_unit_test(test_a_full_log_refuses_and_stays_usable),
        cmocka_unit_test(test_flipped_bits),
    };
    return cmocka_run_group_tests_name("local/local", tests, NULL, NULL);
}
