/* What the CQL doors of one server share: to clients they are one node. */
#ifndef CQL_NODE_H
#define CQL_NODE_H

#include "base/bytes.h"

struct cql_node;

/* `secret` is nobody else's and the same after a restart: what clients remember of a node, and the paging states that they
 * keep, come from it. */
struct cql_node *cql_node_create(struct bytes secret);
/* After its doors were closed. Accepts a pointer to NULL. */
void cql_node_destroy(struct cql_node **node);

#endif
