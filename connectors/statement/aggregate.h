/* Aggregates of Cassandra, step by step. Users' own are script.h's. */
#ifndef CQL_AGGREGATE_H
#define CQL_AGGREGATE_H

#include "function.h"

/* {.function = f}, or {.function = NULL} for count(*); then a step a row. What it keeps is in the arena it is given. */
struct cql_aggregate {
    const struct cql_function *function;
    int64_t count;
    /* Or the least, or the greatest, or the average so far of decimals; if encoded, `sum` is it only within a step. */
    struct value sum;
    /* Of reals, as Cassandra adds them: doubles, with what was lost (Kahan), and without. */
    double real;
    double lost;
    double simple;
    bool is_far; /* the sum for an average is none of a double's any more: `sum` is it, a decimal */
    /* Where the bytes of a sum are that is no mere number, so that a million steps take no more memory than one. */
    bool is_encoded;
    struct type type;
    struct bytes encoded; /* at the beginning of the room */
    struct bytes room;
};

/* `value` may be null: only count(*) counts those. It is copied where it is kept, into `arena`; the moment's is for what is needed
 * meanwhile. STATUS_INVALID: out of range. STATUS_TOO_LARGE: statement__evaluated_check. */
MUST_USE enum status statement__aggregate_step(struct cql_aggregate *aggregate, const struct value *value,
                                               const struct cql_moment *moment, struct arena *arena);
MUST_USE enum status statement__aggregate_result(const struct cql_aggregate *aggregate,
                                                 const struct cql_moment *moment, struct value *ret_value);

#endif
