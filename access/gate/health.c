#include "gate/health.h"

#include <stdarg.h>
#include <stdio.h>

void health_add(struct health *health, const char *name, bool stops_writes, const char *advice,
                const char *format, ...)
{
    va_list arguments;
    if (health->count == HEALTH_CONDITIONS_MAX) {
        return;
    }
    struct health_condition *condition = &health->conditions[health->count++];
    *condition = (struct health_condition){.name = name, .stops_writes = stops_writes, .advice = advice};
    va_start(arguments, format);
    (void)vsnprintf(condition->text, sizeof(condition->text), format, arguments);
    va_end(arguments);
}

bool health_is_ready(const struct health *health)
{
    bool is_ready = true;
    for (size_t i = 0; i < health->count; i++) {
        is_ready = is_ready && !health->conditions[i].stops_writes;
    }
    return is_ready;
}
