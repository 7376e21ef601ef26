/* Deletions of many rows of wide tables that are still under way. MODEL "Keys", DESIGN §7.
 *
 * A delete of more rows than one transaction may change writes its tombstone alone, and with it a row of
 *
 *   system.deletions   (id: LSN of the deletion, n: which of its transaction's) → table, space, partition, low, high,
 *                      has_range, has_high, timestamp, time, position (storage key of the last row that was settled)
 *
 * Until the rows have left in transactions of their own (cause range-delete), whoever reads stored rows has to lay the
 * deletion over them: it is as if they had left with it. */
#ifndef CATALOG_DELETION_H
#define CATALOG_DELETION_H

#include "base/buffer.h"
#include "base/error.h"
#include "row/wide.h"

struct deletion {
    uint64_t lsn; /* the first of the transaction that deletes */
    uint32_t number;
    uint32_t table;
    uint32_t space;
    struct bytes partition;
    bool has_range;          /* false: the whole partition, besides its static row */
    struct wide_range range; /* and when: range.deletion */
    struct bytes position;
};

/* In the order in which they were made. */
struct deletions {
    struct arena arena;
    struct deletion *at;
    size_t count;
};

/* Record key and image of its row. */
void deletion_encode(const struct deletion *deletion, struct buffer *ret_key, struct buffer *ret_image);
/* The tree lives in `arena`. STATUS_CORRUPT. */
MUST_USE enum status deletion_decode(struct bytes image, struct arena *arena, struct deletion *ret_deletion,
                                     struct error *error);

void deletions_clear(struct deletions *deletions);
void deletions_reset(struct deletions *deletions);
/* Adds the row with that image. */
MUST_USE enum status deletions_add(struct deletions *deletions, struct bytes image, struct error *error);
/* Whether one covers a row, given by storage key and record key. */
bool deletion_covers(const struct deletion *deletion, struct bytes storage, struct bytes key);
/* Lays one over the stored image of a row: *ret_image is what it leaves, in `arena`; empty: nothing. STATUS_CORRUPT. */
MUST_USE enum status deletion_apply(const struct deletion *deletion, struct bytes image, struct arena *arena,
                                    struct bytes *ret_image, struct error *error);
/* Lays over a row all that cover it and were made at or before `lsn`. *ret_image is `image` when none does. */
MUST_USE enum status deletions_apply(const struct deletions *deletions, uint64_t lsn, struct bytes storage,
                                     struct bytes key, struct bytes image, struct arena *arena,
                                     struct bytes *ret_image, struct error *error);

#endif
