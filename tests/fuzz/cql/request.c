/* Envelopes, one behind another, and the bodies of requests, plain or compressed: all that is decoded is read once more. */
#include "compress.h"
#include "message.h"
#include "support/fuzz.h"

enum {
    BODY_BYTES_MAX = 1 << 20,
};

/* So that a sanitizer sees every byte that a view claims. */
static unsigned touch(struct bytes bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        sum += bytes.data[i];
    }
    return sum;
}

static unsigned touch_message(const struct cql_message *message)
{
    unsigned sum = touch(message->startup.cql_version) + touch(message->startup.compression) +
                   touch(message->token.bytes) + touch(message->result_metadata_id) +
                   touch(message->parameters.paging_state) + touch(message->parameters.keyspace);
    for (size_t i = 0; i < message->payload.count; i++) {
        sum += touch(message->payload.entries[i].name) + touch(message->payload.entries[i].value.bytes);
    }
    for (size_t i = 0; i < message->statements_count; i++) {
        const struct cql_query *statement = &message->statements[i];
        sum += touch(statement->text) + touch(statement->id);
        for (size_t k = 0; k < statement->values_count; k++) {
            sum += touch(statement->values[k].bytes);
            sum += statement->names == NULL ? 0 : touch(statement->names[k]);
        }
    }
    return sum;
}

static void fuzz_body(const struct envelope *envelope, struct arena *arena)
{
    static const enum cql_compression kinds[] = {CQL_LZ4, CQL_SNAPPY};
    struct cql_message message;
    struct bytes plain;
    unsigned sum = 0;
    if (cql__message_decode(envelope, envelope->body, arena, &message, NULL) == STATUS_OK) {
        sum += touch_message(&message);
    }
    for (size_t i = 0; i < ARRAY_COUNT(kinds) && (envelope->flags & ENVELOPE_COMPRESSED) != 0; i++) {
        if (cql__decompress(kinds[i], envelope->body, BODY_BYTES_MAX, arena, &plain, NULL) == STATUS_OK &&
            cql__message_decode(envelope, plain, arena, &message, NULL) == STATUS_OK) {
            sum += touch_message(&message);
        }
    }
    CHECK(sum != UINT32_MAX); /* it is used, so it is made */
}

void fuzz_one(struct bytes input)
{
    struct envelope envelope;
    size_t used = 0;
    while (cql__envelope_read(input, BODY_BYTES_MAX, &envelope, &used, NULL) == ENVELOPE_WHOLE) {
        struct arena arena = {0};
        fuzz_body(&envelope, &arena);
        arena_reset(&arena);
        input = bytes_from(input, used);
    }
}
