/* Readers and buffers: what is put comes back, and no read passes the end. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/csv.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "support/test.h"

static void test_numbers_round_trip(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        struct buffer buffer = {0};
        buffer_put_varint(&buffer, numbers[i]);
        buffer_put_varint_signed(&buffer, (int64_t)numbers[i]);
        buffer_put_u64(&buffer, numbers[i]);
        buffer_put_u32(&buffer, (uint32_t)numbers[i]);
        buffer_put_u16(&buffer, (uint16_t)numbers[i]);
        struct reader reader = reader_of(buffer_bytes(&buffer));
        assert_true(reader_varint(&reader) == numbers[i]);
        assert_true(reader_varint_signed(&reader) == (int64_t)numbers[i]);
        assert_true(reader_u64(&reader) == numbers[i]);
        assert_true(reader_u32(&reader) == (uint32_t)numbers[i]);
        assert_true(reader_u16(&reader) == (uint16_t)numbers[i]);
        assert_true(reader_ended(&reader));
        buffer_reset(&buffer);
    }
}

static void test_csv(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct bytes *fields = NULL;
    size_t count = 0;
    struct bytes text = bytes_of_text("a;\"b;\"\"\n\"\"\";5\" pipe;\n\"left open\n");
    size_t size = csv_record_size(text, ';');
    assert_int_equal(size,
                     20); /* not the line end within quotes; the quote within a plain field opens nothing */
    assert_null(csv_split(bytes_part(text, 0, size), ';', 4, &arena, &fields, &count));
    assert_int_equal(count, 4);
    assert_true(bytes_equal(fields[0], bytes_of_text("a")) && fields[3].size == 0);
    assert_true(bytes_equal(fields[1], bytes_of_text("b;\"\n\"")));
    assert_true(bytes_equal(fields[2], bytes_of_text("5\" pipe")));
    assert_non_null(csv_split(bytes_part(text, 0, size), ';', 3, &arena, &fields, &count));
    text = bytes_from(text, size + 1);
    assert_int_equal(csv_record_size(text, ';'), text.size);
    assert_non_null(csv_split(text, ';', 4, &arena, &fields, &count));
    assert_null(csv_split((struct bytes){0}, ';', 4, &arena, &fields, &count));
    assert_int_equal(count, 1);
    arena_reset(&arena);
}

static void test_decimal_digits(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 9, 10, 99, 100, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        char text[24];
        struct buffer buffer = {0};
        buffer_put_decimal(&buffer, numbers[i]);
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)numbers[i]);
        assert_true(bytes_equal(buffer_bytes(&buffer), bytes_of_text(text)));
        buffer_reset(&buffer);
    }
}

static void test_a_buffer_outgrows_its_space(void **state)
{
    (void)state;
    uint8_t space[8];
    for (size_t size = 0; size < 200; size++) {
        struct buffer buffer = buffer_over(space, sizeof(space));
        for (size_t i = 0; i < size; i++) {
            buffer_put_u8(&buffer, (uint8_t)i);
        }
        assert_int_equal(buffer.size, size);
        assert_true((buffer.data == space) == (size <= sizeof(space)));
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(buffer.data[i], i);
        }
        buffer_reset(&buffer);
        assert_int_equal(buffer.capacity, 0);
        buffer_put_text(&buffer, "used on");
        buffer_reset(&buffer);
    }
}

static void test_malformed_varints_fail(void **state)
{
    (void)state;
    static const char *const malformed[] = {"", "\x80", "\x80\x00",
                                            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                                            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"};
    static const size_t sizes[] = {0, 1, 2, 10, 11};
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        struct reader reader = reader_of(bytes_of(malformed[i], sizes[i]));
        assert_true(reader_varint(&reader) == 0);
        assert_true(reader.failed);
    }
}

static void test_a_failed_reader_stays_failed(void **state)
{
    (void)state;
    struct reader reader = reader_of(bytes_of_text("ab"));
    assert_true(reader_u32(&reader) == 0);
    assert_true(reader.failed);
    assert_true(reader_u8(&reader) == 0);
    assert_true(reader_sized(&reader).size == 0);
    assert_false(reader_ended(&reader));
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x90\x82", "\xEF\xBF\xBF"};
    static const char *const bad[] = {
        "\x80",     "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xE2\x82", "\xC3("};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        assert_true(bytes_are_utf8(bytes_of_text(good[i])));
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(bytes_are_utf8(bytes_of_text(bad[i])));
    }
}

static void test_compare_orders_prefixes_first(void **state)
{
    (void)state;
    assert_true(bytes_compare(bytes_of_text("ab"), bytes_of_text("abc")) < 0);
    assert_true(bytes_compare(bytes_of_text("b"), bytes_of_text("abc")) > 0);
    assert_true(bytes_compare(bytes_of_text(""), bytes_of_text("")) == 0);
    assert_true(bytes_common_prefix(bytes_of_text("abcdefghijkl"), bytes_of_text("abcdefghijKl")) == 10);
}

static void test_what_is_found(void **state)
{
    (void)state;
    struct bytes none = {0};
    struct bytes text = bytes_of_text("oxbow ox");
    assert_ptr_equal(bytes_find(text, bytes_of_text("ow")), text.data + 3);
    assert_ptr_equal(bytes_find(text, bytes_of_text("ox")), text.data);
    assert_ptr_equal(bytes_find(bytes_from(text, 1), bytes_of_text("ox")), text.data + 6);
    assert_null(bytes_find(text, bytes_of_text("oxbow oxen")));
    assert_null(bytes_find(none, bytes_of_text("o")));
    assert_ptr_equal(bytes_find_byte(text, 'w'), text.data + 4);
    assert_null(bytes_find_byte(text, 'e'));
    assert_null(bytes_find_byte(none, 'o'));
}

static void test_arena_memory_is_zeroed_after_clear(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 20000; size = size * 3 + 1) {
            uint8_t *memory = arena_create(&arena, size);
            for (size_t i = 0; i < size; i++) {
                assert_true(memory[i] == 0);
                memory[i] = 0xFF;
            }
        }
        arena_clear(&arena);
    }
    arena_reset(&arena);
}

static void test_map_against_an_array(void **state)
{
    (void)state;
    enum {
        KEYS = 300,
    };
    struct random random;
    random_init(&random, test_seed());
    struct map *map = map_create();
    int *values[KEYS] = {NULL};
    static int marks[KEYS];
    for (uint64_t round = 0; round < test_rounds(20000); round++) {
        uint16_t k = (uint16_t)random_below(&random, KEYS);
        struct bytes key = bytes_of(&k, sizeof(k));
        if (random_below(&random, 2) == 0) {
            assert_ptr_equal(map_put(map, key, &marks[k]), values[k]);
            values[k] = &marks[k];
        } else {
            assert_ptr_equal(map_remove(map, key), values[k]);
            values[k] = NULL;
        }
        assert_ptr_equal(map_get(map, key), values[k]);
    }
    size_t expected = 0;
    for (uint16_t k = 0; k < (uint16_t)KEYS; k++) {
        assert_ptr_equal(map_get(map, bytes_of(&k, sizeof(k))), values[k]);
        expected += values[k] != NULL;
    }
    assert_true(map_count(map) == expected);
    map_destroy(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_round_trip),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_decimal_digits),
        cmocka_unit_test(test_a_buffer_outgrows_its_space),
        cmocka_unit_test(test_malformed_varints_fail),
        cmocka_unit_test(test_a_failed_reader_stays_failed),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_compare_orders_prefixes_first),
        cmocka_unit_test(test_what_is_found),
        cmocka_unit_test(test_arena_memory_is_zeroed_after_clear),
        cmocka_unit_test(test_map_against_an_array),
    };
    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
