/* The thread that merges key indexes of sealed segments into runs, and runs into larger ones. It works beside the keeper,
 * which must never let the writer wait for a segment. */
#include <time.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "local_private.h"
#include "segment/run.h"

/* A run to be made, and what of; the children are shared. */
struct merge_plan {
    struct segment *children[SEGMENT_RUN_FAN_IN];
    size_t count;
    uint64_t number;
    unsigned level;
    uint64_t bytes; /* of the children's files: more than the run will have */
};

static void plan_reset(struct merge_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        segment_release(&plan->children[i]);
    }
    *plan = (struct merge_plan){0};
}

/* Collects the children of the run; false when one is not there yet, or they are too large together. */
static bool plan_fill(struct local *local, struct merge_plan *plan)
{
    plan->count = local__run_children(local, plan->number, plan->level, plan->children);
    for (size_t i = 0; i < plan->count; i++) {
        plan->bytes += segment_range(plan->children[i]).file_bytes;
    }
    return plan->count > 0 && segment_run_fits(plan->children, plan->count);
}

/* The first run that can be made, small ones first; false: none. The caller holds the mutex. */
static bool merger_plan(struct local *local, struct merge_plan *ret_plan)
{
    uint64_t oldest = segment_range(local->segments[0]).number;
    uint64_t active = oldest + local->active;
    for (unsigned level = 1; level <= SEGMENT_RUN_LEVELS; level++) {
        uint64_t span = segment_run_span(level);
        for (uint64_t number = oldest - oldest % span; number + span <= active; number += span) {
            *ret_plan = (struct merge_plan){.number = number, .level = level};
            if (local__run_find(local, number, level) == NULL && plan_fill(local, ret_plan)) {
                return true;
            }
            plan_reset(ret_plan);
        }
    }
    return false;
}

/* Whether the disk and log_bytes_max have room for the run beside what is kept back. Without the mutex. */
static bool merger_has_room(struct local *local, const struct merge_plan *plan)
{
    uint64_t free_bytes = 0;
    struct log_tip tip = log_tip(&local->log);
    uint64_t kept = (uint64_t)local->options.segment_bytes * (LOCAL_DISK_RESERVE_SEGMENTS + 1);
    (void)pthread_mutex_lock(&local->mutex);
    uint64_t limit = local->options.log_bytes_max;
    (void)pthread_mutex_unlock(&local->mutex);
    return file_free_bytes(local->directory, &free_bytes, NULL) == STATUS_OK &&
           free_bytes >= kept + plan->bytes && (limit == 0 || tip.bytes + plan->bytes + kept <= limit);
}

static void merger_failed(struct local *local, enum status status, const struct error *error)
{
    /* trimmed: a child went in the meantime; closed: the log is closing */
    if (status != STATUS_TRIMMED && status != STATUS_CLOSED && local->options.on_failure != NULL) {
        local->options.on_failure(local->options.context, status, error);
    }
}

/* Removes the run's file, and releases it. The caller holds the mutex, which is released while the disk works. */
static void merger_remove(struct local *local, struct segment *run)
{
    struct segment_range range = segment_range(run);
    (void)pthread_mutex_unlock(&local->mutex);
    local__remove_file(local, range.number, local__run_suffix(range.level));
    segment_release(&run);
    (void)pthread_mutex_lock(&local->mutex);
}

/* One of the runs that were to be merged is damaged: they are made again from what they were made of. The caller holds the
 * mutex. */
static void merger_make_again(struct local *local, const struct merge_plan *plan, const struct error *reason)
{
    diagnostic_write(DIAGNOSTIC_WARNING, "local", "%s: it will be made again", reason->text);
    for (size_t i = 0; i < plan->count; i++) {
        struct segment *run = local__run_take(local, plan->children[i]);
        if (run != NULL) {
            merger_remove(local, run);
        }
    }
    local->may_merge = true;
}

/* Makes one run; false when there was none to make or it failed. The caller holds the mutex. */
static bool merger_step(struct local *local)
{
    struct merge_plan plan = {0};
    if (!merger_plan(local, &plan)) {
        return false;
    }
    struct segment *run = NULL;
    struct error error = {0};
    (void)pthread_mutex_unlock(&local->mutex);
    bool has_room = merger_has_room(local, &plan);
    enum status status = STATUS_FULL;
    if (has_room) {
        status = segment_run_write(plan.children, plan.count, plan.number, plan.level,
                                   &local->is_merge_cancelled, &run, &error);
    }
    bool is_damaged = status == STATUS_CORRUPT && plan.level > 1;
    if (has_room && status != STATUS_OK && !is_damaged) {
        merger_failed(local, status, &error);
    }
    (void)pthread_mutex_lock(&local->mutex);
    if (status == STATUS_OK) {
        local__run_add(local, run);
    } else if (is_damaged) {
        merger_make_again(local, &plan, &error);
    }
    plan_reset(&plan);
    return status == STATUS_OK;
}

/* Removes the runs that readers found damaged. The caller holds the mutex. */
static void merger_clear(struct local *local)
{
    while (local->discarded_count > 0) {
        merger_remove(local, local->discarded[--local->discarded_count]);
    }
}

/* Removes the runs of which no segment is left. The caller holds the mutex. */
static void merger_trim(struct local *local)
{
    struct segment *run = local__run_take_trimmed(local);
    while (run != NULL) {
        merger_remove(local, run);
        run = local__run_take_trimmed(local);
    }
}

void local__merger_run(void *context)
{
    struct local *local = context;
    thread_be_nice(LOCAL_MERGER_NICE);
    (void)pthread_mutex_lock(&local->mutex);
    while (!local->is_stopping) {
        if (!local->may_merge) {
            (void)pthread_cond_wait(&local->merge, &local->mutex);
            continue;
        }
        local->is_merging = true;
        local->may_merge = false; /* what is sealed from now on asks again */
        merger_clear(local);
        while (!local->is_stopping && merger_step(local)) {
        }
        merger_trim(local);
        local->is_merging = false;
        (void)pthread_cond_broadcast(&local->done);
    }
    (void)pthread_mutex_unlock(&local->mutex);
}
