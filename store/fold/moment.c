/* Moments of the wall clock: what was committed at or before one is asked for while a batch is under way whose commit time, taken when
 * it began, may lie before it. Without this the answer would be another one once that batch is in the log (invariant 3). */
#include <errno.h>

#include "fold_private.h"

void fold__moments_open(struct fold *fold)
{
    CHECK(pthread_mutex_init(&fold->moment_mutex, NULL) == 0);
    thread_condition_init(&fold->batch_ended);
}

void fold__moments_close(struct fold *fold)
{
    (void)pthread_cond_destroy(&fold->batch_ended);
    (void)pthread_mutex_destroy(&fold->moment_mutex);
}

int64_t fold__moment_begin(struct fold *fold, int64_t time_us)
{
    (void)pthread_mutex_lock(&fold->moment_mutex);
    int64_t commit_time_us = time_us > fold->settled_us ? time_us : fold->settled_us + 1;
    fold->under_way_us = commit_time_us;
    (void)pthread_mutex_unlock(&fold->moment_mutex);
    return commit_time_us;
}

void fold__moment_end(struct fold *fold)
{
    (void)pthread_mutex_lock(&fold->moment_mutex);
    fold->under_way_us = 0;
    (void)pthread_cond_broadcast(&fold->batch_ended);
    (void)pthread_mutex_unlock(&fold->moment_mutex);
}

enum status fold_moment_settle(struct fold *fold, int64_t time_us, struct error *error)
{
    struct timespec until = thread_time_in(FOLD_MOMENT_SECONDS_MAX * 1000000LL);
    int result = 0;
    (void)pthread_mutex_lock(&fold->moment_mutex);
    fold->settled_us = time_us > fold->settled_us ? time_us : fold->settled_us;
    while (fold->under_way_us != 0 && fold->under_way_us <= time_us && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&fold->batch_ended, &fold->moment_mutex, &until);
    }
    bool is_settled = fold->under_way_us == 0 || fold->under_way_us > time_us;
    (void)pthread_mutex_unlock(&fold->moment_mutex);
    return is_settled ? STATUS_OK
                      : error_set(error, STATUS_BUSY,
                                  "what was committed by that moment is not on the disk yet; try again");
}
