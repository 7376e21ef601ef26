/* The rows of a space, walked where the store itself reads them: system tables at a start, or inside a transaction. */
#ifndef CATALOG_ROWS_H
#define CATALOG_ROWS_H

#include "environment/transaction.h"

/* Calls `visit` with the image of each row of the space; a view that ends with the call. Stops at what `visit` gives other than
 * STATUS_OK. `cursor` is open over TREE_ROWS and stays the caller's. */
MUST_USE enum status catalog_rows_visit(struct environment_cursor *cursor, uint32_t space,
                                        enum status (*visit)(void *context, struct bytes image,
                                                             struct error *error),
                                        void *context, struct error *error);

#endif
