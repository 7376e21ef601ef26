/* Limits of the CQL door. */
#ifndef CQL_BOUNDS_H
#define CQL_BOUNDS_H

enum {
    /* A body as received and as decompressed; over it: Protocol error, and the connection is closed. The protocol's own. */
    CQL_BODY_BYTES_MAX = 256 * 1024 * 1024,
    /* The same until the client said who it is, so that strangers take no memory. */
    CQL_STARTUP_BYTES_MAX = 64 * 1024,
    CQL_REQUESTS_MAX = 4096,           /* of a connection at a time; one more: Overloaded */
    CQL_COMPRESS_BYTES_MIN = 512,      /* a shorter body, or segment, is sent as it is */
    CQL_PREPARED_MAX = 10000,          /* statements; the one that was not used longest goes: Unprepared */
    CQL_PREPARED_BYTES_MAX = 64 << 20, /* of their texts, likewise */
    CQL_FLIGHTS_KEPT = 64,             /* answered requests whose memory waits for the next */
    CQL_BUFFER_BYTES_KEPT = 64 * 1024, /* of a buffer that is used again; a larger one is freed */
    CQL_AUTHENTICATIONS_MAX = 3,       /* wrong passwords of a connection; then it is closed */
    CQL_ROLE_ATTEMPTS_MAX = 100, /* to change roles, when others do at the same time; then: Overloaded */
    CQL_TIMESTAMP_SKEW_S = 10,   /* between a write's timestamp and ours, either way; over it: a warning */
    CQL_SIGNATURE_SKEW_S =
        900, /* between a signature's time and ours, either way; over it: Authentication error */
    CQL_COMBINATIONS_MAX =
        10000,             /* partitions, or ranges of rows in each, that WHERE names; over it: Invalid */
    CQL_INLINE_ROWS = 256, /* looked at on the door's thread before a read goes to the reader pool */
    CQL_PAGE_SCANNED_MAX =
        100000, /* rows looked at for a page; it ends there with fewer than were asked for */
    CQL_PAGE_SCANNED_BYTES_MAX = 1 << 20, /* likewise */
    CQL_SKIP_ROWS = 256,              /* looked at together where the rest of a partition may be left out */
    CQL_RESULT_BYTES_MAX = 128 << 20, /* a result that is not paged; over it: Invalid */
    CQL_TRACES_KEPT = 64,             /* requests that clients asked to trace; the oldest is forgotten */
    CQL_TRACE_TEXT_BYTES_MAX = 4096,  /* of a statement in a trace; the rest is left out */
    CQL_BATCH_WARN_BYTES = 5 * 1024,  /* of keys and values, of a batch over several partitions: a warning */
    CQL_BATCH_BYTES_MAX = 50 * 1024,  /* likewise; over it: Invalid. Both are Cassandra's */
    CQL_BATCH_PARTITIONS_WARN = 10,   /* of an unlogged batch; over it: a warning */
    CQL_FUNCTION_CALLS_MAX =
        100000, /* of users' functions for a page, one behind the other; over it: Invalid */
    CQL_FUNCTION_BYTES_MAX = 64 << 20, /* of rows and arguments that wait for them; likewise */
    CQL_FUNCTION_VALUES_MAX =
        1000, /* calls of users' functions for values of a request: each is one message; likewise */
    CQL_STRING_BYTES_MAX = 65535, /* of a [string]; an error's message that is longer is cut */
};

#endif
