/* The list of runs, and choosing those that stand for many segments. */
#include <stdio.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "local_private.h"
#include "segment/run.h"

static const char *const run_suffixes[SEGMENT_RUN_LEVELS + 1] = {"", "k1", "k2", "k3"};

const char *local__run_suffix(unsigned level)
{
    CHECK(level >= 1 && level <= SEGMENT_RUN_LEVELS);
    return run_suffixes[level];
}

unsigned local__run_level(const char *suffix)
{
    unsigned level = SEGMENT_RUN_LEVELS;
    while (level > 0 && strcmp(suffix, run_suffixes[level]) != 0) {
        level--;
    }
    return level;
}

/* Index of the first run at or after (level, number). */
static size_t runs_seek(struct local *local, uint64_t number, unsigned level)
{
    size_t low = 0;
    size_t high = local->runs_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct segment_range range = segment_range(local->runs[middle]);
        if (range.level < level || (range.level == level && range.number < number)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct segment *local__run_find(struct local *local, uint64_t number, unsigned level)
{
    size_t at = runs_seek(local, number, level);
    if (at == local->runs_count) {
        return NULL;
    }
    struct segment_range range = segment_range(local->runs[at]);
    return range.level == level && range.number == number ? local->runs[at] : NULL;
}

/* The sealed segment `number`, or the run of `level` at it; NULL: it is not there. */
static struct segment *run_child(struct local *local, uint64_t number, unsigned level)
{
    if (level > 0) {
        return local__run_find(local, number, level);
    }
    uint64_t oldest = segment_range(local->segments[0]).number;
    struct segment *segment = number - oldest < local->active ? local->segments[number - oldest] : NULL;
    return segment != NULL && segment_range(segment).is_sealed ? segment : NULL;
}

size_t local__run_children(struct local *local, uint64_t number, unsigned level,
                           struct segment *ret_children[SEGMENT_RUN_FAN_IN])
{
    uint64_t oldest = segment_range(local->segments[0]).number;
    uint64_t span = segment_run_span(level - 1);
    size_t count = 0;
    bool is_whole = true;
    for (uint64_t i = 0; i < SEGMENT_RUN_FAN_IN && is_whole; i++) {
        bool is_before = number + (i + 1) * span <= oldest;
        struct segment *child = is_before ? NULL : run_child(local, number + i * span, level - 1);
        is_whole = child != NULL || is_before;
        if (child != NULL) {
            ret_children[count++] = segment_share(child);
        }
    }
    while (!is_whole && count > 0) {
        segment_release(&ret_children[--count]);
    }
    return count;
}

void local__run_add(struct local *local, struct segment *run)
{
    struct segment_range range = segment_range(run);
    size_t at = runs_seek(local, range.number, range.level);
    if (local->runs_count == local->runs_capacity) {
        local->runs_capacity = local->runs_capacity == 0 ? 16 : local->runs_capacity * 2;
        local->runs = memory_resize(local->runs, local->runs_capacity * sizeof(struct segment *));
    }
    memmove(local->runs + at + 1, local->runs + at, (local->runs_count - at) * sizeof(struct segment *));
    local->runs[at] = run;
    local->runs_count++;
    local->bytes += range.file_bytes;
}

/* Out of the list, its file to be removed. */
static struct segment *run_take(struct local *local, size_t at)
{
    struct segment *run = local->runs[at];
    local->runs_count--;
    memmove(local->runs + at, local->runs + at + 1, (local->runs_count - at) * sizeof(struct segment *));
    local->bytes -= segment_range(run).file_bytes;
    segment_retire(run);
    return run;
}

struct segment *local__run_take(struct local *local, const struct segment *run)
{
    size_t at = 0;
    while (at < local->runs_count && local->runs[at] != run) {
        at++;
    }
    return at < local->runs_count ? run_take(local, at) : NULL;
}

bool local__run_discard(struct local *local, struct segment *run, const struct error *reason)
{
    if (segment_range(run).level == 0) {
        return false;
    }
    (void)pthread_mutex_lock(&local->mutex);
    struct segment *taken = local__run_take(local, run); /* another reader may have been here */
    if (taken != NULL) {
        size_t count = local->discarded_count++;
        local->discarded = memory_resize(local->discarded, (count + 1) * sizeof(struct segment *));
        local->discarded[count] = taken;
        local->may_merge = true;
        (void)pthread_cond_signal(&local->merge);
    }
    (void)pthread_mutex_unlock(&local->mutex);
    if (taken != NULL) {
        diagnostic_write(DIAGNOSTIC_WARNING, "local", "%s: it will be made again", reason->text);
    }
    return true;
}

struct segment *local__run_take_trimmed(struct local *local)
{
    uint64_t oldest = segment_range(local->segments[0]).number;
    for (size_t i = 0; i < local->runs_count; i++) {
        struct segment_range range = segment_range(local->runs[i]);
        if (range.number + segment_run_span(range.level) <= oldest) {
            return run_take(local, i);
        }
    }
    return NULL;
}

size_t local__run_step(struct local *local, size_t index, size_t last, struct segment **ret_source)
{
    uint64_t number = segment_range(local->segments[index]).number;
    for (unsigned level = SEGMENT_RUN_LEVELS; level > 0; level--) {
        uint64_t span = segment_run_span(level);
        uint64_t first = number - number % span;
        uint64_t steps = first + span - number;
        struct segment *run = NULL;
        /* the oldest segment may lie inside a run whose first ones were trimmed */
        if ((first == number || index == 0) && steps <= last - index + 1) {
            run = local__run_find(local, first, level);
        }
        if (run != NULL) {
            *ret_source = run;
            return index + steps;
        }
    }
    *ret_source = local->segments[index];
    return index + 1;
}

/* Whether the run ends where its last segment ends, all of whose segments are sealed. */
static bool run_fits(struct local *local, const struct segment_range *run)
{
    uint64_t oldest = segment_range(local->segments[0]).number;
    uint64_t last = run->number + segment_run_span(run->level) - 1;
    if (last < oldest || last - oldest >= local->active) {
        return false;
    }
    struct segment_range range = segment_range(local->segments[last - oldest]);
    return range.is_sealed && range.next_lsn == run->next_lsn;
}

enum status local__run_recover(struct local *local, uint64_t number, unsigned level, struct error *error)
{
    struct segment *run = NULL;
    struct error reason = {0};
    enum status status =
        segment_run_open(local->directory, number, level, &local->log.identity, &run, &reason);
    if (status == STATUS_IO) {
        return error_set(error, status, "%s", reason.text);
    }
    struct segment_range range = {0};
    if (status == STATUS_OK) {
        range = segment_range(run);
        if (run_fits(local, &range)) {
            local__run_add(local, run);
            return STATUS_OK;
        }
        segment_release(&run);
    } else {
        diagnostic_write(DIAGNOSTIC_WARNING, "local", "%s: it will be made again", reason.text);
    }
    char name[32];
    (void)snprintf(name, sizeof(name), "%016llx.%s", (unsigned long long)number, local__run_suffix(level));
    char *path = file_path_join(local->directory, name);
    status = file_remove(path, error);
    memory_destroy(path);
    return status;
}
