/* Segments: bytes that a driver makes, both forms back and forth, torn and damaged ones. */
#include "segment.h"

#include "base/random.h"
#include "hex.h"

/* As the Python driver writes an OPTIONS of v5. */
static const char *const known = "090002 a4c8c1 050000000500000000 1086284d";

static void test_a_driver_s_segment(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer payload = {0};
    struct buffer written = {0};
    struct error error;
    bool is_self_contained = false;
    size_t used = 0;
    struct bytes input = hex(&arena, known);
    assert_int_equal(cql__crc24(0x020009, 3), 12699812);
    assert_int_equal(cql__segment_read(input, false, &payload, &is_self_contained, &used, &error),
                     SEGMENT_WHOLE);
    assert_int_equal(used, input.size);
    assert_true(is_self_contained);
    assert_hex(buffer_bytes(&payload), "050000000500000000");
    cql__segment_write(buffer_bytes(&payload), false, &written);
    assert_bytes(buffer_bytes(&written), input);
    buffer_reset(&payload);
    buffer_reset(&written);
    arena_reset(&arena);
}

/* Reads all segments of `input`, checking that no part of one passes for one. */
static void read_all(struct bytes input, bool is_lz4, bool expects_self_contained, struct buffer *payload)
{
    struct error error;
    while (input.size > 0) {
        size_t used = 0;
        size_t before = payload->size;
        bool is_self_contained = false;
        size_t step = input.size > 1000 ? 997 : 1;
        enum segment_result result = SEGMENT_MORE;
        for (size_t size = 0; result == SEGMENT_MORE; size += step) {
            struct bytes torn = bytes_part(input, 0, size < input.size ? size : input.size);
            result = cql__segment_read(torn, is_lz4, payload, &is_self_contained, &used, &error);
            assert_true(result == SEGMENT_WHOLE || payload->size == before);
        }
        assert_int_equal(result, SEGMENT_WHOLE);
        assert_int_equal(is_self_contained, expects_self_contained);
        input = bytes_from(input, used);
    }
}

static void test_back_and_forth(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,     9, 1000, SEGMENT_PAYLOAD_BYTES_MAX, SEGMENT_PAYLOAD_BYTES_MAX + 1,
                                   300000};
    struct random random;
    random_init(&random, test_seed());
    for (size_t i = 0; i < ARRAY_COUNT(sizes) * 4; i++) {
        struct buffer plain = {0};
        struct buffer written = {0};
        struct buffer payload = {0};
        size_t size = sizes[i / 4];
        bool is_lz4 = i % 2 == 0;
        memset(buffer_extend(&plain, size), 'z', size);
        if (i % 4 < 2) {
            random_fill(&random, plain.data, size); /* what does not get smaller */
        }
        cql__segment_write(buffer_bytes(&plain), is_lz4, &written);
        read_all(buffer_bytes(&written), is_lz4, size <= SEGMENT_PAYLOAD_BYTES_MAX, &payload);
        assert_bytes(buffer_bytes(&payload), buffer_bytes(&plain));
        assert_true(!is_lz4 || i % 4 < 2 || size < 100 || written.size < size / 10);
        buffer_reset(&plain);
        buffer_reset(&written);
        buffer_reset(&payload);
    }
}

/* Any bit that is turned is found, or makes the segment longer than the input. */
static void test_damage(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        struct buffer written = {0};
        cql__segment_write(bytes_of_text("a payload that repeats, that repeats, that repeats"), form == 1,
                           &written);
        for (size_t bit = 0; bit < written.size * 8; bit++) {
            struct buffer payload = {0};
            struct error error;
            bool is_self_contained = false;
            size_t used = 0;
            written.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(cql__segment_read(buffer_bytes(&written), form == 1, &payload,
                                               &is_self_contained, &used, &error),
                             SEGMENT_BROKEN);
            assert_non_null(strstr(error.text, "corrupt"));
            written.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            buffer_reset(&payload);
        }
        buffer_reset(&written);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_driver_s_segment),
        cmocka_unit_test(test_back_and_forth),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests_name("cql/segment", tests, NULL, NULL);
}
