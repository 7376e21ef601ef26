/* What a client does not take: ZeroMQ keeps so many messages for it, what comes then waits here, in its order. Answers wait up to a bound for
 * each client, and for all together; a subscription waits itself. */
#include <string.h>

#include "base/diagnostic.h"
#include "base/map.h"
#include "base/memory.h"
#include "native/bounds.h"
#include "native_private.h"

struct backlog_message {
    struct backlog_message *next;
    uint8_t type;
    uint8_t request[WIRE_ID_BYTES];
    struct buffer body;
};

/* Of one client. */
struct native_backlog {
    struct native_backlog *next;
    uint8_t id[NATIVE_PEER_BYTES_MAX];
    size_t id_bytes;
    size_t bytes;
    struct backlog_message *first;
    struct backlog_message **last;
};

static size_t backlog_bytes(const struct backlog_message *message)
{
    return sizeof(*message) + message->body.capacity;
}

static struct native_backlog *backlog_of(const struct native_door *door, const struct native_peer *peer)
{
    return door->backlogs_by_id == NULL ? NULL
                                        : map_get(door->backlogs_by_id, bytes_of(peer->id, peer->id_bytes));
}

static struct native_backlog *backlog_create(struct native_door *door, const struct native_peer *peer)
{
    struct native_backlog *backlog = memory_create(sizeof(*backlog));
    memcpy(backlog->id, peer->id, peer->id_bytes);
    backlog->id_bytes = peer->id_bytes;
    backlog->last = &backlog->first;
    backlog->next = door->backlogs;
    door->backlogs = backlog;
    if (door->backlogs_by_id == NULL) {
        door->backlogs_by_id = map_create();
    }
    (void)map_put(door->backlogs_by_id, bytes_of(backlog->id, backlog->id_bytes), backlog);
    return backlog;
}

/* What waited for the client was sent, or is thrown away. */
static void backlog_destroy(struct native_door *door, struct native_backlog *backlog)
{
    (void)map_remove(door->backlogs_by_id, bytes_of(backlog->id, backlog->id_bytes));
    memory_destroy(backlog);
}

/* Removes the first message. */
static void backlog_shift(struct native_door *door, struct native_backlog *backlog)
{
    struct backlog_message *message = backlog->first;
    backlog->first = message->next;
    backlog->last = backlog->first == NULL ? &backlog->first : backlog->last;
    backlog->bytes -= backlog_bytes(message);
    door->backlog_bytes -= backlog_bytes(message);
    buffer_reset(&message->body);
    memory_destroy(message);
}

bool native__has_backlog(const struct native_door *door, const struct native_peer *peer)
{
    return backlog_of(door, peer) != NULL;
}

bool native__backlog_is_full(struct native_door *door, const struct native_peer *peer)
{
    const struct native_backlog *backlog = backlog_of(door, peer);
    bool is_full = door->backlog_bytes > NATIVE_BACKLOG_BYTES_MAX ||
                   (backlog != NULL && backlog->bytes > NATIVE_BACKLOG_PEER_BYTES_MAX);
    if (is_full) {
        diagnostic_write_rarely(&door->drops, DIAGNOSTIC_WARNING, "native",
                                "clients do not take their answers: some are thrown away");
    }
    return is_full;
}

void native__backlog_add(struct native_door *door, const struct native_peer *peer, uint8_t type,
                         struct bytes body)
{
    struct native_backlog *backlog = backlog_of(door, peer);
    struct backlog_message *message = memory_create(sizeof(*message));
    backlog = backlog == NULL ? backlog_create(door, peer) : backlog;
    message->type = type;
    memcpy(message->request, peer->request, WIRE_ID_BYTES);
    buffer_put(&message->body, body);
    *backlog->last = message;
    backlog->last = &message->next;
    backlog->bytes += backlog_bytes(message);
    door->backlog_bytes += backlog_bytes(message);
}

/* All that the client takes now; what is for one that is gone is thrown away. */
static void backlog_send(struct native_door *door, struct native_backlog *backlog)
{
    enum status status = STATUS_OK;
    while (backlog->first != NULL && status != STATUS_BUSY) {
        const struct backlog_message *message = backlog->first;
        status = native__send_now(door, bytes_of(backlog->id, backlog->id_bytes), message->type,
                                  message->request, buffer_bytes(&message->body));
        if (status != STATUS_BUSY) {
            backlog_shift(door, backlog);
        }
    }
}

void native__backlogs_send(struct native_door *door)
{
    struct native_backlog **at = &door->backlogs;
    while (*at != NULL) {
        struct native_backlog *backlog = *at;
        backlog_send(door, backlog);
        if (backlog->first == NULL) {
            *at = backlog->next;
            backlog_destroy(door, backlog);
        } else {
            at = &backlog->next;
        }
    }
    if (door->backlogs == NULL) {
        map_destroy(&door->backlogs_by_id);
    }
}

void native__backlogs_close(struct native_door *door)
{
    while (door->backlogs != NULL) {
        struct native_backlog *backlog = door->backlogs;
        door->backlogs = backlog->next;
        while (backlog->first != NULL) {
            backlog_shift(door, backlog);
        }
        backlog_destroy(door, backlog);
    }
    map_destroy(&door->backlogs_by_id);
}
