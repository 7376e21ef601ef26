#include "client/client.h"

#include <errno.h>
#include <stdio.h>

#include <zmq.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/pack.h"

enum {
    CLIENT_CONNECT_MS = 2000, /* until a connection stands; after that nobody listens there */
};

struct client {
    char *address;
    void *context;
    bool owns_context;
    void *socket;
    void *monitor; /* tells what becomes of the connection */
    bool is_connected;
    bool was_lost; /* since it was last told */
    int timeout_ms;
    uint64_t next_id;
    struct buffer message; /* what the last answer's views point into */
};

/* --- the connection --------------------------------------------------------------------------------------------- */

/* Has the socket's events told by a socket of its own (zmq_socket_monitor). */
static void client_monitor(struct client *client)
{
    char endpoint[64];
    (void)snprintf(endpoint, sizeof(endpoint), "inproc://monitor-%p", client->socket);
    CHECK(zmq_socket_monitor(client->socket, endpoint,
                             ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) == 0);
    client->monitor = zmq_socket(client->context, ZMQ_PAIR);
    CHECK(client->monitor != NULL && zmq_connect(client->monitor, endpoint) == 0);
}

/* Takes in what happened to the connection. */
static void client_watch(struct client *client)
{
    struct {
        uint16_t event;
        uint8_t rest[8];
    } told;
    while (zmq_recv(client->monitor, &told, sizeof(told), ZMQ_DONTWAIT) >= (int)sizeof(told.event)) {
        /* one that is closed before its handshake was never there */
        client->was_lost |= client->is_connected && told.event == ZMQ_EVENT_DISCONNECTED;
        client->is_connected = told.event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
        (void)zmq_recv(client->monitor, &told, sizeof(told), 0); /* the endpoint */
    }
}

/* So that nothing is sent to nobody, to be carried out when a server starts. */
static enum status client_await(struct client *client, struct error *error)
{
    int64_t until_us = clock_steady_us(clock_system()) + (int64_t)CLIENT_CONNECT_MS * 1000;
    client_watch(client);
    while (!client->is_connected) {
        zmq_pollitem_t item = {.socket = client->monitor, .events = ZMQ_POLLIN};
        int64_t left_us = until_us - clock_steady_us(clock_system());
        if (left_us <= 0) {
            return error_set(error, STATUS_CLOSED, "nothing answers at %s; is `oxbow serve` running there?",
                             client->address);
        }
        (void)zmq_poll(&item, 1, (long)(left_us / 1000 + 1));
        client_watch(client);
    }
    return STATUS_OK;
}

/* A client of a context; false: the address is none. */
static bool client_connect(void *context, const char *address, int timeout_ms, struct client **ret_client)
{
    char endpoint[256];
    int linger_ms = 1000;
    int unlimited = 0;
    int is_v6 = address[0] == '['; /* of a name ZeroMQ takes the address of IPv4 then */
    int64_t message_bytes_max = WIRE_MESSAGE_BYTES_MAX;
    struct client *client = memory_create(sizeof(*client));
    client->address = memory_copy_text(address);
    client->timeout_ms = timeout_ms;
    client->context = context;
    client->socket = zmq_socket(client->context, ZMQ_DEALER);
    CHECK(client->socket != NULL);
    (void)zmq_setsockopt(client->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    (void)zmq_setsockopt(client->socket, ZMQ_SNDTIMEO, &timeout_ms, sizeof(timeout_ms));
    (void)zmq_setsockopt(client->socket, ZMQ_RCVHWM, &unlimited,
                         sizeof(unlimited)); /* bounded by our credit */
    (void)zmq_setsockopt(client->socket, ZMQ_MAXMSGSIZE, &message_bytes_max, sizeof(message_bytes_max));
    (void)zmq_setsockopt(client->socket, ZMQ_IPV6, &is_v6, sizeof(is_v6));
    (void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", address);
    client_monitor(client);
    *ret_client = client;
    return zmq_connect(client->socket, endpoint) == 0;
}

enum status client_open(const char *address, int timeout_ms, struct client **ret_client, struct error *error)
{
    struct client *client = NULL;
    void *context = zmq_ctx_new();
    CHECK(context != NULL);
    bool is_connected = client_connect(context, address, timeout_ms, &client);
    client->owns_context = true;
    if (!is_connected) {
        client_close(&client);
        return error_set(error, STATUS_INVALID, "%s is not ADDRESS:PORT, like 127.0.0.1:7770", address);
    }
    *ret_client = client;
    return STATUS_OK;
}

struct client *client_open_beside(struct client *client)
{
    struct client *beside = NULL;
    CHECK(client_connect(client->context, client->address, client->timeout_ms, &beside)); /* it did before */
    return beside;
}

enum status client_wait(struct client *const *clients, size_t count, int timeout_ms, bool *ret_ready,
                        struct error *error)
{
    zmq_pollitem_t *items = memory_create_array(count, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        items[i] = (zmq_pollitem_t){.socket = clients[i]->socket, .events = ZMQ_POLLIN};
    }
    int found = zmq_poll(items, (int)count, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        ret_ready[i] = found > 0 && (items[i].revents & ZMQ_POLLIN) != 0;
    }
    memory_destroy(items);
    return found > 0 ? STATUS_OK
                     : error_set(error, STATUS_TIMEOUT, "no answer from %s within %d ms", clients[0]->address,
                                 timeout_ms);
}

void client_close(struct client **client)
{
    struct client *gone = *client;
    *client = NULL;
    if (gone != NULL) {
        (void)zmq_socket_monitor(gone->socket, NULL, 0);
        (void)zmq_close(gone->monitor);
        (void)zmq_close(gone->socket);
        if (gone->owns_context) {
            (void)zmq_ctx_term(gone->context);
        }
        buffer_reset(&gone->message);
        memory_destroy(gone->address);
        memory_destroy(gone);
    }
}

enum status client_send_again(struct client *client, enum wire_type type, uint64_t id,
                              const struct buffer *body, struct error *error)
{
    uint8_t head[2] = {WIRE_VERSION, (uint8_t)type};
    uint8_t number[WIRE_ID_BYTES];
    bytes_put_u64(number, id);
    enum status status = client_await(client, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (zmq_send(client->socket, head, sizeof(head), ZMQ_SNDMORE) < 0 ||
        zmq_send(client->socket, number, sizeof(number), ZMQ_SNDMORE) < 0 ||
        zmq_send(client->socket, body->data, body->size, 0) < 0) {
        return error_set(error, STATUS_TIMEOUT, "%s does not take more requests", client->address);
    }
    return STATUS_OK;
}

enum status client_send(struct client *client, enum wire_type type, const struct buffer *body,
                        uint64_t *ret_id, struct error *error)
{
    *ret_id = ++client->next_id;
    return client_send_again(client, type, *ret_id, body, error);
}

/* One whole message: frames [version, type], request id, body. */
static enum status client_read(struct client *client, uint8_t ret_head[2], uint64_t *ret_id,
                               struct error *error)
{
    uint8_t id[WIRE_ID_BYTES];
    zmq_msg_t frame;
    int head = zmq_recv(client->socket, ret_head, 2, 0);
    int number = head == 2 ? zmq_recv(client->socket, id, sizeof(id), 0) : -1;
    if (head != 2 || number != WIRE_ID_BYTES) {
        return error_set(error, STATUS_INVALID, "%s does not speak Oxbow's protocol", client->address);
    }
    *ret_id = bytes_get_u64(id);
    buffer_clear(&client->message);
    (void)zmq_msg_init(&frame);
    int size = zmq_msg_recv(&frame, client->socket, 0);
    if (size >= 0) {
        buffer_put(&client->message, bytes_of(zmq_msg_data(&frame), zmq_msg_size(&frame)));
    }
    (void)zmq_msg_close(&frame);
    return size >= 0 && ret_head[0] == WIRE_VERSION
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "%s speaks another version of the protocol",
                           client->address);
}

static enum status client_judge(const struct value *body, struct error *error)
{
    uint64_t number = 0;
    struct bytes text = {0};
    if (codec_field_unsigned(body, WIRE_FIELD_STATUS, STATUS_OK, &number, error) != STATUS_OK ||
        codec_field_text(body, WIRE_FIELD_TEXT, &text, error) != STATUS_OK || number > STATUS_END) {
        return error_set(error, STATUS_INVALID, "an answer that cannot be understood");
    }
    if (number == STATUS_OK) {
        return STATUS_OK;
    }
    return error_set(error, (enum status)number, "%.*s", (int)text.size, (const char *)text.data);
}

/* Waits for a message. What came before the connection was lost is still there. */
static enum status client_poll(struct client *client, int timeout_ms, struct error *error)
{
    int64_t until_us = clock_steady_us(clock_system()) + (int64_t)timeout_ms * 1000;
    for (;;) {
        zmq_pollitem_t items[] = {{.socket = client->socket, .events = ZMQ_POLLIN},
                                  {.socket = client->monitor, .events = ZMQ_POLLIN}};
        int64_t left_us = client->was_lost ? 0 : until_us - clock_steady_us(clock_system());
        int found = zmq_poll(items, 2, left_us <= 0 ? 0 : (long)(left_us / 1000 + 1));
        if (found > 0 && (items[0].revents & ZMQ_POLLIN) != 0) {
            return STATUS_OK;
        }
        if (client->was_lost) {
            client->was_lost = false;
            return error_set(error, STATUS_UNKNOWN, "the connection to %s was lost before it answered",
                             client->address);
        }
        if (found <= 0 && left_us <= 0) {
            return error_set(error, STATUS_TIMEOUT, "no answer from %s within %d ms", client->address,
                             timeout_ms);
        }
        client_watch(client);
    }
}

enum status client_receive(struct client *client, int timeout_ms, struct arena *arena, uint64_t *ret_id,
                           struct value *ret_body, struct error *error)
{
    uint8_t head[2];
    enum status status = client_poll(client, timeout_ms, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = client_read(client, head, ret_id, error);
    if (status == STATUS_OK) {
        arena_clear(arena);
        struct bytes kept = arena_copy(arena, buffer_bytes(&client->message)); /* texts are views into it */
        status = codec_message_decode(kept, arena, ret_body, error);
    }
    return status == STATUS_OK ? client_judge(ret_body, error) : status;
}

enum status client_request(struct client *client, enum wire_type type, const struct buffer *body,
                           struct arena *arena, struct value *ret_body, struct error *error)
{
    uint64_t sent = 0;
    uint64_t answered = 0;
    client_watch(client);
    client->was_lost = false; /* nothing was asked for then */
    enum status status = client_send(client, type, body, &sent, error);
    while (status == STATUS_OK && answered != sent) {
        status = client_receive(client, client->timeout_ms, arena, &answered, ret_body, error);
    }
    if ((status == STATUS_TIMEOUT || status == STATUS_UNKNOWN) && wire_type_is_write(type)) {
        error_prefix(error, "what was asked for may or may not have happened");
    }
    return status;
}
