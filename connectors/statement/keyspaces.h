/* Keyspaces and user-defined types: rows of the server's own tables.
 *
 *   system.cql_keyspaces   name → replication (map of texts), durable_writes, tags
 *   system.cql_types       (keyspace, name) → fields: list of [name, type as CQL writes it] */
#ifndef CQL_KEYSPACES_H
#define CQL_KEYSPACES_H

#include "exec.h"

struct keyspace_options {
    struct value replication; /* map of texts, "class" among them */
    bool durable_writes;
};

/* STATUS_NOT_FOUND. */
MUST_USE enum status statement__keyspace_find(struct exec_call *call, struct bytes name,
                                              struct keyspace_options *ret_options);
/* Calls `visit` with each, by name. */
MUST_USE enum status statement__keyspaces_list(struct exec_call *call,
                                               void (*visit)(void *context, struct bytes name,
                                                             const struct keyspace_options *options),
                                               void *context);
/* A type as CQL writes it; names of user-defined types are those of `keyspace`. STATUS_INVALID in Cassandra's words. */
MUST_USE enum status statement__type_named(struct exec_call *call, struct bytes text, struct bytes keyspace,
                                           struct type *ret_type, struct error *error);
/* The type of that name, not frozen; in the call's arena. STATUS_NOT_FOUND. */
MUST_USE enum status statement__type_find(struct exec_call *call, struct bytes keyspace, struct bytes name,
                                          struct type *ret_type);
MUST_USE enum status statement__types_list(struct exec_call *call, struct bytes keyspace,
                                           void (*visit)(void *context, const struct type *type),
                                           void *context);

#endif
