/* Values of scalar types as CQL's literals write them, both ways. CQL reference, "Data types". */
#ifndef VALUE_SCALAR_TEXT_H
#define VALUE_SCALAR_TEXT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "value/type.h"

/* Reads a value of a scalar type: "12", "2026-11-21T08:15+0100", "0xcafe", "1h30m". An empty text is VALUE_EMPTY where the type
 * has it. Texts and bytes are borrowed. `now_ms` is what the text "now" means as a timestamp.
 * Errors: STATUS_INVALID in Cassandra's words. */
MUST_USE enum status scalar_parse(const struct type *type, struct bytes text, int64_t now_ms,
                                  struct arena *arena, struct value *ret_value, struct error *error);
/* Appends a value of a scalar type, as CAST to text and JSON write it; null is "null". */
void scalar_format(const struct value *value, struct buffer *buffer);
/* As Java writes them: "1.0", "1.0E10", "NaN". */
void scalar_format_double(double number, struct buffer *buffer);
void scalar_format_float(float number, struct buffer *buffer);

/* The time of a version 1 UUID. Milliseconds since 1970. */
int64_t scalar_timeuuid_ms(struct bytes uuid);
/* A version 1 UUID of a time and `ticks` of 100 ns beyond it, whose last eight bytes are `tail`. */
struct bytes scalar_timeuuid_of(int64_t ms, uint32_t ticks, uint8_t tail, struct arena *arena);

#endif
