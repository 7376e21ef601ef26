#include "cql/notation.h"

#include <stdarg.h>
#include <stdio.h>

#include "cql/bounds.h"

void cql_notation_init(struct notation *notation, struct bytes body, uint8_t version)
{
    *notation = (struct notation){.reader = reader_of(body), .version = version};
}

void cql_notation_fail(struct notation *notation, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!notation->failed) {
        (void)error_set(&notation->error, STATUS_INVALID, "%s", text);
    }
    notation->failed = true;
    notation->reader.failed = true;
    notation->reader.rest = (struct bytes){0};
}

enum status cql_notation_end(const struct notation *notation, struct error *error)
{
    if (!notation->failed) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_INVALID, "%s", notation->error.text);
}

/* Whether that many bytes are left. */
static bool notation_has(struct notation *notation, size_t size)
{
    if (!notation->failed && size > notation->reader.rest.size) {
        cql_notation_fail(notation,
                          "Not enough bytes to read the message's body: %zu are wanted where %zu are left",
                          size, notation->reader.rest.size);
    }
    return !notation->failed;
}

uint8_t cql_read_byte(struct notation *notation)
{
    return notation_has(notation, 1) ? reader_u8(&notation->reader) : 0;
}

uint16_t cql_read_short(struct notation *notation)
{
    return notation_has(notation, 2) ? reader_u16(&notation->reader) : 0;
}

int32_t cql_read_int(struct notation *notation)
{
    return notation_has(notation, 4) ? (int32_t)reader_u32(&notation->reader) : 0;
}

int64_t cql_read_long(struct notation *notation)
{
    return notation_has(notation, 8) ? (int64_t)reader_u64(&notation->reader) : 0;
}

static struct bytes notation_take(struct notation *notation, size_t size)
{
    return notation_has(notation, size) ? reader_bytes(&notation->reader, size) : (struct bytes){0};
}

static struct bytes notation_take_text(struct notation *notation, size_t size)
{
    struct bytes text = notation_take(notation, size);
    if (!bytes_are_utf8(text)) {
        cql_notation_fail(notation, "Cannot decode a string of %zu bytes as UTF8", size);
        return (struct bytes){0};
    }
    return text;
}

struct bytes cql_read_string(struct notation *notation)
{
    return notation_take_text(notation, cql_read_short(notation));
}

struct bytes cql_read_long_string(struct notation *notation)
{
    int32_t size = cql_read_int(notation);
    if (size < 0) {
        cql_notation_fail(notation, "Invalid length of a string: %d", size);
    }
    return notation->failed ? (struct bytes){0} : notation_take_text(notation, (size_t)size);
}

struct bytes cql_read_short_bytes(struct notation *notation)
{
    return notation_take(notation, cql_read_short(notation));
}

struct cql_value cql_read_bytes(struct notation *notation)
{
    int32_t size = cql_read_int(notation);
    if (size < 0) {
        return (struct cql_value){.presence = CQL_VALUE_NULL};
    }
    return (struct cql_value){.presence = CQL_VALUE_SET, .bytes = notation_take(notation, (size_t)size)};
}

struct cql_value cql_read_value(struct notation *notation)
{
    int32_t size = cql_read_int(notation);
    if (size < 0 && (size == -1 || notation->version < 4)) {
        return (struct cql_value){.presence = CQL_VALUE_NULL};
    }
    if (size == -2) {
        return (struct cql_value){.presence = CQL_VALUE_UNSET};
    }
    if (size < 0) {
        cql_notation_fail(notation, "Invalid length of a value: %d", size);
        return (struct cql_value){.presence = CQL_VALUE_NULL};
    }
    return (struct cql_value){.presence = CQL_VALUE_SET, .bytes = notation_take(notation, (size_t)size)};
}

uint16_t cql_read_consistency(struct notation *notation)
{
    uint16_t level = cql_read_short(notation);
    if (level > 10) {
        cql_notation_fail(notation, "Unknown code %u for a consistency level", level);
        return 0;
    }
    return level;
}

size_t cql_read_count(struct notation *notation, size_t bytes_min)
{
    size_t count = cql_read_short(notation);
    return notation_has(notation, count * bytes_min) ? count : 0;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

void cql_put_int(struct buffer *buffer, int32_t number)
{
    buffer_put_u32(buffer, (uint32_t)number);
}

void cql_put_string(struct buffer *buffer, struct bytes string)
{
    size_t size = string.size < CQL_STRING_BYTES_MAX ? string.size : CQL_STRING_BYTES_MAX;
    while (size < string.size && size > 0 && (string.data[size] & 0xC0) == 0x80) {
        size--;
    }
    buffer_put_u16(buffer, (uint16_t)size);
    buffer_put(buffer, bytes_part(string, 0, size));
}

void cql_put_text(struct buffer *buffer, const char *string)
{
    cql_put_string(buffer, bytes_of_text(string));
}

void cql_put_strings(struct buffer *buffer, const struct bytes *strings, size_t count)
{
    CHECK(count <= UINT16_MAX);
    buffer_put_u16(buffer, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        cql_put_string(buffer, strings[i]);
    }
}

void cql_put_bytes(struct buffer *buffer, struct bytes bytes)
{
    CHECK(bytes.size <= INT32_MAX);
    buffer_put_u32(buffer, (uint32_t)bytes.size);
    buffer_put(buffer, bytes);
}

void cql_put_null(struct buffer *buffer)
{
    cql_put_int(buffer, -1);
}

void cql_put_short_bytes(struct buffer *buffer, struct bytes bytes)
{
    CHECK(bytes.size <= UINT16_MAX);
    buffer_put_u16(buffer, (uint16_t)bytes.size);
    buffer_put(buffer, bytes);
}
