/* A row as the store keeps it under its storage key: record key sized, then the image. */
#ifndef ROW_STORED_H
#define ROW_STORED_H

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/error.h"

void stored_row_encode(struct bytes key, struct bytes image, struct buffer *buffer);
/* Views into `stored`. STATUS_CORRUPT. */
MUST_USE enum status stored_row_decode(struct bytes stored, struct bytes *ret_key, struct bytes *ret_image,
                                       struct error *error);

/* What read sets and the additive hash know a row by. */
static inline struct hash128 stored_row_checksum(struct bytes key, struct bytes image)
{
    return crypto_hash128(key, image);
}

/* The additive hash of a set of rows is the sum of their checksums, modulo 2^128. */
static inline void stored_hash_add(struct hash128 *sum, struct hash128 hash)
{
    sum->low += hash.low;
    sum->high += hash.high + (sum->low < hash.low);
}

static inline void stored_hash_subtract(struct hash128 *sum, struct hash128 hash)
{
    uint64_t low = sum->low - hash.low;
    sum->high -= hash.high + (low > sum->low);
    sum->low = low;
}

/* Takes one more row into the checksum of a range, whose rows come in key order; {0} before the first. */
struct hash128 stored_rows_checksum(struct hash128 before, struct bytes key, struct bytes image);

#endif
