#include "measure.h"

#include "base/clock.h"
#include "base/metric.h"

#define REQUEST_METRIC(opcode_)                                                                              \
    [OPCODE_##opcode_] = {.kind = METRIC_HISTOGRAM,                                                          \
                          .name = "oxbow_cql_request_us",                                                    \
                          .labels = "request=\"" #opcode_ "\"",                                              \
                          .help = "Time of a request from its last byte to its answer, microseconds."}
#define FAILURE_METRIC(name_)                                                                                \
    {                                                                                                        \
        .code = CQL_##name_, .metric =                                                                       \
        {.kind = METRIC_COUNTER,                                                                             \
         .name = "oxbow_cql_failures_total",                                                                 \
         .labels = "code=\"" #name_ "\"",                                                                    \
         .help = "Requests that were answered with an error." }                                              \
    }

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters, atomic */
static struct metric connections = {.kind = METRIC_GAUGE,
                                    .name = "oxbow_cql_connections",
                                    .help = "Connections that are open."};

static struct metric request_us[] = {
    REQUEST_METRIC(QUERY),
    REQUEST_METRIC(PREPARE),
    REQUEST_METRIC(EXECUTE),
    REQUEST_METRIC(BATCH),
};

static struct {
    enum cql_code code;
    struct metric metric;
} failures[] = {
    FAILURE_METRIC(SERVER_ERROR),     FAILURE_METRIC(PROTOCOL_ERROR), FAILURE_METRIC(AUTHENTICATION_ERROR),
    FAILURE_METRIC(OVERLOADED),       FAILURE_METRIC(WRITE_TIMEOUT),  FAILURE_METRIC(READ_TIMEOUT),
    FAILURE_METRIC(FUNCTION_FAILURE), FAILURE_METRIC(SYNTAX_ERROR),   FAILURE_METRIC(UNAUTHORIZED),
    FAILURE_METRIC(INVALID),          FAILURE_METRIC(CONFIG_ERROR),   FAILURE_METRIC(ALREADY_EXISTS),
    FAILURE_METRIC(UNPREPARED),
};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

void cql__measure_open(void)
{
    metric_register(&connections);
    for (size_t i = 0; i < ARRAY_COUNT(request_us); i++) {
        if (request_us[i].name != NULL) {
            metric_register(&request_us[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
        metric_register(&failures[i].metric);
    }
}

void cql__measure_connections(int64_t more)
{
    metric_add(&connections, more);
}

void cql__measure_request(enum cql_opcode opcode, int64_t began_us)
{
    CHECK((size_t)opcode < ARRAY_COUNT(request_us) && request_us[opcode].name != NULL);
    metric_observe(&request_us[opcode], clock_steady_us(clock_system()) - began_us);
}

void cql__measure_failure(enum cql_code code)
{
    for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
        if (failures[i].code == code) {
            metric_add(&failures[i].metric, 1);
        }
    }
}
