/* Requests that clients asked to trace, as system_traces tells them. Thread: the door's. */
#ifndef CQL_TRACE_H
#define CQL_TRACE_H

#include "described.h"
#include "executor.h"

struct traces;

struct traces *cql__traces_create(size_t kept);
void cql__traces_destroy(struct traces **traces); /* accepts a pointer to NULL */
/* Notes a request that is about to be answered; `text` is its statement's. */
void cql__traces_note(struct traces *traces, const struct cql_request *request, struct bytes text);
/* All that are kept, the oldest first; borrowed until the next is noted. */
const struct described_trace *cql__traces_list(struct traces *traces, size_t *ret_count);

/* The text of a statement as it may be kept: of one that makes or alters a role, nothing behind the word PASSWORD. */
struct bytes cql__text_masked(struct bytes text, struct arena *arena);

#endif
