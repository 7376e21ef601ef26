/* The frame: the unit appended to the log. DESIGN §6, MODEL "Change record".
 *
 * A frame holds one or more whole transactions, or one piece of a chained transaction, which is effective only when
 * its last piece is durable. It may hold no records (a mark). It starts at a multiple of FRAME_ALIGNMENT and is
 * padded with zeros to the next one:
 *
 *   offset size
 *        0    4  magic "OXF1"
 *        4    1  version = 1
 *        5    1  flags: FRAME_CHAIN_…
 *        6    2  shard table: bit s is set when a record of shard s (or of every shard) is inside
 *        8    4  header bytes: all before the payload
 *       12    4  payload bytes
 *       16    8  term
 *       24    8  first LSN (of the first record; the next LSN when there is none)
 *       32    8  synced LSN: everything up to it was durable when this frame was built
 *       40    8  commit time, microseconds since 1970
 *       48    4  records
 *       52    4  CRC-32C of the payload
 *       56    4  CRC-32C of the header with this field zero
 *       60    2  number of table ids
 *       62    2  number of idempotency entries
 *       64    …  table ids u32, then the entries: record index u32, request hash 16 bytes,
 *                principal sized, token sized, outcome sized
 *
 * Both CRCs are seeded from database, group and timeline, so a frame of another log is never taken. */
#ifndef LOG_FRAME_H
#define LOG_FRAME_H

#include "base/buffer.h"
#include "base/error.h"
#include "log/bounds.h"
#include "row/record.h"

enum frame_flag {
    FRAME_CHAIN_FIRST = 1,  /* first piece of a chained transaction */
    FRAME_CHAIN_MIDDLE = 2, /* a piece that is neither first nor last */
    FRAME_CHAIN_LAST = 4,
    FRAME_CHAIN_ANY = 7,
};

enum {
    FRAME_FIXED_BYTES = 64,
    FRAME_HASH_BYTES = 16,
};

/* Whose log it is. */
struct log_identity {
    uint8_t database[16];
    uint32_t group;
    uint32_t timeline;
};

/* What CRCs of this log's frames and blocks start from. */
uint32_t log_identity_seed(const struct log_identity *identity);

/* An idempotency token that was used, MODEL "Change record". */
struct frame_token {
    uint32_t
        record_index; /* of the transaction's first record in this frame; where it would be, when it wrote none */
    uint8_t hash[FRAME_HASH_BYTES];
    struct bytes principal;
    struct bytes token;
    struct bytes outcome;
};

struct frame_header {
    uint8_t flags;
    uint16_t shards;
    uint32_t header_bytes;
    uint32_t payload_bytes;
    uint64_t term;
    uint64_t first_lsn;
    uint64_t synced_lsn;
    int64_t commit_time_us;
    uint32_t records;
    uint32_t payload_crc;
    struct bytes tables; /* u32 each */
    struct bytes tokens; /* encoded entries; frame_token_next reads them */
};

/* Header and payload, padded. */
size_t frame_bytes(const struct frame_header *header);

/* True when the frame ends at a transaction's end: not a first or middle piece. */
bool frame_is_complete(const struct frame_header *header);
bool frame_has_table(const struct frame_header *header, uint32_t table);

/* Reads the header at the start of `bytes`, which may hold less than the payload.
 * STATUS_END: no magic there. STATUS_CORRUPT: damaged, or of another log. STATUS_NEWER. */
MUST_USE enum status frame_header_decode(struct bytes bytes, uint32_t seed, struct frame_header *ret_header,
                                         struct error *error);
/* Checks `payload` against the header. STATUS_CORRUPT. */
MUST_USE enum status frame_payload_check(const struct frame_header *header, struct bytes payload,
                                         uint32_t seed, struct error *error);
/* The next idempotency entry; false at the end. `reader` starts as reader_of(header.tokens). */
bool frame_token_next(struct reader *reader, struct frame_token *ret_token);

/* Collects records and builds one frame. {0} is ready; used again after frame_builder_clear. */
struct frame_builder {
    struct buffer payload;
    struct buffer tables;
    struct buffer tokens;
    uint32_t records;
    uint32_t tokens_count;
    uint16_t shards;
    size_t
        bytes_aim; /* there is no room beyond it, but for a first record; 0: FRAME_BYTES_AIM. Cleared by nobody */
};

void frame_builder_clear(struct frame_builder *builder);
void frame_builder_reset(struct frame_builder *builder); /* frees */
void frame_builder_add(struct frame_builder *builder, const struct record *record);
/* Adds an already encoded record (with its size). */
void frame_builder_add_encoded(struct frame_builder *builder, const struct record *record,
                               struct bytes encoded);
void frame_builder_add_token(struct frame_builder *builder, const struct frame_token *token);
size_t frame_builder_aim(const struct frame_builder *builder);
bool frame_builder_has_room(const struct frame_builder *builder, size_t record_bytes);
/* Appends the whole frame, padded. `header` gives flags, term, first and synced LSN and commit time. */
void frame_builder_finish(const struct frame_builder *builder, const struct frame_header *header,
                          uint32_t seed, struct buffer *ret_frame);

#endif
