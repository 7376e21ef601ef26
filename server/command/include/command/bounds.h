/* Limits of the command line. */
#ifndef COMMAND_BOUNDS_H
#define COMMAND_BOUNDS_H

enum {
    COMMAND_TIMEOUT_MS = 10000,             /* for an answer */
    COMMAND_IMPORT_TIMEOUT_MS = 120000,     /* for the next of an import's answers */
    COMMAND_WORDS_MAX = 16,                 /* words of one command line besides options */
    COMMAND_IMPORT_UNDER_WAY_MAX = 512,     /* puts of an import that wait for their answers */
    COMMAND_TAIL_CREDIT = 4096,             /* records a tail is ready for */
    COMMAND_SOURCE_BYTES_MAX = 1024 * 1024, /* one Lua file */
    COMMAND_TOP_INTERVAL_MS = 2000,         /* between two looks, unless told otherwise */
    COMMAND_TOP_INTERVAL_MS_MIN = 100,
    COMMAND_TOP_INTERVAL_MS_MAX = 3600000,
    COMMAND_TOP_ROWS_MAX = 256,                /* operations of one table; the busiest are shown */
    COMMAND_LINE_BYTES_MAX = 32 * 1024 * 1024, /* of a file that is imported */
    COMMAND_IMPORT_COLUMNS_MAX = 4096,         /* of CSV */
};

#endif
