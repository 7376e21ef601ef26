/* What can be told of a page without the pages around it. */
#include "page.h"

#include "base/crypto.h"
#include "environment_private.h"

enum {
    PAGE_FLAGS_OFFSET = 10,
    PAGE_LOWER_OFFSET = 12,
    PAGE_UPPER_OFFSET = 14,
    ENTRY_FLAGS_OFFSET = 4,
    ENTRY_KEY_OFFSET = 6,
};

static uint16_t get_u16(const uint8_t *at)
{
    uint16_t value = 0;
    memcpy(&value, at, sizeof(value));
    return value;
}

struct page environment__page_at(const uint8_t *start)
{
    return (struct page){.start = start,
                         .flags = get_u16(start + PAGE_FLAGS_OFFSET),
                         .entries = (uint16_t)((get_u16(start + PAGE_LOWER_OFFSET) - PAGE_HEADER_BYTES) / 2),
                         .entry_flags = ENTRY_IS_LONG};
}

static const uint8_t *page_entry(const struct page *page, uint16_t i)
{
    return page->start + get_u16(page->start + PAGE_HEADER_BYTES + (size_t)2 * i);
}

static MDB_val entry_key(const uint8_t *entry)
{
    return (MDB_val){.mv_size = get_u16(entry + ENTRY_KEY_OFFSET),
                     .mv_data = (void *)(entry + ENTRY_HEADER_BYTES)};
}

static size_t entry_value_bytes(const uint8_t *entry)
{
    return get_u16(entry) | (size_t)get_u16(entry + 2) << 16;
}

static bool entry_is_long(const uint8_t *entry)
{
    return (get_u16(entry + ENTRY_FLAGS_OFFSET) & ENTRY_IS_LONG) != 0;
}

MDB_val environment__page_key(const struct page *page, uint16_t i)
{
    return entry_key(page_entry(page, i));
}

uint64_t environment__page_child(const struct page *page, uint16_t i)
{
    const uint8_t *entry = page_entry(page, i);
    return entry_value_bytes(entry) | (uint64_t)get_u16(entry + ENTRY_FLAGS_OFFSET) << 32;
}

size_t environment__entry_value_bytes(const MDB_val *key)
{
    return entry_value_bytes((const uint8_t *)key->mv_data - ENTRY_HEADER_BYTES);
}

bool environment__entry_is_long(const MDB_val *key)
{
    return entry_is_long((const uint8_t *)key->mv_data - ENTRY_HEADER_BYTES);
}

static bool page_header_is_sound(const struct page *page, uint64_t number, size_t page_bytes)
{
    uint64_t says = 0;
    size_t lower = get_u16(page->start + PAGE_LOWER_OFFSET);
    size_t upper = get_u16(page->start + PAGE_UPPER_OFFSET);
    memcpy(&says, page->start, sizeof(says));
    return says == number && (page->flags == PAGE_BRANCH || page->flags == PAGE_LEAF) && lower % 2 == 0 &&
           lower > PAGE_HEADER_BYTES && lower <= upper && upper < page_bytes;
}

/* The bytes that an entry takes; more than a page has when it does not lie inside of it. */
static size_t page_entry_bytes(const struct page *page, uint16_t i, size_t page_bytes)
{
    size_t place = get_u16(page->start + PAGE_HEADER_BYTES + (size_t)2 * i);
    if (place % 2 != 0 || place < get_u16(page->start + PAGE_UPPER_OFFSET) ||
        place + ENTRY_HEADER_BYTES > page_bytes) {
        return page_bytes + 1;
    }
    const uint8_t *entry = page->start + place;
    size_t bytes = ENTRY_HEADER_BYTES + entry_key(entry).mv_size;
    if (page->flags == PAGE_LEAF) {
        if ((get_u16(entry + ENTRY_FLAGS_OFFSET) & ~page->entry_flags) != 0) {
            return page_bytes + 1;
        }
        bytes += entry_is_long(entry) ? sizeof(uint64_t) : entry_value_bytes(entry);
    }
    bytes += bytes % 2;
    return place + bytes <= page_bytes ? bytes : page_bytes + 1;
}

const char *environment__page_look(const struct page *page, uint64_t number, size_t page_bytes)
{
    if (!page_header_is_sound(page, number, page_bytes)) {
        return "its header";
    }
    size_t used = 0;
    uint16_t first = page->flags == PAGE_BRANCH ? 1 : 0; /* the first key of a branch means nothing */
    for (uint16_t i = 0; i < page->entries; i++) {
        size_t bytes = page_entry_bytes(page, i, page_bytes);
        if (bytes > page_bytes) {
            return "the place or size of an entry";
        }
        used += bytes;
        MDB_val key = entry_key(page_entry(page, i));
        if (i > first) {
            MDB_val before = entry_key(page_entry(page, i - 1));
            if (environment__key_compare(&before, &key) >= 0) {
                return "the order of its keys";
            }
        }
    }
    return used == page_bytes - get_u16(page->start + PAGE_UPPER_OFFSET) ? NULL : "the size of its entries";
}

bool environment__entry_is_right(const MDB_val *key, const uint8_t *value, size_t bytes)
{
    if (bytes < VALUE_CHECKSUM_BYTES) {
        return false;
    }
    struct bytes put = bytes_of(value, bytes - VALUE_CHECKSUM_BYTES);
    uint64_t hash = crypto_hash64(bytes_of(key->mv_data, key->mv_size), put);
    uint64_t stored = bytes_get_u64(value + put.size);
    return stored == hash || stored == ~hash; /* of a value; of a stub */
}

bool environment__page_is_whole(const struct page *page)
{
    for (uint16_t i = 0; i < page->entries; i++) {
        const uint8_t *entry = page_entry(page, i);
        MDB_val key = entry_key(entry);
        const uint8_t *value = (const uint8_t *)key.mv_data + key.mv_size;
        if (entry_is_long(entry) || !environment__entry_is_right(&key, value, entry_value_bytes(entry))) {
            return false;
        }
    }
    return true;
}
