/* A table's schema version: what a record or a stored row of that version means. MODEL "Keys", DESIGN §7. */
#ifndef ROW_SCHEMA_H
#define ROW_SCHEMA_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "row/bounds.h"
#include "value/type.h"

/* The numbers are stored: append only. */
enum table_kind {
    TABLE_DOCUMENT = 1, /* rows are maps of attributes; only the key attributes are declared */
    TABLE_WIDE = 2,     /* CQL: rows have declared columns, and a history in each cell (row/wide.h) */
};

/* When a change counts as written (invariant 1). The numbers are stored: append only. */
enum durability {
    DURABILITY_SYNC = 1, /* fdatasync before the answer */
    DURABILITY_PERIODIC =
        2, /* answered before; synced every durability_ms, or only by checkpoints when that is 0 */
};

struct key_column {
    struct bytes name;
    struct type type;
    bool is_descending; /* clustering columns only */
};

/* A column of a wide table that is not part of its key. */
struct column {
    uint32_t id;    /* names its cells: no other column's, or that of a dropped column that was added again */
    bool is_static; /* one value for the whole partition */
    bool was_dropped;   /* and added again: cells with timestamps up to … */
    int64_t dropped_us; /* … this one stay unseen */
    struct bytes name;
    struct type type;
};

/* The numbers are stored: append only. */
enum index_state {
    INDEX_CREATING = 1, /* every write maintains it, entries of older rows are still being made */
    INDEX_ACTIVE = 2,   /* it has an entry for every row that has its key */
};

/* What an index has of the column that its partition key is made of. The numbers are stored: append only. */
enum index_target {
    INDEX_OF_VALUE = 0,    /* the column's value: one entry for a row */
    INDEX_OF_ELEMENTS = 1, /* the elements of a list or set, or the values of a map: an entry for each */
    INDEX_OF_KEYS = 2,     /* the keys of a map */
    INDEX_OF_ENTRIES = 3,  /* the pairs of a map, as tuples */
};

/* A secondary index: entries in the order of other attributes, kept in the same transaction as the rows. DESIGN §7. */
struct index_schema {
    uint32_t space; /* first part of its entries' keys; never reused */
    enum index_state state;
    enum index_target
        target; /* other than INDEX_OF_VALUE: `partition` is one column, of the elements' type */
    struct bytes name;
    size_t partition_count;
    struct key_column *partition;
    size_t clustering_count;
    struct key_column *clustering;
    struct bytes properties; /* what the door that made it wants to remember, as msgpack; may be empty */
};

struct schema {
    uint32_t table;      /* id; never reused */
    uint32_t generation; /* begins anew with each truncate */
    uint32_t version;    /* of the schema, counted from 1 */
    uint32_t space;      /* first part of its storage keys; one per generation, never reused */
    enum table_kind kind;
    enum durability durability;
    uint32_t durability_ms;
    struct bytes name;
    size_t partition_count;
    struct key_column *partition;
    size_t clustering_count;
    struct key_column *clustering;
    size_t columns_count; /* of a wide table */
    struct column *columns;
    bool has_returned;            /* some column was dropped and added again */
    uint32_t next_column;         /* id of the next column that is added */
    uint32_t gc_grace_seconds;    /* how long a wide table's tombstones are kept against late writes */
    uint32_t default_ttl_seconds; /* of what is written to a wide table without a TTL of its own; 0: none */
    size_t indexes_count;
    struct index_schema *indexes;
    struct bytes ttl_attribute; /* number of seconds since 1970 after which an item goes; empty: none does */
    struct bytes properties;    /* what doors want to remember, as msgpack; may be empty */
};

/* Whether the names and key columns make a table: lengths, characters, types that may be keys. STATUS_INVALID says
 * which is wrong. */
MUST_USE enum status schema_check(const struct schema *schema, struct error *error);
/* The index of that name; NULL: none. */
const struct index_schema *schema_index(const struct schema *schema, struct bytes name);
/* Columns of the whole key, the partition key's first. */
size_t schema_key_count(const struct schema *schema);
const struct key_column *schema_key_column(const struct schema *schema, size_t i);
bool schema_is_key(const struct schema *schema, struct bytes name);
/* The i-th of an index's key parts. */
const struct key_column *index_key_column(const struct index_schema *index, size_t i);
/* The column of that name, not of the key; NULL: none. */
const struct column *schema_column(const struct schema *schema, struct bytes name);
/* The type of the column of that name, of the key or not; NULL: there is none. */
const struct type *schema_type(const struct schema *schema, struct bytes name);
/* The column whose cells have that id; NULL: it was dropped. */
const struct column *schema_column_of_id(const struct schema *schema, uint32_t id);
/* A copy that shares nothing with `schema`. */
struct schema *schema_copy(const struct schema *schema, struct arena *arena);
void schema_encode(const struct schema *schema, struct buffer *buffer);
/* The tree lives in `arena`; names are copied there. STATUS_CORRUPT, STATUS_NEWER. */
MUST_USE enum status schema_decode(struct bytes bytes, struct arena *arena, struct schema *ret_schema,
                                   struct error *error);

#endif
