/* The inside of a node: its identity, the version of its schema, and its doors. Thread: any. */
#ifndef CQL_NODE_PRIVATE_H
#define CQL_NODE_PRIVATE_H

#include "base/crypto.h"
#include "cql/node.h"
#include "reply.h"

struct cql_door;

/* A UUID of version 4 that stays. */
void cql__node_host_id(const struct cql_node *node, uint8_t ret_id[CQL_UUID_BYTES]);
/* Of the codes that paging states carry. */
void cql__node_paging_key(const struct cql_node *node, uint8_t ret_key[SHA256_BYTES]);

/* A UUID; another one after each change of the schema. */
void cql__node_schema_version(struct cql_node *node, uint8_t ret_version[CQL_UUID_BYTES]);
void cql__node_schema_changed(struct cql_node *node);

/* A door is told of changes from the one until the other. */
void cql__node_join(struct cql_node *node, struct cql_door *door);
void cql__node_leave(struct cql_node *node, struct cql_door *door);
/* Tells all doors but the one where the change was made. */
void cql__node_tell(struct cql_node *node, const struct cql_door *from,
                    const struct cql_schema_change *change);

#endif
