#include "catalog/rows.h"

#include "row/stored.h"

enum status catalog_rows_visit(struct environment_cursor *cursor, uint32_t space,
                               enum status (*visit)(void *context, struct bytes image, struct error *error),
                               void *context, struct error *error)
{
    uint8_t low[4] = {0};
    struct bytes prefix = bytes_of(low, sizeof(low));
    bytes_put_u32(low, space);
    enum status status = environment_cursor_seek_at_or_after(cursor, prefix, error);
    while (status == STATUS_OK && bytes_start_with(environment_cursor_key(cursor), prefix)) {
        struct bytes stored = {0};
        struct bytes key = {0};
        struct bytes image = {0};
        status = environment_cursor_value(cursor, &stored, error);
        if (status == STATUS_OK) {
            status = stored_row_decode(stored, &key, &image, error);
        }
        if (status == STATUS_OK) {
            status = visit(context, image, error);
        }
        if (status == STATUS_OK) {
            status = environment_cursor_next(cursor, error);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}
