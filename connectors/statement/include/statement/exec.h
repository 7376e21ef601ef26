/* What executes statements, behind the CQL door. */
#ifndef CQL_EXECUTION_H
#define CQL_EXECUTION_H

#include <stdatomic.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/turn.h"

struct cql_doors;
struct cql_executor;
struct evaluator;
struct exec;
struct gate;
struct gate_readers;
struct roles;
struct traces;

/* What all CQL doors of a server have in common: one node, to its clients. */
struct cql_node {
    uint8_t
        secret[SHA256_BYTES];  /* the database's own: the node's id, and what paging states are sealed with */
    int64_t started_s;         /* since 1970 */
    struct cql_doors *doors;   /* whose clients are told of; NULL: nobody's. Outlives it */
    struct roles *roles;       /* that there are; NULL: none. Outlives it */
    bool authorizes;           /* who logged in may do what was granted, and no more */
    _Atomic uint64_t changes;  /* of the schema, since then */
    struct traces *traces;     /* of requests that clients asked to trace */
    struct turns schema_turns; /* who changes the schema, and who waits to */
};

/* Before the first exec_open, and after the last exec_close; the other members are the caller's. */
void cql_node_open(struct cql_node *node);
void cql_node_close(struct cql_node *node);
/* Before the first of its doors is closed: changes of the schema do not wait for one another any more. */
void cql_node_stop(struct cql_node *node);

/* `node` lives longer; `readers`, where long reads go, and `evaluator`, which runs users' functions (NULL: there are none),
 * until their answers are posted. */
MUST_USE enum status exec_open(struct gate *gate, struct gate_readers *readers, struct evaluator *evaluator,
                               struct cql_node *node, struct exec **ret_exec, struct error *error);
/* After its door was closed. Accepts a pointer to NULL. */
void exec_close(struct exec **exec);
/* For cql_door_options; lives as long as `exec`. */
const struct cql_executor *exec_executor(const struct exec *exec);

#endif
