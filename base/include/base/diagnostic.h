/* What the program says about itself: one line per event on standard error, as text with key=value after the message, or as
 * a JSON object. Control characters never reach the output, so that no name or message can forge a line.
 * Library code returns statuses; only threads that have nobody to return to, and the program's own start and stop,
 * write diagnostics. */
#ifndef BASE_DIAGNOSTIC_H
#define BASE_DIAGNOSTIC_H

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
/* What happens again and again; zeroed: not yet. */
struct diagnostic_rate {
    int64_t told_us; /* when it was told last, by the steady clock */
    uint64_t held;   /* how often it was not, since */
};

/* A line, unless there was one in the last DIAGNOSTIC_RATE_US; the next has a field `held_back` with how many there were
 * between. Thread: one at a time for each `rate`. */
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
