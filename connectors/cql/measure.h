/* What the door tells Prometheus. Thread: any. */
#ifndef CQL_MEASURE_H
#define CQL_MEASURE_H

#include "reply.h"

void cql__measure_open(void);                /* shows the door's metrics; once or more often */
void cql__measure_connections(int64_t more); /* or fewer */
void cql__measure_request(enum cql_opcode opcode, int64_t began_us);
void cql__measure_failure(enum cql_code code);

#endif
