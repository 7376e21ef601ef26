/* Functions of values, without effects, evaluated in worker processes for doors whose threads must not wait. DESIGN §10.
 *
 * Values as both sides write them, numbers big-endian, behind a letter:
 *
 *   N nil · T true · F false · I integer i64 · D float f64 · S string: size u32, bytes · L list: count u32, values ·
 *   M table: count u32, then key, value, key, value … · E table whose values are all true: count u32, keys
 *
 * Workers answer with N, T, F, I, D, S and M. A message is
 *
 *   calls   1 u8, count u32, then the arguments of each call, as many as the function has
 *   folds   2 u8, count u32, then for each: state, rows u32, then the arguments of each row without the state
 *
 * and its answer the results, or states, one behind the other. */
#ifndef EVALUATE_EVALUATE_H
#define EVALUATE_EVALUATE_H

#include "base/buffer.h"
#include "base/error.h"
#include "evaluate/bounds.h"

struct evaluator;
struct pool;

enum {
    EVALUATE_CALLS = 1,
    EVALUATE_FOLDS = 2,
};

/* A function as it was written. */
struct evaluate_function {
    struct bytes name;             /* "ks.f": what errors say */
    const struct bytes *arguments; /* names, all of which pass evaluate_name_is_sound */
    size_t arguments_count;
    struct bytes body;      /* of a function whose parameters these are */
    bool is_called_on_null; /* folds: rows with a nil are no calls otherwise */
};

/* Whether Lua takes the name for a variable's. */
bool evaluate_name_is_sound(struct bytes name);
/* Appends what a worker runs; equal texts share workers. */
void evaluate_source(const struct evaluate_function *function, struct buffer *source);

/* Messages for one function. */
struct evaluate_task {
    struct bytes name;   /* of the function, for the process */
    struct bytes source; /* from evaluate_source */
    struct bytes *messages;
    size_t count;
    /* One long fold in pieces: `state` is the first one's, each other goes on with what came of the one before. A message is
     * then only the rows: rows u32, arguments. */
    bool is_chain;
    struct bytes state;
    struct buffer
        answer; /* of all messages, one behind the other; of a chain the last one's. The caller's to reset */
};

/* The functions of one request, one after the other. Lent to the evaluator until `done`. */
struct evaluate_job {
    struct evaluate_job *next; /* the evaluator's */
    struct evaluate_task *tasks;
    size_t count;
    /* Called once if the job was taken. Thread: the evaluator's; must not block. */
    void (*done)(struct evaluate_job *job);
    void *context;
    /* What it came to. STATUS_FUNCTION: a function failed, `failed` is its task. STATUS_BUSY, STATUS_IO, STATUS_CLOSED. */
    size_t failed;
    enum status status;
    bool is_check; /* asked for: whether the tasks' functions can be loaded; they have no messages */
    char text[EVALUATE_TEXT_BYTES];
};

MUST_USE enum status evaluate_open(struct pool *pool, struct evaluator **ret_evaluator, struct error *error);
/* Waits for what runs; what waits is answered with STATUS_CLOSED, as is what comes later. Accepts NULL. */
void evaluate_stop(struct evaluator *evaluator);
/* After everybody who submits has ended. Accepts a pointer to NULL. */
void evaluate_close(struct evaluator **evaluator);

/* STATUS_BUSY, STATUS_CLOSED: the job is still the caller's. Thread: any. */
MUST_USE enum status evaluate_submit(struct evaluator *evaluator, struct evaluate_job *job,
                                     struct error *error);

#endif
