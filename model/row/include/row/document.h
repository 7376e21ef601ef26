/* A wide row as a map of attributes, and back: how doors that know documents, functions, filters, feeds and indexes see
 * wide tables. Only what shows is in it (MODEL "Stored state and visible state"). */
#ifndef ROW_DOCUMENT_H
#define ROW_DOCUMENT_H

#include "row/record.h"
#include "row/schema.h"
#include "row/wide_update.h"

/* The moment before everything: cells show however short they live. */
#define DOCUMENT_ALWAYS INT64_MIN

/* What a column shows at `now` (seconds since 1970): VALUE_NULL when nothing. A view into the row, arrays in `arena`.
 * STATUS_CORRUPT: the bytes are none of the column's type. */
MUST_USE enum status document_column(const struct column *column, const struct wide_row *row, int64_t now,
                                     struct arena *arena, struct value *ret_value, struct error *error);

/* The row under a record key as a map: its key columns, and of the others those that show. STATUS_NOT_FOUND: it does not
 * show, or is a pseudo-row. STATUS_CORRUPT. */
MUST_USE enum status document_of_wide(const struct schema *schema, struct bytes key, struct bytes image,
                                      int64_t now, struct arena *arena, struct value *ret_item,
                                      struct error *error);

/* The same of a row that is decoded already; `key` names a row or a static row. */
MUST_USE enum status document_of_row(const struct schema *schema, struct bytes key,
                                     const struct wide_row *row, int64_t now, struct arena *arena,
                                     struct value *ret_item, struct error *error);

/* The key columns of a record key alone, as a map. STATUS_CORRUPT. */
MUST_USE enum status document_of_key(const struct schema *schema, struct bytes key, struct arena *arena,
                                     struct value *ret_item, struct error *error);

/* The update that makes a row which shows as `before` (NULL: it does not) show as `after`, whose values may be plain ones
 * (row/plain.h). `is_static` tells which of the columns belong to the row. STATUS_INVALID: `after` has an attribute that is no column, or of another type. */
MUST_USE enum status document_to_wide(const struct schema *schema, bool is_static, const struct value *before,
                                      const struct value *after, struct arena *arena,
                                      struct wide_update *ret_update, struct error *error);

/* The parts that a value of a column, not frozen, is stored as. `value` passed type_check. */
MUST_USE enum status document_parts(const struct type *type, const struct value *value, struct arena *arena,
                                    struct wide_part **ret_parts, size_t *ret_count, struct error *error);

/* The moments at which the images of a wide row's record are looked at: the old one of an expiry just before the first of
 * what it ends (MODEL). */
MUST_USE enum status document_record_moments(const struct record *record, struct bytes old_image,
                                             int64_t commit_time_us, int64_t *ret_old_now,
                                             int64_t *ret_new_now, struct error *error);

#endif
