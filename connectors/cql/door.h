/* The inside of the door: what its connections share. Thread: the door's, unless it says otherwise. */
#ifndef CQL_DOOR_H
#define CQL_DOOR_H

#include "cql/executor.h"
#include "doors.h"
#include "flight.h"
#include "prepared.h"
#include "session.h"

/* Tells the sessions that registered for it. */
void cql__door_tell(struct cql_door *door, const struct cql_schema_change *change);

struct cql_door {
    struct cql_door_options options;
    struct stream_server *server;
    struct prepared_cache *prepared;
    struct list sessions; /* those with a connection */
    struct flight_pool flights;
    size_t bodies_bytes;       /* of requests under way, and what has come of others */
    struct session *receiving; /* its answers gather in `output` until its input is used up */
    struct buffer output;      /* as the wire has it */
    struct buffer scratch;     /* an envelope under construction */
    struct buffer framed;      /* the same as the wire has it, for whoever is not receiving */
};

#endif
