#include "envelope.h"

struct opcode_entry {
    const char *name;
    enum cql_opcode opcode;
    bool is_request;
};

static const struct opcode_entry opcodes[] = {
#define CQL_OPCODE(name_, number, is_request_)                                                               \
    {.opcode = OPCODE_##name_, .name = #name_, .is_request = (is_request_)},
    CQL_OPCODES(CQL_OPCODE)
#undef CQL_OPCODE
};

static const struct opcode_entry *opcode_find(unsigned number)
{
    for (size_t i = 0; i < ARRAY_COUNT(opcodes); i++) {
        if ((unsigned)opcodes[i].opcode == number) {
            return &opcodes[i];
        }
    }
    return NULL;
}

const char *cql__opcode_name(enum cql_opcode opcode)
{
    const struct opcode_entry *entry = opcode_find((unsigned)opcode);
    CHECK(entry != NULL);
    return entry->name;
}

/* Drivers look for these words to come again with a version that we speak. */
static enum envelope_result envelope_refuse_version(uint8_t version, struct error *error)
{
    (void)
        error_set(error, STATUS_UNSUPPORTED,
                  "Invalid or unsupported protocol version (%u); the lowest supported version is %d and the "
                  "greatest is %d",
                  version, CQL_VERSION_MIN, CQL_VERSION_MAX);
    return ENVELOPE_REFUSED;
}

static enum envelope_result envelope_check(const struct envelope *envelope, bool is_response, unsigned opcode,
                                           size_t size, size_t body_bytes_max, struct error *error)
{
    const struct opcode_entry *entry = opcode_find(opcode);
    if (is_response) {
        (void)error_set(error, STATUS_INVALID, "Wrong protocol direction: a client sends requests only");
        return ENVELOPE_REFUSED;
    }
    if (entry == NULL) {
        (void)error_set(error, STATUS_INVALID, "Unknown opcode %u", opcode);
        return ENVELOPE_REFUSED;
    }
    if (!entry->is_request) {
        (void)error_set(error, STATUS_INVALID,
                        "Wrong protocol direction (expected RESPONSE, got REQUEST) for opcode %u (%s)",
                        opcode, entry->name);
        return ENVELOPE_REFUSED;
    }
    if (envelope->stream < 0) {
        (void)error_set(error, STATUS_INVALID, "Invalid stream id %d: those of requests are not negative",
                        envelope->stream);
        return ENVELOPE_REFUSED;
    }
    if (size > body_bytes_max) {
        (void)error_set(error, STATUS_TOO_LARGE,
                        "Request is too big: length %zu exceeds maximum allowed length %zu.", size,
                        body_bytes_max);
        return ENVELOPE_REFUSED;
    }
    return ENVELOPE_WHOLE;
}

enum envelope_result cql__envelope_read(struct bytes input, size_t body_bytes_max,
                                        struct envelope *ret_envelope, size_t *ret_used, struct error *error)
{
    struct reader reader = reader_of(input);
    *ret_envelope = (struct envelope){.version = CQL_VERSION_MAX};
    if (input.size == 0) {
        return ENVELOPE_MORE;
    }
    uint8_t version = reader_u8(&reader);
    uint8_t number = version & (ENVELOPE_RESPONSE - 1);
    if (number < CQL_VERSION_MIN) {
        return envelope_refuse_version(number, error); /* the headers of v1 and v2 are shorter */
    }
    if (input.size < ENVELOPE_HEADER_BYTES) {
        return ENVELOPE_MORE;
    }
    ret_envelope->flags = reader_u8(&reader);
    ret_envelope->stream = (int16_t)reader_u16(&reader);
    uint8_t opcode = reader_u8(&reader);
    size_t size = reader_u32(&reader);
    if (number > CQL_VERSION_MAX) {
        return envelope_refuse_version(number, error);
    }
    ret_envelope->version = number;
    enum envelope_result result =
        envelope_check(ret_envelope, version != number, opcode, size, body_bytes_max, error);
    if (result != ENVELOPE_WHOLE) {
        return result;
    }
    ret_envelope->opcode = (enum cql_opcode)opcode;
    ret_envelope->body_bytes = size;
    if (reader.rest.size < size) {
        return ENVELOPE_MORE;
    }
    ret_envelope->body = reader_bytes(&reader, size);
    *ret_used = ENVELOPE_HEADER_BYTES + size;
    return ENVELOPE_WHOLE;
}

size_t cql__envelope_begin(struct buffer *buffer, uint8_t version, uint8_t flags, int16_t stream,
                           enum cql_opcode opcode)
{
    size_t at = buffer->size;
    buffer_put_u8(buffer, version | ENVELOPE_RESPONSE);
    buffer_put_u8(buffer, flags);
    buffer_put_u16(buffer, (uint16_t)stream);
    buffer_put_u8(buffer, (uint8_t)opcode);
    buffer_put_u32(buffer, 0);
    return at;
}

void cql__envelope_end(struct buffer *buffer, size_t at)
{
    size_t size = buffer->size - at - ENVELOPE_HEADER_BYTES;
    CHECK(size <= INT32_MAX);
    bytes_put_u32(buffer->data + at + 5, (uint32_t)size);
}
