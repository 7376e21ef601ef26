/* A log in files for tests, with a clock that they set. Records are "row NNNN" of one table, NNNN their LSN modulo
 * BENCH_KEYS, so that what must be read follows from the LSN. */
#ifndef SUPPORT_LOG_H
#define SUPPORT_LOG_H

#include "local/local.h"
#include "support/test.h"

enum {
    BENCH_TABLE = 100,
    BENCH_KEYS = 50,
    BENCH_SEGMENT_BYTES = 64 * 1024,
};

struct bench { /* a log under test and the clock it believes in */
    char *directory;
    struct log *log;
    struct local_options options;
    struct clock clock;
    _Atomic int64_t now_us;   /* the keeper thread asks too */
    _Atomic int64_t ahead_us; /* that the wall clock is of the boot clock */
    uint64_t next_lsn;
    uint64_t term;
};

void bench_init(struct bench *bench); /* a new log, opened */
void bench_reset(struct bench *bench);
void bench_open(struct bench *bench);
void bench_reopen(struct bench *bench);
char *bench_path(struct bench *bench, const char *name); /* the caller frees */
void bench_overwrite(struct bench *bench, const char *name, uint64_t offset, struct bytes data);

/* Appends one frame of `count` records with `size` bytes each. */
enum status bench_append(struct bench *bench, uint32_t count, size_t size, uint8_t flags, bool is_synced);
/* Asserts that reading from `from` gives every record up to `until`. */
void bench_expect(struct bench *bench, uint64_t from, uint64_t until);
/* Asserts that the keys from "row 0010" on give every change in (after, until], in order. */
void bench_expect_keys(struct bench *bench, uint64_t after, uint64_t until);

#endif
