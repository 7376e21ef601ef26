/* Types of msgpack that values need beyond its own (codec/pack.h says what each holds). */
#ifndef CODEC_PRIVATE_H
#define CODEC_PRIVATE_H

enum codec_ext {
    EXT_DECIMAL = 1,
    EXT_UUID = 2,
    EXT_TIMEUUID = 3,
    EXT_TIMESTAMP = 4,
    EXT_DATE = 5,
    EXT_TIME = 6,
    EXT_DURATION = 7,
    EXT_INET = 8,
    EXT_SET = 9,
    EXT_TUPLE = 10,
    EXT_UDT = 11,
    EXT_VECTOR = 12,
    EXT_EMPTY = 13,
};

#endif
