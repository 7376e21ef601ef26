/* The canonical request:
 *
 *   method LF path LF query LF (name ":" value LF)* LF names LF payload hash
 *
 * and the string to sign: algorithm LF time LF scope LF hash of the canonical request. Hashes are SHA-256 in lower-case
 * hexadecimal. */
#include <stdlib.h>

#include "aws_private.h"
#include "base/crypto.h"

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void put_encoded(struct buffer *buffer, struct bytes text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (is_unreserved(c)) {
            buffer_put_u8(buffer, c);
        } else {
            buffer_put_u8(buffer, '%');
            buffer_put_u8(buffer, (uint8_t)digits[c >> 4]);
            buffer_put_u8(buffer, (uint8_t)digits[c & 15]);
        }
    }
}

static void put_hash(struct buffer *buffer, struct bytes bytes)
{
    uint8_t digest[SHA256_BYTES];
    crypto_sha256(bytes, digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        buffer_put_format(buffer, "%02x", digest[i]);
    }
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes_equal(bytes, bytes_of_text(text));
}

bool aws__piece_next(struct bytes *rest, const char *separators, struct bytes *ret_piece)
{
    if (rest->size == 0) {
        return false;
    }
    size_t size = rest->size;
    for (const char *separator = separators; *separator != '\0'; separator++) {
        const uint8_t *at = bytes_find_byte(bytes_part(*rest, 0, size), *separator);
        size = at == NULL ? size : (size_t)(at - rest->data);
    }
    *ret_piece = bytes_part(*rest, 0, size);
    *rest = bytes_from(*rest, size < rest->size ? size + 1 : size);
    return true;
}

struct bytes aws__trim(struct bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = bytes_from(text, 1);
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* --- path ------------------------------------------------------------------------------------------------------- */

/* RFC 3986 section 5.2.4, and no empty segments. `buffer` ends before the slash of the segment that comes. */
static void put_path(struct buffer *buffer, struct bytes path)
{
    struct bytes rest = path;
    struct bytes segment;
    size_t begin = buffer->size;
    bool ends_with_slash = true; /* a segment that stands for no name leaves its slash when it is the last */
    while (aws__piece_next(&rest, "/", &segment)) {
        if (is_text(segment, "..")) {
            while (buffer->size > begin && buffer->data[--buffer->size] != '/') {
            }
        } else if (segment.size > 0 && !is_text(segment, ".")) {
            buffer_put_u8(buffer, '/');
            put_encoded(buffer, segment);
            ends_with_slash = false;
            continue;
        }
        ends_with_slash = true;
    }
    bool has_slash = path.size > 0 && path.data[path.size - 1] == '/';
    if (ends_with_slash || has_slash || buffer->size == begin) {
        buffer_put_u8(buffer, '/');
    }
}

/* --- query ------------------------------------------------------------------------------------------------------ */

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A '%' that two hexadecimal digits do not follow stands for itself. */
static struct bytes decoded(struct bytes text, struct arena *arena)
{
    uint8_t *copy = arena_create(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool is_escape = text.data[i] == '%' && i + 2 < text.size && digit_of(text.data[i + 1]) >= 0 &&
                         digit_of(text.data[i + 2]) >= 0;
        copy[size++] = is_escape ? (uint8_t)(digit_of(text.data[i + 1]) * 16 + digit_of(text.data[i + 2]))
                                 : text.data[i];
        i += is_escape ? 2 : 0;
    }
    return bytes_of(copy, size);
}

bool aws__parameter_next(struct bytes *rest, struct arena *arena, struct aws_parameter *ret_parameter)
{
    struct bytes piece;
    while (aws__piece_next(rest, "&", &piece)) {
        struct bytes name = {0};
        if (piece.size > 0) {
            (void)aws__piece_next(&piece, "=", &name);
            *ret_parameter =
                (struct aws_parameter){.name = decoded(name, arena), .value = decoded(piece, arena)};
            return true;
        }
    }
    return false;
}

size_t aws__parameters_most(struct bytes query)
{
    size_t count = 1;
    for (size_t i = 0; i < query.size; i++) {
        count += query.data[i] == '&';
    }
    return count;
}

static int parameter_compare(const void *a, const void *b)
{
    const struct aws_parameter *first = a;
    const struct aws_parameter *second = b;
    int order = bytes_compare(first->name, second->name);
    return order != 0 ? order : bytes_compare(first->value, second->value);
}

static struct bytes encoded(struct bytes text, struct arena *arena)
{
    struct buffer buffer = {0};
    put_encoded(&buffer, text);
    struct bytes copy = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return copy;
}

/* Sorted by name, then by value, both as encoded. */
static void put_query(struct buffer *buffer, const struct aws_request *request, bool is_presigned,
                      struct arena *arena)
{
    struct aws_parameter *parameters =
        arena_create_array(arena, aws__parameters_most(request->query), sizeof(*parameters));
    struct aws_parameter parameter;
    struct bytes rest = request->query;
    size_t count = 0;
    while (aws__parameter_next(&rest, arena, &parameter)) {
        if (is_presigned && is_text(parameter.name, "X-Amz-Signature")) {
            continue;
        }
        parameters[count++] = (struct aws_parameter){.name = encoded(parameter.name, arena),
                                                     .value = encoded(parameter.value, arena)};
    }
    qsort(parameters, count, sizeof(*parameters), parameter_compare);
    for (size_t i = 0; i < count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : "&");
        buffer_put(buffer, parameters[i].name);
        buffer_put_u8(buffer, '=');
        buffer_put(buffer, parameters[i].value);
    }
}

/* --- headers ---------------------------------------------------------------------------------------------------- */

/* Trimmed, runs of spaces as one. */
static void put_header_value(struct buffer *buffer, struct bytes value)
{
    struct bytes text = aws__trim(value);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != ' ' || text.data[i - 1] != ' ') {
            buffer_put_u8(buffer, text.data[i]);
        }
    }
}

static void put_headers(struct buffer *buffer, const struct aws_request *request,
                        const struct aws_signature *signature)
{
    for (size_t i = 0; i < signature->headers_count; i++) {
        struct bytes value;
        buffer_put_text(buffer, signature->headers[i]);
        buffer_put_u8(buffer, ':');
        for (size_t k = 0; request->header(request->context, signature->headers[i], k, &value); k++) {
            buffer_put_text(buffer, k == 0 ? "" : ",");
            put_header_value(buffer, value);
        }
        buffer_put_u8(buffer, '\n');
    }
    buffer_put_u8(buffer, '\n');
    for (size_t i = 0; i < signature->headers_count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ";");
        buffer_put_text(buffer, signature->headers[i]);
    }
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

struct bytes aws_canonical_request(const struct aws_request *request, const struct aws_signature *signature,
                                   struct arena *arena)
{
    struct buffer buffer = {0};
    struct bytes hash = {0};
    buffer_put(&buffer, request->method);
    buffer_put_u8(&buffer, '\n');
    put_path(&buffer, request->path);
    buffer_put_u8(&buffer, '\n');
    put_query(&buffer, request, signature->is_query, arena);
    buffer_put_u8(&buffer, '\n');
    put_headers(&buffer, request, signature);
    buffer_put_u8(&buffer, '\n');
    if (request->header(request->context, "x-amz-content-sha256", 0, &hash) &&
        is_text(aws__trim(hash), "UNSIGNED-PAYLOAD")) {
        buffer_put_text(&buffer, "UNSIGNED-PAYLOAD");
    } else {
        put_hash(&buffer, request->body); /* invariant 4 */
    }
    struct bytes canonical = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return canonical;
}

struct bytes aws_string_to_sign(const struct aws_request *request, const struct aws_signature *signature,
                                struct arena *arena)
{
    struct buffer buffer = {0};
    const struct bytes scope[] = {signature->date, signature->region, signature->service};
    buffer_put_format(&buffer, "AWS4-HMAC-SHA256\n%s\n", signature->time);
    for (size_t i = 0; i < ARRAY_COUNT(scope); i++) {
        buffer_put(&buffer, scope[i]);
        buffer_put_u8(&buffer, '/');
    }
    buffer_put_text(&buffer, "aws4_request\n");
    put_hash(&buffer, aws_canonical_request(request, signature, arena));
    struct bytes string = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return string;
}
