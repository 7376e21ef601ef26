/* What the door counts of its requests, and what it says about slow ones. */
#include "gate/measure.h"

#include <stdio.h>
#include <stdlib.h>

#include <zmq.h>

#include "base/clock.h"
#include "native_private.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters, atomic */
static struct metric connections = GATE_CONNECTIONS("native");

/* By request type. */
static struct gate_operation operations[] = {
    [0] = GATE_OPERATION("native", "unknown"),
    [WIRE_STATUS] = GATE_OPERATION("native", "status"),
    [WIRE_TABLE_CREATE] = GATE_OPERATION("native", "table create"),
    [WIRE_TABLE_LIST] = GATE_OPERATION("native", "table list"),
    [WIRE_TABLE_DESCRIBE] = GATE_OPERATION("native", "table describe"),
    [WIRE_TABLE_DROP] = GATE_OPERATION("native", "table drop"),
    [WIRE_PUT] = GATE_OPERATION("native", "put"),
    [WIRE_GET] = GATE_OPERATION("native", "get"),
    [WIRE_DELETE] = GATE_OPERATION("native", "delete"),
    [WIRE_SCAN] = GATE_OPERATION("native", "scan"),
    [WIRE_HISTORY] = GATE_OPERATION("native", "history"),
    [WIRE_SUBSCRIBE] = GATE_OPERATION("native", "subscribe"),
    [WIRE_CREDIT] = GATE_OPERATION("native", "credit"),
    [WIRE_UPDATE] = GATE_OPERATION("native", "update"),
    [WIRE_TRANSACT] = GATE_OPERATION("native", "transact"),
    [WIRE_TABLE_TRUNCATE] = GATE_OPERATION("native", "table truncate"),
    [WIRE_TABLE_ALTER] = GATE_OPERATION("native", "table alter"),
    [WIRE_RESTORE] = GATE_OPERATION("native", "restore"),
    [WIRE_FUNCTION_DEPLOY] = GATE_OPERATION("native", "deploy"),
    [WIRE_FUNCTION_LIST] = GATE_OPERATION("native", "functions"),
    [WIRE_FUNCTION_INVOKE] = GATE_OPERATION("native", "invoke"),
    [WIRE_FUNCTION_DELETE] = GATE_OPERATION("native", "function delete"),
    [WIRE_MAPPING_CREATE] = GATE_OPERATION("native", "mapping create"),
    [WIRE_MAPPING_LIST] = GATE_OPERATION("native", "mappings"),
    [WIRE_MAPPING_DELETE] = GATE_OPERATION("native", "mapping delete"),
    [WIRE_UNSUBSCRIBE] = GATE_OPERATION("native", "unsubscribe"),
    [WIRE_CREDENTIAL_CREATE] = GATE_OPERATION("native", "credential create"),
    [WIRE_CREDENTIAL_LIST] = GATE_OPERATION("native", "credentials"),
    [WIRE_CREDENTIAL_REMOVE] = GATE_OPERATION("native", "credential remove"),
    [WIRE_METRICS] = GATE_OPERATION("native", "metrics"),
    [WIRE_SCRUB] = GATE_OPERATION("native", "scrub"),
    [WIRE_PARKED_DELETE] = GATE_OPERATION("native", "parked delete"),
    [WIRE_COMPARE] = GATE_OPERATION("native", "compare"),
};

/* By the answer's status. */
static struct metric errors[] = {
#define MEASURE_ERROR(name, text) GATE_ERRORS("native", #name),
    STATUS_LIST(MEASURE_ERROR)
#undef MEASURE_ERROR
};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

void native__measure_begin(struct native_peer *peer)
{
    peer->began_us = clock_steady_us(clock_system());
}

void native__measure_subject(struct native_peer *peer, const struct value *body)
{
    struct bytes subject = {0};
    if (codec_field_text(body, WIRE_FIELD_TABLE, &subject, NULL) != STATUS_OK || subject.size == 0) {
        subject = codec_field_text(body, WIRE_FIELD_FUNCTION, &subject, NULL) == STATUS_OK
                      ? subject
                      : (struct bytes){0};
    }
    peer->subject_bytes = subject.size < sizeof(peer->subject) ? subject.size : 0;
    if (peer->subject_bytes > 0) {
        memcpy(peer->subject, subject.data, peer->subject_bytes);
    }
}

static enum gate_result measure_result(enum status status)
{
    switch ((int)status) {
    case STATUS_OK:
        return GATE_DONE;
    case STATUS_BUSY:
    case STATUS_FULL:
    case STATUS_CLOCK:
        return GATE_THROTTLED;
    case STATUS_IO:
    case STATUS_CORRUPT:
    case STATUS_CLOSED:
    case STATUS_TIMEOUT:
        return GATE_FAILED;
    default:
        return GATE_REFUSED;
    }
}

void native__measure_end(const struct native_peer *peer, enum status status)
{
    if (peer->began_us == 0) {
        return;
    }
    size_t type = peer->type < ARRAY_COUNT(operations) ? peer->type : 0;
    int64_t elapsed_us = gate_measure(&operations[type], measure_result(status), peer->began_us);
    if (status != STATUS_OK && (size_t)status < ARRAY_COUNT(errors)) {
        gate_measure_error(&errors[status]);
    }
    if (elapsed_us > 0) {
        char id[2 * WIRE_ID_BYTES + 1];
        for (size_t i = 0; i < WIRE_ID_BYTES; i++) {
            (void)snprintf(id + 2 * i, 3, "%02x", peer->request[i]);
        }
        const struct gate_slow slow = {
            .operation = &operations[type],
            .elapsed_us = elapsed_us,
            .request_id = bytes_of_text(id),
            .subject = bytes_of(peer->subject, peer->subject_bytes),
            .error = status == STATUS_OK ? (struct bytes){0} : bytes_of_text(status_name(status)),
        };
        gate_slow_tell(&slow);
    }
}

/* --- connections ------------------------------------------------------------------------------------------------ */

void native__monitor_open(struct native_door *door)
{
    static _Atomic unsigned number;
    char name[64];
    (void)snprintf(name, sizeof(name), "inproc://connections-%u", atomic_fetch_add(&number, 1));
    metric_register(&connections);
    door->monitor = zmq_socket(door->context, ZMQ_PAIR);
    CHECK(door->monitor != NULL);
    CHECK(zmq_socket_monitor(door->socket, name, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) == 0);
    CHECK(zmq_connect(door->monitor, name) == 0);
}

void native__monitor_read(struct native_door *door)
{
    zmq_msg_t frame;
    (void)zmq_msg_init(&frame);
    while (zmq_msg_recv(&frame, door->monitor, ZMQ_DONTWAIT) >= 0) {
        uint16_t event = 0;
        bool is_first = zmq_msg_more(&frame) != 0; /* the second frame is the address */
        if (is_first && zmq_msg_size(&frame) >= sizeof(event)) {
            memcpy(&event, zmq_msg_data(&frame),
                   sizeof(event)); /* in the machine's order (zmq_socket_monitor(3)) */
            metric_add(&connections, event == ZMQ_EVENT_ACCEPTED ? 1 : -1);
            door->connections += event == ZMQ_EVENT_ACCEPTED ? 1 : -1;
        }
    }
    (void)zmq_msg_close(&frame);
}

void native__monitor_close(struct native_door *door)
{
    if (door->monitor != NULL) {
        (void)zmq_socket_monitor(door->socket, NULL, 0);
        (void)zmq_close(door->monitor);
        metric_add(&connections, -door->connections);
    }
}
