/* Compression of bodies in v3 and v4 (native protocol v4, section 5), and of v5's segments.
 *
 *   lz4      length of the plain body 4, big-endian · a block       snappy   what snappy makes, its length included */
#ifndef CQL_COMPRESS_H
#define CQL_COMPRESS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

enum cql_compression {
    CQL_PLAIN,
    CQL_LZ4,
    CQL_SNAPPY,
};

/* The plain body, in `arena`. STATUS_INVALID: it is none, or longer than `bytes_max`. */
MUST_USE enum status cql__decompress(enum cql_compression compression, struct bytes body, size_t bytes_max,
                                     struct arena *arena, struct bytes *ret_plain, struct error *error);
/* Appends the compressed body. False when it gets no smaller; the buffer is then as before. */
bool cql__compress(enum cql_compression compression, struct bytes plain, struct buffer *buffer);

/* An lz4 block without a length before it: exactly `plain_bytes` have to come out into `room`. */
bool cql__block_decompress(struct bytes block, uint8_t *room, size_t plain_bytes);
/* Appends a block. False when it gets no smaller; the buffer is then as before. */
bool cql__block_compress(struct bytes plain, struct buffer *buffer);

#endif
