/* Limits of event source mappings. */
#ifndef MAPPING_BOUNDS_H
#define MAPPING_BOUNDS_H

enum {
    MAPPINGS_MAX = 64,           /* each has a thread */
    MAPPING_BATCH_DEFAULT = 100, /* records of one invocation */
    MAPPING_BATCH_MAX = 10000,
    MAPPING_BATCH_BYTES_MAX = 6 * 1024 * 1024, /* of an event; one larger record goes alone */
    MAPPING_PARKED_BYTES_MAX =
        4 * 1024 * 1024 -
        64 * 1024, /* of an event that is kept when it is parked; of a larger one the log keeps the record */
    MAPPING_RETRIES_DEFAULT =
        3, /* after the first failure; then the batch is cut, at last the record is parked */
    MAPPING_RETRIES_MAX = 10000,
    MAPPING_CONFLICTS_MAX = 8, /* invocations anew because what was read had changed; no failures */
    MAPPING_BACKOFF_MS = 50,   /* before the first retry; doubled each time */
    MAPPING_BACKOFF_MS_MAX = 10000,
    MAPPING_HOPS_MAX = 16,  /* functions between a client's write and a record; beyond it is parked */
    MAPPING_IDLE_MS = 1000, /* a look at the feed in any case */
    /* A cursor whose mapping had nothing to do follows the log, so that the horizon never passes it: */
    MAPPING_SKIP_RECORDS = 10000, /* once a minute, when that many went by, */
    MAPPING_SKIP_SECONDS = 3600,  /* and in any case this often */
};

#endif
