/* Order-preserving key parts: memcmp order of the encodings is the order of the type. MODEL "Keys".
 *
 *   text, ascii, blob   bytes, 00 written as 00 FF, then 00 00
 *   integers, times     8 bytes big-endian, sign bit flipped
 *   boolean             one byte
 *   double              8 bytes: all bits inverted when negative, else the sign bit set; -0.0 < 0.0, NaN greatest
 *   uuid                version, then (version 1) the timestamp, then the 16 bytes
 *   timeuuid            the timestamp, then the last 8 bytes with their signs flipped, then the first 8
 *   number              class (negative 1, zero 2, positive 3), exponent 4 bytes with sign flipped, digits + 1, then 0;
 *                       exponent and digits inverted when negative
 *   descending          every byte inverted */
#ifndef VALUE_COLLATION_H
#define VALUE_COLLATION_H

#include "base/buffer.h"
#include "value/type.h"

/* Appends the encoding. `value` passed type_check. STATUS_UNSUPPORTED for types that cannot be keys. */
MUST_USE enum status collation_encode(const struct type *type, const struct value *value, bool is_descending,
                                      struct buffer *buffer, struct error *error);

#endif
