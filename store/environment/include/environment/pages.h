/* Whether every page of data.mdb has exactly one use. DESIGN §8. */
#ifndef ENVIRONMENT_PAGES_H
#define ENVIRONMENT_PAGES_H

#include "environment/environment.h"

/* The pages of one state, by what they are used for. Those that are free but kept for an older state are among the free. */
struct environment_pages {
    uint64_t total; /* up to the last one used */
    uint64_t meta;
    uint64_t branch;
    uint64_t leaf;
    uint64_t overflow;
    uint64_t free;
    bool
        is_whole; /* each was looked at by itself; or else only their numbers were compared, as there are too many */
};

/* Accounts for the pages of what is committed now: those of the trees, of LMDB's own lists, and the free ones are all there
 * are, and none is two of these. It holds a snapshot for ENVIRONMENT_PAGES_MS_MAX at most.
 * Thread: any, not inside a write transaction of the caller.
 * Errors: STATUS_CORRUPT, which names a page or how many are lost; *ret_pages then says what was counted. STATUS_BUSY (all
 * readers are in use), STATUS_IO. */
MUST_USE enum status environment_pages_check(struct environment *environment,
                                             struct environment_pages *ret_pages, struct error *error);

#endif
