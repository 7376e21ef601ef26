/* What the door counts of its requests, and what it says about slow ones. */
#include "gate/measure.h"

#include "base/clock.h"
#include "dynamodb_private.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters, atomic */
static struct gate_operation operations[] = {
#define MEASURE_OPERATION(operation, function) GATE_OPERATION("dynamodb", #operation),
    DYNAMODB_OPERATIONS(MEASURE_OPERATION)
#undef MEASURE_OPERATION
};

/* Requests that name no operation there is. */
static struct gate_operation unknown = GATE_OPERATION("dynamodb", "unknown");

static struct metric connections = GATE_CONNECTIONS("dynamodb");

static struct metric errors[] = {[AWS_NO_FAILURE] = {.name = NULL},
#define MEASURE_ERROR(kind_, type, status, member) [AWS_FAILURE_##kind_] = GATE_ERRORS("dynamodb", #kind_),
                                 AWS_FAILURES(MEASURE_ERROR)
#undef MEASURE_ERROR
};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

struct metric *measure_connections(void)
{
    metric_register(&connections);
    return &connections;
}

void measure_begin(struct call *call)
{
    call->began_us = clock_steady_us(clock_system());
}

void measure_operation(struct call *call, size_t operation)
{
    call->measured = operation + 1;
}

static enum gate_result measure_result(enum aws_failure_kind kind)
{
    if (kind == AWS_NO_FAILURE) {
        return GATE_DONE;
    }
    bool is_throttled = kind == AWS_FAILURE_THROTTLING || kind == AWS_FAILURE_THROUGHPUT_EXCEEDED ||
                        kind == AWS_FAILURE_UNAVAILABLE;
    return is_throttled ? GATE_THROTTLED : aws_failure_status(kind) >= 500 ? GATE_FAILED : GATE_REFUSED;
}

/* The table that the request names, or its statement. */
static struct bytes measure_subject(const struct call *call)
{
    struct bytes table = call->input == NULL ? (struct bytes){0} : text_of(call->input, "TableName");
    return table.size > 0 || call->input == NULL ? table : text_of(call->input, "Statement");
}

void measure_end(struct call *call, const char *request_id)
{
    enum aws_failure_kind kind = call->failure.kind;
    struct gate_operation *operation = call->measured > 0 ? &operations[call->measured - 1] : &unknown;
    int64_t elapsed_us = gate_measure(operation, measure_result(kind), call->began_us);
    if (kind != AWS_NO_FAILURE) {
        gate_measure_error(&errors[kind]);
    }
    if (elapsed_us > 0) {
        struct gate_slow slow = {.operation = operation,
                                 .elapsed_us = elapsed_us,
                                 .request_id = bytes_of_text(request_id),
                                 .principal = call->principal,
                                 .subject = measure_subject(call)};
        if (kind != AWS_NO_FAILURE) {
            slow.error = bytes_of_text(aws_failure_name(kind));
        }
        gate_slow_tell(&slow);
    }
}
