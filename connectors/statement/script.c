#include "script.h"

#include "authorize.h"
#include "evaluate/evaluate.h"
#include "script_value.h"
#include "statement/bounds.h"
#include "value/serial.h"

/* Calls of one function, or folds, message by message; or one long fold. */
struct script_batch {
    struct script_batch *next;
    const struct user_function *function;
    const struct type *returns;
    bool is_fold;
    bool is_chain;
    struct bytes state; /* is_chain */
    struct buffer *messages;
    size_t count;
    uint32_t calls; /* in the last message */
    struct script_slot **slots;
    size_t slots_count;
};

struct script_round {
    struct exec_call *call;
    struct script_batch *first;
    size_t batches;
    struct evaluate_job job;
    void (*resume)(struct exec_call *call);
};

enum {
    MESSAGE_HEAD_BYTES = 5, /* kind, count */
};

struct script_round *statement__script_begin(struct exec_call *call)
{
    struct script_round *round = arena_create(call->arena, sizeof(*round));
    round->call = call;
    return round;
}

bool statement__script_is_empty(const struct script_round *round)
{
    return round->first == NULL;
}

/* --- bounds --------------------------------------------------------------------------------------------------------- */

static enum status note_bytes(struct exec_call *call, size_t bytes, struct error *error)
{
    call->script_bytes += bytes;
    return call->script_bytes <= CQL_FUNCTION_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "the arguments of functions have more than %d bytes: read fewer rows at a time",
                           CQL_FUNCTION_BYTES_MAX);
}

static enum status note_call(struct exec_call *call, size_t bytes, struct error *error)
{
    return ++call->script_calls <= CQL_FUNCTION_CALLS_MAX
               ? note_bytes(call, bytes, error)
               : error_set(error, STATUS_TOO_LARGE,
                           "more than %d calls of functions: read fewer rows at a time",
                           CQL_FUNCTION_CALLS_MAX);
}

/* --- batches -------------------------------------------------------------------------------------------------------- */

static struct script_batch *batch_add(struct script_round *round, const struct user_function *function,
                                      const struct type *returns, bool is_fold)
{
    struct script_batch *batch = arena_create(round->call->arena, sizeof(*batch));
    *batch = (struct script_batch){.next = round->first,
                                   .function = function,
                                   .returns = returns,
                                   .is_fold = is_fold};
    round->first = batch;
    round->batches++;
    return batch;
}

static struct script_batch *batch_of(struct script_round *round, const struct user_function *function,
                                     const struct type *returns, bool is_fold)
{
    struct script_batch *batch = round->first;
    while (batch != NULL && !(batch->function == function && batch->is_fold == is_fold && !batch->is_chain)) {
        batch = batch->next;
    }
    return batch != NULL ? batch : batch_add(round, function, returns, is_fold);
}

static void batch_add_slot(struct script_round *round, struct script_batch *batch, struct script_slot *slot)
{
    batch->slots =
        arena_grow_array(round->call->arena, batch->slots, batch->slots_count, sizeof(struct script_slot *));
    batch->slots[batch->slots_count++] = slot;
    slot->state = SCRIPT_WANTED;
}

/* The message that the next call goes into, counted already. */
static struct buffer *batch_message(struct script_round *round, struct script_batch *batch)
{
    bool is_full = batch->count == 0 || batch->messages[batch->count - 1].size >= EVALUATE_MESSAGE_BYTES;
    if (is_full) {
        batch->messages =
            arena_grow_array(round->call->arena, batch->messages, batch->count, sizeof(struct buffer));
        struct buffer *message = &batch->messages[batch->count++];
        *message = (struct buffer){0};
        buffer_put_u8(message, batch->is_fold ? EVALUATE_FOLDS : EVALUATE_CALLS);
        buffer_put_u32(message, 0);
        batch->calls = 0;
    }
    struct buffer *message = &batch->messages[batch->count - 1];
    bytes_put_u32(message->data + MESSAGE_HEAD_BYTES - sizeof(uint32_t), ++batch->calls);
    return message;
}

enum status statement__script_want(struct script_round *round, const struct user_function *function,
                                   const struct value *arguments, struct script_slot *slot,
                                   struct error *error)
{
    struct script_batch *batch = batch_of(round, function, &function->returns, false);
    struct buffer *message = batch_message(round, batch);
    size_t before = message->size;
    for (size_t i = 0; i < function->count; i++) {
        statement__script_value_put(&function->arguments[i], &arguments[i], message);
    }
    batch_add_slot(round, batch, slot);
    return note_call(round->call, message->size - before, error);
}

/* --- folds ---------------------------------------------------------------------------------------------------------- */

enum status statement__script_fold_row(struct exec_call *call, struct script_fold *fold,
                                       const struct user_function *aggregate, const struct value *arguments,
                                       struct error *error)
{
    if (fold->count == 0 || fold->pieces[fold->count - 1].size >= EVALUATE_MESSAGE_BYTES) {
        fold->pieces = arena_grow_array(call->arena, fold->pieces, fold->count, sizeof(struct buffer));
        fold->pieces[fold->count] = (struct buffer){0};
        buffer_put_u32(&fold->pieces[fold->count++], 0);
        fold->rows = 0;
    }
    struct buffer *piece = &fold->pieces[fold->count - 1];
    size_t before = piece->size;
    for (size_t i = 0; i < aggregate->count; i++) {
        statement__script_value_put(&aggregate->arguments[i], &arguments[i], piece);
    }
    bytes_put_u32(piece->data, ++fold->rows);
    return note_bytes(call, piece->size - before + 1, error);
}

static enum status initial_put(struct exec_call *call, const struct user_function *aggregate,
                               struct buffer *state, struct error *error)
{
    struct value value = value_of_null();
    if (aggregate->has_initial) {
        enum status status =
            serial_decode(&aggregate->state_type, aggregate->initial, call->arena, &value, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    statement__script_value_put(&aggregate->state_type, &value, state);
    return STATUS_OK;
}

enum status statement__script_fold_want(struct script_round *round, const struct user_function *aggregate,
                                        struct script_fold *fold, struct script_slot *slot,
                                        struct error *error)
{
    struct exec_call *call = round->call;
    struct buffer state = {0};
    enum status status = initial_put(call, aggregate, &state, error);
    struct script_batch *batch = NULL;
    if (fold->count > 1) {
        batch = batch_add(round, aggregate->state, &aggregate->state_type, true);
        batch->is_chain = true;
        batch->state = arena_copy(call->arena, buffer_bytes(&state));
        batch->messages = fold->pieces;
        batch->count = fold->count;
        *fold = (struct script_fold){0};
    } else {
        batch = batch_of(round, aggregate->state, &aggregate->state_type, true);
        struct buffer *message = batch_message(round, batch);
        buffer_put(message, buffer_bytes(&state));
        if (fold->count == 0) {
            buffer_put_u32(message, 0);
        } else {
            buffer_put(message, buffer_bytes(&fold->pieces[0]));
        }
        statement__script_fold_reset(fold);
    }
    batch_add_slot(round, batch, slot);
    buffer_reset(&state);
    return status == STATUS_OK ? note_call(call, 0, error) : status;
}

void statement__script_fold_reset(struct script_fold *fold)
{
    for (size_t i = 0; i < fold->count; i++) {
        buffer_reset(&fold->pieces[i]);
    }
    *fold = (struct script_fold){0};
}

void statement__script_reset(struct script_round *round)
{
    for (struct script_batch *batch = round->first; batch != NULL; batch = batch->next) {
        for (size_t i = 0; i < batch->count; i++) {
            buffer_reset(&batch->messages[i]);
        }
    }
    for (size_t i = 0; i < round->job.count; i++) {
        buffer_reset(&round->job.tasks[i].answer);
    }
    *round = (struct script_round){.call = round->call};
}

/* --- results -------------------------------------------------------------------------------------------------------- */

static enum status script_fail(struct exec_call *call, const struct user_function *function, const char *text)
{
    enum status status = exec_fail(call, CQL_FUNCTION_FAILURE, "execution of '%.*s.%.*s[%.*s]' failed: %s",
                                   (int)function->keyspace.size, (const char *)function->keyspace.data,
                                   (int)function->name.size, (const char *)function->name.data,
                                   (int)function->types.size, (const char *)function->types.data, text);
    call->failure.keyspace = function->keyspace;
    call->failure.name = function->name;
    call->failure.arguments = function->argument_types;
    call->failure.arguments_count = function->count;
    return status;
}

static enum status batch_collect(struct script_round *round, const struct script_batch *batch,
                                 struct bytes answer)
{
    struct exec_call *call = round->call;
    struct error error = {0};
    struct reader reader = reader_of(arena_copy(call->arena, answer));
    for (size_t i = 0; i < batch->slots_count; i++) {
        struct script_slot *slot = batch->slots[i];
        enum status status =
            statement__script_value_read(&reader, batch->returns, call->arena, &slot->value, &error);
        if (status != STATUS_OK) {
            return script_fail(call, batch->function, error.text);
        }
        slot->state = SCRIPT_DONE;
    }
    return STATUS_OK;
}

static enum status round_collect(struct script_round *round)
{
    const struct evaluate_job *job = &round->job;
    enum status status = STATUS_OK;
    size_t task = 0;
    const struct script_batch *batch = round->first;
    for (; batch != NULL && status == STATUS_OK; batch = batch->next, task++) {
        if (job->status != STATUS_OK && task < job->failed) {
            continue;
        }
        if (job->status == STATUS_FUNCTION && job->is_check) {
            status = exec_fail(round->call, CQL_INVALID,
                               "Could not compile function '%.*s.%.*s' from Lua source: %s",
                               (int)batch->function->keyspace.size,
                               (const char *)batch->function->keyspace.data, (int)batch->function->name.size,
                               (const char *)batch->function->name.data, job->text);
        } else if (job->status == STATUS_FUNCTION) {
            status = script_fail(round->call, batch->function, job->text);
        } else if (job->status != STATUS_OK) {
            status = exec_fail_status(round->call, job->status, job->text);
        } else {
            status = batch_collect(round, batch, buffer_bytes(&job->tasks[task].answer));
        }
    }
    return status;
}

/* Thread: the door's. */
static void script_resumed(struct cql_request *request)
{
    struct exec_call *call = request->context;
    struct script_round *round = call->round;
    void (*resume)(struct exec_call * call) = round->resume;
    enum status status = round_collect(round);
    statement__script_reset(round);
    if (status == STATUS_OK) {
        resume(call);
        return;
    }
    if (call->abandon != NULL) {
        call->abandon(call);
    }
    exec_answer_failure(call);
}

/* Thread: the evaluator's. */
static void script_done(struct evaluate_job *job)
{
    struct script_round *round = job->context;
    cql_request_resume(round->call->request, script_resumed);
}

/* --- sending -------------------------------------------------------------------------------------------------------- */

static struct bytes source_of(struct exec_call *call, const struct user_function *function)
{
    struct buffer source = {0};
    const struct evaluate_function written = {.name =
                                                  exec_full_name(call, function->keyspace, function->name),
                                              .arguments = function->argument_names,
                                              .arguments_count = function->count,
                                              .body = function->body,
                                              .is_called_on_null = function->is_called_on_null};
    evaluate_source(&written, &source);
    struct bytes copy = arena_copy(call->arena, buffer_bytes(&source));
    buffer_reset(&source);
    return copy;
}

static struct evaluate_task task_of(struct script_round *round, const struct script_batch *batch)
{
    struct exec_call *call = round->call;
    const struct user_function *function = batch->function;
    struct bytes *messages = arena_create_array(call->arena, batch->count, sizeof(*messages));
    for (size_t i = 0; i < batch->count; i++) {
        messages[i] = buffer_bytes(&batch->messages[i]);
    }
    return (struct evaluate_task){.name = exec_full_name(call, function->keyspace, function->name),
                                  .source = source_of(call, function),
                                  .messages = messages,
                                  .count = batch->count,
                                  .is_chain = batch->is_chain,
                                  .state = batch->state};
}

static enum status round_submit(struct script_round *round)
{
    struct exec_call *call = round->call;
    struct error error;
    enum status status = STATUS_UNSUPPORTED;
    (void)error_set(&error, status, "this server runs no functions");
    if (call->exec->evaluator != NULL) {
        call->round = round;
        status = evaluate_submit(call->exec->evaluator, &round->job, &error);
    }
    if (status != STATUS_OK) {
        statement__script_reset(round);
        return exec_fail_status(call, status, error.text);
    }
    return STATUS_OK;
}

/* Who calls a function has to be allowed to. */
static enum status round_authorize(struct script_round *round)
{
    struct exec_call *call = round->call;
    enum status status = STATUS_OK;
    for (const struct script_batch *batch = round->first; batch != NULL && status == STATUS_OK;
         batch = batch->next) {
        status = statement__ensure(call, ROLE_EXECUTE, statement__resource_function(call, batch->function));
    }
    if (status != STATUS_OK) {
        statement__script_reset(round);
    }
    return status;
}

enum status statement__script_run(struct script_round *round, void (*resume)(struct exec_call *call))
{
    size_t task = 0;
    enum status status = round_authorize(round);
    if (status != STATUS_OK) {
        return status;
    }
    round->resume = resume;
    round->job = (struct evaluate_job){.count = round->batches, .done = script_done, .context = round};
    round->job.tasks = arena_create_array(round->call->arena, round->batches, sizeof(struct evaluate_task));
    for (const struct script_batch *batch = round->first; batch != NULL; batch = batch->next) {
        round->job.tasks[task++] = task_of(round, batch);
    }
    return round_submit(round);
}

enum status statement__script_check(struct exec_call *call, const struct user_function *function,
                                    void (*resume)(struct exec_call *call))
{
    struct script_round *round = statement__script_begin(call);
    const struct script_batch *batch = batch_add(round, function, &function->returns, false);
    round->resume = resume;
    round->job = (struct evaluate_job){.count = 1, .is_check = true, .done = script_done, .context = round};
    round->job.tasks = arena_create(call->arena, sizeof(struct evaluate_task));
    round->job.tasks[0] = task_of(round, batch);
    return round_submit(round);
}

/* --- values that statements are bound to ---------------------------------------------------------------------------- */

struct script_values {
    struct script_round *round;
    struct script_slot **slots;
    size_t count;
    size_t next;
};

enum status statement__script_bind(void *context, const struct cql_expression *expression,
                                   const struct value *arguments, struct value *ret_value,
                                   struct error *error)
{
    struct exec_call *call = context;
    if (call->values == NULL) {
        call->values = arena_create(call->arena, sizeof(*call->values));
        call->values->round = statement__script_begin(call);
    }
    struct script_values *values = call->values;
    if (values->next < values->count && values->slots[values->next]->state == SCRIPT_DONE) {
        *ret_value = values->slots[values->next++]->value;
        return STATUS_OK;
    }
    if (values->count == CQL_FUNCTION_VALUES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a request has more than %d values that functions give",
                         CQL_FUNCTION_VALUES_MAX);
    }
    struct script_slot *slot = arena_create(call->arena, sizeof(*slot));
    values->slots = arena_grow_array(call->arena, values->slots, values->count, sizeof(struct script_slot *));
    values->slots[values->count++] = slot;
    enum status status =
        statement__script_want(values->round, expression->function->user, arguments, slot, error);
    return status == STATUS_OK ? STATUS_BUSY : status;
}

bool statement__script_bind_waits(const struct exec_call *call)
{
    return call->values != NULL && !statement__script_is_empty(call->values->round);
}

enum status statement__script_bind_run(struct exec_call *call, void (*resume)(struct exec_call *call))
{
    return statement__script_run(call->values->round, resume);
}

void statement__script_bind_again(struct exec_call *call)
{
    if (call->values != NULL) {
        call->values->next = 0;
    }
}
