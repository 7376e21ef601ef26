#include "support/log.h"

#include <fcntl.h>

#include "base/memory.h"

static int64_t bench_time(void *context)
{
    return ((struct bench *)context)->now_us;
}

static int64_t bench_wall(void *context)
{
    struct bench *bench = context;
    return bench->now_us + bench->ahead_us;
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

void bench_open(struct bench *bench)
{
    struct error error;
    assert_ok(local_open(&bench->options, &bench->log, &error), error);
    local_seal_start(bench->log);
    bench->next_lsn = log_tip(bench->log).next_lsn;
    bench->term = log_tip(bench->log).term + 1;
}

void bench_init(struct bench *bench)
{
    struct error error;
    *bench = (struct bench){.directory = test_directory_create(), .now_us = 1700000000000000};
    bench->clock = (struct clock){.wall_us = bench_wall, .steady_us = bench_time, .context = bench};
    bench->options = (struct local_options){
        .directory = bench->directory,
        .identity = {.database = "0123456789abcde", .group = 1, .timeline = 1},
        .segment_bytes = BENCH_SEGMENT_BYTES,
        .retention_us = 3600LL * 1000000,
        .keys = {.visit = bench_keys},
        .clock = &bench->clock,
    };
    assert_ok(local_create(&bench->options, &error), error);
    bench_open(bench);
}

void bench_reset(struct bench *bench)
{
    log_close(&bench->log);
    test_directory_remove(bench->directory);
}

void bench_reopen(struct bench *bench)
{
    log_close(&bench->log);
    bench_open(bench);
}

enum status bench_append(struct bench *bench, uint32_t count, size_t size, uint8_t flags, bool is_synced)
{
    struct frame_builder builder = {0};
    struct buffer frame = {0};
    struct error error;
    uint8_t *image = memory_create(size);
    for (uint32_t i = 0; i < count; i++) {
        char key[32];
        int length = snprintf(key, sizeof(key), "row %04llu",
                              (unsigned long long)((bench->next_lsn + i) % BENCH_KEYS));
        struct record record = {.operation = OPERATION_INSERT,
                                .flags = RECORD_FIRST | RECORD_HAS_NEW,
                                .table = BENCH_TABLE,
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

void bench_expect(struct bench *bench, uint64_t from, uint64_t until)
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
            (void)snprintf(key, sizeof(key), "row %04llu", (unsigned long long)(lsn % BENCH_KEYS));
            assert_true(bytes_equal(record.key, bytes_of_text(key)));
            lsn++;
        }
        status = log_reader_next(reader, UINT64_MAX - 1, &part, &error);
    }
    assert_status(status, STATUS_END, error);
    assert_true(lsn == until + 1);
    log_reader_destroy(&reader);
}

char *bench_path(struct bench *bench, const char *name)
{
    return file_path_join(bench->directory, name);
}

void bench_overwrite(struct bench *bench, const char *name, uint64_t offset, struct bytes data)
{
    struct error error;
    struct file file = FILE_CLOSED;
    char *path = bench_path(bench, name);
    assert_ok(file_open(path, O_RDWR, &file, &error), error);
    assert_ok(file_write_at(&file, data, offset, &error), error);
    file_close(&file);
    memory_destroy(path);
}

/* The keys from "row 0010" on, or backwards those before "row 0040": each in its place, with its changes. */
static void expect_keys(struct bench *bench, uint64_t after, uint64_t until, bool is_reverse)
{
    struct error error;
    struct log_keys *keys =
        log_keys_create(bench->log,
                        &(struct log_keys_range){.space = BENCH_TABLE,
                                                 .from = bytes_of_text(is_reverse ? "row 0040" : "row 0010"),
                                                 .after_lsn = after,
                                                 .until_lsn = until,
                                                 .is_reverse = is_reverse});
    struct bytes key;
    uint64_t lsn = 0;
    size_t count = 0;
    char previous[32] = "";
    uint64_t previous_lsn = 0;
    while (log_keys_next(keys, &key, &lsn, &error) == STATUS_OK) {
        char text[32] = "";
        assert_true(key.size == 12 && bytes_get_u32(key.data) == BENCH_TABLE);
        memcpy(text, key.data + 4, 8);
        char expected[32];
        (void)snprintf(expected, sizeof(expected), "row %04llu", (unsigned long long)(lsn % BENCH_KEYS));
        assert_string_equal(text, expected);
        int order = previous_lsn == 0 ? 0 : strcmp(previous, text);
        order = order == 0 && previous_lsn > 0 ? (previous_lsn < lsn ? -1 : 1) : order;
        assert_true(previous_lsn == 0 || (is_reverse ? order > 0 : order < 0));
        memcpy(previous, text, sizeof(previous));
        previous_lsn = lsn;
        assert_true(lsn > after && lsn <= until);
        count++;
    }
    size_t expected_count = 0;
    for (uint64_t i = after + 1; i <= until; i++) {
        expected_count += is_reverse ? i % BENCH_KEYS < 40 : i % BENCH_KEYS >= 10;
    }
    assert_int_equal(count, expected_count);
    log_keys_destroy(&keys);
}

void bench_expect_keys(struct bench *bench, uint64_t after, uint64_t until)
{
    expect_keys(bench, after, until, false);
    expect_keys(bench, after, until, true);
}
