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

/* Takes one more row into the checksum of a range, whose rows come in key order; {0} before the first. */
struct hash128 stored_rows_checksum(struct hash128 before, struct bytes key, struct bytes image);

#endif
