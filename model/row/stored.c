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

struct hash128 stored_rows_checksum(struct hash128 before, struct bytes key, struct bytes image)
{
    uint8_t chained[32];
    struct hash128 row = stored_row_checksum(key, image);
    bytes_put_u64(chained, before.high);
    bytes_put_u64(chained + 8, before.low);
    bytes_put_u64(chained + 16, row.high);
    bytes_put_u64(chained + 24, row.low);
    return crypto_hash128((struct bytes){0}, bytes_of(chained, sizeof(chained)));
}
