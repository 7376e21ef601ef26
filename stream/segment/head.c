/* The key index of a raw segment, kept in memory: sorted chunks, joined as they come to be of like size, so that what a
 * record adds is moved a logarithmic number of times, and a reader shares them without a copy. */
#include "base/memory.h"
#include "segment_private.h"

static struct segment_key_chunk *chunk_create(size_t count)
{
    struct segment_key_chunk *chunk = memory_create(sizeof(*chunk) + count * sizeof(chunk->entries[0]));
    atomic_init(&chunk->references, 1);
    chunk->count = count;
    return chunk;
}

void segment__key_chunk_release(struct segment_key_chunk *chunk)
{
    if (atomic_fetch_sub(&chunk->references, 1) == 1) {
        memory_destroy(chunk);
    }
}

static struct segment_key_chunk *chunk_join(const struct segment_key_chunk *a,
                                            const struct segment_key_chunk *b)
{
    struct segment_key_chunk *joined = chunk_create(a->count + b->count);
    size_t i = 0;
    size_t k = 0;
    for (size_t n = 0; n < joined->count; n++) {
        bool takes_a = k == b->count ||
                       (i < a->count && segment__key_entry_compare(&a->entries[i], &b->entries[k]) <= 0);
        joined->entries[n] = takes_a ? a->entries[i++] : b->entries[k++];
    }
    return joined;
}

/* Makes a chunk of what the sink collected. */
static void head_add_chunk(struct segment_head *head)
{
    struct segment_key_sink *sink = &head->sink;
    if (sink->count == 0) {
        return;
    }
    segment__keys_sort(sink);
    struct segment_key_chunk *chunk = chunk_create(sink->count);
    memcpy(chunk->entries, sink->entries, sink->count * sizeof(*sink->entries));
    sink->count = 0;
    while (head->count > 0 && head->chunks[head->count - 1]->count < 2 * chunk->count) {
        struct segment_key_chunk *before = head->chunks[--head->count];
        struct segment_key_chunk *joined = chunk_join(before, chunk);
        segment__key_chunk_release(before);
        segment__key_chunk_release(chunk);
        chunk = joined;
    }
    CHECK(head->count < SEGMENT_HEAD_CHUNKS_MAX);
    head->chunks[head->count++] = chunk;
}

/* Adds the keys of the records appended since the last time. */
static enum status head_catch_up(struct segment *segment, const struct segment_keys *keys,
                                 struct error *error)
{
    struct segment_head *head = &segment->head;
    if (head->next_lsn == 0) {
        head->next_lsn = segment_range(segment).first_lsn;
    }
    if (head->next_lsn == 0) {
        return STATUS_OK; /* no frame yet */
    }
    struct segment_cursor *cursor = segment_cursor_create(segment, head->next_lsn);
    struct segment_part part;
    enum status status = segment_cursor_next(cursor, &part, error);
    while (status == STATUS_OK) {
        size_t before = head->sink.count;
        status = segment__keys_visit_part(&head->sink, keys, &part, error);
        if (status == STATUS_OK) {
            head->next_lsn = part.first_lsn + part.count;
            status = segment_cursor_next(cursor, &part, error);
        } else {
            head->sink.count = before; /* the part will be visited again */
        }
    }
    segment_cursor_destroy(&cursor);
    head_add_chunk(head);
    return status == STATUS_END ? STATUS_OK : status;
}

enum status segment__head_chunks(struct segment *segment, const struct segment_keys *keys,
                                 struct segment_key_chunk **ret_chunks, size_t *ret_count,
                                 struct error *error)
{
    (void)pthread_mutex_lock(&segment->head_mutex);
    enum status status = head_catch_up(segment, keys, error);
    size_t count = status == STATUS_OK ? segment->head.count : 0;
    for (size_t i = 0; i < count; i++) {
        ret_chunks[i] = segment->head.chunks[i];
        atomic_fetch_add(&ret_chunks[i]->references, 1);
    }
    (void)pthread_mutex_unlock(&segment->head_mutex);
    *ret_count = count;
    return status;
}

void segment__head_reset(struct segment_head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        segment__key_chunk_release(head->chunks[i]);
    }
    segment__keys_reset(&head->sink);
    *head = (struct segment_head){0};
}
