/* Which tables and shards a segment holds, and how far. */
#include <stdlib.h>

#include "base/memory.h"
#include "segment_private.h"

static int presence_compare(const void *a, const void *b)
{
    const struct segment_presence *left = a;
    const struct segment_presence *right = b;
    if (left->table != right->table) {
        return left->table < right->table ? -1 : 1;
    }
    return (int)left->shard - (int)right->shard;
}

/* Index of the first presence at or after table and shard. */
static size_t presences_seek(const struct segment_presences *presences, uint32_t table, uint8_t shard)
{
    const struct segment_presence wanted = {.table = table, .shard = shard};
    size_t low = 0;
    size_t high = presences->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (presence_compare(&presences->list[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void segment__presences_note(struct segment_presences *presences, const struct segment_presence *more)
{
    size_t at = presences_seek(presences, more->table, more->shard);
    if (at < presences->count && presence_compare(&presences->list[at], more) == 0) {
        struct segment_presence *known = &presences->list[at];
        known->first_lsn = known->first_lsn < more->first_lsn ? known->first_lsn : more->first_lsn;
        known->last_lsn = known->last_lsn > more->last_lsn ? known->last_lsn : more->last_lsn;
        known->count += more->count;
        return;
    }
    if (presences->count == presences->capacity) {
        presences->capacity = presences->capacity == 0 ? 32 : presences->capacity * 2;
        presences->list = memory_resize(presences->list, presences->capacity * sizeof(*presences->list));
    }
    memmove(presences->list + at + 1, presences->list + at,
            (presences->count - at) * sizeof(*presences->list));
    presences->list[at] = *more;
    presences->count++;
}

enum status segment__presences_note_part(struct segment_presences *presences, const struct segment_part *part,
                                         struct error *error)
{
    struct reader reader = reader_of(part->records);
    struct record record;
    for (uint32_t i = 0; i < part->count; i++) {
        enum status status = record_decode(&reader, &record, error);
        if (status != STATUS_OK) {
            return status == STATUS_END
                       ? error_set(error, STATUS_CORRUPT, "a frame has fewer records than it says")
                       : status;
        }
        uint64_t lsn = part->first_lsn + i;
        struct segment_presence presence = {
            .table = record.table, .shard = record.shard, .first_lsn = lsn, .last_lsn = lsn, .count = 1};
        segment__presences_note(presences, &presence);
    }
    return STATUS_OK;
}

void segment__presences_sort(struct segment_presences *presences)
{
    if (presences->count > 1) {
        qsort(presences->list, presences->count, sizeof(*presences->list), presence_compare);
    }
}

bool segment__presences_hold(const struct segment_presences *presences, uint32_t table, uint16_t shards,
                             uint64_t from_lsn)
{
    for (size_t i = presences_seek(presences, table, 0);
         i < presences->count && presences->list[i].table == table; i++) {
        const struct segment_presence *presence = &presences->list[i];
        bool is_shard = presence->shard == RECORD_SHARD_EVERY || ((shards >> presence->shard) & 1) != 0;
        if (is_shard && presence->last_lsn >= from_lsn) {
            return true;
        }
    }
    return false;
}

void segment__presences_reset(struct segment_presences *presences)
{
    memory_destroy(presences->list);
    *presences = (struct segment_presences){0};
}
