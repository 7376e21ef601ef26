/* Reads that take long: to the reader pool and back to the door's thread. */
#include "dynamodb_private.h"
#include "gate/readers.h"

struct later {
    struct gate_reading reading;
    struct call *call;
    void (*read)(struct call *call, struct gate_view *view);
};

static void later_resume(struct http_exchange *exchange)
{
    struct call *call = http_context(exchange);
    call->finish(call);
}

/* Thread: the pool's. The exchange's arena is its own until the exchange resumes. */
static void later_run(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside)
{
    struct later *later = (struct later *)reading;
    (void)aside;
    gate_view_show_plain(view, true);
    later->read(later->call, view);
    http_resume(later->call->exchange, later_resume);
}

enum status call_read_later(struct call *call, void (*read)(struct call *call, struct gate_view *view),
                            void (*finish)(struct call *call))
{
    struct later *later = arena_create(call->arena, sizeof(*later));
    *later = (struct later){.reading = {.run = later_run}, .call = call, .read = read};
    call->finish = finish;
    call->is_waiting = true;
    enum status status = gate_readers_submit(call->door->options.readers, &later->reading);
    if (status != STATUS_OK) {
        call->is_waiting = false;
        return call_fail_error(call, status, "the server is stopping");
    }
    return STATUS_OK;
}
