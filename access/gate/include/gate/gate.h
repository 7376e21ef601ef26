/* The one way in: every door's reads and writes pass here. DESIGN §5, §12.
 *
 * Writes are answered later, on the writer's thread; a door passes the answer on to its own loop. Reads are answered
 * at once, with a view that belongs to the door's thread. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "expression/expression.h"
#include "row/key.h"
#include "row/record.h"
#include "row/schema.h"
#include "row/wide_update.h"

struct gate;
struct gate_view;
struct item_bounds; /* catalog/index.h */
struct scrub_step;  /* scrub/scrub.h */
struct catalog;
struct environment;
struct fold;
struct log;

struct gate_options {
    struct catalog *catalog;
    struct environment *environment;
    struct fold *fold;
    struct log *log;
    const struct clock *clock; /* what is looked at now shows what has not expired by it */
};

struct gate *gate_create(const struct gate_options *options);
void gate_destroy(struct gate **gate); /* accepts a pointer to NULL; everything was answered before */

/* --- writes ----------------------------------------------------------------------------------------------------- */

enum gate_change_kind {
    GATE_PUT,
    GATE_DELETE,
    GATE_UPDATE,
    GATE_CHECK,       /* only the condition */
    GATE_WIDE,        /* of a wide table: `wide` to one row */
    GATE_WIDE_DELETE, /* of a wide table: the rows of `slice`, or its whole partition when that has no bounds */
};

enum gate_presence {
    GATE_ALWAYS = 0,
    GATE_IF_ABSENT = 1,
    GATE_IF_PRESENT = 2,
};

/* A place between the rows of a partition: before, or after, all whose clustering columns begin with `values`. Columns in
 * descending order are in that order here too. No values: the beginning, or the end. */
struct gate_bound {
    const struct value *values;
    size_t count;
    bool is_after;
};

/* Rows of a wide table by its key, as doors that know its schema name them. */
struct gate_slice {
    const struct value *partition; /* one value per column; NULL: a range of tokens */
    bool is_static;                /* the static row; bounds do not matter */
    bool has_bounds;               /* false: all rows, the static one first */
    struct gate_bound low;         /* a single row: its clustering columns, before … */
    struct gate_bound high;        /* … and after */
    int64_t token_low;             /* both included */
    int64_t token_high;
};

/* What is to happen to one item. */
struct gate_change {
    enum gate_change_kind kind;
    enum gate_presence presence;
    bool is_housekeeping; /* folded and kept in history, not delivered unless asked for (restored rows) */
    bool is_system;       /* the server's own floors may write system tables */
    bool wants_old;       /* also when the condition does not hold */
    bool wants_new;
    struct bytes table;
    const struct value *item;          /* map of attributes; besides GATE_PUT the key attributes suffice */
    const struct condition *condition; /* or NULL */
    const struct wide_update
        *wide; /* GATE_WIDE, GATE_WIDE_DELETE (its timestamp), GATE_CHECK of a wide row */
    const struct gate_slice *slice;   /* of these: the row (low has all clustering columns), or the rows */
    const struct update *update;      /* GATE_UPDATE */
    const struct item_bounds *bounds; /* of what an item becomes; NULL: none but the store's */
};

/* Something that was read and must still be so when the transaction commits: filled by gate_get and gate_query. */
struct gate_read {
    struct bytes table;
    struct bytes key; /* record key; empty: all rows with low <= storage key < high */
    struct bytes low;
    struct bytes high;
    struct hash128 checksum;
    bool is_absent;
};

/* How one change went. */
struct gate_change_outcome {
    enum status status;
    const char *text;
    bool had_old;
    bool has_new;
    struct bytes
        old_key; /* record key as the row was first written with it, for keys may be equal and not the same bytes */
    struct bytes old_image;
    struct bytes new_image;
};

/* How a transaction went. Views live during the call of `done`. */
struct gate_outcome {
    enum status status;
    const char *text; /* when status is not OK */
    bool is_repeat;   /* the token was known: this is how it went the first time; there are no changes */
    uint64_t lsn;
    uint64_t term;
    int64_t commit_time_us;
    const struct gate_change_outcome *changes;
    size_t count;
};

struct gate_transaction {
    struct arena
        *arena; /* taken when the call succeeds, together with everything below that points into it */
    const struct gate_change *changes;
    size_t count;
    const struct gate_read *reads;
    size_t reads_count;
    bool
        is_plain; /* conditions, updates and answers see wide rows as documents of plain values (row/plain.h) */
    bool has_now;
    int64_t
        now_s; /* since 1970, has_now: what lives are counted from, and what conditions go by, instead of the commit */
    struct bytes actor;
    struct bytes token;        /* idempotency token of the actor; empty: none */
    struct hash128 token_hash; /* of the request */
    struct cause cause;
    uint8_t hops;
    /* Called exactly once when the call below returned STATUS_OK. Thread: the writer; must not block. */
    void (*done)(void *context, const struct gate_outcome *outcome);
    void *context;
};

/* Errors that are known at once come back here, and `done` is then not called: STATUS_NOT_FOUND (no such table),
 * STATUS_INVALID (key attributes missing or of a wrong type), STATUS_TOO_LARGE, STATUS_DENIED, STATUS_BUSY,
 * STATUS_CLOSED. *ret_change (may be NULL) tells which change it was. */
MUST_USE enum status gate_submit(struct gate *gate, struct gate_transaction *transaction, size_t *ret_change,
                                 struct error *error);

/* --- tables ----------------------------------------------------------------------------------------------------- */

/* Who asks for a change of a table, and who hears of it. */
struct gate_request {
    struct bytes actor;
    struct cause cause;
    void (*done)(void *context, const struct gate_outcome *outcome);
    void *context;
};

/* `schema` gives name, durability, key columns, indexes, TTL attribute and properties; ids, spaces and versions are
 * set here. */
MUST_USE enum status gate_table_create(struct gate *gate, const struct schema *schema,
                                       const struct gate_request *request, struct error *error);
MUST_USE enum status gate_table_drop(struct gate *gate, struct bytes table,
                                     const struct gate_request *request, struct error *error);
/* A new generation without rows. */
MUST_USE enum status gate_table_truncate(struct gate *gate, struct bytes table,
                                         const struct gate_request *request, struct error *error);
/* `next` is `current` (as gate_table_find gave it) with another TTL attribute, other properties, or indexes added
 * (space 0) or left out. STATUS_STALE, also later: the table is no longer `current`. */
MUST_USE enum status gate_table_alter(struct gate *gate, const struct schema *current,
                                      const struct schema *next, const struct gate_request *request,
                                      struct error *error);

/* The schema that a table had at an LSN (0: now), also of a table that is gone; a copy in `arena`. STATUS_NOT_FOUND,
 * STATUS_TRIMMED. */
MUST_USE enum status gate_table_at(struct gate_view *view, struct bytes table, uint64_t lsn,
                                   struct arena *arena, struct schema **ret_schema, struct error *error);
/* Makes a table with what the table `source` held at `lsn`; the rows come afterwards, in the background. `target` is what
 * gate_table_at gave, with another name, and other indexes, properties or TTL attribute as wanted. `job` is the id, not
 * used before, under which system.jobs tells how far it is. STATUS_TRIMMED: `lsn` lies before the horizon. */
MUST_USE enum status gate_restore(struct gate *gate, struct bytes source, uint64_t lsn,
                                  const struct schema *target, int64_t job,
                                  const struct gate_request *request, struct error *error);

/* The table's schema, or STATUS_NOT_FOUND with a message that names it. */
MUST_USE enum status gate_table_find(struct gate *gate, struct bytes name, const struct schema **ret_schema,
                                     struct error *error);
/* The schema a record was written with; NULL when unknown. */
const struct schema *gate_schema_of(struct gate *gate, const struct record *record);
void gate_table_list(struct gate *gate, bool with_system,
                     void (*visit)(void *context, const struct schema *schema), void *context);

/* --- reads ------------------------------------------------------------------------------------------------------ */

/* A door's view of the store; belongs to its thread. */
MUST_USE enum status gate_view_open(struct gate *gate, struct gate_view **ret_view, struct error *error);
void gate_view_close(struct gate_view **view); /* accepts a pointer to NULL */
/* Whether it shows wide rows that are read as documents in plain values (row/plain.h). At first it does not. */
void gate_view_show_plain(struct gate_view *view, bool is_plain);
/* From now on its reads are refused with STATUS_CLOSED, also those of a walk that is under way. Thread: any.
 * Accepts NULL. */
void gate_view_end(struct gate_view *view);
/* For what reads beside the view and takes long: STATUS_CLOSED as above. Thread: any. */
MUST_USE enum status gate_view_check(const struct gate_view *view, struct error *error);

/* What a table, or the index in it, holds: *ret_rows and *ret_bytes. */
MUST_USE enum status gate_totals(struct gate_view *view, uint32_t space, uint64_t *ret_rows,
                                 uint64_t *ret_bytes, struct error *error);
/* The additive hash of a table, over all shards. */
MUST_USE enum status gate_hash(struct gate_view *view, struct bytes table, struct hash128 *ret_hash,
                               struct error *error);
/* Looks for damage: one step, as scrub_next (scrub/scrub.h). */
MUST_USE enum status gate_scrub(struct gate *gate, struct buffer *position, struct scrub_step *ret_step,
                                struct error *error);
/* Whether it is decided what was committed at or before a moment. False: a batch under way began before it, and `settled` is called
 * when that has ended, some milliseconds later, or as long as the disk takes; a request that asks for the moment is put aside until
 * then. Then, and when the moment has not come yet, gate_lsn_at gives its answer. Thread: any; `settled`: the writer's, must not block. */
bool gate_moment_settle(struct gate *gate, int64_t time_us, void (*settled)(void *context), void *context);
/* The last LSN committed at or before a moment, and the same whenever it is asked for. STATUS_TRIMMED: it lies before the horizon, or
 * before everything. STATUS_INVALID: it has not come yet. STATUS_BUSY: it is not settled. Thread: any; does not wait. */
MUST_USE enum status gate_lsn_at(struct gate *gate, int64_t time_us, uint64_t *ret_lsn, struct error *error);
/* The same of now, with the moment that this is: nothing that was told as committed is later. */
MUST_USE enum status gate_lsn_now(struct gate *gate, int64_t *ret_time_us, uint64_t *ret_lsn,
                                  struct error *error);
/* The last LSN at or before `lsn` with which a transaction ends: what is read as of an LSN holds whole transactions (invariant 4).
 * One that is not in the log stays as it is, for the read to refuse. STATUS_TRIMMED: there is none. */
MUST_USE enum status gate_lsn_whole(struct gate *gate, uint64_t lsn, uint64_t *ret_lsn, struct error *error);

/* The item under the key attributes in `key`, now or (as_of > 0) as of an LSN. `ret_read` (may be NULL) gets what a
 * transaction needs to insist on it, also when there is no such item; it lives in `arena`.
 * Lifetime: *ret_image is borrowed until the next call with this view.
 * Errors: STATUS_NOT_FOUND, STATUS_INVALID, STATUS_TRIMMED, STATUS_CORRUPT, STATUS_IO. */
MUST_USE enum status gate_get(struct gate_view *view, struct bytes table, const struct value *key,
                              uint64_t as_of, struct arena *arena, struct gate_read *ret_read,
                              struct bytes *ret_image, struct error *error);

/* A row of a wide table as it is stored (row/wide.h); `slice` names it by `low`, or the static row. *ret_now: the moment at
 * which to look at it, in seconds since 1970. `table_id` as in gate_query. Otherwise as gate_get. */
MUST_USE enum status gate_get_wide(struct gate_view *view, struct bytes table, uint32_t table_id,
                                   const struct gate_slice *slice, uint64_t as_of, struct bytes *ret_image,
                                   int64_t *ret_now, struct error *error);

/* A query (key_terms or slice), or a scan. */
struct gate_query {
    struct bytes table;
    struct bytes index; /* empty: the table itself */
    /* What the names meant when the query was planned: STATUS_STALE when they mean others now. 0: whatever they mean. */
    uint32_t table_id;
    uint32_t index_space;
    const struct key_term *key_terms;
    size_t key_terms_count;         /* 0: a scan */
    const struct gate_slice *slice; /* of a wide table, instead of key_terms; rows are given as stored */
    bool as_stored;                 /* of a wide table: give rows as stored also without a slice */
    bool allows_filling;            /* read the index also while it is being filled: rows may be missing */
    uint32_t segment;               /* of a parallel scan … */
    uint32_t segments;              /* … in so many parts; 0: it is not parallel */
    struct bytes next; /* what the page before gave, or gate_position; empty: from the beginning */
    bool is_reverse;
    size_t rows_max;                /* rows looked at; 0: as many as fit a page */
    size_t passed_max;              /* rows passed over that do not show; 0: as many as fit a page */
    size_t bytes_max;               /* image bytes looked at; 0: READ_PAGE_BYTES_MAX */
    uint64_t as_of;                 /* LSN; 0: now */
    const struct condition *filter; /* rows for which it does not hold are counted, not visited; or NULL */
    /* The size that a row counts with against bytes_max; NULL: its image's. Gets the context of `visit`. */
    size_t (*measure)(void *context, const struct value *item);
};

struct gate_row {
    struct bytes key;      /* record key */
    struct bytes position; /* in what is read: behind it gate_query.next may go on */
    struct bytes
        image; /* a document's, or what shows of a wide row as one; with a slice: as stored (row/wide.h) */
    const struct value *item; /* the image as a tree when a filter needed it; otherwise NULL */
};

struct gate_page {
    struct bytes next; /* empty: nothing follows */
    size_t scanned;    /* rows looked at */
    size_t passed;     /* besides: that do not show, such as those of a deletion under way */
    size_t matched;    /* rows visited */
    size_t scanned_bytes;
    int64_t now; /* the moment at which wide rows were looked at, in seconds since 1970 */
    struct bytes
        last_image; /* of the last row looked at, when something may follow; of a wide table, unless as stored, a
                                document of its key */
};

/* Calls `visit` with each matching item of one page. What *ret_page points to, and *ret_read (may be NULL; only for a
 * page without index and as_of), live in `arena`. */
MUST_USE enum status gate_query(struct gate_view *view, const struct gate_query *query, struct arena *arena,
                                void (*visit)(void *context, const struct gate_row *row), void *context,
                                struct gate_page *ret_page, struct gate_read *ret_read, struct error *error);
/* The position of an item in a table or index, for gate_query.next: `item` has the table's and the index's key
 * attributes. */
MUST_USE enum status gate_position(struct gate_view *view, struct bytes table, struct bytes index,
                                   const struct value *item, struct arena *arena, struct bytes *ret_position,
                                   struct error *error);

/* A table as it was at an LSN; 0: as it is. */
struct gate_state {
    struct bytes table;
    uint64_t lsn;
};

/* What a comparison looks at: the rows of two states, of one table or of two whose keys are alike. */
struct gate_comparison {
    struct gate_state before;
    struct gate_state after;
    struct bytes next; /* what the page before gave; empty: from the beginning */
    size_t rows_max;   /* of each looked at; 0: as many as fit a page */
};

struct gate_compared {
    struct bytes next; /* empty: nothing follows */
    size_t rows;       /* compared */
};

/* Calls `visit` with each item of one page that differs, in token order; empty: it is not there. Both images live in `arena`, as does
 * ret_compared->next. All pages agree as long as both states name an LSN.
 * Errors: as of gate_query; STATUS_INVALID: the keys are not alike. */
MUST_USE enum status gate_compare(struct gate_view *view, const struct gate_comparison *comparison,
                                  struct arena *arena,
                                  void (*visit)(void *context, struct bytes before, struct bytes after),
                                  void *context, struct gate_compared *ret_compared, struct error *error);

/* Every change of one row that the log still has, oldest first; with `as_of` those up to that LSN, of the table that had the name
 * then, also when it was dropped since. Page by page, of `changes_max` (0: as many as a page has) or as large as a page is:
 * *ret_next_lsn is the next one's `from_lsn`, which is 0 for the first; 0: there is no more. STATUS_TRIMMED: the next page is no more. */
MUST_USE enum status gate_history(struct gate_view *view, struct bytes table, const struct value *key,
                                  uint64_t as_of, uint64_t from_lsn, size_t changes_max,
                                  void (*visit)(void *context, uint64_t lsn, int64_t commit_time_us,
                                                const struct record *record),
                                  void *context, uint64_t *ret_next_lsn, struct error *error);

/* A page of the changes of a table that the log still has, in the order of their LSNs. */
struct gate_changes {
    struct bytes table;
    uint64_t from_lsn;       /* the first LSN wanted; 0: from the horizon on */
    uint64_t until_lsn;      /* the last; 0: all that is committed */
    uint16_t shards;         /* those of shard s: bit s … */
    bool with_table;         /* … and those about the table itself, which every shard of a feed shows */
    const struct value *key; /* only those of the row with these key attributes; NULL: all */
    size_t records_max;      /* looked at; of one row HISTORY_PAGE_RECORDS_MAX at most */
    size_t bytes_max;        /* of images looked at */
};

/* One of them; lives during the visit. */
struct gate_logged {
    uint64_t lsn;
    uint64_t transaction; /* LSN of its first record; 0: that was before the horizon */
    int64_t commit_time_us;
    const struct schema *schema; /* that it was written with */
    const struct record *record; /* images of wide rows are documents of what shows */
};

/* Visits changes until it answers false: that one is not taken. Marked records (invariant 6) are left out. *ret_next_lsn: where the
 * next page begins; 0: nothing follows. *ret_records: how many were looked at. Thread: any.
 * Errors: STATUS_NOT_FOUND, STATUS_INVALID (the key), STATUS_TRIMMED (from_lsn is before the horizon), STATUS_CORRUPT. */
MUST_USE enum status gate_changes_read(struct gate *gate, const struct gate_changes *wanted,
                                       bool (*visit)(void *context, const struct gate_logged *change),
                                       void *context, uint64_t *ret_next_lsn, size_t *ret_records,
                                       struct error *error);

/* Where the store stands. */
struct gate_facts {
    uint64_t committed_lsn;
    uint64_t horizon_lsn;
    uint64_t synced_lsn;
    uint64_t term;
    uint64_t log_bytes;
    uint64_t log_segments;
    uint64_t store_bytes;
    uint64_t checkpoint_lsn;
    uint64_t tables;
};
/* Why no write is taken now; NULL: writes are taken. Thread: any. */
const char *gate_refusal(struct gate *gate);
/* As fold_doubts_clock: nothing is removed for its age. Thread: any. */
bool gate_doubts_clock(struct gate *gate);
/* When (clock_steady_us) the last batch of writes was refused for want of space; 0: it was not. Thread: any. */
int64_t gate_full_us(struct gate *gate);
void gate_facts_read(struct gate *gate, struct gate_facts *ret_facts);

#endif
