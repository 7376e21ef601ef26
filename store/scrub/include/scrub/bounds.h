/* Limits of scrubs. */
#ifndef SCRUB_BOUNDS_H
#define SCRUB_BOUNDS_H

enum {
    SCRUB_ROWS_MAX = 5000,                 /* rows, entries or values of one step … */
    SCRUB_BYTES_MAX = 4 * 1024 * 1024,     /* … and their bytes: some tens of milliseconds */
    SCRUB_POSITION_BYTES_MAX = 512 * 1024, /* of a position: a key, and what goes with it */
};

#endif
