/* The inside of the gate, for this folder's files. */
#ifndef GATE_PRIVATE_H
#define GATE_PRIVATE_H

#include "base/buffer.h"
#include "gate/gate.h"

struct gate {
    struct gate_options options;
};

/* The record key of an item's key attributes; without the sort key when only the partition is asked for. */
MUST_USE enum status gate__key(const struct schema *schema, const struct value *item, bool with_sort,
                               struct arena *arena, struct buffer *ret_key, struct error *error);

#endif
