/* Writes: to the gate and back to the door's thread. */
#include "dynamodb_private.h"

static void write_resume(struct http_exchange *exchange)
{
    struct call *call = http_context(exchange);
    call->finish(call);
}

/* Keeps what finish wants to see. Thread: the writer; the exchange's arena is its own until it resumes. */
static void write_done(void *context, const struct gate_outcome *outcome)
{
    struct call *call = context;
    call->outcome = *outcome;
    call->outcome.text =
        arena_copy_text(call->arena, bytes_of_text(outcome->text == NULL ? "" : outcome->text));
    struct gate_change_outcome *changes = arena_create_array(call->arena, outcome->count, sizeof(*changes));
    for (size_t i = 0; i < outcome->count && outcome->changes != NULL; i++) {
        const struct gate_change_outcome *change = &outcome->changes[i];
        changes[i] = *change;
        changes[i].text = change->text == NULL ? NULL : arena_format(call->arena, "%s", change->text);
        changes[i].old_image =
            change->had_old ? arena_copy(call->arena, change->old_image) : (struct bytes){0};
        changes[i].new_image =
            change->has_new ? arena_copy(call->arena, change->new_image) : (struct bytes){0};
    }
    call->outcome.changes = changes;
    http_resume(call->exchange, write_resume);
}

bool conflict_is_feigned(struct call *call)
{
    uint64_t percent = call->door->options.conflict_percent;
    return percent > 0 && random_below(&call->door->random, 100) < percent;
}

enum status call_submit(struct call *call, const struct gate_change *changes, size_t count,
                        struct bytes token, struct hash128 token_hash, void (*finish)(struct call *call),
                        size_t *ret_change)
{
    struct arena arena = {0}; /* the changes live in the exchange's, which lasts longer */
    struct error error;
    struct gate_transaction transaction = {.is_plain = true,
                                           .arena = &arena,
                                           .changes = changes,
                                           .count = count,
                                           .actor = call->principal,
                                           .token = token,
                                           .token_hash = token_hash,
                                           .done = write_done,
                                           .context = call};
    call->finish = finish;
    call->is_waiting = true;
    enum status status = gate_submit(call->door->options.gate, &transaction, ret_change, &error);
    if (status != STATUS_OK) {
        call->is_waiting = false;
        arena_reset(&arena);
        return call_fail_error(call, status, error.text);
    }
    return STATUS_OK;
}

struct gate_request call_request(struct call *call, void (*finish)(struct call *call))
{
    call->finish = finish;
    call->is_waiting = true;
    return (struct gate_request){.actor = call->principal, .done = write_done, .context = call};
}
