/* Messages between the server and a function's worker process, over a stream socket. DESIGN §10.
 *
 * A message is its size (u32, big-endian) and a msgpack map with integer keys; FIELD_KIND says which it is:
 *
 *   host → worker    LOAD    name, modules (map name → source), memory
 *                    INVOKE  event, now, seed, deadline
 *                    ANSWER  status, text, value                      to a CALL
 *   worker → host    LOADED
 *                    CALL    operation ("get", "query"), arguments
 *                    LOG     text
 *                    RESULT  value, effects (array of maps)           ends an INVOKE
 *                    FAILED  failure, text                            ends a LOAD or an INVOKE
 *
 * Neither side trusts the other: sizes are bounded, every message is decoded whole and checked. */
#ifndef PROTOCOL_PROTOCOL_H
#define PROTOCOL_PROTOCOL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "protocol/bounds.h"
#include "value/value.h"

enum protocol_kind {
    PROTOCOL_LOAD = 1,
    PROTOCOL_LOADED = 2,
    PROTOCOL_INVOKE = 3,
    PROTOCOL_CALL = 4,
    PROTOCOL_ANSWER = 5,
    PROTOCOL_LOG = 6,
    PROTOCOL_RESULT = 7,
    PROTOCOL_FAILED = 8,
};

enum protocol_field {
    PROTOCOL_FIELD_KIND = 0,
    PROTOCOL_FIELD_NAME = 1,
    PROTOCOL_FIELD_MODULES = 2,
    PROTOCOL_FIELD_MEMORY = 3,
    PROTOCOL_FIELD_EVENT = 4,
    PROTOCOL_FIELD_NOW = 5, /* microseconds since 1970 */
    PROTOCOL_FIELD_SEED = 6,
    PROTOCOL_FIELD_DEADLINE = 7, /* milliseconds the invocation may take */
    PROTOCOL_FIELD_OPERATION = 8,
    PROTOCOL_FIELD_ARGUMENTS = 9,
    PROTOCOL_FIELD_STATUS = 10,
    PROTOCOL_FIELD_TEXT = 11,
    PROTOCOL_FIELD_VALUE = 12,
    PROTOCOL_FIELD_EFFECTS = 13,
    PROTOCOL_FIELD_FAILURE = 14,
};

/* Why an invocation did not give a result. */
enum protocol_failure {
    FAILURE_NONE = 0,
    FAILURE_SCRIPT = 1,   /* an error in the script */
    FAILURE_TIME = 2,     /* the time budget, noticed inside */
    FAILURE_MEMORY = 3,   /* the memory cap */
    FAILURE_LOAD = 4,     /* it does not compile, or has no handler */
    FAILURE_DEADLINE = 5, /* killed from outside */
    FAILURE_CRASH = 6,    /* the worker ended by itself */
    FAILURE_PROTOCOL = 7, /* the worker said something malformed */
};

/* "script" …; never NULL. */
const char *protocol_failure_name(enum protocol_failure failure);

/* Makes `buffer` begin with room for the size and the map; protocol_finish fills the size in. */
void protocol_begin(struct buffer *buffer, enum protocol_kind kind, uint32_t more_fields);
void protocol_put(struct buffer *buffer, enum protocol_field field);
void protocol_finish(struct buffer *buffer);

/* Sends all of it. `deadline_us` is steady time; 0: wait for ever. STATUS_TIMEOUT, STATUS_CLOSED (the other side ended). */
MUST_USE enum status protocol_send(int descriptor, struct bytes message, int64_t deadline_us,
                                   struct error *error);
/* Receives one message into `message` (emptied before), size left out. Errors as above, and STATUS_INVALID: too large. */
MUST_USE enum status protocol_receive(int descriptor, struct buffer *message, int64_t deadline_us,
                                      struct error *error);
/* Decodes it. STATUS_INVALID: malformed, or without a kind. Trees are in `arena`, views into `message`. */
MUST_USE enum status protocol_decode(struct bytes message, struct arena *arena, enum protocol_kind *ret_kind,
                                     struct value *ret_body, struct error *error);

#endif
