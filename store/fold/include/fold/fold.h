/* The writer of a group: one thread that decides, logs and folds every change. DESIGN §1, §5. */
#ifndef FOLD_FOLD_H
#define FOLD_FOLD_H

#include "base/clock.h"
#include "catalog/catalog.h"
#include "environment/environment.h"
#include "fold/bounds.h"
#include "log/log.h"

struct fold;
struct write;

struct fold_options {
    struct environment *environment; /* open, at `point` */
    struct environment_point point;
    struct log *log; /* open */
    struct catalog *catalog;
    const struct clock *clock;
    bool accepts_clock; /* the operator vouches for the wall clock (--accept-clock) */
    /* A transaction up to `lsn` is committed and may be shown. Thread: the writer. Must not block. */
    void (*on_commit)(void *context, uint64_t lsn);
    void *context;
};

/* Loads the catalog, folds what the log has beyond `point`, opens a new term with a durable frame, starts the writer.
 * Errors: STATUS_CORRUPT, STATUS_IO, STATUS_FULL, STATUS_NEWER. */
MUST_USE enum status fold_open(const struct fold_options *options, struct fold **ret_fold,
                               struct error *error);
/* No more writes are taken; those that wait are answered STATUS_CLOSED; a last mark is synced. */
void fold_close(struct fold **fold); /* accepts a pointer to NULL */

/* Gives the write to the writer. STATUS_BUSY or STATUS_CLOSED: it is still the caller's. Thread: any. */
MUST_USE enum status fold_submit(struct fold *fold, struct write *write);

/* The last LSN that is committed and visible. Thread: any. */
uint64_t fold_committed_lsn(const struct fold *fold);
uint64_t fold_term(const struct fold *fold);

/* Storage keys of a record, for the log's key index (struct segment_keys). `context` is the catalog. */
MUST_USE enum status fold_record_storage_key(struct catalog *catalog, const struct record *record,
                                             uint32_t *ret_space, struct buffer *ret_key,
                                             struct error *error);

#endif
