/* The inside of a mapping, for this folder's files. Everything belongs to its thread unless it says so. */
#ifndef MAPPING_PRIVATE_H
#define MAPPING_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/diagnostic.h"
#include "base/thread.h"
#include "function/work.h"
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

/* Where the mapping stands (cursor.c). */
struct mapping_cursor {
    uint64_t committed_lsn; /* as system.cursors has it */
    uint64_t wanted_lsn;    /* how far batches that wrote and read nothing have come */
    uint64_t moving_lsn;    /* what the write under way makes of it */
    bool is_moving;
    struct work_pending pending;
};

struct mapping {
    struct mapping_options options;
    struct arena settings_arena;
    struct mapping_settings settings;
    const struct condition *filter;
    struct thread *thread;
    struct gate_view *view;
    struct subscription *subscription;
    struct mapping_cursor cursor;
    uint64_t read_lsn;             /* after the last record taken from the feed */
    struct diagnostic_rate parked; /* told of it, now and then */
    int64_t followed_us; /* steady time when the cursor last passed what was not wanted, or of the start */
    atomic_bool
        is_stopping;       /* looked at for every record; set under the mutex, so that who sleeps is woken */
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t woken;
    bool is_woken;
    struct mapping_facts facts;
};

/* Appends a change record as functions see it, and an event of records (event.c). */
MUST_USE enum status mapping__put_record(struct gate *gate, const struct feed_record *found,
                                         struct buffer *buffer, struct error *error);
void mapping__put_event(struct bytes records, uint32_t count, struct buffer *buffer);
/* Whether the filter wants it. */
bool mapping__wants(struct mapping *mapping, const struct record *record);

bool mapping__is_stopping(const struct mapping *mapping);
/* Waits so long, or until it is to stop. */
void mapping__sleep(struct mapping *mapping, int64_t ms);

/* Takes a batch through the function to the end: committed, or parked. STATUS_CLOSED when stopping; other errors stop
 * the mapping (invoke.c). */
MUST_USE enum status mapping__run_batch(struct mapping *mapping, const struct mapping_batch *batch,
                                        struct error *error);

/* The change that moves the cursor on condition that nobody else moved it. */
struct gate_change mapping__cursor_change(const struct mapping *mapping, uint64_t next_lsn,
                                          struct arena *arena);
/* It was read, or committed, there; none is under way. */
void mapping__cursor_set(struct mapping *mapping, uint64_t next_lsn);
/* Lets the cursor follow, now or with the next write of it. Errors are those of an earlier one: STATUS_BUSY, STATUS_CONFLICT. */
MUST_USE enum status mapping__cursor_advance(struct mapping *mapping, uint64_t next_lsn, struct error *error);
/* Waits for the write under way. After an error the cursor is where it was, and so is what is wanted. */
MUST_USE enum status mapping__cursor_settle(struct mapping *mapping, struct error *error);
/* Makes what is wanted durable. */
MUST_USE enum status mapping__cursor_flush(struct mapping *mapping, struct error *error);

#endif
