/* Resources and permissions as statements name them. */
#ifndef CQL_ROLE_RESOURCE_H
#define CQL_ROLE_RESOURCE_H

#include "exec.h"

/* Its name, as of access/role; a table without a keyspace is the session's. */
MUST_USE enum status statement__resource_of(struct exec_call *call, const struct cql_resource *resource,
                                            struct bytes *ret_name);
/* Those of the statement's permissions that there are on it: bits. None: a syntax error, in Cassandra's words. */
MUST_USE enum status statement__resource_permissions(struct exec_call *call, const struct cql_grant *grant,
                                                     struct bytes resource, uint32_t *ret_permissions);
/* Fails when there is no such resource: `before` and "<table ks.t> doesn't exist". */
MUST_USE enum status statement__resource_check(struct exec_call *call, struct bytes resource,
                                               const char *before);

#endif
