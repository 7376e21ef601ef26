/* Opening, sharing and appending. Recovery is in recovery.c, sealing in seal.c, reading in cursor.c and keys.c. */
#include "segment/segment.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "segment_private.h"

char *segment__path(const char *directory, uint64_t number, const char *suffix)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "%016llx.%s", (unsigned long long)number, suffix);
    return file_path_join(directory, name);
}

void segment__header_encode(const struct log_identity *identity, uint32_t magic, uint64_t number,
                            uint32_t bytes, uint32_t seed, uint8_t ret_header[SEGMENT_HEADER_USED])
{
    memset(ret_header, 0, SEGMENT_HEADER_USED);
    bytes_put_u32(ret_header, magic);
    ret_header[4] = SEGMENT_VERSION;
    memcpy(ret_header + 8, identity->database, sizeof(identity->database));
    bytes_put_u32(ret_header + 24, identity->group);
    bytes_put_u32(ret_header + 28, identity->timeline);
    bytes_put_u64(ret_header + 32, number);
    bytes_put_u32(ret_header + 40, bytes);
    bytes_put_u32(ret_header + 60, crypto_crc32c(seed, bytes_of(ret_header, 60)));
}

static enum status segment_zero(const struct file *file, uint32_t from, uint32_t until, struct error *error)
{
    enum {
        STEP = 1024 * 1024,
    };
    uint8_t *zeros = memory_create(STEP);
    enum status status = STATUS_OK;
    while (from < until && status == STATUS_OK) {
        uint32_t size = until - from < STEP ? until - from : STEP;
        status = file_write_at(file, bytes_of(zeros, size), from, error);
        from += size;
    }
    memory_destroy(zeros);
    return status;
}

enum status segment_prepare(const char *directory, uint64_t number, uint32_t segment_bytes,
                            const struct log_identity *identity, struct error *error)
{
    CHECK(segment_bytes >= SEGMENT_BYTES_MIN && segment_bytes <= SEGMENT_BYTES_MAX);
    uint8_t header[SEGMENT_HEADER_USED];
    segment__header_encode(identity, SEGMENT_MAGIC_RAW, number, segment_bytes, log_identity_seed(identity),
                           header);
    char *path = segment__path(directory, number, "raw");
    char *path_new = segment__path(directory, number, "new");
    struct file file = FILE_CLOSED;
    enum status status = file_open(path_new, O_WRONLY | O_CREAT | O_TRUNC, &file, error);
    if (status == STATUS_OK) {
        status = file_allocate(&file, 0, segment_bytes, error);
    }
    if (status == STATUS_OK) {
        status = segment_zero(&file, 0, segment_bytes, error);
    }
    if (status == STATUS_OK) {
        status = file_write_at(&file, bytes_of(header, sizeof(header)), 0, error);
    }
    if (status == STATUS_OK) {
        status = file_sync(&file, error);
    }
    file_close(&file);
    if (status == STATUS_OK) {
        status = file_rename(path_new, path, error);
    } else {
        enum status ignored = file_remove(path_new, NULL); /* what is half made only takes space */
        (void)ignored;
    }
    if (status == STATUS_OK) {
        status = file_directory_sync(directory, error);
    }
    memory_destroy(path_new);
    memory_destroy(path);
    return status;
}

struct segment *segment__create(const char *directory, uint64_t number, const struct log_identity *identity,
                                bool is_sealed)
{
    struct segment *segment = memory_create(sizeof(*segment));
    atomic_init(&segment->references, 1);
    atomic_init(&segment->is_retired, false);
    CHECK(pthread_mutex_init(&segment->mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&segment->head_mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&segment->sync_mutex, NULL) == 0);
    segment->file = FILE_CLOSED;
    segment->directory = memory_copy_text(directory);
    segment->identity = *identity;
    segment->seed = log_identity_seed(identity);
    segment->range.number = number;
    segment->range.is_sealed = is_sealed;
    segment->end_offset = SEGMENT_HEADER_BYTES;
    return segment;
}

static enum status segment_check_header(struct segment *segment, struct error *error)
{
    uint8_t header[SEGMENT_HEADER_USED];
    enum status status = file_read_at(&segment->file, header, sizeof(header), 0, error);
    if (status == STATUS_IO) {
        return status;
    }
    uint32_t magic = segment->range.is_sealed ? SEGMENT_MAGIC_SEALED : SEGMENT_MAGIC_RAW;
    if (segment->range.level > 0) {
        magic = SEGMENT_MAGIC_RUN;
    }
    const char *path = segment->file.path;
    if (status != STATUS_OK || bytes_get_u32(header) != magic) {
        return error_set(error, STATUS_CORRUPT, "%s: offset 0: not a segment of the log", path);
    }
    if (header[4] > SEGMENT_VERSION) {
        return error_set(error, STATUS_NEWER,
                         "%s: written by a newer version (format %u, this program reads %d)", path, header[4],
                         SEGMENT_VERSION);
    }
    uint8_t expected[SEGMENT_HEADER_USED];
    uint32_t bytes = bytes_get_u32(header + 40);
    segment__header_encode(&segment->identity, magic, segment->range.number, bytes, segment->seed, expected);
    if (memcmp(header, expected, sizeof(header)) != 0) {
        return error_set(
            error, STATUS_CORRUPT,
            "%s: offset 0: the header is damaged, or the segment is of another database or place", path);
    }
    if (segment->range.level > 0 && bytes != segment->range.level) {
        return error_set(error, STATUS_CORRUPT, "%s: offset 0: a run of another level", path);
    }
    segment->bytes = bytes;
    return STATUS_OK;
}

static enum status segment_open_contents(struct segment *segment, struct error *error)
{
    enum status status = segment_check_header(segment, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = file_size(&segment->file, &segment->range.file_bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (segment->range.is_sealed) {
        return segment__footer_read(segment, error);
    }
    if (segment->range.file_bytes != segment->bytes || segment->bytes < SEGMENT_BYTES_MIN ||
        segment->bytes > SEGMENT_BYTES_MAX) {
        return error_set(error, STATUS_CORRUPT, "%s: the file has %llu bytes, not the %u its header tells",
                         segment->file.path, (unsigned long long)segment->range.file_bytes, segment->bytes);
    }
    return STATUS_OK;
}

enum status segment__open(struct segment *segment, const char *suffix, struct segment **ret_segment,
                          struct error *error)
{
    char *path = segment__path(segment->directory, segment->range.number, suffix);
    int flags = segment->range.is_sealed ? O_RDONLY : O_RDWR;
    enum status status = file_open(path, flags, &segment->file, error);
    if (status == STATUS_OK) {
        status = segment_open_contents(segment, error);
    }
    if (status == STATUS_OK && segment->range.is_sealed) {
        file_close(&segment->file);
        segment->file.path = path;
        path = NULL;
    }
    memory_destroy(path);
    if (status != STATUS_OK) {
        segment_release(&segment);
        return status;
    }
    *ret_segment = segment;
    return STATUS_OK;
}

enum status segment_open(const char *directory, uint64_t number, bool is_sealed,
                         const struct log_identity *identity, struct segment **ret_segment,
                         struct error *error)
{
    struct segment *segment = segment__create(directory, number, identity, is_sealed);
    return segment__open(segment, is_sealed ? "seg" : "raw", ret_segment, error);
}

void segment_retire(struct segment *segment)
{
    atomic_store(&segment->is_retired, true);
}

struct segment *segment_share(struct segment *segment)
{
    atomic_fetch_add(&segment->references, 1);
    return segment;
}

void segment_release(struct segment **segment)
{
    struct segment *gone = *segment;
    *segment = NULL;
    if (gone == NULL || atomic_fetch_sub(&gone->references, 1) > 1) {
        return;
    }
    file_close(&gone->file);
    memory_destroy(gone->directory);
    memory_destroy(gone->frames);
    segment__head_reset(&gone->head);
    segment__presences_reset(&gone->presences);
    arena_reset(&gone->arena);
    (void)pthread_mutex_destroy(&gone->sync_mutex);
    (void)pthread_mutex_destroy(&gone->head_mutex);
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

struct segment_range segment_range(struct segment *segment)
{
    (void)pthread_mutex_lock(&segment->mutex);
    struct segment_range range = segment->range;
    (void)pthread_mutex_unlock(&segment->mutex);
    return range;
}

bool segment_may_hold(struct segment *segment, uint32_t table, uint16_t shards, uint64_t from_lsn)
{
    return !segment->range.is_sealed || segment__presences_hold(&segment->presences, table, shards, from_lsn);
}

uint32_t segment_room(struct segment *segment)
{
    return segment->bytes - segment->end_offset;
}

uint32_t segment_end_offset(struct segment *segment)
{
    return segment->end_offset;
}

uint32_t segment_file_bytes(struct segment *segment)
{
    return segment->bytes;
}

/* The caller holds the mutex. */
static void segment_add_frame(struct segment *segment, const struct frame_header *header)
{
    if (segment->frames_count == segment->frames_capacity) {
        segment->frames_capacity = segment->frames_capacity == 0 ? 256 : segment->frames_capacity * 2;
        segment->frames = memory_resize(segment->frames, segment->frames_capacity * sizeof(*segment->frames));
    }
    uint32_t bytes = (uint32_t)frame_bytes(header);
    segment->frames[segment->frames_count++] = (struct segment_frame){
        .first_lsn = header->first_lsn,
        .commit_time_us = header->commit_time_us,
        .offset = segment->end_offset,
        .bytes = bytes,
        .records = header->records,
    };
    segment->end_offset += bytes;
    struct segment_range *range = &segment->range;
    if (range->first_lsn == 0) {
        range->first_lsn = header->first_lsn;
        range->first_time_us = header->commit_time_us;
    }
    range->next_lsn = header->first_lsn + header->records;
    range->last_term = header->term;
    range->last_time_us = header->commit_time_us;
}

enum status segment_append(struct segment *segment, struct bytes frames, const struct frame_header *headers,
                           size_t count, struct error *error)
{
    CHECK(!segment->range.is_sealed && frames.size <= segment_room(segment));
    enum status status = file_write_at(&segment->file, frames, segment->end_offset, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&segment->mutex);
    for (size_t i = 0; i < count; i++) {
        segment_add_frame(segment, &headers[i]);
    }
    (void)pthread_mutex_unlock(&segment->mutex);
    return STATUS_OK;
}

/* Linux tells of a failed write to the first who syncs and takes the page for clean: whoever syncs next, as the writer beside a
 * checkpoint, would be told that all is well. */
enum status segment_sync(struct segment *segment, struct error *error)
{
    (void)pthread_mutex_lock(&segment->sync_mutex);
    enum status status = segment->has_failed_sync
                             ? error_set(error, STATUS_IO, "%s: a sync failed before", segment->file.path)
                             : file_sync_data(&segment->file, error);
    segment->has_failed_sync = status != STATUS_OK;
    (void)pthread_mutex_unlock(&segment->sync_mutex);
    return status;
}

enum status segment_write_again(struct segment *segment, uint64_t lsn, struct error *error)
{
    enum {
        STEP = 1024 * 1024,
    };
    size_t i = 0;
    struct buffer buffer = {0};
    enum status status = STATUS_OK;
    while (i < segment->frames_count && segment->frames[i].first_lsn + segment->frames[i].records <= lsn) {
        i++;
    }
    uint32_t at = i < segment->frames_count ? segment->frames[i].offset : segment->end_offset;
    while (at < segment->end_offset && status == STATUS_OK) {
        uint32_t size = segment->end_offset - at < STEP ? segment->end_offset - at : STEP;
        buffer_clear(&buffer);
        status = file_read_at(&segment->file, buffer_extend(&buffer, size), size, at, error);
        if (status == STATUS_OK) {
            status = file_write_at(&segment->file, buffer_bytes(&buffer), at, error);
        }
        at += size;
    }
    buffer_reset(&buffer);
    return status;
}

void segment_recover_frame(struct segment *segment, uint32_t offset, const struct frame_header *header)
{
    CHECK(offset == segment->end_offset);
    (void)pthread_mutex_lock(&segment->mutex);
    segment_add_frame(segment, header);
    (void)pthread_mutex_unlock(&segment->mutex);
}

enum status segment_read_frame(struct segment *segment, uint32_t offset, struct buffer *buffer,
                               struct frame_header *ret_header, struct bytes *ret_payload,
                               struct error *error)
{
    buffer_clear(buffer);
    uint32_t left = offset < segment->bytes ? segment->bytes - offset : 0;
    if (left < FRAME_FIXED_BYTES) {
        return STATUS_END;
    }
    uint8_t *at = buffer_extend(buffer, FRAME_FIXED_BYTES);
    enum status status = file_read_at(&segment->file, at, FRAME_FIXED_BYTES, offset, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* Lengths are read before the CRC vouches for them: bounded by the file, and checked right after. */
    uint64_t bytes = (uint64_t)bytes_get_u32(buffer->data + 8) + bytes_get_u32(buffer->data + 12);
    size_t more = bytes > FRAME_FIXED_BYTES && bytes <= left ? (size_t)bytes - FRAME_FIXED_BYTES : 0;
    at = buffer_extend(buffer, more);
    status = file_read_at(&segment->file, at, more, offset + FRAME_FIXED_BYTES, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct frame_header header = {0};
    status = frame_header_decode(buffer_bytes(buffer), segment->seed, &header, error);
    if (status == STATUS_OK && frame_bytes(&header) > left) {
        status = error_set(error, STATUS_CORRUPT, "the frame passes the segment's end");
    }
    struct bytes payload = {0};
    if (status == STATUS_OK) {
        payload = bytes_part(buffer_bytes(buffer), header.header_bytes, header.payload_bytes);
        status = frame_payload_check(&header, payload, segment->seed, error);
    }
    if (status == STATUS_OK) {
        *ret_header = header;
        *ret_payload = payload;
    } else if (status != STATUS_END) {
        error_prefix(error, "%s: offset %u", segment->file.path, offset);
    }
    return status;
}

enum status segment_is_zero_from(struct segment *segment, uint32_t offset, bool *ret_is_zero,
                                 struct error *error)
{
    enum {
        STEP = 256 * 1024,
    };
    struct buffer buffer = {0};
    bool is_zero = true;
    enum status status = STATUS_OK;
    while (offset < segment->bytes && is_zero && status == STATUS_OK) {
        uint32_t size = segment->bytes - offset < STEP ? segment->bytes - offset : STEP;
        buffer_clear(&buffer);
        uint8_t *at = buffer_extend(&buffer, size);
        status = file_read_at(&segment->file, at, size, offset, error);
        is_zero = status == STATUS_OK && at[0] == 0 && memcmp(at, at + 1, size - 1) == 0;
        offset += size;
    }
    buffer_reset(&buffer);
    if (status == STATUS_OK) {
        *ret_is_zero = is_zero;
    }
    return status;
}

enum status segment_cut(struct segment *segment, uint64_t lsn, struct error *error)
{
    CHECK(segment->head.next_lsn == 0); /* cut in recovery only, before anybody asks for keys */
    (void)pthread_mutex_lock(&segment->mutex);
    while (segment->frames_count > 0 && segment->frames[segment->frames_count - 1].first_lsn >= lsn) {
        segment->end_offset = segment->frames[--segment->frames_count].offset;
    }
    if (segment->frames_count == 0) {
        segment->range.first_lsn = 0;
        segment->range.next_lsn = 0;
    } else {
        const struct segment_frame *last = &segment->frames[segment->frames_count - 1];
        CHECK(last->first_lsn + last->records <= lsn);
        segment->range.next_lsn = last->first_lsn + last->records;
        segment->range.last_time_us = last->commit_time_us;
    }
    (void)pthread_mutex_unlock(&segment->mutex);
    enum status status = segment_zero(&segment->file, segment->end_offset, segment->bytes, error);
    if (status == STATUS_OK) {
        status = file_sync(&segment->file, error);
    }
    return status;
}
