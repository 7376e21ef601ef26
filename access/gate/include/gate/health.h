/* What is unusual about the server now, each with what to do about it: for /ready, `oxbow status` and whoever else asks. */
#ifndef GATE_HEALTH_H
#define GATE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

enum {
    HEALTH_CONDITIONS_MAX = 24,
    HEALTH_TEXT_BYTES = 256,
};

struct health_condition {
    const char *name;   /* snake_case, for programs: "disk_low" */
    bool stops_writes;  /* the server is not ready */
    const char *advice; /* what to do */
    char text[HEALTH_TEXT_BYTES];
};

struct health {
    struct health_condition conditions[HEALTH_CONDITIONS_MAX];
    size_t count;
};

/* Adds a condition; one beyond the most is left out. */
void health_add(struct health *health, const char *name, bool stops_writes, const char *advice,
                const char *format, ...) PRINTF_LIKE(5, 6);
bool health_is_ready(const struct health *health);

#endif
