/* Limits of CQL's statements. */
#ifndef CQL_STATEMENT_BOUNDS_H
#define CQL_STATEMENT_BOUNDS_H

enum {
    CQL_TIMESTAMP_SKEW_S = 10, /* between a write's timestamp and ours, either way; over it: a warning */
    CQL_COMBINATIONS_MAX =
        10000,                /* partitions, or ranges of rows in each, that WHERE names; over it: Invalid */
    CQL_INLINE_ROWS = 256,    /* looked at on the door's thread before a read goes to the reader pool */
    CQL_INLINE_ROWS_BUSY = 4, /* the same while reads of the door wait for the pool */
    CQL_INLINE_TERMS = 16,    /* computed for each of them; with more a read goes to the pool at once */
    CQL_READS_MAX =
        128, /* of a door that the pool has or has read, with a page each; others wait for one of them */
    CQL_PAGE_SCANNED_MAX =
        100000, /* rows looked at for a page; it ends there with fewer than were asked for */
    CQL_PAGE_SCANNED_BYTES_MAX = 1 << 20, /* likewise */
    CQL_SKIP_ROWS = 256,              /* looked at together where the rest of a partition may be left out */
    CQL_RESULT_BYTES_MAX = 128 << 20, /* a result that is not paged, or a page; over it: Invalid */
    /* What evaluating a row, or the values of a request, has taken before it takes more: few bytes of text can join a long value to
     * itself a thousand times, or keep it for as many aggregates; over it: Invalid. Larger than a request. */
    CQL_EVALUATED_BYTES_MAX = 512 << 20,
    CQL_TRACES_KEPT = 64,            /* requests that clients asked to trace; the oldest is forgotten */
    CQL_TRACE_TEXT_BYTES_MAX = 4096, /* of a statement in a trace; the rest is left out */
    CQL_BATCH_WARN_BYTES = 5 * 1024, /* of keys and values, of a batch over several partitions: a warning */
    CQL_BATCH_BYTES_MAX = 50 * 1024, /* likewise; over it: Invalid. Both are Cassandra's */
    CQL_BATCH_PARTITIONS_WARN = 10,  /* of an unlogged batch; over it: a warning */
    CQL_FUNCTION_CALLS_MAX =
        100000, /* of users' functions for a page, one behind the other; over it: Invalid */
    CQL_FUNCTION_BYTES_MAX = 64 << 20, /* of rows and arguments that wait for them; likewise */
    CQL_FUNCTION_VALUES_MAX =
        1000, /* calls of users' functions for values of a request: each is one message; likewise */
};

#endif
