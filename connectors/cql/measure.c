#include "measure.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "base/metric.h"
#include "gate/measure.h"
#include "session.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters, atomic */
static struct metric connections = GATE_CONNECTIONS("cql");

static struct metric evictions = {.kind = METRIC_COUNTER,
                                  .name = "oxbow_cql_prepared_evictions_total",
                                  .help = "Prepared statements that went for want of room."};

static struct gate_operation query = GATE_OPERATION("cql", "QUERY");
static struct gate_operation prepare = GATE_OPERATION("cql", "PREPARE");
static struct gate_operation execute = GATE_OPERATION("cql", "EXECUTE");
static struct gate_operation batch = GATE_OPERATION("cql", "BATCH");
static struct gate_operation other = GATE_OPERATION("cql", "other"); /* about the connection itself */

static struct {
    enum cql_code code;
    enum gate_result result;
    struct metric metric;
} failures[] = {
    {CQL_SERVER_ERROR, GATE_FAILED, GATE_ERRORS("cql", "SERVER_ERROR")},
    {CQL_PROTOCOL_ERROR, GATE_REFUSED, GATE_ERRORS("cql", "PROTOCOL_ERROR")},
    {CQL_AUTHENTICATION_ERROR, GATE_REFUSED, GATE_ERRORS("cql", "AUTHENTICATION_ERROR")},
    {CQL_UNAVAILABLE, GATE_FAILED, GATE_ERRORS("cql", "UNAVAILABLE")},
    {CQL_OVERLOADED, GATE_THROTTLED, GATE_ERRORS("cql", "OVERLOADED")},
    {CQL_TRUNCATE_ERROR, GATE_FAILED, GATE_ERRORS("cql", "TRUNCATE_ERROR")},
    {CQL_WRITE_TIMEOUT, GATE_FAILED, GATE_ERRORS("cql", "WRITE_TIMEOUT")},
    {CQL_READ_TIMEOUT, GATE_FAILED, GATE_ERRORS("cql", "READ_TIMEOUT")},
    {CQL_READ_FAILURE, GATE_FAILED, GATE_ERRORS("cql", "READ_FAILURE")},
    {CQL_FUNCTION_FAILURE, GATE_REFUSED, GATE_ERRORS("cql", "FUNCTION_FAILURE")},
    {CQL_WRITE_FAILURE, GATE_FAILED, GATE_ERRORS("cql", "WRITE_FAILURE")},
    {CQL_CAS_WRITE_UNKNOWN, GATE_FAILED, GATE_ERRORS("cql", "CAS_WRITE_UNKNOWN")},
    {CQL_SYNTAX_ERROR, GATE_REFUSED, GATE_ERRORS("cql", "SYNTAX_ERROR")},
    {CQL_UNAUTHORIZED, GATE_REFUSED, GATE_ERRORS("cql", "UNAUTHORIZED")},
    {CQL_INVALID, GATE_REFUSED, GATE_ERRORS("cql", "INVALID")},
    {CQL_CONFIG_ERROR, GATE_REFUSED, GATE_ERRORS("cql", "CONFIG_ERROR")},
    {CQL_ALREADY_EXISTS, GATE_REFUSED, GATE_ERRORS("cql", "ALREADY_EXISTS")},
    {CQL_UNPREPARED, GATE_REFUSED, GATE_ERRORS("cql", "UNPREPARED")},
};
static const char *const failure_names[] = {
    "SERVER_ERROR",   "PROTOCOL_ERROR",    "AUTHENTICATION_ERROR", "UNAVAILABLE",  "OVERLOADED",
    "TRUNCATE_ERROR", "WRITE_TIMEOUT",     "READ_TIMEOUT",         "READ_FAILURE", "FUNCTION_FAILURE",
    "WRITE_FAILURE",  "CAS_WRITE_UNKNOWN", "SYNTAX_ERROR",         "UNAUTHORIZED", "INVALID",
    "CONFIG_ERROR",   "ALREADY_EXISTS",    "UNPREPARED",
};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */
_Static_assert(ARRAY_COUNT(failure_names) == ARRAY_COUNT(failures), "each failure has its name");

enum {
    REQUEST_ID_BYTES = 64,
};

void cql__measure_open(void)
{
    metric_register(&connections);
    metric_register(&evictions);
}

void cql__measure_connections(int64_t more)
{
    metric_add(&connections, more);
}

void cql__measure_eviction(void)
{
    metric_add(&evictions, 1);
}

/* ARRAY_COUNT(failures): it has no counter. */
static size_t failure_find(enum cql_code code)
{
    size_t i = 0;
    while (i < ARRAY_COUNT(failures) && failures[i].code != code) {
        i++;
    }
    return i;
}

void cql__measure_failure(enum cql_code code)
{
    size_t at = failure_find(code);
    if (at < ARRAY_COUNT(failures)) {
        gate_measure_error(&failures[at].metric);
    }
}

static struct gate_operation *operation_of(enum cql_opcode opcode)
{
    switch ((int)opcode) {
    case OPCODE_QUERY:
        return &query;
    case OPCODE_PREPARE:
        return &prepare;
    case OPCODE_EXECUTE:
        return &execute;
    case OPCODE_BATCH:
        return &batch;
    default:
        return &other;
    }
}

/* The id that a traced request's client got; otherwise the client's address and its number of the request. */
static void flight_put_id(const struct flight *flight, char text[REQUEST_ID_BYTES])
{
    const uint8_t *id = flight->request.tracing_id;
    const struct stream_address *remote = &flight->session->remote;
    if (flight->request.is_traced) {
        (void)snprintf(text, REQUEST_ID_BYTES,
                       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0], id[1],
                       id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11], id[12], id[13],
                       id[14], id[15]);
    } else {
        char host[INET6_ADDRSTRLEN] = "";
        bool is_v4 = remote->host_bytes == 4;
        (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, remote->host, host, sizeof(host));
        (void)snprintf(text, REQUEST_ID_BYTES, is_v4 ? "%s:%u/%d" : "[%s]:%u/%d", host, remote->port,
                       flight->stream);
    }
}

static bool text_has_secret(struct bytes text)
{
    static const char word[] = "password";
    bool has = false;
    for (size_t i = 0; i + sizeof(word) - 1 <= text.size; i++) {
        has = has || strncasecmp((const char *)text.data + i, word, sizeof(word) - 1) == 0;
    }
    return has;
}

/* The text of the first statement; of a prepared one the table it is about. */
static struct bytes flight_subject(struct flight *flight)
{
    const struct cql_message *message = &flight->message;
    const struct prepared_entry *entry = flight->entries == NULL ? NULL : flight->entries[0];
    if (message->statements_count == 0) {
        return (struct bytes){0};
    }
    if (entry == NULL) {
        struct bytes text = message->statements[0].text;
        return text_has_secret(text) ? bytes_of_text("(a statement with a password)") : text;
    }
    const struct cql_metadata *told =
        entry->told.result.count > 0 ? &entry->told.result : &entry->told.variables;
    if (told->count == 0) {
        return (struct bytes){0};
    }
    return bytes_of_text(arena_format(&flight->arena, "%.*s.%.*s", (int)told->columns[0].keyspace.size,
                                      (const char *)told->columns[0].keyspace.data,
                                      (int)told->columns[0].table.size,
                                      (const char *)told->columns[0].table.data));
}

void cql__measure_request(struct flight *flight)
{
    size_t at = flight->has_failed ? failure_find(flight->failed) : ARRAY_COUNT(failures);
    bool is_known = at < ARRAY_COUNT(failures);
    struct gate_operation *operation = operation_of(flight->message.opcode);
    enum gate_result result = is_known ? failures[at].result : flight->has_failed ? GATE_FAILED : GATE_DONE;
    int64_t elapsed_us = gate_measure(operation, result, flight->request.began_us);
    if (is_known) {
        gate_measure_error(&failures[at].metric);
    }
    if (elapsed_us > 0) {
        char id[REQUEST_ID_BYTES];
        flight_put_id(flight, id);
        const struct gate_slow slow = {.operation = operation,
                                       .elapsed_us = elapsed_us,
                                       .request_id = bytes_of_text(id),
                                       .principal = flight->request.principal,
                                       .subject = flight_subject(flight),
                                       .error =
                                           is_known ? bytes_of_text(failure_names[at]) : (struct bytes){0}};
        gate_slow_tell(&slow);
    }
}
