/* The inside of the writer, for this folder's files. */
#ifndef FOLD_PRIVATE_H
#define FOLD_PRIVATE_H

#include <stdatomic.h>

#include "base/mailbox.h"
#include "base/thread.h"
#include "catalog/index.h"
#include "environment/transaction.h"
#include "fold/fold.h"
#include "fold/write.h"

/* Writes of a batch, in order. */
struct fold_taken {
    struct write *writes[FOLD_BATCH_WRITES_MAX];
    size_t count;
};

/* A batch under way. */
struct fold_batch {
    int64_t commit_time_us;
    uint64_t next_lsn;        /* after the records encoded so far */
    uint64_t frame_first_lsn; /* of the frame being built */
    bool is_synced;           /* some table of it wants that */
    uint32_t interval_ms;     /* the shortest of tables that are synced now and then; 0: none */
    bool only_removes;
    bool has_step; /* background work, alone in its batch */
};

/* Keys of the metadata tree that name a space: one letter and the space. */
enum metadata_kind {
    METADATA_TOTAL = 'T',    /* totals.c */
    METADATA_RETIRED = 'R',  /* → LSN u64: nobody writes to the space since then */
    METADATA_BACKFILL = 'B', /* of an index → where its backfill stands: backfill.c */
    METADATA_EXPIRIES = 'E', /* of a table → where the backfill of its expiries stands */
};

enum {
    METADATA_SPACE_KEY_BYTES = 5,
    FOLD_TOTALS_MAX = 64, /* spaces whose totals are held between two flushes */
};

/* A row that a transaction touches: as it was, and as it will be. */
struct fold_row {
    const struct schema *schema;
    struct bytes key;
    bool had_old;
    bool has_new;
    bool is_decoded;
    uint8_t flags; /* of its record */
    struct bytes old_image;
    struct bytes new_image;
    struct value item;                       /* when is_decoded: new_image as a tree */
    const struct write_change *table_change; /* not a row, but a change of the table itself */
};

/* What one transaction comes to, in the batch's arena. */
struct fold_transaction {
    struct fold_row *rows;
    size_t count;
    struct map *by_key; /* table and key → row; only when there are several changes */
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
    atomic_bool refuses_clock;    /* writes are refused until the operator vouches for the clock */
    struct message *waiting;      /* received, not yet taken into a batch */
    struct buffer frames;         /* of the batch */
    struct frame_header *headers;
    size_t headers_count;
    size_t headers_capacity;
    struct frame_builder builder;
    struct buffer records; /* encoded, of the transaction being evaluated */
    struct buffer storage_key;
    struct buffer stored;
    struct buffer entry; /* key of an index entry */
    struct buffer old_image;
    struct arena arena; /* of the batch */
    struct fold_taken taken;
    struct fold_total totals[FOLD_TOTALS_MAX]; /* changed in the open transaction */
    size_t totals_count;
    int64_t sync_due_us; /* steady time at which what is not synced yet must be; 0: nothing waits */
};

/* One record of the transaction being evaluated, encoded in fold->records up to `end`. */
struct fold_record {
    uint32_t table;
    uint8_t shard;
    size_t end;
};

static inline struct bytes fold__metadata_key(uint8_t key[METADATA_SPACE_KEY_BYTES], enum metadata_kind kind,
                                              uint32_t space)
{
    key[0] = (uint8_t)kind;
    bytes_put_u32(key + 1, space);
    return bytes_of(key, METADATA_SPACE_KEY_BYTES);
}

/* Puts or erases the row of a record and its index entries, keeps the totals (replay and the writer alike). */
MUST_USE enum status fold__apply(struct fold *fold, struct environment_write *write,
                                 const struct record *record, uint64_t lsn, struct error *error);
/* Puts (sign 1) or erases (sign -1) the index entries and the expiry of one image of a row. `index` limits it to one
 * index; NULL: all. STATUS_INVALID never happens to what was checked when it was written. */
MUST_USE enum status fold__entries(struct fold *fold, struct environment_write *write,
                                   const struct schema *schema, const struct index_schema *index,
                                   struct bytes key, struct bytes storage_key, struct bytes image, int sign,
                                   struct error *error);
/* Remembers the spaces that a change of a table retires. */
MUST_USE enum status fold__retire(struct fold *fold, struct environment_write *write,
                                  const struct record *record, uint64_t lsn, struct error *error);

/* Totals (totals.c): changes are held until the flush, which comes before every commit; an abort forgets them. */
MUST_USE enum status fold__totals_row(struct fold *fold, struct environment_write *write, uint32_t space,
                                      const struct record *record, struct bytes old_image,
                                      struct error *error);
MUST_USE enum status fold__totals_entry(struct fold *fold, struct environment_write *write, uint32_t space,
                                        int sign, size_t bytes, struct error *error);
MUST_USE enum status fold__totals_flush(struct fold *fold, struct environment_write *write,
                                        struct error *error);

/* Decides what a request comes to (evaluate.c), putting nothing. STATUS_OK, or why it is refused: what each change
 * says is in the change. */
MUST_USE enum status fold__evaluate(struct fold *fold, struct environment_write *write,
                                    const struct fold_batch *batch, struct write *request,
                                    struct fold_transaction *ret_transaction);
void fold__transaction_reset(struct fold_transaction *transaction);

/* Does a piece of background work (step.c). */
MUST_USE enum status fold__step(struct fold *fold, struct environment_write *write, struct write_step *step,
                                struct error *error);

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
