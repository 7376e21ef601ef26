#include "value_private.h"

void value__vint_put(uint64_t number, struct buffer *buffer)
{
    unsigned extra = 0; /* bytes behind the first; each takes one of its bits, and eight take all */
    while (extra < 8 && number >> (7 * (extra + 1)) != 0) {
        extra++;
    }
    uint64_t ones = (0xFF00U >> extra) & 0xFF;
    buffer_put_u8(buffer, (uint8_t)(ones | (extra == 8 ? 0 : number >> (8 * extra))));
    for (unsigned i = extra; i > 0; i--) {
        buffer_put_u8(buffer, (uint8_t)(number >> (8 * (i - 1))));
    }
}

uint64_t value__vint_get(struct reader *reader)
{
    uint8_t first = reader_u8(reader);
    unsigned extra = 0;
    while (extra < 8 && (first & (0x80U >> extra)) != 0) {
        extra++;
    }
    uint64_t number = extra >= 7 ? 0 : first & (0xFFU >> (extra + 1));
    for (unsigned i = 0; i < extra; i++) {
        number = (number << 8) | reader_u8(reader);
    }
    return reader->failed ? 0 : number;
}

void value__vint_put_signed(int64_t number, struct buffer *buffer)
{
    value__vint_put(((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0), buffer);
}

int64_t value__vint_get_signed(struct reader *reader)
{
    uint64_t number = value__vint_get(reader);
    return (int64_t)((number >> 1) ^ ((number & 1) != 0 ? UINT64_MAX : 0));
}
