#include "job/job.h"

#include <errno.h>

#include "base/diagnostic.h"
#include "base/map.h"
#include "base/memory.h"
#include "job_private.h"

bool job__is_stopping(const struct jobs *jobs)
{
    return atomic_load(&jobs->is_stopping);
}

/* Thread: the writer. */
static void job_done(struct write *write)
{
    struct job_pending *pending = write->context;
    (void)sem_post(&pending->done);
}

void job__start(struct jobs *jobs, struct write *write, struct job_pending *ret_pending)
{
    *ret_pending = (struct job_pending){.write = write};
    CHECK(sem_init(&ret_pending->done, 0, 0) == 0);
    write->complete = job_done;
    write->context = ret_pending;
    write->actor = bytes_of_text("system");
    enum status status = fold_submit(jobs->options.fold, write);
    if (status != STATUS_OK) {
        write->status = error_set(&write->error, status, "the writer takes no more");
        (void)sem_post(&ret_pending->done);
    }
}

enum status job__finish(struct job_pending *pending, struct error *error)
{
    const struct write *write = pending->write;
    while (sem_wait(&pending->done) != 0) {
    }
    (void)sem_destroy(&pending->done);
    if (write->status != STATUS_OK && error != NULL) {
        *error = write->error;
    }
    return write->status;
}

enum status job__submit(struct jobs *jobs, struct write *write, struct error *error)
{
    struct job_pending pending;
    job__start(jobs, write, &pending);
    return job__finish(&pending, error);
}

size_t job__rows(const struct jobs *jobs, size_t most)
{
    size_t rows = most >> jobs->halvings;
    return rows == 0 ? 1 : rows;
}

enum status job__rows_note(struct jobs *jobs, size_t rows, enum status status)
{
    if (status == STATUS_TOO_LARGE && rows > 1) {
        jobs->halvings++;
        return STATUS_OK;
    }
    return status;
}

static void jobs_sleep(struct jobs *jobs)
{
    struct timespec until = thread_time_in(JOB_TICK_MS * 1000LL);
    while (sem_clockwait(&jobs->wake, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) {
    }
}

static void jobs_run(void *context)
{
    struct jobs *jobs = context;
    while (!job__is_stopping(jobs)) {
        jobs->halvings = 0;
        job__clear(jobs);
        job__backfill(jobs);
        job__restore(jobs);
        int64_t now_us = clock_steady_us(jobs->options.clock);
        if (now_us >= jobs->next_sweep_us) {
            jobs->next_sweep_us = now_us + jobs->options.sweep_ms * 1000;
            job__sweep(jobs);
            job__purge(jobs);
        }
        jobs_sleep(jobs);
    }
}

void jobs_register_tables(struct catalog *catalog)
{
    static struct key_column id = {.type = {.kind = TYPE_BIGINT}};
    id.name = bytes_of_text("id");
    struct schema schema = {.table = CATALOG_JOBS,
                            .name = bytes_of_text("system.jobs"),
                            .partition_count = 1,
                            .partition = &id};
    catalog_register_system(catalog, &schema);
}

enum status jobs_open(const struct jobs_options *options, struct jobs **ret_jobs, struct error *error)
{
    struct jobs *jobs = memory_create(sizeof(*jobs));
    jobs->options = *options;
    jobs->expiries = map_create();
    CHECK(sem_init(&jobs->wake, 0, 0) == 0);
    enum status status = thread_create("jobs", jobs_run, jobs, &jobs->thread, error);
    if (status != STATUS_OK) {
        jobs_close(&jobs);
        return status;
    }
    *ret_jobs = jobs;
    return STATUS_OK;
}

void jobs_close(struct jobs **jobs)
{
    struct jobs *gone = *jobs;
    *jobs = NULL;
    if (gone != NULL) {
        atomic_store(&gone->is_stopping, true);
        (void)sem_post(&gone->wake);
        thread_join(&gone->thread);
        (void)sem_destroy(&gone->wake);
        map_destroy(&gone->expiries);
        memory_destroy(gone);
    }
}
