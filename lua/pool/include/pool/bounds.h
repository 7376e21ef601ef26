/* Limits of worker processes. */
#ifndef POOL_BOUNDS_H
#define POOL_BOUNDS_H

enum {
    POOL_WORKERS_MAX = 32,  /* processes at a time; an invocation beyond it waits for one to be free */
    POOL_IDLE_SECONDS = 60, /* a worker that nobody needed for so long ends */
    POOL_LOAD_MS = 10000,   /* to start a process and run the function's main module */
    POOL_GRACE_MS = 200,    /* after the deadline, for the friendly error to arrive before the kill */
    POOL_WAIT_MS = 30000,   /* for a free worker; over it: STATUS_BUSY */
};

#endif
