#include "bind.h"

enum status exec_select(struct exec_call *call, const struct cql_select *statement)
{
    (void)statement;
    return exec_fail(call, CQL_INVALID, "being built");
}
