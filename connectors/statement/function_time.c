/* Functions of dates and times, and of the UUIDs that hold one. */
#include "base/random.h"
#include "function_private.h"
#include "value/scalar_text.h"

static const int64_t moment_day_ms = 86400000;
static const int64_t moment_day_ns = 86400000000000;

static int64_t floor_to(int64_t number, int64_t by)
{
    return number / by - (number % by < 0 ? 1 : 0);
}

/* --- now -------------------------------------------------------------------------------------------------------- */

static enum status run_uuid(const struct cql_function *function, const struct value *arguments,
                            const struct cql_moment *moment, struct value *ret_value)
{
    uint8_t *uuid = arena_create(moment->arena, 16);
    random_secret(uuid, 16);
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
    *ret_value = (struct value){.kind = VALUE_UUID, .bytes = bytes_of(uuid, 16)};
    (void)function;
    (void)arguments;
    return STATUS_OK;
}

/* Random where a clock's sequence and an address of hardware would stand, so that no two are one. */
static enum status run_now(const struct cql_function *function, const struct value *arguments,
                           const struct cql_moment *moment, struct value *ret_value)
{
    uint32_t ticks = (uint32_t)(moment->now_us % 1000 * 10);
    struct bytes time = scalar_timeuuid_of(moment->now_us / 1000, ticks, 0, moment->arena);
    uint8_t *uuid = arena_create(moment->arena, 16);
    memcpy(uuid, time.data, 8);
    random_secret(uuid + 8, 8);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
    uuid[10] |= 1; /* no hardware's */
    *ret_value = (struct value){.kind = VALUE_TIMEUUID, .bytes = bytes_of(uuid, 16)};
    (void)function;
    (void)arguments;
    return STATUS_OK;
}

static enum status run_current(const struct cql_function *function, const struct value *arguments,
                               const struct cql_moment *moment, struct value *ret_value)
{
    int64_t ms = moment->now_us / 1000;
    (void)arguments;
    switch ((int)function->returns.kind) {
    case TYPE_TIMESTAMP:
        *ret_value = (struct value){.kind = VALUE_TIMESTAMP, .integer = ms};
        break;
    case TYPE_DATE:
        *ret_value = (struct value){.kind = VALUE_DATE, .integer = floor_to(ms, moment_day_ms)};
        break;
    default:
        *ret_value =
            (struct value){.kind = VALUE_TIME, .integer = moment->now_us % (moment_day_ms * 1000) * 1000};
        break;
    }
    return STATUS_OK;
}

/* --- from one to another ---------------------------------------------------------------------------------------- */

/* Milliseconds since 1970 of a timestamp, a date or a timeuuid. */
static int64_t ms_of(const struct value *value)
{
    switch ((int)value->kind) {
    case VALUE_TIMEUUID:
    case VALUE_UUID:
        return scalar_timeuuid_ms(value->bytes);
    case VALUE_DATE:
        return value->integer * moment_day_ms;
    default:
        return value->integer;
    }
}

static enum status run_convert(const struct cql_function *function, const struct value *arguments,
                               const struct cql_moment *moment, struct value *ret_value)
{
    int64_t ms = ms_of(&arguments[0]);
    switch ((int)function->returns.kind) {
    case TYPE_TIMESTAMP:
        *ret_value = (struct value){.kind = VALUE_TIMESTAMP, .integer = ms};
        return STATUS_OK;
    case TYPE_DATE:
        *ret_value = (struct value){.kind = VALUE_DATE, .integer = floor_to(ms, moment_day_ms)};
        return ret_value->integer >= INT32_MIN && ret_value->integer <= INT32_MAX
                   ? STATUS_OK
                   : error_set(moment->error, STATUS_INVALID, "the timestamp is out of the range of dates");
    default:
        *ret_value = value_of_integer(ms);
        return STATUS_OK;
    }
}

static enum status run_bound(const struct cql_function *function, const struct value *arguments,
                             const struct cql_moment *moment, struct value *ret_value)
{
    bool is_greatest = function->detail != 0; /* timeuuids order their last bytes as signed ones */
    struct bytes uuid = scalar_timeuuid_of(arguments[0].integer, is_greatest ? 9999 : 0,
                                           is_greatest ? 0x7F : 0x80, moment->arena);
    *ret_value = (struct value){.kind = VALUE_TIMEUUID, .bytes = uuid};
    return STATUS_OK;
}

/* --- durations -------------------------------------------------------------------------------------------------- */

/* Year and month of days since 1970, and the day of the month from 0. */
static void months_of(int64_t days, int64_t *ret_months, int64_t *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t era = floor_to(shifted, 146097);
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* from March */
    *ret_day = of_year - (153 * month + 2) / 5;
    *ret_months = (year + era * 400) * 12 + month + 2;
}

static int64_t days_of_months(int64_t months)
{
    int64_t shifted = months - 2;
    int64_t year = floor_to(shifted, 12);
    int64_t month = shifted - year * 12;
    int64_t era = floor_to(year, 400);
    int64_t of_era = year - era * 400;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 - 719468;
}

/* A day's number some months later: the month's last day where there is no such day in it. */
static int64_t days_after_months(int64_t days, int64_t months)
{
    int64_t month = 0;
    int64_t day = 0;
    if (months == 0) {
        return days;
    }
    months_of(days, &month, &day);
    int64_t first = days_of_months(month + months);
    int64_t length = days_of_months(month + months + 1) - first;
    return first + (day < length ? day : length - 1);
}

/* Dates have no part of a day. */
static enum status refuse_precision(const struct cql_function *function, const struct value *duration,
                                    const struct cql_moment *moment)
{
    struct buffer text = {0};
    scalar_format(duration, &text);
    enum status status = error_set(
        moment->error, STATUS_FUNCTION,
        "the operation 'date %c duration' failed: The duration must have a day precision. Was: %.*s",
        function->detail == CQL_TERM_SUBTRACT ? '-' : '+', (int)text.size, (const char *)text.data);
    buffer_reset(&text);
    return status;
}

enum status statement__time_operate(const struct cql_function *function, const struct value *arguments,
                                    const struct cql_moment *moment, struct value *ret_value)
{
    const struct duration *duration = &arguments[1].duration;
    int64_t sign = function->detail == CQL_TERM_SUBTRACT ? -1 : 1;
    bool is_date = arguments[0].kind == VALUE_DATE;
    int64_t days = is_date ? arguments[0].integer : floor_to(arguments[0].integer, moment_day_ms);
    int64_t rest = is_date ? 0 : arguments[0].integer - days * moment_day_ms;
    int64_t after = days_after_months(days, sign * duration->months) + sign * (int64_t)duration->days;
    *ret_value = arguments[0];
    if (is_date && duration->nanoseconds != 0) {
        return refuse_precision(function, &arguments[1], moment);
    }
    if (is_date) {
        ret_value->integer = after;
    } else {
        int64_t ms = rest + sign * (duration->nanoseconds / 1000000);
        bool is_far = __builtin_mul_overflow(after, moment_day_ms, &ret_value->integer) ||
                      __builtin_add_overflow(ret_value->integer, ms, &ret_value->integer);
        if (is_far) {
            return error_set(moment->error, STATUS_INVALID, "the timestamp is out of range");
        }
    }
    return is_date && (ret_value->integer < INT32_MIN || ret_value->integer > INT32_MAX)
               ? error_set(moment->error, STATUS_INVALID, "the date is out of range")
               : STATUS_OK;
}

/* --- floor ------------------------------------------------------------------------------------------------------ */

/* The begin of the interval of `months` that `days` lies in, counted from `start`. */
static int64_t floor_months(int64_t days, int64_t start, int64_t months)
{
    int64_t month = 0;
    int64_t start_month = 0;
    int64_t day = 0;
    months_of(days, &month, &day);
    months_of(start, &start_month, &day);
    int64_t steps = floor_to(month - start_month, months);
    int64_t begin = days_after_months(start, steps * months);
    return begin <= days ? begin : days_after_months(start, (steps - 1) * months);
}

static enum status floor_ms(int64_t ms, int64_t start, const struct duration *by,
                            const struct cql_moment *moment, int64_t *ret_ms)
{
    int64_t step = by->days * moment_day_ms + by->nanoseconds / 1000000;
    if (by->months < 0 || by->days < 0 || by->nanoseconds < 0) {
        return error_set(moment->error, STATUS_INVALID,
                         "Negative durations are not supported by the floor function");
    }
    if (by->nanoseconds % 1000000 != 0) {
        return error_set(moment->error, STATUS_INVALID, "The floor function has a precision of milliseconds");
    }
    if (by->months == 0 && step == 0) {
        *ret_ms = ms;
        return STATUS_OK;
    }
    if (ms < start) {
        return error_set(moment->error, STATUS_INVALID,
                         "The floor function starting time is greater than the "
                         "provided time");
    }
    if (by->months > 0) {
        int64_t start_day = floor_to(start, moment_day_ms);
        int64_t day = floor_months(floor_to(ms, moment_day_ms), start_day, by->months);
        *ret_ms = day * moment_day_ms + (start - start_day * moment_day_ms);
        return STATUS_OK;
    }
    *ret_ms = start + floor_to(ms - start, step) * step;
    return STATUS_OK;
}

static enum status refuse_floor(const struct value *duration, const struct cql_moment *moment)
{
    struct buffer text = {0};
    scalar_format(duration, &text);
    enum status status = error_set(moment->error, STATUS_INVALID,
                                   "The floor cannot be computed for the %.*s duration as precision is below "
                                   "1 day",
                                   (int)text.size, (const char *)text.data);
    buffer_reset(&text);
    return status;
}

/* floor(timestamp | timeuuid | date, duration [, start]) */
static enum status run_floor(const struct cql_function *function, const struct value *arguments,
                             const struct cql_moment *moment, struct value *ret_value)
{
    bool is_date = function->returns.kind == TYPE_DATE;
    int64_t start = function->count == 3 ? ms_of(&arguments[2]) : 0;
    int64_t ms = 0;
    if (is_date && arguments[1].duration.nanoseconds != 0) {
        return refuse_floor(&arguments[1], moment);
    }
    enum status status = floor_ms(ms_of(&arguments[0]), start, &arguments[1].duration, moment, &ms);
    *ret_value = is_date ? (struct value){.kind = VALUE_DATE, .integer = floor_to(ms, moment_day_ms)}
                         : (struct value){.kind = VALUE_TIMESTAMP, .integer = ms};
    return status;
}

static enum status run_floor_time(const struct cql_function *function, const struct value *arguments,
                                  const struct cql_moment *moment, struct value *ret_value)
{
    const struct duration *by = &arguments[1].duration;
    (void)function;
    if (by->months < 0 || by->days < 0 || by->nanoseconds < 0) {
        return error_set(moment->error, STATUS_INVALID,
                         "Negative durations are not supported by the floor function");
    }
    if (by->months != 0 || by->days != 0 || by->nanoseconds > moment_day_ns) {
        return error_set(moment->error, STATUS_INVALID,
                         "For time values, the floor can only be computed for durations smaller that a day");
    }
    if (by->nanoseconds == 0) {
        *ret_value = arguments[0];
        return STATUS_OK;
    }
    *ret_value = (struct value){.kind = VALUE_TIME,
                                .integer = arguments[0].integer / by->nanoseconds * by->nanoseconds};
    return STATUS_OK;
}

const struct function_row *statement__time_functions(size_t *ret_count)
{
#define CONVERT(name, to, from)                                                                              \
    {                                                                                                        \
        name, to, 1, {from}, run_convert, 0, false                                                           \
    }
    static const struct function_row rows[] = {
        {"uuid", TYPE_UUID, 0, {0}, run_uuid, 0, true},
        {"now", TYPE_TIMEUUID, 0, {0}, run_now, 0, true},
        {"currenttimeuuid", TYPE_TIMEUUID, 0, {0}, run_now, 0, true},
        {"current_timeuuid", TYPE_TIMEUUID, 0, {0}, run_now, 0, true},
        {"currenttimestamp", TYPE_TIMESTAMP, 0, {0}, run_current, 0, true},
        {"current_timestamp", TYPE_TIMESTAMP, 0, {0}, run_current, 0, true},
        {"currentdate", TYPE_DATE, 0, {0}, run_current, 0, true},
        {"current_date", TYPE_DATE, 0, {0}, run_current, 0, true},
        {"currenttime", TYPE_TIME, 0, {0}, run_current, 0, true},
        {"current_time", TYPE_TIME, 0, {0}, run_current, 0, true},
        {"mintimeuuid", TYPE_TIMEUUID, 1, {TYPE_TIMESTAMP}, run_bound, 0, false},
        {"min_timeuuid", TYPE_TIMEUUID, 1, {TYPE_TIMESTAMP}, run_bound, 0, false},
        {"maxtimeuuid", TYPE_TIMEUUID, 1, {TYPE_TIMESTAMP}, run_bound, 1, false},
        {"max_timeuuid", TYPE_TIMEUUID, 1, {TYPE_TIMESTAMP}, run_bound, 1, false},
        CONVERT("dateof", TYPE_TIMESTAMP, TYPE_TIMEUUID),
        CONVERT("unixtimestampof", TYPE_BIGINT, TYPE_TIMEUUID),
        CONVERT("todate", TYPE_DATE, TYPE_TIMEUUID),
        CONVERT("todate", TYPE_DATE, TYPE_TIMESTAMP),
        CONVERT("to_date", TYPE_DATE, TYPE_TIMEUUID),
        CONVERT("to_date", TYPE_DATE, TYPE_TIMESTAMP),
        CONVERT("totimestamp", TYPE_TIMESTAMP, TYPE_TIMEUUID),
        CONVERT("totimestamp", TYPE_TIMESTAMP, TYPE_DATE),
        CONVERT("to_timestamp", TYPE_TIMESTAMP, TYPE_TIMEUUID),
        CONVERT("to_timestamp", TYPE_TIMESTAMP, TYPE_DATE),
        CONVERT("tounixtimestamp", TYPE_BIGINT, TYPE_TIMEUUID),
        CONVERT("tounixtimestamp", TYPE_BIGINT, TYPE_TIMESTAMP),
        CONVERT("tounixtimestamp", TYPE_BIGINT, TYPE_DATE),
        CONVERT("to_unix_timestamp", TYPE_BIGINT, TYPE_TIMEUUID),
        CONVERT("to_unix_timestamp", TYPE_BIGINT, TYPE_TIMESTAMP),
        CONVERT("to_unix_timestamp", TYPE_BIGINT, TYPE_DATE),
        {"floor", TYPE_TIMESTAMP, 2, {TYPE_TIMESTAMP, TYPE_DURATION}, run_floor, 0, false},
        {"floor", TYPE_TIMESTAMP, 3, {TYPE_TIMESTAMP, TYPE_DURATION, TYPE_TIMESTAMP}, run_floor, 0, false},
        {"floor", TYPE_TIMESTAMP, 2, {TYPE_TIMEUUID, TYPE_DURATION}, run_floor, 0, false},
        {"floor", TYPE_TIMESTAMP, 3, {TYPE_TIMEUUID, TYPE_DURATION, TYPE_TIMESTAMP}, run_floor, 0, false},
        {"floor", TYPE_DATE, 2, {TYPE_DATE, TYPE_DURATION}, run_floor, 0, false},
        {"floor", TYPE_DATE, 3, {TYPE_DATE, TYPE_DURATION, TYPE_DATE}, run_floor, 0, false},
        {"floor", TYPE_TIME, 2, {TYPE_TIME, TYPE_DURATION}, run_floor_time, 0, false},
    };
#undef CONVERT
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}
