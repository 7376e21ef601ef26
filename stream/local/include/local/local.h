/* The file provider: a log kept in segments in one directory. DESIGN §6. */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include "base/clock.h"
#include "local/bounds.h"
#include "log/log.h"
#include "segment/segment.h"

struct local_options {
    const char *directory; /* must exist; used by nobody else */
    struct log_identity identity;
    uint32_t segment_bytes; /* of segments made from now on */
    int64_t retention_us;   /* history to keep */
    uint64_t
        log_bytes_max; /* 0: none. Reached: appends are refused with STATUS_FULL until retention frees space */
    uint64_t
        checkpointed_lsn; /* the store's own word on what was durable: a log that ends before it is damaged */
    struct segment_keys
        keys; /* how the store finds a record's keys; called on the log's own thread and by readers */
    const struct clock *clock;
    /* Called when the log's own thread meets a failure that nobody waits for, e.g. damage found while sealing.
     * Thread: the log's own. */
    void (*on_failure)(void *context, enum status status, const struct error *error);
    void *context;
};

/* Makes an empty log in an empty directory: the horizon file and the first segment, durable. */
MUST_USE enum status local_create(const struct local_options *options, struct error *error);
/* Recovers: checks the order of segments, repairs a torn tail, cuts an incomplete chain, makes what is left durable;
 * starts the threads that prepare, seal, trim and merge. STATUS_CORRUPT names segment and offset (invariant 11). */
MUST_USE enum status local_open(const struct local_options *options, struct log **ret_log,
                                struct error *error);
/* Lets the log's thread seal: from now on `options.keys` knows the schema of every record in the log. Until the store has
 * replayed what it lacks, it does not, so open does not do this by itself. */
void local_seal_start(struct log *log);
/* Other limits from now on, as in the options: a log that was full goes on within a second when it may have more bytes; older
 * history than is kept goes at the usual pace. Thread: any. */
void local_limits_set(struct log *log, uint64_t log_bytes_max, int64_t retention_us);
/* Waits until everything that can be sealed or merged is. For tests. */
void local_settle(struct log *log);

#endif
