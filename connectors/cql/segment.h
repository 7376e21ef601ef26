/* Segments: what v5 puts envelopes into once STARTUP is answered (native protocol v5, section 2). Its name there is
 * "frame". Numbers are little-endian.
 *
 *   plain   payload's length 17 bits · is self-contained 1 · padding 6 · CRC-24 of these 3 bytes 3
 *   lz4     length as sent 17 bits · plain length 17 (0: it was not compressed) · is self-contained 1 · padding 5 ·
 *           CRC-24 of these 5 bytes 3
 *   both    payload · CRC-32 of it as sent, seeded with FA 2D 55 CA 4
 *
 * A self-contained segment holds whole envelopes; others are the parts of one that is too long. */
#ifndef CQL_SEGMENT_H
#define CQL_SEGMENT_H

#include "base/buffer.h"
#include "base/error.h"

enum {
    SEGMENT_PAYLOAD_BYTES_MAX = (1 << 17) - 1,
};

enum segment_result {
    SEGMENT_WHOLE,  /* *ret_used bytes were one; its plain payload was appended */
    SEGMENT_MORE,   /* it goes on in bytes that have to come first */
    SEGMENT_BROKEN, /* a checksum is wrong, or it does not decompress: to be told, and the connection closed */
};

enum segment_result cql__segment_read(struct bytes input, bool is_lz4, struct buffer *payload,
                                      bool *ret_is_self_contained, size_t *ret_used, struct error *error);

/* Appends whole envelopes as one segment, or the single one that `envelopes` is as several when it is too long. */
void cql__segment_write(struct bytes envelopes, bool is_lz4, struct buffer *buffer);

uint32_t cql__crc24(uint64_t bytes, size_t count); /* of the `count` lowest bytes, the lowest first */

#endif
