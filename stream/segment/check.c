/* Verifying a segment: all of its records, and what was derived from them when it was sealed. */
#include "segment_private.h"

/* What the records say that key index and footer should hold. */
struct segment_expected {
    struct segment_key_sink keys;
    struct segment_presences presences;
    uint64_t next_lsn;
};

static enum status check_records(struct segment *segment, const struct segment_keys *keys,
                                 struct segment_expected *expected, struct error *error)
{
    struct segment_range range = segment_range(segment);
    struct segment_cursor *cursor = segment_cursor_create(segment, range.first_lsn);
    struct segment_part part = {0};
    expected->next_lsn = range.first_lsn;
    enum status status = segment_cursor_next(cursor, &part, error);
    while (status == STATUS_OK) {
        if (part.first_lsn != expected->next_lsn) {
            status = error_set(error, STATUS_CORRUPT, "%s: the records from LSN %llu on are missing",
                               segment->file.path, (unsigned long long)expected->next_lsn);
            break;
        }
        expected->next_lsn += part.count;
        if (range.is_sealed) {
            status = segment__presences_note_part(&expected->presences, &part, error);
        }
        if (status == STATUS_OK && range.is_sealed) {
            status = segment__keys_visit_part(&expected->keys, keys, &part, error);
        }
        if (status == STATUS_OK) {
            status = segment_cursor_next(cursor, &part, error);
        }
    }
    segment_cursor_destroy(&cursor);
    if (status == STATUS_END && expected->next_lsn < range.next_lsn) {
        return error_set(error, STATUS_CORRUPT, "%s: the records from LSN %llu on are missing",
                         segment->file.path, (unsigned long long)expected->next_lsn);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check_keys(struct segment *segment, struct segment_expected *expected, struct error *error)
{
    struct segment_key_cursor *cursor = NULL;
    struct bytes key = {0};
    uint64_t lsn = 0;
    size_t i = 0;
    segment__keys_sort(&expected->keys);
    enum status status = segment_key_cursor_create(segment, NULL, (struct bytes){0}, false, &cursor, error);
    while (status == STATUS_OK) {
        status = segment_key_cursor_next(cursor, &key, &lsn, error);
        const struct segment_key_entry *entry = &expected->keys.entries[i];
        bool is_same = status == STATUS_OK && i < expected->keys.count && entry->lsn == lsn &&
                       bytes_equal(entry->key, key);
        if ((status == STATUS_OK && !is_same) || (status == STATUS_END && i < expected->keys.count)) {
            status = error_set(error, STATUS_CORRUPT,
                               "%s: the key index is not that of the records (entry %zu of %zu)",
                               segment->file.path, i + 1, expected->keys.count);
        }
        i++;
    }
    segment_key_cursor_destroy(&cursor);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check_presences(const struct segment *segment, const struct segment_expected *expected,
                                   struct error *error)
{
    const struct segment_presences *stored = &segment->presences;
    bool is_same = stored->count == expected->presences.count;
    for (size_t i = 0; i < stored->count && is_same; i++) {
        const struct segment_presence *a = &stored->list[i];
        const struct segment_presence *b = &expected->presences.list[i];
        is_same = a->table == b->table && a->shard == b->shard && a->first_lsn == b->first_lsn &&
                  a->last_lsn == b->last_lsn && a->count == b->count;
    }
    return is_same ? STATUS_OK
                   : error_set(error, STATUS_CORRUPT,
                               "%s: the footer does not tell which tables' records there are",
                               segment->file.path);
}

enum status segment_check(struct segment *segment, const struct segment_keys *keys, struct error *error)
{
    struct segment_expected expected = {0};
    enum status status = check_records(segment, keys, &expected, error);
    if (status == STATUS_OK && segment_range(segment).is_sealed) {
        status = check_keys(segment, &expected, error);
    }
    if (status == STATUS_OK && segment_range(segment).is_sealed) {
        status = check_presences(segment, &expected, error);
    }
    segment__keys_reset(&expected.keys);
    segment__presences_reset(&expected.presences);
    return status;
}
