/* Cassandra's serialized form of values (native protocol v5, section 6) and of partition keys. MODEL "Keys".
 *
 *   boolean 1 byte · tinyint 1 · smallint 2 · int, float 4 · bigint, counter, double, timestamp, time 8 · uuid, timeuuid 16
 *   date        4, unsigned: day 2^31 is 1970-01-01        varint     two's complement, shortest
 *   decimal     scale 4, then a varint                     inet       4 or 16 bytes
 *   text, ascii, blob   the bytes                          duration   months, days, nanoseconds: three [vint]
 *   list, set   count 4, then each: size 4, bytes          map        count 4, then key, value, key, value … likewise
 *   tuple, UDT  each field: size 4 (-1: null), bytes; may end early
 *   vector      elements of fixed bytes (type_fixed_bytes) one after the other, others each behind an [unsigned vint]
 *   VALUE_EMPTY nothing; only types that type_may_be_empty names have it */
#ifndef VALUE_SERIAL_H
#define VALUE_SERIAL_H

#include "base/buffer.h"
#include "value/type.h"

/* Appends the serialized form. `value` passed type_check, but for nulls in lists. STATUS_UNSUPPORTED: the type "any". */
MUST_USE enum status serial_encode(const struct type *type, const struct value *value, struct buffer *buffer,
                                   struct error *error);
/* Everything is validated. Sets and maps come back sorted, without what was there twice. Only a list may come back with
 * nulls in it, which `IN ?` binds and type_check refuses. Text and bytes are views into `bytes`. STATUS_INVALID in
 * Cassandra's words. */
MUST_USE enum status serial_decode(const struct type *type, struct bytes bytes, struct arena *arena,
                                   struct value *ret_value, struct error *error);

/* A partition key: one column as it is; several each with a 2-byte length before and a 00 after it. */
MUST_USE enum status serial_partition_encode(const struct type *const *types, const struct value *values,
                                             size_t count, struct buffer *buffer, struct error *error);
/* STATUS_INVALID. */
MUST_USE enum status serial_partition_decode(const struct type *const *types, size_t count,
                                             struct bytes bytes, struct arena *arena,
                                             struct value *ret_values, struct error *error);

#endif
