/* Limits at the gate. */
#ifndef GATE_BOUNDS_H
#define GATE_BOUNDS_H

enum {
    GATE_ITEM_BYTES_MAX = 4 * 1024 * 1024, /* one item as encoded; over it: STATUS_TOO_LARGE */
    GATE_CHANGES_MAX = 10000,              /* of one transaction; over it: STATUS_TOO_LARGE */
    GATE_PLANS_MAX = 3, /* times a transaction is planned when the table changes under it */
};

#endif
