/* Lines of CSV as items. */
#ifndef DYNAMODB_CSV_ITEMS_H
#define DYNAMODB_CSV_ITEMS_H

#include "base/arena.h"
#include "row/schema.h"
#include "value/value.h"

struct csv_columns {
    struct bytes *names;
    const char **types; /* "S", "N", "B": key attributes have their own, all others are text */
    bool *are_keys;     /* of an index or the table */
    size_t count;
};

/* Columns that a line of headers names, or that a list of texts does. NULL, or what is wrong. In `arena`. */
const char *csv_columns_read(struct bytes line, uint8_t delimiter, const struct schema *schema,
                             struct arena *arena, struct csv_columns *ret_columns);
const char *csv_columns_list(const struct value *list, const struct schema *schema, struct arena *arena,
                             struct csv_columns *ret_columns);
/* The item of a line. Key attributes without a value are left out. NULL, or what is wrong. In `arena`. */
const char *csv_item_read(struct bytes line, uint8_t delimiter, const struct csv_columns *columns,
                          struct arena *arena, struct value *ret_item);

#endif
