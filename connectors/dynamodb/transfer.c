#include "transfer.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/memory.h"
#include "base/thread.h"

enum {
    TRANSFER_RETRY_US = 10000, /* after STATUS_BUSY */
    TRANSFER_ANSWERS_MAX = 16, /* one is under way */
};

struct dynamodb_transfer {
    char *directory;
    struct gate *gate;
    struct feed *feed;
    struct gate_view *view;  /* the thread's */
    struct mailbox *jobs;    /* to the thread */
    struct mailbox *answers; /* of the writer, to the thread */
    struct thread *thread;
};

const char *transfer_directory(const struct dynamodb_transfer *transfer)
{
    return transfer->directory;
}

struct gate *transfer_gate(const struct dynamodb_transfer *transfer)
{
    return transfer->gate;
}

struct feed *transfer_feed(const struct dynamodb_transfer *transfer)
{
    return transfer->feed;
}

struct gate_view *transfer_view(const struct dynamodb_transfer *transfer)
{
    CHECK(thread_is_current(transfer->thread));
    return transfer->view;
}

/* --- writes ----------------------------------------------------------------------------------------------------- */

struct transfer_answer {
    struct message message; /* must be first */
    struct mailbox *answers;
    struct transfer_outcome *outcome;
    size_t count;
};

/* Thread: the writer; what it fills is lent until the message arrives. */
static void submit_done(void *context, const struct gate_outcome *outcome)
{
    struct transfer_answer *answer = context;
    struct transfer_outcome *kept = answer->outcome;
    kept->status = outcome->status;
    (void)snprintf(kept->text, sizeof(kept->text), "%s", outcome->text == NULL ? "" : outcome->text);
    for (size_t i = 0; outcome->changes != NULL && i < outcome->count && i < answer->count; i++) {
        kept->are_failed[i] = outcome->changes[i].status != STATUS_OK;
        if (kept->are_failed[i] && outcome->changes[i].text != NULL) {
            (void)snprintf(kept->text, sizeof(kept->text), "%s", outcome->changes[i].text);
        }
    }
    CHECK(mailbox_send_reply(answer->answers, &answer->message) == STATUS_OK);
}

void transfer_submit(struct dynamodb_transfer *transfer, const struct gate_change *changes, size_t count,
                     struct bytes actor, struct transfer_outcome *ret_outcome)
{
    struct error error;
    size_t failed = count;
    enum status status = STATUS_BUSY;
    struct transfer_answer answer = {.answers = transfer->answers, .outcome = ret_outcome, .count = count};
    CHECK(thread_is_current(transfer->thread));
    memset(ret_outcome->are_failed, 0, count * sizeof(*ret_outcome->are_failed));
    while (status == STATUS_BUSY) {
        struct arena arena = {0}; /* the changes are the caller's, who waits */
        struct gate_transaction transaction = {.arena = &arena,
                                               .changes = changes,
                                               .count = count,
                                               .actor = actor,
                                               .done = submit_done,
                                               .context = &answer};
        failed = count;
        status = gate_submit(transfer->gate, &transaction, &failed, &error);
        if (status != STATUS_OK) {
            arena_reset(&arena);
        }
        if (status == STATUS_BUSY && mailbox_is_closed(transfer->jobs)) {
            status = error_set(&error, STATUS_CLOSED, "the server is stopping");
        } else if (status == STATUS_BUSY) {
            (void)!mailbox_receive(transfer->answers, TRANSFER_RETRY_US); /* none comes: a pause */
        }
    }
    if (status == STATUS_OK) {
        CHECK(mailbox_receive(transfer->answers, -1) == &answer.message);
        return;
    }
    ret_outcome->status = status;
    (void)snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%s", error.text);
    if (failed < count && status != STATUS_CLOSED) {
        ret_outcome->are_failed[failed] = true;
    }
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static void job_note(struct transfer_job *job, const char *status_text, const struct error *failure)
{
    struct arena arena = {0};
    struct error error;
    struct value facts = job->facts;
    struct value word = value_of_word(status_text);
    job->report(job, &facts, &arena);
    map_set_member(&facts, record_status_name(job->kind), &word, &arena);
    if (failure != NULL) {
        struct value code =
            value_of_word(job->failure_code == NULL ? "InternalServerError" : job->failure_code);
        struct value message = value_of_word(failure->text);
        map_set_member(&facts, "FailureCode", &code, &arena);
        map_set_member(&facts, "FailureMessage", &message, &arena);
    }
    if (strcmp(status_text, "IN_PROGRESS") != 0) {
        struct value ended = record_time(clock_wall_us(clock_system()), &arena);
        map_set_member(&facts, "EndTime", &ended, &arena);
    }
    if (record_write(job->transfer->directory, job->kind, job->id, &facts, &error) != STATUS_OK) {
        diagnostic_write(DIAGNOSTIC_WARNING, "dynamodb", "an export or import cannot be noted: %s",
                         error.text);
    }
    arena_reset(&arena);
}

static void job_run(struct dynamodb_transfer *transfer, struct transfer_job *job)
{
    struct error error;
    enum status status = STATUS_OK;
    int64_t noted_us = clock_steady_us(clock_system());
    while (status == STATUS_OK && !mailbox_is_closed(transfer->jobs)) {
        status = job->step(job, &error);
        int64_t now_us = clock_steady_us(clock_system());
        if (status == STATUS_OK && now_us - noted_us > (int64_t)DYNAMODB_TRANSFER_REPORT_MS * 1000) {
            job_note(job, "IN_PROGRESS", NULL);
            noted_us = now_us;
        }
    }
    if (status == STATUS_OK || status == STATUS_CLOSED) {
        status = error_set(&error, STATUS_CLOSED, "The server ended while it was running; start it again");
        job->failure_code = "Interrupted";
    }
    job_note(job, status == STATUS_END ? "COMPLETED" : "FAILED", status == STATUS_END ? NULL : &error);
}

static void transfer_run(void *context)
{
    struct dynamodb_transfer *transfer = context;
    struct message *message = mailbox_receive(transfer->jobs, -1);
    while (message != NULL) {
        struct transfer_job *job = (struct transfer_job *)message;
        message = message->next;
        job_run(transfer, job);
        transfer_job_destroy(&job);
        if (message == NULL) {
            message = mailbox_receive(transfer->jobs, -1);
        }
    }
}

enum status transfer_job_start(struct call *call, struct transfer_job **job)
{
    enum status status = mailbox_send(call->door->options.transfer->jobs, &(*job)->message);
    if (status == STATUS_OK) {
        *job = NULL;
        return STATUS_OK;
    }
    transfer_job_forget(job);
    return status == STATUS_BUSY
               ? call_fail(call, AWS_FAILURE_LIMIT_EXCEEDED,
                           "There are %d exports and imports waiting; start this one when some have ended",
                           DYNAMODB_TRANSFERS_WAITING_MAX)
               : call_fail(call, AWS_FAILURE_UNAVAILABLE, "The server is stopping");
}

enum status dynamodb_transfer_open(const struct dynamodb_transfer_options *options,
                                   struct dynamodb_transfer **ret_transfer, struct error *error)
{
    struct dynamodb_transfer *transfer = memory_create(sizeof(*transfer));
    transfer->directory = memory_copy_text(options->directory);
    transfer->gate = options->gate;
    transfer->feed = options->feed;
    transfer->jobs = mailbox_create(DYNAMODB_TRANSFERS_WAITING_MAX);
    transfer->answers = mailbox_create(TRANSFER_ANSWERS_MAX);
    enum status status = records_open(transfer->directory, error);
    if (status == STATUS_OK) {
        status = gate_view_open(options->gate, &transfer->view, error);
    }
    if (status == STATUS_OK) {
        status = thread_create("transfer", transfer_run, transfer, &transfer->thread, error);
    }
    if (status != STATUS_OK) {
        dynamodb_transfer_close(&transfer);
        return status;
    }
    *ret_transfer = transfer;
    return STATUS_OK;
}

void dynamodb_transfer_stop(struct dynamodb_transfer *transfer)
{
    if (transfer != NULL) {
        struct thread *thread = transfer->thread; /* it checks who it is until it has ended */
        mailbox_close(transfer->jobs);            /* it sees that between two pieces */
        thread_join(&thread);
        transfer->thread = NULL;
    }
}

void dynamodb_transfer_close(struct dynamodb_transfer **transfer)
{
    struct dynamodb_transfer *gone = *transfer;
    *transfer = NULL;
    if (gone != NULL) {
        dynamodb_transfer_stop(gone);
        mailbox_close(gone->answers);
        mailbox_destroy(&gone->jobs);
        mailbox_destroy(&gone->answers);
        gate_view_close(&gone->view);
        memory_destroy(gone->directory);
        memory_destroy(gone);
    }
}
