/* Cassandra's serialized form of values (native protocol v4, section 6) and of partition keys. MODEL "Keys". */
#ifndef VALUE_SERIAL_H
#define VALUE_SERIAL_H

#include "base/buffer.h"
#include "value/type.h"

/* Appends the serialized form. `value` passed type_check. */
MUST_USE enum status serial_encode(const struct type *type, const struct value *value, struct buffer *buffer,
                                   struct error *error);
/* Text and bytes are views into `bytes`. STATUS_CORRUPT. */
MUST_USE enum status serial_decode(const struct type *type, struct bytes bytes, struct arena *arena,
                                   struct value *ret_value, struct error *error);

/* A partition key: one column as it is; several each with a 2-byte length before and a 00 after it. */
MUST_USE enum status serial_partition_encode(const struct type *const *types, const struct value *values,
                                             size_t count, struct buffer *buffer, struct error *error);
MUST_USE enum status serial_partition_decode(const struct type *const *types, size_t count,
                                             struct bytes bytes, struct arena *arena,
                                             struct value *ret_values, struct error *error);

#endif
