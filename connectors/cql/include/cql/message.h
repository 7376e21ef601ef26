/* Requests, decoded (native protocol v5, section 4.1, and what v3 and v4 have otherwise). */
#ifndef CQL_MESSAGE_H
#define CQL_MESSAGE_H

#include "base/arena.h"
#include "cql/notation.h"

/* Section 2.4.1.4; the number, the name, and whether a client may send it. */
#define CQL_OPCODES(X)                                                                                       \
    X(ERROR, 0x00, false)                                                                                    \
    X(STARTUP, 0x01, true)                                                                                   \
    X(READY, 0x02, false)                                                                                    \
    X(AUTHENTICATE, 0x03, false)                                                                             \
    X(OPTIONS, 0x05, true)                                                                                   \
    X(SUPPORTED, 0x06, false)                                                                                \
    X(QUERY, 0x07, true)                                                                                     \
    X(RESULT, 0x08, false)                                                                                   \
    X(PREPARE, 0x09, true)                                                                                   \
    X(EXECUTE, 0x0A, true)                                                                                   \
    X(REGISTER, 0x0B, true)                                                                                  \
    X(EVENT, 0x0C, false)                                                                                    \
    X(BATCH, 0x0D, true)                                                                                     \
    X(AUTH_CHALLENGE, 0x0E, false)                                                                           \
    X(AUTH_RESPONSE, 0x0F, true)                                                                             \
    X(AUTH_SUCCESS, 0x10, false)

enum cql_opcode {
#define CQL_OPCODE(name, number, is_request) OPCODE_##name = (number),
    CQL_OPCODES(CQL_OPCODE)
#undef CQL_OPCODE
};

enum cql_consistency {
    CQL_ANY = 0x0000,
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
    uint32_t now_s;    /* since 1970, has_now: instead of the clock, for tests of clients */
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
    struct bytes options; /* all of them, a [string map] */
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

#endif
