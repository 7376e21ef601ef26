/* The seam between the wire and the statements: the door hands over decoded requests, the executor answers them. */
#ifndef CQL_EXECUTOR_H
#define CQL_EXECUTOR_H

#include "cql/answer.h"
#include "cql/cql.h"
#include "net/stream.h"

/* A request under way. The executor answers it exactly once, now or later, also when its client has left. Until then
 * everything here stays as it is. Thread: the door's, but for what an executor's own contract with another thread lends. */
struct cql_request {
    const struct cql_message *message; /* QUERY, PREPARE, EXECUTE or BATCH, by message->opcode */
    struct arena *arena;               /* lives as long as the request */
    struct cql_door *door;
    uint8_t version;          /* of the protocol, 3 to 5 */
    struct bytes keyspace;    /* the request's, or the connection's when it names none; may be empty */
    struct bytes principal;   /* who logged in; empty: nobody has to */
    struct bytes driver_name; /* as STARTUP told, or empty */
    struct bytes driver_version;
    struct stream_address local;        /* of the server, as this connection sees it */
    struct stream_address remote;       /* the client's */
    bool is_traced;                     /* the client is told tracing_id, and will look it up */
    uint8_t tracing_id[CQL_UUID_BYTES]; /* a timeuuid */
    int64_t began_us;                   /* clock_steady_us, when it was received */
    void *context;                      /* the executor's own, NULL at first */
};

struct cql_executor {
    /* Takes the request. Must not block. */
    void (*execute)(void *context, struct cql_request *request);
    /* Whether a prepared statement can still be used: false after its table was altered or dropped. The door then answers
     * Unprepared, and the client prepares it anew. NULL: always. */
    bool (*is_current)(void *context, const void *statement);
    /* Frees what an answer gave as `prepared.statement`; NULL when it never does. The same for all doors that share their statements
     * (cql/doors.h). Thread: any of these doors'. */
    void (*destroy)(void *statement);
    void *context;
};

enum cql_answer_kind {
    CQL_ANSWER_VOID,
    CQL_ANSWER_ROWS,
    CQL_ANSWER_KEYSPACE,      /* USE: the connection's keyspace from now on */
    CQL_ANSWER_SCHEMA_CHANGE, /* whoever registered for it is told too */
    CQL_ANSWER_PREPARED,      /* of PREPARE only */
    CQL_ANSWER_FAILURE,
};

/* Everything it points to is borrowed for the call, unless it says otherwise. */
struct cql_answer {
    enum cql_answer_kind kind;
    const struct bytes *warnings;
    size_t warnings_count;
    struct cql_payload payload;
    union {
        struct cql_rows rows;
        struct bytes keyspace;
        struct cql_schema_change change;
        struct {
            struct cql_prepared told; /* without its ids; what it points to lives as long as `statement` */
            void *statement;          /* taken: destroyed when it is neither cached nor in use */
        } prepared;
        struct cql_failure failure; /* of CQL_UNPREPARED the id may be left out: it is the statement's */
    };
};

/* Answers the request and takes it. Thread: the door's. */
void cql_request_answer(struct cql_request **request, const struct cql_answer *answer);
/* The same with an error that has nothing beside its text. */
void cql_request_fail(struct cql_request **request, enum cql_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Calls `resume` with the request on the door's thread, soon: for answers that come from another thread. Lends the request
 * until then. Thread: any. */
void cql_request_resume(struct cql_request *request, void (*resume)(struct cql_request *request));

/* Whether anybody still waits for the answer. Thread: the door's. */
bool cql_request_has_client(const struct cql_request *request);
/* ADDRESS:PORT that clients are told to connect to; NULL: as they did. */
const char *cql_request_broadcast(const struct cql_request *request);
/* MD5 of keyspace and text, the same on every server and after every restart: clients check it when they prepare again. */
void cql_statement_identify(struct bytes keyspace, struct bytes text, uint8_t ret_id[CQL_ID_BYTES]);

/* Tells everybody who registered for it: changes that no request of this door made. Thread: any. */
void cql_door_notify(struct cql_door *door, const struct cql_schema_change *change);

#endif
