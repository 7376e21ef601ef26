/* What who logged in may do, as Cassandra's ClientState checks it. Nobody is checked where nobody has to log in. */
#ifndef CQL_AUTHORIZE_H
#define CQL_AUTHORIZE_H

#include "exec.h"
#include "role/role.h"
#include "user_function.h"

/* Whether the statement may be executed: at its execution, prepared or not, and for each of a batch. Fails with
 * "User alice has no SELECT permission on <table ks.t> or any of its parents". Statements about roles check by
 * themselves. */
MUST_USE enum status statement__authorize(struct exec_call *call, const struct cql_statement *statement);
/* Whether the permission is there on a resource, named as access/role does. */
MUST_USE enum status statement__ensure(struct exec_call *call, enum role_permission permission,
                                       struct bytes resource);
bool statement__may(struct exec_call *call, enum role_permission permission, struct bytes resource);
/* Whether what a table of the keyspace was may be read: `stored` is the name that it had, `table` its id. What a name meant before was
 * perhaps another table, and what was granted on that went with it: who may read all tables of the keyspace may read it. */
MUST_USE enum status statement__ensure_past(struct exec_call *call, struct bytes keyspace,
                                            struct bytes stored, uint32_t table);
/* Whether who logged in is a superuser, itself or by a role that it has. */
bool statement__is_superuser(struct exec_call *call);
/* "You have to be logged in and not anonymous to perform this request" */
MUST_USE enum status statement__ensure_named(struct exec_call *call);

/* --- resources -------------------------------------------------------------------------------------------------- */

struct bytes statement__resource_keyspace(struct exec_call *call, struct bytes keyspace);
struct bytes statement__resource_tables(struct exec_call *call, struct bytes keyspace); /* all of it */
struct bytes statement__resource_table(struct exec_call *call, struct bytes keyspace, struct bytes name);
/* "functions/ks" and "functions/ks/f(int, text)" */
struct bytes statement__resource_functions(struct exec_call *call, struct bytes keyspace);
struct bytes statement__resource_function(struct exec_call *call, const struct user_function *function);
struct bytes statement__resource_role(struct exec_call *call, struct bytes name);
/* As Cassandra's messages and LIST PERMISSIONS show one: "<table ks.t>". */
struct bytes statement__resource_text(struct arena *arena, struct bytes resource);

#endif
