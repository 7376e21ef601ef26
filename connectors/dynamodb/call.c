/* A request's parts and its answer. */
#include <stdarg.h>
#include <stdio.h>

#include "catalog/bounds.h"
#include "dynamodb_private.h"
#include "net/crc32.h"
#include "value/decimal.h"

enum {
    CALL_REQUEST_ID_BYTES = 52,
};

/* A text that was cut ends with a whole character. */
static void text_end_whole(char *text)
{
    size_t size = strlen(text);
    size_t last = size; /* after its first byte */
    while (last > 0 && ((uint8_t)text[last - 1] & 0xC0) == 0x80) {
        last--;
    }
    uint8_t lead = last == 0 ? 0 : (uint8_t)text[last - 1];
    size_t follow = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (last > 0 && size - last < follow) {
        text[last - 1] = '\0';
    }
}

enum status call_fail(struct call *call, enum aws_failure_kind kind, const char *format, ...)
{
    va_list arguments;
    char text[4096];
    if (call->failure.kind != AWS_NO_FAILURE) {
        return STATUS_INVALID;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_end_whole(text);
    call->failure =
        (struct aws_failure){.kind = kind, .text = arena_copy_text(call->arena, bytes_of_text(text))};
    return STATUS_INVALID;
}

enum status call_fail_error(struct call *call, enum status status, const char *text)
{
    static const struct {
        enum status status;
        enum aws_failure_kind kind;
        const char *text; /* NULL: the text that came */
    } kinds[] = {
        {STATUS_INVALID, AWS_FAILURE_VALIDATION, NULL},
        {STATUS_TOO_LARGE, AWS_FAILURE_VALIDATION, NULL},
        {STATUS_NOT_FOUND, AWS_FAILURE_NOT_FOUND, "Requested resource not found"},
        {STATUS_EXISTS, AWS_FAILURE_IN_USE, NULL},
        {STATUS_CONDITION, AWS_FAILURE_CONDITION, "The conditional request failed"},
        {STATUS_MISMATCH, AWS_FAILURE_TOKEN_MISMATCH,
         "DynamoDB rejected the request because you retried a request with a different payload but with an "
         "idempotent token that was already used."},
        {STATUS_STALE, AWS_FAILURE_IN_USE, NULL},
        {STATUS_BUSY, AWS_FAILURE_THROTTLING, NULL},
        {STATUS_DENIED, AWS_FAILURE_ACCESS_DENIED, NULL},
        {STATUS_CLOSED, AWS_FAILURE_UNAVAILABLE, NULL},
        {STATUS_TRIMMED, AWS_FAILURE_TRIMMED, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (kinds[i].status == status) {
            return call_fail(call, kinds[i].kind, "%s", kinds[i].text == NULL ? text : kinds[i].text);
        }
    }
    return call_fail(call, AWS_FAILURE_INTERNAL, "%s", text);
}

enum status call_fail_no_table(struct call *call)
{
    return call_fail(call, AWS_FAILURE_NOT_FOUND, "Requested resource not found");
}

enum status call_fail_no_named_table(struct call *call, struct bytes table)
{
    return call_fail(call, AWS_FAILURE_NOT_FOUND, "Requested resource not found: Table: %.*s not found",
                     (int)table.size, (const char *)table.data);
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static void call_request_id(struct random *random, char *ret_id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint64_t bits = 0;
    for (size_t i = 0; i < CALL_REQUEST_ID_BYTES; i++) {
        bits = i % 12 == 0 ? random_next(random) : bits >> 5;
        ret_id[i] = letters[bits & 31];
    }
    ret_id[CALL_REQUEST_ID_BYTES] = '\0';
}

/* The headers of every answer; what a browser needs besides; how the body is encoded. */
static const char *call_headers(struct call *call, const char *id, struct bytes body, const char *encoding)
{
    struct buffer *headers = &call->door->headers;
    buffer_clear(headers);
    buffer_put_text(headers, "x-amzn-RequestId: ");
    buffer_put_text(headers, id);
    buffer_put_text(headers, "\r\nx-amz-crc32: ");
    buffer_put_decimal(headers, net_crc32(body)); /* over the bytes as sent */
    buffer_put_text(headers, "\r\n");
    if (encoding != NULL) {
        buffer_put_format(headers, "Content-Encoding: %s\r\nVary: Accept-Encoding\r\n", encoding);
    }
    if (http_header(call->exchange, "Origin").size > 0) {
        buffer_put_text(headers, "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: "
                                 "x-amzn-RequestId,x-amz-crc32,Date\r\n");
    }
    buffer_put_u8(headers, '\0');
    return (const char *)headers->data;
}

static void call_send(struct call *call, unsigned status, struct bytes body)
{
    struct bytes asked = http_header(call->exchange, "Content-Type");
    bool is_plain = bytes_start_with(asked, bytes_of_text("application/json"));
    struct buffer packed = {0};
    const char *encoding = NULL;
    char id[CALL_REQUEST_ID_BYTES + 1];
    call_request_id(&call->door->random, id);
    if (http_compress(call->exchange, body, &packed, &encoding)) {
        body = buffer_bytes(&packed);
    }
    struct http_answer answer = {.status = status,
                                 .type = is_plain ? "application/json" : "application/x-amz-json-1.0",
                                 .headers = call_headers(call, id, body, encoding),
                                 .body = body};
    struct http_exchange *exchange = call->exchange;
    measure_end(call, id);
    http_reply(&exchange, &answer);
    buffer_reset(&packed);
}

void call_reply(struct call *call, struct buffer *body)
{
    call_send(call, 200, buffer_bytes(body));
    buffer_reset(body);
}

bool call_was_refused(struct call *call)
{
    if (call->outcome.status == STATUS_OK) {
        return false;
    }
    (void)call_fail_error(call, call->outcome.status, call->outcome.text);
    call_reply_failure(call);
    return true;
}

void call_reply_failure(struct call *call)
{
    struct buffer body = {0};
    aws_failure_put(&call->failure, &body);
    call_send(call, aws_failure_status(call->failure.kind), buffer_bytes(&body));
    buffer_reset(&body);
}

void call_reply_unknown(struct call *call)
{
    call->failure = (struct aws_failure){.kind = AWS_FAILURE_UNKNOWN_OPERATION};
    call_send(call, 404, bytes_of_text("<UnknownOperationException/>\n"));
}

/* --- members ---------------------------------------------------------------------------------------------------- */

const struct value *member_of(const struct value *map, const char *name)
{
    const struct value *found = map == NULL ? NULL : value_map_get(map, bytes_of_text(name));
    return found == NULL || found->kind == VALUE_NULL ? NULL : found;
}

struct bytes text_of(const struct value *map, const char *name)
{
    const struct value *found = member_of(map, name);
    return found != NULL && found->kind == VALUE_TEXT ? found->bytes : (struct bytes){0};
}

bool boolean_of(const struct value *map, const char *name)
{
    const struct value *found = member_of(map, name);
    return found != NULL && found->kind == VALUE_BOOLEAN && found->boolean;
}

int64_t integer_of(const struct value *map, const char *name, int64_t fallback)
{
    const struct value *found = member_of(map, name);
    int64_t number = fallback;
    if (found != NULL && found->kind == VALUE_INTEGER) {
        return found->integer;
    }
    if (found != NULL && found->kind == VALUE_DECIMAL && !decimal_to_integer(&found->decimal, &number)) {
        double real = decimal_to_double(&found->decimal);
        number = real > 9e18 ? INT64_MAX : real < -9e18 ? INT64_MIN : (int64_t)real;
    }
    return number;
}

bool text_is(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_of_text(word));
}

/* The part of an ARN after `mark`, up to the next '/'. */
static struct bytes arn_part(struct bytes arn, const char *mark)
{
    const uint8_t *found = bytes_find(arn, bytes_of_text(mark));
    if (found == NULL) {
        return arn;
    }
    struct bytes rest = bytes_from(arn, (size_t)(found - arn.data) + strlen(mark));
    const uint8_t *slash = bytes_find_byte(rest, '/');
    return slash == NULL ? rest : bytes_part(rest, 0, (size_t)(slash - rest.data));
}

struct bytes call_table_name(struct call *call, const struct value *map)
{
    return table_named(call, text_of(map, "TableName"));
}

bool name_is_arn(struct bytes name)
{
    return bytes_start_with(name, bytes_of_text("arn:"));
}

struct bytes table_of_arn(struct bytes name)
{
    return name_is_arn(name) ? arn_part(name, ":table/") : name;
}

/* Takes arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME apart. False: it is the ARN of anything else. */
static bool table_arn_take(struct bytes arn, struct bytes *ret_region, struct bytes *ret_table)
{
    enum {
        ARN_SERVICE = 2,
        ARN_REGION,
        ARN_ACCOUNT,
        ARN_FIELDS
    };
    static const char mark[] = "table/";
    struct bytes fields[ARN_FIELDS];
    struct bytes rest = arn;
    for (size_t i = 0; i < ARN_FIELDS; i++) {
        const uint8_t *colon = bytes_find_byte(rest, ':');
        if (colon == NULL) {
            return false;
        }
        fields[i] = bytes_part(rest, 0, (size_t)(colon - rest.data));
        rest = bytes_from(rest, fields[i].size + 1);
    }
    if (!name_is_arn(arn) || !text_is(fields[ARN_SERVICE], "dynamodb") ||
        !bytes_start_with(rest, bytes_of_text(mark))) {
        return false;
    }
    *ret_region = fields[ARN_REGION];
    *ret_table = bytes_from(rest, sizeof(mark) - 1);
    return ret_table->size > 0 && bytes_find_byte(*ret_table, '/') == NULL;
}

struct bytes table_named_anywhere(struct bytes name)
{
    struct bytes region = {0};
    struct bytes table = {0};
    return table_arn_take(name, &region, &table) ? table : name;
}

bool arn_is_elsewhere(struct call *call, struct bytes arn)
{
    struct bytes region = {0};
    struct bytes table = {0};
    return table_arn_take(arn, &region, &table) && !bytes_equal(region, call->region);
}

struct bytes table_named(struct call *call, struct bytes name)
{
    return arn_is_elsewhere(call, name) ? name : table_named_anywhere(name);
}

enum status call_fail_arn(struct call *call, struct bytes arn)
{
    if (arn_is_elsewhere(call, arn)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "1 validation error detected: Invalid AWS region in '%.*s'", (int)arn.size,
                         (const char *)arn.data);
    }
    return call_fail(call, AWS_FAILURE_VALIDATION,
                     "Invalid TableArn: Invalid ResourceArn provided as input %.*s", (int)arn.size,
                     (const char *)arn.data);
}

enum status call_table(struct call *call, struct bytes table, const struct schema **ret_schema)
{
    if (name_is_arn(table)) {
        return call_fail_arn(call, table);
    }
    if (!table_find(call, table, ret_schema)) {
        return call_fail_no_table(call);
    }
    if (call->door->options.delay_ms > 0 && strcmp(table_status(call, *ret_schema), "CREATING") == 0) {
        return call_fail_no_table(call);
    }
    return STATUS_OK;
}
