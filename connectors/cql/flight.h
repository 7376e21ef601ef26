/* Requests under way: from the envelope that brought one to its answer. Thread: the door's. */
#ifndef CQL_FLIGHT_H
#define CQL_FLIGHT_H

#include "cql/executor.h"
#include "envelope.h"
#include "prepared.h"

struct session;

struct flight {
    struct stream_task task; /* first member: it comes back through the server's mailbox */
    void (*resume)(struct cql_request *request);
    struct cql_request request;
    struct cql_message message;
    struct arena arena;
    size_t body_bytes; /* among the door's */
    struct session *session;
    struct flight *next; /* in the pool */
    bool has_failed;     /* it is answered with the error … */
    enum cql_code failed;
    uint8_t version; /* to answer in: the envelope's until STARTUP */
    int16_t stream;
    struct prepared_entry **entries; /* of the statements, held; NULL where one is a text */
};

/* Memory of answered requests. {0} is empty. */
struct flight_pool {
    struct flight *first;
    size_t count;
};

/* A request that `envelope` brings; its body is not decoded yet. */
struct flight *cql__flight_create(struct session *session, const struct envelope *envelope);
/* Gives its memory, and the prepared statements that it holds, back; nulls it. */
void cql__flight_destroy(struct flight **flight);
void cql__flight_pool_reset(struct flight_pool *pool);

/* The client wants to know how it went: gives it an id for that. */
void cql__flight_trace(struct flight *flight);

/* The flight of a request. */
struct flight *cql__flight_of(struct cql_request *request);
/* Whom an answer goes to. */
struct reply_head cql__flight_head(const struct flight *flight);
/* Answers with an error of the door itself, and ends the flight. */
void cql__flight_refuse(struct flight **flight, enum cql_code code, const char *text);

/* Hands a decoded QUERY, PREPARE, EXECUTE or BATCH over, or answers it here: of a statement that is prepared already,
 * or is not. Takes the flight. */
void cql__flight_execute(struct flight **flight);

#endif
