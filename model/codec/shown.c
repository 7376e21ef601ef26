#include "codec/shown.h"

#include "codec/pack.h"
#include "row/document.h"

/* One image as a document in `document`; *is_there is false afterwards when it shows nothing. */
static enum status shown_image(const struct schema *schema, struct bytes key, struct bytes image, int64_t now,
                               bool *is_there, struct buffer *document, struct error *error)
{
    struct arena arena = {0};
    struct value item;
    buffer_clear(document);
    enum status status =
        *is_there ? document_of_wide(schema, key, image, now, &arena, &item, error) : STATUS_NOT_FOUND;
    *is_there = status == STATUS_OK;
    if (status == STATUS_OK) {
        codec_value_encode(document, &item);
    }
    arena_reset(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status codec_record_show(const struct schema *schema, int64_t commit_time_us, struct buffer *old,
                              struct buffer *new, struct record *record, struct error *error)
{
    int64_t old_now = 0;
    int64_t new_now = 0;
    if (schema->kind != TABLE_WIDE || record->operation > OPERATION_REMOVE) {
        return STATUS_OK;
    }
    struct buffer joined = {0};
    struct bytes old_image = record_old_image(record, &joined);
    bool has_old = (record->flags & RECORD_HAS_OLD) != 0;
    bool has_new = (record->flags & RECORD_HAS_NEW) != 0;
    enum status status =
        document_record_moments(record, old_image, commit_time_us, &old_now, &new_now, error);
    if (status == STATUS_OK) {
        status = shown_image(schema, record->key, old_image, old_now, &has_old, old, error);
    }
    if (status == STATUS_OK) {
        status = shown_image(schema, record->key, record->new_image, new_now, &has_new, new, error);
    }
    buffer_reset(&joined);
    record->flags &= (uint8_t) ~(RECORD_HAS_OLD | RECORD_HAS_NEW);
    record->flags |= (uint8_t)((has_old ? RECORD_HAS_OLD : 0) | (has_new ? RECORD_HAS_NEW : 0));
    record->new_image = buffer_bytes(new);
    record->old_prefix = (struct bytes){0};
    record->old_middle = buffer_bytes(old);
    record->old_suffix = (struct bytes){0};
    return status;
}
