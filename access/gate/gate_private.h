/* The inside of the gate, for this folder's files. */
#ifndef GATE_PRIVATE_H
#define GATE_PRIVATE_H

#include "base/buffer.h"
#include "gate/gate.h"

struct gate {
    struct gate_options options;
};

/* The record key of an item's key attributes. */
MUST_USE enum status gate__key(const struct schema *schema, const struct value *item, struct buffer *ret_key,
                               struct error *error);

/* The record key of the row that a slice names by `low`, or of its static row. */
MUST_USE enum status gate__slice_key(const struct schema *schema, const struct gate_slice *slice,
                                     struct buffer *ret_key, struct error *error);
/* A slice's bounds as clustering bytes (row/wide.h), in `arena`. */
MUST_USE enum status gate__slice_range(const struct schema *schema, const struct gate_slice *slice,
                                       struct arena *arena, struct wide_range *ret_range,
                                       struct error *error);

enum {
    GATE_KEY_SPACE = 256, /* of common keys, so that they need no memory of the heap */
};

/* Storage keys of what a query may visit: low <= key < high. */
struct gate_range {
    struct buffer low;
    struct buffer high;
};

/* `ret_range` is empty. `schema` is the table's, or index_as_schema of the index's. STATUS_INVALID when the terms do not make a range of it;
 * the texts are DynamoDB's. */
MUST_USE enum status gate__range(const struct schema *schema, const struct gate_query *query,
                                 struct gate_range *ret_range, struct error *error);
void gate__range_reset(struct gate_range *range);

#endif
