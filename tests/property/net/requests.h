/* Bytes for an HTTP server: requests as they should be, fragments of them in any order, and both damaged. */
#ifndef PROPERTY_NET_REQUESTS_H
#define PROPERTY_NET_REQUESTS_H

#include "base/buffer.h"
#include "base/random.h"

static const char *const requests_fragments[] = {
    "GET / HTTP/1.1\r\n",
    "POST /a?b HTTP/1.1\r\n",
    "PUT /x HTTP/1.0\r\n",
    "HEAD http://h/p HTTP/1.1\r\n",
    "Host: x\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Content-Encoding: gzip\r\n",
    "Upgrade: h2c\r\nConnection: upgrade\r\n",
    "X-Empty:\r\n",
    "Folded: a\r\n b\r\n",
    "Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    "\r\n",
    "hello",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "1;e=v\r\nx\r\n",
    "Trailer: t\r\n",
    "GET /whole HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "POST /whole HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
};

static const char *const requests_headers[] = {
    "Connection: keep-alive\r\n",
    "Accept: */*\r\n",
    "X-Empty:\r\n",
    "X-Blank: \t \r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: h2c\r\n",
    "Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
};

/* A request as it should be. */
static inline void requests_put_sound(struct random *random, struct buffer *input)
{
    uint64_t size = random_below(random, 300);
    bool is_chunked = random_below(random, 2) == 0;
    buffer_put_text(input, "POST /path?query HTTP/1.1\r\nHost: x\r\n");
    for (uint64_t i = random_below(random, 4); i > 0; i--) {
        buffer_put_text(input, requests_headers[random_below(random, ARRAY_COUNT(requests_headers))]);
    }
    if (!is_chunked) {
        buffer_put_format(input, "Content-Length: %llu\r\n\r\n", (unsigned long long)size);
        memset(buffer_extend(input, size), 'b', size);
        return;
    }
    buffer_put_text(input, "Transfer-Encoding: chunked\r\n\r\n");
    while (size > 0) {
        uint64_t chunk = 1 + random_below(random, size);
        buffer_put_format(input, random_below(random, 4) == 0 ? "%llx;e=v\r\n" : "%llX\r\n",
                          (unsigned long long)chunk);
        memset(buffer_extend(input, chunk), 'c', chunk);
        buffer_put_text(input, "\r\n");
        size -= chunk;
    }
    buffer_put_text(input, random_below(random, 4) == 0 ? "0\r\nTrailer: t\r\n\r\n" : "0\r\n\r\n");
}

/* Requests as they should be, or fragments in any order; both are then damaged or not. */
static inline void requests_make(struct random *random, struct buffer *input)
{
    buffer_clear(input);
    bool is_sound = random_below(random, 3) > 0;
    for (uint64_t i = 1 + random_below(random, is_sound ? 4 : 12); i > 0; i--) {
        if (is_sound) {
            requests_put_sound(random, input);
        } else {
            buffer_put_text(input, requests_fragments[random_below(random, ARRAY_COUNT(requests_fragments))]);
        }
    }
    if (random_below(random, 3) == 0) {
        for (uint64_t i = 1 + random_below(random, 4); i > 0; i--) {
            static const char marks[] = "\r\n :;0a\t";
            input->data[random_below(random, input->size)] =
                random_below(random, 2) == 0 ? (uint8_t)random_next(random)
                                             : (uint8_t)marks[random_below(random, sizeof(marks) - 1)];
        }
    }
    if (random_below(random, 20) == 0) {
        random_fill(random, input->data, input->size);
    }
}

#endif
