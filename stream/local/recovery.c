/* Recovery: what of the log is there, where it ends, and whether its end is torn or damaged. DESIGN §6.
 *
 * Frames are read in order; one is accepted iff its term is current or newer and its first LSN is the next one. Where
 * none is accepted at LSN n although something is there, it is damage (a loud stop) if the store's checkpoint or any
 * sound frame after it tells that LSN n was durable; otherwise the end is torn and is durably cut. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "local_private.h"

struct found {
    uint64_t number;
    bool is_raw;
    bool is_sealed;
};

/* A run's file. */
struct found_run {
    uint64_t number;
    unsigned level;
};

struct recovery {
    struct local *local;
    struct found *found;
    size_t count;
    size_t capacity;
    struct found_run *runs;
    size_t runs_count;
    size_t runs_capacity;
    uint64_t next_lsn;   /* 0: not known yet, the first frame tells */
    uint64_t synced_lsn; /* the frames tell that so much was durable */
    uint64_t chain_lsn;  /* of the first piece of an open chain; 0: none */
    size_t chain_segment;
    bool chain_is_durable; /* it began in a sealed segment, so it was complete (invariant 3) */
    bool has_frames;       /* frames of raw segments were read last, so whether a chain is open is known */
    struct buffer buffer;
};

static void recovery_note(struct recovery *recovery, uint64_t number, bool is_raw)
{
    if (recovery->count == recovery->capacity) {
        recovery->capacity = recovery->capacity == 0 ? 64 : recovery->capacity * 2;
        recovery->found = memory_resize(recovery->found, recovery->capacity * sizeof(*recovery->found));
    }
    recovery->found[recovery->count++] =
        (struct found){.number = number, .is_raw = is_raw, .is_sealed = !is_raw};
}

static void recovery_note_run(struct recovery *recovery, uint64_t number, unsigned level)
{
    if (recovery->runs_count == recovery->runs_capacity) {
        recovery->runs_capacity = recovery->runs_capacity == 0 ? 16 : recovery->runs_capacity * 2;
        recovery->runs = memory_resize(recovery->runs, recovery->runs_capacity * sizeof(*recovery->runs));
    }
    recovery->runs[recovery->runs_count++] = (struct found_run){.number = number, .level = level};
}

static enum status recovery_visit(void *context, const char *name, struct error *error)
{
    struct recovery *recovery = context;
    char *end = NULL;
    uint64_t number = strtoull(name, &end, 16);
    unsigned level = *end == '.' ? local__run_level(end + 1) : 0;
    if (strcmp(name, "horizon") == 0) {
        return STATUS_OK;
    }
    if (level > 0) {
        recovery_note_run(recovery, number, level);
        return STATUS_OK;
    }
    if (strcmp(end, ".raw") == 0 || strcmp(end, ".seg") == 0) {
        if (recovery->count == LOCAL_SEGMENTS_MAX) {
            return error_set(error, STATUS_TOO_LARGE, "more than %d segments in %s", LOCAL_SEGMENTS_MAX,
                             recovery->local->directory);
        }
        recovery_note(recovery, number, strcmp(end, ".raw") == 0);
        return STATUS_OK;
    }
    if (strcmp(end, ".new") == 0 || strcmp(end, ".seal") == 0 || strcmp(end, ".merge") == 0 ||
        strcmp(name, "horizon.new") == 0) { /* half made when the process ended */
        char *path = file_path_join(recovery->local->directory, name);
        enum status status = file_remove(path, error);
        memory_destroy(path);
        return status;
    }
    return error_set(error, STATUS_CORRUPT, "%s/%s does not belong to the log", recovery->local->directory,
                     name);
}

static int found_compare(const void *a, const void *b)
{
    uint64_t left = ((const struct found *)a)->number;
    uint64_t right = ((const struct found *)b)->number;
    return left < right ? -1 : left > right;
}

/* Sorts, and makes one of the two files that a segment has while it is being sealed. */
static void recovery_sort(struct recovery *recovery)
{
    if (recovery->count == 0) {
        return;
    }
    struct found *found = recovery->found;
    qsort(found, recovery->count, sizeof(*found), found_compare);
    size_t kept = 0;
    for (size_t i = 1; i < recovery->count; i++) {
        if (found[i].number == found[kept].number) {
            found[kept].is_raw |= found[i].is_raw;
            found[kept].is_sealed |= found[i].is_sealed;
        } else {
            found[++kept] = found[i];
        }
    }
    recovery->count = kept + 1;
}

static enum status recovery_remove(struct recovery *recovery, uint64_t number, const char *suffix,
                                   struct error *error)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "%016llx.%s", (unsigned long long)number, suffix);
    char *path = file_path_join(recovery->local->directory, name);
    enum status status = file_remove(path, error);
    memory_destroy(path);
    return status;
}

/* Opens every segment from the horizon on; what lies before it was being removed and goes now. */
static enum status recovery_open_segments(struct recovery *recovery, uint64_t horizon, struct error *error)
{
    struct local *local = recovery->local;
    uint64_t expected = horizon;
    for (size_t i = 0; i < recovery->count; i++) {
        struct found *found = &recovery->found[i];
        enum status status = STATUS_OK;
        if (found->is_raw && (found->is_sealed || found->number < horizon)) {
            status =
                recovery_remove(recovery, found->number, "raw", error); /* sealed, and that was durable */
        }
        if (status == STATUS_OK && found->is_sealed && found->number < horizon) {
            status = recovery_remove(recovery, found->number, "seg", error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (found->number < horizon) {
            continue;
        }
        if (found->number != expected) {
            return error_set(error, STATUS_CORRUPT, "%s: segment %016llx is missing", local->directory,
                             (unsigned long long)expected);
        }
        expected++;
        struct segment *segment = NULL;
        status = segment_open(local->directory, found->number, found->is_sealed, &local->log.identity,
                              &segment, error);
        if (status != STATUS_OK) {
            return status;
        }
        local__add_segment(local, segment);
        local->next_number = found->number + 1;
    }
    return local->count > 0 ? STATUS_OK
                            : error_set(error, STATUS_CORRUPT, "%s: segment %016llx is missing",
                                        local->directory, (unsigned long long)horizon);
}

/* Whether a sound frame at or after the place says that LSN `lsn` was durable. Reading errors count as none. */
static bool recovery_is_proven(struct recovery *recovery, size_t index, uint32_t offset, uint64_t lsn)
{
    struct local *local = recovery->local;
    if (local->options.checkpointed_lsn >= lsn) {
        return true;
    }
    for (size_t i = index; i < local->count; i++) {
        struct segment *segment = local->segments[i];
        if (segment_range(segment).is_sealed) {
            return true;
        }
        uint32_t from = i == index ? offset : (uint32_t)SEGMENT_HEADER_BYTES;
        for (uint32_t at = from; at < segment_file_bytes(segment); at += FRAME_ALIGNMENT) {
            struct frame_header header;
            struct bytes payload;
            if (segment_read_frame(segment, at, &recovery->buffer, &header, &payload, NULL) == STATUS_OK &&
                header.synced_lsn >= lsn) {
                return true;
            }
        }
    }
    return false;
}

/* Removes the segments after `index`, newest first. */
static enum status recovery_drop_after(struct recovery *recovery, size_t index, struct error *error)
{
    struct local *local = recovery->local;
    enum status status = STATUS_OK;
    while (local->count > index + 1 && status == STATUS_OK) {
        struct segment *segment = local->segments[local->count - 1];
        status = recovery_remove(recovery, segment_range(segment).number, "raw", error);
        local->bytes -= segment_range(segment).file_bytes;
        segment_release(&local->segments[--local->count]);
        local->next_number--;
    }
    return status == STATUS_OK ? file_directory_sync(local->directory, error) : status;
}

/* The log ends before `lsn`, which lies in segment `index`. */
static enum status recovery_cut(struct recovery *recovery, size_t index, uint64_t lsn, struct error *error)
{
    enum status status = recovery_drop_after(recovery, index, error);
    if (status == STATUS_OK) {
        status = segment_cut(recovery->local->segments[index], lsn, error);
    }
    recovery->next_lsn = lsn;
    return status;
}

static void recovery_accept(struct recovery *recovery, size_t index, const struct frame_header *header)
{
    struct local *local = recovery->local;
    recovery->next_lsn = header->first_lsn + header->records;
    local->term = header->term;
    local->commit_time_us = header->commit_time_us;
    local->active = index;
    recovery->synced_lsn =
        header->synced_lsn > recovery->synced_lsn ? header->synced_lsn : recovery->synced_lsn;
    if (frame_is_complete(header)) {
        recovery->chain_lsn = 0;
        recovery->chain_is_durable = false;
    } else if (recovery->chain_lsn == 0) {
        recovery->chain_lsn = header->first_lsn;
        recovery->chain_segment = index;
        recovery->chain_is_durable = (header->flags & FRAME_CHAIN_FIRST) == 0;
    }
    recovery->has_frames = true;
}

/* Behind a sealed segment, or where retention removed one, a chain may be open. */
static bool recovery_is_next(const struct recovery *recovery, const struct frame_header *header)
{
    bool is_chained = (header->flags & (FRAME_CHAIN_MIDDLE | FRAME_CHAIN_LAST)) != 0;
    bool may_be_chained = recovery->chain_lsn != 0 || (!recovery->has_frames && recovery->next_lsn > 1);
    return (recovery->next_lsn == 0 || header->first_lsn == recovery->next_lsn) &&
           header->term >= recovery->local->term && (is_chained ? may_be_chained : recovery->chain_lsn == 0);
}

/* What to do where no acceptable frame is: nothing (the clean end of a segment), a cut, or a stop. */
static enum status recovery_judge(struct recovery *recovery, size_t index, uint32_t offset, enum status found,
                                  const struct error *reason, bool *ret_is_cut, struct error *error)
{
    struct segment *segment = recovery->local->segments[index];
    uint64_t lsn = recovery->next_lsn == 0 ? 1 : recovery->next_lsn;
    bool is_zero = false;
    if (found == STATUS_END) {
        enum status status = segment_is_zero_from(segment, offset, &is_zero, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_is_cut = !is_zero;
    if (is_zero) {
        return STATUS_OK;
    }
    if (recovery->chain_is_durable || recovery_is_proven(recovery, index, offset, lsn)) {
        return error_set(
            error, STATUS_CORRUPT,
            "%s/%016llx.raw: offset %u: the record at LSN %llu is damaged (%s), and it was durable; "
            "restore a backup, or move the database aside",
            recovery->local->directory, (unsigned long long)segment_range(segment).number, offset,
            (unsigned long long)lsn, found == STATUS_OK ? "out of order" : reason->text);
    }
    return recovery_cut(recovery, index, lsn, error);
}

/* Reads the frames of one raw segment; *ret_is_cut when the log ended inside. */
static enum status recovery_scan(struct recovery *recovery, size_t index, bool *ret_is_cut,
                                 struct error *error)
{
    struct segment *segment = recovery->local->segments[index];
    uint32_t offset = SEGMENT_HEADER_BYTES;
    for (;;) {
        struct frame_header header = {0};
        struct bytes payload;
        struct error reason = {.text = "no frame"};
        enum status status =
            segment_read_frame(segment, offset, &recovery->buffer, &header, &payload, &reason);
        if (status != STATUS_OK && status != STATUS_END && status != STATUS_CORRUPT) {
            return error_set(error, status, "%s", reason.text);
        }
        if (status != STATUS_OK || !recovery_is_next(recovery, &header)) {
            return recovery_judge(recovery, index, offset, status, &reason, ret_is_cut, error);
        }
        recovery_accept(recovery, index, &header);
        segment_recover_frame(segment, offset, &header);
        offset += (uint32_t)frame_bytes(&header);
    }
}

static enum status recovery_take_sealed(struct recovery *recovery, size_t index, struct error *error)
{
    struct local *local = recovery->local;
    struct segment_range range = segment_range(local->segments[index]);
    if (recovery->next_lsn != 0 && range.first_lsn != recovery->next_lsn) {
        return error_set(error, STATUS_CORRUPT, "%s/%016llx.seg: begins at LSN %llu, not at %llu",
                         local->directory, (unsigned long long)range.number,
                         (unsigned long long)range.first_lsn, (unsigned long long)recovery->next_lsn);
    }
    recovery->next_lsn = range.next_lsn;
    recovery->has_frames = false;
    local->term = range.last_term;
    local->commit_time_us = range.last_time_us;
    local->active = index;
    return STATUS_OK;
}

static enum status recovery_scan_all(struct recovery *recovery, struct error *error)
{
    struct local *local = recovery->local;
    enum status status = STATUS_OK;
    bool is_cut = false;
    for (size_t i = 0; i < local->count && status == STATUS_OK && !is_cut; i++) {
        status = segment_range(local->segments[i]).is_sealed ? recovery_take_sealed(recovery, i, error)
                                                             : recovery_scan(recovery, i, &is_cut, error);
    }
    if (status == STATUS_OK && recovery->chain_is_durable) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: the transaction that goes on at LSN %llu has no end, but it was durable",
                         local->directory, (unsigned long long)recovery->chain_lsn);
    }
    if (status == STATUS_OK && recovery->chain_lsn != 0) {
        status = recovery_cut(recovery, recovery->chain_segment, recovery->chain_lsn, error);
        local->active = recovery->chain_segment;
    }
    return status;
}

/* After a kill the last frames may be in the page cache only; after a sync that failed, too, and there the kernel would not write
 * them again. */
static enum status recovery_sync(struct recovery *recovery, struct error *error)
{
    struct local *local = recovery->local;
    uint64_t checkpointed = local->options.checkpointed_lsn;
    uint64_t durable = recovery->synced_lsn > checkpointed ? recovery->synced_lsn : checkpointed;
    enum status status = STATUS_OK;
    for (size_t i = 0; i <= local->active && status == STATUS_OK; i++) {
        if (!segment_range(local->segments[i]).is_sealed) {
            status = segment_write_again(local->segments[i], durable + 1, error);
            if (status == STATUS_OK) {
                status = segment_sync(local->segments[i], error);
            }
        }
    }
    return status;
}

/* The log must go on in a raw segment. */
static enum status recovery_ensure_raw(struct local *local, struct error *error)
{
    if (!segment_range(local->segments[local->active]).is_sealed) {
        return STATUS_OK;
    }
    if (local->active + 1 == local->count) {
        struct segment *segment = NULL;
        enum status status = segment_prepare(local->directory, local->next_number,
                                             local->options.segment_bytes, &local->log.identity, error);
        if (status == STATUS_OK) {
            status = segment_open(local->directory, local->next_number, false, &local->log.identity, &segment,
                                  error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        local->next_number++;
        local__add_segment(local, segment);
    }
    local->active++;
    return STATUS_OK;
}

/* Spares that are smaller than segments are now do not hold what the writer counts on: others are made. */
static enum status recovery_drop_small(struct recovery *recovery, struct error *error)
{
    struct local *local = recovery->local;
    bool has_small = false;
    for (size_t i = local->active + 1; i < local->count; i++) {
        has_small |= segment_file_bytes(local->segments[i]) < local->options.segment_bytes;
    }
    return has_small ? recovery_drop_after(recovery, local->active, error) : STATUS_OK;
}

static enum status recovery_run(struct recovery *recovery, struct error *error)
{
    struct local *local = recovery->local;
    uint64_t horizon = 0;
    uint64_t horizon_lsn = 0;
    enum status status = local__horizon_read(local, &horizon, &horizon_lsn, error);
    if (status == STATUS_OK) { /* a new name may not be durable yet for which an old one goes below */
        status = file_directory_sync(local->directory, error);
    }
    if (status == STATUS_OK) {
        status = file_directory_list(local->directory, recovery_visit, recovery, error);
    }
    if (status == STATUS_OK) {
        recovery_sort(recovery);
        status = recovery_open_segments(recovery, horizon, error);
    }
    if (status == STATUS_OK) {
        recovery->next_lsn = horizon_lsn;
        status = recovery_scan_all(recovery, error);
    }
    if (status == STATUS_OK && local->options.checkpointed_lsn >= recovery->next_lsn) {
        status = error_set(error, STATUS_CORRUPT, "%s: the log ends at LSN %llu, but LSN %llu was durable",
                           local->directory, (unsigned long long)(recovery->next_lsn - 1),
                           (unsigned long long)local->options.checkpointed_lsn);
    }
    if (status == STATUS_OK) {
        status = recovery_sync(recovery, error);
    }
    if (status == STATUS_OK) {
        status = recovery_drop_small(recovery, error);
    }
    if (status == STATUS_OK) {
        status = recovery_ensure_raw(local, error);
    }
    for (size_t i = 0; i < recovery->runs_count && status == STATUS_OK; i++) {
        status = local__run_recover(local, recovery->runs[i].number, recovery->runs[i].level, error);
    }
    local->next_lsn = recovery->next_lsn;
    local->complete_next_lsn = recovery->next_lsn;
    local->synced_lsn = recovery->next_lsn - 1;
    return status;
}

enum status local__recover(struct local *local, struct error *error)
{
    struct recovery recovery = {.local = local};
    enum status status = recovery_run(&recovery, error);
    buffer_reset(&recovery.buffer);
    memory_destroy(recovery.found);
    memory_destroy(recovery.runs);
    return status;
}
