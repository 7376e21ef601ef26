/* Worker processes from the server's side: spawned, kept warm, called, killed. DESIGN §10.
 *
 * A small launcher process, forked before the server has any thread, makes the workers, so that the server itself never
 * forks with threads or an open store. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "base/arena.h"
#include "base/error.h"
#include "pool/bounds.h"
#include "protocol/protocol.h"

struct launcher;
struct pool;

/* Forks. The process must have one thread and nothing open that a child must not have.
 * `program` is run with the one argument `worker`; NULL: this program. */
MUST_USE enum status launcher_start(const char *program, struct launcher **ret_launcher, struct error *error);
void launcher_stop(struct launcher **launcher); /* accepts a pointer to NULL; its workers end with it */

struct pool *pool_create(struct launcher *launcher);
/* Ends all workers. No invocation may be under way. Accepts a pointer to NULL. */
void pool_destroy(struct pool **pool);

/* A function version. A warm worker is used again for the same name and version: the number stands for these modules and no
 * others, for as long as the pool lives. */
struct pool_function {
    struct bytes name;
    uint64_t version;
    const struct value *modules; /* map name → source; the entry is "main" */
    uint64_t memory_bytes;
    uint32_t deadline_ms;
};

/* What a worker asks while it runs. Called on the thread that invokes. */
struct pool_host {
    /* "get" or "query" with its arguments. STATUS_OK with *ret_value (in `arena`), STATUS_NOT_FOUND, or an error whose
     * text the script sees. */
    enum status (*call)(void *context, struct bytes operation, const struct value *arguments,
                        struct arena *arena, struct value *ret_value, struct error *error);
    void (*log)(void *context, struct bytes line);
    void *context;
};

struct pool_invocation {
    struct bytes event; /* one msgpack value */
    int64_t now_us;
    uint64_t seed;
};

struct pool_outcome {
    enum protocol_failure failure; /* FAILURE_NONE: it gave a result */
    const char *text;              /* of a failure */
    struct value result;
    struct value effects; /* list of maps: kind, table, item or key, update, options */
    int64_t duration_us;
};

/* Runs the function and waits. What *ret_outcome points to is in `arena`. A failure of the function is an outcome, not
 * an error: after it the worker may be gone, and the next invocation gets a new one.
 * Thread: any; several at once.
 * Errors: STATUS_BUSY (no worker was free), STATUS_TOO_LARGE (the event), STATUS_IO (no process can be made). */
MUST_USE enum status pool_invoke(struct pool *pool, const struct pool_function *function,
                                 const struct pool_invocation *invocation, const struct pool_host *host,
                                 struct arena *arena, struct pool_outcome *ret_outcome, struct error *error);

/* Loads the function and calls nothing: *ret_outcome tells whether it can be. Errors as of pool_invoke. */
MUST_USE enum status pool_check(struct pool *pool, const struct pool_function *function, struct arena *arena,
                                struct pool_outcome *ret_outcome, struct error *error);

struct pool_statistics {
    uint64_t workers; /* now */
    uint64_t started;
    uint64_t killed;
};
void pool_statistics_read(struct pool *pool, struct pool_statistics *ret_statistics);

#endif
