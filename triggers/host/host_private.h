/* The inside of the host, for this folder's files. */
#ifndef HOST_PRIVATE_H
#define HOST_PRIVATE_H

#include <pthread.h>

#include "base/mailbox.h"
#include "base/thread.h"
#include "function/function.h"
#include "host/host.h"
#include "mapping/mapping.h"

enum host_task_kind {
    TASK_DEPLOY,
    TASK_INVOKE,
    TASK_MAP,
    TASK_UNMAP,
    TASK_REMOVE,
    TASK_UNPARK,
};

struct host_work {
    struct message message; /* first member: it travels through the mailbox */
    enum host_task_kind kind;
    struct arena arena;
    struct bytes actor;
    void (*done)(void *context, const struct host_outcome *outcome);
    void *context;
    struct function
        function;       /* TASK_DEPLOY; its name and version for TASK_INVOKE; its name for TASK_REMOVE */
    struct value event; /* TASK_INVOKE */
    struct host_parked parked; /* TASK_INVOKE: instead of the event, when it names a mapping; TASK_UNPARK */
    uint8_t hops;              /* of the parked changes, the most */
    bool is_dry;
    struct mapping_settings mapping; /* TASK_MAP; its name for TASK_UNMAP */
    struct subscription_options start;
};

struct host {
    struct host_options options;
    struct mailbox *mailbox;
    struct thread *thread;
    struct gate_view *view; /* the thread's */
    pthread_mutex_t mutex;  /* guards the mappings */
    struct mapping *mappings[MAPPINGS_MAX];
    size_t mappings_count;
};

/* One function per task (tasks.c, parked.c); each fills the outcome, whose parts live in the work's arena. */
void host__deploy(struct host *host, struct host_work *work, struct host_outcome *outcome);
void host__invoke(struct host *host, struct host_work *work, struct host_outcome *outcome);
void host__map(struct host *host, struct host_work *work, struct host_outcome *outcome);
void host__unmap(struct host *host, struct host_work *work, struct host_outcome *outcome);
void host__remove(struct host *host, struct host_work *work, struct host_outcome *outcome);
void host__unpark(struct host *host, struct host_work *work, struct host_outcome *outcome);

/* `text` is copied. */
void host__outcome_fail(struct host_outcome *outcome, struct host_work *work, enum status status,
                        const char *text);

/* The encoded event of work->parked; notes its hops, and its function's name for a work that names none. All lives in the work's
 * arena. STATUS_NOT_FOUND. */
MUST_USE enum status host__parked_find(struct host *host, struct host_work *work, struct bytes *ret_event,
                                       struct error *error);
/* The change that deletes its row, if it is there still. */
struct gate_change host__parked_delete(const struct host_parked *parked, struct arena *arena);

/* Starts a mapping and keeps it. */
MUST_USE enum status host__start_mapping(struct host *host, const struct mapping_settings *settings,
                                         struct error *error);
/* NULL: there is none of that name. Thread: the host's, which alone changes them. */
struct mapping *host__find_mapping(struct host *host, struct bytes name);
/* Stops and forgets it; false: there is none of that name. */
bool host__stop_mapping(struct host *host, struct bytes name);

#endif
