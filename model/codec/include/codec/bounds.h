/* Limits of encodings. */
#ifndef CODEC_BOUNDS_H
#define CODEC_BOUNDS_H

enum {
    CODEC_VALUE_BYTES_MAX = 16 * 1024 * 1024, /* one encoded value; over it: STATUS_TOO_LARGE */
    CODEC_JSON_BYTES_MAX = 32 * 1024 * 1024,  /* one JSON text; over it: STATUS_TOO_LARGE */
    CODEC_JSON_DEPTH_MAX = 1000,              /* containers inside each other in plain JSON */
};

#endif
