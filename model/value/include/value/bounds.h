/* Limits of values and their types. */
#ifndef VALUE_BOUNDS_H
#define VALUE_BOUNDS_H

enum {
    NUMBER_DIGITS_MAX = 38,        /* significant digits of DynamoDB's N; over it: STATUS_TOO_LARGE */
    NUMBER_EXPONENT_MAX = 125,     /* magnitude of the first digit; over it: STATUS_TOO_LARGE */
    NUMBER_EXPONENT_MIN = -130,    /* below it: STATUS_TOO_LARGE */
    DECIMAL_TEXT_BYTES_MAX = 4096, /* text of a decimal of any length */
    DECIMAL_EXPONENT_MAX = 100000, /* of a decimal's text, either way */

    TYPE_DEPTH_MAX = 16,        /* types inside each other, frozen<> not counted; over it: STATUS_TOO_LARGE */
    TYPE_NODES_MAX = 2048,      /* types in one tree, itself included; over it: STATUS_TOO_LARGE */
    TYPE_FIELDS_MAX = 1024,     /* of a tuple or UDT; over it: STATUS_TOO_LARGE */
    TYPE_NAME_BYTES_MAX = 255,  /* of a UDT, its keyspace or a field; over it: STATUS_TOO_LARGE */
    TYPE_DIMENSION_MAX = 65535, /* elements of a vector; over it: STATUS_TOO_LARGE */
    /* of a vector whose elements have a fixed number of bytes, vectors inside included; over it: STATUS_TOO_LARGE */
    TYPE_VECTOR_BYTES_MAX = 16 * 1024 * 1024,
    TYPE_TEXT_BYTES_MAX = 65536, /* of a type as text; over it: STATUS_TOO_LARGE */
};

#endif
