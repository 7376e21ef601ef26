/* Who does something one after the other, in the order in which they asked for it, without a thread that waits. Thread: any. */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include <pthread.h>
#include <stdbool.h>

/* Lives until its end. Those that wait are bounded by whoever makes them. */
struct turn {
    /* Once, when the turn has come and it was not there at once: on the thread that ended the one before, under the mutex, so it only
     * passes it on. */
    void (*begin)(struct turn *turn);
    struct turn *next; /* set here */
};

struct turns {
    pthread_mutex_t mutex;
    struct turn *first; /* whose turn it is; NULL: nobody's */
    struct turn *last;
    bool are_over; /* nobody waits any more */
};

void turns_init(struct turns *turns);
void turns_reset(struct turns *turns);
/* Begins all that wait, and from then on each turn is there at once: those who end them are about to go. */
void turns_stop(struct turns *turns);

/* Whether the turn is there at once; otherwise `begin` tells. */
bool turn_take(struct turns *turns, struct turn *turn);
void turn_end(struct turns *turns, struct turn *turn);

#endif
