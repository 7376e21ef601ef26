/* CSV as items: the first line names the columns. */
#ifndef COMMAND_COLUMNS_H
#define COMMAND_COLUMNS_H

#include "base/arena.h"
#include "base/error.h"
#include "value/value.h"

struct columns {
    struct value *names; /* texts; empty ones are columns that are left out */
    size_t count;
};

/* Copies the names to `arena`. STATUS_INVALID. */
MUST_USE enum status columns_read(struct bytes line, struct arena *arena, struct columns *ret_columns,
                                  struct error *error);
/* The item of a line, in `arena` but for the names: numbers become numbers, everything else text; fields that are empty or not there
 * are left out. STATUS_INVALID. */
MUST_USE enum status columns_item(const struct columns *columns, struct bytes line, struct arena *arena,
                                  struct value *ret_item, struct error *error);

#endif
