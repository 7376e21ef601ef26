/* Limits of the CQL door. */
#ifndef CQL_BOUNDS_H
#define CQL_BOUNDS_H

enum {
    /* A body as received and as decompressed; over it: Protocol error, and the connection is closed. The protocol's own. */
    CQL_BODY_BYTES_MAX = 256 * 1024 * 1024,
    /* The same until the client said who it is, so that strangers take no memory. */
    CQL_STARTUP_BYTES_MAX = 64 * 1024,
    /* Bodies that are received and of requests under way, of all connections together: one of more bytes than the second is then
     * Overloaded, and the connection goes on, so that those who send much leave room for those who send little. */
    CQL_BODIES_BYTES_MAX = 1024 * 1024 * 1024,
    CQL_BODY_BYTES_GRANTED = 64 * 1024,
    CQL_REQUESTS_MAX = 4096,           /* of a connection at a time; one more: Overloaded */
    CQL_COMPRESS_BYTES_MIN = 512,      /* a shorter body, or segment, is sent as it is */
    CQL_PREPARED_MAX = 10000,          /* statements; the one that was not used longest goes: Unprepared */
    CQL_PREPARED_BYTES_MAX = 64 << 20, /* of their texts, likewise */
    CQL_FLIGHTS_KEPT = 64,             /* answered requests whose memory waits for the next */
    CQL_BUFFER_BYTES_KEPT = 64 * 1024, /* of a buffer that is used again; a larger one is freed */
    CQL_CLIENT_OPTIONS_BYTES_MAX =
        2048,                    /* of STARTUP, told by system_views.clients; of larger ones nothing is */
    CQL_AUTHENTICATIONS_MAX = 3, /* wrong passwords of a connection; then it is closed */
    CQL_SIGNATURE_SKEW_S =
        900, /* between a signature's time and ours, either way; over it: Authentication error */
    CQL_STRING_BYTES_MAX = 65535, /* of a [string]; an error's message that is longer is cut */
};

#endif
