/* Types as [option] (native protocol v5, section 4.2.5.2). */
#ifndef CQL_COLUMN_H
#define CQL_COLUMN_H

#include "base/buffer.h"
#include "value/type.h"

/* Appends the type. What `version` has no code for is custom, under the name of Cassandra's class. */
void cql__put_type(struct buffer *buffer, const struct type *type, uint8_t version);
/* Appends the name of Cassandra's class, with its parameters:
 * "org.apache.cassandra.db.marshal.VectorType(org.apache.cassandra.db.marshal.FloatType , 3)". */
void cql__put_class(struct buffer *buffer, const struct type *type);

#endif
