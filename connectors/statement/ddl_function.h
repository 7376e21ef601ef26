/* What CREATE FUNCTION and CREATE AGGREGATE share. Failures are set, in Cassandra's words. */
#ifndef CQL_DDL_FUNCTION_H
#define CQL_DDL_FUNCTION_H

#include "user_function.h"

/* Keyspace and name; whether there may be functions there at all. */
MUST_USE enum status ddl_function_begin_create(struct exec_call *call, const struct cql_qualified *name,
                                               bool or_replace, bool if_not_exists,
                                               struct user_function *function);
/* A type of a signature: "Argument", "Return type" or "State type". It is never frozen by itself. */
MUST_USE enum status ddl_function_type(struct exec_call *call, const char *what,
                                       const struct cql_type *written, struct bytes keyspace,
                                       struct type *ret_type);
MUST_USE enum status ddl_function_arguments(struct exec_call *call, const struct cql_type *written,
                                            size_t count, struct user_function *function);
/* What is there already under the name and these types; *ret_before NULL: nothing. It fails where that may not be replaced.
 * *ret_is_done: it was answered (IF NOT EXISTS). */
MUST_USE enum status ddl_function_before(struct exec_call *call, const struct user_function *made,
                                         bool or_replace, bool if_not_exists,
                                         const struct user_function **ret_before, bool *ret_is_done);
/* Whether clients that were told of the type before can read the other. */
bool ddl_function_is_compatible(const struct type *type, const struct type *before);

#endif
