/* What the program says about itself: one line per event on standard error, as text with key=value after the message, or as
 * a JSON object. Control characters never reach the output, so that no name or message can forge a line.
 * Library code returns statuses; only threads that have nobody to return to, and the program's own start and stop,
 * write diagnostics. */
#ifndef BASE_DIAGNOSTIC_H
#define BASE_DIAGNOSTIC_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/check.h"

enum diagnostic_level {
    DIAGNOSTIC_DEBUG,
    DIAGNOSTIC_INFO,
    DIAGNOSTIC_WARNING,
    DIAGNOSTIC_ERROR,
};

enum diagnostic_form {
    DIAGNOSTIC_TEXT, /* 2026-11-21T08:15:30.000001Z warning mapping: a has stopped key=value */
    DIAGNOSTIC_JSON, /* {"time":"…","level":"warning","component":"mapping","message":"…","key":"value"} */
};

enum {
    DIAGNOSTIC_MESSAGE_BYTES_MAX = 1024, /* longer messages are cut */
    DIAGNOSTIC_LINE_BYTES_MAX = 8192,    /* fields that do not fit are cut or left out */
    DIAGNOSTIC_RATE_US = 10 * 1000000,   /* between two lines of what happens again and again */
    DIAGNOSTIC_NUMBER_BYTES = 24,        /* of a number as text, with its NUL */
};

/* Something that a program reads beside the message. */
struct diagnostic_field {
    const char *name;
    struct bytes text; /* left out when it is empty */
    bool is_number;    /* text is one: JSON shows it without quotes */
};

/* Thread: any. `component` is the second-level folder that speaks. */
void diagnostic_write(enum diagnostic_level level, const char *component, const char *format, ...)
    PRINTF_LIKE(3, 4);
void diagnostic_write_fields(enum diagnostic_level level, const char *component,
                             const struct diagnostic_field *fields, size_t count, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* How often something that happens again and again is told; the others are counted. Zeroed but for the first two: not yet. */
struct diagnostic_rate {
    uint32_t lines_max;       /* in a period; 0: one */
    int64_t period_us;        /* 0: DIAGNOSTIC_RATE_US */
    _Atomic int64_t since_us; /* the period's beginning, by the steady clock; 0: there was none */
    _Atomic uint32_t told;    /* lines in it */
    _Atomic uint64_t held;    /* how often none was told, since one was */
};

/* Whether a line may be told now; ret_held is then the number of those held back before it, as text, empty: none. Thread: any. */
bool diagnostic_may_tell(struct diagnostic_rate *rate, char ret_held[DIAGNOSTIC_NUMBER_BYTES]);
/* A line, when it may be told; with a field `held_back` when there are any. Thread: any. */
void diagnostic_write_rarely(struct diagnostic_rate *rate, enum diagnostic_level level, const char *component,
                             const char *format, ...) PRINTF_LIKE(4, 5);
/* Lines below `level` are dropped. At start, and whenever the operator changes it. Thread: any. */
void diagnostic_level_set(enum diagnostic_level level);
/* Thread: any. */
void diagnostic_form_set(enum diagnostic_form form);

/* Says why and ends the process at once, without running exit handlers: the answer to any failure after which memory
 * and disk may disagree (invariant 9). The next start recovers from the log. */
_Noreturn void diagnostic_fatal(const char *component, const char *format, ...) PRINTF_LIKE(2, 3);

enum {
    DIAGNOSTIC_FATAL_EXIT_CODE = 70,
};

#endif
