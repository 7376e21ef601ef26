/* Envelopes: a message with its header (native protocol v5, section 2.4; v3 and v4, section 2).
 *
 *   version 1 (80: a response) · flags 1 · stream 2, signed · opcode 1 · length 4 · body */
#ifndef CQL_ENVELOPE_H
#define CQL_ENVELOPE_H

#include "base/buffer.h"
#include "base/error.h"
#include "cql/message.h"

enum {
    ENVELOPE_HEADER_BYTES = 9,
    ENVELOPE_RESPONSE = 0x80, /* in the version's byte */
    CQL_VERSION_MIN = 3,
    CQL_VERSION_MAX = 5,
};

/* Section 2.4.1.2. The beta flag counts for nothing: no version that we speak is in beta. */
enum envelope_flag {
    ENVELOPE_COMPRESSED = 0x01, /* v3 and v4 */
    ENVELOPE_TRACING = 0x02,
    ENVELOPE_PAYLOAD = 0x04, /* since v4 */
    ENVELOPE_WARNING = 0x08, /* since v4 */
    ENVELOPE_BETA = 0x10,
};

struct envelope {
    uint8_t version;
    uint8_t flags;
    int16_t stream;
    enum cql_opcode opcode;
    size_t body_bytes; /* as its header says; 0 before that is there */
    struct bytes body; /* a view into the input, as sent */
};

enum envelope_result {
    ENVELOPE_WHOLE, /* *ret_used bytes were one */
    ENVELOPE_MORE, /* it goes on in bytes that have to come first; what the header says is filled in when it is there */
    ENVELOPE_REFUSED, /* to be told, and the connection closed; version and stream are filled in as far as known */
};

/* Reads a request at the front of `input`. `body_bytes_max` bounds its body. `error` is for the client. */
enum envelope_result cql__envelope_read(struct bytes input, size_t body_bytes_max,
                                        struct envelope *ret_envelope, size_t *ret_used, struct error *error);

const char *cql__opcode_name(enum cql_opcode opcode);

/* Appends the header of a response whose body follows; returns where it began. */
size_t cql__envelope_begin(struct buffer *buffer, uint8_t version, uint8_t flags, int16_t stream,
                           enum cql_opcode opcode);
/* The body is whole: writes its length into the header that began at `at`. */
void cql__envelope_end(struct buffer *buffer, size_t at);

#endif
