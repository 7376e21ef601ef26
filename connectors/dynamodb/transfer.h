/* Exports and imports: the thread that makes them, one after the other, in pieces; and what both kinds of requests about them
 * share. */
#ifndef DYNAMODB_TRANSFER_H
#define DYNAMODB_TRANSFER_H

#include "base/mailbox.h"
#include "dynamodb/dynamodb.h"
#include "dynamodb_private.h"
#include "transfer_record.h"

/* One export or import. Made by a door, then the transfer's thread's. */
struct transfer_job {
    struct message message; /* in the thread's mailbox; must be first */
    enum transfer_kind kind;
    struct arena arena; /* the job and all that it keeps */
    struct dynamodb_transfer *transfer;
    struct bytes id;
    struct value facts;       /* as they were recorded when it began */
    const char *failure_code; /* NULL: InternalServerError */
    void *state;
    /* One piece of the work. STATUS_END: that was the last. */
    enum status (*step)(struct transfer_job *job, struct error *error);
    /* Sets in *facts how far it is. */
    void (*report)(const struct transfer_job *job, struct value *facts, struct arena *arena);
    /* Gives back what is not in the arena. */
    void (*end)(struct transfer_job *job);
};

/* --- the thread's ----------------------------------------------------------------------------------------------- */

const char *transfer_directory(const struct dynamodb_transfer *transfer);
struct gate *transfer_gate(const struct dynamodb_transfer *transfer);
struct feed *transfer_feed(const struct dynamodb_transfer *transfer);
/* Thread: the transfer's. */
struct gate_view *transfer_view(const struct dynamodb_transfer *transfer);

/* How one transaction went: ret_are_failed[i] tells of each change whether it was to blame. */
struct transfer_outcome {
    enum status status;
    char text[512];
    bool *are_failed;
};
/* Writes, and waits for the answer. `outcome->are_failed` has `count` entries. Thread: the transfer's. */
void transfer_submit(struct dynamodb_transfer *transfer, const struct gate_change *changes, size_t count,
                     struct bytes actor, struct transfer_outcome *ret_outcome);

/* --- the doors' (transfer_call.c) ------------------------------------------------------------------------------- */

/* Whether this server has a directory for exports and imports. */
enum status transfer_check(struct call *call);
/* STATUS_OK: no earlier request had this ClientToken. STATUS_EXISTS: *ret_facts is what the same request made. Otherwise the
 * call's failure. */
enum status transfer_check_token(struct call *call, enum transfer_kind kind, struct value *ret_facts);

/* Sets members of the request in *facts, of those it has. */
void transfer_copy_members(const struct call *call, const char *const *names, size_t count,
                           struct value *facts);
/* A job with an id, and what all kinds record. */
struct transfer_job *transfer_job_create(struct call *call, enum transfer_kind kind);
/* Of a job that the thread does not have. Accepts a pointer to NULL. */
void transfer_job_destroy(struct transfer_job **job);
/* Writes down what is to be done, before it is answered. `facts` is copied. */
enum status transfer_job_record(struct call *call, struct transfer_job *job, const struct value *facts);
/* Gives it to the thread; when that fails, it is forgotten and destroyed. */
enum status transfer_job_start(struct call *call, struct transfer_job **job);
/* Takes back the record of a job that does not start. */
void transfer_job_forget(struct transfer_job **job);

/* {"MEMBER":{facts}} */
void transfer_reply(struct call *call, const char *member, const struct value *facts);
/* What an ARN of the request names. */
enum status transfer_find(struct call *call, enum transfer_kind kind, const char *name,
                          struct value *ret_facts);

/* A page of summaries. */
struct transfer_listing {
    enum transfer_kind kind;
    const char *member;       /* of the answer */
    const char *page_size;    /* of the request */
    const char *const *names; /* of the members of a summary */
    size_t names_count;
};
enum status transfer_list(struct call *call, const struct transfer_listing *listing);

#endif
