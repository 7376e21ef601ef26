/* Values as msgpack. Canonical: equal values are equal bytes, so that no-op detection is a memcmp. MODEL "Values".
 *
 * null nil · boolean bool · integer: shortest int · float: float 32 · double: float 64 · text: str · bytes: bin ·
 * list: array · map: map, pairs sorted by value_compare of their keys · what msgpack lacks is an ext type:
 *
 *   1 decimal    scale i32, unscaled two's complement       6 time      nanoseconds i64
 *   2 uuid       16 bytes                                   7 duration  months i32, days i32, nanoseconds i64
 *   3 timeuuid   16 bytes                                   8 inet      4 or 16 bytes
 *   4 timestamp  milliseconds i64                           9 set  10 tuple  11 udt  12 vector: a packed array
 *   5 date       days i64                                  13 empty     nothing
 *
 * Numbers inside ext types are big-endian. */
#ifndef CODEC_PACK_H
#define CODEC_PACK_H

#include "base/buffer.h"
#include "base/error.h"
#include "codec/bounds.h"
#include "value/value.h"

/* Appends the value. Maps and sets must be sorted. */
void codec_value_encode(struct buffer *buffer, const struct value *value);

/* Decodes exactly one canonical value: the form that is stored. Text and bytes are views into `bytes`; the tree is in
 * `arena`. STATUS_CORRUPT: malformed, truncated, too deep, not canonical. */
MUST_USE enum status codec_value_decode(struct bytes bytes, struct arena *arena, struct value *ret_value,
                                        struct error *error);
/* Decodes exactly one value as any msgpack library writes it: ints of any width, maps in any order (sorted here).
 * STATUS_INVALID: malformed, truncated, too deep, a key twice, text that is no UTF-8. STATUS_TOO_LARGE. */
MUST_USE enum status codec_message_decode(struct bytes bytes, struct arena *arena, struct value *ret_value,
                                          struct error *error);

/* Pieces of a message under construction. */
void codec_put_map(struct buffer *buffer, uint32_t pairs);
void codec_put_array(struct buffer *buffer, uint32_t items);
void codec_put_null(struct buffer *buffer);
void codec_put_boolean(struct buffer *buffer, bool boolean);
void codec_put_integer(struct buffer *buffer, int64_t number);
void codec_put_unsigned(struct buffer *buffer, uint64_t number);
void codec_put_text(struct buffer *buffer, struct bytes text);
void codec_put_bytes(struct buffer *buffer, struct bytes bytes);

/* Parts of a decoded message: a map with integer keys. Absent keys give the default, unknown ones are never looked at;
 * a value of another kind is STATUS_INVALID naming the key. */
const struct value *codec_field(const struct value *message, int64_t key); /* NULL: absent */
MUST_USE enum status codec_field_unsigned(const struct value *message, int64_t key, uint64_t fallback,
                                          uint64_t *ret_number, struct error *error);
MUST_USE enum status codec_field_text(const struct value *message, int64_t key, struct bytes *ret_text,
                                      struct error *error);
MUST_USE enum status codec_field_boolean(const struct value *message, int64_t key, bool fallback,
                                         bool *ret_boolean, struct error *error);

#endif
