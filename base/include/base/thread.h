/* Named threads that start and stop by handshake. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

struct thread;

/* Starts `run(context)`. `name` (15 characters at most) shows in ps and gdb. All signals are blocked in it.
 * The returned thread is owned by the caller and ends with thread_join. */
MUST_USE enum status thread_create(const char *name, void (*run)(void *context), void *context,
                                   struct thread **ret_thread, struct error *error);
/* Waits for the end of `run`, frees, nulls. Accepts a pointer to NULL. */
void thread_join(struct thread **thread);
bool thread_is_current(const struct thread *thread);
/* From now on the calling thread goes behind others where there are fewer processors than threads: its nice value is `nice`
 * above the program's. */
void thread_be_nice(int nice);
/* Waits of this thread end when their time is up, and not up to 50 us later, as Linux has it otherwise (prctl(2),
 * PR_SET_TIMERSLACK): for one that waits for less. */
void thread_sleep_exactly(void);
/* A condition whose timed waits go by CLOCK_MONOTONIC: by the wall clock one would wait for as long as that goes back. */
void thread_condition_init(pthread_cond_t *condition);
/* The moment of CLOCK_MONOTONIC that comes in so many microseconds. */
struct timespec thread_time_in(int64_t us);

#endif
