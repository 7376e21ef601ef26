/* Creating, opening, appending. */
#include "local/local.h"

#include <stdio.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "local_private.h"

enum {
    HORIZON_MAGIC = 0x4F58485A, /* "OXHZ" */
    HORIZON_VERSION = 1,
    HORIZON_BYTES = 28, /* magic u32, version u32, number u64, first LSN u64, CRC-32C u32 */
};

enum status local__horizon_write(const struct local *local, uint64_t number, uint64_t first_lsn,
                                 struct error *error)
{
    uint8_t file[HORIZON_BYTES];
    bytes_put_u32(file, HORIZON_MAGIC);
    bytes_put_u32(file + 4, HORIZON_VERSION);
    bytes_put_u64(file + 8, number);
    bytes_put_u64(file + 16, first_lsn);
    bytes_put_u32(file + 24, crypto_crc32c(local->log.seed, bytes_of(file, 24)));
    return file_replace(local->directory, "horizon", bytes_of(file, sizeof(file)), error);
}

enum status local__horizon_read(const struct local *local, uint64_t *ret_number, uint64_t *ret_first_lsn,
                                struct error *error)
{
    char *path = file_path_join(local->directory, "horizon");
    struct buffer file = {0};
    enum status status = file_read_whole(path, 4096, &file, error);
    if (status == STATUS_OK && file.size >= 8 && bytes_get_u32(file.data) == HORIZON_MAGIC &&
        bytes_get_u32(file.data + 4) > HORIZON_VERSION) {
        status = error_set(error, STATUS_NEWER, "%s: written by a newer version", path);
    } else if (status == STATUS_OK &&
               (file.size != HORIZON_BYTES || bytes_get_u32(file.data) != HORIZON_MAGIC ||
                crypto_crc32c(local->log.seed, bytes_of(file.data, 24)) != bytes_get_u32(file.data + 24))) {
        status = error_set(error, STATUS_CORRUPT, "%s: offset 0: damaged, or of another database", path);
    } else if (status == STATUS_NOT_FOUND) {
        status = error_set(error, STATUS_CORRUPT, "%s: missing, so the log's beginning is unknown", path);
    }
    if (status == STATUS_OK) {
        *ret_number = bytes_get_u64(file.data + 8);
        *ret_first_lsn = bytes_get_u64(file.data + 16);
    }
    buffer_reset(&file);
    memory_destroy(path);
    return status;
}

static struct local *local_allocate(const struct local_options *options)
{
    struct local *local = memory_create(sizeof(*local));
    local->log.operations = &local__operations;
    local->log.identity = options->identity;
    local->log.seed = log_identity_seed(&options->identity);
    local->options = *options;
    local->directory = memory_copy_text(options->directory);
    local->options.directory = local->directory;
    local->next_number = 1;
    local->started_us = clock_steady_us(options->clock);
    local->started_wall_us = clock_wall_us(options->clock);
    CHECK(pthread_mutex_init(&local->mutex, NULL) == 0);
    thread_condition_init(&local->wake);
    CHECK(pthread_cond_init(&local->done, NULL) == 0);
    CHECK(pthread_cond_init(&local->merge, NULL) == 0);
    atomic_init(&local->is_merge_cancelled, false);
    return local;
}

static void local_free(struct local *local)
{
    segment_release(&local->writing);
    for (size_t i = 0; i < local->count; i++) {
        segment_release(&local->segments[i]);
    }
    memory_destroy(local->segments);
    for (size_t i = 0; i < local->runs_count; i++) {
        segment_release(&local->runs[i]);
    }
    memory_destroy(local->runs);
    for (size_t i = 0; i < local->discarded_count; i++) {
        segment_release(&local->discarded[i]);
    }
    memory_destroy(local->discarded);
    memory_destroy(local->directory);
    (void)pthread_cond_destroy(&local->merge);
    (void)pthread_cond_destroy(&local->done);
    (void)pthread_cond_destroy(&local->wake);
    (void)pthread_mutex_destroy(&local->mutex);
    memory_destroy(local);
}

enum status local_create(const struct local_options *options, struct error *error)
{
    struct local *local = local_allocate(options);
    enum status status =
        segment_prepare(options->directory, 1, options->segment_bytes, &options->identity, error);
    if (status == STATUS_OK) {
        status = local__horizon_write(local, 1, 1, error);
    }
    local_free(local);
    return status;
}

/* Ends the threads that were started. */
static void local_stop(struct local *local)
{
    atomic_store(&local->is_merge_cancelled, true);
    (void)pthread_mutex_lock(&local->mutex);
    local->is_stopping = true;
    (void)pthread_cond_broadcast(&local->wake);
    (void)pthread_cond_broadcast(&local->merge);
    (void)pthread_mutex_unlock(&local->mutex);
    thread_join(&local->thread);
    thread_join(&local->merger);
}

enum status local_open(const struct local_options *options, struct log **ret_log, struct error *error)
{
    CHECK(options->segment_bytes >= SEGMENT_BYTES_MIN && options->segment_bytes <= SEGMENT_BYTES_MAX);
    struct local *local = local_allocate(options);
    enum status status = local__recover(local, error);
    if (status == STATUS_OK) {
        local->writing = segment_share(local->segments[local->active]);
        local->spares_wanted = 1;
        local->may_merge = true;
        status = thread_create("log-keeper", local__keeper_run, local, &local->thread, error);
    }
    if (status == STATUS_OK) {
        status = thread_create("log-merger", local__merger_run, local, &local->merger, error);
    }
    if (status != STATUS_OK) {
        local_stop(local);
        local_free(local);
        return status;
    }
    *ret_log = &local->log;
    return STATUS_OK;
}

static void local_close(struct log *log)
{
    struct local *local = (struct local *)log;
    local_stop(local);
    local_free(local);
}

void local__add_segment(struct local *local, struct segment *segment)
{
    if (local->count == local->capacity) {
        local->capacity = local->capacity == 0 ? 16 : local->capacity * 2;
        local->segments = memory_resize(local->segments, local->capacity * sizeof(struct segment *));
    }
    local->segments[local->count++] = segment;
    local->bytes += segment_range(segment).file_bytes;
}

static struct log_tip local_tip(struct log *log)
{
    struct local *local = (struct local *)log;
    (void)pthread_mutex_lock(&local->mutex);
    struct log_tip tip = {
        .first_lsn = local->complete_next_lsn,
        .next_lsn = local->complete_next_lsn,
        .synced_lsn = local->synced_lsn,
        .term = local->term,
        .commit_time_us = local->commit_time_us,
        .bytes = local->bytes,
        .segments = local->active + 1,
        .spares = local->count - 1 - local->active,
        .record_bytes_max = local->options.segment_bytes - SEGMENT_HEADER_BYTES - FRAME_AROUND_BYTES,
    };
    if (tip.record_bytes_max > FRAME_PAYLOAD_BYTES_MAX - FRAME_AROUND_BYTES) {
        tip.record_bytes_max = FRAME_PAYLOAD_BYTES_MAX - FRAME_AROUND_BYTES;
    }
    struct segment_range oldest = segment_range(local->segments[0]);
    if (oldest.first_lsn != 0) {
        tip.first_lsn = oldest.first_lsn;
    }
    (void)pthread_mutex_unlock(&local->mutex);
    return tip;
}

/* Segments needed beyond the active one for these frames. */
static enum status local_spares_needed(struct local *local, const struct frame_header *headers, size_t count,
                                       size_t *ret_spares, struct error *error)
{
    size_t spares = 0;
    size_t room = segment_room(local->writing);
    size_t room_new = local->options.segment_bytes - SEGMENT_HEADER_BYTES;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = frame_bytes(&headers[i]);
        if (bytes > room_new) {
            return error_set(error, STATUS_FULL, "a frame of %zu bytes does not fit a segment of %u", bytes,
                             local->options.segment_bytes);
        }
        if (bytes > room) {
            spares++;
            room = room_new;
        }
        room -= bytes;
    }
    *ret_spares = spares;
    return spares <= LOCAL_SPARES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_FULL, "a batch would need %zu new segments", spares);
}

/* Waits for the keeper to have prepared them. The caller holds the mutex. */
static enum status local_wait_for_spares(struct local *local, size_t spares, struct error *error)
{
    while (local->count - 1 - local->active < spares) {
        if (local->is_stopping) {
            return error_set(error, STATUS_CLOSED, "the log is closing");
        }
        local->spares_wanted = spares;
        local->spare_status = STATUS_BUSY;
        (void)pthread_cond_signal(&local->wake);
        while (local->spare_status == STATUS_BUSY && !local->is_stopping) {
            (void)pthread_cond_wait(&local->done, &local->mutex);
        }
        if (local->spare_status != STATUS_OK && !local->is_stopping) {
            if (error != NULL) {
                *error = local->spare_error;
            }
            return error_set(error, STATUS_FULL, "no space for a new segment of the log (%s)",
                             error == NULL ? "" : local->spare_error.text);
        }
    }
    return STATUS_OK;
}

static void local_note_frames(struct local *local, const struct frame_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        local->next_lsn = headers[i].first_lsn + headers[i].records;
        local->term = headers[i].term;
        local->commit_time_us = headers[i].commit_time_us;
        if (frame_is_complete(&headers[i])) {
            local->complete_next_lsn = local->next_lsn;
        }
    }
}

/* Moves on to the next spare; what the old segment holds is made durable first. */
static enum status local_switch_segment(struct local *local, struct error *error)
{
    enum status status = segment_sync(local->writing, error);
    (void)pthread_mutex_lock(&local->mutex);
    CHECK(local->active + 1 < local->count);
    local->active++;
    segment_release(&local->writing);
    local->writing = segment_share(local->segments[local->active]);
    if (local->spares_wanted == 0) {
        local->spares_wanted = 1;
    }
    (void)pthread_cond_signal(&local->wake);
    (void)pthread_mutex_unlock(&local->mutex);
    return status;
}

/* Writes as many of the frames as fit the active segment, at least one. */
static enum status local_append_some(struct local *local, struct bytes *frames,
                                     const struct frame_header **headers, size_t *count, struct error *error)
{
    struct segment *segment = local->writing;
    size_t room = segment_room(segment);
    size_t bytes = 0;
    size_t n = 0;
    while (n < *count && bytes + frame_bytes(&(*headers)[n]) <= room) {
        bytes += frame_bytes(&(*headers)[n++]);
    }
    if (n == 0) {
        return local_switch_segment(local, error);
    }
    enum status status = segment_append(segment, bytes_part(*frames, 0, bytes), *headers, n, error);
    if (status == STATUS_OK) {
        *frames = bytes_from(*frames, bytes);
        *headers += n;
        *count -= n;
    }
    return status;
}

static enum status local_append(struct log *log, struct bytes frames, const struct frame_header *headers,
                                size_t count, bool is_synced, bool may_use_reserve, struct error *error)
{
    struct local *local = (struct local *)log;
    CHECK(count > 0 && headers[0].first_lsn == local->next_lsn && headers[0].term >= local->term);
    size_t spares = 0;
    enum status status = local_spares_needed(local, headers, count, &spares, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&local->mutex);
    local->is_reserve_open = may_use_reserve;
    status = local_wait_for_spares(local, spares, error);
    (void)pthread_mutex_unlock(&local->mutex);
    if (status != STATUS_OK) {
        return status;
    }
    const struct frame_header *next = headers;
    size_t left = count;
    while (left > 0 && status == STATUS_OK) {
        status = local_append_some(local, &frames, &next, &left, error);
    }
    if (status == STATUS_OK && is_synced) {
        status = segment_sync(local->writing, error);
    }
    if (status != STATUS_OK) {
        return status == STATUS_FULL ? error_set(error, STATUS_IO, "the log could not be written in full")
                                     : status;
    }
    (void)pthread_mutex_lock(&local->mutex);
    local_note_frames(local, headers, count);
    local->marked_lsn = headers[count - 1].synced_lsn;
    if (is_synced) {
        local->synced_lsn = local->next_lsn - 1;
    }
    (void)pthread_mutex_unlock(&local->mutex);
    return STATUS_OK;
}

static enum status local_sync(struct log *log, uint64_t lsn, struct error *error)
{
    struct local *local = (struct local *)log;
    (void)pthread_mutex_lock(&local->mutex);
    if (local->synced_lsn >= lsn) {
        (void)pthread_mutex_unlock(&local->mutex);
        return STATUS_OK;
    }
    /* Segments before the active one were synced when they were left. */
    struct segment *segment = segment_share(local->segments[local->active]);
    uint64_t reached = local->next_lsn - 1;
    (void)pthread_mutex_unlock(&local->mutex);
    enum status status = segment_sync(segment, error);
    segment_release(&segment);
    (void)pthread_mutex_lock(&local->mutex);
    if (status == STATUS_OK && local->synced_lsn < reached) {
        local->synced_lsn = reached;
    }
    (void)pthread_mutex_unlock(&local->mutex);
    return status;
}

static void local_trim_allow(struct log *log, uint64_t lsn)
{
    struct local *local = (struct local *)log;
    (void)pthread_mutex_lock(&local->mutex);
    if (local->trim_lsn < lsn) {
        local->trim_lsn = lsn;
    }
    (void)pthread_mutex_unlock(&local->mutex);
}

const struct log_operations local__operations = {
    .close = local_close,
    .tip = local_tip,
    .append = local_append,
    .sync = local_sync,
    .trim_allow = local_trim_allow,
    .lsn_at = local__lsn_at,
    .reader_create = local__reader_create,
    .reader_next = local__reader_next,
    .reader_lsn = local__reader_lsn,
    .reader_destroy = local__reader_destroy,
    .keys_create = local__keys_create,
    .keys_next = local__keys_next,
    .keys_destroy = local__keys_destroy,
    .check = local__check,
};
