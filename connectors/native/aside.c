/* Requests that ask for a moment which a batch under way may still change: put aside until that has ended, so the door never waits. */
#include "base/memory.h"
#include "native_private.h"

struct aside {
    struct native_door *door;
    struct native_reply *reply;
};

static void aside_destroy(struct aside *aside)
{
    memory_destroy(aside->reply->request);
    memory_destroy(aside->reply);
    memory_destroy(aside);
}

/* Thread: the writer's. */
static void aside_settled(void *context)
{
    struct aside *aside = context;
    enum status status = mailbox_send_reply(aside->door->mailbox, &aside->reply->message);
    CHECK(status == STATUS_OK); /* the door closes after the writer */
    memory_destroy(aside);
}

static struct aside *aside_create(struct native_door *door, const struct native_request *request)
{
    struct aside *aside = memory_create(sizeof(*aside));
    aside->door = door;
    aside->reply = memory_create(sizeof(*aside->reply));
    aside->reply->request = memory_create(sizeof(*request));
    *aside->reply->request = *request;
    return aside;
}

/* The latest moment that the request names; false: none, or one that is malformed. */
static bool aside_moment(const struct value *body, uint64_t *ret_time_us)
{
    static const enum wire_field fields[] = {WIRE_FIELD_AS_OF_TIME, WIRE_FIELD_SINCE_TIME};
    *ret_time_us = 0;
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        uint64_t time_us = 0;
        if (codec_field_unsigned(body, fields[i], 0, &time_us, NULL) != STATUS_OK) {
            return false;
        }
        *ret_time_us = time_us > *ret_time_us ? time_us : *ret_time_us;
    }
    return *ret_time_us > 0;
}

bool native__put_aside(struct native_door *door, struct native_request *request)
{
    uint64_t time_us = 0;
    if (!aside_moment(&request->body, &time_us)) {
        return false;
    }
    if (atomic_load(&door->writes) >= NATIVE_WRITES_MAX) {
        native__answer_error(door, &request->peer, STATUS_BUSY, "too many requests are under way; try again");
        return true;
    }
    struct aside *aside = aside_create(door, request);
    if (gate_moment_settle(door->options.gate, (int64_t)time_us, aside_settled, aside)) {
        aside_destroy(aside);
        return false;
    }
    atomic_fetch_add(&door->writes, 1);
    request->arena = (struct arena){0}; /* it went along */
    return true;
}

void native__take_up(struct native_door *door, struct native_request **request)
{
    struct native_request *back = *request;
    *request = NULL;
    native__serve(door, back);
    arena_reset(&back->arena);
    memory_destroy(back);
}
