/* Limits of reads. */
#ifndef READ_BOUNDS_H
#define READ_BOUNDS_H

enum {
    READ_PAGE_ROWS_MAX = 100000,       /* rows of one page */
    READ_PAGE_BYTES_MAX = 1024 * 1024, /* a page ends with the row that passes this */
    READ_PAGE_SCAN_ROWS_MAX = 100000,  /* rows looked at for one page; fewer may match, more may follow */
};

#endif
