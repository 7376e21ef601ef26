/* Reading across segments in LSN order. */
#include "base/memory.h"
#include "local_private.h"

struct log_reader {
    const struct log_operations *operations;
    struct local *local;
    struct log_filter filter;
    uint64_t next_lsn;
    struct segment *segment; /* being read; shared */
    struct segment_cursor *cursor;
    bool is_part_cut; /* the last part given ended before its frame: the cursor stands too far */
};

/* The segment that holds `lsn`, or the last one that begins before it; NULL before the horizon. Shared for the caller,
 * who holds the mutex. */
struct segment *local__find_segment(struct local *local, uint64_t lsn, size_t *ret_index)
{
    size_t low = 0;
    size_t high = local->active + 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct segment_range range = segment_range(local->segments[middle]);
        if (range.first_lsn != 0 && range.first_lsn <= lsn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    *ret_index = low - 1;
    return segment_share(local->segments[low - 1]);
}

enum status local__trimmed(struct local *local, uint64_t lsn, struct error *error)
{
    struct log_tip tip = log_tip(&local->log);
    return error_set(error, STATUS_TRIMMED, "LSN %llu is not in the log, which holds %llu to %llu",
                     (unsigned long long)lsn, (unsigned long long)tip.first_lsn,
                     (unsigned long long)(tip.next_lsn - 1));
}

enum status local__reader_create(struct log *log, uint64_t lsn, struct log_filter filter,
                                 struct log_reader **ret_reader, struct error *error)
{
    struct local *local = (struct local *)log;
    struct log_tip tip = log_tip(log);
    if (lsn < tip.first_lsn || lsn > tip.next_lsn) {
        return local__trimmed(local, lsn, error);
    }
    struct log_reader *reader = memory_create(sizeof(*reader));
    reader->operations = &local__operations;
    reader->local = local;
    reader->filter = filter;
    reader->next_lsn = lsn;
    *ret_reader = reader;
    return STATUS_OK;
}

uint64_t local__reader_lsn(const struct log_reader *reader)
{
    return reader->next_lsn;
}

static void reader_leave_segment(struct log_reader *reader)
{
    segment_cursor_destroy(&reader->cursor);
    segment_release(&reader->segment);
}

void local__reader_destroy(struct log_reader *reader)
{
    reader_leave_segment(reader);
    memory_destroy(reader);
}

/* The first segment from `index` on that may hold something for the filter; the active one at the latest. The caller
 * holds the mutex. */
static size_t reader_skip_quiet(const struct log_reader *reader, size_t index)
{
    struct local *local = reader->local;
    const struct log_filter *filter = &reader->filter;
    while (index < local->active &&
           !segment_may_hold(local->segments[index], filter->table, filter->shards, reader->next_lsn)) {
        struct segment *source = NULL;
        size_t after = local__run_step(local, index, local->active - 1, &source);
        bool is_quiet = !segment_may_hold(source, filter->table, filter->shards, reader->next_lsn);
        index = is_quiet ? after : index + 1;
    }
    return index;
}

/* Finds the segment with next_lsn, passing over those that hold nothing for the filter. */
static enum status reader_enter_segment(struct log_reader *reader, struct error *error)
{
    struct local *local = reader->local;
    size_t index = 0;
    (void)pthread_mutex_lock(&local->mutex);
    struct segment *segment = local__find_segment(local, reader->next_lsn, &index);
    uint64_t next_lsn = local->next_lsn;
    size_t wanted = index;
    if (segment != NULL && reader->filter.is_set) {
        wanted = reader_skip_quiet(reader, index);
    }
    if (wanted != index) {
        reader->next_lsn = segment_range(local->segments[wanted - 1]).next_lsn;
        segment_release(&segment);
        segment = segment_share(local->segments[wanted]);
    }
    (void)pthread_mutex_unlock(&local->mutex);
    if (segment == NULL) {
        return next_lsn <= reader->next_lsn ? STATUS_END : local__trimmed(local, reader->next_lsn, error);
    }
    if (segment_range(segment).next_lsn <= reader->next_lsn) {
        segment_release(&segment);
        return STATUS_END;
    }
    reader->segment = segment;
    reader->cursor = segment_cursor_create(segment, reader->next_lsn);
    return STATUS_OK;
}

static bool reader_wants(const struct log_reader *reader, const struct frame_header *header)
{
    return !reader->filter.is_set ||
           ((header->shards & reader->filter.shards) != 0 && frame_has_table(header, reader->filter.table));
}

static struct log_part reader_part(const struct segment_part *found, uint64_t until_lsn)
{
    uint64_t end = found->first_lsn + found->count;
    uint64_t frame_end = found->header.first_lsn + found->header.records;
    struct log_part part = {
        .first_lsn = found->first_lsn,
        .count = found->count,
        .term = found->header.term,
        .commit_time_us = found->header.commit_time_us,
        .records = found->records,
        .is_complete = end == frame_end && frame_is_complete(&found->header),
    };
    if (found->first_lsn == found->header.first_lsn) {
        part.tokens = found->header.tokens;
    }
    if (end > until_lsn + 1) {
        part.count = (uint32_t)(until_lsn + 1 - found->first_lsn);
        part.is_complete = false;
    }
    return part;
}

/* The next part of the segment being read, entering the next segment where one ends. */
static enum status reader_fetch(struct log_reader *reader, struct segment_part *ret_found,
                                struct error *error)
{
    if (reader->cursor == NULL) {
        enum status status = reader_enter_segment(reader, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = segment_cursor_next(reader->cursor, ret_found, error);
    if (status != STATUS_END || segment_range(reader->segment).next_lsn > reader->next_lsn) {
        return status;
    }
    reader_leave_segment(reader);
    status = reader_enter_segment(reader, error);
    return status == STATUS_OK ? segment_cursor_next(reader->cursor, ret_found, error) : status;
}

enum status local__reader_next(struct log_reader *reader, uint64_t until_lsn, struct log_part *ret_part,
                               struct error *error)
{
    if (reader->is_part_cut) { /* only now: what was given lives until this call */
        reader_leave_segment(reader);
        reader->is_part_cut = false;
    }
    while (reader->next_lsn <= until_lsn) {
        struct segment_part found = {0};
        enum status status = reader_fetch(reader, &found, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (found.first_lsn > until_lsn) { /* what was skipped reaches beyond; read anew when it is wanted */
            reader_leave_segment(reader);
            return STATUS_END;
        }
        struct log_part part = reader_part(&found, until_lsn);
        reader->next_lsn = part.first_lsn + part.count;
        reader->is_part_cut = part.count < found.count; /* the rest is read anew when it is wanted */
        if (reader_wants(reader, &found.header)) {
            *ret_part = part;
            return STATUS_OK;
        }
        if (reader->is_part_cut) {
            return STATUS_END;
        }
    }
    return STATUS_END;
}

enum status local__lsn_at(struct log *log, int64_t time_us, uint64_t *ret_lsn, struct error *error)
{
    struct local *local = (struct local *)log;
    struct segment *segment = NULL;
    (void)pthread_mutex_lock(&local->mutex);
    size_t low = 0;
    size_t high = local->active + 1;
    while (low < high) { /* the last segment that begins at or before the time */
        size_t middle = low + (high - low) / 2;
        struct segment_range range = segment_range(local->segments[middle]);
        if (range.first_lsn != 0 && range.first_time_us <= time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_before = low == 0;
    uint64_t complete = local->complete_next_lsn;
    if (!is_before) {
        segment = segment_share(local->segments[low - 1]);
    }
    (void)pthread_mutex_unlock(&local->mutex);
    if (is_before) {
        struct log_tip tip = log_tip(log);
        if (tip.first_lsn == 1) {
            *ret_lsn = 0; /* before everything: nothing was there yet */
            return STATUS_OK;
        }
        return error_set(error, STATUS_TRIMMED, "that time lies before the horizon (LSN %llu)",
                         (unsigned long long)tip.first_lsn);
    }
    uint64_t after = 0;
    enum status status = segment_lsn_after(segment, time_us, &after, error);
    segment_release(&segment);
    if (status == STATUS_OK) {
        *ret_lsn = (after < complete ? after : complete) - 1;
    }
    return status;
}
