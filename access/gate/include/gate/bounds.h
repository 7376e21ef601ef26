/* Limits at the gate. */
#ifndef GATE_BOUNDS_H
#define GATE_BOUNDS_H

enum {
    GATE_ITEM_BYTES_MAX = 4 * 1024 * 1024, /* one item as encoded; over it: STATUS_TOO_LARGE */
    GATE_CHANGES_MAX = 10000,              /* of one transaction; over it: STATUS_TOO_LARGE */
    GATE_TRANSACTION_STEP =
        64, /* records first looked back for the beginning of a transaction; then its powers */
    GATE_SLOW_MS_DEFAULT = 1000,   /* a request that takes longer is told in the slow-operation log */
    GATE_SLOW_MS_MAX = 3600000,    /* that the log may be told to wait */
    GATE_SLOW_SUBJECT_BYTES = 240, /* of a table or statement in its line; the rest is cut */
    GATE_SLOW_LINES_MAX = 100,     /* told in a second; others are counted */
    GATE_READERS_MIN = 2,          /* threads for long reads; as many as there are processors, */
    GATE_READERS_MAX = 8,          /* but no more */
    GATE_READERS_NICE = 5,         /* their nice value above the server's */
    GATE_PLANS_MAX = 3,            /* times a transaction is planned when the table changes under it */
};

#endif
