/* The one way in: every door's reads and writes pass here. DESIGN §5, §12.
 *
 * Writes are answered later, on the writer's thread; a door passes the answer on to its own loop. Reads are answered
 * at once, with a snapshot that belongs to the door's thread. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/arena.h"
#include "base/error.h"
#include "row/record.h"
#include "row/schema.h"

struct gate;
struct gate_view;
struct catalog;
struct environment;
struct fold;
struct log;

struct gate_options {
    struct catalog *catalog;
    struct environment *environment;
    struct fold *fold;
    struct log *log;
};

struct gate *gate_create(const struct gate_options *options);
void gate_destroy(struct gate **gate); /* accepts a pointer to NULL; everything was answered before */

/* How a write went. Views live during the call of `done`. */
struct gate_outcome {
    enum status status;
    const char *text; /* when status is not OK */
    uint64_t lsn;
    uint64_t term;
    int64_t commit_time_us;
    bool had_old;
    struct bytes old_image;
};

enum gate_condition {
    GATE_ALWAYS = 0,
    GATE_IF_ABSENT = 1,
    GATE_IF_PRESENT = 2,
};

struct gate_write {
    struct bytes table;
    const struct value *item; /* map of attributes; for a delete the key attributes suffice */
    enum gate_condition condition;
    bool wants_old;
    struct bytes actor;
    /* Called exactly once when the call below returned STATUS_OK. Thread: the writer; must not block. */
    void (*done)(void *context, const struct gate_outcome *outcome);
    void *context;
};

/* Errors that are known at once come back here, and `done` is then not called: STATUS_NOT_FOUND (no such table),
 * STATUS_INVALID (key attributes missing or of a wrong type), STATUS_TOO_LARGE, STATUS_BUSY, STATUS_CLOSED. */
MUST_USE enum status gate_put(struct gate *gate, const struct gate_write *write, struct error *error);
MUST_USE enum status gate_delete(struct gate *gate, const struct gate_write *write, struct error *error);
/* `schema` gives name, durability and key columns; id, space and versions are set here. */
MUST_USE enum status gate_table_create(struct gate *gate, const struct schema *schema,
                                       const struct gate_write *write, struct error *error);
MUST_USE enum status gate_table_drop(struct gate *gate, const struct gate_write *write, struct error *error);

/* The table's schema, or STATUS_NOT_FOUND with a message that names it. */
MUST_USE enum status gate_table_find(struct gate *gate, struct bytes name, const struct schema **ret_schema,
                                     struct error *error);
/* The schema a record was written with; NULL when unknown. */
const struct schema *gate_schema_of(struct gate *gate, const struct record *record);
void gate_table_list(struct gate *gate, bool with_system,
                     void (*visit)(void *context, const struct schema *schema), void *context);

/* A door's view of the store; belongs to its thread. */
MUST_USE enum status gate_view_open(struct gate *gate, struct gate_view **ret_view, struct error *error);
void gate_view_close(struct gate_view **view); /* accepts a pointer to NULL */

/* The item under the key attributes in `key`, now or (as_of > 0) as of an LSN.
 * Lifetime: *ret_image is borrowed until the next call with this view.
 * Errors: STATUS_NOT_FOUND, STATUS_INVALID, STATUS_TRIMMED, STATUS_CORRUPT, STATUS_IO. */
MUST_USE enum status gate_get(struct gate_view *view, struct bytes table, const struct value *key,
                              uint64_t as_of, struct bytes *ret_image, struct error *error);

struct gate_page {
    struct bytes table;
    const struct value *partition; /* map with the partition key attributes: a query; NULL: a scan */
    struct bytes next;             /* what the page before gave; empty: from the beginning */
    bool is_reverse;
    size_t rows_max;
};

/* Calls `visit` with each item of one page. *ret_next (in `arena`) is empty when nothing follows. */
MUST_USE enum status gate_page(struct gate_view *view, const struct gate_page *page, struct arena *arena,
                               void (*visit)(void *context, struct bytes image), void *context,
                               struct bytes *ret_next, struct error *error);

/* Every change of one row that the log still has, oldest first. */
MUST_USE enum status
gate_history(struct gate *gate, struct bytes table, const struct value *key, size_t changes_max,
             void (*visit)(void *context, uint64_t lsn, int64_t commit_time_us, const struct record *record),
             void *context, struct error *error);

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
void gate_facts_read(struct gate *gate, struct gate_facts *ret_facts);

#endif
