/* Types as [option] (native protocol v5, section 4.2.5.2). */
#ifndef CQL_COLUMN_H
#define CQL_COLUMN_H

#include "base/buffer.h"
#include "value/type.h"

#define CQL_CLASS_PACKAGE "org.apache.cassandra.db.marshal."

/* Appends the type. What `version` has no code for is custom, under the name of Cassandra's class. */
void cql_put_type(struct buffer *buffer, const struct type *type, uint8_t version);
/* Appends the name of Cassandra's class, with its parameters:
 * "org.apache.cassandra.db.marshal.VectorType(org.apache.cassandra.db.marshal.FloatType , 3)". */
void cql_put_class(struct buffer *buffer, const struct type *type);
/* "int" of "Int32Type", without its package; NULL: no type of CQL's has that class, or it is a user's. */
const char *cql_class_type_name(struct bytes class_name);

#endif
