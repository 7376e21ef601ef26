/* Time. Everything that reads a clock takes a struct clock, so tests can bring their own. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times are microseconds: wall time since 1970-01-01T00:00:00Z, steady time since some fixed moment (boot). */
struct clock {
    int64_t (*wall_us)(void *context);
    int64_t (*steady_us)(void *context); /* counts suspended time too (CLOCK_BOOTTIME) */
    /* Whether the wall clock is kept right by others (NTP, as adjtimex(2) tells); NULL: it is not. */
    bool (*is_synchronized)(void *context);
    void *context;
};

/* The machine's own clocks. Any thread. */
const struct clock *clock_system(void);

static inline int64_t clock_wall_us(const struct clock *clock)
{
    return clock->wall_us(clock->context);
}

static inline int64_t clock_steady_us(const struct clock *clock)
{
    return clock->steady_us(clock->context);
}

static inline bool clock_is_synchronized(const struct clock *clock)
{
    return clock->is_synchronized != NULL && clock->is_synchronized(clock->context);
}

/* Of milliseconds; what is beyond the range is its end. */
static inline int64_t clock_us_of_ms(int64_t ms)
{
    int64_t us = 0;
    return __builtin_mul_overflow(ms, 1000, &us) ? (ms < 0 ? INT64_MIN : INT64_MAX) : us;
}

enum {
    CLOCK_TEXT_BYTES = 32,
};

/* RFC 3339 in UTC with microseconds, "2026-11-21T08:15:30.000001Z". `text` has CLOCK_TEXT_BYTES. */
void clock_format(int64_t wall_us, char *text);

#endif
