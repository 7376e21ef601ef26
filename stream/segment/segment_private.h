/* The inside of a segment, for this folder's files. */
#ifndef SEGMENT_PRIVATE_H
#define SEGMENT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "segment/segment.h"

enum {
    SEGMENT_MAGIC_RAW = 0x4F585352,    /* "OXSR" */
    SEGMENT_MAGIC_SEALED = 0x4F585353, /* "OXSS" */
    SEGMENT_MAGIC_RUN = 0x4F58534B,    /* "OXSK" */
    SEGMENT_MAGIC_END = 0x4F585345,    /* "OXSE" */
    SEGMENT_VERSION = 1,
    SEGMENT_HEADER_USED = 64,
    SEGMENT_TRAILER_BYTES = 24,
    SEGMENT_BLOCK_HEADER_BYTES = 12,
    SEGMENT_HEAD_CHUNKS_MAX = 48, /* each is at least half as large again as all after it */
};

/* One frame of a raw segment. */
struct segment_frame {
    uint64_t first_lsn;
    int64_t commit_time_us;
    uint32_t offset;
    uint32_t bytes;
    uint32_t records;
};

/* One data block of a sealed segment. */
struct segment_block {
    uint64_t offset;
    uint64_t first_lsn;
    int64_t first_time_us;
};

struct segment_index_block {
    uint64_t offset;
    struct bytes first_key; /* in the segment's arena */
};

/* Where a table's records of one shard (or of every shard) lie. */
struct segment_presence {
    uint32_t table;
    uint8_t shard;
    uint64_t first_lsn;
    uint64_t last_lsn;
    uint64_t count;
};

/* Sorted by table, then shard; owns the list. */
struct segment_presences {
    struct segment_presence *list;
    size_t count;
    size_t capacity;
};

/* A key of a record. `key` is space and key as stored. */
struct segment_key_entry {
    struct bytes key;
    uint64_t lsn;
};

/* Keys of the records visited so far. */
struct segment_key_sink {
    struct arena arena;
    struct segment_key_entry *entries;
    size_t count;
    size_t capacity;
    uint64_t lsn;      /* of the record being visited */
    struct buffer key; /* being built */
};

/* Sorted entries of a raw segment, never changed; shared by reference counts. */
struct segment_key_chunk {
    atomic_int references;
    size_t count;
    struct segment_key_entry entries[];
};

/* The key index of a raw segment: chunks of falling size, so that what comes in costs little to add. */
struct segment_head {
    struct segment_key_sink sink; /* its arena holds the keys of all chunks */
    struct segment_key_chunk *chunks[SEGMENT_HEAD_CHUNKS_MAX];
    size_t count;
    uint64_t next_lsn; /* the first that was not looked at; 0: none yet */
};

/* Writes index blocks to a file; segment__index_writer_reset frees. */
struct segment_index_writer {
    struct file *file;
    uint64_t offset; /* where the next block begins */
    uint32_t seed;
    uint64_t first_lsn; /* entries' LSNs are stored less this */
    struct buffer block;
    struct buffer previous; /* key of the last entry */
    struct arena arena;     /* first keys */
    struct segment_index_block *blocks;
    size_t count;
    size_t capacity;
};

struct segment {
    atomic_int references;
    struct file file; /* raw; of a sealed one only the path stays */
    atomic_bool is_retired;
    pthread_mutex_t sync_mutex; /* guards the next: one sync at a time */
    bool has_failed_sync;
    char *directory;
    struct log_identity identity;
    uint32_t seed;
    uint32_t bytes; /* of a raw segment's file */

    pthread_mutex_t mutex; /* guards what follows; of a sealed segment nothing changes */
    struct segment_range range;
    struct segment_frame *frames; /* raw */
    size_t frames_count;
    size_t frames_capacity;
    uint32_t end_offset;

    pthread_mutex_t head_mutex; /* guards the next; taken before `mutex` */
    struct segment_head head;   /* raw */

    struct arena arena; /* sealed: what the tables below point to */
    struct segment_block *blocks;
    size_t blocks_count;
    uint64_t blocks_end; /* offset after the last data block */
    struct segment_index_block *index_blocks;
    size_t index_blocks_count;
    uint64_t index_end;
    struct segment_presences presences;
};

char *segment__path(const char *directory, uint64_t number, const char *suffix);
void segment__header_encode(const struct log_identity *identity, uint32_t magic, uint64_t number,
                            uint32_t bytes, uint32_t seed, uint8_t ret_header[SEGMENT_HEADER_USED]);
struct segment *segment__create(const char *directory, uint64_t number, const struct log_identity *identity,
                                bool is_sealed);
/* Opens the file of a segment just created and reads what is known of it; releases it on failure. */
MUST_USE enum status segment__open(struct segment *segment, const char *suffix, struct segment **ret_segment,
                                   struct error *error);

/* Footer: what is known of a sealed segment at open. */
MUST_USE enum status segment__footer_read(struct segment *segment, struct error *error);
/* Writes footer and trailer at `offset`, the file's end. */
MUST_USE enum status segment__footer_write(const struct segment *segment, const struct file *file,
                                           uint64_t offset, struct error *error);

/* Blocks. `offset` is where the block begins; the raw bytes replace what is in `ret_raw`. */
MUST_USE enum status segment__block_write(struct file *file, uint64_t offset, struct bytes raw, uint32_t seed,
                                          uint64_t *ret_end, struct error *error);
MUST_USE enum status segment__block_read(struct segment *segment, uint64_t offset, uint64_t end,
                                         struct buffer *stored, struct buffer *ret_raw, uint64_t *ret_end,
                                         struct error *error);

/* Presences. */
void segment__presences_note(struct segment_presences *presences, const struct segment_presence *more);
/* What the records of a part say. */
MUST_USE enum status segment__presences_note_part(struct segment_presences *presences,
                                                  const struct segment_part *part, struct error *error);
void segment__presences_sort(struct segment_presences *presences);
bool segment__presences_hold(const struct segment_presences *presences, uint32_t table, uint16_t shards,
                             uint64_t from_lsn);
void segment__presences_reset(struct segment_presences *presences);

/* Keys. */
void segment__keys_reset(struct segment_key_sink *sink);
void segment__keys_sort(struct segment_key_sink *sink);
MUST_USE enum status segment__keys_visit_part(struct segment_key_sink *sink, const struct segment_keys *keys,
                                              const struct segment_part *part, struct error *error);
int segment__key_entry_compare(const struct segment_key_entry *a, const struct segment_key_entry *b);
/* First entry at or after `from`. */
size_t segment__key_entries_seek(const struct segment_key_entry *entries, size_t count, struct bytes from);

/* The head: shares its chunks, brought up to date, with the caller, who releases them. */
MUST_USE enum status segment__head_chunks(struct segment *segment, const struct segment_keys *keys,
                                          struct segment_key_chunk **ret_chunks, size_t *ret_count,
                                          struct error *error);
void segment__key_chunk_release(struct segment_key_chunk *chunk);
void segment__head_reset(struct segment_head *head);

/* The index: entries must come in order. finish writes the last block. */
MUST_USE enum status segment__index_add(struct segment_index_writer *writer, struct bytes key, uint64_t lsn,
                                        struct error *error);
MUST_USE enum status segment__index_finish(struct segment_index_writer *writer, struct error *error);
void segment__index_writer_reset(struct segment_index_writer *writer);

#endif
