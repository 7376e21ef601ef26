/* The child process in which one function version runs: `oxbow worker`. DESIGN §10. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

enum {
    WORKER_DESCRIPTOR = 3, /* the socket to the host */
};

/* Gives up what a function must not have (files, network, other processes), then serves its socket until it ends.
 * Returns the exit code. The process must have one thread. */
int worker_main(void);

#endif
