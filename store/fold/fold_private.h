/* The inside of the writer, for this folder's files. */
#ifndef FOLD_PRIVATE_H
#define FOLD_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mailbox.h"
#include "base/thread.h"
#include "catalog/deletion.h"
#include "catalog/index.h"
#include "environment/transaction.h"
#include "fold/fold.h"
#include "fold/write.h"
#include "row/key.h"
#include "row/wide.h"

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
    bool has_step;      /* background work, alone in its batch */
    bool has_rearmed;   /* expiries that were not true went, which no record tells */
    uint64_t appended;  /* elements that lists of wide rows got at their ends … */
    uint64_t prepended; /* … and at their beginnings */
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

/* What a row had become by itself, and nobody had written down: cells had expired, or a deletion had covered it. Each is a
 * record of its own. */
struct fold_stage {
    bool is_there;
    struct bytes image;
    struct cause cause;
};

/* A row that a transaction touches: as it was, and as it will be. */
struct fold_row {
    const struct schema *schema;
    struct bytes key;
    struct bytes identity; /* the key, or its storage key where other keys may name the same row */
    bool had_old;
    bool has_new;
    bool is_decoded;
    uint8_t flags; /* of its record */
    struct bytes old_image;
    struct bytes new_image;
    struct value item; /* when is_decoded: new_image as a tree */
    bool is_wide;      /* `wide` is what new_image has, … */
    bool is_unwritten; /* … or will have: many statements of a batch may change one row (fold__wide_write) */
    struct wide_row wide;
    struct write_change
        *bounded;              /* the last that made the row larger, told when it is too large; NULL: none */
    struct fold_stage *stages; /* what happened to the row before what the transaction does to it */
    size_t stages_count;
    const struct write_change *table_change; /* not a row, but a change of the table itself */
};

/* Rows that a transaction deletes beyond single ones: later rows of the same transaction are masked by them. */
struct fold_deletion {
    const struct schema *schema;
    struct bytes partition;
    struct wide_range range;
    struct fold_deletion *next;
};

/* What one transaction comes to, in the batch's arena. */
struct fold_transaction {
    struct fold_row **rows;
    size_t count;
    size_t capacity;
    struct map *by_key; /* table and key → row; only when there are several changes */
    struct fold_deletion *deletions;
    size_t old_bytes;  /* of the rows as they were */
    int64_t timestamp; /* of writes to wide rows whose client gave none */
    int64_t now_s;     /* since 1970: what has expired by then is not there, and lives begin */
    uint32_t large;    /* deletions of more rows than it changes itself */
};

struct fold {
    struct fold_options options;
    struct mailbox *mailbox;
    struct thread *thread;
    _Atomic uint64_t committed_lsn;
    pthread_mutex_t moment_mutex;      /* guards the next three */
    int64_t settled_us;                /* commits up to here were asked for: none comes that is so early */
    int64_t under_way_us;              /* commit time of the batch under way; 0: none is */
    struct fold_moment *moments_first; /* settled when that batch has ended */
    /* the writer's own */
    uint64_t term;
    uint64_t next_lsn;
    int64_t last_commit_us;
    uint64_t marked_lsn;          /* synced LSN that the last frame told */
    int64_t clock_offset_us;      /* wall minus steady, at start */
    size_t record_bytes_max;      /* what the log takes in one piece … */
    size_t transaction_bytes_max; /* … and at once */
    _Atomic int64_t
        full_us; /* steady: when a batch was refused for want of space; 0: none was since one went */
    atomic_bool accepts_clock; /* the operator vouches for the clock; until then … */
    atomic_bool refuses_clock; /* … writes are refused … */
    atomic_bool doubts_clock;  /* … or nothing is removed for its age */
    bool is_opening;           /* the term's own frame is written whatever the clock says, without its time */
    struct message *waiting;   /* received, not yet taken into a batch */
    struct message *
        *again_at;        /* in `waiting`: behind what of the batch being answered is to be taken again */
    size_t round_eighths; /* fold__round_after of the batches so far */
    int64_t append_us;    /* what a batch's append takes, on a sliding average */
    struct buffer frames; /* of the batch */
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
    struct deletions under_way; /* those of the open transaction's state, unless they are stale */
    bool under_way_is_stale;
    bool under_way_changed; /* in this batch */
    int64_t sync_due_us;    /* steady time at which what is not synced yet must be; 0: nothing waits */
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
                                    struct fold_batch *batch, struct write *request,
                                    struct fold_transaction *ret_transaction);
void fold__transaction_reset(struct fold_transaction *transaction);

/* The row as the changes before left it. */
MUST_USE enum status fold__evaluate_row(struct fold *fold, struct environment_write *write,
                                        struct fold_transaction *transaction, const struct schema *schema,
                                        struct bytes key, struct fold_row **ret_row, struct error *error);
/* What a batch needs to judge rows of wide tables (wide.c). */
struct fold_scene {
    struct fold *fold;
    struct environment_write *write;
    struct fold_batch *batch;
    struct fold_transaction *transaction;
};

/* The stored rows of one kind of a partition whose clustering part lies in a range (wide.c): open, then row and
 * environment_cursor_next. Close also when open failed. */
struct fold_range {
    struct environment_cursor *cursor;
    struct buffer prefix;
    const struct wide_range *range;
};

MUST_USE enum status fold__range_open(const struct fold_scene *scene, const struct schema *schema,
                                      struct bytes partition, enum row_kind kind,
                                      const struct wide_range *range, struct fold_range *ret_rows,
                                      struct error *error);
/* The row at the cursor, borrowed until it moves. STATUS_END. */
MUST_USE enum status fold__range_row(const struct fold_range *rows, struct bytes *ret_storage,
                                     struct bytes *ret_stored, struct error *error);
void fold__range_close(struct fold_range *rows);

/* Deletions whose rows have yet to leave (large.c), as the open transaction has them. */
MUST_USE enum status fold__under_way(struct fold *fold, struct environment_write *write,
                                     const struct deletions **ret_deletions, struct error *error);
/* What deletions under way left of a row that was just loaded: stages of it. */
MUST_USE enum status fold__under_way_settle(struct fold *fold, struct environment_write *write,
                                            struct bytes storage, struct fold_row *row, struct error *error);
/* Whether a range of a partition has more rows than one transaction deletes. */
MUST_USE enum status fold__range_is_large(const struct fold_scene *scene, const struct schema *schema,
                                          struct bytes partition, const struct wide_range *range,
                                          bool *ret_is_large, struct error *error);
/* The newest timestamp in the rows of a large range; at least *newest. */
MUST_USE enum status fold__large_newest(const struct fold_scene *scene, const struct schema *schema,
                                        struct bytes partition, const struct wide_range *range,
                                        int64_t *newest, struct error *error);
/* Makes a deletion one whose rows leave later. `range` has the deletion; has_range is false for a whole partition. */
MUST_USE enum status fold__delete_later(const struct fold_scene *scene, const struct schema *schema,
                                        struct bytes partition, const struct wide_range *range,
                                        bool has_range, struct error *error);
/* Around the commit of a batch that changed which deletions are under way: readers are told. */
MUST_USE enum status fold__under_way_tell(struct fold *fold, struct environment_write *write,
                                          struct error *error);
void fold__under_way_told(struct fold *fold);

void fold__row_stage(struct arena *arena, struct fold_row *row, bool is_there, struct bytes image,
                     struct cause cause);
/* Decodes a wide row, and lets expire what has (once). */
MUST_USE enum status fold__wide_prepare(const struct fold_scene *scene, struct fold_row *row,
                                        struct error *error);
/* The timestamp of a change whose client gave none: transaction->timestamp becomes newer than all it touches. */
MUST_USE enum status fold__wide_timestamp(const struct fold_scene *scene, const struct write_change *change,
                                          struct error *error);
/* Writes new_image of a wide row that was changed; of others nothing. Before that new_image is an old one. */
void fold__wide_write(const struct fold_scene *scene, struct fold_row *row);
/* Applies an update to a row: the writer's timestamp unless it has one. */
MUST_USE enum status fold__wide_update(const struct fold_scene *scene, const struct wide_update *update,
                                       struct fold_row *row, struct error *error);
/* CHANGE_WIDE_DELETE. */
MUST_USE enum status fold__wide_delete(const struct fold_scene *scene, const struct write_change *change,
                                       struct error *error);
/* CHANGE_EXPIRE: what has expired becomes tombstones, what may be forgotten goes. `is_due` is false when the sweeper's
 * entry is not true (any more). */
MUST_USE enum status fold__wide_expire(const struct fold_scene *scene, const struct write_change *change,
                                       struct fold_row *row, bool *ret_is_due, struct error *error);
/* When time changes a stored image of a wide table next; false: never. STATUS_CORRUPT. */
MUST_USE enum status fold__wide_event(const struct schema *schema, struct bytes key, struct bytes image,
                                      bool *ret_ages, int64_t *ret_seconds, struct error *error);

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

/* How many writes a round has lately, in eighths of one: the most that a batch had, which falls by an eighth of itself with each
 * batch that has fewer, down to next to nothing: who writes alone waits for nobody. */
size_t fold__round_after(size_t eighths, size_t writes);
/* Moments (moment.c). A batch begins with a commit time: `time_us`, or later; it ends committed or given up. */
void fold__moments_open(struct fold *fold);
void fold__moments_close(struct fold *fold);
int64_t fold__moment_begin(struct fold *fold, int64_t time_us);
void fold__moment_end(struct fold *fold);

/* Takes what waits, decides, logs, folds, answers. */
void fold__run_batch(struct fold *fold);
void fold__metrics_register(void);
/* Writes the row of system.terms that opens this reign, before any request is served. */
MUST_USE enum status fold__open_term(struct fold *fold, struct error *error);
/* Appends an empty frame when something became durable that no frame has told yet. */
void fold__mark(struct fold *fold);

#endif
