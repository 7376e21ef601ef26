#include "body.h"

#include "net/bounds.h"

struct body net__body_sized(uint64_t size)
{
    return (struct body){.state = size == 0 ? BODY_WHOLE : BODY_SIZED, .left = size};
}

struct body net__body_chunked(void)
{
    return (struct body){.state = BODY_CHUNK_BEGIN};
}

static void body_refuse(struct body *body, unsigned status)
{
    body->state = BODY_REFUSED;
    body->refusal = status;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void body_expect(struct body *body, uint8_t c, uint8_t expected, enum body_state next)
{
    if (c == expected) {
        body->state = next;
    } else {
        body_refuse(body, 400);
    }
}

/* A byte of what is neither kept nor looked at: a line ends with CR LF and with nothing else. */
static void body_drop(struct body *body, uint8_t c, enum body_state at_end)
{
    if (c == '\r') {
        body->state = at_end;
    } else if ((c < ' ' && c != '\t') || c == 0x7F) {
        body_refuse(body, 400);
    } else if (++body->dropped > NET_HEADER_BYTES_MAX) {
        body_refuse(body, 431);
    }
}

static void body_size_byte(struct body *body, uint8_t c, size_t room)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        body->left = body->left * 16 + (uint64_t)digit;
        body->state = BODY_CHUNK_SIZE;
        if (body->left > room) { /* long before it could wrap around */
            body_refuse(body, 413);
        } else if (++body->dropped > NET_HEADER_BYTES_MAX && body->left == 0) {
            body_refuse(body, 400); /* zeros without end */
        }
    } else if (body->state == BODY_CHUNK_BEGIN) {
        body_refuse(body, 400);
    } else if (c == ';') {
        body->state = BODY_CHUNK_EXTENDED;
    } else {
        body_expect(body, c, '\r', BODY_CHUNK_LF);
    }
}

/* A byte of the framing around chunks. `room`: what the body may still grow by. */
static void body_frame_byte(struct body *body, uint8_t c, size_t room)
{
    switch (body->state) {
    case BODY_CHUNK_BEGIN:
    case BODY_CHUNK_SIZE:
        body_size_byte(body, c, room);
        break;
    case BODY_CHUNK_EXTENDED:
        body_drop(body, c, BODY_CHUNK_LF);
        break;
    case BODY_CHUNK_LF:
        body_expect(body, c, '\n', body->left == 0 ? BODY_TRAILER_BEGIN : BODY_CHUNK_DATA);
        break;
    case BODY_DATA_CR:
        body_expect(body, c, '\r', BODY_DATA_LF);
        break;
    case BODY_DATA_LF:
        body_expect(body, c, '\n', BODY_CHUNK_BEGIN);
        break;
    case BODY_TRAILER_BEGIN:
        body->state = BODY_TRAILER;
        body_drop(body, c, BODY_LAST_LF);
        break;
    case BODY_TRAILER:
        body_drop(body, c, BODY_TRAILER_LF);
        break;
    case BODY_TRAILER_LF:
        body_expect(body, c, '\n', BODY_TRAILER_BEGIN);
        break;
    case BODY_LAST_LF:
        body_expect(body, c, '\n', BODY_WHOLE);
        break;
    case BODY_SIZED:
    case BODY_CHUNK_DATA:
    case BODY_WHOLE:
    case BODY_REFUSED:
        CHECK(!"a byte of the framing");
    }
}

size_t net__body_read(struct body *body, struct bytes input, size_t bytes_max, struct buffer *received)
{
    size_t used = 0;
    while (used < input.size && body->state != BODY_WHOLE && body->state != BODY_REFUSED) {
        if (body->state != BODY_SIZED && body->state != BODY_CHUNK_DATA) {
            body_frame_byte(body, input.data[used++], bytes_max - received->size);
            continue;
        }
        size_t size = input.size - used < body->left ? input.size - used : (size_t)body->left;
        buffer_put(received, bytes_part(input, used, size));
        used += size;
        body->left -= size;
        if (body->left == 0) {
            body->state = body->state == BODY_SIZED ? BODY_WHOLE : BODY_DATA_CR;
        }
    }
    return used;
}
