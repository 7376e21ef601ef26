/* Looking for damage, in steps. README.md tells what is compared. */
#ifndef SCRUB_SCRUB_H
#define SCRUB_SCRUB_H

#include "base/buffer.h"
#include "base/error.h"
#include "scrub/bounds.h"

struct catalog;
struct environment;
struct log;

struct scrub_options {
    struct catalog *catalog;
    struct environment *environment;
    struct log *log;
};

/* What a step looked at. */
struct scrub_step {
    const char *stage;    /* "pages", "checkpoints", "log", "rows", "entries", "values" */
    struct bytes subject; /* the table's name, of rows and entries; lives as long as the catalog */
    uint64_t count;       /* pages, files, rows, entries or values */
};

/* Looks at the next piece. `position` says where: empty at first, then what the step before left; empty again after the last
 * one. *ret_step is set when STATUS_OK or STATUS_CORRUPT is returned.
 * Thread: any, of which none holds a write transaction.
 * Errors: STATUS_CORRUPT: damage, which the text names; the position has moved past it. STATUS_INVALID: no such position.
 * STATUS_BUSY, STATUS_IO; the position then stays. */
MUST_USE enum status scrub_next(const struct scrub_options *options, struct buffer *position,
                                struct scrub_step *ret_step, struct error *error);

#endif
