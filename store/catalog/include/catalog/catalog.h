/* What tables there are. The catalog is itself rows of the system table `system.tables`, one per table and schema
 * version, so that a change of it is logged and recovered like any row; this is its form in memory. DESIGN §1, §7.
 *
 * A schema that was handed out stays valid until the catalog is destroyed: schema versions are never reused, and old
 * ones are needed to decode old records. Thread: any. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "base/buffer.h"
#include "base/error.h"
#include "catalog/bounds.h"
#include "row/schema.h"

/* Ids of system tables: fixed for ever. */
enum {
    CATALOG_TABLES = 1,   /* system.tables: (table, version) → name, state, schema */
    CATALOG_TERMS = 2,    /* system.terms: term → first LSN */
    CATALOG_REQUESTS = 3, /* system.requests: (principal, token) → what the request came to */
    CATALOG_JOBS = 4,     /* system.jobs: id → background work and how far it is */
    CATALOG_DELETIONS =
        24, /* system.deletions: (LSN, number) → deletion whose rows have yet to leave: deletion.h */
};

struct catalog;

struct catalog *catalog_create(void);
/* Adds a system table of another floor: id, name, key columns and TTL attribute are set, and live for ever. Before the
 * store opens. */
void catalog_register_system(struct catalog *catalog, const struct schema *schema);
void catalog_destroy(struct catalog **catalog); /* accepts a pointer to NULL */

/* The current schema of a table, or NULL. */
const struct schema *catalog_find(struct catalog *catalog, struct bytes name);
const struct schema *catalog_find_table(struct catalog *catalog, uint32_t table);
/* The schema that a record of that version was written with, also of tables that are gone; NULL when never seen. */
const struct schema *catalog_find_version(struct catalog *catalog, uint32_t table, uint32_t version);
/* Calls `visit` with every table that exists, by name; system tables only when `with_system`. */
void catalog_list(struct catalog *catalog, bool with_system,
                  void (*visit)(void *context, const struct schema *schema), void *context);

/* --- changing it ------------------------------------------------------------------------------------------------ */

/* Takes the name for a table about to be created, and gives it an id: schema->table, ->space, ->generation and
 * ->version are set. Until catalog_release_name, nobody else can take the name.
 * STATUS_EXISTS, STATUS_TOO_LARGE, STATUS_INVALID. */
MUST_USE enum status catalog_reserve_name(struct catalog *catalog, struct schema *schema,
                                          struct error *error);
void catalog_release_name(struct catalog *catalog, struct bytes name);
/* An id for the space of an index or of a new generation; never given twice. */
uint32_t catalog_next_space(struct catalog *catalog);

/* The row of system.tables for a schema: its record key and image, appended to the buffers. */
void catalog_row_encode(const struct schema *schema, bool is_dropped, struct buffer *ret_key,
                        struct buffer *ret_image);
/* Takes in a row of system.tables as stored: after a commit, in replay, at open. STATUS_CORRUPT, STATUS_NEWER. */
MUST_USE enum status catalog_apply(struct catalog *catalog, struct bytes image, struct error *error);

#endif
