/* The change log of a group, whoever provides it: local files (stream/local), later a replicated log. DESIGN §6, §13.
 *
 * One thread, the group's writer, appends; any thread reads. Life of a position: appended → synced → trimmed. */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "log/frame.h"

struct log;
struct log_reader;
struct log_keys;
struct log_keys_range;

/* Where the log stands. */
struct log_tip {
    uint64_t first_lsn;     /* the horizon: oldest LSN still there; next_lsn when empty */
    uint64_t next_lsn;      /* after the last record of the last complete transaction */
    uint64_t synced_lsn;    /* durable up to here */
    uint64_t term;          /* of the last frame; 0: none yet */
    int64_t commit_time_us; /* of the last frame; 0: none yet */
    uint64_t bytes;         /* on disk */
    uint64_t segments;
    uint64_t spares;           /* segments made ahead of use */
    uint32_t record_bytes_max; /* the largest key and images of one record that fit */
};

/* Consecutive records of one frame. Views end with the next call on the reader. */
struct log_part {
    uint64_t first_lsn;
    uint32_t count;
    uint64_t term;
    int64_t commit_time_us;
    struct bytes records; /* `count` encoded records, and perhaps more that must not be looked at */
    bool is_complete;     /* its last record ends a transaction, as far as this frame tells */
    struct bytes tokens;  /* idempotency entries of the whole frame; only with the frame's first part */
};

/* Names only the records that matter, so that what surely holds none is skipped. {0}: everything. */
struct log_filter {
    bool is_set;
    uint32_t table;
    uint16_t shards;
};

/* What a provider implements; the functions below call it and say what each must do. */
struct log_operations {
    void (*close)(struct log *log);
    struct log_tip (*tip)(struct log *log);
    enum status (*append)(struct log *log, struct bytes frames, const struct frame_header *headers,
                          size_t count, bool is_synced, bool may_use_reserve, struct error *error);
    enum status (*sync)(struct log *log, uint64_t lsn, struct error *error);
    void (*trim_allow)(struct log *log, uint64_t lsn);
    enum status (*lsn_at)(struct log *log, int64_t time_us, uint64_t *ret_lsn, struct error *error);
    enum status (*reader_create)(struct log *log, uint64_t lsn, struct log_filter filter,
                                 struct log_reader **ret_reader, struct error *error);
    enum status (*reader_next)(struct log_reader *reader, uint64_t until_lsn, struct log_part *ret_part,
                               struct error *error);
    uint64_t (*reader_lsn)(const struct log_reader *reader);
    void (*reader_destroy)(struct log_reader *reader);
    struct log_keys *(*keys_create)(struct log *log, const struct log_keys_range *range);
    enum status (*keys_next)(struct log_keys *keys, struct bytes *ret_key, uint64_t *ret_lsn,
                             struct error *error);
    void (*keys_destroy)(struct log_keys *keys);
    enum status (*check)(struct log *log, struct buffer *position, struct error *error);
};

/* First member of every provider's struct. */
struct log {
    const struct log_operations *operations;
    struct log_identity identity;
    uint32_t seed; /* log_identity_seed(&identity) */
};

void log_close(struct log **log);        /* accepts a pointer to NULL */
struct log_tip log_tip(struct log *log); /* any thread */

/* Appends frames (`frames` holds them one after the other, `headers` describes each) and, when `is_synced`, makes them
 * and all before durable. STATUS_FULL: nothing was written, the batch can be given up. Any other failure: the log's
 * end is unknown, the process must stop (invariant 9).
 * `may_use_reserve`: the batch only deletes, and may use the space kept back for that.
 * Thread: the writer. */
MUST_USE enum status log_append(struct log *log, struct bytes frames, const struct frame_header *headers,
                                size_t count, bool is_synced, bool may_use_reserve, struct error *error);
/* Makes everything up to `lsn` durable. A failure is fatal, as above. Thread: any. */
MUST_USE enum status log_sync(struct log *log, uint64_t lsn, struct error *error);
/* Records up to `lsn` are no longer needed by the store; retention may remove them when they are old enough. */
void log_trim_allow(struct log *log, uint64_t lsn);

/* The last LSN committed at or before `time_us` (invariant 3). STATUS_TRIMMED when that lies before the horizon. */
MUST_USE enum status log_lsn_at(struct log *log, int64_t time_us, uint64_t *ret_lsn, struct error *error);

/* Reads from `lsn` on. STATUS_TRIMMED when `lsn` is before the horizon or more than one after the tip. */
MUST_USE enum status log_reader_create(struct log *log, uint64_t lsn, struct log_filter filter,
                                       struct log_reader **ret_reader, struct error *error);
/* The next part with records up to `until_lsn`. STATUS_END: nothing now, later perhaps; log_reader_lsn has moved over
 * what the filter skipped. STATUS_TRIMMED, STATUS_CORRUPT (names file and offset). */
MUST_USE enum status log_reader_next(struct log_reader *reader, uint64_t until_lsn, struct log_part *ret_part,
                                     struct error *error);
uint64_t log_reader_lsn(const struct log_reader *reader); /* the next LSN to be read */
void log_reader_destroy(struct log_reader **reader);

/* Which changes of keys are wanted: those with after_lsn < LSN <= until_lsn. */
struct log_keys_range {
    uint32_t space;
    struct bytes
        from; /* keys at or after it; in reverse keys before it, and all that begin like it when it is long */
    uint64_t after_lsn;
    uint64_t until_lsn;
    bool is_reverse;
};

/* All of them in (key, LSN) order, or in reverse the other way round. Keys come as the index stores them: space u32, then the
 * key, cut and hashed when long. */
struct log_keys *log_keys_create(struct log *log, const struct log_keys_range *range);
MUST_USE enum status log_keys_next(struct log_keys *keys, struct bytes *ret_key, uint64_t *ret_lsn,
                                   struct error *error);
void log_keys_destroy(struct log_keys **keys);

/* Verifies the next piece of what is on the disk, against its checksums and, where one was made from another, against that.
 * `position` says where: empty at first, then what the call before left; opaque. It moves also when the piece is damaged.
 * Thread: any. It may take a second.
 * Errors: STATUS_END (there is no more), STATUS_CORRUPT (the first damage of that piece, with its file and offset),
 * STATUS_INVALID (no such position), STATUS_IO; with the last two `position` stays. */
MUST_USE enum status log_check(struct log *log, struct buffer *position, struct error *error);

/* The one record at `lsn`. `ret_record`'s views point into `buffer`, which is replaced. */
MUST_USE enum status log_record_at(struct log *log, uint64_t lsn, struct buffer *buffer,
                                   struct record *ret_record, int64_t *ret_commit_time_us,
                                   struct error *error);

#endif
