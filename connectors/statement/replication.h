/* What a keyspace's replication says: a strategy and how many copies, which one server keeps and tells. */
#ifndef CQL_REPLICATION_H
#define CQL_REPLICATION_H

#include "exec.h"

/* Checks `replication` as CREATE or ALTER KEYSPACE give it, and completes it as Cassandra 4.1 does: the class has its package, a
 * factor that is not there is that of `previous` (what the keyspace had; no map when it is made) or 1, and
 * NetworkTopologyStrategy's replication_factor becomes that of each data centre. Amazon's strategies are taken as they are.
 * Errors: STATUS_INVALID, with the call's failure set: a configuration error where the strategy or its options are wrong. */
MUST_USE enum status statement__replication_complete(struct exec_call *call, struct bytes keyspace,
                                                     const struct value *previous, struct value *replication);
/* Warns of more replicas than there are nodes, and, where there was less before (`previous`; no map: nothing was there), of the
 * repair that Cassandra would need. */
void statement__replication_warn(struct exec_call *call, struct bytes keyspace, const struct value *previous,
                                 const struct value *replication);

#endif
