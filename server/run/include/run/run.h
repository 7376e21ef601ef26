/* The program: `oxbow serve` is wired here; every other verb speaks to a server (server/command). */
#ifndef RUN_RUN_H
#define RUN_RUN_H

/* Returns the exit code: 0 done, 1 failed, 2 wrong use, DIAGNOSTIC_FATAL_EXIT_CODE and MEMORY_EXIT_CODE as told. */
int run_main(int count, char **arguments);

#endif
