/* Order-preserving key parts: memcmp order of the encodings is value_type_compare. MODEL "Keys".
 *
 *   text, ascii, blob, inet   bytes, 00 written as 00 FF, then 00 00
 *   integers, times    8 bytes big-endian, sign bit flipped
 *   boolean            01 or 02
 *   float, double      4 or 8 bytes: all bits inverted when negative, else the sign bit set; -0.0 < 0.0, NaN greatest
 *   uuid               version + 1, then (version 1) the timestamp, then the 16 bytes
 *   timeuuid           the timestamp, then the last 8 bytes with their signs flipped, then the first 8
 *   number, decimal    class (negative 1, zero 2, positive 3), exponent (number 4 bytes, decimal 8) with sign flipped,
 *                      digits + 1, then 0; exponent and digits inverted when negative
 *   varint             class (negative 1, others 2), size 4 bytes, the bytes; size inverted when negative
 *   empty              zeros, as many as the type's other values have (1 where their number varies); where a bigint,
 *                      counter or timestamp has eight zeros too, 00 follows the empty one and 01 the other
 *   list, set          each element behind 02 (null: 01 and no element), then 00
 *   map                likewise: key, value, key, value …
 *   tuple, UDT         likewise each field, without the nulls at the end
 *   vector             the elements
 *   descending         every byte inverted
 *
 * Not injective for decimals (their scale), NaN, tuples and UDTs (nulls at the end), and what holds them: the row keeps the
 * original bytes. */
#ifndef VALUE_COLLATION_H
#define VALUE_COLLATION_H

#include "base/buffer.h"
#include "value/type.h"

/* Appends the encoding. `value` passed type_check, and the type type_may_be_key. STATUS_UNSUPPORTED for types that cannot
 * be keys. */
MUST_USE enum status collation_encode(const struct type *type, const struct value *value, bool is_descending,
                                      struct buffer *buffer, struct error *error);

#endif
