/* Event source mappings: a table's changes go through a function, batch by batch. DESIGN §10.
 *
 * The writes of an invocation, what it read, and the advance of the cursor are one transaction (invariant 8). A batch that
 * fails is tried again, then cut to single records; a record that still fails is parked in system.parked with the
 * reason, and the cursor goes on. */
#ifndef MAPPING_MAPPING_H
#define MAPPING_MAPPING_H

#include "base/buffer.h"
#include "feed/feed.h"
#include "function/function.h"
#include "mapping/bounds.h"
#include "mapping/settings.h"

struct mapping;

struct mapping_options {
    struct gate *gate;
    struct feed *feed;
    struct pool *pool;
};

/* STATUS_INVALID: a name, bound or filter is wrong. */
MUST_USE enum status mapping_check(const struct mapping_settings *settings, struct error *error);
/* The two changes that make a mapping: its row, and its cursor at `lsn`. */
void mapping_put(const struct mapping_settings *settings, uint64_t lsn, struct arena *arena,
                 struct gate_change ret_changes[2]);
/* A row of system.mappings. Views into `item`. STATUS_CORRUPT. */
MUST_USE enum status mapping_decode(const struct value *item, struct mapping_settings *ret_settings,
                                    struct error *error);

/* The event of the one change at `lsn`, from the log: of a parked batch that was too large to be kept itself (its attribute event is
 * null). STATUS_TRIMMED. Thread: any but a door's. */
MUST_USE enum status mapping_event_read(struct gate *gate, struct feed *feed, uint64_t lsn,
                                        struct buffer *ret_event, struct error *error);

/* Starts the thread. Settings are copied. */
MUST_USE enum status mapping_open(const struct mapping_options *options,
                                  const struct mapping_settings *settings, struct mapping **ret_mapping,
                                  struct error *error);
/* Ends after the invocation at hand. Accepts a pointer to NULL. */
void mapping_close(struct mapping **mapping);
/* Something was committed. Thread: any; does not block. */
void mapping_wake(struct mapping *mapping);

/* Thread: any. */
void mapping_facts_read(struct mapping *mapping, struct mapping_facts *ret_facts);
/* Lifetime: borrowed; it ends with the mapping. Thread: any. */
const struct mapping_settings *mapping_settings_of(const struct mapping *mapping);

#endif
