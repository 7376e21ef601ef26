#include "prepare.h"

enum status cql__prepare(struct exec_call *call, const struct cql_query *query)
{
    (void)query;
    return exec_fail(call, CQL_INVALID, "being built");
}

const struct cql_statement *cql__plan_statement(const void *prepared)
{
    return prepared;
}

bool cql__plan_is_current(struct exec *exec, const void *prepared)
{
    return exec != NULL && prepared != NULL;
}

void cql__plan_destroy(void *prepared)
{
    (void)prepared;
}
