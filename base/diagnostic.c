#include "base/diagnostic.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

/* Atomic, set once at start. NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
static _Atomic int diagnostic_level_least = DIAGNOSTIC_INFO;

static const char *const diagnostic_level_names[] = {
    [DIAGNOSTIC_DEBUG] = "debug",
    [DIAGNOSTIC_INFO] = "info",
    [DIAGNOSTIC_WARNING] = "warning",
    [DIAGNOSTIC_ERROR] = "error",
};

void diagnostic_level_set(enum diagnostic_level level)
{
    atomic_store(&diagnostic_level_least, (int)level);
}

static void diagnostic_write_list(const char *level, const char *component, const char *format,
                                  va_list arguments)
{
    char time[CLOCK_TEXT_BYTES];
    char text[1024];
    clock_format(clock_wall_us(clock_system()), time);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    /* one call, so that lines of several threads do not mix */
    (void)fprintf(stderr, "%s %-7s %s: %s\n", time, level, component, text);
}

void diagnostic_write(enum diagnostic_level level, const char *component, const char *format, ...)
{
    if ((int)level < atomic_load_explicit(&diagnostic_level_least, memory_order_relaxed)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    diagnostic_write_list(diagnostic_level_names[level], component, format, arguments);
    va_end(arguments);
}

_Noreturn void diagnostic_fatal(const char *component, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    diagnostic_write_list("fatal", component, format, arguments);
    va_end(arguments);
    _exit(DIAGNOSTIC_FATAL_EXIT_CODE);
}
