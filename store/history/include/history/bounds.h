/* Limits of history. */
#ifndef HISTORY_BOUNDS_H
#define HISTORY_BOUNDS_H

enum {
    HISTORY_PAGE_RECORDS_MAX = 1000, /* records of one page of `history KEY` */
    HISTORY_REVERSE_KEYS_MAX =
        1 << 20, /* changed keys that a reverse walk as of an LSN holds; over it: TOO_LARGE */
};

#endif
