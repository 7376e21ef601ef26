/* gzip of files: members after each other, in pieces of any size, and damage. */
#include "net/gzip.h"

#include "support/test.h"

/* Decodes, giving `piece` bytes at a time and taking about `most` out. */
static enum status decode(struct bytes encoded, size_t piece, size_t most, struct buffer *ret_decoded,
                          bool *ret_is_whole)
{
    struct gzip_decoder *decoder = gzip_decoder_create();
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (encoded.size > 0 || gzip_decoder_has_more(decoder))) {
        struct bytes part = bytes_part(encoded, 0, encoded.size < piece ? encoded.size : piece);
        size_t given = part.size;
        size_t before = ret_decoded->size;
        status = gzip_decoder_step(decoder, &part, most, ret_decoded);
        assert_true(ret_decoded->size - before < most + 65536);
        encoded = bytes_from(encoded, given - part.size);
    }
    *ret_is_whole = gzip_decoder_is_whole(decoder);
    gzip_decoder_destroy(&decoder);
    return status;
}

static void test_members(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 1000, 1000000};
    struct buffer text = {0};
    struct buffer encoded = {0};
    bool is_whole = false;
    for (size_t i = 0; i < 3; i++) {
        struct buffer part = {0};
        for (size_t k = 0; k < 100000 * i; k++) {
            buffer_put_text(&part, k % 97 == 0 ? "oxbow\n" : "ox");
        }
        gzip_encode(buffer_bytes(&part), &encoded);
        buffer_put(&text, buffer_bytes(&part));
        buffer_reset(&part);
    }
    for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
        struct buffer decoded = {0};
        assert_int_equal(decode(buffer_bytes(&encoded), pieces[i], 100000, &decoded, &is_whole), STATUS_OK);
        assert_true(is_whole);
        assert_true(bytes_equal(buffer_bytes(&text), buffer_bytes(&decoded)));
        buffer_reset(&decoded);
    }
    buffer_reset(&text);
    buffer_reset(&encoded);
}

static void test_damage(void **state)
{
    (void)state;
    struct buffer encoded = {0};
    struct buffer decoded = {0};
    bool is_whole = true;
    assert_int_equal(decode((struct bytes){0}, 1, 1, &decoded, &is_whole), STATUS_OK);
    assert_true(is_whole);
    gzip_encode(bytes_of_text("what is cut short ends nowhere"), &encoded);
    assert_int_equal(decode(bytes_part(buffer_bytes(&encoded), 0, encoded.size - 1), 5, 100, &decoded,
                            &is_whole),
                     STATUS_OK);
    assert_false(is_whole);
    encoded.data[encoded.size - 6] ^= 1; /* of the checksum */
    assert_int_equal(decode(buffer_bytes(&encoded), 5, 100, &decoded, &is_whole), STATUS_CORRUPT);
    assert_int_equal(decode(bytes_of_text("no gzip"), 5, 100, &decoded, &is_whole), STATUS_CORRUPT);
    buffer_reset(&encoded);
    buffer_reset(&decoded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests_name("net/gzip", tests, NULL, NULL);
}
