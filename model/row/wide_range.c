/* Partition headers and range tombstones. */
#include "row/wide.h"

enum {
    PSEUDO_VERSION = 1,
};

enum pseudo_flag {
    HEADER_HAS_DELETION = 1,
    HEADER_HAS_RANGES = 2,
    RANGE_HAS_HIGH = 1,
};

static void pseudo_put_deletion(const struct wide_deletion *deletion, struct buffer *buffer)
{
    buffer_put_u64(buffer, (uint64_t)deletion->timestamp);
    buffer_put_varint(buffer, (uint64_t)deletion->time);
}

static struct wide_deletion pseudo_deletion(struct reader *reader)
{
    struct wide_deletion deletion = {.timestamp = (int64_t)reader_u64(reader)};
    deletion.time = (int64_t)reader_varint(reader);
    reader->failed |= deletion.time < 0;
    return deletion;
}

static enum status pseudo_ended(const struct reader *reader, uint8_t version, struct error *error)
{
    if (version > PSEUDO_VERSION) {
        return error_set(error, STATUS_NEWER, "a deletion of version %u; this program reads up to %d",
                         version, PSEUDO_VERSION);
    }
    return version == PSEUDO_VERSION && reader_ended(reader)
               ? STATUS_OK
               : error_set(error, STATUS_CORRUPT, "a malformed deletion of a wide table");
}

void wide_header_encode(const struct wide_header *header, struct buffer *buffer)
{
    bool has_deletion = header->deletion.timestamp != WIDE_NO_TIMESTAMP;
    buffer_put_u8(buffer, PSEUDO_VERSION);
    buffer_put_u8(buffer, (uint8_t)((has_deletion ? HEADER_HAS_DELETION : 0) |
                                    (header->has_ranges ? HEADER_HAS_RANGES : 0)));
    if (has_deletion) {
        pseudo_put_deletion(&header->deletion, buffer);
    }
}

enum status wide_header_decode(struct bytes image, struct wide_header *ret_header, struct error *error)
{
    struct reader reader = reader_of(image);
    uint8_t version = reader_u8(&reader);
    uint8_t flags = reader_u8(&reader);
    struct wide_header header = {.deletion = WIDE_NO_DELETION,
                                 .has_ranges = (flags & HEADER_HAS_RANGES) != 0};
    if ((flags & HEADER_HAS_DELETION) != 0) {
        header.deletion = pseudo_deletion(&reader);
    }
    enum status status = pseudo_ended(&reader, version, error);
    if (status == STATUS_OK) {
        *ret_header = header;
    }
    return status;
}

void wide_range_encode(const struct wide_range *range, struct buffer *buffer)
{
    buffer_put_u8(buffer, PSEUDO_VERSION);
    buffer_put_u8(buffer, range->has_high ? RANGE_HAS_HIGH : 0);
    buffer_put_sized(buffer, range->high);
    pseudo_put_deletion(&range->deletion, buffer);
}

enum status wide_range_decode(struct bytes image, struct wide_range *ret_range, struct error *error)
{
    struct reader reader = reader_of(image);
    uint8_t version = reader_u8(&reader);
    uint8_t flags = reader_u8(&reader);
    struct bytes high = reader_sized(&reader);
    struct wide_deletion deletion = pseudo_deletion(&reader);
    enum status status = pseudo_ended(&reader, version, error);
    if (status == STATUS_OK) {
        ret_range->has_high = (flags & RANGE_HAS_HIGH) != 0;
        ret_range->high = high;
        ret_range->deletion = deletion;
    }
    return status;
}

bool wide_range_covers(const struct wide_range *range, struct bytes clustering)
{
    return bytes_compare(range->low, clustering) <= 0 &&
           (!range->has_high || bytes_compare(clustering, range->high) < 0);
}

/* --- merging ---------------------------------------------------------------------------------------------------- */

/* A place between rows: bytes, or the end of the partition. */
struct range_bound {
    struct bytes at;
    bool is_end;
};

static int bound_compare(struct range_bound a, struct range_bound b)
{
    if (a.is_end || b.is_end) {
        return (a.is_end ? 1 : 0) - (b.is_end ? 1 : 0);
    }
    return bytes_compare(a.at, b.at);
}

static struct range_bound range_low(const struct wide_range *range)
{
    return (struct range_bound){.at = range->low};
}

static struct range_bound range_high(const struct wide_range *range)
{
    return (struct range_bound){.at = range->high, .is_end = !range->has_high};
}

struct range_list {
    struct wide_range *at;
    size_t count;
};

/* Adds low to high; nothing where that is empty; to the one before where they meet and are alike. */
static void list_add(struct range_list *list, struct range_bound low, struct range_bound high,
                     struct wide_deletion deletion)
{
    struct wide_range *last = list->count == 0 ? NULL : &list->at[list->count - 1];
    if (low.is_end || bound_compare(low, high) >= 0) {
        return;
    }
    if (last != NULL && last->deletion.timestamp == deletion.timestamp &&
        last->deletion.time == deletion.time && bound_compare(range_high(last), low) == 0) {
        last->high = high.at;
        last->has_high = !high.is_end;
        return;
    }
    list->at[list->count++] =
        (struct wide_range){.low = low.at, .high = high.at, .has_high = !high.is_end, .deletion = deletion};
}

static struct range_bound bound_lesser(struct range_bound a, struct range_bound b)
{
    return bound_compare(a, b) < 0 ? a : b;
}

static struct range_bound bound_greater(struct range_bound a, struct range_bound b)
{
    return bound_compare(a, b) < 0 ? b : a;
}

size_t wide_ranges_merge(const struct wide_range *ranges, size_t count, const struct wide_range *added,
                         struct arena *arena, struct wide_range **ret_ranges)
{
    struct range_list list = {.at = arena_create_array(arena, 3 * count + 2, sizeof(struct wide_range))};
    struct range_bound from = range_low(added); /* what is before has its place already */
    struct range_bound end = range_high(added);
    for (size_t i = 0; i < count; i++) {
        const struct wide_range *range = &ranges[i];
        struct range_bound low = range_low(range);
        struct range_bound high = range_high(range);
        if (bound_compare(from, low) < 0) { /* the new one alone, before this one */
            list_add(&list, from, bound_lesser(low, end), added->deletion);
        }
        list_add(&list, low, bound_lesser(high, range_low(added)), range->deletion);
        list_add(&list, bound_greater(low, range_low(added)), bound_lesser(high, end),
                 wide_deletion_later(range->deletion, added->deletion));
        list_add(&list, bound_greater(low, end), high, range->deletion);
        from = bound_greater(from, high);
    }
    if (bound_compare(from, end) < 0) {
        list_add(&list, from, end, added->deletion);
    }
    *ret_ranges = list.at;
    return list.count;
}
