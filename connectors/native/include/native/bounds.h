/* Limits of the native door. */
#ifndef NATIVE_BOUNDS_H
#define NATIVE_BOUNDS_H

enum {
    NATIVE_REPLIES_MAX = 65536,       /* answers waiting for the door's thread */
    NATIVE_WRITES_MAX = 10000,        /* writes under way; over it requests are answered STATUS_BUSY */
    NATIVE_INLINE_ROWS = 256,         /* looked at on the door's thread, and their bytes, … */
    NATIVE_INLINE_BYTES = 128 * 1024, /* … before a scan goes to the reader pool */
    NATIVE_SUBSCRIPTIONS_MAX = 500,   /* at a time; over it: STATUS_BUSY */
    NATIVE_PUMP_RECORDS_MAX =
        4096, /* looked at for subscribers, each its part, before requests are served again */
    NATIVE_PUMP_RECORDS_MIN = 64, /* of that for each */
    NATIVE_PROGRESS_MS = 1000,    /* between two messages that tell a subscriber how far it is */
    NATIVE_HEARTBEAT_MS = 5000,   /* a peer that does not answer three times is gone */
    NATIVE_TABLES_PER_REPLY_MAX = 10000,
    NATIVE_TOPIC_BYTES_MAX = 1024,                /* that a subscriber names; over it: disconnected */
    NATIVE_BACKLOG_BYTES_MAX = 256 * 1024 * 1024, /* answers that clients do not take, beyond 1,000 each */
    NATIVE_BACKLOG_PEER_BYTES_MAX = 64 * 1024 * 1024, /* of one client */
    NATIVE_BACKLOG_MS = 5,                            /* between two looks whether they do now */
};

#endif
