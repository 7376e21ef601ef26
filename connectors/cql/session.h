/* A connection: its version, compression, keyspace, who is at the other end, and its requests, which are answered in any
 * order. Thread: the door's.
 *
 * fresh -> (STARTUP) -> authenticating, when clients have to say who they are -> (AUTH_RESPONSE) -> ready. */
#ifndef CQL_SESSION_H
#define CQL_SESSION_H

#include "authentication.h"
#include "base/list.h"
#include "clients.h"
#include "compress.h"
#include "net/stream.h"
#include "reply.h"

enum session_state {
    SESSION_FRESH,
    SESSION_AUTHENTICATING,
    SESSION_READY,
};

struct session {
    struct cql_door *door;
    struct stream *stream;   /* NULL: the client left, and answers go nowhere */
    struct list_entry among; /* the door's, while there is a stream */
    enum session_state state;
    uint8_t version; /* 0: before STARTUP */
    enum cql_compression compression;
    bool is_verifying;       /* a password is being looked at: no other answer is taken meanwhile */
    bool is_framed;          /* v5 after STARTUP: envelopes come in segments */
    bool is_warned_of_use;   /* that names depend on the keyspace in use */
    bool is_ended;           /* what still comes is dropped */
    bool is_self_contained;  /* the last segment ends with an envelope's end */
    struct buffer envelopes; /* of segments, from envelopes_at on not used yet */
    size_t envelopes_at;
    size_t waiting_bytes; /* received, of what is not whole yet; among the door's */
    size_t skipped_bytes; /* still to come of a body that there is no room for */
    size_t in_flight;     /* requests with the executor */
    unsigned events;      /* of cql_event_kind */
    size_t refusals;      /* of passwords */
    struct stream_address local;
    struct stream_address remote;
    struct authentication authentication;
    struct buffer keyspace;
    struct buffer principal;
    struct buffer access_key; /* that it came in with; empty: with none */
    struct buffer driver_name;
    struct buffer driver_version;
    struct client *client; /* what others may know of it, while there is a stream; NULL: nobody asks */
};

/* A session for a stream that opened; it is the stream's context. */
void cql__session_open(struct cql_door *door, struct stream *stream);
/* The stream is closed. The session goes when its last request is answered. */
void cql__session_close(struct session *session);
/* As of stream_server_options.received. */
size_t cql__session_receive(struct session *session, struct bytes bytes);

/* Sends the envelope that the door's scratch holds, compressed or in segments as was agreed, and empties the scratch. To
 * nobody when the client left. */
void cql__session_send(struct session *session);
/* A request was answered. */
void cql__session_landed(struct session *session);

#endif
