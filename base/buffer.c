#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

void buffer_reset(struct buffer *buffer)
{
    if (!buffer->is_borrowed) {
        memory_destroy(buffer->data);
    }
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

void buffer_reserve(struct buffer *buffer, size_t more)
{
    CHECK(more < SIZE_MAX / 4 && buffer->size < SIZE_MAX / 4);
    size_t needed = buffer->size + more;
    if (needed <= buffer->capacity) {
        return;
    }
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    uint8_t *grown = memory_resize(buffer->is_borrowed ? NULL : buffer->data, capacity);
    if (buffer->is_borrowed && buffer->size > 0) {
        memcpy(grown, buffer->data, buffer->size);
    }
    buffer->data = grown;
    buffer->capacity = capacity;
    buffer->is_borrowed = false;
}

uint8_t *buffer_extend(struct buffer *buffer, size_t size)
{
    buffer_reserve(buffer, size);
    uint8_t *at = buffer->size == 0 ? buffer->data : buffer->data + buffer->size; /* NULL may stay NULL */
    buffer->size += size;
    return at;
}

void buffer_put_quoted(struct buffer *buffer, struct bytes text, char quote)
{
    buffer_put_u8(buffer, (uint8_t)quote);
    for (size_t i = 0; i < text.size; i++) {
        buffer_put_u8(buffer, text.data[i]);
        if (text.data[i] == (uint8_t)quote) {
            buffer_put_u8(buffer, (uint8_t)quote);
        }
    }
    buffer_put_u8(buffer, (uint8_t)quote);
}

void buffer_put_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(size >= 0);
    buffer_reserve(buffer, (size_t)size + 1);
    va_start(arguments, format);
    (void)vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
}

void buffer_put_decimal(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_put(buffer, bytes_of(digits + at, sizeof(digits) - at));
}

void buffer_put_u16(struct buffer *buffer, uint16_t number)
{
    bytes_put_u16(buffer_extend(buffer, 2), number);
}

void buffer_put_u32(struct buffer *buffer, uint32_t number)
{
    bytes_put_u32(buffer_extend(buffer, 4), number);
}

void buffer_put_u64(struct buffer *buffer, uint64_t number)
{
    bytes_put_u64(buffer_extend(buffer, 8), number);
}

void buffer_put_varint(struct buffer *buffer, uint64_t number)
{
    while (number >= 0x80) {
        buffer_put_u8(buffer, (uint8_t)(number | 0x80));
        number >>= 7;
    }
    buffer_put_u8(buffer, (uint8_t)number);
}

void buffer_put_varint_signed(struct buffer *buffer, int64_t number)
{
    buffer_put_varint(buffer, ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

void buffer_put_sized(struct buffer *buffer, struct bytes bytes)
{
    buffer_put_varint(buffer, bytes.size);
    buffer_put(buffer, bytes);
}
