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
    SEGMENT_MAGIC_END = 0x4F585345,    /* "OXSE" */
    SEGMENT_VERSION = 1,
    SEGMENT_HEADER_USED = 64,
    SEGMENT_TRAILER_BYTES = 24,
    SEGMENT_BLOCK_HEADER_BYTES = 12,
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

/* A key of a record. `key` is space and key as stored. */
struct segment_key_entry {
    struct bytes key;
    uint64_t lsn;
};

/* Keys of the records seen so far; sorted when asked for. */
struct segment_key_sink {
    struct arena arena;
    struct segment_key_entry *entries;
    size_t count;
    size_t capacity;
    size_t sorted;     /* entries before this one are in order */
    uint64_t lsn;      /* of the record being visited */
    struct buffer key; /* being built */
};

struct segment {
    atomic_int references;
    struct file file;
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

    pthread_mutex_t head_mutex;   /* guards the next two; taken before `mutex` */
    struct segment_key_sink head; /* raw: keys of the records before head_lsn */
    uint64_t head_lsn;            /* 0: none looked at yet */

    struct arena arena; /* sealed: what the tables below point to */
    struct segment_block *blocks;
    size_t blocks_count;
    uint64_t blocks_end; /* offset after the last data block */
    struct segment_index_block *index_blocks;
    size_t index_blocks_count;
    uint64_t index_end;
    struct segment_presence *presences;
    size_t presences_count;
};

char *segment__path(const char *directory, uint64_t number, const char *suffix);
void segment__header_encode(const struct log_identity *identity, uint32_t magic, uint64_t number,
                            uint32_t bytes, uint32_t seed, uint8_t ret_header[SEGMENT_HEADER_USED]);
struct segment *segment__create(const char *directory, uint64_t number, const struct log_identity *identity,
                                bool is_sealed);

/* Footer: what is known of a sealed segment at open. */
void segment__footer_encode(const struct segment *segment, struct buffer *buffer);
MUST_USE enum status segment__footer_read(struct segment *segment, struct error *error);

/* Blocks. `offset` is where the block begins; the raw bytes replace what is in `ret_raw`. */
MUST_USE enum status segment__block_write(struct file *file, uint64_t offset, struct bytes raw, uint32_t seed,
                                          uint64_t *ret_end, struct error *error);
MUST_USE enum status segment__block_read(struct segment *segment, uint64_t offset, uint64_t end,
                                         struct buffer *stored, struct buffer *ret_raw, uint64_t *ret_end,
                                         struct error *error);

/* Keys. */
void segment__keys_reset(struct segment_key_sink *sink);
void segment__keys_sort(struct segment_key_sink *sink);
MUST_USE enum status segment__keys_visit_part(struct segment_key_sink *sink, const struct segment_keys *keys,
                                              const struct segment_part *part, struct error *error);
int segment__key_entry_compare(const struct segment_key_entry *a, const struct segment_key_entry *b);

#endif
