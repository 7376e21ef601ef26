/* Limits at the gate. */
#ifndef GATE_BOUNDS_H
#define GATE_BOUNDS_H

enum {
    GATE_ITEM_BYTES_MAX = 1024 * 1024, /* one item as encoded; over it: STATUS_TOO_LARGE */
    GATE_PAGE_ROWS_DEFAULT = 1000,
};

#endif
