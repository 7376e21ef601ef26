/* A memtable: changes that are committed and not yet in LMDB's trees, in memory, ordered and with their versions.
 *
 * A version is the number of a write transaction. An entry has the value that each version gave it, newest first, so that a
 * snapshot of an older one still finds its own. Nothing is removed but the whole table.
 *
 * Threads: one at a time changes it; any number read meanwhile, without a lock. What is read of a version that the reader was told
 * of (by whatever orders the two) is complete. */
#ifndef ENVIRONMENT_MEMTABLE_H
#define ENVIRONMENT_MEMTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "environment/transaction.h"

struct memtable;
struct memtable_entry;

/* What a version gave to an entry. */
struct memtable_record {
    uint64_t version;
    const struct memtable_record *older;
    struct bytes value; /* of the memtable; of an erased one empty */
    bool is_erased;
};

/* With one user. */
struct memtable *memtable_create(void);
/* One user more. The caller makes sure that the last one does not go meanwhile. */
void memtable_hold(struct memtable *memtable);
/* One user less; the last one frees it. Nulls *memtable, which may be NULL. Thread: any. */
void memtable_release(struct memtable **memtable);

/* Key and value are copied. The newest version of a key is replaced when it is this one; an older version may not follow a newer. */
void memtable_put(struct memtable *memtable, enum environment_tree tree, struct bytes key, uint64_t version,
                  struct bytes value);
void memtable_erase(struct memtable *memtable, enum environment_tree tree, struct bytes key,
                    uint64_t version);
/* Takes back what the newest version changed, if that is `version`. Readers of older ones see no difference. */
void memtable_take_back(struct memtable *memtable, uint64_t version);

uint64_t memtable_entries(const struct memtable *memtable);
uint64_t memtable_bytes(const struct memtable *memtable); /* of memory, about */
uint64_t
memtable_value_bytes(const struct memtable *memtable); /* of values, those that were replaced among them */

/* What a key has at `version`: NULL when nothing up to it changed the key. */
const struct memtable_record *memtable_get(const struct memtable *memtable, enum environment_tree tree,
                                           struct bytes key, uint64_t version);

/* Walks the entries of a tree that something up to `version` changed, erased ones among them. Like the table's reader in all else; it
 * may be copied, and needs no end. `entry` NULL: it stands nowhere. */
struct memtable_cursor {
    const struct memtable *memtable;
    enum environment_tree tree;
    uint64_t version;
    const struct memtable_entry *entry;
    const struct memtable_record *record;
};

void memtable_cursor_seek_at_or_after(struct memtable_cursor *cursor, struct bytes key);
void memtable_cursor_seek_before(struct memtable_cursor *cursor, struct bytes key); /* the greatest < key */
void memtable_cursor_last(struct memtable_cursor *cursor);
void memtable_cursor_next(struct memtable_cursor *cursor); /* from an entry */
void memtable_cursor_previous(struct memtable_cursor *cursor);
struct bytes memtable_cursor_key(const struct memtable_cursor *cursor);

#endif
