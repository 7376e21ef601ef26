/* What the door counts of its requests, and what it says about slow ones. Thread: any. */
#ifndef CQL_MEASURE_H
#define CQL_MEASURE_H

#include "flight.h"
#include "reply.h"

void cql__measure_open(void);                /* shows the door's connections; once or more often */
void cql__measure_connections(int64_t more); /* or fewer */
/* A request was answered, by an error or not, as the flight notes. */
void cql__measure_request(struct flight *flight);
/* What was no request was answered with an error. */
void cql__measure_failure(enum cql_code code);
void cql__measure_eviction(void); /* of a prepared statement, for want of room */

#endif
