#include "aws/signature.h"

#include <stdlib.h>
#include <time.h>

#include "aws_private.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";

enum {
    TIME_BYTES = 16, /* "20260101T000000Z" */
    DATE_BYTES = 8,
};

/* What a signature consists of, before anything of it is judged. data is NULL where it is absent. */
struct signature_parts {
    struct bytes credential;
    struct bytes signed_headers;
    struct bytes signature;
    struct bytes time;
    struct bytes expires;
    struct bytes algorithm;
};

/* Everything that a judgement needs. */
struct signature_parse {
    const struct aws_request *request;
    struct arena *arena;
    struct aws_refusal *refusal;
};

static enum status refuse(const struct signature_parse *parse, enum aws_refusal_kind kind, const char *text)
{
    return aws_refuse_with(parse->refusal, kind, text);
}

static bool header_of(const struct aws_request *request, const char *name, struct bytes *ret_value)
{
    return request->header(request->context, name, 0, ret_value);
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes_equal(bytes, bytes_of_text(text));
}

/* --- where it stands -------------------------------------------------------------------------------------------- */

/* "Credential=..., SignedHeaders=..., Signature=...". */
static enum status parts_of_header(const struct signature_parse *parse, struct bytes header,
                                   struct signature_parts *parts)
{
    const struct {
        const char *name;
        struct bytes *part;
    } fields[] = {{"Credential", &parts->credential},
                  {"SignedHeaders", &parts->signed_headers},
                  {"Signature", &parts->signature}};
    struct bytes rest = header;
    struct bytes piece;
    (void)aws__piece_next(&rest, " \t", &parts->algorithm);
    while (aws__piece_next(&rest, ", \t", &piece)) {
        struct bytes value = piece;
        struct bytes name = {0};
        (void)aws__piece_next(&value, "=", &name);
        if (piece.size > 0 && name.size == piece.size) {
            return refuse(parse, AWS_REFUSAL_INCOMPLETE_SIGNATURE,
                          arena_format(parse->arena,
                                       "'%.*s' not a valid key=value pair (missing equal-sign) in "
                                       "Authorization header: '%.*s'.",
                                       (int)piece.size, (const char *)piece.data, (int)header.size,
                                       (const char *)header.data));
        }
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
            if (is_text(name, fields[i].name)) {
                *fields[i].part = value;
            }
        }
    }
    if (!header_of(parse->request, "x-amz-date", &parts->time)) {
        (void)header_of(parse->request, "date", &parts->time);
    }
    return STATUS_OK;
}

static enum status header_check_parts(const struct signature_parse *parse, struct bytes header,
                                      const struct signature_parts *parts)
{
    if (parts->credential.size > 0 && parts->signature.size > 0 && parts->signed_headers.size > 0 &&
        parts->time.size > 0) {
        return STATUS_OK;
    }
    return refuse(
        parse, AWS_REFUSAL_INCOMPLETE_SIGNATURE,
        arena_format(
            parse->arena, "%s%s%s%sAuthorization=%.*s",
            parts->credential.size > 0 ? "" : "Authorization header requires 'Credential' parameter. ",
            parts->signature.size > 0 ? "" : "Authorization header requires 'Signature' parameter. ",
            parts->signed_headers.size > 0 ? "" : "Authorization header requires 'SignedHeaders' parameter. ",
            parts->time.size > 0
                ? ""
                : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
            (int)header.size, (const char *)header.data));
}

static void parts_of_query(const struct signature_parse *parse, struct signature_parts *parts)
{
    const struct {
        const char *name;
        struct bytes *part;
    } fields[] = {{"X-Amz-Algorithm", &parts->algorithm},
                  {"X-Amz-Credential", &parts->credential},
                  {"X-Amz-SignedHeaders", &parts->signed_headers},
                  {"X-Amz-Signature", &parts->signature},
                  {"X-Amz-Date", &parts->time},
                  {"X-Amz-Expires", &parts->expires}};
    struct bytes rest = parse->request->query;
    struct aws_parameter parameter;
    while (aws__parameter_next(&rest, parse->arena, &parameter)) {
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
            if (is_text(parameter.name, fields[i].name)) {
                *fields[i].part = parameter.value;
            }
        }
    }
}

static enum status query_check_parts(const struct signature_parse *parse, const struct signature_parts *parts)
{
    if (parts->credential.size > 0 && parts->signature.size > 0 && parts->signed_headers.size > 0 &&
        parts->time.size > 0 && parts->algorithm.size > 0) {
        return STATUS_OK;
    }
    return refuse(
        parse, AWS_REFUSAL_INCOMPLETE_SIGNATURE,
        arena_format(
            parse->arena, "%s%s%s%s%sRe-examine the query-string parameters.",
            parts->algorithm.size > 0 ? "" : "AWS query-string parameters must include 'X-Amz-Algorithm'. ",
            parts->credential.size > 0 ? "" : "AWS query-string parameters must include 'X-Amz-Credential'. ",
            parts->signature.size > 0 ? "" : "AWS query-string parameters must include 'X-Amz-Signature'. ",
            parts->signed_headers.size > 0
                ? ""
                : "AWS query-string parameters must include 'X-Amz-SignedHeaders'. ",
            parts->time.size > 0 ? "" : "AWS query-string parameters must include 'X-Amz-Date'. "));
}

/* Header or query, and all of it there. */
static enum status signature_find(const struct signature_parse *parse, struct signature_parts *parts,
                                  bool *ret_is_query)
{
    struct bytes header = {0};
    bool has_header = header_of(parse->request, "authorization", &header);
    if (header.size > AWS_AUTHORIZATION_BYTES_MAX ||
        aws__parameters_most(parse->request->query) > AWS_QUERY_PARAMETERS_MAX) {
        return aws_refuse(parse->refusal, AWS_REFUSAL_INCOMPLETE_SIGNATURE);
    }
    parts_of_query(parse, parts);
    *ret_is_query = parts->algorithm.data != NULL;
    if (has_header && *ret_is_query) {
        return refuse(
            parse, AWS_REFUSAL_INVALID_SIGNATURE,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
    }
    header = aws__trim(header);
    if (!*ret_is_query && !bytes_start_with(header, bytes_of_text("AWS4-"))) {
        return aws_refuse(parse->refusal, AWS_REFUSAL_MISSING_TOKEN);
    }
    enum status status = STATUS_OK;
    if (!*ret_is_query) {
        *parts = (struct signature_parts){0}; /* nothing of the query counts */
        status = parts_of_header(parse, header, parts);
    }
    if (status == STATUS_OK) {
        status = *ret_is_query ? query_check_parts(parse, parts) : header_check_parts(parse, header, parts);
    }
    if (status == STATUS_OK && !is_text(parts->algorithm, algorithm)) {
        return refuse(parse, AWS_REFUSAL_INCOMPLETE_SIGNATURE,
                      arena_format(parse->arena, "Unsupported AWS 'algorithm': '%.*s'.",
                                   (int)parts->algorithm.size, (const char *)parts->algorithm.data));
    }
    return status;
}

/* --- what it says ----------------------------------------------------------------------------------------------- */

/* ISO 8601's basic form, or (a Date header) that of HTTP. */
static bool time_read(const char *text, struct tm *ret_parts)
{
    static const char *const forms[] = {"%Y%m%dT%H%M%SZ", "%a, %d %b %Y %H:%M:%S GMT"};
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        struct tm parts = {0};
        const char *end = strptime(text, forms[i], &parts);
        if (end != NULL && *end == '\0' && (i > 0 || strlen(text) == TIME_BYTES)) {
            *ret_parts = parts;
            return true;
        }
    }
    return false;
}

static const char *time_text(struct arena *arena, int64_t time_s)
{
    struct tm parts = {0};
    time_t time = (time_t)time_s;
    char text[64] = "";
    (void)gmtime_r(&time, &parts);
    (void)strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &parts);
    return arena_format(arena, "%s", text);
}

static enum status signature_read_time(const struct signature_parse *parse,
                                       const struct signature_parts *parts, struct aws_signature *signature)
{
    struct tm time = {0};
    const char *text = arena_copy_text(parse->arena, aws__trim(parts->time));
    if (!time_read(text, &time)) {
        return refuse(parse, AWS_REFUSAL_INCOMPLETE_SIGNATURE,
                      arena_format(parse->arena,
                                   "Date must be in ISO-8601 'basic format'. Got '%s'. See "
                                   "http://en.wikipedia.org/wiki/ISO_8601",
                                   text));
    }
    signature->time_s = (int64_t)timegm(&time);
    signature->time = time_text(parse->arena, signature->time_s);
    if (parts->expires.data != NULL) {
        char *end = NULL;
        const char *expires = arena_copy_text(parse->arena, parts->expires);
        unsigned long seconds = strtoul(expires, &end, 10);
        if (*expires < '0' || *expires > '9' || *end != '\0' || seconds > AWS_EXPIRES_SECONDS_MAX) {
            return refuse(parse, AWS_REFUSAL_INVALID_SIGNATURE,
                          arena_format(parse->arena, "X-Amz-Expires must be a number of seconds up to %d.",
                                       AWS_EXPIRES_SECONDS_MAX));
        }
        signature->expires_s = (uint32_t)seconds;
    }
    return STATUS_OK;
}

/* "AKID/20260101/us-east-1/dynamodb/aws4_request". */
static enum status signature_read_credential(const struct signature_parse *parse, struct bytes credential,
                                             struct aws_signature *signature)
{
    struct bytes terminator = {0};
    struct bytes *const fields[] = {&signature->access_key_id, &signature->date, &signature->region,
                                    &signature->service, &terminator};
    struct bytes rest = credential;
    size_t count = 0;
    while (count < ARRAY_COUNT(fields) && aws__piece_next(&rest, "/", fields[count])) {
        count++;
    }
    if (count < ARRAY_COUNT(fields) || rest.size > 0) {
        return refuse(parse, AWS_REFUSAL_INCOMPLETE_SIGNATURE,
                      arena_format(parse->arena,
                                   "Credential must have exactly 5 slash-delimited elements, e.g. "
                                   "keyid/date/region/service/term, got '%.*s'",
                                   (int)credential.size, (const char *)credential.data));
    }
    if (!is_text(terminator, "aws4_request")) {
        return refuse(parse, AWS_REFUSAL_INVALID_SIGNATURE,
                      arena_format(parse->arena,
                                   "Credential should be scoped with a valid terminator: 'aws4_request', "
                                   "not '%.*s'.",
                                   (int)terminator.size, (const char *)terminator.data));
    }
    struct bytes service = parse->request->service;
    if (service.size > 0 && !bytes_equal(signature->service, service)) {
        return refuse(parse, AWS_REFUSAL_INVALID_SIGNATURE,
                      arena_format(parse->arena, "Credential should be scoped to correct service: '%.*s'. ",
                                   (int)service.size, (const char *)service.data));
    }
    if (!bytes_equal(signature->date, bytes_of(signature->time, DATE_BYTES))) {
        return refuse(parse, AWS_REFUSAL_INVALID_SIGNATURE,
                      arena_format(parse->arena,
                                   "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                                   "of date from HTTP: '%.*s' != '%.*s', from '%s'.",
                                   (int)signature->date.size, (const char *)signature->date.data, DATE_BYTES,
                                   signature->time, signature->time));
    }
    return STATUS_OK;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A name of "content-type;host;x-amz-date", in lower case. */
static char *header_name(struct arena *arena, struct bytes piece)
{
    char *name = arena_copy_text(arena, aws__trim(piece));
    for (char *at = name; *at != '\0'; at++) {
        *at = (char)((*at >= 'A' && *at <= 'Z') ? *at - 'A' + 'a' : *at);
    }
    return name;
}

static enum status signature_read_headers(const struct signature_parse *parse, struct bytes signed_headers,
                                          struct aws_signature *signature)
{
    char **names = arena_create_array(parse->arena, AWS_SIGNED_HEADERS_MAX, sizeof(*names));
    struct bytes rest = signed_headers;
    struct bytes piece;
    struct bytes value;
    size_t count = 0;
    bool has_host = false;
    while (aws__piece_next(&rest, ";", &piece)) {
        if (count == AWS_SIGNED_HEADERS_MAX) {
            return refuse(parse, AWS_REFUSAL_INVALID_SIGNATURE, "There are too many SignedHeaders.");
        }
        char *name = header_name(parse->arena, piece);
        if (!header_of(parse->request, name, &value)) {
            return refuse(parse, AWS_REFUSAL_INVALID_SIGNATURE,
                          arena_format(parse->arena,
                                       "'%s' is named as a SignedHeader, but it does not exist in the HTTP "
                                       "request.",
                                       name));
        }
        has_host = has_host || strcmp(name, "host") == 0;
        names[count++] = name;
    }
    if (!has_host) {
        return refuse(parse, AWS_REFUSAL_INVALID_SIGNATURE,
                      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    }
    qsort(names, count, sizeof(*names), name_compare);
    signature->headers = names;
    signature->headers_count = count;
    return STATUS_OK;
}

enum status aws_signature_parse(const struct aws_request *request, struct arena *arena,
                                struct aws_signature *ret_signature, struct aws_refusal *ret_refusal)
{
    const struct signature_parse parse = {.request = request, .arena = arena, .refusal = ret_refusal};
    struct signature_parts parts = {0};
    struct aws_signature signature = {.expires_s = AWS_SKEW_SECONDS_MAX};
    enum status status = signature_find(&parse, &parts, &signature.is_query);
    if (status == STATUS_OK) {
        status = signature_read_time(&parse, &parts, &signature);
    }
    if (status == STATUS_OK) {
        status = signature_read_credential(&parse, parts.credential, &signature);
    }
    if (status == STATUS_OK) {
        status = signature_read_headers(&parse, parts.signed_headers, &signature);
    }
    if (status == STATUS_OK) {
        signature.signature = parts.signature;
        *ret_signature = signature;
    }
    return status;
}

enum status aws_signature_peek(const struct aws_request *request, struct arena *arena,
                               struct aws_signature *ret_signature, struct aws_refusal *ret_refusal)
{
    const struct signature_parse parse = {.request = request, .arena = arena, .refusal = ret_refusal};
    struct signature_parts parts = {0};
    struct aws_signature signature = {0};
    enum status status = signature_find(&parse, &parts, &signature.is_query);
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes *const fields[] = {&signature.access_key_id, &signature.date, &signature.region,
                                    &signature.service};
    struct bytes rest = parts.credential;
    for (size_t i = 0; i < ARRAY_COUNT(fields) && aws__piece_next(&rest, "/", fields[i]); i++) {
    }
    *ret_signature = signature;
    return STATUS_OK;
}

/* --- when ------------------------------------------------------------------------------------------------------- */

enum status aws_signature_check_time(const struct aws_signature *signature, int64_t now_s,
                                     struct arena *arena, struct aws_refusal *ret_refusal)
{
    const int64_t skew_s = AWS_SKEW_SECONDS_MAX;
    const int64_t life_s = signature->expires_s; /* of a signature in the header it is the skew */
    const char *now = time_text(arena, now_s);
    bool is_minutes = life_s % 60 == 0;
    if (signature->time_s > now_s + skew_s) {
        return aws_refuse_with(
            ret_refusal, AWS_REFUSAL_INVALID_SIGNATURE,
            arena_format(arena, "Signature not yet current: %s is still later than %s (%s + %d min.)",
                         signature->time, time_text(arena, now_s + skew_s), now, AWS_SKEW_SECONDS_MAX / 60));
    }
    if (signature->time_s < now_s - life_s) {
        return aws_refuse_with(ret_refusal, AWS_REFUSAL_INVALID_SIGNATURE,
                               arena_format(arena,
                                            "Signature expired: %s is now earlier than %s (%s - %lld %s)",
                                            signature->time, time_text(arena, now_s - life_s), now,
                                            (long long)(is_minutes ? life_s / 60 : life_s),
                                            is_minutes ? "min." : "sec."));
    }
    return STATUS_OK;
}
