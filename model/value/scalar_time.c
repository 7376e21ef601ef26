/* Timestamps, dates, times and durations as CQL's literals write them, both ways. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "value/bounds.h"
#include "value_private.h"

static const int64_t day_ms = 86400000;
static const int64_t days_max = 100000000000; /* whose milliseconds still are 64 bits */
static const int64_t day_ns = 86400000000000;

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

enum status value__timestamp_parse(struct bytes text, int64_t now_ms, struct value *ret_value,
                                   struct error *error)
{
    struct cursor cursor = {text};
    int64_t number = 0;
    int64_t days = 0;
    int64_t time = 0;
    int64_t zone = 0;
    *ret_value = (struct value){.kind = VALUE_TIMESTAMP};
    if (value__integer_parse(text, INT64_MIN, INT64_MAX, &number)) {
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
        return value__refuse(error, "Unable to parse a date/time from ", text, "");
    }
    ret_value->integer = days * day_ms + time / 1000000 - zone;
    return STATUS_OK;
}

enum status value__date_parse(struct bytes text, struct value *ret_value, struct error *error)
{
    struct cursor cursor = {text};
    int64_t days = 0;
    int64_t number = 0;
    if (value__integer_parse(text, INT64_MIN, INT64_MAX, &number)) { /* unsigned, 2^31 is 1970-01-01 */
        days = number - (1LL << 31);
        if (number < 0 || number > UINT32_MAX) {
            return value__refuse(error, "Unable to make unsigned int (for date) from: ", text, "");
        }
    } else if (!cursor_date(&cursor, &days) || cursor.rest.size > 0) {
        return value__refuse(error, "Unable to coerce ", text, " to a formatted date (long)");
    }
    if (days < INT32_MIN || days > INT32_MAX) {
        return value__refuse(error, "Input date ", text, " is out of the supported range");
    }
    *ret_value = (struct value){.kind = VALUE_DATE, .integer = days};
    return STATUS_OK;
}

enum status value__time_parse(struct bytes text, struct value *ret_value, struct error *error)
{
    struct cursor cursor = {text};
    int64_t time = 0;
    if (value__integer_parse(text, INT64_MIN, INT64_MAX, &time)) {
        if (time < 0 || time >= day_ns) {
            return value__refuse(error, "Input long out of bounds: ", text, "");
        }
    } else if (!cursor_time(&cursor, true, &time) || cursor.rest.size > 0) {
        return value__refuse(error, "Unable to coerce ", text, " to a formatted time (long)");
    }
    *ret_value = (struct value){.kind = VALUE_TIME, .integer = time};
    return STATUS_OK;
}

void value__date_format(int64_t days, struct buffer *buffer)
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

void value__timestamp_format(int64_t ms, struct buffer *buffer)
{
    int64_t days = floor_divide(ms, day_ms);
    int64_t rest = ms - days * day_ms;
    value__date_format(days, buffer);
    buffer_put_format(buffer, "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z", rest / 3600000,
                      rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

void value__time_format(int64_t ns, struct buffer *buffer)
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

enum status value__duration_parse(struct bytes text, struct value *ret_value, struct error *error)
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
        return value__refuse(error, "Unable to convert ", text, " to a duration");
    }
    int64_t sign = is_negative ? -1 : 1;
    *ret_value = (struct value){.kind = VALUE_DURATION,
                                .duration = {.months = (int32_t)(sum.parts[DURATION_MONTHS] * sign),
                                             .days = (int32_t)(sum.parts[DURATION_DAYS] * sign),
                                             .nanoseconds = sum.parts[DURATION_NANOSECONDS] * sign}};
    return STATUS_OK;
}

void value__duration_format(const struct duration *duration, struct buffer *buffer)
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
