#include "samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

int64_t bench_now_us(void)
{
    return clock_steady_us(clock_system());
}

struct samples samples_create(void)
{
    return (struct samples){.us = memory_create_array(SAMPLES_MAX, sizeof(int64_t))};
}

void samples_add(struct samples *samples, int64_t us)
{
    if (samples->count < SAMPLES_MAX) {
        samples->us[samples->count++] = us;
    }
}

static int samples_compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

int64_t samples_at(struct samples *samples, double share)
{
    if (samples->count == 0) {
        return 0;
    }
    qsort(samples->us, samples->count, sizeof(*samples->us), samples_compare);
    size_t at = (size_t)((double)samples->count * share);
    return samples->us[at < samples->count ? at : samples->count - 1];
}

void samples_print(struct samples *samples, double seconds)
{
    if (samples->count == 0) {
        (void)printf("nothing was measured\n");
        exit(1);
    }
    (void)printf("%.0f %lld %lld\n", (double)samples->count / seconds, (long long)samples_at(samples, 0.5),
                 (long long)samples_at(samples, 0.99));
}

void samples_reset(struct samples *samples)
{
    memory_destroy(samples->us);
    *samples = (struct samples){0};
}
