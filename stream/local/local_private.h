/* The inside of the file provider, for this folder's files. */
#ifndef LOCAL_PRIVATE_H
#define LOCAL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "local/local.h"

/* segments[0 … active] hold the log, oldest first; segments[active + 1 … count) are spares. */
struct local {
    struct log log;
    struct local_options options;
    char *directory;
    struct thread *thread;   /* prepares, seals, trims */
    struct thread *merger;   /* makes runs */
    struct segment *writing; /* the active segment, shared; the writer's own, and of open and close */

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;   /* the thread has something to do */
    pthread_cond_t done;   /* the thread did something */
    struct segment **segments;
    size_t count;
    size_t capacity;
    size_t active;
    uint64_t bytes; /* of all segments' files */
    uint64_t next_number;
    size_t spares_wanted;
    bool is_reserve_open;     /* spares may take the disk's reserve */
    enum status spare_status; /* how the last preparation went */
    struct error spare_error;
    uint64_t next_lsn;          /* after the last frame written, complete or not */
    uint64_t complete_next_lsn; /* after the last complete transaction */
    uint64_t synced_lsn;
    uint64_t marked_lsn; /* the synced LSN that the last frame told */
    uint64_t term;
    int64_t commit_time_us;
    uint64_t trim_lsn;  /* records up to here may go */
    int64_t trimmed_us; /* history removed since the start */
    int64_t started_us; /* steady time */
    int64_t started_wall_us;
    struct segment **runs; /* sorted by level, then number */
    size_t runs_count;
    size_t runs_capacity;
    struct segment **discarded; /* runs found to be damaged, for the merger to remove */
    size_t discarded_count;
    pthread_cond_t merge; /* the merger has something to do */
    bool may_merge;       /* something was sealed or discarded since the merger found nothing to do */
    bool is_merging;
    atomic_bool is_merge_cancelled; /* read without the mutex */
    bool may_seal;                  /* schemas of all records are known */
    bool is_stopping;
    bool is_busy; /* the thread is at work */
};

/* Recovery (recovery.c): fills segments, active and the LSNs from the directory. */
MUST_USE enum status local__recover(struct local *local, struct error *error);
void local__add_segment(struct local *local, struct segment *segment);

/* The horizon file: number and first LSN of the oldest segment that must be there. */
MUST_USE enum status local__horizon_write(const struct local *local, uint64_t number, uint64_t first_lsn,
                                          struct error *error);
MUST_USE enum status local__horizon_read(const struct local *local, uint64_t *ret_number,
                                         uint64_t *ret_first_lsn, struct error *error);

/* The thread's work (keeper.c). */
void local__keeper_run(void *context);
/* Removes a file of the log's directory; a failure is told to on_failure. Without the mutex. */
void local__remove_file(struct local *local, uint64_t number, const char *suffix);

/* Runs (runs.c). The caller holds the mutex unless it says otherwise. */
struct segment *local__run_find(struct local *local, uint64_t number, unsigned level); /* NULL: none */
/* What the run is made of, shared, those before the oldest segment left out; their number, 0 when one is not there. */
size_t local__run_children(struct local *local, uint64_t number, unsigned level,
                           struct segment *ret_children[SEGMENT_RUN_FAN_IN]);
void local__run_add(struct local *local, struct segment *run);
/* Takes the first run that lies wholly before the oldest segment out of the list; NULL: none. The caller removes its file
 * and releases it. */
struct segment *local__run_take_trimmed(struct local *local);
struct segment *local__run_take(struct local *local,
                                const struct segment *run); /* that one; NULL: it is not there */
/* Has the merger remove the run, and make it again, when a reader found it damaged as `reason` says; nobody is led to it any
 * more. False: it is no run but a segment. Without the mutex. */
bool local__run_discard(struct local *local, struct segment *run, const struct error *reason);
/* What follows segments[index] when it, or the largest run that begins with it and ends at or before segments[last], is
 * passed. *ret_source (not shared): that run or segment. */
size_t local__run_step(struct local *local, size_t index, size_t last, struct segment **ret_source);
/* Opens the runs whose files recovery found; one that is damaged or does not fit the segments is removed, for it will be
 * made again. At open. */
MUST_USE enum status local__run_recover(struct local *local, uint64_t number, unsigned level,
                                        struct error *error);
const char *local__run_suffix(unsigned level);
/* The level that a file's suffix names; 0: not a run's. */
unsigned local__run_level(const char *suffix);

/* The merger's work (merger.c). */
void local__merger_run(void *context);

/* Reading (reader.c). */
struct segment *local__find_segment(struct local *local, uint64_t lsn, size_t *ret_index);
/* STATUS_TRIMMED: `lsn` is not in the log. */
enum status local__trimmed(struct local *local, uint64_t lsn, struct error *error);
extern const struct log_operations local__operations;
enum status local__reader_create(struct log *log, uint64_t lsn, struct log_filter filter,
                                 struct log_reader **ret_reader, struct error *error);
enum status local__reader_next(struct log_reader *reader, uint64_t until_lsn, struct log_part *ret_part,
                               struct error *error);
uint64_t local__reader_lsn(const struct log_reader *reader);
void local__reader_destroy(struct log_reader *reader);
struct log_keys *local__keys_create(struct log *log, const struct log_keys_range *range);
enum status local__keys_next(struct log_keys *keys, struct bytes *ret_key, uint64_t *ret_lsn,
                             struct error *error);
void local__keys_destroy(struct log_keys *keys);
enum status local__lsn_at(struct log *log, int64_t time_us, uint64_t *ret_lsn, struct error *error);

/* Verifying (check.c). */
enum status local__check(struct log *log, struct buffer *position, struct error *error);

#endif
