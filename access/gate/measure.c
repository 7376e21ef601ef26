#include "gate/measure.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "gate/bounds.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): atomic, of the whole process */
static _Atomic int64_t slow_us = GATE_SLOW_MS_DEFAULT * 1000LL;
static struct metric slow_total = {.kind = METRIC_COUNTER,
                                   .name = "oxbow_slow_requests_total",
                                   .help = "Requests that took longer than --slow-ms."};
static struct diagnostic_rate slow_rate = {.lines_max = GATE_SLOW_LINES_MAX, .period_us = 1000000};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

int64_t gate_measure(struct gate_operation *operation, enum gate_result result, int64_t began_us)
{
    int64_t elapsed_us = clock_steady_us(clock_system()) - began_us;
    int64_t threshold_us = atomic_load_explicit(&slow_us, memory_order_relaxed);
    metric_register(&operation->duration);
    metric_observe(&operation->duration, elapsed_us);
    metric_register(&operation->results[result]);
    metric_add(&operation->results[result], 1);
    return threshold_us > 0 && elapsed_us >= threshold_us ? elapsed_us : 0;
}

void gate_measure_error(struct metric *error)
{
    metric_register(error);
    metric_add(error, 1);
}

/* At most GATE_SLOW_SUBJECT_BYTES, ending with a whole character. */
static struct bytes subject_cut(struct bytes subject)
{
    size_t size = subject.size < GATE_SLOW_SUBJECT_BYTES ? subject.size : GATE_SLOW_SUBJECT_BYTES;
    while (size > 0 && size < subject.size && (subject.data[size] & 0xC0) == 0x80) {
        size--;
    }
    return bytes_of(subject.data, size);
}

void gate_slow_tell(const struct gate_slow *slow)
{
    char held[DIAGNOSTIC_NUMBER_BYTES];
    char ms[32];
    metric_register(&slow_total);
    metric_add(&slow_total, 1);
    if (!diagnostic_may_tell(&slow_rate, held)) {
        return;
    }
    (void)snprintf(ms, sizeof(ms), "%lld.%03lld", (long long)(slow->elapsed_us / 1000),
                   (long long)(slow->elapsed_us % 1000));
    const struct diagnostic_field fields[] = {
        {.name = "door", .text = bytes_of_text(slow->operation->door)},
        {.name = "operation", .text = bytes_of_text(slow->operation->name)},
        {.name = "ms", .text = bytes_of_text(ms), .is_number = true},
        {.name = "request", .text = slow->request_id},
        {.name = "principal", .text = slow->principal},
        {.name = "error", .text = slow->error},
        {.name = "subject", .text = subject_cut(slow->subject)},
        {.name = "held_back", .text = bytes_of_text(held), .is_number = true},
    };
    diagnostic_write_fields(DIAGNOSTIC_WARNING, "slow", fields, ARRAY_COUNT(fields), "a slow request");
}

void gate_slow_set(uint64_t threshold_ms)
{
    atomic_store(&slow_us, (int64_t)threshold_ms * 1000);
}
