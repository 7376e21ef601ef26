/* Reading across segments in key order, by their key indexes and the runs that stand for many of those. */
#include "base/memory.h"
#include "local_private.h"
#include "segment/merge.h"

struct log_keys {
    const struct log_operations *operations;
    struct local *local;
    struct segment_merge *merge;
    uint64_t first_lsn; /* the horizon when it was made */
    uint64_t after_lsn;
    uint64_t until_lsn;
    struct buffer last; /* the key given last, or where it begins … */
    uint64_t last_lsn;  /* … and its LSN; 0: none was given */
};

/* The segments with records in (after, until], and runs that stand for many of them; all shared. *until_lsn is cut to what is
 * there. */
static struct segment **keys_sources(struct local *local, uint64_t after_lsn, uint64_t *until_lsn,
                                     size_t *ret_count)
{
    (void)pthread_mutex_lock(&local->mutex);
    size_t index = 0;
    if (*until_lsn >= local->complete_next_lsn) {
        *until_lsn =
            local->complete_next_lsn - 1; /* the raw segment may have frames that are not durable yet */
    }
    struct segment *first = local__find_segment(local, after_lsn + 1, &index);
    segment_release(&first); /* before the horizon: the oldest */
    size_t last = index;
    while (last < local->active && segment_range(local->segments[last]).next_lsn <= *until_lsn) {
        last++;
    }
    struct segment **sources = memory_create_array(last - index + 1, sizeof(struct segment *));
    size_t count = 0;
    while (index <= last) {
        struct segment *source = NULL;
        index = local__run_step(local, index, last, &source);
        sources[count++] = segment_share(source);
    }
    (void)pthread_mutex_unlock(&local->mutex);
    *ret_count = count;
    return sources;
}

static void keys_open(struct log_keys *keys)
{
    size_t count = 0;
    struct segment **sources = keys_sources(keys->local, keys->after_lsn, &keys->until_lsn, &count);
    keys->merge = segment_merge_create(sources, count, &keys->local->options.keys, buffer_bytes(&keys->last),
                                       keys->after_lsn, keys->until_lsn);
    for (size_t i = 0; i < count; i++) {
        segment_release(&sources[i]);
    }
    memory_destroy(sources);
}

struct log_keys *local__keys_create(struct log *log, uint32_t space, struct bytes from_key,
                                    uint64_t after_lsn, uint64_t until_lsn)
{
    struct log_keys *keys = memory_create(sizeof(*keys));
    *keys = (struct log_keys){.operations = &local__operations,
                              .local = (struct local *)log,
                              .first_lsn = log_tip(log).first_lsn,
                              .after_lsn = after_lsn,
                              .until_lsn = until_lsn};
    segment_key_encode(space, from_key, &keys->last);
    keys_open(keys);
    return keys;
}

void local__keys_destroy(struct log_keys *keys)
{
    segment_merge_destroy(&keys->merge);
    buffer_reset(&keys->last);
    memory_destroy(keys);
}

/* Whether what failed is a run that can be done without. Its file has gone when another reader found it damaged. */
static bool keys_can_go_on(struct log_keys *keys, enum status status, const struct error *error)
{
    return (status == STATUS_CORRUPT || status == STATUS_TRIMMED) &&
           local__run_discard(keys->local, segment_merge_damaged(keys->merge), error);
}

/* Goes on without that run: what it was made of answers. */
static enum status keys_open_again(struct log_keys *keys, struct error *error)
{
    uint64_t wanted_lsn = keys->after_lsn + 1 > keys->first_lsn ? keys->after_lsn + 1 : keys->first_lsn;
    segment_merge_destroy(&keys->merge);
    keys_open(keys);
    /* only now: what was trimmed before is not in it */
    return log_tip(&keys->local->log).first_lsn <= wanted_lsn
               ? STATUS_OK
               : local__trimmed(keys->local, wanted_lsn, error);
}

static bool keys_was_given(const struct log_keys *keys, struct bytes key, uint64_t lsn)
{
    return lsn <= keys->last_lsn && bytes_equal(key, buffer_bytes(&keys->last));
}

enum status local__keys_next(struct log_keys *keys, struct bytes *ret_key, uint64_t *ret_lsn,
                             struct error *error)
{
    enum status status = segment_merge_next(keys->merge, ret_key, ret_lsn, error);
    while (keys_can_go_on(keys, status, error)) {
        status = keys_open_again(keys, error);
        if (status != STATUS_OK) {
            return status;
        }
        do {
            status = segment_merge_next(keys->merge, ret_key, ret_lsn, error);
        } while (status == STATUS_OK && keys_was_given(keys, *ret_key, *ret_lsn));
    }
    if (status == STATUS_OK) {
        buffer_clear(&keys->last);
        buffer_put(&keys->last, *ret_key);
        keys->last_lsn = *ret_lsn;
    }
    return status;
}
