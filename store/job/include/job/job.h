/* Background work: backfills of new indexes, the expiry sweep, purges of what was dropped, restores, deletions of many rows. One thread does
 * it all, kind by kind in turns, in pieces that the writer takes like any write; how far it is survives every crash. DESIGN §4, §7, §11.
 *
 * Restores are rows of system.jobs:
 *   id → kind "restore", source, lsn, target, table (its id), position (bytes), rows, state "running" | "done" | "failed", error */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "base/clock.h"
#include "catalog/catalog.h"
#include "environment/environment.h"
#include "fold/fold.h"
#include "job/bounds.h"
#include "log/log.h"

struct jobs;

struct jobs_options {
    struct catalog *catalog;
    struct environment *environment;
    struct log *log;
    struct fold *fold;
    const struct clock *clock;
    int64_t sweep_ms;
};

/* Registers system.jobs. Before the store opens. */
void jobs_register_tables(struct catalog *catalog);
/* Starts the thread, which takes up what a stop or crash interrupted. */
MUST_USE enum status jobs_open(const struct jobs_options *options, struct jobs **ret_jobs,
                               struct error *error);
/* Stops after the piece at hand; before the fold closes. Accepts a pointer to NULL. */
void jobs_close(struct jobs **jobs);

/* The row of system.jobs that makes a restore into `target`, whose id is set, happen: its record key and image. */
void jobs_restore_row(int64_t id, struct bytes source, uint64_t lsn, const struct schema *target,
                      struct buffer *ret_key, struct buffer *ret_image);

#endif
