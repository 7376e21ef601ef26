/* What the program says about itself: one line per event on standard error, key=value after the message.
 * Library code returns statuses; only threads that have nobody to return to, and the program's own start and stop,
 * write diagnostics. */
#ifndef BASE_DIAGNOSTIC_H
#define BASE_DIAGNOSTIC_H

#include "base/check.h"

enum diagnostic_level {
    DIAGNOSTIC_DEBUG,
    DIAGNOSTIC_INFO,
    DIAGNOSTIC_WARNING,
    DIAGNOSTIC_ERROR,
};

/* Thread: any. `component` is the second-level folder that speaks. */
void diagnostic_write(enum diagnostic_level level, const char *component, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Lines below `level` are dropped. Called once at start. */
void diagnostic_level_set(enum diagnostic_level level);

/* Says why and ends the process at once, without running exit handlers: the answer to any failure after which memory
 * and disk may disagree (invariant 9). The next start recovers from the log. */
_Noreturn void diagnostic_fatal(const char *component, const char *format, ...) PRINTF_LIKE(2, 3);

enum {
    DIAGNOSTIC_FATAL_EXIT_CODE = 70,
};

#endif
