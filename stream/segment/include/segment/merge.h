/* The changes of keys in several segments and runs as one sequence in (key, LSN) order, or in reverse. */
#ifndef SEGMENT_MERGE_H
#define SEGMENT_MERGE_H

#include "segment/segment.h"

struct segment_merge;

/* Entries with after_lsn < LSN <= until_lsn, from `from` on as of a key cursor. */
struct segment_merge_range {
    struct bytes from;
    uint64_t after_lsn;
    uint64_t until_lsn;
    bool is_reverse;
};

/* Shares the segments and copies the range. `keys` as for a key cursor. */
struct segment_merge *segment_merge_create(struct segment *const *segments, size_t count,
                                           const struct segment_keys *keys,
                                           const struct segment_merge_range *range);
void segment_merge_destroy(struct segment_merge **merge); /* accepts a pointer to NULL */
/* The next entry, as segment_key_cursor_next gives it. STATUS_END at the end. After a failure no other call but the next. */
MUST_USE enum status segment_merge_next(struct segment_merge *merge, struct bytes *ret_key, uint64_t *ret_lsn,
                                        struct error *error);
/* Whose index made the call before fail, with STATUS_CORRUPT or STATUS_TRIMMED; borrowed. */
struct segment *segment_merge_damaged(const struct segment_merge *merge);

#endif
