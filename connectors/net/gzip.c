#include "net/gzip.h"

#include "base/memory.h"

#define ZLIB_CONST
#include <zlib.h>

enum {
    GZIP_STEP_BYTES = 64 * 1024,
    GZIP_LEVEL = 6,        /* files are kept; answers, which are not, have level 1 (coding.c) */
    GZIP_WINDOW = 15 + 16, /* zlib's way to be told that it is gzip */
    GZIP_MEMORY = 8,
};

void gzip_encode(struct bytes bytes, struct buffer *ret_encoded)
{
    z_stream stream = {.next_in = bytes.data, .avail_in = (uInt)bytes.size};
    int code = Z_OK;
    CHECK(bytes.size <= UINT32_MAX);
    CHECK(deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) ==
          Z_OK);
    while (code == Z_OK) {
        stream.next_out = buffer_extend(ret_encoded, GZIP_STEP_BYTES);
        stream.avail_out = GZIP_STEP_BYTES;
        code = deflate(&stream, Z_FINISH);
        ret_encoded->size -= stream.avail_out;
    }
    (void)deflateEnd(&stream);
    CHECK(code == Z_STREAM_END);
}

struct gzip_decoder {
    z_stream stream;
    bool is_whole; /* between members, or before the first */
    bool has_more; /* the last piece of output was full */
};

struct gzip_decoder *gzip_decoder_create(void)
{
    struct gzip_decoder *decoder = memory_create(sizeof(*decoder));
    decoder->is_whole = true;
    CHECK(inflateInit2(&decoder->stream, GZIP_WINDOW) == Z_OK);
    return decoder;
}

void gzip_decoder_destroy(struct gzip_decoder **decoder)
{
    struct gzip_decoder *gone = *decoder;
    *decoder = NULL;
    if (gone != NULL) {
        (void)inflateEnd(&gone->stream);
        memory_destroy(gone);
    }
}

enum status gzip_decoder_step(struct gzip_decoder *decoder, struct bytes *encoded, size_t bytes_max,
                              struct buffer *ret_decoded)
{
    size_t before = ret_decoded->size;
    CHECK(encoded->size <= UINT32_MAX);
    while ((encoded->size > 0 || decoder->has_more) && ret_decoded->size - before < bytes_max) {
        z_stream *stream = &decoder->stream;
        if (decoder->is_whole) {
            CHECK(inflateReset(stream) == Z_OK);
        }
        stream->next_in = encoded->data;
        stream->avail_in = (uInt)encoded->size;
        stream->next_out = buffer_extend(ret_decoded, GZIP_STEP_BYTES);
        stream->avail_out = GZIP_STEP_BYTES;
        int code = inflate(stream, Z_NO_FLUSH);
        ret_decoded->size -= stream->avail_out;
        *encoded = bytes_from(*encoded, encoded->size - stream->avail_in);
        decoder->is_whole = code == Z_STREAM_END;
        decoder->has_more = code == Z_OK && stream->avail_out == 0;
        CHECK(code != Z_MEM_ERROR && code != Z_STREAM_ERROR);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            return STATUS_CORRUPT;
        }
    }
    return STATUS_OK;
}

bool gzip_decoder_has_more(const struct gzip_decoder *decoder)
{
    return decoder->has_more;
}

bool gzip_decoder_is_whole(const struct gzip_decoder *decoder)
{
    return decoder->is_whole;
}
