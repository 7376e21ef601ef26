/* One file of the log, in its two forms: raw (written ahead with zeros, appended to) and sealed (compressed, indexed);
 * and runs, which hold the merged key indexes of consecutive sealed segments (segment/run.h).
 *
 * Raw, NUMBER.raw: a header page (magic "OXSR", version u8, database 16 bytes, group u32, timeline u32, number u64,
 * segment bytes u32, CRC-32C u32; the rest zero), durable before the segment is used, then frames (log/frame.h).
 *
 * Sealed, NUMBER.seg: a header (magic "OXSS", otherwise the same, 64 bytes), data blocks, key index blocks, the footer
 * and a trailer. Every block is: stored bytes u32, raw bytes u32, CRC-32C of the stored bytes u32, zstd data.
 *   data block:  parts: bytes that follow u32, first index u32, count u32, header bytes u32, frame header, records
 *   index block: entries in (key, LSN) order: bytes shared with the previous key varint, rest of the key sized,
 *                LSN minus the segment's first LSN varint
 *   footer:      segment/footer.c draws it
 *   trailer:     footer offset u64, footer bytes u32, CRC-32C of the footer u32, version u32, magic "OXSE"
 *
 * A sealed file is opened for each block that is read, so a log of any number of segments holds no descriptors.
 *
 * All CRCs are seeded from database, group and timeline.
 * Thread: a segment may be read by any thread while its one writer appends; it is shared by reference counts. */
#ifndef SEGMENT_SEGMENT_H
#define SEGMENT_SEGMENT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "log/frame.h"
#include "segment/bounds.h"

struct segment;

/* Facts about a segment; of a raw one they change as it grows. */
struct segment_range {
    uint64_t number;
    uint64_t first_lsn; /* of its first frame; 0: no frame yet */
    uint64_t next_lsn;  /* after its last record */
    uint64_t last_term;
    int64_t first_time_us; /* commit times */
    int64_t last_time_us;
    uint64_t file_bytes; /* on disk */
    uint8_t level;       /* of a run; 0: a segment */
    bool is_sealed;
};

/* Some consecutive records of one frame. Views end with the next call on the cursor. */
struct segment_part {
    struct frame_header header;
    uint64_t first_lsn; /* of the first record here: header.first_lsn + first index */
    uint32_t count;
    struct bytes records;
};

/* Gives the spaces and keys under which a record is found again, by calling segment_key_add. Implemented by the
 * store, which knows schemas; bound at open. */
struct segment_key_sink;
struct segment_keys {
    enum status (*visit)(void *context, const struct record *record, struct segment_key_sink *sink,
                         struct error *error);
    void *context;
};
void segment_key_add(struct segment_key_sink *sink, uint32_t space, struct bytes key);

/* --- life ------------------------------------------------------------------------------------------------------- */

/* Writes NUMBER.raw with its header and zeros, synced with its directory: ready to be used. STATUS_FULL, STATUS_IO. */
MUST_USE enum status segment_prepare(const char *directory, uint64_t number, uint32_t segment_bytes,
                                     const struct log_identity *identity, struct error *error);
/* Opens either form; a sealed one is known by its footer, a raw one has no frames until they are added by
 * segment_recover_frame. STATUS_CORRUPT names file and offset. */
MUST_USE enum status segment_open(const char *directory, uint64_t number, bool is_sealed,
                                  const struct log_identity *identity, struct segment **ret_segment,
                                  struct error *error);
struct segment *segment_share(struct segment *segment);
void segment_release(struct segment **segment); /* accepts a pointer to NULL */
/* Its file is about to be removed: a reader that still holds the segment gets STATUS_TRIMMED, not STATUS_CORRUPT. */
void segment_retire(struct segment *segment);

struct segment_range segment_range(struct segment *segment);
/* False when a sealed segment certainly holds no record of `table` (any shard of `shards`) at or after `from_lsn`. */
bool segment_may_hold(struct segment *segment, uint32_t table, uint16_t shards, uint64_t from_lsn);

/* --- raw: the writer -------------------------------------------------------------------------------------------- */

/* Bytes that still fit. */
uint32_t segment_room(struct segment *segment);
/* Writes frames (whole, padded, `headers[i]` describing each) after the last one, in one call. Not synced. */
MUST_USE enum status segment_append(struct segment *segment, struct bytes frames,
                                    const struct frame_header *headers, size_t count, struct error *error);
/* Makes what was appended durable. Once it has failed it fails. Thread: any. */
MUST_USE enum status segment_sync(struct segment *segment, struct error *error);

/* --- raw: recovery ---------------------------------------------------------------------------------------------- */

/* Reads the frame at `offset` (SEGMENT_HEADER_BYTES for the first). The header's views live until the next call with
 * the same buffer. STATUS_END: no frame starts there; STATUS_CORRUPT: something does, and it is not sound. */
MUST_USE enum status segment_read_frame(struct segment *segment, uint32_t offset, struct buffer *buffer,
                                        struct frame_header *ret_header, struct bytes *ret_payload,
                                        struct error *error);
/* Makes the frame just read part of the segment: it must follow the last one. */
void segment_recover_frame(struct segment *segment, uint32_t offset, const struct frame_header *header);
/* Writes the frames with records at or after `lsn` over themselves, so that the next sync has them to write: what was read may be
 * in the page cache only, and taken for clean, when a sync had failed. */
MUST_USE enum status segment_write_again(struct segment *segment, uint64_t lsn, struct error *error);
/* True when everything from `offset` on is zero. */
MUST_USE enum status segment_is_zero_from(struct segment *segment, uint32_t offset, bool *ret_is_zero,
                                          struct error *error);
/* Forgets the frames from `lsn` on, overwrites them and all that follows with zeros, and syncs. */
MUST_USE enum status segment_cut(struct segment *segment, uint64_t lsn, struct error *error);
uint32_t segment_end_offset(struct segment *segment); /* after the last frame */
uint32_t segment_file_bytes(struct segment *segment); /* of a raw one */

/* --- sealing ---------------------------------------------------------------------------------------------------- */

/* Writes NUMBER.seg beside a raw segment's file, durable, and opens it. The raw file is left for the caller to remove
 * once nobody needs it. */
MUST_USE enum status segment_seal(struct segment *raw, const struct segment_keys *keys,
                                  struct segment **ret_sealed, struct error *error);

/* --- reading ---------------------------------------------------------------------------------------------------- */

struct segment_cursor;

/* A cursor at the first record at or after `lsn`; shares the segment. */
struct segment_cursor *segment_cursor_create(struct segment *segment, uint64_t lsn);
void segment_cursor_destroy(struct segment_cursor **cursor);
/* The next part. STATUS_END when the segment has no more (a raw one may grow: ask again). STATUS_CORRUPT names file
 * and offset. Marks (frames without records) are passed over. */
MUST_USE enum status segment_cursor_next(struct segment_cursor *cursor, struct segment_part *ret_part,
                                         struct error *error);
/* First LSN whose commit time is after `time_us`; the segment's next LSN when there is none. */
MUST_USE enum status segment_lsn_after(struct segment *segment, int64_t time_us, uint64_t *ret_lsn,
                                       struct error *error);

/* Changes of keys, in (key, LSN) order or in reverse. Of a raw segment those recovered or appended so far. */
struct segment_key_cursor;

/* Starts at the first entry whose key is at or after `from`, a key as segment_key_encode makes it, or in reverse at the last one
 * whose key is before it. `keys` finds those of a raw segment's records. */
MUST_USE enum status segment_key_cursor_create(struct segment *segment, const struct segment_keys *keys,
                                               struct bytes from, bool is_reverse,
                                               struct segment_key_cursor **ret_cursor, struct error *error);
void segment_key_cursor_destroy(struct segment_key_cursor **cursor);
/* `ret_key`: space u32, then the key as stored in the index; lives until the next call. STATUS_END at the end. */
MUST_USE enum status segment_key_cursor_next(struct segment_key_cursor *cursor, struct bytes *ret_key,
                                             uint64_t *ret_lsn, struct error *error);
/* Space and key as the index stores them: cut, with a hash at the end, when longer than SEGMENT_KEY_BYTES_MAX. */
void segment_key_encode(uint32_t space, struct bytes key, struct buffer *ret_key);

/* --- verifying -------------------------------------------------------------------------------------------------- */

/* Reads every record, and of a sealed segment makes key index and presences anew and compares. To see what the disk holds of one
 * that was opened long ago, open it again. Of a raw segment what was recovered or appended so far.
 * Errors: STATUS_CORRUPT: the first damage, with file and offset; STATUS_TRIMMED, STATUS_IO. */
MUST_USE enum status segment_check(struct segment *segment, const struct segment_keys *keys,
                                   struct error *error);

#endif
