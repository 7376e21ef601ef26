/* Verifying the log piece by piece: the horizon file, each segment, then the runs.
 *
 *   position   level u8 (0: segments) | number u64: the first one that was not looked at | key: of a run, where to go on */
#include "base/memory.h"
#include "local_private.h"
#include "segment/merge.h"
#include "segment/run.h"

struct check_position {
    unsigned level;
    uint64_t number;
    struct bytes key;
};

static bool position_decode(struct bytes encoded, struct check_position *ret_position)
{
    struct reader reader = reader_of(encoded);
    *ret_position = (struct check_position){0};
    if (encoded.size > 0) {
        ret_position->level = reader_u8(&reader);
        ret_position->number = reader_u64(&reader);
        ret_position->key = reader.rest;
    }
    return !reader.failed && ret_position->level <= SEGMENT_RUN_LEVELS;
}

static void position_encode(struct buffer *position, unsigned level, uint64_t number, struct bytes key)
{
    struct buffer next = {0};
    buffer_put_u8(&next, (uint8_t)level);
    buffer_put_u64(&next, number);
    buffer_put(&next, key); /* may lie in `position` */
    buffer_reset(position);
    *position = next;
}

/* --- segments --------------------------------------------------------------------------------------------------- */

/* The first segment at or after `number`, shared; NULL: none that is in use. */
static struct segment *check_find_segment(struct local *local, uint64_t number)
{
    struct segment *found = NULL;
    (void)pthread_mutex_lock(&local->mutex);
    uint64_t oldest = segment_range(local->segments[0]).number; /* numbers are dense */
    uint64_t at = number > oldest ? number - oldest : 0;
    if (at <= local->active) {
        found = segment_share(local->segments[at]);
    }
    (void)pthread_mutex_unlock(&local->mutex);
    return found;
}

/* What a failure means when the file may have gone meanwhile: nothing, if it is not that segment's any more. */
static enum status check_again(struct local *local, uint64_t number, bool was_sealed, enum status status,
                               struct error *error)
{
    struct segment *now = check_find_segment(local, number);
    struct segment_range range = now == NULL ? (struct segment_range){0} : segment_range(now);
    bool is_there = now != NULL && range.number == number && range.is_sealed == was_sealed;
    segment_release(&now);
    if (is_there && status == STATUS_NOT_FOUND) {
        error_prefix(error, "a segment is missing");
        status = STATUS_CORRUPT;
    }
    return is_there ? status : STATUS_OK;
}

static enum status check_segment(struct local *local, struct segment *segment, struct error *error)
{
    struct segment_range range = segment_range(segment);
    struct segment *opened = NULL;
    enum status status = STATUS_OK;
    if (range.is_sealed) { /* what the disk has, and not what was read of it at open */
        status = segment_open(local->directory, range.number, true, &local->log.identity, &opened, error);
    }
    if (status == STATUS_OK) {
        status = segment_check(opened == NULL ? segment : opened, &local->options.keys, error);
    }
    segment_release(&opened);
    return check_again(local, range.number, range.is_sealed, status, error);
}

static enum status check_next_segment(struct local *local, struct buffer *position, uint64_t number,
                                      struct error *error)
{
    struct segment *segment = check_find_segment(local, number);
    if (segment == NULL) {
        position_encode(position, 1, 0, (struct bytes){0});
        return STATUS_OK;
    }
    enum status status = check_segment(local, segment, error);
    if (status == STATUS_OK || status == STATUS_CORRUPT) {
        position_encode(position, 0, segment_range(segment).number + 1, (struct bytes){0});
    }
    segment_release(&segment);
    return status;
}

/* --- runs ------------------------------------------------------------------------------------------------------- */

/* A run, what it was merged from, and where the log begins; all shared. */
struct check_run {
    struct segment *run;
    struct segment *children[SEGMENT_RUN_FAN_IN];
    size_t count; /* 0: not all of them are there */
    struct segment_range range;
    uint64_t after_lsn; /* the run may reach back before the horizon */
};

static void check_run_release(struct check_run *check)
{
    segment_release(&check->run);
    for (size_t i = 0; i < check->count; i++) {
        segment_release(&check->children[i]);
    }
}

/* The first run at or after (level, number); false: none. */
static bool check_find_run(struct local *local, const struct check_position *from,
                           struct check_run *ret_check)
{
    *ret_check = (struct check_run){0};
    (void)pthread_mutex_lock(&local->mutex);
    for (size_t i = 0; i < local->runs_count && ret_check->run == NULL; i++) {
        struct segment_range range = segment_range(local->runs[i]);
        if (range.level > from->level || (range.level == from->level && range.number >= from->number)) {
            ret_check->run = segment_share(local->runs[i]);
            ret_check->range = range;
        }
    }
    struct segment_range oldest = segment_range(local->segments[0]);
    ret_check->after_lsn = oldest.first_lsn == 0 ? 0 : oldest.first_lsn - 1;
    if (ret_check->run != NULL) {
        ret_check->count =
            local__run_children(local, ret_check->range.number, ret_check->range.level, ret_check->children);
    }
    (void)pthread_mutex_unlock(&local->mutex);
    return ret_check->run != NULL;
}

/* The run's next entry, which is that of what it was made of. STATUS_END also where that is damaged: it was told of already. */
static enum status check_entry(const struct check_run *check, struct segment_merge *merges[2],
                               struct bytes *ret_key, struct error *error)
{
    struct bytes key = {0};
    uint64_t lsns[2] = {0, 0};
    enum status status = segment_merge_next(merges[0], ret_key, &lsns[0], error);
    if (check->count == 0 || (status != STATUS_OK && status != STATUS_END)) {
        return status;
    }
    enum status child = segment_merge_next(merges[1], &key, &lsns[1], error);
    if (child != STATUS_OK && child != STATUS_END) {
        return child == STATUS_CORRUPT ? STATUS_END : child;
    }
    bool is_same =
        child == status && (status == STATUS_END || (lsns[0] == lsns[1] && bytes_equal(*ret_key, key)));
    return is_same
               ? status
               : error_set(error, STATUS_CORRUPT,
                           "%016llx.%s: the merged key index is not that of its segments",
                           (unsigned long long)check->range.number, local__run_suffix(check->range.level));
}

/* *next_key is where to go on, empty at the end. */
static enum status check_entries(const struct check_run *check, struct segment_merge *merges[2],
                                 struct buffer *next_key, struct error *error)
{
    struct bytes key = {0};
    struct buffer last = {0};
    enum status status = check_entry(check, merges, &key, error);
    for (size_t i = 0; status == STATUS_OK; i++) {
        if (i >= LOCAL_CHECK_ENTRIES_MAX && !bytes_equal(key, buffer_bytes(&last))) {
            buffer_put(next_key, key);
            break;
        }
        buffer_clear(&last);
        buffer_put(&last, key);
        status = check_entry(check, merges, &key, error);
    }
    buffer_reset(&last);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check_run(struct local *local, const struct check_run *check, struct bytes from,
                             struct buffer *next_key, struct error *error)
{
    struct segment *opened = NULL;
    struct segment_merge *merges[2] = {NULL, NULL};
    enum status status = segment_run_open(local->directory, check->range.number, check->range.level,
                                          &local->log.identity, &opened, error);
    if (status == STATUS_OK) {
        const struct segment_merge_range range = {.from = from,
                                                  .after_lsn = check->after_lsn,
                                                  .until_lsn = UINT64_MAX};
        merges[0] = segment_merge_create(&opened, 1, NULL, &range);
        merges[1] = segment_merge_create(check->children, check->count, NULL, &range);
        status = check_entries(check, merges, next_key, error);
    }
    segment_merge_destroy(&merges[0]);
    segment_merge_destroy(&merges[1]);
    segment_release(&opened);
    return status;
}

/* What a failure means when the run, or what it was merged from, may have gone meanwhile. */
static enum status check_run_again(struct local *local, const struct check_run *check, enum status status,
                                   struct error *error)
{
    (void)pthread_mutex_lock(&local->mutex);
    bool is_there = local__run_find(local, check->range.number, check->range.level) == check->run;
    (void)pthread_mutex_unlock(&local->mutex);
    if (is_there && status == STATUS_NOT_FOUND) {
        error_prefix(error, "a merged key index is missing");
        status = STATUS_CORRUPT;
    }
    return is_there ? status : STATUS_OK;
}

static enum status check_next_run(struct local *local, struct buffer *position,
                                  const struct check_position *from, struct error *error)
{
    struct check_run check;
    struct buffer next_key = {0};
    if (!check_find_run(local, from, &check)) {
        return STATUS_END;
    }
    bool is_same = check.range.level == from->level && check.range.number == from->number;
    enum status status = check_run(local, &check, is_same ? from->key : (struct bytes){0}, &next_key, error);
    status = check_run_again(local, &check, status, error);
    if (status == STATUS_CORRUPT) {
        (void)local__run_discard(local, check.run, error);
    }
    if (status == STATUS_TRIMMED) { /* some of its segments: the next step looks at what is left */
        status = STATUS_OK;
    } else if (status == STATUS_OK || status == STATUS_CORRUPT) {
        bool is_done = next_key.size == 0;
        position_encode(position, check.range.level, check.range.number + (is_done ? 1 : 0),
                        buffer_bytes(&next_key));
    }
    buffer_reset(&next_key);
    check_run_release(&check);
    return status;
}

enum status local__check(struct log *log, struct buffer *position, struct error *error)
{
    struct local *local = (struct local *)log;
    struct check_position from;
    if (!position_decode(buffer_bytes(position), &from)) {
        return error_set(error, STATUS_INVALID, "not a position in the log's files");
    }
    if (position->size == 0) {
        uint64_t number = 0;
        uint64_t first_lsn = 0;
        enum status status = local__horizon_read(local, &number, &first_lsn, error);
        if (status == STATUS_OK || status == STATUS_CORRUPT) {
            position_encode(position, 0, 0, (struct bytes){0});
        }
        return status;
    }
    return from.level == 0 ? check_next_segment(local, position, from.number, error)
                           : check_next_run(local, position, &from, error);
}
