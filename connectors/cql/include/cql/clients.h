/* Who is connected to the CQL doors of a server. */
#ifndef CQL_CLIENTS_H
#define CQL_CLIENTS_H

#include "base/arena.h"
#include "net/stream.h"

struct cql_doors;

enum cql_client_stage {
    CQL_CLIENT_ESTABLISHING,   /* before STARTUP */
    CQL_CLIENT_AUTHENTICATING, /* it has to say who it is */
    CQL_CLIENT_READY,
};

/* A connection. */
struct cql_client {
    struct stream_address remote;
    enum cql_client_stage stage;
    uint8_t version;          /* of the protocol; 0 before STARTUP */
    const char *tls_protocol; /* "TLSv1.3"; NULL: it is not encrypted, or not yet */
    const char *tls_cipher;   /* as RFC 8446 and its like call it; NULL likewise */
    uint64_t requests;        /* that came */
    struct bytes principal;   /* who logged in; empty: nobody has to, or did yet */
    struct bytes options;     /* of STARTUP: a [string map] (native protocol v5, section 3), or empty */
};

/* All of this moment, in no order; in `arena`. Thread: any. */
struct cql_client *cql_clients_list(struct cql_doors *doors, struct arena *arena, size_t *ret_count);

#endif
