#include "schema_turn.h"

#include <pthread.h>

#include "base/check.h"
#include "base/memory.h"

struct schema_turns {
    pthread_mutex_t mutex;
    struct schema_turn *first; /* whose turn it is; NULL: nobody changes anything */
    struct schema_turn *last;
    bool are_over; /* nobody waits any more */
};

struct schema_turns *statement__schema_turns_create(void)
{
    struct schema_turns *turns = memory_create(sizeof(*turns));
    *turns = (struct schema_turns){.mutex = PTHREAD_MUTEX_INITIALIZER};
    return turns;
}

void statement__schema_turns_destroy(struct schema_turns **turns)
{
    struct schema_turns *gone = *turns;
    *turns = NULL;
    if (gone != NULL) {
        (void)pthread_mutex_destroy(&gone->mutex);
        memory_destroy(gone);
    }
}

void statement__schema_turns_stop(struct schema_turns *turns)
{
    (void)pthread_mutex_lock(&turns->mutex);
    struct schema_turn *first = turns->are_over ? NULL : turns->first;
    struct schema_turn *waiting = first == NULL ? NULL : first->next; /* the first has begun */
    turns->are_over = true;
    (void)pthread_mutex_unlock(&turns->mutex);
    while (waiting != NULL) {
        struct schema_turn *turn = waiting;
        waiting = turn->next; /* it may be gone once it has begun */
        turn->begin(turn);
    }
}

bool statement__schema_turn_is_for(enum cql_statement_kind kind)
{
    switch ((int)kind) {
    case CQL_CREATE_KEYSPACE:
    case CQL_ALTER_KEYSPACE:
    case CQL_DROP_KEYSPACE:
    case CQL_CREATE_TABLE:
    case CQL_ALTER_TABLE:
    case CQL_DROP_TABLE:
    case CQL_CREATE_INDEX:
    case CQL_DROP_INDEX:
    case CQL_CREATE_VIEW:
    case CQL_ALTER_VIEW:
    case CQL_DROP_VIEW:
    case CQL_CREATE_TYPE:
    case CQL_ALTER_TYPE:
    case CQL_DROP_TYPE:
    case CQL_CREATE_FUNCTION:
    case CQL_DROP_FUNCTION:
    case CQL_CREATE_AGGREGATE:
    case CQL_DROP_AGGREGATE:
        return true;
    default:
        return false;
    }
}

bool statement__schema_turn_take(struct schema_turns *turns, struct schema_turn *turn)
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

void statement__schema_turn_end(struct schema_turns *turns, struct schema_turn *turn)
{
    (void)pthread_mutex_lock(&turns->mutex);
    CHECK(turns->are_over || turns->first == turn);
    struct schema_turn *following = turns->are_over ? NULL : turn->next;
    turns->first = following;
    if (following != NULL) {
        following->begin(following); /* under the mutex: not after a stop, when its door may be gone */
    }
    (void)pthread_mutex_unlock(&turns->mutex);
}
