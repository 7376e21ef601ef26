/* Limits of values. */
#ifndef VALUE_BOUNDS_H
#define VALUE_BOUNDS_H

enum {
    NUMBER_DIGITS_MAX = 38,        /* significant digits of DynamoDB's N; over it: STATUS_TOO_LARGE */
    NUMBER_EXPONENT_MAX = 125,     /* magnitude of the first digit; over it: STATUS_TOO_LARGE */
    NUMBER_EXPONENT_MIN = -130,    /* below it: STATUS_TOO_LARGE */
    DECIMAL_TEXT_BYTES_MAX = 4096, /* text of a decimal of any length */
    DECIMAL_EXPONENT_MAX = 100000, /* of a decimal's text, either way */
};

#endif
