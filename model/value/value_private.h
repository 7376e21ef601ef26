/* What the files of this library share. */
#ifndef VALUE_PRIVATE_H
#define VALUE_PRIVATE_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/type.h"

int value__order_numbers(int64_t a, int64_t b);
/* Java's Double.compare: -0.0 before 0.0, NaN after everything. */
int value__order_doubles(double a, double b);

/* The 60-bit timestamp of a version 1 uuid (RFC 4122 section 4.1.4). */
uint64_t value__uuid_time(const uint8_t *uuid);

/* Cassandra's variable-length integers (native protocol v5 section 3, [unsigned vint] and [vint]): as many ones lead the
 * first byte as bytes follow it; big-endian. Reading fails as readers do. */
void value__vint_put(uint64_t number, struct buffer *buffer);
uint64_t value__vint_get(struct reader *reader);
void value__vint_put_signed(int64_t number, struct buffer *buffer);
int64_t value__vint_get_signed(struct reader *reader);

/* Serialized form of what has no parameters. */
MUST_USE enum status value__scalar_encode(const struct type *type, const struct value *value,
                                          struct buffer *buffer, struct error *error);
MUST_USE enum status value__scalar_decode(const struct type *type, struct bytes bytes,
                                          struct value *ret_value, struct error *error);

/* scalar_text.c: STATUS_INVALID, "Unable to make int from 'x'": the text between `before` and `after`, cut where it is long. */
MUST_USE enum status value__refuse(struct error *error, const char *before, struct bytes text,
                                   const char *after);
/* A whole number of a machine's 64 bits; false: it is none, or not between those two. */
bool value__integer_parse(struct bytes text, int64_t least, int64_t most, int64_t *ret_number);
/* scalar_time.c: literals of these types; `now_ms` is what "now" means. STATUS_INVALID in Cassandra's words. */
MUST_USE enum status value__timestamp_parse(struct bytes text, int64_t now_ms, struct value *ret_value,
                                            struct error *error);
MUST_USE enum status value__date_parse(struct bytes text, struct value *ret_value, struct error *error);
MUST_USE enum status value__time_parse(struct bytes text, struct value *ret_value, struct error *error);
MUST_USE enum status value__duration_parse(struct bytes text, struct value *ret_value, struct error *error);
void value__timestamp_format(int64_t ms, struct buffer *buffer);
void value__date_format(int64_t days, struct buffer *buffer); /* since 1970 */
void value__time_format(int64_t ns, struct buffer *buffer);   /* since midnight */
void value__duration_format(const struct duration *duration, struct buffer *buffer);

bool value__is_ascii(struct bytes text);
bool value__is_time(int64_t nanoseconds); /* of a day */
bool value__duration_has_one_sign(const struct duration *duration);

#endif
