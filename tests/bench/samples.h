/* Latencies of one run, and how they are told. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

enum {
    SAMPLES_MAX = 4000000,
};

struct samples {
    int64_t *us; /* room for SAMPLES_MAX; samples_add drops what is beyond */
    size_t count;
};

int64_t bench_now_us(void); /* steady */
struct samples samples_create(void);
void samples_add(struct samples *samples, int64_t us);
/* Microseconds that `share` (0 to 1) of the samples stay at or below; sorts. */
int64_t samples_at(struct samples *samples, double share);
/* Per second, p50 and p99 on a line; ends the program when there are none. */
void samples_print(struct samples *samples, double seconds);
void samples_reset(struct samples *samples);

#endif
