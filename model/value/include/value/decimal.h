/* Decimals of any length: unscaled × 10^-scale. MODEL "Values". */
#ifndef VALUE_DECIMAL_H
#define VALUE_DECIMAL_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

enum {
    DECIMAL_SPACE =
        64, /* for the digits of common numbers, so that they need no memory of the heap (buffer_over) */
};

/* "-12.50", "1e3": sign, digits, point, exponent; the scale is kept. STATUS_INVALID, STATUS_TOO_LARGE. */
MUST_USE enum status decimal_parse(struct bytes text, struct arena *arena, struct decimal *ret_decimal,
                                   struct error *error);
/* Shortest plain text, with an exponent when there would be many zeros; parses back to the same number. */
void decimal_format(const struct decimal *decimal, struct buffer *buffer);
/* DynamoDB's form: no trailing zeros, zero has scale 0. What has it already may be given back as it is, its bytes borrowed.
 * STATUS_TOO_LARGE: over 38 digits, or outside 1E-130 … 9.99…E+125. */
MUST_USE enum status decimal_normalise(const struct decimal *decimal, struct arena *arena,
                                       struct decimal *ret_decimal, struct error *error);
int decimal_compare(const struct decimal *a, const struct decimal *b); /* 1.0 and 1.00 are equal */
/* a + b, or a - b; exact, with the larger scale. Scales are at most DECIMAL_EXPONENT_MAX apart from zero. */
struct decimal decimal_add(const struct decimal *a, const struct decimal *b, bool is_minus,
                           struct arena *arena);
/* Exact; the scales are added. */
struct decimal decimal_multiply(const struct decimal *a, const struct decimal *b, struct arena *arena);
/* To at least 32 significant digits and 32 decimals, half up, without zeros at the end, as Cassandra divides; at most 1,000
 * decimals beyond the operands'. `b` is not zero. */
struct decimal decimal_divide(const struct decimal *a, const struct decimal *b, struct arena *arena);
/* What is left of a / b cut to a whole number; it has the sign of a. `b` is not zero. */
struct decimal decimal_remainder(const struct decimal *a, const struct decimal *b, struct arena *arena);
/* The whole number towards zero, with scale 0. */
struct decimal decimal_truncate(const struct decimal *decimal, struct arena *arena);
bool decimal_is_zero(const struct decimal *decimal);
struct decimal decimal_of_integer(int64_t number, struct arena *arena);
/* False when it is no integer, or does not fit. */
bool decimal_to_integer(const struct decimal *decimal, int64_t *ret_number);
double decimal_to_double(const struct decimal *decimal);

/* From bytes of two's complement that need not be in shortest form; it borrows them. */
struct decimal decimal_of_unscaled(int32_t scale, struct bytes unscaled);

/* Digits of the magnitude and its sign, for order-preserving encodings: `ret_digits` gets "12345" (no leading or
 * trailing zeros; empty for zero), the number is 0.12345 × 10^*ret_exponent. */
void decimal_digits(const struct decimal *decimal, struct buffer *ret_digits, int64_t *ret_exponent,
                    bool *ret_is_negative);
/* The inverse, normalised. */
struct decimal decimal_of_digits(struct bytes digits, int64_t exponent, bool is_negative,
                                 struct arena *arena);

#endif
