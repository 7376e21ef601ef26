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

    /* Pages that an entry of a memtable comes to at most when it is flushed: its leaf and the half that is split off; branches
     * above it (of which there are no more than the trees have); and what each commit takes besides. Space for so many is made sure of
     * before the log has the change. */
    ENVIRONMENT_PUT_LEAVES = 2,
    ENVIRONMENT_PUT_BRANCHES = 2,
    ENVIRONMENT_COMMIT_PAGES = 64,

    /* A memtable with so many entries, or bytes unless the options say otherwise, is flushed before the next checkpoint is due. One of
     * rows of 100 bytes then has some 20 MB. */
    ENVIRONMENT_MEMTABLE_ENTRIES = 48 * 1024,
    ENVIRONMENT_MEMTABLE_BYTES = 32 * 1024 * 1024,
    ENVIRONMENT_MEMTABLE_BYTES_MIN = 16 * 1024,
    /* At so many times as much, the one being flushed included, a writer waits for it. */
    ENVIRONMENT_MEMTABLES_HELD = 3,
    /* Entries that one transaction of LMDB's flushes: far below 131,000 pages, at which it spills. */
    ENVIRONMENT_FLUSH_ENTRIES = 16 * 1024,

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
