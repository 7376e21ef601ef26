/* Changes of roles take turns. */
#include "role_private.h"

void role_turn_take(struct roles *roles, struct role_turn *turn)
{
    (void)pthread_mutex_lock(&roles->mutex);
    bool is_first = roles->turn_first == NULL;
    turn->next = NULL;
    *(is_first ? &roles->turn_first : &roles->turn_last->next) = turn;
    roles->turn_last = turn;
    (void)pthread_mutex_unlock(&roles->mutex);
    if (is_first) {
        turn->begin(turn);
    }
}

void role_turn_end(struct roles *roles, struct role_turn *turn)
{
    (void)pthread_mutex_lock(&roles->mutex);
    CHECK(roles->turn_first == turn);
    struct role_turn *following = turn->next;
    roles->turn_first = following;
    (void)pthread_mutex_unlock(&roles->mutex);
    if (following != NULL) {
        following->begin(following);
    }
}
