/* Limits of history. */
#ifndef HISTORY_BOUNDS_H
#define HISTORY_BOUNDS_H

enum {
    HISTORY_PAGE_RECORDS_MAX = 1000, /* records of one page of `history KEY` */
};

#endif
