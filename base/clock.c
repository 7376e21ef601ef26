#include "base/clock.h"

#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

#include "base/check.h"

static int64_t clock_read_us(clockid_t id)
{
    struct timespec now;
    CHECK(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t clock_system_wall_us(void *context)
{
    (void)context;
    return clock_read_us(CLOCK_REALTIME);
}

static int64_t clock_system_steady_us(void *context)
{
    (void)context;
    return clock_read_us(CLOCK_BOOTTIME);
}

static bool clock_system_is_synchronized(void *context)
{
    struct timex state = {0};
    (void)context;
    int result = adjtimex(&state);
    return result != -1 && result != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

const struct clock *clock_system(void)
{
    static const struct clock system_clock = {
        .wall_us = clock_system_wall_us,
        .steady_us = clock_system_steady_us,
        .is_synchronized = clock_system_is_synchronized,
    };
    return &system_clock;
}

void clock_format(int64_t wall_us, char *text)
{
    int64_t seconds = wall_us / 1000000;
    int64_t rest = wall_us % 1000000;
    if (rest < 0) {
        rest += 1000000;
        seconds--;
    }
    time_t time = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL || parts.tm_year > 8099 || parts.tm_year < -1900) {
        (void)snprintf(text, CLOCK_TEXT_BYTES, "%lldus", (long long)wall_us);
        return;
    }
    size_t used = strftime(text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text + used, CLOCK_TEXT_BYTES - used, ".%06dZ", (int)rest);
}
