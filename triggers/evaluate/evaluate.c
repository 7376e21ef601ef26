/* Threads that wait for workers, so that doors need not. */
#include "evaluate/evaluate.h"

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "codec/pack.h"
#include "pool/pool.h"

struct evaluator {
    struct pool *pool;
    pthread_mutex_t mutex; /* of all below but the threads */
    pthread_cond_t changed;
    struct evaluate_job *first;
    struct evaluate_job *last;
    size_t waiting;
    bool is_stopping;
    struct thread *threads[EVALUATE_THREADS];
};

/* --- what a function may ask for: nothing --------------------------------------------------------------------------- */

static enum status refuse_call(void *context, struct bytes operation, const struct value *arguments,
                               struct arena *arena, struct value *ret_value, struct error *error)
{
    (void)context;
    (void)operation;
    (void)arguments;
    (void)arena;
    (void)ret_value;
    return error_set(error, STATUS_DENIED, "functions of CQL read no tables");
}

static void ignore_line(void *context, struct bytes line)
{
    (void)context;
    (void)line;
}

/* --- one message ---------------------------------------------------------------------------------------------------- */

/* The first line of what a failure says, the rest being a traceback; without a place in what is around the function. */
static void text_keep(struct evaluate_job *job, const char *text)
{
    static const char around[] = "main.lua:";
    const char *behind = strncmp(text, around, strlen(around)) == 0 ? strstr(text, ": ") : NULL;
    text = behind != NULL ? behind + 2 : text;
    size_t size = strcspn(text, "\n");
    size = size < sizeof(job->text) - 1 ? size : sizeof(job->text) - 1;
    while (size > 0 && !bytes_are_utf8(bytes_of(text, size))) {
        size--;
    }
    memcpy(job->text, text, size);
    job->text[size] = '\0';
}

/* Equal sources are one version, so a worker that is warm serves every function of that text. */
static struct pool_function function_of(const struct evaluate_task *task, struct value modules[2],
                                        struct value *map)
{
    uint8_t digest[SHA256_BYTES];
    crypto_sha256(task->source, digest);
    modules[0] = value_of_text(bytes_of_text("main"));
    modules[1] = value_of_text(task->source);
    *map = (struct value){.kind = VALUE_MAP, .pairs = {.at = modules, .count = 1}};
    return (struct pool_function){.name = task->name,
                                  .version = bytes_get_u64(digest),
                                  .modules = map,
                                  .memory_bytes = EVALUATE_MEMORY_BYTES,
                                  .deadline_ms = EVALUATE_DEADLINE_MS};
}

static enum status job_fail(struct evaluate_job *job, size_t task, enum status status, const char *text)
{
    job->failed = task;
    text_keep(job, text);
    return status;
}

/* Sends one message; its answer is in `arena`. */
static enum status message_run(struct evaluator *evaluator, struct evaluate_job *job, size_t task,
                               struct bytes message, struct arena *arena, struct bytes *ret_answer)
{
    struct value pair[2];
    struct value modules;
    struct pool_function function = function_of(&job->tasks[task], pair, &modules);
    struct pool_host host = {.call = refuse_call, .log = ignore_line};
    struct pool_outcome outcome = {0};
    struct buffer event = {0};
    struct error error = {0};
    struct pool_invocation invocation = {.now_us = clock_wall_us(clock_system())};
    if (message.size > EVALUATE_MESSAGE_BYTES_MAX) {
        return job_fail(job, task, STATUS_TOO_LARGE, "its arguments are too large");
    }
    random_secret(&invocation.seed, sizeof(invocation.seed));
    codec_put_bytes(&event, message);
    invocation.event = buffer_bytes(&event);
    enum status status = pool_invoke(evaluator->pool, &function, &invocation, &host, arena, &outcome, &error);
    buffer_reset(&event);
    if (status != STATUS_OK) {
        return job_fail(job, task, status, error.text);
    }
    if (outcome.failure != FAILURE_NONE) {
        return job_fail(job, task, STATUS_FUNCTION, outcome.text);
    }
    *ret_answer = outcome.result.kind == VALUE_TEXT || outcome.result.kind == VALUE_BYTES
                      ? outcome.result.bytes
                      : (struct bytes){0};
    return STATUS_OK;
}

/* --- jobs ----------------------------------------------------------------------------------------------------------- */

static void chain_message(const struct evaluate_task *task, size_t piece, struct bytes state,
                          struct buffer *message)
{
    buffer_clear(message);
    buffer_put_u8(message, EVALUATE_FOLDS);
    buffer_put_u32(message, 1);
    buffer_put(message, state);
    buffer_put(message, task->messages[piece]);
}

static enum status task_run(struct evaluator *evaluator, struct evaluate_job *job, size_t number)
{
    struct evaluate_task *task = &job->tasks[number];
    struct arena arena = {0};
    struct buffer chained = {0};
    struct buffer state = {0};
    enum status status = STATUS_OK;
    buffer_put(&state, task->state);
    for (size_t i = 0; i < task->count && status == STATUS_OK; i++) {
        struct bytes answer = {0};
        struct bytes message = task->messages[i];
        arena_clear(&arena);
        if (task->is_chain) {
            chain_message(task, i, buffer_bytes(&state), &chained);
            message = buffer_bytes(&chained);
        }
        status = message_run(evaluator, job, number, message, &arena, &answer);
        if (task->is_chain) {
            buffer_clear(&state);
            buffer_put(&state, answer);
        } else if (status == STATUS_OK) {
            buffer_put(&task->answer, answer);
        }
    }
    if (task->is_chain) {
        buffer_put(&task->answer, buffer_bytes(&state));
    }
    buffer_reset(&state);
    buffer_reset(&chained);
    arena_reset(&arena);
    return status;
}

static enum status task_check(struct evaluator *evaluator, struct evaluate_job *job, size_t number)
{
    struct value pair[2];
    struct value modules;
    struct arena arena = {0};
    struct error error = {0};
    struct pool_outcome outcome;
    struct pool_function function = function_of(&job->tasks[number], pair, &modules);
    enum status status = pool_check(evaluator->pool, &function, &arena, &outcome, &error);
    if (status != STATUS_OK) {
        status = job_fail(job, number, status, error.text);
    } else if (outcome.failure != FAILURE_NONE) {
        status = job_fail(job, number, STATUS_FUNCTION, outcome.text);
    }
    arena_reset(&arena);
    return status;
}

static bool is_stopping(struct evaluator *evaluator)
{
    (void)pthread_mutex_lock(&evaluator->mutex);
    bool stops = evaluator->is_stopping;
    (void)pthread_mutex_unlock(&evaluator->mutex);
    return stops;
}

static void job_run(struct evaluator *evaluator, struct evaluate_job *job)
{
    job->status = STATUS_OK;
    for (size_t i = 0; i < job->count && job->status == STATUS_OK; i++) {
        if (is_stopping(evaluator)) {
            job->status = job_fail(job, i, STATUS_CLOSED, "the server is stopping");
        } else {
            job->status = job->is_check ? task_check(evaluator, job, i) : task_run(evaluator, job, i);
        }
    }
    job->done(job);
}

/* --- threads -------------------------------------------------------------------------------------------------------- */

/* The oldest job; NULL: none will come any more. */
static struct evaluate_job *job_take(struct evaluator *evaluator)
{
    (void)pthread_mutex_lock(&evaluator->mutex);
    while (evaluator->first == NULL && !evaluator->is_stopping) {
        (void)pthread_cond_wait(&evaluator->changed, &evaluator->mutex);
    }
    struct evaluate_job *job = evaluator->first;
    if (job != NULL) {
        evaluator->first = job->next;
        evaluator->waiting--;
    }
    (void)pthread_mutex_unlock(&evaluator->mutex);
    return job;
}

static void evaluator_run(void *context)
{
    struct evaluator *evaluator = context;
    struct evaluate_job *job = job_take(evaluator);
    while (job != NULL) {
        job_run(evaluator, job);
        job = job_take(evaluator);
    }
}

enum status evaluate_submit(struct evaluator *evaluator, struct evaluate_job *job, struct error *error)
{
    enum status status = STATUS_OK;
    job->next = NULL;
    (void)pthread_mutex_lock(&evaluator->mutex);
    if (evaluator->is_stopping) {
        status = error_set(error, STATUS_CLOSED, "the server is stopping");
    } else if (evaluator->waiting == EVALUATE_JOBS_MAX) {
        status = error_set(error, STATUS_BUSY, "too many requests wait for functions; try again");
    } else {
        if (evaluator->first == NULL) {
            evaluator->first = job;
        } else {
            evaluator->last->next = job;
        }
        evaluator->last = job;
        evaluator->waiting++;
        (void)pthread_cond_signal(&evaluator->changed);
    }
    (void)pthread_mutex_unlock(&evaluator->mutex);
    return status;
}

enum status evaluate_open(struct pool *pool, struct evaluator **ret_evaluator, struct error *error)
{
    struct evaluator *evaluator = memory_create(sizeof(*evaluator));
    enum status status = STATUS_OK;
    evaluator->pool = pool;
    CHECK(pthread_mutex_init(&evaluator->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&evaluator->changed, NULL) == 0);
    for (size_t i = 0; i < EVALUATE_THREADS && status == STATUS_OK; i++) {
        status = thread_create("evaluate", evaluator_run, evaluator, &evaluator->threads[i], error);
    }
    if (status != STATUS_OK) {
        evaluate_close(&evaluator);
        return status;
    }
    *ret_evaluator = evaluator;
    return STATUS_OK;
}

void evaluate_stop(struct evaluator *evaluator)
{
    if (evaluator == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&evaluator->mutex);
    evaluator->is_stopping = true;
    (void)pthread_cond_broadcast(&evaluator->changed);
    (void)pthread_mutex_unlock(&evaluator->mutex);
    for (size_t i = 0; i < EVALUATE_THREADS; i++) {
        thread_join(&evaluator->threads[i]);
    }
}

void evaluate_close(struct evaluator **evaluator)
{
    struct evaluator *gone = *evaluator;
    *evaluator = NULL;
    if (gone != NULL) {
        evaluate_stop(gone);
        (void)pthread_cond_destroy(&gone->changed);
        (void)pthread_mutex_destroy(&gone->mutex);
        memory_destroy(gone);
    }
}
