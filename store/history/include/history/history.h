/* Time: a row's changes, and rows as of an earlier LSN. DESIGN §11.
 *
 * A row as of LSN n is its present state, undone by the first record after n: that record's old image is what was there
 * at n. The log's key index finds it. A record that carries out an earlier deletion has its new image there. */
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

/* Whether a record only carries out a deletion that was made at or before `lsn` (catalog/deletion.h): as of then its row was
 * what the record leaves of it. */
bool history_has_left(const struct record *record, uint64_t lsn);

/* The image under a record key as of `lsn`, copied to `ret_image` (emptied before). `snapshot` must stand at or after
 * `lsn`. STATUS_NOT_FOUND: the row was not there; STATUS_TRIMMED: `lsn` is before the horizon. */
MUST_USE enum status history_row_at(struct log *log, struct snapshot *snapshot, const struct schema *schema,
                                    struct bytes key, uint64_t lsn, struct buffer *ret_image,
                                    struct error *error);

/* --- ranges as of an LSN ---------------------------------------------------------------------------------------- */

/* Walks the rows that were there at `lsn`, in key order: present ones undone by the first record after it for each
 * key. What it holds does not grow with the range. */
struct history_cursor;

struct history_range {
    struct log *log;
    struct snapshot *snapshot;        /* at or after lsn; not renewed while the cursor is open */
    const struct schema *schema;      /* the table's, as of lsn */
    const struct index_schema *index; /* the range is one of its entries; or NULL */
    struct bytes low;
    struct bytes high;
    bool is_reverse;
    uint64_t lsn;
};

/* STATUS_TRIMMED, STATUS_TOO_LARGE. The range's bytes and schema are borrowed until close. */
MUST_USE enum status history_cursor_open(const struct history_range *range,
                                         struct history_cursor **ret_cursor, struct error *error);
void history_cursor_close(struct history_cursor **cursor); /* accepts a pointer to NULL */
/* As read_cursor_next. */
MUST_USE enum status history_cursor_next(struct history_cursor *cursor, struct bytes *ret_storage,
                                         struct bytes *ret_key, struct bytes *ret_image, struct error *error);

/* The tables that there were at `lsn`. The caller destroys it. */
MUST_USE enum status history_catalog_at(struct log *log, struct snapshot *snapshot, struct catalog *catalog,
                                        uint64_t lsn, struct catalog **ret_catalog, struct error *error);

#endif
