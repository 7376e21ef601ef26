/* Requests that take long: a thread of the reader pool answers them. */
#include "base/memory.h"
#include "native_private.h"

void native__later_done(struct native_later *later)
{
    enum status status = mailbox_send_reply(later->door->mailbox, &later->reply->message);
    CHECK(status == STATUS_OK); /* the door closes after the pool */
    later->destroy(later);
}

void native__later(struct native_door *door, const struct native_peer *peer, struct native_later *later)
{
    later->door = door;
    later->reply = memory_create(sizeof(*later->reply));
    later->reply->peer = *peer;
    atomic_fetch_add(&door->writes, 1);
    bool has_room = atomic_load(&door->writes) <= NATIVE_WRITES_MAX;
    if (!has_room || gate_readers_submit(door->options.readers, &later->reading) != STATUS_OK) {
        atomic_fetch_sub(&door->writes, 1);
        native__answer_error(door, peer, has_room ? STATUS_CLOSED : STATUS_BUSY,
                             has_room ? "the server is stopping"
                                      : "too many requests are under way; try again");
        memory_destroy(later->reply);
        later->destroy(later);
    }
}
