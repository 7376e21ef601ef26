#include "value/scalar_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "value/bounds.h"
#include "value/decimal.h"

enum {
    SHOWN_BYTES = 200, /* of a text that is no value */
    NUMBER_BYTES = 64, /* of a text that may be a machine's number */
};

static const int64_t day_ms = 86400000;
static const int64_t days_max = 100000000000; /* whose milliseconds still are 64 bits */
static const int64_t day_ns = 86400000000000;
static const int64_t uuid_epoch_ms = 12219292800000; /* 1582-10-15 before 1970 */

/* "Unable to make int from 'x'" */
static enum status refuse(struct error *error, const char *before, struct bytes text, const char *after)
{
    size_t size = text.size < SHOWN_BYTES ? text.size : SHOWN_BYTES;
    while (size < text.size && size > 0 && (text.data[size] & 0xC0) == 0x80) {
        size--;
    }
    return error_set(error, STATUS_INVALID, "%s'%.*s'%s", before, (int)size, (const char *)text.data, after);
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

static bool integer_parse(struct bytes text, int64_t least, int64_t most, int64_t *ret_number)
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
    if (!integer_parse(text, least, most, &number)) {
        char before[NUMBER_BYTES];
        (void)snprintf(before, sizeof(before), "Unable to make %s from ", name);
        return refuse(error, before, text, "");
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
        return refuse(error, is_whole ? "unable to make int from " : "unable to make BigDecimal from ", text,
                      "");
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

/* --- dates and times -------------------------------------------------------------------------------------------- */

/* A text read from the left. */
struct cursor {
    struct bytes rest;
};

static bool cursor_mark(struct cursor *cursor, char mark)
{
    bool is_there = cursor->rest.size > 0 && cursor->rest.data[0] == (uint8_t)mark;
    if (is_there) {
        cursor->rest = bytes_from(cursor->rest, 1);
    }
    return is_there;
}

/* Up to `most` digits; false when there is none. */
static bool cursor_number(struct cursor *cursor, size_t most, int64_t *ret_number)
{
    size_t i = 0;
    int64_t number = 0;
    for (; i < most && i < cursor->rest.size && isdigit(cursor->rest.data[i]) != 0; i++) {
        number = number * 10 + (cursor->rest.data[i] - '0');
    }
    cursor->rest = bytes_from(cursor->rest, i);
    *ret_number = number;
    return i > 0;
}

/* Days since 1970 of a date of the Gregorian calendar, and back. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t of_era = shifted - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = year + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

static int64_t month_days(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

static bool cursor_date(struct cursor *cursor, int64_t *ret_days)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    bool is_negative = cursor_mark(cursor, '-');
    bool is_date = (is_negative || cursor_mark(cursor, '+') || true) && cursor_number(cursor, 9, &year) &&
                   cursor_mark(cursor, '-') && cursor_number(cursor, 2, &month) && cursor_mark(cursor, '-') &&
                   cursor_number(cursor, 2, &day);
    year = is_negative ? -year : year;
    is_date = is_date && month >= 1 && month <= 12 && day >= 1 && day <= month_days(year, month);
    *ret_days = is_date ? days_of(year, month, day) : 0;
    return is_date;
}

/* A fraction of a second behind its point, as nanoseconds. */
static bool cursor_fraction(struct cursor *cursor, int64_t *ret_ns)
{
    size_t before = cursor->rest.size;
    bool is_there = cursor_number(cursor, 9, ret_ns);
    for (size_t digits = before - cursor->rest.size; digits < 9; digits++) {
        *ret_ns *= 10;
    }
    return is_there;
}

/* HH:mm[:ss[.f]] since midnight. */
static bool cursor_time(struct cursor *cursor, bool needs_seconds, int64_t *ret_ns)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    int64_t seconds = 0;
    int64_t fraction = 0;
    bool is_time =
        cursor_number(cursor, 2, &hours) && cursor_mark(cursor, ':') && cursor_number(cursor, 2, &minutes);
    if (is_time && cursor_mark(cursor, ':')) {
        is_time = cursor_number(cursor, 2, &seconds);
        if (is_time && cursor_mark(cursor, '.')) {
            is_time = cursor_fraction(cursor, &fraction);
        }
    } else {
        is_time = is_time && !needs_seconds;
    }
    *ret_ns = ((hours * 60 + minutes) * 60 + seconds) * 1000000000 + fraction;
    return is_time && hours < 24 && minutes < 60 && seconds < 60;
}

/* Z, UTC, GMT, +01, +0100, +01:00, UTC+01:00, maybe behind a space; none: UTC. */
static bool cursor_zone(struct cursor *cursor, int64_t *ret_ms)
{
    *ret_ms = 0;
    (void)cursor_mark(cursor, ' ');
    if (bytes_equal(cursor->rest, bytes_of_text("Z")) ||
        bytes_start_with(cursor->rest, bytes_of_text("UTC")) ||
        bytes_start_with(cursor->rest, bytes_of_text("GMT"))) {
        cursor->rest = bytes_from(cursor->rest, cursor->rest.data[0] == 'Z' ? 1 : 3);
    }
    if (cursor->rest.size == 0) {
        return true;
    }
    int64_t hours = 0;
    int64_t minutes = 0;
    bool is_west = cursor_mark(cursor, '-');
    bool is_zone = (is_west || cursor_mark(cursor, '+')) && cursor_number(cursor, 2, &hours);
    (void)cursor_mark(cursor, ':');
    if (cursor->rest.size > 0) {
        is_zone = is_zone && cursor_number(cursor, 2, &minutes);
    }
    *ret_ms = (hours * 60 + minutes) * 60000 * (is_west ? -1 : 1);
    return is_zone && hours < 24 && minutes < 60;
}

static enum status timestamp_of(struct bytes text, int64_t now_ms, struct value *ret_value,
                                struct error *error)
{
    struct cursor cursor = {text};
    int64_t number = 0;
    int64_t days = 0;
    int64_t time = 0;
    int64_t zone = 0;
    *ret_value = (struct value){.kind = VALUE_TIMESTAMP};
    if (integer_parse(text, INT64_MIN, INT64_MAX, &number)) {
        ret_value->integer = number;
        return STATUS_OK;
    }
    if (text.size == 3 && strncasecmp((const char *)text.data, "now", 3) == 0) {
        ret_value->integer = now_ms;
        return STATUS_OK;
    }
    bool is_time = cursor_date(&cursor, &days);
    struct cursor before = cursor;
    if (is_time && (cursor_mark(&cursor, 'T') || cursor_mark(&cursor, ' ')) &&
        !cursor_time(&cursor, false, &time)) {
        time = 0;
        cursor = before; /* a zone behind a space */
    }
    bool is_far = days > days_max || days < -days_max;
    if (!is_time || is_far || !cursor_zone(&cursor, &zone) || cursor.rest.size > 0) {
        return refuse(error, "Unable to parse a date/time from ", text, "");
    }
    ret_value->integer = days * day_ms + time / 1000000 - zone;
    return STATUS_OK;
}

static enum status date_text_of(struct bytes text, struct value *ret_value, struct error *error)
{
    struct cursor cursor = {text};
    int64_t days = 0;
    int64_t number = 0;
    if (integer_parse(text, INT64_MIN, INT64_MAX, &number)) { /* unsigned, 2^31 is 1970-01-01 */
        days = number - (1LL << 31);
        if (number < 0 || number > UINT32_MAX) {
            return refuse(error, "Unable to make unsigned int (for date) from: ", text, "");
        }
    } else if (!cursor_date(&cursor, &days) || cursor.rest.size > 0) {
        return refuse(error, "Unable to coerce ", text, " to a formatted date (long)");
    }
    if (days < INT32_MIN || days > INT32_MAX) {
        return refuse(error, "Input date ", text, " is out of the supported range");
    }
    *ret_value = (struct value){.kind = VALUE_DATE, .integer = days};
    return STATUS_OK;
}

static enum status time_of(struct bytes text, struct value *ret_value, struct error *error)
{
    struct cursor cursor = {text};
    int64_t time = 0;
    if (integer_parse(text, INT64_MIN, INT64_MAX, &time)) {
        if (time < 0 || time >= day_ns) {
            return refuse(error, "Input long out of bounds: ", text, "");
        }
    } else if (!cursor_time(&cursor, true, &time) || cursor.rest.size > 0) {
        return refuse(error, "Unable to coerce ", text, " to a formatted time (long)");
    }
    *ret_value = (struct value){.kind = VALUE_TIME, .integer = time};
    return STATUS_OK;
}

static void date_format(int64_t days, struct buffer *buffer)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    date_of(days, &year, &month, &day);
    buffer_put_format(buffer, "%s%s%04" PRId64 "-%02" PRId64 "-%02" PRId64, year < 0 ? "-" : "",
                      year > 9999 ? "+" : "", year < 0 ? -year : year, month, day);
}

/* How Java's divisions towards minus infinity go. */
static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0 ? 1 : 0);
}

static void timestamp_format(int64_t ms, struct buffer *buffer)
{
    int64_t days = floor_divide(ms, day_ms);
    int64_t rest = ms - days * day_ms;
    date_format(days, buffer);
    buffer_put_format(buffer, "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z", rest / 3600000,
                      rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

static void time_format(int64_t ns, struct buffer *buffer)
{
    int64_t seconds = ns / 1000000000;
    buffer_put_format(buffer, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%09" PRId64, seconds / 3600,
                      seconds / 60 % 60, seconds % 60, ns % 1000000000);
}

/* --- durations -------------------------------------------------------------------------------------------------- */

enum duration_part {
    DURATION_MONTHS,
    DURATION_DAYS,
    DURATION_NANOSECONDS,
};

struct duration_unit {
    const char *name;
    enum duration_part part;
    int64_t factor;
};

/* Largest first; each may be there once, in this order. */
static const struct duration_unit duration_units[] = {
    {"y", DURATION_MONTHS, 12},
    {"mo", DURATION_MONTHS, 1},
    {"w", DURATION_DAYS, 7},
    {"d", DURATION_DAYS, 1},
    {"h", DURATION_NANOSECONDS, 3600000000000},
    {"m", DURATION_NANOSECONDS, 60000000000},
    {"s", DURATION_NANOSECONDS, 1000000000},
    {"ms", DURATION_NANOSECONDS, 1000000},
    {"us", DURATION_NANOSECONDS, 1000},
    {"\xc2\xb5s", DURATION_NANOSECONDS, 1000},
    {"ns", DURATION_NANOSECONDS, 1},
};

/* What a duration consists of so far; `next` is the first unit that may still come. */
struct duration_sum {
    int64_t parts[3];
    size_t next;
};

static bool duration_add(struct duration_sum *sum, size_t unit, int64_t number)
{
    static const int64_t most[] = {INT32_MAX, INT32_MAX, INT64_MAX};
    const struct duration_unit *added = &duration_units[unit];
    int64_t *part = &sum->parts[added->part];
    int64_t product = 0;
    bool is_added = unit >= sum->next && !__builtin_mul_overflow(number, added->factor, &product) &&
                    !__builtin_add_overflow(*part, product, part) && *part <= most[added->part];
    sum->next = unit + 1;
    return is_added;
}

/* The unit whose name the letters at the front are, in any case; its bytes are taken. */
static bool cursor_unit(struct cursor *cursor, size_t *ret_unit)
{
    size_t best = 0;
    for (size_t i = 0; i < ARRAY_COUNT(duration_units); i++) {
        size_t size = strlen(duration_units[i].name);
        if (size > best && size <= cursor->rest.size &&
            strncasecmp((const char *)cursor->rest.data, duration_units[i].name, size) == 0) {
            best = size;
            *ret_unit = i;
        }
    }
    cursor->rest = bytes_from(cursor->rest, best);
    return best > 0;
}

static bool duration_standard(struct cursor *cursor, struct duration_sum *sum)
{
    bool is_sound = cursor->rest.size > 0;
    while (is_sound && cursor->rest.size > 0) {
        int64_t number = 0;
        size_t unit = 0;
        is_sound = cursor_number(cursor, 18, &number) && cursor_unit(cursor, &unit) &&
                   duration_add(sum, unit, number);
    }
    return is_sound;
}

/* P1Y2M3W4DT5H6M7S, behind its P. */
static bool duration_iso(struct cursor *cursor, struct duration_sum *sum)
{
    static const struct {
        char letter;
        bool is_time;
        size_t unit;
    } letters[] = {{'Y', false, 0}, {'M', false, 1}, {'W', false, 2}, {'D', false, 3},
                   {'H', true, 4},  {'M', true, 5},  {'S', true, 6}};
    bool is_time = false;
    bool is_sound = cursor->rest.size > 0;
    while (is_sound && cursor->rest.size > 0) {
        int64_t number = 0;
        is_time = cursor_mark(cursor, 'T') || is_time;
        is_sound = cursor_number(cursor, 18, &number) && cursor->rest.size > 0;
        bool is_found = false;
        for (size_t i = 0; i < ARRAY_COUNT(letters) && is_sound && !is_found; i++) {
            is_found = letters[i].is_time == is_time && cursor_mark(cursor, letters[i].letter) &&
                       duration_add(sum, letters[i].unit, number);
        }
        is_sound = is_found;
    }
    return is_sound;
}

/* P0001-02-03T04:05:06, behind its P. */
static bool duration_alternative(struct cursor *cursor, struct duration_sum *sum)
{
    static const char marks[] = "--T::";
    static const size_t units[] = {0, 1, 3, 4, 5, 6};
    bool is_sound = true;
    for (size_t i = 0; i < ARRAY_COUNT(units) && is_sound; i++) {
        int64_t number = 0;
        is_sound = cursor_number(cursor, 18, &number) && duration_add(sum, units[i], number) &&
                   (i + 1 == ARRAY_COUNT(units) || cursor_mark(cursor, marks[i]));
    }
    return is_sound && cursor->rest.size == 0;
}

static enum status duration_of(struct bytes text, struct value *ret_value, struct error *error)
{
    struct cursor cursor = {text};
    struct duration_sum sum = {0};
    bool is_negative = cursor_mark(&cursor, '-');
    bool is_sound = false;
    if (cursor_mark(&cursor, 'P')) {
        bool has_marks = bytes_find_byte(cursor.rest, '-') != NULL;
        is_sound = has_marks ? duration_alternative(&cursor, &sum) : duration_iso(&cursor, &sum);
    } else {
        is_sound = duration_standard(&cursor, &sum);
    }
    if (!is_sound) {
        return refuse(error, "Unable to convert ", text, " to a duration");
    }
    int64_t sign = is_negative ? -1 : 1;
    *ret_value = (struct value){.kind = VALUE_DURATION,
                                .duration = {.months = (int32_t)(sum.parts[DURATION_MONTHS] * sign),
                                             .days = (int32_t)(sum.parts[DURATION_DAYS] * sign),
                                             .nanoseconds = sum.parts[DURATION_NANOSECONDS] * sign}};
    return STATUS_OK;
}

static void duration_format(const struct duration *duration, struct buffer *buffer)
{
    uint64_t parts[3] = {
        (uint64_t)llabs(duration->months),
        (uint64_t)llabs(duration->days),
        duration->nanoseconds < 0 ? 0 - (uint64_t)duration->nanoseconds : (uint64_t)duration->nanoseconds,
    };
    bool is_negative = duration->months < 0 || duration->days < 0 || duration->nanoseconds < 0;
    buffer_put_text(buffer, is_negative ? "-" : "");
    for (size_t i = 0; i < ARRAY_COUNT(duration_units); i++) {
        const struct duration_unit *unit = &duration_units[i];
        uint64_t count = parts[unit->part] / (uint64_t)unit->factor;
        bool is_shown = count > 0 && unit->name[0] != 'w' && unit->name[0] != '\xc2';
        if (is_shown) {
            buffer_put_format(buffer, "%" PRIu64 "%s", count, unit->name);
            parts[unit->part] -= count * (uint64_t)unit->factor;
        }
    }
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
        return is_time ? refuse(error, "Unknown timeuuid representation: ", text, "")
                       : refuse(error, "Unable to make UUID from ", text, "");
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
        return refuse(error, "Unable to make inet address from ", text, "");
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
        return refuse(error, "cannot parse ", digits, " as hex bytes");
    }
    *ret_value = value_of_bytes(bytes_of(bytes, digits.size / 2));
    return STATUS_OK;
}

/* --- all -------------------------------------------------------------------------------------------------------- */

static enum status boolean_of(struct bytes text, struct value *ret_value, struct error *error)
{
    bool is_true = text.size == 4 && strncasecmp((const char *)text.data, "true", 4) == 0;
    if (!is_true && !(text.size == 5 && strncasecmp((const char *)text.data, "false", 5) == 0)) {
        return refuse(error, "Unable to make boolean from ", text, "");
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
                   : refuse(error,
                            type->kind == TYPE_FLOAT ? "Unable to make float from "
                                                     : "Unable to make double from ",
                            text, "");
    case TYPE_UUID:
    case TYPE_TIMEUUID:
        return uuid_of(type, text, arena, ret_value, error);
    case TYPE_TIMESTAMP:
        return timestamp_of(text, now_ms, ret_value, error);
    case TYPE_DATE:
        return date_text_of(text, ret_value, error);
    case TYPE_TIME:
        return time_of(text, ret_value, error);
    case TYPE_DURATION:
        return duration_of(text, ret_value, error);
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
        timestamp_format(value->integer, buffer);
        break;
    case VALUE_DATE:
        date_format(value->integer, buffer);
        break;
    case VALUE_TIME:
        time_format(value->integer, buffer);
        break;
    case VALUE_DURATION:
        duration_format(&value->duration, buffer);
        break;
    case VALUE_INET:
        inet_format(value->bytes, buffer);
        break;
    default: /* empty */
        break;
    }
}
