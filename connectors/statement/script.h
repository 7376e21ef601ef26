/* Calls of users' functions, which answer later: gathered, sent together to the evaluator, and their results where they are
 * wanted. The door's thread goes on with other requests meanwhile. */
#ifndef CQL_SCRIPT_H
#define CQL_SCRIPT_H

#include "exec.h"
#include "term.h"
#include "user_function.h"

struct script_round;

enum script_state {
    SCRIPT_NEW,
    SCRIPT_WANTED,
    SCRIPT_DONE,
};

/* Where a result is wanted. Lives as long as the round; values are in the call's arena. */
struct script_slot {
    enum script_state state;
    struct value value;
};

/* Rows for one result of an aggregate, in pieces. {0} is empty. */
struct script_fold {
    struct buffer *pieces; /* rows u32, arguments; the array is in the call's arena */
    size_t count;
    uint32_t rows; /* of the last piece */
};

/* An empty round in the call's arena. */
struct script_round *statement__script_begin(struct exec_call *call);
bool statement__script_is_empty(const struct script_round *round);

/* Asks for a call. Errors: STATUS_TOO_LARGE. */
MUST_USE enum status statement__script_want(struct script_round *round, const struct user_function *function,
                                            const struct value *arguments, struct script_slot *slot,
                                            struct error *error);

/* Adds a row: the arguments of an aggregate. STATUS_TOO_LARGE. */
MUST_USE enum status statement__script_fold_row(struct exec_call *call, struct script_fold *fold,
                                                const struct user_function *aggregate,
                                                const struct value *arguments, struct error *error);
/* Asks for the state that the rows lead to. Takes the fold, which is empty then. */
MUST_USE enum status statement__script_fold_want(struct script_round *round,
                                                 const struct user_function *aggregate,
                                                 struct script_fold *fold, struct script_slot *slot,
                                                 struct error *error);
void statement__script_fold_reset(struct script_fold *fold);

/* Sends all that is wanted. When it succeeds `resume` is called on the door's thread, with all slots done and the round empty,
 * or the request was answered with the failure. Failures are set. */
MUST_USE enum status statement__script_run(struct script_round *round,
                                           void (*resume)(struct exec_call *call));
/* Whether the functions' sources can be loaded; as above. */
MUST_USE enum status statement__script_check(struct exec_call *call, const struct user_function *function,
                                             void (*resume)(struct exec_call *call));
/* Forgets what was wanted and not sent. */
void statement__script_reset(struct script_round *round);

/* --- values that statements are bound to ------------------------------------------------------------------------------- */

/* For cql_evaluation.call with the exec_call as its context: the n-th call that a statement makes while it is planned keeps
 * its result when it is planned again. */
MUST_USE enum status statement__script_bind(void *context, const struct cql_expression *expression,
                                            const struct value *arguments, struct value *ret_value,
                                            struct error *error);
/* Whether the statement stopped because such a call has to be made; statement__script_bind_run makes it. */
bool statement__script_bind_waits(const struct exec_call *call);
MUST_USE enum status statement__script_bind_run(struct exec_call *call,
                                                void (*resume)(struct exec_call *call));
/* The statement is planned again, from its first call on. */
void statement__script_bind_again(struct exec_call *call);

#endif
