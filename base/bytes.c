#include "base/bytes.h"

#include "base/check.h"
#include "base/crypto.h"

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) {
        return order;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

bool bytes_start_with(struct bytes bytes, struct bytes prefix)
{
    return bytes.size >= prefix.size && bytes_equal(bytes_part(bytes, 0, prefix.size), prefix);
}

size_t bytes_common_prefix(struct bytes a, struct bytes b)
{
    size_t limit = a.size < b.size ? a.size : b.size;
    size_t n = 0;
    while (n + 8 <= limit && memcmp(a.data + n, b.data + n, 8) == 0) {
        n += 8;
    }
    while (n < limit && a.data[n] == b.data[n]) {
        n++;
    }
    return n;
}

const uint8_t *bytes_find(struct bytes whole, struct bytes part)
{
    CHECK(part.size > 0);
    return whole.size < part.size ? NULL : memmem(whole.data, whole.size, part.data, part.size);
}

uint64_t bytes_hash(struct bytes bytes)
{
    return crypto_hash64(bytes, (struct bytes){0});
}

/* The length of the UTF-8 sequence that starts with `lead`, and the range of its second byte (RFC 3629 section 4). */
static size_t utf8_sequence(uint8_t lead, uint8_t *ret_low, uint8_t *ret_high)
{
    *ret_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *ret_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/* Most text is ASCII: how many bytes from `at` on are, in steps of eight. */
static size_t utf8_ascii(struct bytes bytes, size_t at)
{
    size_t i = at;
    for (uint64_t eight = 0; i + sizeof(eight) <= bytes.size; i += sizeof(eight)) {
        memcpy(&eight, bytes.data + i, sizeof(eight));
        if ((eight & 0x8080808080808080) != 0) {
            break;
        }
    }
    return i - at;
}

bool bytes_are_utf8(struct bytes bytes)
{
    size_t i = utf8_ascii(bytes, 0);
    while (i < bytes.size) {
        uint8_t low = 0;
        uint8_t high = 0;
        size_t length = utf8_sequence(bytes.data[i], &low, &high);
        if (length == 0 || length > bytes.size - i) {
            return false;
        }
        for (size_t k = 1; k < length; k++) {
            uint8_t byte = bytes.data[i + k];
            if (byte < (k == 1 ? low : 0x80) || byte > (k == 1 ? high : 0xBF)) {
                return false;
            }
        }
        i += length;
        i += utf8_ascii(bytes, i);
    }
    return true;
}

struct bytes reader_bytes(struct reader *reader, size_t size)
{
    if (reader->failed || size > reader->rest.size) {
        reader->failed = true;
        return (struct bytes){0};
    }
    struct bytes taken = bytes_part(reader->rest, 0, size);
    reader->rest = bytes_from(reader->rest, size);
    return taken;
}

uint8_t reader_u8(struct reader *reader)
{
    struct bytes taken = reader_bytes(reader, 1);
    return taken.size == 1 ? taken.data[0] : 0;
}

uint16_t reader_u16(struct reader *reader)
{
    struct bytes taken = reader_bytes(reader, 2);
    return taken.size == 2 ? bytes_get_u16(taken.data) : 0;
}

uint32_t reader_u32(struct reader *reader)
{
    struct bytes taken = reader_bytes(reader, 4);
    return taken.size == 4 ? bytes_get_u32(taken.data) : 0;
}

uint64_t reader_u64(struct reader *reader)
{
    struct bytes taken = reader_bytes(reader, 8);
    return taken.size == 8 ? bytes_get_u64(taken.data) : 0;
}

uint64_t reader_varint(struct reader *reader)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = reader_u8(reader);
        if (reader->failed) {
            return 0;
        }
        if ((shift == 63 && byte > 1) || (byte == 0 && shift > 0)) {
            break;
        }
        number |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            return number;
        }
    }
    reader->failed = true;
    return 0;
}

int64_t reader_varint_signed(struct reader *reader)
{
    uint64_t number = reader_varint(reader);
    return (int64_t)((number >> 1) ^ (~(number & 1) + 1));
}

struct bytes reader_sized(struct reader *reader)
{
    uint64_t size = reader_varint(reader);
    return reader_bytes(reader, size);
}

bool reader_ended(const struct reader *reader)
{
    return !reader->failed && reader->rest.size == 0;
}
