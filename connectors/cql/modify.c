#include "bind.h"

enum status exec_modify(struct exec_call *call, const struct cql_statement *statement)
{
    (void)statement;
    return exec_fail(call, CQL_INVALID, "being built");
}

enum status exec_batch(struct exec_call *call, const struct cql_message *message)
{
    (void)message;
    return exec_fail(call, CQL_INVALID, "being built");
}
