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
static _Atomic int64_t told_second; /* the steady clock's, of which … */
static _Atomic uint32_t told_lines; /* … so many lines were told */
static _Atomic uint64_t held_lines; /* those that were not, since one was */
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

/* Whether a line may be told: GATE_SLOW_LINES_MAX in a second, of all threads about. *ret_held: so many were not before it. */
static bool slow_may_tell(uint64_t *ret_held)
{
    int64_t second = clock_steady_us(clock_system()) / 1000000;
    if (atomic_exchange(&told_second, second) != second) {
        atomic_store(&told_lines, 0);
    }
    bool may_tell = atomic_fetch_add(&told_lines, 1) < GATE_SLOW_LINES_MAX;
    if (may_tell) {
        *ret_held = atomic_exchange(&held_lines, 0);
    } else {
        (void)atomic_fetch_add(&held_lines, 1);
    }
    return may_tell;
}

void gate_slow_tell(const struct gate_slow *slow)
{
    uint64_t held = 0;
    char held_text[24] = "";
    char ms[32];
    metric_register(&slow_total);
    metric_add(&slow_total, 1);
    if (!slow_may_tell(&held)) {
        return;
    }
    if (held > 0) {
        (void)snprintf(held_text, sizeof(held_text), "%llu", (unsigned long long)held);
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
        {.name = "held_back", .text = bytes_of_text(held_text), .is_number = true},
    };
    diagnostic_write_fields(DIAGNOSTIC_WARNING, "slow", fields, ARRAY_COUNT(fields), "a slow request");
}

void gate_slow_set(uint64_t threshold_ms)
{
    atomic_store(&slow_us, (int64_t)threshold_ms * 1000);
}
