/* Assertions that stay on in release, and function attributes. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((__format__(__printf__, text, first)))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A cheap fact that must hold, kept in release. It finds our own bugs; what comes from disk, socket or script is
 * validated and answered with a status, never checked. A failure prints where and aborts. */
#define CHECK(fact) ((fact) ? (void)0 : check_failed(#fact, __FILE__, __LINE__, __func__))

_Noreturn void check_failed(const char *fact, const char *file, int line, const char *function);

#endif
