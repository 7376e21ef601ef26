/* Changes of the schema come one after the other, as in Cassandra: each is planned against what the one before it left, so whoever
 * comes second is told AlreadyExists, or nothing with IF NOT EXISTS. Thread: any. */
#ifndef CQL_SCHEMA_TURN_H
#define CQL_SCHEMA_TURN_H

#include "syntax/ast.h"

/* Lives until its end. Those that wait are as many as there are requests under way. */
struct schema_turn {
    /* When it had to wait: by the thread that ended the one before, under the mutex, so it only passes it on. */
    void (*begin)(struct schema_turn *turn);
    struct schema_turn *next; /* set here */
};

struct schema_turns;

struct schema_turns *statement__schema_turns_create(void);
void statement__schema_turns_destroy(struct schema_turns **turns);
/* Begins all turns that wait, and from then on each at once: the doors are about to close, one after the other. */
void statement__schema_turns_stop(struct schema_turns *turns);

/* Whether a statement changes the schema. */
bool statement__schema_turn_is_for(enum cql_statement_kind kind);
/* Whether the turn is there at once; otherwise `begin` tells. */
bool statement__schema_turn_take(struct schema_turns *turns, struct schema_turn *turn);
void statement__schema_turn_end(struct schema_turns *turns, struct schema_turn *turn);

#endif
