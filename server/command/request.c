/* Requests piece by piece, and the forms in which people write times. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "command_private.h"

void command__put_field(struct command_request *request, enum wire_field field)
{
    codec_put_unsigned(&request->fields, (uint64_t)field);
    request->count++;
}

void command__put_text(struct command_request *request, enum wire_field field, const char *text)
{
    if (text != NULL) {
        command__put_field(request, field);
        codec_put_text(&request->fields, bytes_of_text(text));
    }
}

void command__put_value(struct command_request *request, enum wire_field field, const struct value *value)
{
    if (value != NULL) {
        command__put_field(request, field);
        codec_value_encode(&request->fields, value);
    }
}

void command__put_number(struct command_request *request, enum wire_field field, uint64_t number)
{
    command__put_field(request, field);
    codec_put_unsigned(&request->fields, number);
}

void command__put_flag(struct command_request *request, enum wire_field field, bool flag)
{
    if (flag) {
        command__put_field(request, field);
        codec_put_boolean(&request->fields, true);
    }
}

void command__put_bytes(struct command_request *request, enum wire_field field, struct bytes bytes)
{
    if (bytes.size > 0) {
        command__put_field(request, field);
        codec_put_bytes(&request->fields, bytes);
    }
}

enum status command__put_option(struct command_request *request, enum wire_field field, const char *option,
                                const char *text, struct error *error)
{
    uint64_t number = 0;
    enum status status = command__number(option, text, 0, &number, error);
    if (status == STATUS_OK && text != NULL) {
        command__put_number(request, field, number);
    }
    return status;
}

/* How long ago: a number and s, m, h or d. False: it is written otherwise. */
static bool time_ago(const char *text, int64_t *ret_us)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    if (*text < '0' || *text > '9' || unit == NULL || end[1] != '\0' || number > 100000000) {
        return false;
    }
    *ret_us = clock_wall_us(clock_system()) - number * seconds[unit - units] * 1000000;
    return true;
}

/* What is behind a part that strptime takes and that is written like `pattern`, digit for digit; NULL: it is not. */
static const char *time_part(const char *text, const char *pattern, const char *format, struct tm *parts)
{
    for (size_t i = 0; text != NULL && pattern[i] != '\0'; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == '0' ? !is_digit : text[i] != pattern[i]) {
            return NULL;
        }
    }
    return text == NULL ? NULL : strptime(text, format, parts);
}

/* The offset of a time zone, Z or like +01:00. */
static bool zone_written(const char *text, int64_t *ret_us)
{
    struct tm parts = {0};
    const char *rest = *text == '+' || *text == '-' ? time_part(text + 1, "00:00", "%H:%M", &parts) : NULL;
    int64_t seconds = parts.tm_hour * 3600 + parts.tm_min * 60;
    *ret_us = (*text == '-' ? -seconds : seconds) * 1000000;
    return strcmp(text, "Z") == 0 || (rest != NULL && *rest == '\0');
}

/* Whether the month has that day: strptime takes a 30th of February. */
static bool day_is_there(const struct tm *parts)
{
    struct tm day = {.tm_year = parts->tm_year, .tm_mon = parts->tm_mon, .tm_mday = parts->tm_mday};
    (void)timegm(&day);
    return day.tm_mday == parts->tm_mday;
}

/* RFC 3339 section 5.6, also with a space for the T and without seconds. */
static bool time_written(const char *text, int64_t *ret_us)
{
    struct tm parts = {0};
    int64_t fraction_us = 0;
    int64_t zone_us = 0;
    const char *date = time_part(text, "0000-00-00", "%Y-%m-%d", &parts);
    const char *rest =
        date != NULL && (*date == 'T' || *date == ' ') ? time_part(date + 1, "00:00", "%H:%M", &parts) : NULL;
    bool has_seconds = rest != NULL && *rest == ':';
    rest = has_seconds ? time_part(rest, ":00", ":%S", &parts) : rest;
    if (rest == NULL || !day_is_there(&parts)) {
        return false;
    }
    if (has_seconds && rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9') {
        int64_t unit = 100000;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10) {
            fraction_us += (*rest - '0') * unit;
        }
    }
    bool has_zone = zone_written(rest, &zone_us);
    *ret_us = (int64_t)timegm(&parts) * 1000000 + fraction_us - zone_us;
    return has_zone;
}

enum status command__moment(const char *option, const char *words, const char *text,
                            struct command_moment *ret_moment, struct error *error)
{
    struct command_moment moment = {0};
    enum status status = STATUS_OK;
    moment.is_time = time_ago(text, &moment.time_us) || time_written(text, &moment.time_us);
    if (!moment.is_time) {
        status = command__number(option, text, 0, &moment.lsn, error);
    }
    *ret_moment = moment;
    return status == STATUS_OK
               ? status
               : error_set(
                     error, STATUS_INVALID,
                     "%s must be %sa number (an LSN), a time with its zone, like 2026-11-21T08:15:30Z or "
                     "'2026-11-21 14:00+01:00', or how long ago, like 90s, 15m, 6h or 3d, not %s",
                     option, words, text);
}

static enum status put_moment(struct command_request *request, enum wire_field lsn_field,
                              enum wire_field time_field, const char *option, const char *words,
                              const char *text, struct error *error)
{
    struct command_moment moment;
    enum status status = command__moment(option, words, text, &moment, error);
    if (status == STATUS_OK && moment.is_time) {
        command__put_number(request, time_field,
                            moment.time_us < 0 ? 0
                                               : (uint64_t)moment.time_us); /* nothing is older than 1970 */
    } else if (status == STATUS_OK) {
        command__put_number(request, lsn_field, moment.lsn);
    }
    return status;
}

enum status command__put_as_of(struct command_request *request, const char *text, struct error *error)
{
    return text == NULL
               ? STATUS_OK
               : put_moment(request, WIRE_FIELD_AS_OF, WIRE_FIELD_AS_OF_TIME, "--as-of", "", text, error);
}

enum status command__put_since(struct command_request *request, const char *text, struct error *error)
{
    return text == NULL
               ? STATUS_OK
               : put_moment(request, WIRE_FIELD_SINCE, WIRE_FIELD_SINCE_TIME, "--since", "", text, error);
}

enum status command__put_start(struct command_request *request, const char *text, struct error *error)
{
    const char *start = text == NULL ? "latest" : text;
    if (strcmp(start, "latest") == 0 || strcmp(start, "oldest") == 0 || strcmp(start, "snapshot") == 0) {
        command__put_text(request, WIRE_FIELD_START, start);
        return STATUS_OK;
    }
    return put_moment(request, WIRE_FIELD_START, WIRE_FIELD_START_TIME, "--from",
                      "latest, oldest, snapshot, ", start, error);
}

void command__finish(struct command_request *request, struct buffer *ret_body)
{
    codec_put_map(ret_body, request->count);
    buffer_put(ret_body, buffer_bytes(&request->fields));
    buffer_reset(&request->fields);
    request->count = 0;
}

enum status command__ask(struct client *client, enum wire_type type, struct command_request *request,
                         struct arena *arena, struct value *ret_answer, struct error *error)
{
    struct buffer body = {0};
    command__finish(request, &body);
    enum status status = client_request(client, type, &body, arena, ret_answer, error);
    buffer_reset(&body);
    return status;
}
