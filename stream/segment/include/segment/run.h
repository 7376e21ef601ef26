/* Runs: the key indexes of consecutive sealed segments merged into one file, so that a read over thousands of segments
 * asks a few files. DESIGN §6.
 *
 * A run of level n covers SEGMENT_RUN_FAN_IN ^ n segment numbers, beginning at a multiple of that. Its file, FIRST.kn, is a
 * sealed segment without data blocks: header (magic "OXSK", the level where a raw one has its size), index blocks, and a
 * footer whose presences are the segments' joined. It is derived: without it the segments' own indexes answer. */
#ifndef SEGMENT_RUN_H
#define SEGMENT_RUN_H

#include <stdatomic.h>

#include "segment/segment.h"

/* How many segment numbers a run of `level` covers. */
uint64_t segment_run_span(unsigned level);

/* Whether these make a run: one whose footer, a line for each block of keys, would pass what a footer may have is not made. */
bool segment_run_fits(struct segment *const *children, size_t count);
/* Writes the run of `level` at `number` from its children (sealed segments or runs of the level below, in order, without
 * gaps), durable, and opens it. STATUS_CLOSED when *is_cancelled became true on the way. */
MUST_USE enum status segment_run_write(struct segment *const *children, size_t count, uint64_t number,
                                       unsigned level, const atomic_bool *is_cancelled,
                                       struct segment **ret_run, struct error *error);
/* STATUS_CORRUPT when it cannot be used: remove it, it will be made again. */
MUST_USE enum status segment_run_open(const char *directory, uint64_t number, unsigned level,
                                      const struct log_identity *identity, struct segment **ret_run,
                                      struct error *error);

#endif
