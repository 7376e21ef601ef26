/* The inside of a mapping, for this folder's files. Everything belongs to its thread unless it says so. */
#ifndef MAPPING_PRIVATE_H
#define MAPPING_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "mapping/mapping.h"

/* Records waiting to go through the function: encoded, one after the other. */
struct mapping_batch {
    struct buffer events; /* encoded records */
    uint32_t count;
    uint64_t first_lsn;
    uint64_t next_lsn; /* the cursor when the batch is done */
    uint8_t hops;      /* the most of any record */
    int64_t time_us;   /* commit time of the last record */
};

struct mapping {
    struct mapping_options options;
    struct arena settings_arena;
    struct mapping_settings settings;
    const struct condition *filter;
    struct thread *thread;
    struct gate_view *view;
    struct subscription *subscription;
    uint64_t next_lsn;     /* the cursor as committed */
    uint64_t read_lsn;     /* after the last record taken from the feed */
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t woken;
    bool is_woken;
    bool is_stopping;
    struct mapping_facts facts;
};

/* Appends a change record as functions see it (event.c). */
MUST_USE enum status mapping__put_record(struct mapping *mapping, const struct feed_record *found,
                                         struct buffer *buffer, struct error *error);
/* Whether the filter wants it. */
bool mapping__wants(struct mapping *mapping, const struct record *record);

bool mapping__is_stopping(struct mapping *mapping);
/* Waits so long, or until it is to stop. */
void mapping__sleep(struct mapping *mapping, int64_t ms);

/* Takes a batch through the function to the end: committed, or parked. STATUS_CLOSED when stopping; other errors stop
 * the mapping (invoke.c). */
MUST_USE enum status mapping__run_batch(struct mapping *mapping, const struct mapping_batch *batch,
                                        struct error *error);

#endif
