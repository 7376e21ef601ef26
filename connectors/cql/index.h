/* Secondary indexes of CQL's tables, as the store has them. */
#ifndef CQL_INDEX_H
#define CQL_INDEX_H

#include "row/schema.h"

/* An index on the column, whatever it has of it; NULL: none. */
const struct index_schema *cql__index_of_column(const struct schema *schema, struct bytes column);
/* The index that has this of the column; NULL: none. */
const struct index_schema *cql__index_of(const struct schema *schema, struct bytes column,
                                         enum index_target target);
/* What an index is of, as Cassandra tells it: "c", "keys(c)"; the name in quotes where it must be. */
struct bytes cql__index_target(const struct index_schema *index, struct arena *arena);
/* The class that USING named, or empty. In `arena`. */
struct bytes cql__index_class(const struct index_schema *index, struct arena *arena);

#endif
