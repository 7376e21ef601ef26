/* A row as the store keeps it under its storage key: record key sized, then the image. */
#ifndef ROW_STORED_H
#define ROW_STORED_H

#include "base/buffer.h"
#include "base/error.h"

void stored_row_encode(struct bytes key, struct bytes image, struct buffer *buffer);
/* Views into `stored`. STATUS_CORRUPT. */
MUST_USE enum status stored_row_decode(struct bytes stored, struct bytes *ret_key, struct bytes *ret_image,
                                       struct error *error);

#endif
