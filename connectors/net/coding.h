/* Content codings (RFC 9110 section 8.4.1): gzip and deflate, by zlib. */
#ifndef NET_CODING_H
#define NET_CODING_H

#include "base/buffer.h"
#include "base/check.h"
#include "base/status.h"

enum coding {
    CODING_IDENTITY,
    CODING_GZIP,
    CODING_DEFLATE, /* which is zlib's format (RFC 1950), not bare deflate */
};

/* The coding of that name, whatever its case; "x-gzip" is gzip. False for any other name. */
bool net__coding_find(struct bytes name, enum coding *ret_coding);
const char *net__coding_name(enum coding coding);

/* Appends what `encoded` stands for. STATUS_TOO_LARGE as soon as that is more than `bytes_max`, STATUS_CORRUPT when it is
 * damaged, cut short, or followed by something else. *ret_decoded is then of no use. */
MUST_USE enum status net__coding_decode(enum coding coding, struct bytes encoded, size_t bytes_max,
                                        struct buffer *ret_decoded);
/* Appends the encoded form; false, and nothing appended, when it would not be shorter. */
bool net__coding_encode(enum coding coding, struct bytes body, struct buffer *ret_encoded);

#endif
