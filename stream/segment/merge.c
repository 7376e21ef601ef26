/* Merging key cursors: a heap by (key, LSN). */
#include "segment/merge.h"

#include "base/memory.h"

/* A segment's key cursor and the entry it stands on. */
struct merge_source {
    struct segment *segment; /* shared */
    struct segment_key_cursor *cursor;
    struct bytes key; /* lives until the cursor moves */
    uint64_t lsn;
};

struct segment_merge {
    struct merge_source *sources;
    size_t count;   /* those that are not used up: a heap once it is open */
    bool is_open;   /* all stand on their first entry */
    bool is_given;  /* the least one's entry was given: it moves with the next call */
    size_t damaged; /* where it failed */
    const struct segment_keys *keys;
    struct segment_merge_range range;
    struct buffer from; /* the range's */
};

static bool source_is_before(const struct segment_merge *merge, const struct merge_source *a,
                             const struct merge_source *b)
{
    const struct merge_source *first = merge->range.is_reverse ? b : a;
    const struct merge_source *second = merge->range.is_reverse ? a : b;
    int order = bytes_compare(first->key, second->key);
    return order < 0 || (order == 0 && first->lsn < second->lsn);
}

static void merge_sift_down(struct segment_merge *merge, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < merge->count; child++) {
            if (source_is_before(merge, &merge->sources[child], &merge->sources[least])) {
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
    } while (status == STATUS_OK &&
             (source->lsn <= merge->range.after_lsn || source->lsn > merge->range.until_lsn));
    return status;
}

struct segment_merge *segment_merge_create(struct segment *const *segments, size_t count,
                                           const struct segment_keys *keys,
                                           const struct segment_merge_range *range)
{
    struct segment_merge *merge = memory_create(sizeof(*merge));
    merge->range = *range;
    merge->keys = keys;
    buffer_put(&merge->from, range->from);
    merge->range.from = buffer_bytes(&merge->from);
    merge->sources = memory_create_array(count, sizeof(*merge->sources));
    for (size_t i = 0; i < count; i++) {
        merge->sources[merge->count++] = (struct merge_source){.segment = segment_share(segments[i])};
    }
    return merge;
}

/* Out of the heap, which the last one fills up. */
static void merge_drop(struct segment_merge *merge, size_t at)
{
    segment_key_cursor_destroy(&merge->sources[at].cursor);
    segment_release(&merge->sources[at].segment);
    merge->sources[at] = merge->sources[--merge->count];
}

void segment_merge_destroy(struct segment_merge **merge)
{
    struct segment_merge *gone = *merge;
    *merge = NULL;
    if (gone == NULL) {
        return;
    }
    while (gone->count > 0) {
        merge_drop(gone, gone->count - 1);
    }
    memory_destroy(gone->sources);
    buffer_reset(&gone->from);
    memory_destroy(gone);
}

struct segment *segment_merge_damaged(const struct segment_merge *merge)
{
    return merge->sources[merge->damaged].segment;
}

/* Opens the source and moves it to its first entry, or to its next one; without any it is dropped. */
static enum status merge_move(struct segment_merge *merge, size_t at, struct error *error)
{
    struct merge_source *source = &merge->sources[at];
    enum status status = STATUS_OK;
    if (source->cursor == NULL) {
        status = segment_key_cursor_create(source->segment, merge->keys, merge->range.from,
                                           merge->range.is_reverse, &source->cursor, error);
    }
    if (status == STATUS_OK) {
        status = source_advance(merge, source, error);
    }
    if (status == STATUS_END) {
        merge_drop(merge, at);
        return STATUS_OK;
    }
    merge->damaged = at;
    return status;
}

static enum status merge_open(struct segment_merge *merge, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = merge->count; i > 0 && status == STATUS_OK; i--) {
        status = merge_move(merge, i - 1, error);
    }
    for (size_t i = merge->count; i > 0 && status == STATUS_OK; i--) {
        merge_sift_down(merge, i - 1);
    }
    merge->is_open = status == STATUS_OK;
    return status;
}

/* Leaves the entry that was given last. */
static enum status merge_advance(struct segment_merge *merge, struct error *error)
{
    enum status status = merge_move(merge, 0, error);
    if (status == STATUS_OK) {
        merge_sift_down(merge, 0);
        merge->is_given = false;
    }
    return status;
}

enum status segment_merge_next(struct segment_merge *merge, struct bytes *ret_key, uint64_t *ret_lsn,
                               struct error *error)
{
    enum status status = STATUS_OK;
    if (!merge->is_open) {
        status = merge_open(merge, error);
    } else if (merge->is_given) {
        status = merge_advance(merge, error);
    }
    if (status != STATUS_OK || merge->count == 0) {
        return status != STATUS_OK ? status : STATUS_END;
    }
    *ret_key = merge->sources[0].key;
    *ret_lsn = merge->sources[0].lsn;
    merge->is_given = true;
    return STATUS_OK;
}
