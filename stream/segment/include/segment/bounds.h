/* Limits of segments. */
#ifndef SEGMENT_BOUNDS_H
#define SEGMENT_BOUNDS_H

enum {
    SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024,
    SEGMENT_BYTES_MIN = 64 * 1024,          /* tests; a transaction's largest record must fit one segment */
    SEGMENT_BYTES_MAX = 1024 * 1024 * 1024, /* offsets inside a segment are 32 bits */
    SEGMENT_HEADER_BYTES = 4096,            /* a page of its own: no frame shares a sector with it */
    SEGMENT_BLOCK_BYTES_AIM = 128 * 1024,   /* records per compressed block; a larger record has its own */
    SEGMENT_BLOCK_BYTES_MAX = 36 * 1024 * 1024,
    SEGMENT_FOOTER_BYTES_MAX = 256 * 1024 * 1024,
    SEGMENT_KEY_BYTES_MAX = 200, /* of a key in the index; longer ones are cut and end with a hash */
    SEGMENT_KEY_HASH_BYTES = 8,
    SEGMENT_RUN_FAN_IN =
        32, /* segments whose key indexes one run of level 1 merges, runs of one level in the next */
    SEGMENT_RUN_LEVELS = 3, /* 32, 1,024 and 32,768 segments */
};

#endif
