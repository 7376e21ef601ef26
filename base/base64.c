#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t base64_padding(struct bytes text)
{
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=') {
        padding++;
    }
    return padding;
}

bool base64_is_sound(struct bytes text, const char **ret_problem)
{
    const char *problem = NULL;
    if (text.size % 4 != 0) {
        problem = "Base64 encoded length is expected a multiple of 4 bytes";
    }
    for (size_t i = 0; i + base64_padding(text) < text.size && problem == NULL; i++) {
        problem = base64_digit(text.data[i]) < 0 ? "Invalid Base64 character" : NULL;
    }
    if (ret_problem != NULL) {
        *ret_problem = problem;
    }
    return problem == NULL;
}

bool base64_decode(struct bytes text, struct arena *arena, struct bytes *ret_bytes)
{
    size_t padding = base64_padding(text);
    uint8_t *data = arena_create(arena, text.size / 4 * 3);
    size_t size = 0;
    if (!base64_is_sound(text, NULL)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i += 4) {
        size_t missing = i + 4 == text.size ? padding : 0;
        uint32_t group = 0;
        for (size_t k = 0; k < 4 - missing; k++) {
            group |= (uint32_t)base64_digit(text.data[i + k]) << (18 - 6 * k);
        }
        for (size_t k = 0; k < 3 - missing; k++) {
            data[size++] = (uint8_t)(group >> (16 - 8 * k));
        }
    }
    *ret_bytes = bytes_of(data, size);
    return true;
}

void base64_encode(struct bytes bytes, struct buffer *buffer)
{
    uint8_t *out = buffer_extend(buffer, (bytes.size + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size; i += 3) {
        uint32_t group = 0;
        size_t left = bytes.size - i < 3 ? bytes.size - i : 3;
        for (size_t k = 0; k < 3; k++) {
            group = (group << 8) | (k < left ? bytes.data[i + k] : 0U);
        }
        for (size_t k = 0; k < 4; k++) {
            *out++ = k <= left ? (uint8_t)digits[(group >> (18 - 6 * k)) & 63] : (uint8_t)'=';
        }
    }
}
