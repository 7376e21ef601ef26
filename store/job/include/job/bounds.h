/* Limits of background work. */
#ifndef JOB_BOUNDS_H
#define JOB_BOUNDS_H

enum {
    JOB_SWEEP_MS_DEFAULT = 1000, /* between two looks for expired items */
    JOB_SWEEP_MS_MIN = 50,
    JOB_SWEEP_MS_MAX = 86400000,
    JOB_TICK_MS = 100,                        /* between two looks for other work */
    JOB_EXPIRE_ROWS_MAX = 100,                /* expired items removed by one transaction */
    JOB_EXPIRE_SECONDS_MAX = 5 * 365 * 86400, /* items whose expiry is longer past stay, as in DynamoDB */
    JOB_RESTORE_ROWS_MAX = 2000,              /* rows of one transaction of a restore */
    JOB_RESTORE_BYTES_MAX = 512 * 1024,
    JOB_TURN_MS = 1000, /* of one kind of work while others wait; a restore reads from one snapshot so long */
    JOB_CLEAR_ROWS_MAX = 1000, /* rows that leave in one transaction of a deletion of many */
    JOB_CLEAR_BYTES_MAX = 1024 * 1024,
};

#endif
