/* What every door counts of its requests, and what it says about slow ones. One table of operations per door, each entry a
 * static object. Thread: any. */
#ifndef GATE_MEASURE_H
#define GATE_MEASURE_H

#include "base/bytes.h"
#include "base/metric.h"

/* How a request ended, as clients see it. */
enum gate_result {
    GATE_DONE,
    GATE_REFUSED,   /* the request is to blame: malformed, denied, a condition did not hold … */
    GATE_THROTTLED, /* the same request may succeed later: busy, throughput exceeded */
    GATE_FAILED,    /* the server is to blame */
    GATE_RESULTS,
};

struct gate_operation {
    const char *door;
    const char *name;
    struct metric duration;
    struct metric results[GATE_RESULTS];
};

#define GATE_OPERATION_RESULT(door_, name_, result_)                                                         \
    {                                                                                                        \
        .kind = METRIC_COUNTER, .name = "oxbow_requests_total",                                              \
        .labels = "door=\"" door_ "\",operation=\"" name_ "\",result=\"" result_ "\"",                       \
        .help = "Requests that were answered, by door, operation and result."                                \
    }
/* Its initialiser; both names are literals without quotes or backslashes in them. */
#define GATE_OPERATION(door_, name_)                                                                         \
    {                                                                                                        \
        .door = (door_), .name = (name_),                                                                    \
        .duration = {.kind = METRIC_HISTOGRAM_SECONDS,                                                       \
                     .name = "oxbow_request_duration_seconds",                                               \
                     .labels = "door=\"" door_ "\",operation=\"" name_ "\"",                                 \
                     .help = "Time from a request's last byte to its answer, by door and operation."},       \
        .results = {GATE_OPERATION_RESULT(door_, name_, "done"),                                             \
                    GATE_OPERATION_RESULT(door_, name_, "refused"),                                          \
                    GATE_OPERATION_RESULT(door_, name_, "throttled"),                                        \
                    GATE_OPERATION_RESULT(door_, name_, "failed")},                                          \
    }
/* The initialiser of a door's error counter, and of its connections' gauge. */
#define GATE_ERRORS(door_, error_)                                                                           \
    {                                                                                                        \
        .kind = METRIC_COUNTER, .name = "oxbow_request_errors_total",                                        \
        .labels = "door=\"" door_ "\",error=\"" error_ "\"",                                                 \
        .help = "Requests that were answered with an error, by door and the error's name there."             \
    }
#define GATE_CONNECTIONS(door_)                                                                              \
    {                                                                                                        \
        .kind = METRIC_GAUGE, .name = "oxbow_connections", .labels = "door=\"" door_ "\"",                   \
        .help = "Connections that are open, by door."                                                        \
    }

/* A request that began at `began_us` (clock_steady_us) is answered now. Returns how long it took, in microseconds, when that
 * is slow and gate_slow_tell is to be called; otherwise 0. Metrics show from their first use on. */
int64_t gate_measure(struct gate_operation *operation, enum gate_result result, int64_t began_us);
void gate_measure_error(struct metric *error);

/* What a door knows of a slow request. Whatever is empty is left out. */
struct gate_slow {
    const struct gate_operation *operation;
    int64_t elapsed_us;
    struct bytes request_id; /* as the client was told it */
    struct bytes principal;
    struct bytes subject; /* the table, or the statement without what is secret */
    struct bytes error;   /* name of the failure */
};
/* Writes the line of the slow-operation log. */
void gate_slow_tell(const struct gate_slow *slow);
/* Requests that take longer are told; 0: none. GATE_SLOW_MS_DEFAULT until it is called. */
void gate_slow_set(uint64_t threshold_ms);

#endif
