/* Borrowed byte ranges, and reading numbers out of them with every bound checked. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

/* Always a borrowed view; whoever made it says how long it lives. data may be NULL only when size is 0. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static inline struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

/* The part from `offset` on, `size` bytes; both must lie inside. */
static inline struct bytes bytes_part(struct bytes bytes, size_t offset, size_t size)
{
    CHECK(offset <= bytes.size && size <= bytes.size - offset);
    return bytes_of(size == 0 ? bytes.data : bytes.data + offset, size);
}

static inline struct bytes bytes_from(struct bytes bytes, size_t offset)
{
    CHECK(offset <= bytes.size);
    return bytes_part(bytes, offset, bytes.size - offset);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int bytes_compare(struct bytes a, struct bytes b); /* memcmp order, a prefix sorts first */
bool bytes_start_with(struct bytes bytes, struct bytes prefix);
/* Whether they are the word, whatever the case of ASCII letters. */
static inline bool bytes_are_word(struct bytes bytes, const char *word)
{
    return bytes.size == strlen(word) &&
           (bytes.size == 0 || strncasecmp((const char *)bytes.data, word, bytes.size) == 0);
}
size_t bytes_common_prefix(struct bytes a, struct bytes b);
/* Where the part, which must not be empty, or the byte occurs first; NULL when nowhere. */
const uint8_t *bytes_find(struct bytes whole, struct bytes part);
static inline const uint8_t *bytes_find_byte(struct bytes whole, int mark)
{
    return whole.size == 0 ? NULL : memchr(whole.data, mark, whole.size);
}

uint64_t bytes_hash(struct bytes bytes); /* for hash tables in memory; not stable between versions */

/* True when the bytes are well-formed UTF-8 (RFC 3629: shortest form, no surrogates). */
bool bytes_are_utf8(struct bytes bytes);

/* Big-endian numbers at `at`. All of Oxbow's own formats are big-endian. */
static inline uint16_t bytes_get_u16(const uint8_t *at)
{
    return (uint16_t)(((unsigned)at[0] << 8) | at[1]);
}

static inline uint32_t bytes_get_u32(const uint8_t *at)
{
    uint32_t number = 0;
    memcpy(&number, at, sizeof(number));
    return __builtin_bswap32(number);
}

static inline uint64_t bytes_get_u64(const uint8_t *at)
{
    uint64_t number = 0;
    memcpy(&number, at, sizeof(number));
    return __builtin_bswap64(number);
}

static inline void bytes_put_u16(uint8_t *at, uint16_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static inline void bytes_put_u32(uint8_t *at, uint32_t number)
{
    uint32_t swapped = __builtin_bswap32(number);
    memcpy(at, &swapped, sizeof(swapped));
}

static inline void bytes_put_u64(uint8_t *at, uint64_t number)
{
    uint64_t swapped = __builtin_bswap64(number);
    memcpy(at, &swapped, sizeof(swapped));
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the swaps above are for little-endian machines");

/* Reads forward through a range. The first read beyond the end, or of a malformed number, sets `failed`; from then on
 * every read gives zero or empty, so a caller may check once at the end. */
struct reader {
    struct bytes rest;
    bool failed;
};

static inline struct reader reader_of(struct bytes bytes)
{
    return (struct reader){.rest = bytes, .failed = false};
}

uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
uint64_t reader_varint(struct reader *reader);       /* LEB128, at most 10 bytes, shortest form only */
int64_t reader_varint_signed(struct reader *reader); /* zigzag */
struct bytes reader_bytes(struct reader *reader, size_t size);
struct bytes reader_sized(struct reader *reader); /* varint length, then that many bytes */
bool reader_ended(const struct reader *reader);   /* all was read and nothing failed */

#endif
