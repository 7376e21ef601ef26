/* The inside of a scrub, for this folder's files. */
#ifndef SCRUB_PRIVATE_H
#define SCRUB_PRIVATE_H

#include "catalog/catalog.h"
#include "environment/transaction.h"
#include "log/log.h"
#include "scrub/scrub.h"

enum scrub_stage {
    SCRUB_PAGES,
    SCRUB_CHECKPOINTS,
    SCRUB_LOG,
    SCRUB_ROWS,
    SCRUB_ENTRIES,
    SCRUB_VALUES,
    SCRUB_STAGES,
};

/* One step. A stage reads `from`, empty where it begins, and leaves in `next` where it goes on: its own number and what it makes of
 * the rest. */
struct scrub {
    const struct scrub_options *options;
    struct reader from;
    struct buffer *next;
    struct scrub_step *step;
};

/* The next step begins the stage after `stage`. */
void scrub__end_stage(struct scrub *scrub, enum scrub_stage stage);

/* Stages, as scrub_next answers. */
MUST_USE enum status scrub__rows(struct scrub *scrub, struct error *error);
MUST_USE enum status scrub__entries(struct scrub *scrub, struct error *error);
MUST_USE enum status scrub__values(struct scrub *scrub, struct error *error);

/* A walk over the keys of a tree after `after` (empty: from `prefix` on) that begin with `prefix`; in a snapshot of its own. */
struct scrub_walk {
    struct environment_read *read;
    struct environment_cursor *cursor;
    struct buffer prefix;
    size_t count;
    size_t bytes;
};

/* STATUS_END: there are none. */
MUST_USE enum status scrub__walk_open(const struct scrub *scrub, enum environment_tree tree,
                                      struct bytes prefix, struct bytes after, struct scrub_walk *ret_walk,
                                      struct error *error);
MUST_USE enum status scrub__walk_next(struct scrub_walk *walk, struct error *error); /* STATUS_END */
void scrub__walk_close(struct scrub_walk *walk);
/* Whether the step has looked at enough; `bytes` more were looked at. */
bool scrub__walk_is_full(struct scrub_walk *walk, size_t bytes);

/* Puts the table's name and the key's columns before a damage's text. */
void scrub__name_row(const struct schema *schema, struct bytes key, struct error *error);

#endif
