/* Checkpoints. DESIGN §8, steps 0 to 4. */
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/metric.h"
#include "environment_private.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters of the whole process */
static struct metric checkpoint_duration = {.kind = METRIC_HISTOGRAM_SECONDS,
                                            .name = "oxbow_checkpoint_duration_seconds",
                                            .help = "Time to make a checkpoint of the store."};
static struct metric checkpoint_bytes = {.kind = METRIC_HISTOGRAM,
                                         .name = "oxbow_checkpoint_bytes",
                                         .help = "Bytes of pages that a checkpoint made durable."};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* Step 1: flushes, copies the meta pages and pins the state that LMDB then has. */
static enum status checkpoint_take(struct environment *environment, size_t pin, struct side *side,
                                   struct error *error)
{
    (void)pthread_mutex_lock(&environment->flushing);
    side->page_bytes = environment->page_bytes;
    enum status status = environment__flush(environment, error);
    if (status == STATUS_OK) {
        status = environment__metas_read(&environment->data, side->page_bytes, &side->metas, error);
    }
    if (status == STATUS_OK) {
        int code = mdb_txn_renew(environment->pins[pin]);
        status = code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, "pinning the state");
    }
    (void)pthread_mutex_unlock(&environment->flushing);
    if (status == STATUS_OK) {
        environment->pinned[pin] = true;
        side->transaction = mdb_txn_id(environment->pins[pin]);
        status = environment__point_read(environment, environment->pins[pin], &side->point, error);
    }
    return status;
}

static void checkpoint_unpin(struct environment *environment, size_t pin)
{
    if (environment->pinned[pin]) {
        mdb_txn_reset(environment->pins[pin]);
        environment->pinned[pin] = false;
    }
}

/* Has dirty pages of data.mdb written, from *at on and for `windows_max` windows at most, around from the end to the beginning. A
 * sync of the log is behind whatever the disk was asked for before it, so this asks for one window after the other and waits for each.
 * Promises nothing: what fails here fails again at the sync, which has a descriptor of its own. */
static void checkpoint_write_back(const struct environment *environment, uint64_t *at, uint64_t windows_max)
{
    uint64_t size = 0;
    if (file_size(&environment->data, &size, NULL) != STATUS_OK || size == 0) {
        return;
    }
    uint64_t share = size / ENVIRONMENT_WRITEBACK_WINDOWS_MAX;
    uint64_t window = share < ENVIRONMENT_WRITEBACK_BYTES ? ENVIRONMENT_WRITEBACK_BYTES
                                                          : share - share % environment->page_bytes;
    uint64_t windows = (size + window - 1) / window;
    for (uint64_t i = 0; i < windows && i < windows_max; i++) {
        *at = *at < size ? *at : 0;
        (void)sync_file_range(environment->data.descriptor, (off64_t)*at, (off64_t)window,
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
        *at += window;
    }
}

/* Steps 0, 2 and 3 for the state just taken: the log, the pages, then the side file that names them. */
static enum status checkpoint_make_durable(struct environment *environment, const struct side *side,
                                           struct error *error)
{
    if (environment->options.log_sync != NULL) {
        enum status status =
            environment->options.log_sync(environment->options.context, side->point.lsn, error);
        if (status != STATUS_OK) {
            return environment__fatal(environment, status, error);
        }
    }
    uint64_t at = 0;
    checkpoint_write_back(environment, &at, UINT64_MAX);
    int code = mdb_env_sync(environment->env, 1);
    if (code != MDB_SUCCESS) {
        return environment__fatal(environment, environment__lmdb_error(code, error, "syncing data.mdb"),
                                  error);
    }
    enum status status =
        environment__side_write(environment->directory, side, environment->options.database, error);
    return status == STATUS_OK || status == STATUS_FULL ? status
                                                        : environment__fatal(environment, status, error);
}

/* The caller holds `checkpointing`. */
static enum status checkpoint_run(struct environment *environment, struct error *error)
{
    size_t pin = (environment->pin + 1) % ENVIRONMENT_PINS;
    size_t oldest = (environment->pin + 2) % ENVIRONMENT_PINS;
    struct side side = {.sequence = environment->sequence + 1};
    int64_t started = clock_steady_us(clock_system());
    uint64_t pages = 0;
    CHECK(!environment->pinned[pin]);
    enum status status = checkpoint_take(environment, pin, &side, error);
    if (status == STATUS_OK) {
        pages = atomic_exchange(&environment->pages_written, 0);
        status = checkpoint_make_durable(environment, &side, error);
    }
    if (status == STATUS_OK) {
        environment->sequence = side.sequence;
        environment->points[side.sequence % ENVIRONMENT_SIDES] = side.point;
        environment->pin = pin;
        int64_t took_us = clock_steady_us(clock_system()) - started;
        atomic_store(&environment->checkpoint_lsn, side.point.lsn);
        atomic_store(&environment->checkpoint_us, took_us);
        atomic_fetch_add(&environment->checkpoints, 1);
        metric_observe(&checkpoint_duration, took_us);
        metric_observe(&checkpoint_bytes, (int64_t)(pages * environment->page_bytes));
        checkpoint_unpin(environment, oldest); /* step 4: the side file that named it is overwritten */
    } else {
        checkpoint_unpin(environment, pin);
    }
    buffer_reset(&side.metas);
    return status;
}

enum status environment_checkpoint_now(struct environment *environment, struct error *error)
{
    (void)pthread_mutex_lock(&environment->checkpointing);
    enum status status = checkpoint_run(environment, error);
    struct environment_point newer = environment->points[environment->sequence % ENVIRONMENT_SIDES];
    struct environment_point older = environment->points[(environment->sequence + 1) % ENVIRONMENT_SIDES];
    (void)pthread_mutex_unlock(&environment->checkpointing);
    if (status == STATUS_OK && environment->options.on_checkpoint != NULL) {
        environment->options.on_checkpoint(environment->options.context, &older, &newer);
    }
    return status;
}

static void checkpoint_wait(struct environment *environment)
{
    struct timespec until = thread_time_in(ENVIRONMENT_WRITEBACK_INTERVAL_US);
    (void)pthread_cond_timedwait(&environment->thread_wake, &environment->thread_mutex, &until);
}

static void checkpoint_thread(void *context)
{
    struct environment *environment = context;
    int64_t last = clock_steady_us(clock_system());
    uint64_t commits_seen = atomic_load(&environment->commits);
    uint64_t written_back = 0; /* where the next window begins */
    struct diagnostic_rate failures = {0};
    (void)pthread_mutex_lock(&environment->thread_mutex);
    while (!environment->is_stopping) {
        checkpoint_wait(environment);
        (void)pthread_mutex_unlock(&environment->thread_mutex);
        uint64_t commits = atomic_load(&environment->commits);
        int64_t now = clock_steady_us(clock_system());
        uint64_t pages = atomic_load(&environment->pages_written) + environment__space_pages(environment);
        uint64_t bytes = pages * environment->page_bytes;
        struct error error;
        if (commits != commits_seen && (now - last >= environment->options.checkpoint_interval_us ||
                                        bytes >= environment->options.checkpoint_bytes)) {
            commits_seen = commits;
            last = now;
            if (environment_checkpoint_now(environment, &error) != STATUS_OK) {
                diagnostic_write_rarely(&failures, DIAGNOSTIC_WARNING, "environment", "no checkpoint: %s",
                                        error.text);
            }
        } else if (environment__space_wants_flush(environment)) {
            if (environment__flush_now(environment, &error) != STATUS_OK) {
                diagnostic_write_rarely(&failures, DIAGNOSTIC_WARNING, "environment", "no flush: %s",
                                        error.text);
            }
        } else if (commits != commits_seen) {
            checkpoint_write_back(environment, &written_back, ENVIRONMENT_WRITEBACK_WINDOWS);
        }
        (void)pthread_mutex_lock(&environment->thread_mutex);
    }
    (void)pthread_mutex_unlock(&environment->thread_mutex);
}

enum status environment_checkpoint_start(struct environment *environment, struct error *error)
{
    metric_register(&checkpoint_duration);
    metric_register(&checkpoint_bytes);
    return thread_create("checkpoint", checkpoint_thread, environment, &environment->thread, error);
}
