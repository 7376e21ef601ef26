/* Bytes as hexadecimal text, for what the protocol's specification lets one work out. Blanks are for the reader. */
#ifndef UNIT_CQL_HEX_H
#define UNIT_CQL_HEX_H

#include <ctype.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "support/test.h"

static inline unsigned hex_digit(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : tolower(digit) - 'a' + 10);
}

/* "05 'abc' 00": what stands between apostrophes is text. */
static inline struct bytes hex(struct arena *arena, const char *text)
{
    uint8_t *bytes = arena_create(arena, strlen(text) + 1);
    size_t size = 0;
    while (*text != '\0') {
        if (*text == '\'') {
            for (text++; *text != '\''; text++) {
                bytes[size++] = (uint8_t)*text;
            }
            text++;
        } else if (*text == ' ') {
            text++;
        } else {
            bytes[size++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
            text += 2;
        }
    }
    return bytes_of(bytes, size);
}

static inline void assert_bytes(struct bytes bytes, struct bytes expected)
{
    if (!bytes_equal(bytes, expected)) {
        for (size_t i = 0; i < bytes.size; i++) {
            print_error("%02x", bytes.data[i]);
        }
        print_error(" are %zu bytes, not\n", bytes.size);
        for (size_t i = 0; i < expected.size; i++) {
            print_error("%02x", expected.data[i]);
        }
        fail_msg(" which are %zu", expected.size);
    }
}

static inline void assert_hex(struct bytes bytes, const char *expected)
{
    struct arena arena = {0};
    assert_bytes(bytes, hex(&arena, expected));
    arena_reset(&arena);
}

static inline void assert_same_text(struct bytes bytes, const char *expected)
{
    assert_bytes(bytes, bytes_of_text(expected));
}

#endif
