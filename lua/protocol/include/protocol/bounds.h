/* Limits of functions and their workers. */
#ifndef PROTOCOL_BOUNDS_H
#define PROTOCOL_BOUNDS_H

enum {
    PROTOCOL_MESSAGE_BYTES_MAX =
        16 * 1024 * 1024,          /* one message, either way; beyond it the worker is ended */
    FUNCTION_NAME_BYTES_MAX = 140, /* as Lambda's */
    FUNCTION_MODULES_MAX = 64,
    FUNCTION_SOURCE_BYTES_MAX = 1024 * 1024, /* all modules together */
    FUNCTION_EFFECTS_MAX =
        9999, /* writes of one invocation: with the cursor, the changes of one transaction */
    FUNCTION_EFFECT_BYTES_MAX = 8 * 1024 * 1024,
    FUNCTION_LINES_MAX = 1000,                  /* log lines of one invocation; more are counted, not kept */
    FUNCTION_LINE_BYTES_MAX = 4096,             /* longer ones are cut */
    FUNCTION_READS_MAX = 1000,                  /* get and query calls of one invocation */
    FUNCTION_QUERY_BYTES_MAX = 8 * 1024 * 1024, /* of what one query gives */
    FUNCTION_QUERY_PAGES_MAX = 16,              /* of the store, 1 MiB each, that one query looks at */
    FUNCTION_DEADLINE_MS_DEFAULT = 5000,
    FUNCTION_DEADLINE_MS_MAX = 900000,
    FUNCTION_MEMORY_BYTES_DEFAULT = 64 * 1024 * 1024,
    FUNCTION_MEMORY_BYTES_MIN = 4 * 1024 * 1024,
    FUNCTION_MEMORY_BYTES_MAX = 1024 * 1024 * 1024,
    FUNCTION_DEPTH_MAX = 32, /* tables inside each other in what a function gives back */
};

#endif
