/* The inside of the pool, for this folder's files. */
#ifndef POOL_PRIVATE_H
#define POOL_PRIVATE_H

#include "pool/pool.h"

/* Asks the launcher for a worker process: its socket, and a descriptor of the process to kill it by.
 * Thread: any; one at a time. */
MUST_USE enum status pool__spawn(struct launcher *launcher, int *ret_socket, int *ret_process,
                                 struct error *error);

#endif
