/* Tables of documents, which other doors make, as CQL reads them: dynamodb."Name". Their columns are the key's attributes and
 * `item`, the whole item as JSON (codec/json.h). Nothing is changed through CQL. DESIGN §12. */
#ifndef CQL_DOCUMENTS_H
#define CQL_DOCUMENTS_H

#include "exec.h"
#include "row/schema.h"

/* Whether a keyspace is the one that these tables are in. */
bool statement__documents_are_in(struct bytes keyspace);
struct bytes statement__documents_keyspace(void);
/* Whether CQL shows a table of the catalog there: it is of documents, and neither the server's nor a backup. */
bool statement__document_is_shown(const struct schema *schema);
/* The table of that name as the catalog has it; NULL: there is none. */
const struct schema *statement__document_find(struct exec_call *call, struct bytes name);

/* A table as CQL sees it: numbers of its key are decimals, and it has one column more. In `arena`, borrows from `stored`. */
struct schema *statement__document_schema(const struct schema *stored, struct arena *arena);
/* An item, as stored, as the text of its column; in `arena`. STATUS_CORRUPT. */
MUST_USE enum status statement__document_text(struct bytes image, struct arena *arena, struct value *ret_text,
                                              struct error *error);

#endif
