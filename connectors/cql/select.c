#include "bind.h"

enum status exec_select(struct exec_call *call, const struct cql_select *statement)
{
    (void)statement;
    return exec_fail(call, CQL_INVALID, "being built");
}

enum status exec_select_note(struct exec_call *call, struct marker_notes *notes,
                             const struct cql_select *statement, struct cql_metadata *ret_result)
{
    (void)notes;
    (void)statement;
    (void)ret_result;
    return exec_fail(call, CQL_INVALID, "being built");
}
