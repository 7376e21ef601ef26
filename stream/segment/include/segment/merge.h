/* The changes of keys in several segments and runs as one sequence in (key, LSN) order. */
#ifndef SEGMENT_MERGE_H
#define SEGMENT_MERGE_H

#include "segment/segment.h"

struct segment_merge;

/* Of entries at or after `from` with after_lsn < LSN <= until_lsn. Shares the segments. `keys` as for a key cursor. */
struct segment_merge *segment_merge_create(struct segment *const *segments, size_t count,
                                           const struct segment_keys *keys, struct bytes from,
                                           uint64_t after_lsn, uint64_t until_lsn);
void segment_merge_destroy(struct segment_merge **merge); /* accepts a pointer to NULL */
/* The next entry, as segment_key_cursor_next gives it. STATUS_END at the end. After a failure no other call but the next. */
MUST_USE enum status segment_merge_next(struct segment_merge *merge, struct bytes *ret_key, uint64_t *ret_lsn,
                                        struct error *error);
/* Whose index made the call before fail, with STATUS_CORRUPT or STATUS_TRIMMED; borrowed. */
struct segment *segment_merge_damaged(const struct segment_merge *merge);

#endif
