/* Values of columns as values that documents without declared columns have, and back: how doors that know text, numbers, bytes,
 * booleans, lists, sets and maps only see and write wide rows.
 *
 *   ascii, text; blob; boolean              as they are
 *   integers, varint, decimal, float, double  numbers in DynamoDB's form; NaN and infinities are texts
 *   uuid, timeuuid, timestamp, date, time, duration, inet   texts as CQL writes them
 *   list, vector, tuple                     lists
 *   set                                     a set when its elements are texts, numbers or bytes; otherwise a list
 *   map                                     a map, other keys than texts written as CQL does; a list of pairs when its keys are
 *                                           collections
 *   UDT                                     a map by the names of its fields, without those that are null */
#ifndef ROW_PLAIN_H
#define ROW_PLAIN_H

#include "row/schema.h"

/* A value of `type` as a document has it, in `arena`. */
struct value plain_of(const struct type *type, const struct value *value, struct arena *arena);
/* The inverse, which takes what type_coerce does, too: the value of `type` that is meant, in `arena`. What is none comes back as
 * it is, for type_check to refuse. */
struct value plain_to(const struct type *type, const struct value *value, struct arena *arena);

/* All attributes of an item, which document_of_wide or document_of_key gave. */
struct value plain_item(const struct schema *schema, const struct value *item, struct arena *arena);
/* Gives attributes of `after` that are still as `before` shows as plain the values that they have in `before`: those that a
 * plain value does not tell apart stay. */
void plain_restore(const struct schema *schema, const struct value *before, struct value *after,
                   struct arena *arena);

#endif
