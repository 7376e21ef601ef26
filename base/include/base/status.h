/* What a call came to: the value a caller branches on. The words for a person are in struct error. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

/* Name, and what it means for the caller. The order is part of the native protocol: append only. */
#define STATUS_LIST(X)                                                                                       \
    X(OK, "ok")                                                                                              \
    X(NOT_FOUND, "not found")                                                                                \
    X(EXISTS, "exists already")                                                                              \
    X(INVALID, "invalid input")                                                                              \
    X(TOO_LARGE, "over a limit")                                                                             \
    X(BUSY, "a queue is full, try again")                                                                    \
    X(FULL, "no space")                                                                                      \
    X(IO, "input or output failed")                                                                          \
    X(CORRUPT, "damaged data")                                                                               \
    X(NEWER, "written by a newer version")                                                                   \
    X(CONDITION, "the condition does not hold")                                                              \
    X(CONFLICT, "the read set changed")                                                                      \
    X(MISMATCH, "the token was used with another request")                                                   \
    X(STALE, "planned against an older schema")                                                              \
    X(DENIED, "not allowed")                                                                                 \
    X(UNKNOWN, "the outcome is unknown")                                                                     \
    X(TRIMMED, "the position is no longer, or was never, in the log")                                        \
    X(CLOCK, "the clock cannot be trusted")                                                                  \
    X(CLOSED, "closed or stopping")                                                                          \
    X(TIMEOUT, "time is up")                                                                                 \
    X(UNSUPPORTED, "not supported")                                                                          \
    X(FUNCTION, "the function failed")                                                                       \
    X(END, "nothing follows")

enum status {
#define STATUS_ENUM(name, text) STATUS_##name,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
};

/* The name as it appears in protocols and diagnostics ("NOT_FOUND"), and a short text. Never NULL. */
const char *status_name(enum status status);
const char *status_text(enum status status);

#endif
