/* The writer's life: open, run, close. */
#include "fold/fold.h"

#include "base/diagnostic.h"
#include "base/memory.h"
#include "fold_private.h"

static void fold_free(struct fold *fold)
{
    mailbox_destroy(&fold->mailbox);
    buffer_reset(&fold->frames);
    buffer_reset(&fold->records);
    buffer_reset(&fold->storage_key);
    buffer_reset(&fold->stored);
    buffer_reset(&fold->entry);
    buffer_reset(&fold->old_image);
    frame_builder_reset(&fold->builder);
    deletions_reset(&fold->under_way);
    arena_reset(&fold->arena);
    fold__moments_close(fold);
    memory_destroy(fold->headers);
    memory_destroy(fold);
}

static void fold_refuse_waiting(struct fold *fold)
{
    while (fold->waiting != NULL) {
        struct write *request = (struct write *)fold->waiting;
        fold->waiting = fold->waiting->next;
        request->status =
            error_set(&request->error, STATUS_CLOSED, "the server is stopping; nothing was written");
        request->complete(request);
    }
}

/* How long the writer may sleep. */
static int64_t fold_wait_us(const struct fold *fold)
{
    int64_t idle_us = FOLD_MARK_IDLE_MS * 1000LL;
    if (fold->sync_due_us == 0) {
        return idle_us;
    }
    int64_t left_us = fold->sync_due_us - clock_steady_us(clock_system());
    return left_us < 0 ? 0 : left_us < idle_us ? left_us : idle_us;
}

size_t fold__round_after(size_t eighths, size_t writes)
{
    size_t left = eighths - eighths / 8;
    return 8 * writes > left ? 8 * writes : left;
}

/* A batch costs a sync whatever it holds. Clients that wait for their answers send again when they have them, so a round of as many
 * writes as lately is on its way when its first arrives; taken alone, that one would make all others wait for a sync of its own. */
static void fold_gather(struct fold *fold)
{
    int64_t most_us = fold->append_us / 2 < FOLD_GATHER_US_MAX ? fold->append_us / 2 : FOLD_GATHER_US_MAX;
    size_t there = mailbox_gather(fold->mailbox, 1, fold_wait_us(fold));
    size_t expected = (fold->round_eighths + 7) / 8;
    if (there > 0 && expected >= FOLD_GATHER_WRITES_MIN) {
        (void)mailbox_gather(fold->mailbox, expected, most_us);
    }
}

/* Tables that are synced now and then: their interval is over (invariant 1). */
static void fold_sync_due(struct fold *fold)
{
    struct error error;
    if (fold->sync_due_us == 0 || clock_steady_us(clock_system()) < fold->sync_due_us) {
        return;
    }
    fold->sync_due_us = 0;
    if (log_sync(fold->options.log, fold->next_lsn - 1, &error) != STATUS_OK) {
        diagnostic_fatal("fold", "the log could not be synced: %s", error.text);
    }
}

static void fold_run(void *context)
{
    struct fold *fold = context;
    thread_sleep_exactly();
    while (!mailbox_is_closed(fold->mailbox)) {
        fold_gather(fold);
        fold->waiting = mailbox_receive(fold->mailbox, 0);
        if (fold->waiting == NULL && fold->sync_due_us == 0) {
            fold__mark(fold);
        }
        fold_sync_due(fold);
        while (fold->waiting != NULL) {
            fold__run_batch(fold);
            fold_sync_due(fold); /* many batches may have waited */
        }
    }
    fold->waiting = mailbox_receive(fold->mailbox, 0);
    fold_refuse_waiting(fold);
    fold__mark(fold);
}

/* DESIGN §5: a clock far from the last commit is not believed without the operator's word. */
static void fold_judge_clock(struct fold *fold)
{
    int64_t now = clock_wall_us(fold->options.clock);
    int64_t ahead_us = now - fold->last_commit_us;
    fold->clock_offset_us = now - clock_steady_us(fold->options.clock);
    fold->accepts_clock = fold->options.accepts_clock;
    if (fold->last_commit_us == 0 || fold->options.accepts_clock) {
        return;
    }
    bool is_far = ahead_us > FOLD_CLOCK_DOUBT_HOURS_MAX * 3600LL * 1000000;
    fold->doubts_clock =
        (is_far || fold->options.doubts_clock) && !clock_is_synchronized(fold->options.clock);
    bool is_behind = ahead_us < -FOLD_CLOCK_BEHIND_SECONDS_MAX * 1000000LL;
    bool is_ahead = ahead_us > FOLD_CLOCK_AHEAD_DAYS_MAX * 86400LL * 1000000;
    if (is_behind || is_ahead) {
        fold->refuses_clock = true;
        diagnostic_write(DIAGNOSTIC_ERROR, "fold",
                         "the wall clock is %lld s %s the last commit: writes are refused until a start with "
                         "--accept-clock",
                         (long long)((is_behind ? -ahead_us : ahead_us) / 1000000),
                         is_behind ? "behind" : "ahead of");
    } else if (fold->doubts_clock) {
        diagnostic_write(
            DIAGNOSTIC_WARNING, "fold",
            "the wall clock is, or was at an earlier start, more than %d h ahead of the last commit: "
            "expired items and old history stay until --accept-clock, which a reload takes too, or "
            "until the machine's time is synchronized",
            FOLD_CLOCK_DOUBT_HOURS_MAX);
    }
}

static enum status fold_recover(struct fold *fold, struct error *error)
{
    enum status status = fold__load_catalog(fold, error);
    if (status == STATUS_OK) {
        status = fold__replay(fold, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct log_tip tip = log_tip(fold->options.log);
    fold->next_lsn = tip.next_lsn;
    size_t together =
        tip.record_bytes_max - FRAME_AROUND_BYTES; /* a header that names many tables is larger */
    fold->record_bytes_max = tip.record_bytes_max;
    fold->transaction_bytes_max = together < TRANSACTION_BYTES_MAX ? together : TRANSACTION_BYTES_MAX;
    fold->builder.bytes_aim = together < FRAME_BYTES_AIM ? together : FRAME_BYTES_AIM;
    fold->last_commit_us = tip.commit_time_us;
    fold->term = (tip.term > fold->options.point.term ? tip.term : fold->options.point.term) + 1;
    atomic_store(&fold->committed_lsn, tip.next_lsn - 1);
    fold_judge_clock(fold);
    return fold__open_term(fold, error);
}

enum status fold_open(const struct fold_options *options, struct fold **ret_fold, struct error *error)
{
    struct fold *fold = memory_create(sizeof(*fold));
    fold->options = *options;
    fold__moments_open(fold);
    fold->under_way_is_stale = true;
    fold->under_way_changed = true; /* the first batch tells readers what a start finds */
    fold__metrics_register();
    fold->mailbox = mailbox_create(FOLD_QUEUE_ENTRIES_MAX);
    enum status status = fold_recover(fold, error);
    if (status == STATUS_OK) {
        status = thread_create("writer", fold_run, fold, &fold->thread, error);
    }
    if (status != STATUS_OK) {
        fold_free(fold);
        return status;
    }
    *ret_fold = fold;
    return STATUS_OK;
}

void fold_stop(struct fold *fold)
{
    if (fold != NULL) {
        mailbox_close(fold->mailbox);
        thread_join(&fold->thread);
    }
}

void fold_close(struct fold **fold)
{
    struct fold *gone = *fold;
    *fold = NULL;
    if (gone != NULL) {
        fold_stop(gone);
        fold_free(gone);
    }
}

enum status fold_submit(struct fold *fold, struct write *write)
{
    CHECK((write->count > 0) != (write->step.kind != STEP_NONE) && write->count <= FOLD_CHANGES_MAX);
    return mailbox_send(fold->mailbox, &write->message);
}

void fold_submit_again(struct fold *fold, struct write *write)
{
    write->message.next = *fold->again_at;
    *fold->again_at = &write->message;
    fold->again_at = &write->message.next;
}

uint64_t fold_committed_lsn(const struct fold *fold)
{
    return atomic_load(&fold->committed_lsn);
}

uint64_t fold_term(const struct fold *fold)
{
    return fold->term;
}

int64_t fold_full_us(const struct fold *fold)
{
    return atomic_load(&fold->full_us);
}

bool fold_doubts_clock(struct fold *fold)
{
    if (atomic_load(&fold->doubts_clock) && clock_is_synchronized(fold->options.clock)) {
        atomic_store(&fold->doubts_clock, false);
        diagnostic_write(DIAGNOSTIC_INFO, "fold",
                         "the machine's time is synchronized: its clock is believed");
    }
    return atomic_load(&fold->doubts_clock);
}

void fold_accept_clock(struct fold *fold, bool accepts)
{
    atomic_store(&fold->accepts_clock, accepts);
    if (accepts) {
        atomic_store(&fold->refuses_clock, false);
        atomic_store(&fold->doubts_clock, false);
    }
}

const char *fold_refusal(const struct fold *fold)
{
    return atomic_load(&fold->refuses_clock) ? "the wall clock is too far from what the log knows; set it "
                                               "right, or vouch for it with --accept-clock"
                                             : NULL;
}
