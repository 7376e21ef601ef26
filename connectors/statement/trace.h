/* Requests that clients asked to trace, as system_traces tells them. Thread: any. */
#ifndef CQL_TRACE_H
#define CQL_TRACE_H

#include "cql/executor.h"
#include "described.h"

struct traces;

struct traces *statement__traces_create(size_t kept);
void statement__traces_destroy(struct traces **traces); /* accepts a pointer to NULL */
/* Notes a request that is about to be answered; `text` is its statement's. */
void statement__traces_note(struct traces *traces, const struct cql_request *request, struct bytes text);
/* All that are kept, the oldest first; copies in `arena`. */
const struct described_trace *statement__traces_list(struct traces *traces, struct arena *arena,
                                                     size_t *ret_count);

/* The text of a statement as it may be kept: of one that makes or alters a role, nothing behind the word PASSWORD. */
struct bytes statement__text_masked(struct bytes text, struct arena *arena);

#endif
