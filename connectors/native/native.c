/* Socket, thread, framing. */
#include "native/native.h"

#include <errno.h>
#include <stdlib.h>

#include <zmq.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "native_private.h"

bool native__send_part(void *socket, struct bytes part, bool has_more)
{
    bool is_sent = zmq_send(socket, part.data, part.size, ZMQ_DONTWAIT | (has_more ? ZMQ_SNDMORE : 0)) >= 0;
    if (!is_sent && errno == ENOMEM) {
        memory_exhausted(part.size); /* half of a message would be sent with the next one, to another peer */
    }
    return is_sent;
}

enum status native__send_now(struct native_door *door, struct bytes peer, uint8_t type,
                             const uint8_t request[WIRE_ID_BYTES], struct bytes body)
{
    uint8_t head[2] = {WIRE_VERSION, type};
    if (!native__send_part(door->socket, peer, true)) {
        return errno == EAGAIN ? STATUS_BUSY : STATUS_NOT_FOUND;
    }
    (void)native__send_part(door->socket, bytes_of(head, sizeof(head)), true);
    (void)native__send_part(door->socket, bytes_of(request, WIRE_ID_BYTES), true);
    (void)native__send_part(door->socket, body, false);
    return STATUS_OK;
}

/* Now, unless something waits for the peer already. STATUS_BUSY: this has to wait too. */
static enum status native_try(struct native_door *door, const struct native_peer *peer, uint8_t type,
                              const struct buffer *body)
{
    return native__has_backlog(door, peer) ? STATUS_BUSY
                                           : native__send_now(door, bytes_of(peer->id, peer->id_bytes), type,
                                                              peer->request, buffer_bytes(body));
}

enum status native__send(struct native_door *door, const struct native_peer *peer, uint8_t type,
                         const struct buffer *body)
{
    enum status status = native_try(door, peer, type, body);
    if (status == STATUS_BUSY && !native__backlog_is_full(door, peer)) {
        native__backlog_add(door, peer, type, buffer_bytes(body));
        return STATUS_OK;
    }
    return status;
}

enum status native__send_records(struct native_door *door, const struct native_peer *peer,
                                 const struct buffer *body)
{
    enum status status = native_try(door, peer, WIRE_CREDIT | WIRE_REPLY, body);
    if (status == STATUS_BUSY) {
        native__backlog_add(door, peer, WIRE_CREDIT | WIRE_REPLY, buffer_bytes(body));
        return STATUS_OK;
    }
    return status;
}

void native__put_error(struct buffer *body, enum status status, const char *text)
{
    codec_put_map(body, 2);
    codec_put_unsigned(body, WIRE_FIELD_STATUS);
    codec_put_unsigned(body, (uint64_t)status);
    codec_put_unsigned(body, WIRE_FIELD_TEXT);
    codec_put_text(body, bytes_of_text(text));
}

void native__answer_error(struct native_door *door, const struct native_peer *peer, enum status status,
                          const char *text)
{
    struct buffer body = {0};
    native__put_error(&body, status, text);
    (void)native__send(door, peer, peer->type | WIRE_REPLY, &body); /* a peer that is gone misses nothing */
    native__measure_end(peer, status);
    buffer_reset(&body);
}

/* Reads the frames of one message: routing id, head, request id, body. False when nothing waits. */
static bool native_receive(struct native_door *door, zmq_msg_t *frames, size_t frames_max, size_t *ret_count)
{
    size_t count = 0;
    int more = 1;
    while (more != 0) {
        zmq_msg_t frame;
        (void)zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, door->socket, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&frame);
            *ret_count = count;
            return count > 0;
        }
        more = zmq_msg_more(&frame);
        if (count < frames_max) {
            frames[count] = frame;
        } else {
            (void)zmq_msg_close(&frame); /* a message with too many frames is answered as malformed */
        }
        count++;
    }
    *ret_count = count;
    return true;
}

static struct bytes frame_bytes_of(zmq_msg_t *frame)
{
    return bytes_of(zmq_msg_data(frame), zmq_msg_size(frame));
}

static void native_handle(struct native_door *door, zmq_msg_t *frames, size_t count)
{
    struct native_request request = {0};
    struct bytes id = frame_bytes_of(&frames[0]);
    struct error error;
    CHECK(id.size <= NATIVE_PEER_BYTES_MAX);
    native__measure_begin(&request.peer);
    memcpy(request.peer.id, id.data, id.size);
    request.peer.id_bytes = id.size;
    struct bytes head = count > 1 ? frame_bytes_of(&frames[1]) : (struct bytes){0};
    struct bytes number = count > 2 ? frame_bytes_of(&frames[2]) : (struct bytes){0};
    if (number.size == WIRE_ID_BYTES) {
        memcpy(request.peer.request, number.data, WIRE_ID_BYTES);
    }
    request.peer.type = head.size == 2 ? head.data[1] : 0;
    if (count != 4 || head.size != 2 || number.size != WIRE_ID_BYTES) {
        native__answer_error(door, &request.peer, STATUS_INVALID,
                             "a request has three frames: [version, type], 8 bytes of request id, msgpack");
    } else if (head.data[0] != WIRE_VERSION) {
        native__answer_error(door, &request.peer, STATUS_UNSUPPORTED,
                             "this server speaks version 1 of the protocol");
    } else {
        request.message = arena_copy(&request.arena, frame_bytes_of(&frames[3]));
        if (codec_message_decode(request.message, &request.arena, &request.body, &error) != STATUS_OK) {
            native__answer_error(door, &request.peer, error.status, error.text);
        } else {
            native__measure_subject(&request.peer, &request.body);
            if (!native__put_aside(door, &request)) {
                native__serve(door, &request);
            }
        }
    }
    arena_reset(&request.arena);
}

static void native_receive_all(struct native_door *door)
{
    enum {
        FRAMES_MAX = 4,
        REQUESTS_PER_TURN = 256,
    };
    zmq_msg_t frames[FRAMES_MAX];
    size_t count = 0;
    for (int i = 0; i < REQUESTS_PER_TURN && native_receive(door, frames, FRAMES_MAX, &count); i++) {
        native_handle(door, frames, count);
        for (size_t k = 0; k < count && k < FRAMES_MAX; k++) {
            (void)zmq_msg_close(&frames[k]);
        }
    }
}

static void native_take_reply(struct native_door *door, struct native_reply *reply)
{
    atomic_fetch_sub(&door->writes, 1);
    if (reply->request != NULL) {
        native__take_up(door, &reply->request);
    } else {
        (void)native__send(door, &reply->peer, reply->peer.type | WIRE_REPLY, &reply->body);
        native__measure_end(&reply->peer, reply->status);
        buffer_reset(&reply->body);
    }
    memory_destroy(reply);
}

static void native_send_replies(struct native_door *door)
{
    struct message *message = mailbox_receive(door->mailbox, 0);
    while (message != NULL) {
        struct message *next = message->next;
        if (message == &door->wake) {
            atomic_store(&door->is_awake, false);
        } else {
            native_take_reply(door, (struct native_reply *)message);
        }
        message = next;
    }
}

/* Now and then: each client that takes nothing costs a try. */
static void native_look_at_backlogs(struct native_door *door)
{
    int64_t now_us = door->backlogs == NULL ? 0 : clock_steady_us(clock_system());
    if (door->backlogs != NULL && now_us - door->backlogs_us >= NATIVE_BACKLOG_MS * 1000LL) {
        door->backlogs_us = now_us;
        native__backlogs_send(door);
    }
}

static void native_run(void *context)
{
    struct native_door *door = context;
    zmq_pollitem_t items[3] = {
        {.socket = door->socket, .events = ZMQ_POLLIN},
        {.fd = mailbox_descriptor(door->mailbox), .events = ZMQ_POLLIN},
        {.socket = door->monitor, .events = ZMQ_POLLIN},
    };
    while (!atomic_load(&door->is_stopping)) {
        int wait_ms = door->backlogs != NULL ? NATIVE_BACKLOG_MS : 1000;
        (void)zmq_poll(items, 3, native__has_more(door) ? 0 : wait_ms);
        native__monitor_read(door);
        native_look_at_backlogs(door);
        native_send_replies(door);
        native_receive_all(door);
        native__pump(door);
    }
    native_send_replies(door);
}

static void native_wake_now(struct native_door *door)
{
    if (!atomic_exchange(&door->is_awake, true) &&
        mailbox_send_reply(door->mailbox, &door->wake) != STATUS_OK) {
        atomic_store(&door->is_awake, false); /* stopping */
    }
}

/* After a commit: subscribers may have something to read. One that comes now is served by the door's own turn. Thread: the
 * writer. */
static void native_wake(void *context)
{
    struct native_door *door = context;
    if (atomic_load(&door->subscriptions_count) > 0) {
        native_wake_now(door);
    }
}

static enum status native_bind(struct native_door *door, struct error *error)
{
    int one = 1;
    int64_t message_bytes_max = WIRE_MESSAGE_BYTES_MAX;
    int heartbeat_ms = NATIVE_HEARTBEAT_MS;
    int timeout_ms = 3 * NATIVE_HEARTBEAT_MS;
    int linger_ms = 500;
    (void)zmq_setsockopt(door->socket, ZMQ_ROUTER_MANDATORY, &one, sizeof(one));
    (void)zmq_setsockopt(door->socket, ZMQ_MAXMSGSIZE, &message_bytes_max, sizeof(message_bytes_max));
    (void)zmq_setsockopt(door->socket, ZMQ_HEARTBEAT_IVL, &heartbeat_ms, sizeof(heartbeat_ms));
    (void)zmq_setsockopt(door->socket, ZMQ_HEARTBEAT_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    (void)zmq_setsockopt(door->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    return native__bind(door->socket, &door->options.endpoint, &door->address, error);
}

enum status native_door_open(const struct native_door_options *options, struct native_door **ret_door,
                             struct error *error)
{
    enum status status = net_endpoint_check(&options->endpoint, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct native_door *door = memory_create(sizeof(*door));
    door->options = *options;
    door->mailbox = mailbox_create(NATIVE_REPLIES_MAX);
    door->context = zmq_ctx_new();
    CHECK(door->context != NULL);
    door->socket = zmq_socket(door->context, ZMQ_ROUTER);
    CHECK(door->socket != NULL);
    native__monitor_open(door);
    status = native_bind(door, error);
    if (status == STATUS_OK) {
        status = gate_view_open(options->gate, &door->view, error);
    }
    if (status == STATUS_OK) {
        feed_wake_register(options->feed, native_wake, door);
        status = thread_create("native", native_run, door, &door->thread, error);
    }
    if (status != STATUS_OK) {
        native_door_close(&door);
        return status;
    }
    *ret_door = door;
    return STATUS_OK;
}

void native_door_close(struct native_door **door)
{
    struct native_door *gone = *door;
    *door = NULL;
    if (gone == NULL) {
        return;
    }
    atomic_store(&gone->is_stopping, true);
    native_wake_now(gone);
    thread_join(&gone->thread);
    mailbox_close(gone->mailbox);
    native_send_replies(gone);
    native__backlogs_send(gone);
    native__backlogs_close(gone);
    native__subscriptions_close(gone);
    gate_view_close(&gone->view);
    native__monitor_close(gone);
    (void)zmq_close(gone->socket);
    (void)zmq_ctx_term(gone->context);
    mailbox_destroy(&gone->mailbox);
    memory_destroy(gone->address);
    memory_destroy(gone);
}

const char *native_door_address(const struct native_door *door)
{
    return door->address;
}
