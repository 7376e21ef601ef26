/* Which coding the client accepts (RFC 9110 section 12.5.3), and a body in it. */
#include <strings.h>

#include "coding.h"
#include "exchange.h"

enum {
    WEIGHT_ONE = 1000,
    WEIGHT_UNSAID = -1,
};

/* Thousandths, by enum coding; what "*" stands for is entered last. */
struct wishes {
    int of[CODING_DEFLATE + 1];
    int any;
};

static struct bytes blanks_skipped(struct bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = bytes_from(text, 1);
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* Takes what comes before `mark`, or all that is left, off the front. */
static struct bytes part_take(struct bytes *text, char mark)
{
    const uint8_t *end = bytes_find_byte(*text, mark);
    size_t size = end == NULL ? text->size : (size_t)(end - text->data);
    struct bytes part = bytes_part(*text, 0, size);
    *text = bytes_from(*text, end == NULL ? size : size + 1);
    return blanks_skipped(part);
}

/* "0", "0.5", "1.000": RFC 9110 section 12.4.2. */
static bool weight_parse(struct bytes text, int *ret_weight)
{
    int weight = 0;
    int scale = WEIGHT_ONE;
    if (text.size == 0 || text.size > 5 || (text.size > 1 && text.data[1] != '.')) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (i == 1) {
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        weight += (text.data[i] - '0') * scale;
        scale /= 10;
    }
    *ret_weight = weight;
    return weight <= WEIGHT_ONE;
}

/* "gzip;q=0.8". False when it is malformed; an unknown coding is none of ours and no mistake. */
static bool wish_parse(struct bytes text, struct wishes *wishes)
{
    struct bytes name = part_take(&text, ';');
    enum coding coding = CODING_IDENTITY;
    int weight = WEIGHT_ONE;
    text = blanks_skipped(text);
    if (text.size > 0) {
        if (text.size < 2 || (text.data[0] | 0x20) != 'q' || text.data[1] != '=' ||
            !weight_parse(bytes_from(text, 2), &weight)) {
            return false;
        }
    }
    if (bytes_equal(name, bytes_of_text("*"))) {
        wishes->any = weight;
    } else if (net__coding_find(name, &coding)) {
        wishes->of[coding] = weight;
    }
    return true;
}

/* False when it says nothing, or what it says is malformed. */
static bool wishes_read(const struct http_exchange *exchange, struct wishes *ret_wishes)
{
    struct bytes value;
    size_t at = 0;
    bool is_there = false;
    *ret_wishes = (struct wishes){.of = {WEIGHT_UNSAID, WEIGHT_UNSAID, WEIGHT_UNSAID}, .any = WEIGHT_UNSAID};
    while (net__exchange_next(exchange, "Accept-Encoding", &at, &value)) {
        is_there = true;
        while (value.size > 0) {
            struct bytes part = part_take(&value, ',');
            if (part.size > 0 && !wish_parse(part, ret_wishes)) {
                return false;
            }
        }
    }
    return is_there;
}

/* The weight of a coding that may have been named, or meant by "*". */
static int wish_for(const struct wishes *wishes, enum coding coding)
{
    if (wishes->of[coding] != WEIGHT_UNSAID) {
        return wishes->of[coding];
    }
    return wishes->any == WEIGHT_UNSAID ? 0 : wishes->any;
}

static enum coding coding_choose(const struct http_exchange *exchange)
{
    struct wishes wishes;
    if (!wishes_read(exchange, &wishes)) {
        return CODING_IDENTITY;
    }
    int gzip = wish_for(&wishes, CODING_GZIP);
    int deflate = wish_for(&wishes, CODING_DEFLATE);
    enum coding best = deflate > gzip ? CODING_DEFLATE : CODING_GZIP;
    int weight = deflate > gzip ? deflate : gzip;
    /* Unsaid, identity is acceptable but wanted least. */
    return weight > 0 && weight >= wishes.of[CODING_IDENTITY] ? best : CODING_IDENTITY;
}

bool http_compress(struct http_exchange *exchange, struct bytes body, struct buffer *ret_body,
                   const char **ret_encoding)
{
    if (body.size < NET_COMPRESS_BYTES_MIN) {
        return false;
    }
    enum coding coding = coding_choose(exchange);
    if (coding == CODING_IDENTITY || !net__coding_encode(coding, body, ret_body)) {
        return false;
    }
    *ret_encoding = net__coding_name(coding);
    return true;
}
