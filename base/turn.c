#include "base/turn.h"

#include "base/check.h"

void turns_init(struct turns *turns)
{
    *turns = (struct turns){.mutex = PTHREAD_MUTEX_INITIALIZER};
}

void turns_reset(struct turns *turns)
{
    (void)pthread_mutex_destroy(&turns->mutex);
}

void turns_stop(struct turns *turns)
{
    (void)pthread_mutex_lock(&turns->mutex);
    struct turn *first = turns->are_over ? NULL : turns->first;
    struct turn *waiting = first == NULL ? NULL : first->next; /* the first has begun */
    turns->are_over = true;
    while (waiting != NULL) {
        struct turn *turn = waiting;
        waiting = turn->next; /* it may be gone once it has begun */
        turn->begin(turn);
    }
    (void)pthread_mutex_unlock(&turns->mutex);
}

bool turn_take(struct turns *turns, struct turn *turn)
{
    (void)pthread_mutex_lock(&turns->mutex);
    bool is_now = turns->first == NULL || turns->are_over;
    turn->next = NULL;
    if (!turns->are_over) {
        *(is_now ? &turns->first : &turns->last->next) = turn;
        turns->last = turn;
    }
    (void)pthread_mutex_unlock(&turns->mutex);
    return is_now;
}

void turn_end(struct turns *turns, struct turn *turn)
{
    (void)pthread_mutex_lock(&turns->mutex);
    CHECK(turns->are_over || turns->first == turn);
    struct turn *following = turns->are_over ? NULL : turn->next;
    turns->first = following;
    if (following != NULL) {
        following->begin(following); /* under the mutex: not after a stop, when whom it tells may be gone */
    }
    (void)pthread_mutex_unlock(&turns->mutex);
}
