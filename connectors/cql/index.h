/* Secondary indexes of CQL's tables, as the store has them. */
#ifndef CQL_INDEX_H
#define CQL_INDEX_H

#include "row/schema.h"

/* The index whose key the column is; NULL: none. */
const struct index_schema *cql__index_of_column(const struct schema *schema, struct bytes column);
/* The class that USING named, or empty. In `arena`. */
struct bytes cql__index_class(const struct index_schema *index, struct arena *arena);

#endif
