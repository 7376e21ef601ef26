/* The message for a person that goes with a status: written once, where the facts are known. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/check.h"
#include "base/status.h"

enum {
    ERROR_TEXT_BYTES = 512,
};

/* Lives on the caller's stack; every function that takes one accepts NULL. */
struct error {
    enum status status;
    char text[ERROR_TEXT_BYTES];
};

/* Fills `error` (unless NULL) and returns `status`, so that a failing function can end with it. */
enum status error_set(struct error *error, enum status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same with a text as it is, for what a request of every day meets: nothing is formatted. */
enum status error_set_text(struct error *error, enum status status, const char *text);

/* The same as error_set, ending with what the C library says of `number` (an errno). EIO, ENOSPC etc. choose the status. */
enum status error_set_errno(struct error *error, int number, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "what: " before the text that is there, for context from a caller further up. */
void error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
