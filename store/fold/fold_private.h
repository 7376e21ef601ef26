/* The inside of the writer, for this folder's files. */
#ifndef FOLD_PRIVATE_H
#define FOLD_PRIVATE_H

#include <stdatomic.h>

#include "base/mailbox.h"
#include "base/thread.h"
#include "environment/transaction.h"
#include "fold/fold.h"
#include "fold/write.h"

/* Writes of a batch, in order. */
struct fold_taken {
    struct write *writes[FOLD_BATCH_WRITES_MAX];
    size_t count;
};

struct fold {
    struct fold_options options;
    struct mailbox *mailbox;
    struct thread *thread;
    _Atomic uint64_t committed_lsn;
    /* the writer's own */
    uint64_t term;
    uint64_t next_lsn;
    int64_t last_commit_us;
    uint64_t marked_lsn;          /* synced LSN that the last frame told */
    int64_t clock_offset_us;      /* wall minus steady, at start */
    size_t transaction_bytes_max; /* what the log takes in one piece */
    bool refuses_clock;           /* writes are refused until the operator vouches for the clock */
    struct message *waiting;      /* received, not yet taken into a batch */
    struct buffer frames;         /* of the batch */
    struct frame_header *headers;
    size_t headers_count;
    size_t headers_capacity;
    struct frame_builder builder;
    struct buffer records; /* encoded, of the transaction being evaluated */
    struct buffer storage_key;
    struct buffer stored;
    struct arena arena; /* of the batch */
    struct fold_taken taken;
};

/* A batch under way. */
struct fold_batch {
    int64_t commit_time_us;
    uint64_t next_lsn;        /* after the records encoded so far */
    uint64_t frame_first_lsn; /* of the frame being built */
    bool is_synced;           /* some table of it wants that */
    bool only_removes;
};

/* One record of the transaction being evaluated, encoded in fold->records up to `end`. */
struct fold_record {
    uint32_t table;
    uint8_t shard;
    size_t end;
};

/* Puts or erases the row of a record (replay and the writer alike). */
MUST_USE enum status fold__apply(struct fold *fold, struct environment_write *write,
                                 const struct record *record, struct error *error);
/* Replays the log from the environment's point. */
MUST_USE enum status fold__replay(struct fold *fold, struct error *error);
/* Reads system.tables into the catalog. */
MUST_USE enum status fold__load_catalog(struct fold *fold, struct error *error);

/* Frames of the batch (frames.c): a transaction's encoded records are added, cut into a chain when they are more than
 * a frame holds; finish closes the last frame. */
void fold__frames_begin(struct fold *fold, struct fold_batch *batch);
void fold__frames_add(struct fold *fold, struct fold_batch *batch, const struct fold_record *records,
                      size_t count);
void fold__frames_finish(struct fold *fold, struct fold_batch *batch);

/* Takes what waits, decides, logs, folds, answers. */
void fold__run_batch(struct fold *fold);
void fold__metrics_register(void);
/* Writes the row of system.terms that opens this reign, before any request is served. */
MUST_USE enum status fold__open_term(struct fold *fold, struct error *error);
/* Appends an empty frame when something became durable that no frame has told yet. */
void fold__mark(struct fold *fold);

#endif
