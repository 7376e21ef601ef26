/* The CQL door: Cassandra's native protocol, versions 3 to 5. */
#ifndef CQL_CQL_H
#define CQL_CQL_H

#include <stddef.h>

#include "base/bytes.h"
#include "net/endpoint.h"

struct cql_door;
struct cql_executor;
struct cql_doors;
struct gate;
struct identity;
struct roles;

struct cql_door_options {
    struct net_endpoint endpoint;
    const char *broadcast; /* ADDRESS:PORT that clients are told to connect to; NULL: as they did */
    struct cql_door
        *leader; /* another one, with that endpoint, whose clients it shares (http_server_options.leader) */
    struct cql_doors
        *doors; /* who else is told of changes, and shares prepared statements; NULL: nobody. Outlives it */
    struct gate *gate;
    struct identity *identity; /* whose access keys may sign (SigV4); NULL: nobody's */
    const char *region;        /* that signatures are for; NULL: us-east-1 */
    size_t body_bytes_max;     /* of a request; 0: CQL_BODY_BYTES_MAX */
    size_t bodies_bytes_max;   /* of all requests together; 0: CQL_BODIES_BYTES_MAX */
    unsigned handshake_ms;     /* until a client has said who it is; 0: NET_HANDSHAKE_MS */
    bool requires_login;       /* clients have to say who they are */
    struct roles
        *roles; /* who may log in, with a password or by an access key of that name; NULL: only access keys
                            count, of whatever name */
    const struct cql_executor *executor; /* lives as long as the door */
};

/* Errors as of stream_server_open. */
MUST_USE enum status cql_door_open(const struct cql_door_options *options, struct cql_door **ret_door,
                                   struct error *error);
/* Closes all connections. The roles were stopped before. Every request must have been answered, or its answer be posted already. Accepts a pointer to
 * NULL. */
void cql_door_close(struct cql_door **door);
/* Reads certificate and key again (stream_server_reload). Thread: any. */
MUST_USE enum status cql_door_reload(struct cql_door *door, struct error *error);
/* The bound ADDRESS:PORT; lives as long as the door. */
const char *cql_door_address(const struct cql_door *door);

#endif
