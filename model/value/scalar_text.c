#include "value/scalar_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "value/bounds.h"
#include "value/decimal.h"
#include "value_private.h"

enum {
    SHOWN_BYTES = 200, /* of a text that is no value */
    NUMBER_BYTES = 64, /* of a text that may be a machine's number */
};

static const int64_t uuid_epoch_ms = 12219292800000; /* 1582-10-15 before 1970 */

enum status value__refuse(struct error *error, const char *before, struct bytes text, const char *after)
{
    size_t size = text.size < SHOWN_BYTES ? text.size : SHOWN_BYTES;
    while (size < text.size && size > 0 && (text.data[size] & 0xC0) == 0x80) {
        size--;
    }
    return error_set(error, STATUS_INVALID, "%s'%.*s'%s", before, (int)size, (const char *)text.data, after);
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

bool value__integer_parse(struct bytes text, int64_t least, int64_t most, int64_t *ret_number)
{
    size_t i = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    bool is_negative = i == 1 && text.data[0] == '-';
    bool is_number = i < text.size;
    int64_t number = 0; /* negative, since that side has one more */
    for (; i < text.size && is_number; i++) {
        is_number = text.data[i] >= '0' && text.data[i] <= '9' &&
                    !__builtin_mul_overflow(number, (int64_t)10, &number) &&
                    !__builtin_sub_overflow(number, (int64_t)(text.data[i] - '0'), &number);
    }
    if (!is_number || (!is_negative && number == INT64_MIN)) {
        return false;
    }
    *ret_number = is_negative ? number : -number;
    return *ret_number >= least && *ret_number <= most;
}

/* Digits, a point, an exponent; or NaN, Infinity. */
static bool real_parse(struct bytes text, bool is_float, struct value *ret_value)
{
    char copy[DECIMAL_TEXT_BYTES_MAX];
    char *end = NULL;
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        copy[i] = (char)text.data[i];
    }
    copy[text.size] = '\0';
    bool is_word =
        strcmp(copy, "NaN") == 0 || strcmp(copy, "Infinity") == 0 || strcmp(copy, "-Infinity") == 0;
    if (!is_word && strspn(copy, "0123456789.+-eE") != text.size) {
        return false;
    }
    if (is_float) {
        *ret_value = (struct value){.kind = VALUE_FLOAT, .float32 = strtof(copy, &end)};
    } else {
        *ret_value = (struct value){.kind = VALUE_DOUBLE, .float64 = strtod(copy, &end)};
    }
    return *end == '\0';
}

static enum status integer_of(struct bytes text, int64_t least, int64_t most, const char *name,
                              struct value *ret_value, struct error *error)
{
    int64_t number = 0;
    if (!value__integer_parse(text, least, most, &number)) {
        char before[NUMBER_BYTES];
        (void)snprintf(before, sizeof(before), "Unable to make %s from ", name);
        return value__refuse(error, before, text, "");
    }
    *ret_value = value_of_integer(number);
    return STATUS_OK;
}

static enum status decimal_of(struct bytes text, bool is_whole, struct arena *arena, struct value *ret_value,
                              struct error *error)
{
    struct decimal decimal = {0};
    bool is_number = decimal_parse(text, arena, &decimal, NULL) == STATUS_OK;
    for (size_t i = 0; i < text.size && is_whole; i++) {
        is_number = is_number && (isdigit(text.data[i]) != 0 || i == 0);
    }
    if (!is_number) {
        return value__refuse(error, is_whole ? "unable to make int from " : "unable to make BigDecimal from ",
                             text, "");
    }
    *ret_value = (struct value){.kind = VALUE_DECIMAL, .decimal = decimal};
    return STATUS_OK;
}

/* The fewest digits that read back as the same number: "-1.5e+10". */
static void shortest(double number, bool is_float, char *text, size_t size)
{
    int most = is_float ? 9 : 17;
    for (int digits = 1; digits <= most; digits++) {
        (void)snprintf(text, size, "%.*e", digits - 1, number);
        bool is_same = is_float ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number;
        if (is_same) {
            return;
        }
    }
}

/* Java's toString: plain from 10^-3 up to 10^7, beyond with one digit before the point; at least one behind it. */
static void digits_format(const char *digits, long exponent, struct buffer *buffer)
{
    long count = (long)strlen(digits);
    if (exponent < -3 || exponent > 6) {
        buffer_put_format(buffer, "%c.%sE%ld", digits[0], count > 1 ? digits + 1 : "0", exponent);
        return;
    }
    if (exponent < 0) {
        buffer_put_format(buffer, "0.%.*s%s", (int)(-exponent - 1), "00", digits);
        return;
    }
    for (long i = 0; i <= exponent || i < count; i++) {
        buffer_put_u8(buffer, i < count ? (uint8_t)digits[i] : '0');
        buffer_put_text(buffer, i == exponent ? "." : "");
    }
    buffer_put_text(buffer, count <= exponent + 1 ? "0" : "");
}

static void real_format(double number, bool is_float, struct buffer *buffer)
{
    char text[NUMBER_BYTES];
    char digits[NUMBER_BYTES] = "";
    size_t count = 0;
    if (isnan(number) || isinf(number)) {
        buffer_put_text(buffer, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
        return;
    }
    if (number == 0) {
        buffer_put_text(buffer, signbit(number) != 0 ? "-0.0" : "0.0");
        return;
    }
    shortest(fabs(number), is_float, text, sizeof(text));
    for (const char *at = text; *at != 'e'; at++) {
        if (*at != '.') {
            digits[count++] = *at;
        }
    }
    buffer_put_text(buffer, number < 0 ? "-" : "");
    digits_format(digits, strtol(strchr(text, 'e') + 1, NULL, 10), buffer);
}

void scalar_format_double(double number, struct buffer *buffer)
{
    real_format(number, false, buffer);
}

void scalar_format_float(float number, struct buffer *buffer)
{
    real_format((double)number, true, buffer);
}

/* --- uuids, addresses, bytes ------------------------------------------------------------------------------------ */

static int hex_of(uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    char small = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : (char)c;
    const char *found = small == 0 ? NULL : strchr(digits, small);
    return found == NULL ? -1 : (int)(found - digits);
}

/* Pairs of digits until `ret_bytes` is full; dashes are where a UUID has them. */
static bool hex_parse(struct bytes text, uint8_t *ret_bytes, size_t size)
{
    bool is_hex = text.size == 2 * size;
    for (size_t i = 0; i < size && is_hex; i++) {
        int high = hex_of(text.data[2 * i]);
        int low = hex_of(text.data[2 * i + 1]);
        is_hex = high >= 0 && low >= 0;
        ret_bytes[i] = (uint8_t)(is_hex ? high * 16 + low : 0);
    }
    return is_hex;
}

static bool uuid_parse(struct bytes text, uint8_t *ret_uuid)
{
    uint8_t digits[32];
    size_t count = 0;
    bool is_uuid = text.size == 36;
    for (size_t i = 0; i < text.size && is_uuid; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        is_uuid = is_dash == (text.data[i] == '-');
        if (!is_dash && count < sizeof(digits)) {
            digits[count++] = text.data[i];
        }
    }
    return is_uuid && hex_parse(bytes_of(digits, count), ret_uuid, 16);
}

static enum status uuid_of(const struct type *type, struct bytes text, struct arena *arena,
                           struct value *ret_value, struct error *error)
{
    uint8_t *uuid = arena_create(arena, 16);
    bool is_time = type->kind == TYPE_TIMEUUID;
    if (!uuid_parse(text, uuid)) {
        return is_time ? value__refuse(error, "Unknown timeuuid representation: ", text, "")
                       : value__refuse(error, "Unable to make UUID from ", text, "");
    }
    if (is_time && uuid[6] >> 4 != 1) {
        return error_set(error, STATUS_INVALID, "TimeUUID supports only version 1 UUIDs");
    }
    *ret_value = (struct value){.kind = is_time ? VALUE_TIMEUUID : VALUE_UUID, .bytes = bytes_of(uuid, 16)};
    return STATUS_OK;
}

int64_t scalar_timeuuid_ms(struct bytes uuid)
{
    uint64_t low = bytes_get_u32(uuid.data);
    uint64_t middle = bytes_get_u16(uuid.data + 4);
    uint64_t high = bytes_get_u16(uuid.data + 6) & 0x0FFF;
    return (int64_t)(high << 48 | middle << 32 | low) / 10000 - uuid_epoch_ms;
}

struct bytes scalar_timeuuid_of(int64_t ms, uint32_t ticks, uint8_t tail, struct arena *arena)
{
    uint8_t *uuid = arena_create(arena, 16);
    uint64_t time = ((uint64_t)ms + (uint64_t)uuid_epoch_ms) * 10000 + ticks;
    bytes_put_u32(uuid, (uint32_t)time);
    bytes_put_u16(uuid + 4, (uint16_t)(time >> 32));
    bytes_put_u16(uuid + 6, (uint16_t)((time >> 48 & 0x0FFF) | 0x1000));
    memset(uuid + 8, tail, 8);
    return bytes_of(uuid, 16);
}

static void uuid_format(struct bytes uuid, struct buffer *buffer)
{
    for (size_t i = 0; i < uuid.size; i++) {
        buffer_put_text(buffer, i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "");
        buffer_put_format(buffer, "%02x", uuid.data[i]);
    }
}

static enum status inet_of(struct bytes text, struct arena *arena, struct value *ret_value,
                           struct error *error)
{
    char copy[INET6_ADDRSTRLEN] = "";
    uint8_t *address = arena_create(arena, 16);
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    size_t size = 0;
    if (text.size > 0 && text.size < sizeof(copy) && bytes_find_byte(text, '\0') == NULL) {
        memcpy(copy, text.data, text.size);
        size = inet_pton(AF_INET, copy, address) == 1 ? 4 : inet_pton(AF_INET6, copy, address) == 1 ? 16 : 0;
    }
    if (size == 0) {
        return value__refuse(error, "Unable to make inet address from ", text, "");
    }
    bool is_mapped = size == 16 && memcmp(address, mapped, sizeof(mapped)) == 0;
    *ret_value = (struct value){.kind = VALUE_INET,
                                .bytes = is_mapped ? bytes_of(address + 12, 4) : bytes_of(address, size)};
    return STATUS_OK;
}

static void inet_format(struct bytes address, struct buffer *buffer)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.data, text, sizeof(text)) != NULL) {
        buffer_put_text(buffer, text);
    }
}

static enum status blob_of(struct bytes text, struct arena *arena, struct value *ret_value,
                           struct error *error)
{
    bool has_prefix = text.size >= 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X');
    struct bytes digits = has_prefix ? bytes_from(text, 2) : text;
    uint8_t *bytes = arena_create(arena, digits.size / 2);
    if (!hex_parse(digits, bytes, digits.size / 2)) {
        return value__refuse(error, "cannot parse ", digits, " as hex bytes");
    }
    *ret_value = value_of_bytes(bytes_of(bytes, digits.size / 2));
    return STATUS_OK;
}

/* --- all -------------------------------------------------------------------------------------------------------- */

static enum status boolean_of(struct bytes text, struct value *ret_value, struct error *error)
{
    bool is_true = text.size == 4 && strncasecmp((const char *)text.data, "true", 4) == 0;
    if (!is_true && !(text.size == 5 && strncasecmp((const char *)text.data, "false", 5) == 0)) {
        return value__refuse(error, "Unable to make boolean from ", text, "");
    }
    *ret_value = value_of_boolean(is_true);
    return STATUS_OK;
}

static enum status ascii_of(struct bytes text, struct value *ret_value, struct error *error)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 0x80) {
            return error_set(error, STATUS_INVALID, "Invalid ASCII character in string literal");
        }
    }
    *ret_value = value_of_text(text);
    return STATUS_OK;
}

/* NOLINTNEXTLINE(readability-function-size): one case a kind */
enum status scalar_parse(const struct type *type, struct bytes text, int64_t now_ms, struct arena *arena,
                         struct value *ret_value, struct error *error)
{
    bool is_text = type->kind == TYPE_ASCII || type->kind == TYPE_TEXT || type->kind == TYPE_BLOB;
    if (text.size == 0 && type_may_be_empty(type->kind) && !is_text) {
        *ret_value = (struct value){.kind = VALUE_EMPTY};
        return STATUS_OK;
    }
    switch ((int)type->kind) {
    case TYPE_ASCII:
        return ascii_of(text, ret_value, error);
    case TYPE_TEXT:
        *ret_value = value_of_text(text);
        return STATUS_OK;
    case TYPE_BLOB:
        return blob_of(text, arena, ret_value, error);
    case TYPE_BOOLEAN:
        return boolean_of(text, ret_value, error);
    case TYPE_TINYINT:
        return integer_of(text, INT8_MIN, INT8_MAX, "byte", ret_value, error);
    case TYPE_SMALLINT:
        return integer_of(text, INT16_MIN, INT16_MAX, "short", ret_value, error);
    case TYPE_INT:
        return integer_of(text, INT32_MIN, INT32_MAX, "int", ret_value, error);
    case TYPE_BIGINT:
    case TYPE_COUNTER:
        return integer_of(text, INT64_MIN, INT64_MAX, "long", ret_value, error);
    case TYPE_VARINT:
    case TYPE_DECIMAL:
        return decimal_of(text, type->kind == TYPE_VARINT, arena, ret_value, error);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return real_parse(text, type->kind == TYPE_FLOAT, ret_value)
                   ? STATUS_OK
                   : value__refuse(error,
                                   type->kind == TYPE_FLOAT ? "Unable to make float from "
                                                            : "Unable to make double from ",
                                   text, "");
    case TYPE_UUID:
    case TYPE_TIMEUUID:
        return uuid_of(type, text, arena, ret_value, error);
    case TYPE_TIMESTAMP:
        return value__timestamp_parse(text, now_ms, ret_value, error);
    case TYPE_DATE:
        return value__date_parse(text, ret_value, error);
    case TYPE_TIME:
        return value__time_parse(text, ret_value, error);
    case TYPE_DURATION:
        return value__duration_parse(text, ret_value, error);
    case TYPE_INET:
        return inet_of(text, arena, ret_value, error);
    default:
        return error_set(error, STATUS_UNSUPPORTED, "a value of type %s has no text", type_name(type->kind));
    }
}

void scalar_format(const struct value *value, struct buffer *buffer)
{
    switch ((int)value->kind) {
    case VALUE_NULL:
        buffer_put_text(buffer, "null");
        break;
    case VALUE_BOOLEAN:
        buffer_put_text(buffer, value->boolean ? "true" : "false");
        break;
    case VALUE_INTEGER:
        buffer_put_format(buffer, "%" PRId64, value->integer);
        break;
    case VALUE_DECIMAL:
        decimal_format(&value->decimal, buffer);
        break;
    case VALUE_FLOAT:
        scalar_format_float(value->float32, buffer);
        break;
    case VALUE_DOUBLE:
        scalar_format_double(value->float64, buffer);
        break;
    case VALUE_TEXT:
        buffer_put(buffer, value->bytes);
        break;
    case VALUE_BYTES:
        buffer_put_text(buffer, "0x");
        for (size_t i = 0; i < value->bytes.size; i++) {
            buffer_put_format(buffer, "%02x", value->bytes.data[i]);
        }
        break;
    case VALUE_UUID:
    case VALUE_TIMEUUID:
        uuid_format(value->bytes, buffer);
        break;
    case VALUE_TIMESTAMP:
        value__timestamp_format(value->integer, buffer);
        break;
    case VALUE_DATE:
        value__date_format(value->integer, buffer);
        break;
    case VALUE_TIME:
        value__time_format(value->integer, buffer);
        break;
    case VALUE_DURATION:
        value__duration_format(&value->duration, buffer);
        break;
    case VALUE_INET:
        inet_format(value->bytes, buffer);
        break;
    default: /* empty */
        break;
    }
}
