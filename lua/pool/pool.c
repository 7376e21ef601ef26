#include "pool/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/metric.h"
#include "base/thread.h"
#include "codec/pack.h"
#include "codec/view.h"
#include "pool_private.h"

/* A worker process; used by one invocation at a time. */
struct pool_worker {
    struct pool_worker *next; /* of the idle ones */
    struct bytes name;        /* owned */
    uint64_t version;
    int socket;
    int process;
    int64_t idle_since_us;
    struct buffer message;
};

struct pool {
    struct launcher *launcher;
    pthread_mutex_t mutex;
    pthread_mutex_t spawning; /* the launcher answers one at a time */
    pthread_cond_t freed;
    struct pool_worker *idle; /* last used first */
    size_t workers;
    uint64_t started;
    uint64_t killed;
};

#define POOL_INVOCATIONS(outcome_)                                                                           \
    {                                                                                                        \
        .kind = METRIC_COUNTER, .name = "oxbow_function_invocations_total",                                  \
        .labels = "outcome=\"" outcome_ "\"",                                                                \
        .help = "Runs of functions in workers, by how they ended; none: with a result."                      \
    }
#define POOL_KILLS(reason_)                                                                                  \
    {                                                                                                        \
        .kind = METRIC_COUNTER, .name = "oxbow_worker_kills_total", .labels = "reason=\"" reason_ "\"",      \
        .help = "Worker processes that were killed or lost while they ran a function, by reason."            \
    }

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters, atomic; by enum protocol_failure */
static struct metric invocations[] = {
    [FAILURE_NONE] = POOL_INVOCATIONS("none"),   [FAILURE_SCRIPT] = POOL_INVOCATIONS("script"),
    [FAILURE_TIME] = POOL_INVOCATIONS("time"),   [FAILURE_MEMORY] = POOL_INVOCATIONS("memory"),
    [FAILURE_LOAD] = POOL_INVOCATIONS("load"),   [FAILURE_DEADLINE] = POOL_INVOCATIONS("deadline"),
    [FAILURE_CRASH] = POOL_INVOCATIONS("crash"), [FAILURE_PROTOCOL] = POOL_INVOCATIONS("protocol"),
};
static struct metric kills[] = {
    [FAILURE_MEMORY] = POOL_KILLS("memory"),
    [FAILURE_DEADLINE] = POOL_KILLS("deadline"),
    [FAILURE_CRASH] = POOL_KILLS("crash"),
    [FAILURE_PROTOCOL] = POOL_KILLS("protocol"),
};
static struct metric spawns = {.kind = METRIC_COUNTER,
                               .name = "oxbow_worker_spawns_total",
                               .help = "Worker processes that were started."};
static struct metric duration = {
    .kind = METRIC_HISTOGRAM_SECONDS,
    .name = "oxbow_function_duration_seconds",
    .help = "Time of a run of a function, its reads and the start of its worker included."};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* A run ended; `is_lost`: its worker with it. */
static void measure_invocation(const struct pool_outcome *outcome, bool is_lost)
{
    struct metric *ended = &invocations[outcome->failure];
    metric_register(ended);
    metric_add(ended, 1);
    metric_observe(&duration, outcome->duration_us);
    if (is_lost && (size_t)outcome->failure < ARRAY_COUNT(kills) && kills[outcome->failure].name != NULL) {
        metric_register(&kills[outcome->failure]);
        metric_add(&kills[outcome->failure], 1);
    }
}

struct pool *pool_create(struct launcher *launcher)
{
    struct pool *pool = memory_create(sizeof(*pool));
    metric_register(&spawns);
    metric_register(&duration);
    pool->launcher = launcher;
    CHECK(pthread_mutex_init(&pool->mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&pool->spawning, NULL) == 0);
    thread_condition_init(&pool->freed);
    return pool;
}

static void worker_end(struct pool_worker *worker)
{
    (void)syscall(SYS_pidfd_send_signal, worker->process, SIGKILL, NULL, 0);
    (void)close(worker->process);
    (void)close(worker->socket);
    memory_destroy((void *)worker->name.data);
    buffer_reset(&worker->message);
    memory_destroy(worker);
}

void pool_destroy(struct pool **pool)
{
    struct pool *gone = *pool;
    *pool = NULL;
    if (gone == NULL) {
        return;
    }
    while (gone->idle != NULL) {
        struct pool_worker *worker = gone->idle;
        gone->idle = worker->next;
        worker_end(worker);
    }
    (void)pthread_mutex_destroy(&gone->mutex);
    (void)pthread_mutex_destroy(&gone->spawning);
    (void)pthread_cond_destroy(&gone->freed);
    memory_destroy(gone);
}

/* --- who is free ------------------------------------------------------------------------------------------------ */

/* Takes the idle worker of a function out of the list; the caller holds the mutex. NULL: none is. */
static struct pool_worker *pool_take_idle(struct pool *pool, const struct pool_function *function)
{
    for (struct pool_worker **at = &pool->idle; *at != NULL; at = &(*at)->next) {
        struct pool_worker *worker = *at;
        if (worker->version == function->version && bytes_equal(worker->name, function->name)) {
            *at = worker->next;
            return worker;
        }
    }
    return NULL;
}

/* Ends idle workers: those nobody needed for long, and the one that waits longest when room is needed. The caller holds
 * the mutex. */
static void pool_end_idle(struct pool *pool, bool needs_room)
{
    int64_t now_us = clock_steady_us(clock_system());
    struct pool_worker **at = &pool->idle;
    while (*at != NULL) {
        struct pool_worker *worker = *at;
        bool is_stale = now_us - worker->idle_since_us > POOL_IDLE_SECONDS * 1000000LL;
        if (is_stale || (needs_room && worker->next == NULL)) {
            *at = worker->next;
            worker_end(worker);
            pool->workers--;
            needs_room = false;
        } else {
            at = &worker->next;
        }
    }
}

/* A warm worker, or the right to make one (*ret_worker NULL). */
static enum status pool_acquire(struct pool *pool, const struct pool_function *function,
                                struct pool_worker **ret_worker, struct error *error)
{
    struct timespec until = thread_time_in(POOL_WAIT_MS * 1000LL);
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&pool->mutex);
    for (;;) {
        *ret_worker = pool_take_idle(pool, function);
        pool_end_idle(pool, *ret_worker == NULL && pool->workers >= POOL_WORKERS_MAX);
        if (*ret_worker != NULL) {
            break;
        }
        if (pool->workers < POOL_WORKERS_MAX) {
            pool->workers++;
            pool->started++;
            metric_add(&spawns, 1);
            break;
        }
        if (pthread_cond_timedwait(&pool->freed, &pool->mutex, &until) == ETIMEDOUT) {
            status = error_set(error, STATUS_BUSY, "all %d workers are busy", POOL_WORKERS_MAX);
            break;
        }
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return status;
}

/* Gives a worker back (NULL: it is no more). */
static void pool_release(struct pool *pool, struct pool_worker *worker, bool was_killed)
{
    (void)pthread_mutex_lock(&pool->mutex);
    if (worker == NULL) {
        pool->workers--;
        pool->killed += was_killed;
    } else {
        worker->idle_since_us = clock_steady_us(clock_system());
        worker->next = pool->idle;
        pool->idle = worker;
    }
    (void)pthread_cond_signal(&pool->freed);
    (void)pthread_mutex_unlock(&pool->mutex);
}

void pool_statistics_read(struct pool *pool, struct pool_statistics *ret_statistics)
{
    (void)pthread_mutex_lock(&pool->mutex);
    *ret_statistics =
        (struct pool_statistics){.workers = pool->workers, .started = pool->started, .killed = pool->killed};
    (void)pthread_mutex_unlock(&pool->mutex);
}

/* --- one worker ------------------------------------------------------------------------------------------------- */

static enum protocol_failure failure_of(enum status status)
{
    return status == STATUS_TIMEOUT  ? FAILURE_DEADLINE
           : status == STATUS_CLOSED ? FAILURE_CRASH
                                     : FAILURE_PROTOCOL;
}

static void outcome_fail(struct pool_outcome *outcome, enum protocol_failure failure, struct arena *arena,
                         const char *text)
{
    *outcome = (struct pool_outcome){.failure = failure, .text = arena_format(arena, "%s", text)};
}

static void outcome_fail_status(struct pool_outcome *outcome, enum status status, struct arena *arena)
{
    static const char *const texts[] = {
        [FAILURE_DEADLINE] = "the function did not end within its time and was killed",
        [FAILURE_CRASH] = "the worker process ended; the function used more than it may have",
        [FAILURE_PROTOCOL] = "the worker said something malformed and was killed",
    };
    outcome_fail(outcome, failure_of(status), arena, texts[failure_of(status)]);
}

/* What a FAILED message says becomes the outcome. STATUS_INVALID: it is malformed. */
static enum status outcome_of_failed(const struct value *body, struct arena *arena,
                                     struct pool_outcome *ret_outcome)
{
    uint64_t failure = 0;
    struct bytes text = {0};
    if (codec_field_unsigned(body, PROTOCOL_FIELD_FAILURE, 0, &failure, NULL) != STATUS_OK ||
        codec_field_text(body, PROTOCOL_FIELD_TEXT, &text, NULL) != STATUS_OK || failure < FAILURE_SCRIPT ||
        failure > FAILURE_LOAD) {
        return STATUS_INVALID;
    }
    *ret_outcome = (struct pool_outcome){.failure = (enum protocol_failure)failure,
                                         .text = arena_copy_text(arena, text)};
    return STATUS_OK;
}

/* Starts a process and loads the function. STATUS_FUNCTION: *ret_outcome tells why it cannot be loaded. */
static enum status worker_start(struct pool *pool, const struct pool_function *function, struct arena *arena,
                                struct pool_worker **ret_worker, struct pool_outcome *ret_outcome,
                                struct error *error)
{
    struct pool_worker *worker = memory_create(sizeof(*worker));
    int64_t deadline_us = clock_steady_us(clock_system()) + POOL_LOAD_MS * 1000LL;
    enum protocol_kind kind = PROTOCOL_FAILED;
    struct value body;
    (void)pthread_mutex_lock(&pool->spawning);
    enum status status = pool__spawn(pool->launcher, &worker->socket, &worker->process, error);
    (void)pthread_mutex_unlock(&pool->spawning);
    if (status != STATUS_OK) {
        memory_destroy(worker);
        return status;
    }
    worker->name = bytes_of(memory_copy(function->name.data, function->name.size), function->name.size);
    worker->version = function->version;
    protocol_begin(&worker->message, PROTOCOL_LOAD, 3);
    protocol_put(&worker->message, PROTOCOL_FIELD_NAME);
    codec_put_text(&worker->message, function->name);
    protocol_put(&worker->message, PROTOCOL_FIELD_MODULES);
    codec_value_encode(&worker->message, function->modules);
    protocol_put(&worker->message, PROTOCOL_FIELD_MEMORY);
    codec_put_unsigned(&worker->message, function->memory_bytes);
    protocol_finish(&worker->message);
    status = protocol_send(worker->socket, buffer_bytes(&worker->message), deadline_us, error);
    if (status == STATUS_OK) {
        status = protocol_receive(worker->socket, &worker->message, deadline_us, error);
    }
    if (status == STATUS_OK) {
        status = protocol_decode(buffer_bytes(&worker->message), arena, &kind, &body, error);
    }
    if (status == STATUS_OK && kind == PROTOCOL_LOADED) {
        *ret_worker = worker;
        return STATUS_OK;
    }
    if (status != STATUS_OK || kind != PROTOCOL_FAILED ||
        outcome_of_failed(&body, arena, ret_outcome) != STATUS_OK) {
        outcome_fail_status(ret_outcome, status == STATUS_OK ? STATUS_INVALID : status, arena);
    }
    worker_end(worker);
    return STATUS_FUNCTION;
}

/* Answers one CALL of the worker. */
static enum status worker_answer(struct pool_worker *worker, const struct pool_host *host,
                                 const struct value *body, int64_t deadline_us, struct error *error)
{
    struct bytes operation = {0};
    struct value value = {0};
    struct arena arena = {0};
    struct error problem = {0};
    struct buffer answer = {0};
    const struct value *arguments = codec_field(body, PROTOCOL_FIELD_ARGUMENTS);
    enum status status = codec_field_text(body, PROTOCOL_FIELD_OPERATION, &operation, error);
    if (status != STATUS_OK || arguments == NULL) {
        return STATUS_INVALID;
    }
    enum status done = host->call(host->context, operation, arguments, &arena, &value, &problem);
    protocol_begin(&answer, PROTOCOL_ANSWER, done == STATUS_OK ? 1 : 2);
    if (done == STATUS_OK) {
        protocol_put(&answer, PROTOCOL_FIELD_VALUE);
        codec_value_encode(&answer, &value);
    } else {
        protocol_put(&answer, PROTOCOL_FIELD_STATUS);
        codec_put_unsigned(&answer, (uint64_t)done);
        protocol_put(&answer, PROTOCOL_FIELD_TEXT);
        codec_put_text(&answer, bytes_of_text(problem.text));
    }
    protocol_finish(&answer);
    status = protocol_send(worker->socket, buffer_bytes(&answer), deadline_us, error);
    buffer_reset(&answer);
    arena_reset(&arena);
    return status;
}

static enum status outcome_of_result(const struct value *body, struct pool_outcome *ret_outcome)
{
    const struct value *value = codec_field(body, PROTOCOL_FIELD_VALUE);
    const struct value *effects = codec_field(body, PROTOCOL_FIELD_EFFECTS);
    if (effects == NULL || effects->kind != VALUE_LIST || effects->items.count > FUNCTION_EFFECTS_MAX) {
        return STATUS_INVALID;
    }
    *ret_outcome =
        (struct pool_outcome){.result = value == NULL ? value_of_null() : *value, .effects = *effects};
    return STATUS_OK;
}

/* What a worker said in one invocation. */
struct worker_talk {
    size_t lines;
    size_t calls;
};

/* A message before the last. */
static enum status worker_heed(struct pool_worker *worker, const struct pool_host *host,
                               enum protocol_kind kind, const struct value *body, int64_t deadline_us,
                               struct worker_talk *talk)
{
    struct error error;
    struct bytes line = {0};
    bool is_text = codec_field_text(body, PROTOCOL_FIELD_TEXT, &line, NULL) == STATUS_OK;
    switch ((int)kind) {
    case PROTOCOL_LOG:
        if (++talk->lines > FUNCTION_LINES_MAX || line.size > FUNCTION_LINE_BYTES_MAX) {
            return STATUS_INVALID;
        }
        if (is_text) { /* what is none is not shown */
            host->log(host->context, line);
        }
        return STATUS_OK;
    case PROTOCOL_CALL:
        return ++talk->calls > FUNCTION_READS_MAX ? STATUS_INVALID
                                                  : worker_answer(worker, host, body, deadline_us, &error);
    default:
        return STATUS_INVALID;
    }
}

/* Whether a message is the worker's last: what it says is kept, and of those before it nothing, so that a worker that says much does
 * not take the host's memory. */
static bool message_is_last(struct bytes message)
{
    struct bytes encoded;
    struct value kind;
    return codec_view_field(message, PROTOCOL_FIELD_KIND, &encoded) && codec_view_scalar(encoded, &kind) &&
           kind.kind == VALUE_INTEGER && (kind.integer == PROTOCOL_RESULT || kind.integer == PROTOCOL_FAILED);
}

/* Serves the worker until it has a result. STATUS_OK: *ret_outcome has it, or the failure it told of. */
static enum status worker_serve(struct pool_worker *worker, const struct pool_host *host, int64_t deadline_us,
                                struct arena *arena, struct pool_outcome *ret_outcome)
{
    struct worker_talk talk = {0};
    struct arena passing = {0};
    enum status status = STATUS_OK;
    bool is_last = false;
    while (status == STATUS_OK && !is_last) {
        struct error error;
        struct value body;
        enum protocol_kind kind = PROTOCOL_FAILED;
        arena_clear(&passing);
        status = protocol_receive(worker->socket, &worker->message, deadline_us, &error);
        is_last = status == STATUS_OK && message_is_last(buffer_bytes(&worker->message));
        if (status == STATUS_OK) {
            struct arena *own = is_last ? arena : &passing;
            struct bytes message = arena_copy(own, buffer_bytes(&worker->message));
            status = protocol_decode(message, own, &kind, &body, &error);
        }
        if (status == STATUS_OK && !is_last) {
            status = worker_heed(worker, host, kind, &body, deadline_us, &talk);
        } else if (status == STATUS_OK) {
            status = kind == PROTOCOL_RESULT   ? outcome_of_result(&body, ret_outcome)
                     : kind == PROTOCOL_FAILED ? outcome_of_failed(&body, arena, ret_outcome)
                                               : STATUS_INVALID;
        }
    }
    arena_reset(&passing);
    return status;
}

static enum status worker_invoke(struct pool_worker *worker, const struct pool_function *function,
                                 const struct pool_invocation *invocation, const struct pool_host *host,
                                 struct arena *arena, struct pool_outcome *ret_outcome)
{
    int64_t deadline_us =
        clock_steady_us(clock_system()) + ((int64_t)function->deadline_ms + POOL_GRACE_MS) * 1000;
    struct error error;
    protocol_begin(&worker->message, PROTOCOL_INVOKE, 4);
    protocol_put(&worker->message, PROTOCOL_FIELD_NOW);
    codec_put_integer(&worker->message, invocation->now_us);
    protocol_put(&worker->message, PROTOCOL_FIELD_SEED);
    codec_put_integer(&worker->message, (int64_t)(invocation->seed >> 1));
    protocol_put(&worker->message, PROTOCOL_FIELD_DEADLINE);
    codec_put_unsigned(&worker->message, function->deadline_ms);
    protocol_put(&worker->message, PROTOCOL_FIELD_EVENT);
    buffer_put(&worker->message, invocation->event);
    protocol_finish(&worker->message);
    enum status status = protocol_send(worker->socket, buffer_bytes(&worker->message), deadline_us, &error);
    return status == STATUS_OK ? worker_serve(worker, host, deadline_us, arena, ret_outcome) : status;
}

enum status pool_invoke(struct pool *pool, const struct pool_function *function,
                        const struct pool_invocation *invocation, const struct pool_host *host,
                        struct arena *arena, struct pool_outcome *ret_outcome, struct error *error)
{
    struct pool_worker *worker = NULL;
    int64_t start_us = clock_steady_us(clock_system());
    if (invocation->event.size > PROTOCOL_MESSAGE_BYTES_MAX - 1024) {
        return error_set(error, STATUS_TOO_LARGE, "an event of %zu bytes; %d are allowed",
                         invocation->event.size, PROTOCOL_MESSAGE_BYTES_MAX - 1024);
    }
    enum status status = pool_acquire(pool, function, &worker, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (worker == NULL) {
        status = worker_start(pool, function, arena, &worker, ret_outcome, error);
    }
    if (status != STATUS_OK) {
        pool_release(pool, NULL, false);
        ret_outcome->duration_us = clock_steady_us(clock_system()) - start_us;
        if (status == STATUS_FUNCTION) {
            measure_invocation(ret_outcome, false);
        }
        return status == STATUS_FUNCTION ? STATUS_OK : status;
    }
    status = worker_invoke(worker, function, invocation, host, arena, ret_outcome);
    bool is_lost = status != STATUS_OK || ret_outcome->failure == FAILURE_MEMORY;
    if (status != STATUS_OK) {
        outcome_fail_status(ret_outcome, status, arena);
    }
    if (is_lost) {
        worker_end(worker);
        worker = NULL;
    }
    pool_release(pool, worker, is_lost);
    ret_outcome->duration_us = clock_steady_us(clock_system()) - start_us;
    measure_invocation(ret_outcome, is_lost);
    return STATUS_OK;
}

enum status pool_check(struct pool *pool, const struct pool_function *function, struct arena *arena,
                       struct pool_outcome *ret_outcome, struct error *error)
{
    struct pool_worker *worker = NULL;
    *ret_outcome = (struct pool_outcome){.failure = FAILURE_NONE};
    enum status status = pool_acquire(pool, function, &worker, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (worker == NULL) {
        status = worker_start(pool, function, arena, &worker, ret_outcome, error);
    }
    if (status == STATUS_OK) {
        worker_end(worker);
    }
    pool_release(pool, NULL, false);
    return status == STATUS_FUNCTION ? STATUS_OK : status;
}
