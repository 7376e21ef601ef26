/* Several writes of one request, each a transaction of its own; the request is answered when all were. */
#ifndef DYNAMODB_FANOUT_H
#define DYNAMODB_FANOUT_H

#include <stdatomic.h>

#include "dynamodb_private.h"

/* One write. The caller sets `change`, or a status other than STATUS_OK for one that is not to be submitted. */
struct fanout_write {
    const struct gate_change *change;
    enum status status;
    const char *text; /* of a status other than STATUS_OK */
    struct gate_change_outcome outcome;
    struct fanout *fanout;
    struct arena arena; /* of what comes on the writer's thread, until it moves to the call's */
};

struct fanout {
    struct call *call;
    struct fanout_write *writes;
    size_t count;
    void (*finish)(struct call *call);
    atomic_size_t left; /* writes under way, and one for the submission itself */
};

/* Of so many writes, in the call's arena. */
struct fanout *fanout_create(struct call *call, size_t count);
/* Hands them to the gate. `finish` is called on the door's thread, with everything in the call's arena; the fan-out is not
 * call->state, which is the caller's. */
void fanout_submit(struct fanout *fanout, void (*finish)(struct call *call));

#endif
