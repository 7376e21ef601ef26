/* Types as schemas store them.
 *
 *   type    version u8 (1), node
 *   node    kind u8; scalars end here, the others go on:
 *   flags   u8: 1 is frozen
 *   list, set    node of the elements          vector   dimension varint, node of the elements
 *   map          node of the keys, of the values
 *   tuple        count varint, nodes           udt      keyspace sized, name sized, count varint, (field sized, node) … */
#ifndef VALUE_TYPE_STORED_H
#define VALUE_TYPE_STORED_H

#include "base/buffer.h"
#include "value/type.h"

void type_encode(const struct type *type, struct buffer *buffer);
/* Reads one type and stops behind it; the tree and its names are in `arena`. STATUS_CORRUPT: malformed, or a tree that
 * type_validate refuses; STATUS_NEWER. */
MUST_USE enum status type_decode(struct reader *reader, struct arena *arena, struct type *ret_type,
                                 struct error *error);

#endif
