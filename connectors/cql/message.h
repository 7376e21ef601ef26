/* Requests, decoded (native protocol v5, section 4.1, and what v3 and v4 have otherwise). */
#ifndef CQL_MESSAGE_H
#define CQL_MESSAGE_H

#include "envelope.h"
#include "notation.h"

enum cql_consistency {
    CQL_SERIAL = 0x0008,
    CQL_LOCAL_SERIAL = 0x0009,
};

/* What a client may ask to be told of (section 4.2.6); bits. */
enum cql_event_kind {
    CQL_TOPOLOGY_CHANGE = 1,
    CQL_STATUS_CHANGE = 2,
    CQL_SCHEMA_CHANGE = 4,
};

/* How a statement is to be run: <query_parameters> of section 4.1.4 without the values. */
struct cql_parameters {
    uint16_t consistency;
    uint16_t serial_consistency; /* CQL_SERIAL when the client names none */
    bool skips_metadata;
    bool has_timestamp;
    bool has_now;
    bool has_paging_state;
    int32_t page_rows; /* at most, of a page; 0: as many as there are */
    int32_t now_s;     /* since 1970, has_now: instead of the clock, for tests of clients */
    int64_t timestamp_us;
    struct bytes paging_state; /* of an earlier result, has_paging_state */
    struct bytes keyspace;     /* instead of the connection's; empty: its own */
};

/* A statement, by text or as prepared before, and what is bound to its markers. */
struct cql_query {
    struct bytes text; /* QUERY, PREPARE and texts in BATCH */
    struct bytes id;   /* else: of the prepared one */
    bool is_prepared;
    size_t values_count;
    const struct cql_value *values;
    const struct bytes *names; /* one for each value; NULL: they are in the order of the markers */
    void *prepared;            /* is_prepared: what preparing it gave; the session fills it in */
};

/* The numbers of section 4.1.7. */
enum cql_batch_type {
    CQL_BATCH_TYPE_LOGGED = 0,
    CQL_BATCH_TYPE_UNLOGGED = 1,
    CQL_BATCH_TYPE_COUNTER = 2,
};

struct cql_payload_entry {
    struct bytes name;
    struct cql_value value;
};

struct cql_payload {
    const struct cql_payload_entry *entries;
    size_t count;
};

struct cql_startup {
    struct bytes cql_version;
    struct bytes compression; /* empty: none */
    struct bytes driver_name;
    struct bytes driver_version;
    bool throws_on_overload;
};

/* A request of any kind. Views are into the body or the arena. */
struct cql_message {
    enum cql_opcode opcode;
    struct cql_payload payload;
    struct cql_startup startup;       /* STARTUP */
    struct cql_value token;           /* AUTH_RESPONSE */
    unsigned events;                  /* REGISTER: of cql_event_kind */
    struct cql_query *statements;     /* QUERY, PREPARE, EXECUTE: one */
    size_t statements_count;          /* BATCH: any number */
    enum cql_batch_type batch;        /* BATCH */
    struct bytes result_metadata_id;  /* EXECUTE in v5 */
    struct cql_parameters parameters; /* QUERY, EXECUTE, BATCH; of PREPARE the keyspace */
};

/* Decodes the plain body of a request. What follows what the protocol names is ignored, as Cassandra does.
 * STATUS_INVALID: to be answered with Protocol error and this text. */
MUST_USE enum status cql__message_decode(const struct envelope *envelope, struct bytes body,
                                         struct arena *arena, struct cql_message *ret_message,
                                         struct error *error);

#endif
