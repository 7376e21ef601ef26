/* Sealing: a raw segment becomes a compressed, indexed one. */
#include <fcntl.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "segment_private.h"

/* What is under construction. */
struct sealer {
    struct segment *sealed; /* its tables are filled as blocks are written */
    struct file file;
    uint64_t offset;
    struct buffer block; /* parts of the data block being filled */
    uint64_t block_lsn;
    int64_t block_time_us;
    struct segment_key_sink keys;
    size_t blocks_capacity;
    struct segment_block *blocks;
    struct segment_index_writer index;
};

static enum status sealer_flush_block(struct sealer *sealer, struct error *error)
{
    if (sealer->block.size == 0) {
        return STATUS_OK;
    }
    struct segment *sealed = sealer->sealed;
    if (sealed->blocks_count == sealer->blocks_capacity) {
        sealer->blocks_capacity = sealer->blocks_capacity == 0 ? 64 : sealer->blocks_capacity * 2;
        sealer->blocks = memory_resize(sealer->blocks, sealer->blocks_capacity * sizeof(*sealer->blocks));
    }
    sealer->blocks[sealed->blocks_count++] = (struct segment_block){.offset = sealer->offset,
                                                                    .first_lsn = sealer->block_lsn,
                                                                    .first_time_us = sealer->block_time_us};
    enum status status = segment__block_write(&sealer->file, sealer->offset, buffer_bytes(&sealer->block),
                                              sealed->seed, &sealer->offset, error);
    buffer_clear(&sealer->block);
    return status;
}

/* Adds records [first, first + count) of the frame as one part. */
static void sealer_put_part(struct sealer *sealer, const struct segment_part *frame, struct bytes header,
                            uint32_t first, uint32_t count, struct bytes records)
{
    if (sealer->block.size == 0) {
        sealer->block_lsn = frame->first_lsn + first;
        sealer->block_time_us = frame->header.commit_time_us;
    }
    buffer_put_u32(&sealer->block, (uint32_t)(12 + header.size + records.size));
    buffer_put_u32(&sealer->block, first);
    buffer_put_u32(&sealer->block, count);
    buffer_put_u32(&sealer->block, (uint32_t)header.size);
    buffer_put(&sealer->block, header);
    buffer_put(&sealer->block, records);
}

/* Cuts a frame's records into parts at the blocks' bounds. */
static enum status sealer_add_frame(struct sealer *sealer, const struct segment_part *frame,
                                    struct bytes header, struct error *error)
{
    struct reader reader = reader_of(frame->records);
    uint32_t first = 0;
    enum status status = STATUS_OK;
    while (first < frame->count && status == STATUS_OK) {
        struct bytes start = reader.rest;
        size_t room =
            sealer->block.size < SEGMENT_BLOCK_BYTES_AIM ? SEGMENT_BLOCK_BYTES_AIM - sealer->block.size : 0;
        uint32_t count = 0;
        do {
            if (!record_skip(&reader)) {
                return error_set(error, STATUS_CORRUPT, "malformed records in the frame at LSN %llu",
                                 (unsigned long long)frame->first_lsn);
            }
            count++;
        } while (first + count < frame->count && start.size - reader.rest.size < room);
        sealer_put_part(sealer, frame, header, first, count,
                        bytes_part(start, 0, start.size - reader.rest.size));
        first += count;
        if (sealer->block.size >= SEGMENT_BLOCK_BYTES_AIM) {
            status = sealer_flush_block(sealer, error);
        }
    }
    return status;
}

static enum status sealer_copy_frames(struct sealer *sealer, struct segment *raw,
                                      const struct segment_keys *keys, struct error *error)
{
    struct buffer buffer = {0};
    uint32_t offset = SEGMENT_HEADER_BYTES;
    enum status status = STATUS_OK;
    while (offset < raw->end_offset && status == STATUS_OK) {
        struct segment_part frame = {0};
        status = segment_read_frame(raw, offset, &buffer, &frame.header, &frame.records, error);
        if (status != STATUS_OK) {
            break;
        }
        frame.first_lsn = frame.header.first_lsn;
        frame.count = frame.header.records;
        status = segment__presences_note_part(&sealer->sealed->presences, &frame, error);
        if (status == STATUS_OK) {
            status = segment__keys_visit_part(&sealer->keys, keys, &frame, error);
        }
        if (status == STATUS_OK) {
            struct bytes header = bytes_part(buffer_bytes(&buffer), 0, frame.header.header_bytes);
            status = sealer_add_frame(sealer, &frame, header, error);
        }
        offset += (uint32_t)frame_bytes(&frame.header);
    }
    buffer_reset(&buffer);
    return status == STATUS_OK ? sealer_flush_block(sealer, error) : status;
}

static enum status sealer_write_index(struct sealer *sealer, struct error *error)
{
    struct segment_index_writer *index = &sealer->index;
    index->file = &sealer->file;
    index->offset = sealer->offset;
    index->seed = sealer->sealed->seed;
    index->first_lsn = sealer->sealed->range.first_lsn;
    segment__keys_sort(&sealer->keys);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sealer->keys.count && status == STATUS_OK; i++) {
        status = segment__index_add(index, sealer->keys.entries[i].key, sealer->keys.entries[i].lsn, error);
    }
    if (status == STATUS_OK) {
        status = segment__index_finish(index, error);
    }
    sealer->offset = index->offset;
    return status;
}

static enum status sealer_write_footer(struct sealer *sealer, struct error *error)
{
    struct segment *sealed = sealer->sealed;
    sealed->blocks = sealer->blocks;
    sealed->index_blocks = sealer->index.blocks;
    sealed->index_blocks_count = sealer->index.count;
    return segment__footer_write(sealed, &sealer->file, sealer->offset, error);
}

static enum status sealer_write(struct sealer *sealer, struct segment *raw, const struct segment_keys *keys,
                                struct error *error)
{
    uint8_t header[SEGMENT_HEADER_USED];
    struct segment *sealed = sealer->sealed;
    segment__header_encode(&raw->identity, SEGMENT_MAGIC_SEALED, raw->range.number, 0, raw->seed, header);
    enum status status = file_write_at(&sealer->file, bytes_of(header, sizeof(header)), 0, error);
    sealer->offset = SEGMENT_HEADER_USED;
    if (status == STATUS_OK) {
        status = sealer_copy_frames(sealer, raw, keys, error);
    }
    sealed->blocks_end = sealer->offset;
    if (status == STATUS_OK) {
        status = sealer_write_index(sealer, error);
    }
    sealed->index_end = sealer->offset;
    if (status == STATUS_OK) {
        status = sealer_write_footer(sealer, error);
    }
    if (status == STATUS_OK) {
        status = file_sync(&sealer->file, error);
    }
    return status;
}

enum status segment_seal(struct segment *raw, const struct segment_keys *keys, struct segment **ret_sealed,
                         struct error *error)
{
    uint64_t number = raw->range.number;
    struct sealer sealer = {.file = FILE_CLOSED};
    sealer.sealed = segment__create(raw->directory, number, &raw->identity, true);
    sealer.sealed->range = segment_range(raw);
    sealer.sealed->range.is_sealed = true;
    char *path = segment__path(raw->directory, number, "seg");
    char *path_new = segment__path(raw->directory, number, "seal");
    enum status status = file_open(path_new, O_RDWR | O_CREAT | O_TRUNC, &sealer.file, error);
    if (status == STATUS_OK) {
        status = sealer_write(&sealer, raw, keys, error);
    }
    file_close(&sealer.file);
    if (status == STATUS_OK) {
        status = file_rename(path_new, path, error);
    }
    if (status == STATUS_OK) {
        status = file_directory_sync(raw->directory, error);
    } else {
        enum status ignored = file_remove(path_new, NULL); /* what is half made only takes space */
        (void)ignored;
    }
    buffer_reset(&sealer.block);
    segment__keys_reset(&sealer.keys);
    memory_destroy(sealer.blocks);
    segment__index_writer_reset(&sealer.index);
    segment_release(&sealer.sealed);
    memory_destroy(path_new);
    memory_destroy(path);
    if (status == STATUS_OK) {
        status = segment_open(raw->directory, number, true, &raw->identity, ret_sealed, error);
    }
    return status;
}
