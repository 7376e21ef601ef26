#include "coding.h"

#include <strings.h>

#define ZLIB_CONST
#include <zlib.h>

enum {
    CODING_STEP_BYTES = 64 * 1024,
    CODING_LEVEL = 1,           /* README, "Decisions" */
    CODING_SHORT_BYTES = 32768, /* up to here: */
    CODING_WINDOW_SHORT = 13,   /* setting up the tables of a larger window would cost more than the work */
    CODING_MEMORY_SHORT = 7,
    CODING_WINDOW = 15,
    CODING_MEMORY = 8,
    CODING_GZIP_WINDOW = 16, /* zlib's way to be told: added to the window */
};

static const struct {
    const char *name;
    enum coding coding;
} coding_names[] = {
    {"identity", CODING_IDENTITY},
    {"gzip", CODING_GZIP},
    {"deflate", CODING_DEFLATE},
    {"x-gzip", CODING_GZIP},
};

bool net__coding_find(struct bytes name, enum coding *ret_coding)
{
    for (size_t i = 0; i < ARRAY_COUNT(coding_names); i++) {
        if (name.size == strlen(coding_names[i].name) &&
            strncasecmp((const char *)name.data, coding_names[i].name, name.size) == 0) {
            *ret_coding = coding_names[i].coding;
            return true;
        }
    }
    return false;
}

const char *net__coding_name(enum coding coding)
{
    return coding_names[coding].name;
}

static int coding_window(enum coding coding, int window)
{
    CHECK(coding != CODING_IDENTITY);
    return coding == CODING_GZIP ? CODING_GZIP_WINDOW + window : window;
}

/* One step of output. STATUS_END when a stream ended. */
static enum status decode_step(z_stream *stream, size_t bytes_max, struct buffer *decoded)
{
    size_t left = bytes_max - decoded->size;
    size_t room =
        left < CODING_STEP_BYTES ? left + 1 : CODING_STEP_BYTES; /* one more shows that it is too large */
    stream->next_out = buffer_extend(decoded, room);
    stream->avail_out = (uInt)room;
    int code = inflate(stream, Z_NO_FLUSH);
    decoded->size -= stream->avail_out;
    if (decoded->size > bytes_max) {
        return STATUS_TOO_LARGE;
    }
    if (code == Z_STREAM_END) {
        return STATUS_END;
    }
    CHECK(code != Z_MEM_ERROR && code != Z_STREAM_ERROR);
    return code == Z_OK ? STATUS_OK : STATUS_CORRUPT; /* Z_BUF_ERROR: the input is cut short */
}

enum status net__coding_decode(enum coding coding, struct bytes encoded, size_t bytes_max,
                               struct buffer *ret_decoded)
{
    z_stream stream = {.next_in = encoded.data, .avail_in = (uInt)encoded.size};
    enum status status = STATUS_OK;
    CHECK(encoded.size <= UINT32_MAX && ret_decoded->size == 0);
    CHECK(inflateInit2(&stream, coding_window(coding, CODING_WINDOW)) == Z_OK);
    while (status == STATUS_OK) {
        status = decode_step(&stream, bytes_max, ret_decoded);
        if (status == STATUS_END && stream.avail_in > 0 && coding == CODING_GZIP) {
            CHECK(inflateReset(&stream) == Z_OK); /* members may follow each other (RFC 1952 section 2.2) */
            status = STATUS_OK;
        }
    }
    (void)inflateEnd(&stream);
    if (status == STATUS_END) {
        return stream.avail_in == 0 ? STATUS_OK : STATUS_CORRUPT;
    }
    return status;
}

bool net__coding_encode(enum coding coding, struct bytes body, struct buffer *ret_encoded)
{
    z_stream stream = {.next_in = body.data, .avail_in = (uInt)body.size};
    size_t before = ret_encoded->size;
    if (body.size == 0 || body.size > UINT32_MAX) {
        return false;
    }
    bool is_short = body.size <= CODING_SHORT_BYTES;
    int window = coding_window(coding, is_short ? CODING_WINDOW_SHORT : CODING_WINDOW);
    CHECK(deflateInit2(&stream, CODING_LEVEL, Z_DEFLATED, window,
                       is_short ? CODING_MEMORY_SHORT : CODING_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK);
    int code = Z_OK;
    while (code == Z_OK && ret_encoded->size - before < body.size) {
        size_t left = body.size - (ret_encoded->size - before);
        size_t room = left < CODING_STEP_BYTES ? left : CODING_STEP_BYTES;
        stream.next_out = buffer_extend(ret_encoded, room);
        stream.avail_out = (uInt)room;
        code = deflate(&stream, Z_FINISH);
        ret_encoded->size -= stream.avail_out;
    }
    (void)deflateEnd(&stream);
    if (code != Z_STREAM_END || ret_encoded->size - before >= body.size) {
        ret_encoded->size = before;
        return false;
    }
    return true;
}
