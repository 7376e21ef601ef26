/* A page of LMDB 0.9 as it lies in the file, and its entries ("nodes"), in the machine's order of bytes:
 *
 *   page    number u64 | pad u16 | flags u16 | end of the places u16 | first entry u16 | places of entries u16 … | room | entries
 *   entry   two halves of the value's size, or of the child's page u16 u16 | flags u16 (of a branch: of the page too) |
 *           bytes of the key u16 | key | value, or page u64 where a long one begins
 */
#ifndef ENVIRONMENT_PAGE_H
#define ENVIRONMENT_PAGE_H

#include <string.h>

#include <lmdb.h>

#include "base/bytes.h"

enum {
    PAGE_RUN_OFFSET = 12, /* of the page that a long value begins on: how many it has */
    PAGE_HEADER_BYTES = 16,
    PAGE_BRANCH = 1, /* flags */
    PAGE_LEAF = 2,
    ENTRY_HEADER_BYTES = 8,
    ENTRY_IS_LONG = 1, /* flags: the value begins on a page of its own */
    ENTRY_IS_TREE = 2, /* in the main tree, and only there */
};

struct page {
    const uint8_t *start;
    uint16_t flags;
    uint16_t entries;
    uint16_t entry_flags; /* that a leaf's entries may have */
};

/* LMDB's own order of keys; here, since every search makes it some twenty times. */
static inline int environment__key_compare(const MDB_val *left, const MDB_val *right)
{
    size_t shared = left->mv_size < right->mv_size ? left->mv_size : right->mv_size;
    int order = memcmp(left->mv_data, right->mv_data, shared);
    return order != 0 ? order : (left->mv_size > right->mv_size) - (left->mv_size < right->mv_size);
}

/* The page at `start`; nothing of it is believed before environment__page_look found nothing. */
struct page environment__page_at(const uint8_t *start);
/* What is wrong with its form, NULL when nothing is: the number and kind, the places and sizes of entries, between which LMDB leaves
 * no room, and the order of keys. */
const char *environment__page_look(const struct page *page, uint64_t number, size_t page_bytes);
/* Whether the checksums of a leaf's entries are right. false also when a value stands on other pages. */
bool environment__page_is_whole(const struct page *page);

/* The key of an entry of a sound page. */
MDB_val environment__page_key(const struct page *page, uint16_t i);
/* The page that an entry of a sound branch leads to. */
uint64_t environment__page_child(const struct page *page, uint16_t i);
/* Given the key of a leaf's entry: its value's bytes, and whether that stands on other pages, whose number then follows the key. */
size_t environment__entry_value_bytes(const MDB_val *key);
bool environment__entry_is_long(const MDB_val *key);
/* Whether a value, with its checksum, belongs to a key. */
bool environment__entry_is_right(const MDB_val *key, const uint8_t *value, size_t bytes);

#endif
