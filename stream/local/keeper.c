/* The log's own thread: prepares segments ahead, seals full ones, removes what is older than the horizon. */
#include <stdio.h>

#include "base/memory.h"
#include "local_private.h"

enum {
    KEEPER_INTERVAL_SECONDS = 1,
};

static const int64_t keeper_hour_us = 3600LL * 1000000;

/* The caller holds the mutex; it is released while the disk works. */
static void keeper_prepare(struct local *local)
{
    uint64_t number = local->next_number;
    uint64_t reserve =
        local->is_reserve_open ? 0 : (uint64_t)local->options.segment_bytes * LOCAL_DISK_RESERVE_SEGMENTS;
    struct segment *segment = NULL;
    struct error error = {0};
    uint64_t free_bytes = 0;
    uint64_t limit = local->options.log_bytes_max; /* it may change while the mutex is released */
    (void)pthread_mutex_unlock(&local->mutex);
    struct log_tip tip = log_tip(&local->log);
    enum status status = file_free_bytes(local->directory, &free_bytes, &error);
    if (status == STATUS_OK && limit != 0 && tip.bytes + local->options.segment_bytes > limit) {
        status = error_set(&error, STATUS_FULL, "the log has reached log_bytes_max (%llu bytes)",
                           (unsigned long long)limit);
    } else if (status == STATUS_OK && free_bytes < local->options.segment_bytes + reserve) {
        status = error_set(&error, STATUS_FULL, "%llu bytes are free on the disk of %s",
                           (unsigned long long)free_bytes, local->directory);
    }
    if (status == STATUS_OK) {
        status = segment_prepare(local->directory, number, local->options.segment_bytes, &local->log.identity,
                                 &error);
    }
    if (status == STATUS_OK) {
        status = segment_open(local->directory, number, false, &local->log.identity, &segment, &error);
    }
    (void)pthread_mutex_lock(&local->mutex);
    local->spare_status = status;
    local->spare_error = error;
    if (status == STATUS_OK) {
        local__add_segment(local, segment);
        local->next_number++;
    }
    (void)pthread_cond_broadcast(&local->done);
}

static void keeper_fail(struct local *local, enum status status, const struct error *error)
{
    if (local->options.on_failure != NULL) {
        local->options.on_failure(local->options.context, status, error);
    }
}

void local__remove_file(struct local *local, uint64_t number, const char *suffix)
{
    char name[32];
    struct error error;
    (void)snprintf(name, sizeof(name), "%016llx.%s", (unsigned long long)number, suffix);
    char *path = file_path_join(local->directory, name);
    enum status status = file_remove(path, &error);
    if (status != STATUS_OK) {
        keeper_fail(local, status, &error); /* it stays until the next start removes it */
    }
    memory_destroy(path);
}

/* The first full segment whose transactions are all complete and durable; the caller holds the mutex. */
static size_t keeper_find_sealable(struct local *local)
{
    for (size_t i = 0; i < local->active && local->may_seal; i++) {
        struct segment_range range = segment_range(local->segments[i]);
        if (!range.is_sealed && range.next_lsn <= local->complete_next_lsn &&
            range.next_lsn - 1 <= local->synced_lsn) {
            return i;
        }
    }
    return local->count;
}

/* Seals one segment; false when there is none, or it failed. The caller holds the mutex. */
static bool keeper_seal(struct local *local)
{
    size_t index = keeper_find_sealable(local);
    if (index == local->count) {
        return false;
    }
    struct segment *raw = segment_share(local->segments[index]);
    uint64_t number = segment_range(raw).number;
    struct segment *sealed = NULL;
    struct error error;
    (void)pthread_mutex_unlock(&local->mutex);
    enum status status = segment_seal(raw, &local->options.keys, &sealed, &error);
    (void)pthread_mutex_lock(&local->mutex);
    segment_release(&raw);
    if (status != STATUS_OK) {
        (void)pthread_mutex_unlock(&local->mutex);
        keeper_fail(local, status, &error);
        (void)pthread_mutex_lock(&local->mutex);
        return false;
    }
    for (index = 0; segment_range(local->segments[index]).number != number; index++) {
    }
    local->bytes += segment_range(sealed).file_bytes;
    local->bytes -= segment_range(local->segments[index]).file_bytes;
    segment_release(&local->segments[index]);
    local->segments[index] = sealed;
    local->may_merge = true;
    (void)pthread_cond_signal(&local->merge);
    (void)pthread_mutex_unlock(&local->mutex);
    local__remove_file(local, number, "raw");
    (void)pthread_mutex_lock(&local->mutex);
    return true;
}

/* Whether the oldest segment may go: sealed, not needed by the store, older than the retention, and within what may be
 * removed since the start. The caller holds the mutex. */
static bool keeper_may_trim(struct local *local)
{
    if (local->active == 0) {
        return false;
    }
    struct segment_range range = segment_range(local->segments[0]);
    int64_t now = clock_wall_us(local->options.clock);
    int64_t uptime = clock_steady_us(local->options.clock) - local->started_us;
    int64_t ahead = now - local->started_wall_us - uptime;
    if (ahead > LOCAL_TRIM_AHEAD_HOURS_MAX * keeper_hour_us) {
        return false; /* a clock that jumped so far makes nothing old */
    }
    int64_t allowance = (uptime / keeper_hour_us + 1) * LOCAL_TRIM_DAYS_PER_HOUR * keeper_hour_us;
    int64_t span = range.last_time_us - range.first_time_us;
    return range.is_sealed && range.next_lsn <= local->trim_lsn &&
           range.last_time_us < now - local->options.retention_us && local->trimmed_us + span <= allowance;
}

/* Removes the oldest segment; false when it must stay. The horizon is durable before the file goes, so a missing
 * segment is known for damage. The caller holds the mutex. */
static bool keeper_trim(struct local *local)
{
    if (!keeper_may_trim(local)) {
        return false;
    }
    struct segment_range range = segment_range(local->segments[0]);
    struct error error;
    (void)pthread_mutex_unlock(&local->mutex);
    enum status status = local__horizon_write(local, range.number + 1, range.next_lsn, &error);
    if (status != STATUS_OK) {
        keeper_fail(local, status, &error);
    }
    (void)pthread_mutex_lock(&local->mutex);
    if (status != STATUS_OK) {
        return false;
    }
    segment_retire(local->segments[0]);
    segment_release(&local->segments[0]);
    local->bytes -= range.file_bytes;
    local->count--;
    local->active--;
    memmove(local->segments, local->segments + 1, local->count * sizeof(struct segment *));
    local->trimmed_us += range.last_time_us - range.first_time_us;
    local->may_merge = true; /* a run may have lost its last segment */
    (void)pthread_cond_signal(&local->merge);
    (void)pthread_mutex_unlock(&local->mutex);
    local__remove_file(local, range.number, "seg");
    (void)pthread_mutex_lock(&local->mutex);
    return true;
}

static void keeper_wait(struct local *local)
{
    struct timespec until = thread_time_in(KEEPER_INTERVAL_SECONDS * 1000000LL);
    (void)pthread_cond_timedwait(&local->wake, &local->mutex, &until);
}

void local__keeper_run(void *context)
{
    struct local *local = context;
    (void)pthread_mutex_lock(&local->mutex);
    while (!local->is_stopping) {
        local->is_busy = true;
        bool is_asked = local->spare_status == STATUS_BUSY;
        size_t spares = local->count - 1 - local->active;
        if (spares < local->spares_wanted && (is_asked || local->spare_status == STATUS_OK)) {
            keeper_prepare(local);
            continue;
        }
        if (is_asked) {
            local->spare_status = STATUS_OK; /* somebody waits, but what was wanted is there */
            (void)pthread_cond_broadcast(&local->done);
        }
        local->spares_wanted = 1;
        if (!keeper_seal(local) && !keeper_trim(local)) {
            local->is_busy = false;
            (void)pthread_cond_broadcast(&local->done);
            keeper_wait(local);
            if (local->spare_status != STATUS_BUSY) {
                local->spare_status = STATUS_OK; /* a full disk may have been cleared: try again */
            }
        }
    }
    local->is_busy = false;
    (void)pthread_cond_broadcast(&local->done);
    (void)pthread_mutex_unlock(&local->mutex);
}

void local_seal_start(struct log *log)
{
    struct local *local = (struct local *)log;
    (void)pthread_mutex_lock(&local->mutex);
    local->may_seal = true;
    (void)pthread_cond_signal(&local->wake);
    (void)pthread_mutex_unlock(&local->mutex);
}

void local_limits_set(struct log *log, uint64_t log_bytes_max, int64_t retention_us)
{
    struct local *local = (struct local *)log;
    (void)pthread_mutex_lock(&local->mutex);
    local->options.log_bytes_max = log_bytes_max;
    local->options.retention_us = retention_us;
    (void)pthread_cond_signal(&local->wake);
    (void)pthread_mutex_unlock(&local->mutex);
}

void local_settle(struct log *log)
{
    struct local *local = (struct local *)log;
    (void)pthread_mutex_lock(&local->mutex);
    do {
        local->is_busy = true;
        (void)pthread_cond_signal(&local->wake);
        (void)pthread_cond_wait(&local->done, &local->mutex);
    } while (local->is_busy || keeper_find_sealable(local) != local->count || local->may_merge ||
             local->is_merging);
    (void)pthread_mutex_unlock(&local->mutex);
}
