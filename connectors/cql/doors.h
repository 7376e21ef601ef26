/* The doors of one server, among themselves. Thread: any. */
#ifndef CQL_DOORS_PRIVATE_H
#define CQL_DOORS_PRIVATE_H

#include "cql/doors.h"
#include "reply.h"

struct cql_door;

/* A door is told of changes from the one until the other. */
void cql__doors_join(struct cql_doors *doors, struct cql_door *door);
void cql__doors_leave(struct cql_doors *doors, struct cql_door *door);
/* Tells all doors but the one where the change was made. */
void cql__doors_tell(struct cql_doors *doors, const struct cql_door *from,
                     const struct cql_schema_change *change);

#endif
