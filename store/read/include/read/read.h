/* Reading rows as of the last commit. DESIGN §7. */
#ifndef READ_READ_H
#define READ_READ_H

#include "base/buffer.h"
#include "environment/environment.h"
#include "read/bounds.h"
#include "row/key.h"

/* A view of the store at one LSN. Belongs to the thread that opened it; kept and renewed rather than reopened. */
struct snapshot;
struct deletions;

MUST_USE enum status snapshot_open(struct environment *environment, struct snapshot **ret_snapshot,
                                   struct error *error);
void snapshot_close(struct snapshot **snapshot); /* accepts a pointer to NULL */
/* Moves to the last commit; what was borrowed ends. Called after a request was read, so that it sees its own past. */
MUST_USE enum status snapshot_renew(struct snapshot *snapshot, struct error *error);
/* Gives the view up until the next renew, so that its pages can be used again. */
void snapshot_release(struct snapshot *snapshot);
uint64_t snapshot_lsn(const struct snapshot *snapshot);
int64_t snapshot_commit_time_us(const struct snapshot *snapshot);

/* The image stored under a record key, as the deletions under way leave it (catalog/deletion.h).
 * Lifetime: *ret_image is borrowed until the next call with this snapshot, or until it is released or closed.
 * Errors:   STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_IO; *ret_image is then untouched. */
MUST_USE enum status read_row_get(struct snapshot *snapshot, const struct schema *schema, struct bytes key,
                                  struct bytes *ret_image, struct error *error);
/* The same with only the deletions that were made at or before `lsn`. */
MUST_USE enum status read_row_get_at(struct snapshot *snapshot, const struct schema *schema, struct bytes key,
                                     uint64_t lsn, struct bytes *ret_image, struct error *error);
/* The deletions under way as of the snapshot; none when nothing is masked. Borrowed until it is renewed. */
const struct deletions *snapshot_deletions(const struct snapshot *snapshot);

/* Rows between two storage keys: low <= key < high, or from high down when is_reverse. */
struct read_range {
    struct bytes low;
    struct bytes high;
    bool is_reverse;
    const struct schema
        *indexed;     /* the keys are those of an index's entries, whose rows are in this table; or NULL */
    bool is_unmasked; /* rows as they are stored, whatever deletes them */
    bool
        tells_masked; /* rows that deletions leave nothing of come, too, without an image: there may be many in a row */
    uint64_t lsn; /* only deletions made at or before it count; 0: all */
};

struct read_cursor;

/* Lifetime: the cursor borrows the range's bytes and the snapshot, which must not be renewed under it. */
MUST_USE enum status read_cursor_open(struct snapshot *snapshot, struct read_range range,
                                      struct read_cursor **ret_cursor, struct error *error);
void read_cursor_close(struct read_cursor **cursor); /* accepts a pointer to NULL */
/* The next row: its storage key (of the entry, in an index), record key and image, borrowed until the next call.
 * STATUS_END. */
MUST_USE enum status read_cursor_next(struct read_cursor *cursor, struct bytes *ret_storage,
                                      struct bytes *ret_key, struct bytes *ret_image, struct error *error);

/* What the store keeps under the metadata key of a space's totals; empty: nothing yet. Borrowed as a row. */
MUST_USE enum status read_totals(struct snapshot *snapshot, uint32_t space, struct bytes *ret_stored,
                                 struct error *error);

/* Turns a prefix into the first key after everything that begins with it; false when there is none (all 0xFF). */
bool read_prefix_end(struct buffer *prefix);

#endif
