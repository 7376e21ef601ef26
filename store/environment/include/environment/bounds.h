/* The limits of store/environment: unit, reason, and what is seen when one is met. */
#ifndef ENVIRONMENT_BOUNDS_H
#define ENVIRONMENT_BOUNDS_H

enum {
    /* Bytes of a key: an index entry with two sort keys of the largest size, escaped. More is STATUS_TOO_LARGE. Keys over
     * 400 bytes cost a lookup for each 400. */
    ENVIRONMENT_KEY_BYTES_MAX = 300 * 1024,

    /* Bytes of a value: the largest row (16 MiB) and room for what wraps it. More is STATUS_TOO_LARGE. */
    ENVIRONMENT_VALUE_BYTES_MAX = 17 * 1024 * 1024,

    /* Read transactions open at once, pins included: slots of LMDB's reader table. One more is STATUS_BUSY. */
    ENVIRONMENT_READERS_MAX = 1024,

    /* Pages of map beyond options.map_bytes that only a transaction already begun may use, so that what was admitted
     * fits. Address space, not disk. */
    ENVIRONMENT_RESERVE_PAGES = 16 * 1024,

    /* Bytes by which data.mdb is allocated ahead of use unless the options say otherwise. */
    ENVIRONMENT_ALLOCATE_BYTES = 64 * 1024 * 1024,

    /* Pages that a put or an erasure touches at most, those of a long value apart (3.1 were measured in a transaction of ten, fewer in
     * larger ones), and those of a commit besides. Space for so many is made sure of before the log has the change. */
    ENVIRONMENT_PUT_PAGES = 4,
    ENVIRONMENT_COMMIT_PAGES = 64,

    /* Milliseconds for which an account of pages (environment/pages.h) keeps a snapshot, and whoever asked waits. Over it
     * pages are counted and not looked at. */
    ENVIRONMENT_PAGES_MS_MAX = 5 * 1000,

    /* Microseconds between two times that dirty pages are written back: short enough that the checkpoint's own sync has
     * little left to do (a commit that waits behind it: 25-31 ms, against 900 ms without). */
    ENVIRONMENT_WRITEBACK_INTERVAL_US = 75 * 1000,
    /* Bytes of data.mdb whose dirty pages are written at once: the most that a commit's sync of the log waits behind. With all
     * of an interval's at once, 64 clients that write had a p99 of 10 ms; so, of 4. */
    ENVIRONMENT_WRITEBACK_BYTES = 256 * 1024,
    /* So many of these windows in an interval: a look at a clean one costs a microsecond. */
    ENVIRONMENT_WRITEBACK_WINDOWS = 2048,
    /* A data.mdb that has more than so many has larger ones. */
    ENVIRONMENT_WRITEBACK_WINDOWS_MAX = 32 * 1024,
};

#endif
