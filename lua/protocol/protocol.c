#include "protocol/protocol.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/pack.h"

enum {
    SIZE_BYTES = 4,
};

const char *protocol_failure_name(enum protocol_failure failure)
{
    static const char *const names[] = {
        [FAILURE_NONE] = "none",     [FAILURE_SCRIPT] = "script",     [FAILURE_TIME] = "time",
        [FAILURE_MEMORY] = "memory", [FAILURE_LOAD] = "load",         [FAILURE_DEADLINE] = "deadline",
        [FAILURE_CRASH] = "crash",   [FAILURE_PROTOCOL] = "protocol",
    };
    CHECK((size_t)failure < ARRAY_COUNT(names));
    return names[failure];
}

void protocol_begin(struct buffer *buffer, enum protocol_kind kind, uint32_t more_fields)
{
    buffer_clear(buffer);
    buffer_put_u32(buffer, 0);
    codec_put_map(buffer, more_fields + 1);
    protocol_put(buffer, PROTOCOL_FIELD_KIND);
    codec_put_unsigned(buffer, (uint64_t)kind);
}

void protocol_put(struct buffer *buffer, enum protocol_field field)
{
    codec_put_unsigned(buffer, (uint64_t)field);
}

void protocol_finish(struct buffer *buffer)
{
    bytes_put_u32(buffer->data, (uint32_t)(buffer->size - SIZE_BYTES));
}

/* Waits until the descriptor is ready for `events`. */
static enum status protocol_wait(int descriptor, short events, int64_t deadline_us, struct error *error)
{
    for (;;) {
        int timeout_ms = -1;
        if (deadline_us != 0) {
            int64_t left_us = deadline_us - clock_steady_us(clock_system());
            timeout_ms = left_us <= 0 ? 0 : (int)(left_us / 1000) + 1;
        }
        struct pollfd poll_descriptor = {.fd = descriptor, .events = events};
        int count = poll(&poll_descriptor, 1, timeout_ms);
        if (count > 0) {
            return STATUS_OK;
        }
        if (count == 0) {
            return error_set(error, STATUS_TIMEOUT, "the time for an answer is up");
        }
        if (errno != EINTR) {
            return error_set_errno(error, errno, "waiting for a worker");
        }
    }
}

enum status protocol_send(int descriptor, struct bytes message, int64_t deadline_us, struct error *error)
{
    size_t sent = 0;
    while (sent < message.size) {
        int flags = MSG_NOSIGNAL | (deadline_us != 0 ? MSG_DONTWAIT : 0);
        ssize_t count = send(descriptor, message.data + sent, message.size - sent, flags);
        if (count >= 0) {
            sent += (size_t)count;
            continue;
        }
        if (errno == EAGAIN) {
            enum status status = protocol_wait(descriptor, POLLOUT, deadline_us, error);
            if (status != STATUS_OK) {
                return status;
            }
        } else if (errno != EINTR) {
            return error_set(error, STATUS_CLOSED, "the other side of a function's socket has ended");
        }
    }
    return STATUS_OK;
}

static enum status protocol_read(int descriptor, uint8_t *data, size_t size, int64_t deadline_us,
                                 struct error *error)
{
    size_t done = 0;
    while (done < size) {
        enum status status =
            deadline_us == 0 ? STATUS_OK : protocol_wait(descriptor, POLLIN, deadline_us, error);
        if (status != STATUS_OK) {
            return status;
        }
        ssize_t count = read(descriptor, data + done, size - done);
        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
            return error_set(error, STATUS_CLOSED, "the other side of a function's socket has ended");
        }
    }
    return STATUS_OK;
}

enum status protocol_receive(int descriptor, struct buffer *message, int64_t deadline_us, struct error *error)
{
    uint8_t size[SIZE_BYTES];
    buffer_clear(message);
    enum status status = protocol_read(descriptor, size, sizeof(size), deadline_us, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t bytes = bytes_get_u32(size);
    if (bytes > PROTOCOL_MESSAGE_BYTES_MAX) {
        return error_set(error, STATUS_INVALID, "a message of %u bytes; %d are allowed", bytes,
                         PROTOCOL_MESSAGE_BYTES_MAX);
    }
    return protocol_read(descriptor, buffer_extend(message, bytes), bytes, deadline_us, error);
}

enum status protocol_decode(struct bytes message, struct arena *arena, enum protocol_kind *ret_kind,
                            struct value *ret_body, struct error *error)
{
    uint64_t kind = 0;
    enum status status = codec_message_decode(message, arena, ret_body, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(ret_body, PROTOCOL_FIELD_KIND, 0, &kind, error);
    }
    if (status == STATUS_OK && (kind < PROTOCOL_LOAD || kind > PROTOCOL_FAILED)) {
        status = error_set(error, STATUS_INVALID, "a message of an unknown kind");
    }
    if (status == STATUS_OK) {
        *ret_kind = (enum protocol_kind)kind;
    }
    return status;
}
