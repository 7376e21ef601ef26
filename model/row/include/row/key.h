/* A row's key in its two forms. MODEL "Keys".
 *
 * Record key (in records, on the wire): kind u8 | partition sized (Cassandra's serialized bytes) | clustering values,
 * each sized, serialized as their types. It can be read with the schema and never depends on the storage.
 *
 * A range tombstone's record key has, instead of clustering values, its low bound: sized, order-preserving, as in the
 * storage key.
 *
 * Storage key (memcmp order = key order):
 *   space u32 | token u64, sign flipped | partition part | kind u8 | clustering parts, order-preserving
 *   partition part: length u16, bytes; over PARTITION_INLINE_BYTES_MAX bytes: 0xFFFF, first 16 bytes of the SHA-256 */
#ifndef ROW_KEY_H
#define ROW_KEY_H

#include "base/buffer.h"
#include "row/schema.h"

/* The numbers are stored: append only. */
enum row_kind {
    ROW_HEADER = 0,
    ROW_STATIC = 1,
    ROW_RANGE_TOMBSTONE = 2,
    ROW_PLAIN = 3,
};

/* A partition key of no bytes is one of an index only; who writes rows refuses it.
 * `partition` and `clustering` hold as many values as the schema has columns (fewer clustering values: a prefix, which
 * is good for ranges only). STATUS_INVALID names the column whose value has a wrong type or is missing;
 * STATUS_TOO_LARGE. */
MUST_USE enum status key_encode(const struct schema *schema, enum row_kind kind,
                                const struct value *partition, const struct value *clustering,
                                size_t clustering_count, struct buffer *ret_key, struct error *error);
/* The record key of a pseudo-row or row of the partition that `key` is in: `kind` and, of a range tombstone, its low
 * bound. */
void key_encode_pseudo(struct bytes partition, enum row_kind kind, struct bytes low, struct buffer *ret_key);
/* Which kind of row a record key names. */
enum row_kind key_kind(struct bytes key);
/* Whether it names a row of cells, a static one included: no header, no range tombstone. */
bool key_is_row(struct bytes key);
/* The values of a record key; `ret_clustering` has room for the schema's columns. */
MUST_USE enum status key_decode(const struct schema *schema, struct bytes key, struct arena *arena,
                                struct value *ret_partition, struct value *ret_clustering,
                                size_t *ret_clustering_count, struct error *error);

/* Whether keys that are written differently may name the same row, since the order of a clustering column takes values for
 * equal that differ: 1.0 and 1.00 of decimal, NaNs of other bits, a tuple with and without last fields that are null. */
bool key_is_ambiguous(const struct schema *schema);
/* Appends the storage key of a record key. STATUS_CORRUPT or STATUS_INVALID when the record key is malformed. */
MUST_USE enum status key_storage(const struct schema *schema, struct bytes key, struct buffer *ret_storage,
                                 struct error *error);
/* Appends space, token and partition part: where the storage keys of a partition begin. */
void key_storage_partition(uint32_t space, struct bytes partition, struct buffer *ret_storage);
/* Where in a storage key the kind is, and behind it the clustering parts; 0: malformed. */
size_t key_storage_kind_offset(struct bytes storage);
/* The shard of a record key: the top four bits of its token as stored. */
MUST_USE enum status key_shard(struct bytes key, uint8_t *ret_shard, struct error *error);
/* The partition bytes inside a record key; empty when malformed. */
struct bytes key_partition(struct bytes key);

#endif
