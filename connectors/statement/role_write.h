/* Changes of roles on their way through the gate. */
#ifndef CQL_ROLE_WRITE_H
#define CQL_ROLE_WRITE_H

#include "exec.h"
#include "role/role.h"

/* A statement's changes under way. Lives in the call's arena. */
struct role_work {
    struct turn turn;
    struct exec_call *call;
    struct role_plan plan;
    /* Plans and submits, when it is the statement's turn. Fails as statements do. */
    enum status (*make)(struct exec_call *call);
    void (*finish)(struct exec_call *call); /* answers */
    void (*fail)(struct exec_call *call);   /* answers too: the call has failed */
    enum status status;                     /* how it went, as the writer told it */
    const char *text;
    void *context; /* of make and finish */
};

/* Calls `make` soon. Always STATUS_OK. */
MUST_USE enum status statement__role_work(struct exec_call *call, enum status (*make)(struct exec_call *call),
                                          void (*finish)(struct exec_call *call), void *context);
/* For `make`: an empty plan. */
struct role_plan *statement__role_plan(struct exec_call *call);
/* For `make`, at its end: submits the plan, or finishes at once when it is empty. */
MUST_USE enum status statement__role_submit(struct exec_call *call);

/* A change of the schema was made: who made something gets all permissions on it, and of what is gone all are taken back.
 * Then answers with the change, whatever came of that. */
void statement__role_follow(struct exec_call *call, const struct cql_schema_change *change);

#endif
