/* Prepared statements: kept by their id, the least recently used one going when there are too many. Thread: any. */
#ifndef CQL_PREPARED_H
#define CQL_PREPARED_H

#include "reply.h"

/* A statement that the executor made, and what clients are told of it. Whoever got one holds it until it is released, so
 * that what goes from the cache stays for the requests that use it. */
struct prepared_entry {
    struct cql_prepared told; /* lives as long as `statement` */
    void *statement;          /* the executor's */
    bool
        was_otherwise; /* under the same id clients were told other columns of its rows: their table was altered */
};

struct prepared_cache;

/* `destroy` (may be NULL) is called for a statement when nobody holds its entry any more, on the thread of who held it last. */
struct prepared_cache *cql__prepared_create(size_t entries_max, size_t text_bytes_max,
                                            void (*destroy)(void *statement));
/* Nothing may be held. Accepts a pointer to NULL. */
void cql__prepared_destroy(struct prepared_cache **cache);

/* The entry, held; NULL: it is not there. */
struct prepared_entry *cql__prepared_take(struct prepared_cache *cache, struct bytes id);
/* Adds an entry in place of the one with that id, and returns it held. Takes `statement`. `told` has to have its id; what it
 * points to must live as long as `statement`. */
struct prepared_entry *cql__prepared_put(struct prepared_cache *cache, const struct cql_prepared *told,
                                         size_t text_bytes, void *statement);
/* Gives an entry back and nulls it. Accepts a pointer to NULL. */
void cql__prepared_release(struct prepared_cache *cache, struct prepared_entry **entry);
size_t cql__prepared_count(struct prepared_cache *cache);

#endif
