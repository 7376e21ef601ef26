/* The doors of one server, among themselves. Thread: any. */
#ifndef CQL_DOORS_PRIVATE_H
#define CQL_DOORS_PRIVATE_H

#include "clients.h"
#include "cql/doors.h"
#include "prepared.h"
#include "reply.h"

struct cql_door;

/* Who is connected to them; as long as they live. */
struct clients *cql__doors_clients(const struct cql_doors *doors);
/* Their prepared statements, which are destroyed with the doors. */
struct prepared_cache *cql__doors_prepared(struct cql_doors *doors, void (*destroy)(void *statement));
/* A door is told of changes from the one until the other. */
void cql__doors_join(struct cql_doors *doors, struct cql_door *door);
void cql__doors_leave(struct cql_doors *doors, struct cql_door *door);
/* Tells all doors but the one where the change was made. */
void cql__doors_tell(struct cql_doors *doors, const struct cql_door *from,
                     const struct cql_schema_change *change);

#endif
