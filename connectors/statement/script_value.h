/* Values on their way to functions in Lua and back: README, "Values in Lua". */
#ifndef CQL_SCRIPT_VALUE_H
#define CQL_SCRIPT_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "value/type.h"

/* Appends a value of `type`, which passed type_check, as workers read it. */
void statement__script_value_put(const struct type *type, const struct value *value, struct buffer *message);
/* Reads the next value of a worker's answer and makes one of `type` of it; texts are views into the answer. STATUS_INVALID:
 * it is none; the error says what it is. */
MUST_USE enum status statement__script_value_read(struct reader *answer, const struct type *type,
                                                  struct arena *arena, struct value *ret_value,
                                                  struct error *error);

#endif
