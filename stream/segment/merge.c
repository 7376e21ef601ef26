/* Merging key cursors: a heap by (key, LSN). */
#include "segment/merge.h"

#include "base/memory.h"

/* A segment's key cursor and the entry it stands on. */
struct merge_source {
    struct segment_key_cursor *cursor;
    struct bytes key; /* lives until the cursor moves */
    uint64_t lsn;
};

struct segment_merge {
    struct merge_source *sources;
    size_t count;  /* those that are not used up: a heap */
    bool is_given; /* the least one's entry was given: it moves with the next call */
    uint64_t after_lsn;
    uint64_t until_lsn;
};

static bool source_is_before(const struct merge_source *a, const struct merge_source *b)
{
    int order = bytes_compare(a->key, b->key);
    return order < 0 || (order == 0 && a->lsn < b->lsn);
}

static void merge_sift_down(struct segment_merge *merge, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < merge->count; child++) {
            if (source_is_before(&merge->sources[child], &merge->sources[least])) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        struct merge_source moved = merge->sources[at];
        merge->sources[at] = merge->sources[least];
        merge->sources[least] = moved;
        at = least;
    }
}

/* Moves the source to its next entry within the range; STATUS_END when it has none. */
static enum status source_advance(const struct segment_merge *merge, struct merge_source *source,
                                  struct error *error)
{
    enum status status = STATUS_OK;
    do {
        status = segment_key_cursor_next(source->cursor, &source->key, &source->lsn, error);
    } while (status == STATUS_OK && (source->lsn <= merge->after_lsn || source->lsn > merge->until_lsn));
    return status;
}

static enum status merge_add(struct segment_merge *merge, struct segment *segment,
                             const struct segment_keys *keys, struct bytes from, struct error *error)
{
    struct merge_source source = {0};
    enum status status = segment_key_cursor_create(segment, keys, from, &source.cursor, error);
    if (status == STATUS_OK) {
        status = source_advance(merge, &source, error);
    }
    if (status == STATUS_OK) {
        merge->sources[merge->count++] = source;
        return STATUS_OK;
    }
    segment_key_cursor_destroy(&source.cursor);
    return status == STATUS_END ? STATUS_OK : status;
}

enum status segment_merge_create(struct segment *const *segments, size_t count,
                                 const struct segment_keys *keys, struct bytes from, uint64_t after_lsn,
                                 uint64_t until_lsn, struct segment_merge **ret_merge, struct error *error)
{
    struct segment_merge *merge = memory_create(sizeof(*merge));
    merge->after_lsn = after_lsn;
    merge->until_lsn = until_lsn;
    merge->sources = memory_create_array(count, sizeof(*merge->sources));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = merge_add(merge, segments[i], keys, from, error);
    }
    if (status != STATUS_OK) {
        segment_merge_destroy(&merge);
        return status;
    }
    for (size_t i = merge->count; i > 0; i--) {
        merge_sift_down(merge, i - 1);
    }
    *ret_merge = merge;
    return STATUS_OK;
}

void segment_merge_destroy(struct segment_merge **merge)
{
    struct segment_merge *gone = *merge;
    *merge = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < gone->count; i++) {
        segment_key_cursor_destroy(&gone->sources[i].cursor);
    }
    memory_destroy(gone->sources);
    memory_destroy(gone);
}

/* Leaves the entry that was given last. */
static enum status merge_advance(struct segment_merge *merge, struct error *error)
{
    struct merge_source *least = &merge->sources[0];
    enum status status = source_advance(merge, least, error);
    if (status == STATUS_END) {
        segment_key_cursor_destroy(&least->cursor);
        merge->sources[0] = merge->sources[--merge->count];
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        merge_sift_down(merge, 0);
        merge->is_given = false;
    }
    return status;
}

enum status segment_merge_next(struct segment_merge *merge, struct bytes *ret_key, uint64_t *ret_lsn,
                               struct error *error)
{
    if (merge->is_given) {
        enum status status = merge_advance(merge, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (merge->count == 0) {
        return STATUS_END;
    }
    *ret_key = merge->sources[0].key;
    *ret_lsn = merge->sources[0].lsn;
    merge->is_given = true;
    return STATUS_OK;
}
