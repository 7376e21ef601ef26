/* Entries of secondary indexes. DESIGN §7.
 *
 *   entry key   index space u32 | token u64 | partition part | kind u8 | sort key parts | storage key of the row
 *               without its space
 *   entry value record key of the row
 *
 * so entries are ordered by the index key, equal ones as their rows are. An expiry is an entry of the same form in the
 * order of time:
 *
 *   entry key   seconds since 1970 u64 | storage key of the row */
#ifndef CATALOG_INDEX_H
#define CATALOG_INDEX_H

#include "base/buffer.h"
#include "base/error.h"
#include "row/schema.h"

/* The index's key columns and space as a schema, for the functions of row/key.h. It borrows from `index`. */
struct schema index_as_schema(const struct index_schema *index);

/* The item that indexes see in a stored image: a document, or what a wide row shows before anything of it expires.
 * STATUS_NOT_FOUND: the image shows nothing. STATUS_CORRUPT. */
MUST_USE enum status index_item(const struct schema *schema, struct bytes key, struct bytes image,
                                struct arena *arena, struct value *ret_item, struct error *error);

/* Appends the key of the entry that the row `item` of `table` has in the index. STATUS_NOT_FOUND: it has none, since an
 * attribute is missing. STATUS_INVALID: an attribute has the wrong type, or, of documents, is empty; the text is
 * DynamoDB's. */
MUST_USE enum status index_entry_key(const struct schema *table, const struct index_schema *index,
                                     struct bytes storage_key, const struct value *item,
                                     struct buffer *ret_key, struct error *error);

/* What a door allows beyond the store's own bounds, in bytes. */
struct item_bounds {
    size_t item_bytes_max; /* as document_bytes counts */
    unsigned depth_max;    /* containers inside each other, the item itself among them */
    size_t
        index_partition_key_bytes_max; /* of each attribute of an index's partition key that is text or bytes */
    size_t index_sort_key_bytes_max;   /* … of its sort key */
};

/* Whether the attributes of `item` that are keys of the index keep to the bounds, also where it has no entry since another
 * attribute is missing. STATUS_TOO_LARGE: the text is DynamoDB's. */
MUST_USE enum status index_bounds_check(const struct index_schema *index, const struct value *item,
                                        const struct item_bounds *bounds, struct error *error);

/* The same for indexes of elements too: calls `visit` with the key of each entry, of equal elements more than once; none is
 * no failure. Stops at what `visit` gives other than STATUS_OK. */
MUST_USE enum status index_entry_keys(const struct schema *table, const struct index_schema *index,
                                      struct bytes storage_key, const struct value *item,
                                      enum status (*visit)(void *context, struct bytes entry,
                                                           struct error *error),
                                      void *context, struct error *error);

/* When the item expires, in seconds since 1970; false: never. */
bool index_expiry_of(const struct schema *schema, const struct value *item, int64_t *ret_seconds);
void index_expiry_key(int64_t seconds, struct bytes storage_key, struct buffer *ret_key);

#endif
