/* Files: whole reads and writes, replacement, listing and the statuses of what goes wrong. */
#include "base/file.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/memory.h"
#include "support/test.h"

static void test_replace_and_read(void **state)
{
    (void)state;
    struct error error;
    char *directory = test_directory_create();
    struct buffer content = {0};
    char *path = file_path_join(directory, "side");
    assert_ok(file_replace(directory, "side", bytes_of_text("one"), &error), error);
    assert_ok(file_replace(directory, "side", bytes_of_text("two!"), &error), error);
    assert_ok(file_read_whole(path, 100, &content, &error), error);
    assert_true(bytes_equal(buffer_bytes(&content), bytes_of_text("two!")));
    assert_status(file_read_whole(path, 3, &content, &error), STATUS_TOO_LARGE, error);
    assert_status(file_read_whole("/nonexistent/file", 3, &content, &error), STATUS_NOT_FOUND, error);
    buffer_reset(&content);
    memory_destroy(path);
    test_directory_remove(directory);
}

static void test_reading_beyond_the_end(void **state)
{
    (void)state;
    struct error error;
    char *directory = test_directory_create();
    char *path = file_path_join(directory, "file");
    struct file file = FILE_CLOSED;
    char data[8];
    assert_ok(file_open(path, O_RDWR | O_CREAT | O_EXCL, &file, &error), error);
    assert_ok(file_write_at(&file, bytes_of_text("hello"), 10, &error), error);
    assert_ok(file_read_at(&file, data, 5, 10, &error), error);
    assert_memory_equal(data, "hello", 5);
    assert_status(file_read_at(&file, data, 6, 10, &error), STATUS_END, error);
    struct file second = FILE_CLOSED;
    assert_status(file_open(path, O_RDWR | O_CREAT | O_EXCL, &second, &error), STATUS_EXISTS, error);
    file_close(&file);
    memory_destroy(path);
    test_directory_remove(directory);
}

static void test_times_print_in_utc(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
    clock_format(1517966773840123, text);
    assert_string_equal(text, "2018-02-07T01:26:13.840123Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace_and_read),
        cmocka_unit_test(test_reading_beyond_the_end),
        cmocka_unit_test(test_times_print_in_utc),
    };
    return cmocka_run_group_tests_name("base/file", tests, NULL, NULL);
}
