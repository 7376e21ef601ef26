/* The inside of background work, for this folder's files. Everything runs on the jobs' thread. */
#ifndef JOB_PRIVATE_H
#define JOB_PRIVATE_H

#include <semaphore.h>
#include <stdatomic.h>

#include "base/diagnostic.h"
#include "base/thread.h"
#include "environment/transaction.h"
#include "fold/write.h"
#include "job/job.h"

/* The kinds of work, which take turns: a long one keeps none of the others waiting. */
enum {
    JOB_KINDS = 5,
};

struct job_turn {
    int64_t ends_us;              /* steady; a piece that began before is finished */
    unsigned halvings;            /* of the rows in a transaction: the log took no more */
    struct diagnostic_rate waits; /* what it waits for is told now and then */
};

struct jobs {
    struct jobs_options options;
    struct thread *thread;
    sem_t wake; /* posted to stop */
    atomic_bool is_stopping;
    int64_t next_sweep_us; /* steady */
    struct map *expiries;  /* schemas (by table and version) whose expiries are filled in */
    struct job_turn turns[JOB_KINDS];
    struct job_turn *turn; /* whose it is */
};

/* A write that the writer has. It and the write stay where they are until job__finish. */
struct job_pending {
    struct write *write;
    sem_t done;
};

/* Gives the write to the writer, whose arena stays the caller's; job__finish waits for it. */
void job__start(struct jobs *jobs, struct write *write, struct job_pending *ret_pending);
MUST_USE enum status job__finish(struct job_pending *pending, struct error *error);
/* Both. */
MUST_USE enum status job__submit(struct jobs *jobs, struct write *write, struct error *error);
bool job__is_stopping(const struct jobs *jobs);
/* False: the turn is over, or all is to stop. */
bool job__may_go_on(const struct jobs *jobs);

/* Transactions of many rows are made smaller when the log's segments are too small for them, or the rows too large: how many rows
 * to take instead of `most`. */
size_t job__rows(const struct jobs *jobs, size_t most);
/* Notes how a transaction of `rows` ended. STATUS_TOO_LARGE becomes STATUS_OK when fewer rows are worth another try. */
enum status job__rows_note(struct jobs *jobs, size_t rows, enum status status);

/* Each does what there is to do while its turn lasts, a piece at least, and returns whether more is left. A failure is told in the
 * diagnostics, and tried again later: false. */
bool job__clear(struct jobs *jobs);
bool job__backfill(struct jobs *jobs);
bool job__restore(struct jobs *jobs);
bool job__sweep(struct jobs *jobs);
bool job__purge(struct jobs *jobs);
/* Ends a turn: tells why `what` has to wait, unless that is none of anybody's business. Returns has_more, if it need not wait. */
bool job__turn_end(struct jobs *jobs, enum status status, const struct error *error, const char *what,
                   bool has_more);

#endif
