/* The inside of the native door, for this folder's files. Everything runs on the door's thread unless it says so. */
#ifndef NATIVE_PRIVATE_H
#define NATIVE_PRIVATE_H

#include <stdatomic.h>

#include "base/diagnostic.h"
#include "base/mailbox.h"
#include "base/thread.h"
#include "codec/pack.h"
#include "feed/feed.h"
#include "gate/gate.h"
#include "gate/readers.h"
#include "host/host.h"
#include "native/bounds.h"
#include "native/native.h"
#include "wire/wire.h"

enum {
    NATIVE_PEER_BYTES_MAX = 255, /* a ZeroMQ routing id */
};

/* Whom to answer. */
struct native_peer {
    uint8_t id[NATIVE_PEER_BYTES_MAX];
    size_t id_bytes;
    uint8_t request[WIRE_ID_BYTES];
    uint8_t type;
    int64_t began_us; /* steady; 0: what is sent answers no request, and is not measured */
    char subject[64]; /* table or function, for the slow-operation log */
    size_t subject_bytes;
};

struct native_request {
    struct native_peer peer;
    struct bytes message; /* the body as it came, in the arena */
    struct value body;
    struct arena arena;
};

/* A subscriber: the peer and request that opened it name it. */
struct native_subscription {
    struct native_subscription *next;
    struct native_peer peer;
    struct arena arena; /* of the filter */
    struct subscription *subscription;
    struct bytes snapshot_table; /* not empty: its rows as of snapshot_lsn come before the first change */
    struct bytes snapshot_next;
    uint64_t snapshot_lsn;
    uint64_t credit;
    bool has_more; /* the last turn did its fill; another one follows at once */
    bool tells_progress;
    uint64_t told_lsn; /* what it was told last that it goes on at */
    int64_t told_us;   /* when, by the steady clock; 0: not yet */
};

/* What comes to the door's thread from another: an answer, or a request that was put aside. */
struct native_reply {
    struct message message;
    struct native_request *request; /* to be served now (aside.c); NULL: what follows is the answer to one */
    struct native_peer peer;
    struct buffer body;
    enum status status; /* what the body says */
};

struct native_door {
    struct native_door_options options;
    char *address;
    void *context;
    void *socket;
    void *monitor; /* tells of connections */
    int64_t connections;
    struct thread *thread;
    struct mailbox *mailbox;
    struct gate_view *view;
    struct native_subscription *subscriptions;
    _Atomic size_t subscriptions_count; /* the door changes it, the writer looks */
    _Atomic uint64_t writes;            /* under way, reads in the pool, and requests put aside */
    struct native_backlog *backlogs;    /* of clients that do not take what is for them */
    struct map *backlogs_by_id;         /* the same; NULL while there are none */
    int64_t backlogs_us;                /* steady time of the last look whether they do */
    size_t backlog_bytes;               /* of all */
    struct diagnostic_rate drops;       /* of answers */
    atomic_bool is_awake;               /* a wake-up is in the mailbox already */
    struct message wake;
    atomic_bool is_stopping;
};

/* Binds to an endpoint that net_endpoint_check found sound; *ret_address is the first bound ADDRESS:PORT, the caller's.
 * STATUS_BUSY (taken), STATUS_IO. */
MUST_USE enum status native__bind(void *socket, const struct net_endpoint *endpoint, char **ret_address,
                                  struct error *error);
/* One frame of a message to a ZeroMQ socket, without waiting. False: it did not take it; errno tells why. */
bool native__send_part(void *socket, struct bytes part, bool has_more);
/* Gives a message to ZeroMQ. STATUS_NOT_FOUND: the peer is gone, STATUS_BUSY: its queue is full. */
MUST_USE enum status native__send_now(struct native_door *door, struct bytes peer, uint8_t type,
                                      const uint8_t request[WIRE_ID_BYTES], struct bytes body);
/* Sends an answer, now or when the peer takes it (backlog.c). STATUS_NOT_FOUND: the peer is gone, STATUS_BUSY: clients leave too much, it
 * was thrown away. */
enum status native__send(struct native_door *door, const struct native_peer *peer, uint8_t type,
                         const struct buffer *body);
/* The same of records, or how far they are; never thrown away, so whoever has a backlog is sent none. STATUS_NOT_FOUND: the peer is gone. */
MUST_USE enum status native__send_records(struct native_door *door, const struct native_peer *peer,
                                          const struct buffer *body);
void native__put_error(struct buffer *body, enum status status, const char *text);
void native__answer_error(struct native_door *door, const struct native_peer *peer, enum status status,
                          const char *text);
void native__put_field(struct buffer *body, enum wire_field field);
void native__reply(struct native_door *door, const struct native_peer *peer, const struct buffer *body);

/* What peers do not take waits, in its order (backlog.c): whether something does for one; whether there is no room for more answers, which
 * is told now and then; appending to it; sending what is taken now. */
bool native__has_backlog(const struct native_door *door, const struct native_peer *peer);
bool native__backlog_is_full(struct native_door *door, const struct native_peer *peer);
void native__backlog_add(struct native_door *door, const struct native_peer *peer, uint8_t type,
                         struct bytes body);
void native__backlogs_send(struct native_door *door);
void native__backlogs_close(struct native_door *door);

/* A request that a thread of the reader pool answers (later.c); first member of what is needed for it. */
struct native_later {
    struct gate_reading reading; /* `run` is set; at its end it calls native__later_done */
    struct native_door *door;
    struct native_reply *reply; /* whose status and body `run` makes */
    void (*destroy)(struct native_later *later);
};

/* Hands it over, or answers that this cannot be. It is destroyed when it was answered. */
void native__later(struct native_door *door, const struct native_peer *peer, struct native_later *later);
/* Sends the reply. Thread: the pool's. */
void native__later_done(struct native_later *later);

/* Whether the request asks for a moment that is not settled yet (aside.c): it was taken, and comes back when that is, or it was
 * refused. */
bool native__put_aside(struct native_door *door, struct native_request *request);
/* Serves one that came back. */
void native__take_up(struct native_door *door, struct native_request **request);

/* Metrics and the slow-operation log (measure.c). */
void native__measure_begin(struct native_peer *peer);
void native__measure_subject(struct native_peer *peer, const struct value *body);
void native__measure_end(const struct native_peer *peer, enum status status);
/* Connections are counted by what ZeroMQ tells of them. */
void native__monitor_open(struct native_door *door);
void native__monitor_read(struct native_door *door);
void native__monitor_close(struct native_door *door);
/* All metrics (metrics.c). */
void native__serve_metrics(struct native_door *door, struct native_request *request);

/* One function per kind of request: writes.c, tables.c, reads.c, scan.c, compare.c, scrub.c. */
void native__serve_write(struct native_door *door, struct native_request *request);
void native__serve_table_change(struct native_door *door, struct native_request *request);
void native__serve_restore(struct native_door *door, struct native_request *request);
void native__serve_table_list(struct native_door *door, struct native_request *request);
void native__serve_table_describe(struct native_door *door, struct native_request *request);
void native__serve_get(struct native_door *door, struct native_request *request);
void native__serve_scan(struct native_door *door, struct native_request *request);
void native__serve_scrub(struct native_door *door, struct native_request *request);
void native__serve_history(struct native_door *door, struct native_request *request);
void native__serve_compare(struct native_door *door, struct native_request *request);

/* A write that the gate answers later through native__write_done, with what begin gave as its context; refused is for
 * the one that it did not take. */
void *native__write_begin(struct native_door *door, const struct native_request *request,
                          bool is_transaction);
void native__write_set_job(void *context, int64_t job); /* the answer names it */
void native__write_done(void *context, const struct gate_outcome *outcome);
void native__write_refused(struct native_door *door, void *context, const struct error *error);

/* Fields that several requests have. */
const struct value *native__item(const struct native_request *request,
                                 int64_t field); /* NULL: no map there */
MUST_USE enum status native__expression_options(const struct value *map, struct arena *arena,
                                                struct placeholders *placeholders,
                                                struct expression_options *ret_options, struct error *error);
/* *ret_condition is NULL when the field is absent. */
MUST_USE enum status native__condition(const struct value *map, int64_t field,
                                       const struct expression_options *options,
                                       const struct condition **ret_condition, struct error *error);
/* The LSN that one of the two fields names, by LSN or by time; it stays as it is when neither is there. */
MUST_USE enum status native__moment(struct native_door *door, const struct value *body,
                                    enum wire_field lsn_field, enum wire_field time_field, uint64_t *ret_lsn,
                                    struct error *error);
/* The same for "as of"; 0: now. */
MUST_USE enum status native__as_of(struct native_door *door, const struct value *body, uint64_t *ret_lsn,
                                   struct error *error);

/* Answers one request, now or later (requests.c). */
void native__serve(struct native_door *door, struct native_request *request);
/* Appends a change record as the wire has it; without a term (0) when that is not known. */
void native__put_record(struct gate *gate, struct buffer *body, const struct feed_record *found);
/* Functions and mappings (functions.c). */
void native__serve_function(struct native_door *door, struct native_request *request);
void native__serve_function_list(struct native_door *door, struct native_request *request);
void native__serve_mapping_list(struct native_door *door, struct native_request *request);
/* Access keys (credentials.c). */
void native__serve_credential_change(struct native_door *door, struct native_request *request);
void native__serve_credential_list(struct native_door *door, struct native_request *request);
/* Subscriptions (subscriptions.c). */
/* Table, start and credit of a request. */
MUST_USE enum status native__subscribe_start(const struct native_request *request,
                                             struct subscription_options *options, uint64_t *ret_credit,
                                             struct error *error);
void native__unsubscribe(struct native_door *door, struct native_request *request);
void native__subscribe(struct native_door *door, struct native_request *request);
void native__credit(struct native_door *door, struct native_request *request);
void native__pump(struct native_door *door);
void native__subscriptions_close(struct native_door *door);
/* Whether the last pump left something that can be sent at once. */
bool native__has_more(const struct native_door *door);

#endif
