/* What executes statements, behind the CQL door. */
#ifndef CQL_EXECUTION_H
#define CQL_EXECUTION_H

#include "base/error.h"

struct cql_executor;
struct cql_node;
struct exec;
struct gate;

/* Gate and node outlive it. */
MUST_USE enum status exec_open(struct gate *gate, struct cql_node *node, struct exec **ret_exec,
                               struct error *error);
/* After its door was closed. Accepts a pointer to NULL. */
void exec_close(struct exec **exec);
/* For cql_door_options; lives as long as `exec`. */
const struct cql_executor *exec_executor(const struct exec *exec);

#endif
