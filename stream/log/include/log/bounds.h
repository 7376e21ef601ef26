/* Limits of the change log. */
#ifndef LOG_BOUNDS_H
#define LOG_BOUNDS_H

enum {
    FRAME_BYTES_AIM = 256 * 1024,         /* a frame is closed when its records pass this */
    FRAME_RECORDS_MAX = 1 << 20,          /* records in one frame */
    FRAME_TABLES_MAX = 4096,              /* different tables in one frame; the frame is closed before */
    FRAME_TOKENS_MAX = 1024,              /* idempotency entries in one frame: one per request of a batch */
    FRAME_HEADER_BYTES_MAX = 1024 * 1024, /* header with tables and tokens */
    FRAME_AROUND_BYTES =
        8 * 1024, /* of a frame with one record: its header, and the record's actor, cause, numbers */
    FRAME_PAYLOAD_BYTES_MAX =
        34 * 1024 * 1024, /* one record: the largest row before and after, or FRAME_BYTES_AIM */
    TRANSACTION_BYTES_MAX =
        16 * 1024 * 1024, /* keys and new images of one transaction; over it: STATUS_TOO_LARGE */
    FRAME_ALIGNMENT = 64, /* frames start at multiples of this */
};

#endif
