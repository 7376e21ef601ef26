/* The order of values as Cassandra's comparators have it. MODEL "Values".
 *
 *   numbers          by number, whatever their scale; -0.0 before 0.0, NaN after everything, as in Java
 *   text, blob, inet bytes, unsigned; a prefix first
 *   uuid             version, then the time (version 1) or the bytes
 *   timeuuid         time, then the last 8 bytes, signed
 *   list, set, vector, map (key, value, key, value …)   member by member; the one that ends first is first
 *   tuple, UDT       member by member; what is missing at the end is null
 *   everywhere       null before empty before all else */
#ifndef VALUE_ORDER_H
#define VALUE_ORDER_H

#include "value/type.h"

/* Zero does not mean equal bytes: 1.0 and 1.00 are one place in the order. Durations have no order in CQL; that they get
 * one here (months, days, nanoseconds) is for containers that hold them. */
int value_order(const struct value *a, const struct value *b);
/* The order of two values of `type`, which passed type_check. A value's kind tells which comparator is meant. */
int value_type_compare(const struct type *type, const struct value *a, const struct value *b);
/* Whether values that have one place may be written differently: decimals by scale, NaN by its bits, tuples with and without
 * nulls at their end, and whatever holds such. */
bool value_type_is_ambiguous(const struct type *type);

/* Sorts a set's items or a map's pairs, made in `arena`, and leaves one of those that have the same place: of a set the
 * first that was there, of a map the first key with the last value (as Cassandra reads them). */
void value_sort(struct value *value, struct arena *arena);

#endif
