#include "bind.h"

enum status exec_bind(struct exec_call *call, const struct cql_term *term, const struct type *type,
                      struct bytes name, struct bound *ret_bound)
{
    (void)term;
    (void)type;
    (void)name;
    *ret_bound = (struct bound){.kind = BOUND_NULL};
    return exec_fail(call, CQL_INVALID, "terms are being built");
}
