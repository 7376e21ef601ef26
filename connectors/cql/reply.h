/* Answers, encoded. */
#ifndef CQL_REPLY_H
#define CQL_REPLY_H

#include "cql/answer.h"
#include "envelope.h"

/* What stands before the message: whom it answers, and what is told beside it. */
struct reply_head {
    uint8_t version;
    int16_t stream;
    const uint8_t *tracing_id; /* CQL_UUID_BYTES; NULL: it was not traced */
    const struct bytes *warnings;
    size_t warnings_count;
    struct cql_payload payload;
};

enum {
    REPLY_EVENT_STREAM = -1,
};

/* Appends header and what stands before a message; returns where the envelope began, for cql__envelope_end. v3 has neither
 * warnings nor payloads. */
size_t cql__reply_begin(struct buffer *buffer, const struct reply_head *head, enum cql_opcode opcode);

/* Each appends a whole envelope. */
void cql__reply_error(struct buffer *buffer, const struct reply_head *head,
                      const struct cql_failure *failure);
void cql__reply_ready(struct buffer *buffer, const struct reply_head *head);
void cql__reply_authenticate(struct buffer *buffer, const struct reply_head *head, const char *authenticator);
void cql__reply_challenge(struct buffer *buffer, const struct reply_head *head, struct bytes token);
void cql__reply_authenticated(struct buffer *buffer, const struct reply_head *head); /* without a token */
void cql__reply_supported(struct buffer *buffer, const struct reply_head *head);
void cql__reply_void(struct buffer *buffer, const struct reply_head *head);
/* `skips_metadata`: the client knows it. `new_id`: it knows another, which is replaced (v5); NULL: it does not. */
void cql__reply_rows(struct buffer *buffer, const struct reply_head *head, const struct cql_rows *rows,
                     bool skips_metadata, const uint8_t *new_id);
void cql__reply_keyspace(struct buffer *buffer, const struct reply_head *head, struct bytes keyspace);
void cql__reply_prepared(struct buffer *buffer, const struct reply_head *head,
                         const struct cql_prepared *prepared);
void cql__reply_schema_change(struct buffer *buffer, const struct reply_head *head,
                              const struct cql_schema_change *change);

/* Events; the stream is -1. */
void cql__event_schema_change(struct buffer *buffer, uint8_t version, const struct cql_schema_change *change);
/* "NEW_NODE", "REMOVED_NODE" of CQL_TOPOLOGY_CHANGE; "UP", "DOWN" of CQL_STATUS_CHANGE. `host` has 4 or 16 bytes. */
void cql__event_node(struct buffer *buffer, uint8_t version, enum cql_event_kind kind, const char *change,
                     struct bytes host, uint16_t port);

/* Which metadata this is: MD5 of its encoding. None has an id too. */
void cql__metadata_identify(const struct cql_metadata *metadata, uint8_t ret_id[CQL_ID_BYTES]);

#endif
