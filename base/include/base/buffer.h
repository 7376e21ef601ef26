/* A growing byte buffer that owns its memory. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/bytes.h"
#include "base/check.h"

/* {0} is an empty buffer. Growth has no bound of its own: whoever fills it from outside input bounds that input. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool is_borrowed; /* data is the space of buffer_over, not the heap's */
};

/* An empty buffer that begins in `space`, commonly an array beside it on the stack, and goes to the heap when it outgrows that.
 * It must not outlive the space. */
static inline struct buffer buffer_over(void *space, size_t size)
{
    return (struct buffer){.data = space, .capacity = size, .is_borrowed = true};
}

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){.data = buffer->data, .size = buffer->size};
}

void buffer_reset(struct buffer *buffer); /* frees; the buffer is empty again and may be used on */
void buffer_clear(struct buffer *buffer); /* empties, keeps the memory */
void buffer_reserve(struct buffer *buffer, size_t more);
/* Makes room for `size` bytes at the end and returns them to be filled. Borrowed until the next call. */
uint8_t *buffer_extend(struct buffer *buffer, size_t size);

static inline void buffer_put(struct buffer *buffer, struct bytes bytes)
{
    if (bytes.size > buffer->capacity - buffer->size) {
        buffer_reserve(buffer, bytes.size);
    }
    if (bytes.size > 0) {
        memcpy(buffer->data + buffer->size, bytes.data, bytes.size);
        buffer->size += bytes.size;
    }
}
static inline void buffer_put_text(struct buffer *buffer, const char *text) /* without the NUL */
{
    buffer_put(buffer, bytes_of_text(text));
}
/* Between quotes; those inside are doubled, as SQL has it. */
void buffer_put_quoted(struct buffer *buffer, struct bytes text, char quote);
void buffer_put_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_put_decimal(struct buffer *buffer, uint64_t number); /* its digits, as %llu would */
static inline void buffer_put_u8(struct buffer *buffer, uint8_t number)
{
    if (buffer->size == buffer->capacity) {
        buffer_reserve(buffer, 1);
    }
    buffer->data[buffer->size++] = number;
}
void buffer_put_u16(struct buffer *buffer, uint16_t number);
void buffer_put_u32(struct buffer *buffer, uint32_t number);
void buffer_put_u64(struct buffer *buffer, uint64_t number);
void buffer_put_varint(struct buffer *buffer, uint64_t number);       /* LEB128 */
void buffer_put_varint_signed(struct buffer *buffer, int64_t number); /* zigzag */
void buffer_put_sized(struct buffer *buffer, struct bytes bytes);     /* varint length, then the bytes */

#endif
