/* Writing the key index of a sealed segment or a run. */
#include "base/memory.h"
#include "segment_private.h"

enum {
    INDEX_BLOCK_BYTES = 32 * 1024,
};

static enum status index_flush(struct segment_index_writer *writer, struct error *error)
{
    enum status status = segment__block_write(writer->file, writer->offset, buffer_bytes(&writer->block),
                                              writer->seed, &writer->offset, error);
    buffer_clear(&writer->block);
    return status;
}

static void index_begin_block(struct segment_index_writer *writer, struct bytes key)
{
    if (writer->count == writer->capacity) {
        writer->capacity = writer->capacity == 0 ? 64 : writer->capacity * 2;
        writer->blocks = memory_resize(writer->blocks, writer->capacity * sizeof(*writer->blocks));
    }
    writer->blocks[writer->count++] =
        (struct segment_index_block){.offset = writer->offset, .first_key = arena_copy(&writer->arena, key)};
    buffer_clear(&writer->previous);
}

enum status segment__index_add(struct segment_index_writer *writer, struct bytes key, uint64_t lsn,
                               struct error *error)
{
    if (writer->block.size == 0) {
        index_begin_block(writer, key);
    }
    size_t common = bytes_common_prefix(buffer_bytes(&writer->previous), key);
    buffer_put_varint(&writer->block, common);
    buffer_put_sized(&writer->block, bytes_from(key, common));
    buffer_put_varint(&writer->block, lsn - writer->first_lsn);
    buffer_clear(&writer->previous);
    buffer_put(&writer->previous, key);
    return writer->block.size < INDEX_BLOCK_BYTES ? STATUS_OK : index_flush(writer, error);
}

enum status segment__index_finish(struct segment_index_writer *writer, struct error *error)
{
    return writer->block.size == 0 ? STATUS_OK : index_flush(writer, error);
}

void segment__index_writer_reset(struct segment_index_writer *writer)
{
    buffer_reset(&writer->block);
    buffer_reset(&writer->previous);
    arena_reset(&writer->arena);
    memory_destroy(writer->blocks);
    *writer = (struct segment_index_writer){0};
}
