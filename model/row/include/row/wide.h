/* A wide (CQL) row as it is stored: every cell with its timestamp, expiry and tombstones. MODEL "Stored state and visible
 * state". Columns are named by id, so the image can be read without a schema.
 *
 * Image:
 *
 *   version u8 = 1 | flags u8 | newest timestamp u64 | [HAS_MARKER: cell without value] | [HAS_DELETION: deletion] |
 *   columns varint, each: id varint | kind u8 | simple: cell
 *                                             | multi: [deletion], elements varint, each: path sized, cell
 *   cell      flags u8 | [age varint] | [has ttl: ttl varint, expiry varint; tombstone: time varint] | [value sized]
 *   deletion  age varint | time varint
 *
 * An age is what a timestamp is behind the newest one of the row (0: it is it, and takes no bytes in a cell). Columns
 * ascend by id, elements by path. Timestamps are microseconds since 1970 as clients give them (any 64-bit number but the
 * least); ttl, expiry and time are seconds, the latter two since 1970. */
#ifndef ROW_WIDE_H
#define ROW_WIDE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "row/bounds.h"
#include "row/schema.h"

/* Before every timestamp: there is none. */
#define WIDE_NO_TIMESTAMP INT64_MIN

/* Everything with this timestamp or an older one is gone. {WIDE_NO_TIMESTAMP} is none. */
struct wide_deletion {
    int64_t timestamp;
    int64_t time; /* when it was made: it may be forgotten gc_grace later */
};

#define WIDE_NO_DELETION ((struct wide_deletion){.timestamp = WIDE_NO_TIMESTAMP})

struct wide_cell {
    bool is_tombstone;
    int64_t timestamp;
    uint32_t ttl;       /* as it was given; 0: the cell stays */
    int64_t expiry;     /* of a cell with a ttl; of a tombstone: when it was made */
    struct bytes value; /* serialized as its type (value/serial.h) */
};

/* One element of a collection, or one field of a UDT, that is not frozen. */
struct wide_element {
    struct bytes path; /* set: the element; map: the key; list: wide_list_path; UDT: field position u16 */
    struct wide_cell cell;
};

struct wide_column {
    uint32_t id;
    bool is_multi;
    struct wide_cell cell;         /* not multi */
    struct wide_deletion deletion; /* multi: of the collection as a whole */
    struct wide_element *elements;
    size_t count;
    size_t room; /* elements that there is memory for; 0: as many as there are */
};

/* A row, or what a write brings to one. */
struct wide_row {
    bool has_marker;
    struct wide_cell marker; /* the row is there though all its columns be null; has no value */
    struct wide_deletion deletion;
    struct wide_column *columns;
    size_t count;
    size_t room; /* columns that there is memory for; 0: as many as there are */
};

static inline struct wide_row wide_row_empty(void)
{
    return (struct wide_row){.deletion = WIDE_NO_DELETION};
}

void wide_row_encode(const struct wide_row *row, struct buffer *buffer);
/* Views into `image`; arrays in `arena`. STATUS_CORRUPT, STATUS_NEWER. */
MUST_USE enum status wide_row_decode(struct bytes image, struct arena *arena, struct wide_row *ret_row,
                                     struct error *error);
/* The same of a row as a table of that schema has it: without what wide_row_forget_dropped takes out. */
MUST_USE enum status wide_row_decode_of(const struct schema *schema, struct bytes image, struct arena *arena,
                                        struct wide_row *ret_row, struct error *error);
/* Whether an image has anything that time changes: a ttl, a tombstone, a deletion. */
bool wide_image_ages(struct bytes image);
/* Nothing is left of it: it has no image. */
bool wide_row_is_empty(const struct wide_row *row);
/* The column of that id, or NULL. */
const struct wide_column *wide_row_column(const struct wide_row *row, uint32_t id);

/* --- reconciliation: commutative, associative, idempotent. MODEL "Reconciliation" -------------------------------- */

/* Puts a cell where there may be one: the later timestamp stays; of equal ones the tombstone, then the expiring one, then
 * the later expiry, then the larger bytes. */
void wide_row_put_marker(struct wide_row *row, struct wide_cell marker);
void wide_row_put_cell(struct wide_row *row, struct arena *arena, uint32_t column, struct wide_cell cell);
/* `elements` in any order; they are sorted in place. */
void wide_row_put_elements(struct wide_row *row, struct arena *arena, uint32_t column,
                           struct wide_element *elements, size_t count);
/* Makes one of the elements of a set or map whose paths are written differently and are equal as values of type `path`: 1.0
 * and 1.00 of decimal. The cell that stays keeps its own path, of cells that are alike the larger one. STATUS_CORRUPT. */
MUST_USE enum status wide_row_unite_elements(struct wide_row *row, struct arena *arena, uint32_t column,
                                             const struct type *path, struct error *error);
void wide_row_delete_column(struct wide_row *row, struct arena *arena, uint32_t column,
                            struct wide_deletion deletion);
void wide_row_delete(struct wide_row *row, struct wide_deletion deletion);
/* Takes out what a deletion covers: its own, and `mask`, of the partition or a range. What is behind is canonical: equal
 * rows are equal bytes. */
void wide_row_settle(struct wide_row *row, struct wide_deletion mask);

/* Takes out of columns that were dropped and added again what was written up to the drop. */
void wide_row_forget_dropped(const struct schema *schema, struct wide_row *row);

/* The later of two deletions. */
struct wide_deletion wide_deletion_later(struct wide_deletion a, struct wide_deletion b);

/* The newest timestamp in a row; WIDE_NO_TIMESTAMP: it is empty. */
int64_t wide_row_newest(const struct wide_row *row);

/* --- time --------------------------------------------------------------------------------------------------------- */

/* Whether a cell shows at that moment (seconds since 1970). */
static inline bool wide_cell_shows(const struct wide_cell *cell, int64_t now)
{
    return !cell->is_tombstone && (cell->ttl == 0 || cell->expiry > now);
}

/* Whether the row is there for clients: its marker, or a cell of one of the schema's columns, shows. */
bool wide_row_shows(const struct schema *schema, const struct wide_row *row, int64_t now);
/* Whether clients see the same in both, timestamps and remaining times apart. Columns that the schema lacks are not seen. */
bool wide_rows_show_same(const struct schema *schema, const struct wide_row *a, int64_t a_now,
                         const struct wide_row *b, int64_t b_now);
/* When something expires, or may be forgotten; false: never. */
bool wide_row_next_event(const struct wide_row *row, uint32_t gc_grace, int64_t *ret_seconds);
/* The earliest expiry of a cell that does not lie after `now`; false: nothing has expired. */
bool wide_row_first_expired(const struct wide_row *row, int64_t now, int64_t *ret_seconds);
/* Cells that have expired become tombstones of that moment. */
void wide_row_expire(struct wide_row *row, int64_t now);
/* Forgets tombstones and deletions made `gc_grace` or longer ago. */
void wide_row_forget(struct wide_row *row, int64_t now, uint32_t gc_grace);

/* --- pseudo-rows: what is deleted in a partition besides its rows ---------------------------------------------------- */

/* Image of a partition's header (ROW_HEADER): version u8 = 1 | flags u8 | [HAS_DELETION: timestamp u64, time varint] */
struct wide_header {
    struct wide_deletion deletion; /* of all rows of the partition, the static one too */
    bool has_ranges;               /* there are, or were, range tombstones in the partition */
};

void wide_header_encode(const struct wide_header *header, struct buffer *buffer);
MUST_USE enum status wide_header_decode(struct bytes image, struct wide_header *ret_header,
                                        struct error *error);

/* A range tombstone (ROW_RANGE_TOMBSTONE); its key has `low`. Bounds are order-preserving clustering bytes as storage keys
 * have them: low <= clustering < high. Image: version u8 = 1 | flags u8 | high sized | timestamp u64 | time varint */
struct wide_range {
    struct bytes low;
    struct bytes high;
    bool has_high; /* false: to the end of the partition */
    struct wide_deletion deletion;
};

void wide_range_encode(const struct wide_range *range, struct buffer *buffer);
/* `low` comes from the key and is left alone. */
MUST_USE enum status wide_range_decode(struct bytes image, struct wide_range *ret_range, struct error *error);
bool wide_range_covers(const struct wide_range *range, struct bytes clustering);
/* Lays a new range over those that it meets (ascending, not overlapping): where two cover one place the later deletion
 * stays. The result ascends, does not overlap, and what is alike is one; it is in `arena`. */
size_t wide_ranges_merge(const struct wide_range *ranges, size_t count, const struct wide_range *added,
                         struct arena *arena, struct wide_range **ret_ranges);

#endif
