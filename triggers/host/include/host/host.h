/* The trigger floor as doors see it: deploy, invoke, map. DESIGN §10.
 *
 * What takes time (loading a function, running it, waiting for a write) is done on the host's own threads; answers come
 * through a completion, as the gate's do. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "catalog/catalog.h"
#include "feed/feed.h"
#include "gate/gate.h"
#include "host/bounds.h"
#include "mapping/settings.h"
#include "value/value.h"

struct host;
struct pool;

/* Registers the system tables of functions and mappings. Before the store opens. */
void host_register_tables(struct catalog *catalog);

struct host_options {
    struct gate *gate;
    struct feed *feed;
    struct pool *pool;
};

/* Starts the mappings that there are. */
MUST_USE enum status host_open(const struct host_options *options, struct host **ret_host,
                               struct error *error);
/* Waits for what is under way, and refuses what comes from now on; before the fold stops. Accepts NULL. */
void host_stop(struct host *host);
/* The same, and then it is gone; after the doors, which ask it until they close. Accepts a pointer to NULL. */
void host_close(struct host **host);

/* What a task came to. Views live during the call of `done`. */
struct host_outcome {
    enum status status; /* STATUS_FUNCTION: the function failed */
    const char *text;
    uint64_t version; /* of a deployment */
    uint64_t lsn;
    const struct value *result;  /* of an invocation */
    const struct value *effects; /* of an invocation: what it wrote, or would have */
    const struct value *lines;   /* of an invocation: list of log lines */
    int64_t duration_us;
};

struct host_task {
    struct arena *arena; /* taken when the call succeeds, with all that the task points to */
    struct bytes actor;
    /* Called once if the call succeeded. Thread: the host's; must not block. */
    void (*done)(void *context, const struct host_outcome *outcome);
    void *context;
};

/* A version to be. */
struct host_function {
    struct bytes name;
    const struct value *modules; /* map name → source; the entry is "main" */
    uint64_t memory_bytes;       /* 0: the default */
    uint32_t deadline_ms;        /* 0: the default */
};

/* A batch that a mapping parked (system.parked), by the LSN of its first record. */
struct host_parked {
    struct bytes mapping;
    uint64_t lsn;
};

/* Stores a new version, once it has been loaded in a worker.
 * STATUS_BUSY (too many tasks wait), STATUS_INVALID, STATUS_TOO_LARGE, STATUS_CLOSED. */
MUST_USE enum status host_deploy(struct host *host, const struct host_function *function,
                                 const struct host_task *task, struct error *error);
/* Runs a version (0: the newest) on an event. Unless `is_dry`, what it writes is committed. */
MUST_USE enum status host_invoke(struct host *host, struct bytes name, uint64_t version,
                                 const struct value *event, bool is_dry, const struct host_task *task,
                                 struct error *error);
/* Runs a version (0: the newest) on a parked batch; the row of the batch goes in the transaction of what the function writes.
 * What it writes has one hop more than the batch. `name` empty: the function that failed on it. STATUS_NOT_FOUND in the outcome: there is no such batch. */
MUST_USE enum status host_invoke_parked(struct host *host, struct bytes name, uint64_t version,
                                        const struct host_parked *parked, bool is_dry,
                                        const struct host_task *task, struct error *error);
/* Deletes the row of a parked batch: nobody will put it through a function. */
MUST_USE enum status host_unpark(struct host *host, const struct host_parked *parked,
                                 const struct host_task *task, struct error *error);
/* Makes a mapping whose first record is at `start`, and starts it. */
MUST_USE enum status host_map(struct host *host, const struct mapping_settings *settings,
                              const struct subscription_options *start, const struct host_task *task,
                              struct error *error);
MUST_USE enum status host_unmap(struct host *host, struct bytes name, const struct host_task *task,
                                struct error *error);
/* Removes all versions. STATUS_BUSY in the outcome: a mapping uses it. */
MUST_USE enum status host_remove(struct host *host, struct bytes name, const struct host_task *task,
                                 struct error *error);

/* Calls `visit` with each mapping that runs or has stopped. Thread: any. */
void host_mappings(struct host *host,
                   void (*visit)(void *context, const struct mapping_settings *settings,
                                 const struct mapping_facts *facts),
                   void *context);

#endif
