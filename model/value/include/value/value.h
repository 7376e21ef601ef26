/* One value of any type, as a tree in an arena. MODEL "Values". */
#ifndef VALUE_VALUE_H
#define VALUE_VALUE_H

#include "base/arena.h"
#include "base/bytes.h"

/* The numbers are part of the stored encoding: append only. */
enum value_kind {
    VALUE_NULL,
    VALUE_EMPTY, /* zero-length value of a CQL type that is not text or blob; distinct from null */
    VALUE_BOOLEAN,
    VALUE_INTEGER, /* 64 bits; every CQL integer but varint, and counters */
    VALUE_DECIMAL, /* CQL varint and decimal (scale kept), DynamoDB numbers (normalised) */
    VALUE_FLOAT,
    VALUE_DOUBLE,
    VALUE_TEXT, /* UTF-8 */
    VALUE_BYTES,
    VALUE_UUID,      /* 16 bytes */
    VALUE_TIMEUUID,  /* 16 bytes, version 1 */
    VALUE_TIMESTAMP, /* integer: milliseconds since 1970 */
    VALUE_DATE,      /* integer: days since 1970-01-01, may be negative */
    VALUE_TIME,      /* integer: nanoseconds since midnight */
    VALUE_DURATION,
    VALUE_INET, /* 4 or 16 bytes */
    VALUE_LIST,
    VALUE_SET,    /* items sorted, unique */
    VALUE_MAP,    /* pairs sorted by key, unique */
    VALUE_TUPLE,  /* items by position; there may be fewer than the type has: the rest is null */
    VALUE_UDT,    /* items by field position; likewise */
    VALUE_VECTOR, /* fixed length, of floats or any type */
};

/* unscaled × 10^-scale; unscaled is two's complement, big-endian, shortest form, as Cassandra serializes it. */
struct decimal {
    int32_t scale;
    struct bytes unscaled;
};

struct duration {
    int32_t months;
    int32_t days;
    int64_t nanoseconds;
};

struct value;

struct value_items {
    struct value *at;
    size_t count;
};

struct value_pairs { /* 2 × count values: key, value, key, value … */
    struct value *at;
    size_t count;
};

struct value {
    enum value_kind kind;
    union {
        bool boolean;
        int64_t integer; /* INTEGER, TIMESTAMP, DATE, TIME */
        float float32;
        double float64;
        struct bytes
            bytes; /* TEXT, BYTES, UUID, TIMEUUID, INET; borrowed from the arena or from the decoded bytes */
        struct decimal decimal;
        struct duration duration;
        struct value_items items; /* LIST, SET, TUPLE, UDT, VECTOR */
        struct value_pairs pairs; /* MAP */
    };
};

enum {
    VALUE_DEPTH_MAX = 32, /* containers inside each other; DynamoDB's limit */
};

static inline struct value value_of_null(void)
{
    return (struct value){.kind = VALUE_NULL};
}

static inline struct value value_of_boolean(bool boolean)
{
    return (struct value){.kind = VALUE_BOOLEAN, .boolean = boolean};
}

static inline struct value value_of_integer(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

static inline struct value value_of_text(struct bytes text)
{
    return (struct value){.kind = VALUE_TEXT, .bytes = text};
}

static inline struct value value_of_bytes(struct bytes bytes)
{
    return (struct value){.kind = VALUE_BYTES, .bytes = bytes};
}

/* A total order over values of every kind: value_order (value/order.h), and where that sees no difference (1.0 and 1.00) by
 * their bytes. It orders sets and map keys; equal values have equal encodings. */
int value_compare(const struct value *a, const struct value *b);
bool value_equal(const struct value *a, const struct value *b);

/* The value under a text key of a map; NULL when it is absent, or `map` is no map. */
const struct value *value_map_get(const struct value *map, struct bytes key);
/* Where the pair with a text key stands in a map, or would stand, counted in pairs. */
size_t value_map_position(const struct value *map, struct bytes key, bool *ret_is_there);

/* Members of maps that the server itself makes: what is under a name. What is absent, or of another kind, is empty, 0 or
 * false. */
struct bytes value_map_text(const struct value *map, const char *name);
int64_t value_map_integer(const struct value *map, const char *name);
struct bytes value_map_bytes(const struct value *map, const char *name);
bool value_map_boolean(const struct value *map, const char *name);

/* A map of named members, sorted, in `arena`; the names are borrowed. */
struct value_member {
    const char *name;
    struct value value;
};
struct value value_of_members(struct arena *arena, const struct value_member *members, size_t count);

/* Sorts a map's pairs by key, in place. False when a key is there twice. */
bool value_map_sort(struct value *map);

/* The values inside a container, a map's keys and values by turns; none of anything else. */
struct value *value_children(const struct value *value, size_t *ret_count);

/* Whether no container lies deeper than `depth` containers. */
bool value_is_within(const struct value *value, unsigned depth);

#endif
