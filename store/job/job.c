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

bool job__may_go_on(const struct jobs *jobs)
{
    return !job__is_stopping(jobs) && clock_steady_us(jobs->options.clock) < jobs->turn->ends_us;
}

bool job__turn_end(struct jobs *jobs, enum status status, const struct error *error, const char *what,
                   bool has_more)
{
    if (status != STATUS_OK && status != STATUS_STALE && status != STATUS_CLOSED) {
        diagnostic_write_rarely(&jobs->turn->waits, DIAGNOSTIC_WARNING, "job", "%s waits: %s", what,
                                error->text);
    }
    return status == STATUS_OK && has_more;
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
    size_t rows = most >> jobs->turn->halvings;
    return rows == 0 ? 1 : rows;
}

enum status job__rows_note(struct jobs *jobs, size_t rows, enum status status)
{
    if (status == STATUS_TOO_LARGE && rows > 1) {
        jobs->turn->halvings++;
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

/* Those of each look come first, those of the sweep's last. */
static bool (*const job_kinds[JOB_KINDS])(struct jobs *jobs) = {
    job__clear, job__backfill, job__restore, job__sweep, job__purge,
};
enum {
    JOB_KINDS_SWEPT = 3, /* the first that runs with the sweep only */
};

/* A turn of the kinds from `first` on, before `last`. Returns whether any has more to do. */
static bool jobs_turns(struct jobs *jobs, size_t first, size_t last)
{
    bool has_more = false;
    for (size_t i = first; i < last && !job__is_stopping(jobs); i++) {
        jobs->turn = &jobs->turns[i];
        jobs->turn->ends_us = clock_steady_us(jobs->options.clock) + JOB_TURN_MS * 1000LL;
        if (job_kinds[i](jobs)) {
            has_more = true;
        } else {
            jobs->turn->halvings = 0;
        }
    }
    return has_more;
}

static void jobs_run(void *context)
{
    struct jobs *jobs = context;
    while (!job__is_stopping(jobs)) {
        bool has_more = jobs_turns(jobs, 0, JOB_KINDS_SWEPT);
        int64_t now_us = clock_steady_us(jobs->options.clock);
        if (now_us >= jobs->next_sweep_us) {
            bool has_swept = !jobs_turns(jobs, JOB_KINDS_SWEPT, JOB_KINDS);
            jobs->next_sweep_us = now_us + (has_swept ? jobs->options.sweep_ms * 1000 : 0);
            has_more = has_more || !has_swept;
        }
        if (!has_more) {
            jobs_sleep(jobs);
        }
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
