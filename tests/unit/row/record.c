/* Change records: what is encoded comes back, and no damage is taken for a record. */
#include "row/record.h"

#include "base/random.h"
#include "support/test.h"

static struct record example(void)
{
    struct record record = {
        .operation = OPERATION_MODIFY,
        .flags = RECORD_FIRST | RECORD_HAS_NEW,
        .shard = 11,
        .hops = 3,
        .table = 70000,
        .generation = 2,
        .schema_version = 5,
        .key = bytes_of_text("the key"),
        .new_image = bytes_of_text("common new text common"),
        .actor = bytes_of_text("user:ada"),
        .cause = {.kind = CAUSE_FUNCTION, .function = bytes_of_text("hourly:4"), .lsn = 123456789},
        .trace = bytes_of_text("00-trace"),
    };
    return record;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct error error;
    struct record record = example();
    record_set_old_image(&record, bytes_of_text("common older text common"));
    struct buffer encoded = {0};
    struct buffer old = {0};
    record_encode(&encoded, &record);
    struct reader reader = reader_of(buffer_bytes(&encoded));
    struct record decoded;
    assert_ok(record_decode(&reader, &decoded, &error), error);
    assert_true(reader_ended(&reader));
    assert_int_equal(decoded.operation, OPERATION_MODIFY);
    assert_int_equal(decoded.shard, 11);
    assert_int_equal(decoded.table, 70000);
    assert_int_equal(decoded.hops, 3);
    assert_true(bytes_equal(decoded.key, record.key));
    assert_true(bytes_equal(decoded.new_image, record.new_image));
    assert_true(bytes_equal(record_old_image(&decoded, &old), bytes_of_text("common older text common")));
    assert_true(bytes_equal(decoded.cause.function, bytes_of_text("hourly:4")));
    assert_true(decoded.cause.lsn == 123456789);
    assert_true(bytes_equal(decoded.actor, record.actor));
    assert_true(bytes_equal(decoded.trace, record.trace));
    assert_status(record_decode(&reader, &decoded, &error), STATUS_END, error);
    buffer_reset(&old);
    buffer_reset(&encoded);
}

static void test_old_images_of_every_overlap(void **state)
{
    (void)state;
    static const char *const images[] = {"", "a", "aa", "aaa", "ab", "ba", "aba", "abab", "b"};
    for (size_t i = 0; i < ARRAY_COUNT(images); i++) {
        for (size_t k = 0; k < ARRAY_COUNT(images); k++) {
            struct record record = example();
            struct buffer old = {0};
            record.new_image = bytes_of_text(images[i]);
            record_set_old_image(&record, bytes_of_text(images[k]));
            assert_true(bytes_equal(record_old_image(&record, &old), bytes_of_text(images[k])));
            buffer_reset(&old);
        }
    }
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct error error;
    struct record record = example();
    struct record decoded;
    struct buffer encoded = {0};
    record_set_old_image(&record, bytes_of_text("old"));
    record_encode(&encoded, &record);
    for (size_t size = 1; size < encoded.size; size++) {
        struct reader reader = reader_of(bytes_of(encoded.data, size));
        assert_status(record_decode(&reader, &decoded, &error), STATUS_CORRUPT, error);
    }
    buffer_reset(&encoded);
}

static void test_random_damage_never_reads_outside(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, test_seed());
    for (uint64_t round = 0; round < test_rounds(5000); round++) {
        struct record record = example();
        struct record decoded;
        struct buffer encoded = {0};
        struct buffer old = {0};
        record_set_old_image(&record, bytes_of_text("common old"));
        record_encode(&encoded, &record);
        encoded.data[random_below(&random, encoded.size)] ^= (uint8_t)(1U << random_below(&random, 8));
        struct reader reader = reader_of(buffer_bytes(&encoded));
        if (record_decode(&reader, &decoded, NULL) == STATUS_OK) {
            assert_true(record_old_image(&decoded, &old).size <= 2 * encoded.size);
        }
        buffer_reset(&old);
        buffer_reset(&encoded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_old_images_of_every_overlap),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_random_damage_never_reads_outside),
    };
    return cmocka_run_group_tests_name("row/record", tests, NULL, NULL);
}
