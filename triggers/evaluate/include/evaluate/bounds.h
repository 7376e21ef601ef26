/* Limits of evaluating functions for doors. */
#ifndef EVALUATE_BOUNDS_H
#define EVALUATE_BOUNDS_H

enum {
    EVALUATE_THREADS = 4,                  /* requests whose functions run at a time; others wait for one */
    EVALUATE_JOBS_MAX = 1024,              /* requests that wait; one more: STATUS_BUSY */
    EVALUATE_DEADLINE_MS = 3000,           /* for one message of calls; then the worker is killed */
    EVALUATE_MEMORY_BYTES = 64 << 20,      /* that a function may have */
    EVALUATE_MESSAGE_BYTES = 1 << 20,      /* of arguments, after which a message of calls is full */
    EVALUATE_MESSAGE_BYTES_MAX = 8 << 20,  /* of one message: the last call's arguments and a fold's state */
    EVALUATE_SOURCE_BYTES_MAX = 512 << 10, /* of a function's body */
    EVALUATE_DEPTH_MAX = 32,               /* tables inside each other */
    EVALUATE_TEXT_BYTES = 512,             /* of what a failed function said; the rest is left out */
};

#endif
