#include "row/stored.h"

void stored_row_encode(struct bytes key, struct bytes image, struct buffer *buffer)
{
    buffer_put_sized(buffer, key);
    buffer_put(buffer, image);
}

enum status stored_row_decode(struct bytes stored, struct bytes *ret_key, struct bytes *ret_image,
                              struct error *error)
{
    struct reader reader = reader_of(stored);
    struct bytes key = reader_sized(&reader);
    if (reader.failed) {
        (void)error_set(error, STATUS_CORRUPT, "a malformed row in the store");
        return STATUS_CORRUPT;
    }
    *ret_key = key;
    *ret_image = reader.rest;
    return STATUS_OK;
}
