/* What every use of a function needs: a view to read by, a way to wait for a write, and the effects of an invocation as
 * a transaction. */
#ifndef FUNCTION_WORK_H
#define FUNCTION_WORK_H

#include <semaphore.h>

#include "gate/gate.h"
#include "pool/pool.h"

/* How a transaction went, for a thread that waited. */
struct work_outcome {
    enum status status;
    uint64_t lsn;
    int64_t commit_time_us;
    char text[ERROR_TEXT_BYTES];
};

/* A write under way. It must stay where it is until work_finish. */
struct work_pending {
    sem_t done;
    struct work_outcome outcome;
};

/* Submits; work_finish waits. As work_submit otherwise. */
void work_start(struct gate *gate, struct gate_transaction *transaction, struct work_pending *ret_pending);
bool work_is_done(struct work_pending *pending); /* work_finish will not wait */
void work_finish(struct work_pending *pending, struct work_outcome *ret_outcome);

/* Submits and waits. *transaction's done and context are set here; its arena is taken only when it was submitted.
 * Thread: any but a door's or the writer's. */
void work_submit(struct gate *gate, struct gate_transaction *transaction, struct work_outcome *ret_outcome);

/* Reads of one invocation: each is part of what the transaction insists on. */
struct work_reads {
    struct gate_view *view;
    struct arena *arena;
    struct gate_read *reads;
    size_t count;
};

/* pool_host.call over a work_reads. */
enum status work_call(void *context, struct bytes operation, const struct value *arguments,
                      struct arena *arena, struct value *ret_value, struct error *error);

/* Appends the changes that an invocation's effects ask for. STATUS_FUNCTION: they make no sense; the text tells which. */
MUST_USE enum status work_changes(const struct value *effects, struct arena *arena,
                                  struct gate_change **ret_changes, size_t *ret_count, struct error *error);

#endif
