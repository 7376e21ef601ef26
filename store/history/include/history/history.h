/* Time: a row's changes, and rows as of an earlier LSN. DESIGN §11.
 *
 * A row as of LSN n is its present state, undone by the first record after n: that record's old image is what was there
 * at n. The log's key index finds it. */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include "catalog/catalog.h"
#include "history/bounds.h"
#include "log/log.h"
#include "read/read.h"

/* One change of a row; views live until the next call with the same buffer. */
struct history_change {
    uint64_t lsn;
    int64_t commit_time_us;
    struct record record;
};

/* Calls `visit` for each change of the row with after_lsn < LSN, oldest first, at most `changes_max`, as long as it
 * answers STATUS_OK. */
MUST_USE enum status history_row(struct log *log, const struct schema *schema, struct bytes key,
                                 uint64_t after_lsn, size_t changes_max,
                                 enum status (*visit)(void *context, const struct history_change *change,
                                                      struct error *error),
                                 void *context, struct error *error);

/* The image under a record key as of `lsn`, copied to `ret_image` (emptied before). `snapshot` must stand at or after
 * `lsn`. STATUS_NOT_FOUND: the row was not there; STATUS_TRIMMED: `lsn` is before the horizon. */
MUST_USE enum status history_row_at(struct log *log, struct snapshot *snapshot, const struct schema *schema,
                                    struct bytes key, uint64_t lsn, struct buffer *ret_image,
                                    struct error *error);

#endif
