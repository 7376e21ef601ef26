/* Where the body of a request ends: after so many bytes, or after the last chunk (RFC 9112 sections 6 and 7.1).
 *
 * http-parser is not asked: as Debian builds it, it takes any two bytes for the end of a chunk. */
#ifndef NET_BODY_H
#define NET_BODY_H

#include "base/buffer.h"

enum body_state {
    BODY_SIZED,          /* `left` bytes follow, and nothing else */
    BODY_CHUNK_BEGIN,    /* the first digit of a chunk's size */
    BODY_CHUNK_SIZE,     /* more digits, an extension, or the end of the line */
    BODY_CHUNK_EXTENDED, /* in an extension, which is dropped */
    BODY_CHUNK_LF,
    BODY_CHUNK_DATA, /* `left` bytes follow, and their line's end */
    BODY_DATA_CR,
    BODY_DATA_LF,
    BODY_TRAILER_BEGIN, /* a line of the trailer section, which is dropped, or its end */
    BODY_TRAILER,
    BODY_TRAILER_LF,
    BODY_LAST_LF,
    BODY_WHOLE,
    BODY_REFUSED,
};

struct body {
    enum body_state state;
    uint64_t left;
    size_t dropped;   /* bytes of extensions and trailers */
    unsigned refusal; /* the status, when it is refused */
};

/* `size` must be bounded before. */
struct body net__body_sized(uint64_t size);
struct body net__body_chunked(void);

/* Appends what belongs to the body. Used is less than the input when it is whole (state BODY_WHOLE) or refused. */
size_t net__body_read(struct body *body, struct bytes input, size_t bytes_max, struct buffer *received);

#endif
