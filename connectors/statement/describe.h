/* DESCRIBE: what there is, as rows of names and of the statements that made it. CQL reference, "DESCRIBE". */
#ifndef CQL_DESCRIBE_H
#define CQL_DESCRIBE_H

#include "exec.h"

/* The columns of its rows. The call's keyspace decides whether DESCRIBE CLUSTER tells of ranges. */
struct cql_metadata statement__describe_result(const struct exec_call *call,
                                               const struct cql_describe *statement);

#endif
