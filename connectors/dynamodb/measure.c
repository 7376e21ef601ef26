/* What the door tells Prometheus: how long each operation took, and how many failed of which type. A metric shows from its
 * first use on, so that what nobody asks for takes no room. */
#include <stdatomic.h>

#include "base/clock.h"
#include "base/metric.h"
#include "dynamodb_private.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters, atomic */
static struct metric request_us[] = {
#define MEASURE_METRIC(operation, function)                                                                  \
    {.kind = METRIC_HISTOGRAM,                                                                               \
     .name = "oxbow_dynamodb_request_us",                                                                    \
     .labels = "operation=\"" #operation "\"",                                                               \
     .help = "Time of a request from its last byte to its answer, microseconds."},
    DYNAMODB_OPERATIONS(MEASURE_METRIC)
#undef MEASURE_METRIC
};

static struct metric failures_total[] = {[AWS_NO_FAILURE] = {.name = NULL},
#define MEASURE_FAILURE(kind_, type, status, member)                                                         \
    [AWS_FAILURE_##kind_] = {.kind = METRIC_COUNTER,                                                         \
                             .name = "oxbow_dynamodb_failures_total",                                        \
                             .labels = "type=\"" #kind_ "\"",                                                \
                             .help = "Requests that were answered with an error."},
                                         AWS_FAILURES(MEASURE_FAILURE)
#undef MEASURE_FAILURE
};

static atomic_bool request_is_shown[ARRAY_COUNT(request_us)];
static atomic_bool failure_is_shown[ARRAY_COUNT(failures_total)];
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static void measure_show(struct metric *metric, atomic_bool *is_shown)
{
    if (!atomic_exchange_explicit(is_shown, true, memory_order_relaxed)) {
        metric_register(metric);
    }
}

void measure_begin(struct call *call)
{
    call->began_us = clock_steady_us(clock_system());
}

void measure_operation(struct call *call, size_t operation)
{
    call->measured = operation + 1;
}

void measure_end(struct call *call)
{
    size_t failure = (size_t)call->failure.kind;
    if (call->measured > 0) {
        size_t operation = call->measured - 1;
        measure_show(&request_us[operation], &request_is_shown[operation]);
        metric_observe(&request_us[operation], clock_steady_us(clock_system()) - call->began_us);
    }
    if (failure != AWS_NO_FAILURE) {
        measure_show(&failures_total[failure], &failure_is_shown[failure]);
        metric_add(&failures_total[failure], 1);
    }
}
