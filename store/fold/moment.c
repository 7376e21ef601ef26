/* Moments of the wall clock: what was committed at or before one is asked for while a batch is under way whose commit time, taken when
 * it began, may lie before it. Without this the answer would be another one once that batch is in the log (invariant 3). Who asks is
 * told when that batch has ended; nobody waits here. */
#include "fold_private.h"

void fold__moments_open(struct fold *fold)
{
    CHECK(pthread_mutex_init(&fold->moment_mutex, NULL) == 0);
}

void fold__moments_close(struct fold *fold)
{
    CHECK(fold->moments_first == NULL); /* no batch is under way any more */
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
    struct fold_moment *moment = fold->moments_first;
    fold->moments_first = NULL;
    fold->under_way_us = 0;
    (void)pthread_mutex_unlock(&fold->moment_mutex);
    while (moment != NULL) {
        struct fold_moment *next = moment->next; /* it may be gone once it was told */
        moment->settled(moment);
        moment = next;
    }
}

bool fold_moment_settle(struct fold *fold, int64_t time_us, struct fold_moment *moment)
{
    (void)pthread_mutex_lock(&fold->moment_mutex);
    fold->settled_us = time_us > fold->settled_us ? time_us : fold->settled_us;
    bool is_settled = fold->under_way_us == 0 || fold->under_way_us > time_us;
    if (!is_settled && moment != NULL) {
        moment->next = fold->moments_first;
        fold->moments_first = moment;
    }
    (void)pthread_mutex_unlock(&fold->moment_mutex);
    return is_settled;
}

int64_t fold_moment_now(struct fold *fold, int64_t time_us)
{
    (void)pthread_mutex_lock(&fold->moment_mutex);
    bool is_under_way = fold->under_way_us != 0 && fold->under_way_us <= time_us;
    int64_t moment_us = is_under_way ? fold->under_way_us - 1 : time_us;
    fold->settled_us = moment_us > fold->settled_us ? moment_us : fold->settled_us;
    (void)pthread_mutex_unlock(&fold->moment_mutex);
    return moment_us;
}
