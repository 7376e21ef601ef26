#include "fanout.h"

struct fanout *fanout_create(struct call *call, size_t count)
{
    struct fanout *fanout = arena_create(call->arena, sizeof(*fanout));
    *fanout = (struct fanout){.call = call, .count = count};
    fanout->writes = arena_create_array(call->arena, count, sizeof(*fanout->writes));
    return fanout;
}

/* What came on the writer's thread moves to the call. */
static void write_adopt(struct arena *arena, struct fanout_write *write)
{
    write->text = write->text == NULL ? NULL : arena_format(arena, "%s", write->text);
    write->outcome.old_image = arena_copy(arena, write->outcome.old_image);
    write->outcome.new_image = arena_copy(arena, write->outcome.new_image);
    arena_reset(&write->arena);
}

static void fanout_resume(struct http_exchange *exchange)
{
    struct call *call = http_context(exchange);
    struct fanout *fanout = call->fanout;
    for (size_t i = 0; i < fanout->count; i++) {
        write_adopt(call->arena, &fanout->writes[i]);
    }
    fanout->finish(call);
}

static void fanout_one_done(struct fanout *fanout)
{
    if (atomic_fetch_sub(&fanout->left, 1) == 1) {
        http_resume(fanout->call->exchange, fanout_resume);
    }
}

/* Thread: the writer. */
static void write_done(void *context, const struct gate_outcome *outcome)
{
    struct fanout_write *write = context;
    write->status = outcome->status;
    write->text = arena_format(&write->arena, "%s", outcome->text == NULL ? "" : outcome->text);
    if (outcome->count > 0) {
        struct gate_change_outcome *kept = &write->outcome;
        *kept = outcome->changes[0];
        kept->text = NULL; /* the transaction's says the same */
        kept->old_image = kept->had_old ? arena_copy(&write->arena, kept->old_image) : (struct bytes){0};
        kept->new_image = kept->has_new ? arena_copy(&write->arena, kept->new_image) : (struct bytes){0};
    }
    fanout_one_done(write->fanout);
}

static void write_submit(struct call *call, struct fanout_write *write)
{
    struct arena arena = {0};
    struct error error;
    struct gate_transaction transaction = {.is_plain = true,
                                           .arena = &arena,
                                           .changes = write->change,
                                           .count = 1,
                                           .actor = call->principal,
                                           .done = write_done,
                                           .context = write};
    enum status status = gate_submit(call->door->options.gate, &transaction, NULL, &error);
    if (status != STATUS_OK) {
        arena_reset(&arena);
        write->status = status;
        write->text = arena_format(&write->arena, "%s", error.text);
        fanout_one_done(write->fanout);
    }
}

void fanout_submit(struct fanout *fanout, void (*finish)(struct call *call))
{
    struct call *call = fanout->call;
    fanout->finish = finish;
    call->fanout = fanout;
    call->is_waiting = true;
    atomic_store(&fanout->left, fanout->count + 1);
    for (size_t i = 0; i < fanout->count; i++) {
        struct fanout_write *write = &fanout->writes[i];
        write->fanout = fanout;
        if (write->status == STATUS_OK) {
            write_submit(call, write);
        } else {
            fanout_one_done(fanout);
        }
    }
    fanout_one_done(fanout);
}
