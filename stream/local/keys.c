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
    bool is_reverse;
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
    struct buffer from = {0};
    buffer_put(&from, buffer_bytes(&keys->last));
    if (keys->is_reverse && keys->last_lsn > 0) {
        buffer_put_u8(&from, 0); /* entries before it: of that key, too, some may not be given yet */
    }
    keys->merge = segment_merge_create(sources, count, &keys->local->options.keys,
                                       &(struct segment_merge_range){.from = buffer_bytes(&from),
                                                                     .after_lsn = keys->after_lsn,
                                                                     .until_lsn = keys->until_lsn,
                                                                     .is_reverse = keys->is_reverse});
    buffer_reset(&from);
    for (size_t i = 0; i < count; i++) {
        segment_release(&sources[i]);
    }
    memory_destroy(sources);
}

/* In reverse, behind all keys that the index has cut to the beginning of a long one: a hash orders them. */
static void keys_put_behind(struct log_keys *keys, const struct log_keys_range *range)
{
    static const uint8_t behind[SEGMENT_KEY_HASH_BYTES + 1] = {UINT8_MAX, UINT8_MAX, UINT8_MAX,
                                                               UINT8_MAX, UINT8_MAX, UINT8_MAX,
                                                               UINT8_MAX, UINT8_MAX, UINT8_MAX};
    buffer_put_u32(&keys->last, range->space);
    buffer_put(&keys->last, bytes_part(range->from, 0, SEGMENT_KEY_BYTES_MAX));
    buffer_put(&keys->last, bytes_of(behind, sizeof(behind)));
}

struct log_keys *local__keys_create(struct log *log, const struct log_keys_range *range)
{
    struct log_keys *keys = memory_create(sizeof(*keys));
    *keys = (struct log_keys){.operations = &local__operations,
                              .local = (struct local *)log,
                              .first_lsn = log_tip(log).first_lsn,
                              .after_lsn = range->after_lsn,
                              .until_lsn = range->until_lsn,
                              .is_reverse = range->is_reverse};
    if (range->is_reverse && range->from.size > SEGMENT_KEY_BYTES_MAX) {
        keys_put_behind(keys, range);
    } else {
        segment_key_encode(range->space, range->from, &keys->last);
    }
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
    bool was_before = keys->is_reverse ? lsn >= keys->last_lsn : lsn <= keys->last_lsn;
    return keys->last_lsn > 0 && was_before && bytes_equal(key, buffer_bytes(&keys->last));
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
