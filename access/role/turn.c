/* Changes of roles take turns. */
#include "role_private.h"

void role_turn_take(struct roles *roles, struct role_turn *turn)
{
    (void)pthread_mutex_lock(&roles->mutex);
    bool is_now = roles->turn_first == NULL || roles->turns_are_over;
    turn->next = NULL;
    if (!roles->turns_are_over) {
        *(is_now ? &roles->turn_first : &roles->turn_last->next) = turn;
        roles->turn_last = turn;
    }
    (void)pthread_mutex_unlock(&roles->mutex);
    if (is_now) {
        turn->begin(turn);
    }
}

void role_turn_end(struct roles *roles, struct role_turn *turn)
{
    (void)pthread_mutex_lock(&roles->mutex);
    CHECK(roles->turns_are_over || roles->turn_first == turn);
    struct role_turn *following = roles->turns_are_over ? NULL : turn->next;
    roles->turn_first = following;
    (void)pthread_mutex_unlock(&roles->mutex);
    if (following != NULL) {
        following->begin(following);
    }
}

void role__turns_stop(struct roles *roles)
{
    (void)pthread_mutex_lock(&roles->mutex);
    struct role_turn *first = roles->turns_are_over ? NULL : roles->turn_first;
    struct role_turn *waiting = first == NULL ? NULL : first->next; /* the first has begun */
    roles->turns_are_over = true;
    (void)pthread_mutex_unlock(&roles->mutex);
    while (waiting != NULL) {
        struct role_turn *turn = waiting;
        waiting = turn->next; /* it may be gone once it has begun */
        turn->begin(turn);
    }
}
