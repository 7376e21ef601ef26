/* Levels of consistency: all are one here, with one replica; what Cassandra refuses is refused. */
#ifndef CQL_CONSISTENCY_H
#define CQL_CONSISTENCY_H

#include "exec.h"

/* Whether a SELECT of `partitions` named partitions (0: a range of them) may be read at the request's level.
 * Errors: STATUS_INVALID, with the call's failure set. */
MUST_USE enum status statement__consistency_read(struct exec_call *call, size_t partitions);
/* Whether a change may be written at it. */
MUST_USE enum status statement__consistency_write(struct exec_call *call);
/* Whether a conditional change may, with the request's serial consistency. */
MUST_USE enum status statement__consistency_condition(struct exec_call *call);
/* Whether a change of counters of `table` may. */
MUST_USE enum status statement__consistency_counter(struct exec_call *call, struct bytes table);

#endif
