/* The change record: one row's change, as it is logged, folded and fed. MODEL "Change record". */
#ifndef ROW_RECORD_H
#define ROW_RECORD_H

#include "base/buffer.h"
#include "base/error.h"

/* The numbers are on disk: append only. */
enum operation {
    OPERATION_INSERT = 1,
    OPERATION_MODIFY = 2,
    OPERATION_REMOVE = 3,
    OPERATION_TRUNCATE = 4,   /* a new generation; every row of the old one is gone */
    OPERATION_DROP = 5,       /* the table is gone */
    OPERATION_SCHEMA = 6,     /* a new schema version */
    OPERATION_GENERATION = 7, /* a generation built aside takes the place of the old one */
};

enum record_flag {
    RECORD_FIRST = 1,        /* first record of its transaction */
    RECORD_META = 2,         /* stored bytes differ, what a reader sees does not (invariant 6) */
    RECORD_HOUSEKEEPING = 4, /* purges and restored rows: folded, kept, not delivered unless asked for */
    RECORD_HAS_NEW = 8,
    RECORD_HAS_OLD = 16,
    RECORD_FLAGS_ALL = 31,
};

/* Why a change came about. The numbers are on disk: append only. */
enum cause_kind {
    CAUSE_CLIENT = 0,
    CAUSE_FUNCTION = 1,
    CAUSE_TTL = 2,
    CAUSE_RESTORE = 3,
    CAUSE_REPLICATION = 4,
    CAUSE_RANGE_DELETE = 5,
};

struct cause {
    enum cause_kind kind;
    struct bytes function; /* "name:version" when kind is CAUSE_FUNCTION */
    uint64_t lsn;          /* of the record that caused it (function, range delete); 0: none */
};

enum {
    RECORD_SHARD_EVERY = 255, /* a record that every shard of the feed shows */
    RECORD_SHARDS = 16,
    RECORD_HOPS_MAX = 255,
};

/* All bytes are borrowed. LSN, transaction id and commit time are not in here: they follow from the frame. */
struct record {
    enum operation operation;
    uint8_t flags;
    uint8_t shard;
    uint8_t hops; /* functions between the client's write and this one */
    uint32_t table;
    uint32_t generation;
    uint32_t schema_version;
    struct bytes key; /* row/key.h draws it */
    struct bytes new_image;
    struct bytes old_prefix; /* the old image is old_prefix + old_middle + old_suffix */
    struct bytes old_middle;
    struct bytes old_suffix;
    struct bytes actor; /* the principal that did it */
    struct cause cause;
    struct bytes trace; /* W3C trace context, or empty */
};

/* Splits `old_image` against record->new_image (set before) into the three old_ parts. */
void record_set_old_image(struct record *record, struct bytes old_image);
/* The old image in one piece: appended to `buffer` unless it already is one piece. Empty without RECORD_HAS_OLD.
 * Lifetime: of the record's bytes or until `buffer` changes. */
struct bytes record_old_image(const struct record *record, struct buffer *buffer);

/* Appends the record in its stored form:
 *
 *   size varint (of what follows) | version u8 = 1 | operation u8 | flags u8 | shard u8 | table u32 | generation u32 |
 *   schema version u32 | hops u8 | cause u8 | cause LSN varint | cause function sized | key sized |
 *   [has new: image sized] | [has old: common prefix varint, common suffix varint, middle sized] |
 *   actor sized | trace sized
 */
void record_encode(struct buffer *buffer, const struct record *record);
/* Reads the next record; the views point into the reader's bytes. STATUS_CORRUPT; STATUS_END when nothing is left. */
MUST_USE enum status record_decode(struct reader *reader, struct record *ret_record, struct error *error);
/* Steps over the next record; false when malformed. */
bool record_skip(struct reader *reader);

const char *operation_name(enum operation operation); /* "insert" … */
const char *cause_name(enum cause_kind kind);         /* "client" … */

#endif
