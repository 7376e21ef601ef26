/* Diagnostics: a line an event, in both forms, whatever bytes a message has. */
#include "base/diagnostic.h"

#include <unistd.h>

#include "base/buffer.h"
#include "support/test.h"

/* What was written to standard error since capture_begin. */
struct capture {
    FILE *file;
    int before;
    char text[65536];
};

static void capture_begin(struct capture *capture)
{
    capture->file = tmpfile();
    assert_non_null(capture->file);
    capture->before = dup(STDERR_FILENO);
    assert_true(dup2(fileno(capture->file), STDERR_FILENO) >= 0);
}

static void capture_end(struct capture *capture)
{
    assert_true(dup2(capture->before, STDERR_FILENO) >= 0);
    (void)close(capture->before);
    rewind(capture->file);
    size_t size = fread(capture->text, 1, sizeof(capture->text) - 1, capture->file);
    capture->text[size] = '\0';
    (void)fclose(capture->file);
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void test_text(void **state)
{
    static struct capture capture;
    const struct diagnostic_field fields[] = {
        {.name = "ms", .text = bytes_of_text("1.5"), .is_number = true},
        {.name = "none"},
        {.name = "subject", .text = bytes_of_text("a \"b\"\nc")},
    };
    (void)state;
    diagnostic_form_set(DIAGNOSTIC_TEXT);
    capture_begin(&capture);
    diagnostic_write_fields(DIAGNOSTIC_WARNING, "slow", fields, ARRAY_COUNT(fields), "it\ttook %d\n\x1b[31m",
                            3);
    diagnostic_write(DIAGNOSTIC_DEBUG, "slow", "nobody sees it");
    capture_end(&capture);
    assert_int_equal(lines_of(capture.text), 1);
    assert_non_null(strstr(capture.text,
                           "Z warning slow: it\\ttook 3\\n\\u001b[31m ms=1.5 subject=\"a \\\"b\\\"\\nc\"\n"));
    assert_null(strstr(capture.text, "none"));
}

static void test_json(void **state)
{
    static struct capture capture;
    const struct diagnostic_field fields[] = {
        {.name = "ms", .text = bytes_of_text("1.5"), .is_number = true},
        {.name = "bad", .text = bytes_of_text("\xC3(\xFF")},
        {.name = "good", .text = bytes_of_text("gr\xC3\xBCn")},
    };
    (void)state;
    diagnostic_form_set(DIAGNOSTIC_JSON);
    capture_begin(&capture);
    diagnostic_write_fields(DIAGNOSTIC_ERROR, "log", fields, ARRAY_COUNT(fields), "a \"quote\" and a \\");
    capture_end(&capture);
    assert_int_equal(lines_of(capture.text), 1);
    assert_non_null(
        strstr(capture.text,
               "\"level\":\"error\",\"component\":\"log\",\"message\":\"a \\\"quote\\\" and a \\\\\","
               "\"ms\":1.5,\"bad\":\"?(?\",\"good\":\"gr\xC3\xBCn\"}\n"));
    assert_true(strncmp(capture.text, "{\"time\":\"20", 11) == 0);
}

/* Whatever is too long is cut, and the object still ends. */
static void test_bounds(void **state)
{
    static struct capture capture;
    struct buffer large = {0};
    (void)state;
    for (int i = 0; i < 3 * DIAGNOSTIC_LINE_BYTES_MAX; i++) {
        buffer_put_u8(&large, i % 2 == 0 ? 0xC3 : 0xBC);
    }
    const struct diagnostic_field fields[] = {
        {.name = "first", .text = buffer_bytes(&large)},
        {.name = "second", .text = bytes_of_text("no room")},
    };
    diagnostic_form_set(DIAGNOSTIC_JSON);
    capture_begin(&capture);
    diagnostic_write_fields(DIAGNOSTIC_ERROR, "log", fields, ARRAY_COUNT(fields), "%.*s", 1501,
                            (const char *)large.data);
    capture_end(&capture);
    size_t size = strlen(capture.text);
    assert_true(size <= DIAGNOSTIC_LINE_BYTES_MAX && size > DIAGNOSTIC_LINE_BYTES_MAX - 64);
    assert_string_equal(capture.text + size - 4, "\xBC\"}\n");
    assert_null(strstr(capture.text, "second"));
    assert_true(bytes_are_utf8(bytes_of_text(capture.text)));
    buffer_reset(&large);
}

/* What happens a hundred times is told once, and the next time with how often it was not. */
static void test_rarely(void **state)
{
    static struct capture capture;
    struct diagnostic_rate rate = {0};
    (void)state;
    diagnostic_form_set(DIAGNOSTIC_TEXT);
    capture_begin(&capture);
    for (int i = 0; i < 100; i++) {
        diagnostic_write_rarely(&rate, DIAGNOSTIC_WARNING, "job", "number %d", i);
    }
    rate.since_us -= DIAGNOSTIC_RATE_US;
    diagnostic_write_rarely(&rate, DIAGNOSTIC_WARNING, "job", "number %d", 100);
    capture_end(&capture);
    assert_int_equal(lines_of(capture.text), 2);
    assert_non_null(strstr(capture.text, " warning job: number 0\n"));
    assert_non_null(strstr(capture.text, " warning job: number 100 held_back=99\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_rarely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
