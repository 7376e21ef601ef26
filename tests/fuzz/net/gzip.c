/* gzip of files: pieces of any size come to the same, and what was encoded comes back. */
#include "net/gzip.h"

#include "support/fuzz.h"

static enum status decode(struct bytes encoded, size_t piece, struct buffer *ret_decoded)
{
    struct gzip_decoder *decoder = gzip_decoder_create();
    enum status status = STATUS_OK;
    while (status == STATUS_OK && ret_decoded->size < 1000000 &&
           (encoded.size > 0 || gzip_decoder_has_more(decoder))) {
        struct bytes part = bytes_part(encoded, 0, encoded.size < piece ? encoded.size : piece);
        size_t given = part.size;
        status = gzip_decoder_step(decoder, &part, 1000, ret_decoded);
        encoded = bytes_from(encoded, given - part.size);
    }
    gzip_decoder_destroy(&decoder);
    return status;
}

void fuzz_one(struct bytes input)
{
    struct buffer whole = {0};
    struct buffer pieces = {0};
    struct buffer encoded = {0};
    enum status status = decode(input, 1000000, &whole);
    CHECK(decode(input, 3, &pieces) == status);
    CHECK(status != STATUS_OK || bytes_equal(buffer_bytes(&whole), buffer_bytes(&pieces)));
    buffer_clear(&whole);
    gzip_encode(input, &encoded);
    CHECK(decode(buffer_bytes(&encoded), 1000000, &whole) == STATUS_OK);
    CHECK(bytes_equal(buffer_bytes(&whole), input));
    buffer_reset(&whole);
    buffer_reset(&pieces);
    buffer_reset(&encoded);
}
