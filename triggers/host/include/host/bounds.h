/* Limits of the trigger floor. */
#ifndef HOST_BOUNDS_H
#define HOST_BOUNDS_H

enum {
    HOST_TASKS_MAX = 256,      /* deployments, invocations and the like that wait; over it: STATUS_BUSY */
    HOST_VERSIONS_MAX = 10000, /* of one function */
};

#endif
