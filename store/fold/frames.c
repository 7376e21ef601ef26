/* Encoded records become frames. */
#include "base/memory.h"
#include "fold_private.h"

void fold__frames_begin(struct fold *fold, struct fold_batch *batch)
{
    buffer_clear(&fold->frames);
    frame_builder_clear(&fold->builder);
    fold->headers_count = 0;
    batch->frame_first_lsn = batch->next_lsn;
}

static void frames_close(struct fold *fold, struct fold_batch *batch, uint8_t flags)
{
    struct log *log = fold->options.log;
    struct frame_header header = {
        .flags = flags,
        .term = fold->term,
        .first_lsn = batch->frame_first_lsn,
        .synced_lsn = log_tip(log).synced_lsn,
        .commit_time_us = batch->commit_time_us,
    };
    size_t start = fold->frames.size;
    frame_builder_finish(&fold->builder, &header, log->seed, &fold->frames);
    struct bytes frame = bytes_from(buffer_bytes(&fold->frames), start);
    CHECK(frame_header_decode(frame, log->seed, &header, NULL) == STATUS_OK);
    header.tables = (struct bytes){0}; /* they would point into a buffer that may move */
    header.tokens = (struct bytes){0};
    if (fold->headers_count == fold->headers_capacity) {
        fold->headers_capacity = fold->headers_capacity == 0 ? 16 : fold->headers_capacity * 2;
        fold->headers = memory_resize(fold->headers, fold->headers_capacity * sizeof(*fold->headers));
    }
    fold->headers[fold->headers_count++] = header;
    batch->frame_first_lsn += fold->builder.records;
    frame_builder_clear(&fold->builder);
}

static void frames_put(struct fold *fold, const struct fold_record *records, size_t i)
{
    size_t start = i == 0 ? 0 : records[i - 1].end;
    struct record facts = {.table = records[i].table, .shard = records[i].shard};
    frame_builder_add_encoded(&fold->builder, &facts,
                              bytes_part(buffer_bytes(&fold->records), start, records[i].end - start));
}

/* A transaction that fills more than one frame: first, middle, last piece. */
static void frames_add_chain(struct fold *fold, struct fold_batch *batch, const struct fold_record *records,
                             size_t count)
{
    uint8_t flags = FRAME_CHAIN_FIRST;
    for (size_t i = 0; i < count; i++) {
        size_t size = records[i].end - (i == 0 ? 0 : records[i - 1].end);
        if (!frame_builder_has_room(&fold->builder, size)) {
            frames_close(fold, batch, flags);
            flags = FRAME_CHAIN_MIDDLE;
        }
        frames_put(fold, records, i);
    }
    frames_close(fold, batch, flags == FRAME_CHAIN_FIRST ? 0 : FRAME_CHAIN_LAST);
}

void fold__frames_add(struct fold *fold, struct fold_batch *batch, const struct fold_record *records,
                      size_t count)
{
    size_t bytes = records[count - 1].end;
    if (!frame_builder_has_room(&fold->builder, bytes)) {
        frames_close(fold, batch, 0);
    }
    if (bytes > frame_builder_aim(&fold->builder) || count > FRAME_TABLES_MAX) {
        fold__frames_finish(fold, batch);
        frames_add_chain(fold, batch, records, count);
    } else {
        for (size_t i = 0; i < count; i++) {
            frames_put(fold, records, i);
        }
    }
    batch->next_lsn += count;
}

void fold__frames_finish(struct fold *fold, struct fold_batch *batch)
{
    if (fold->builder.records > 0) {
        frames_close(fold, batch, 0);
    }
}
