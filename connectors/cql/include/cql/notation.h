/* The protocol's notations (native protocol v5, section 3), read and written. Numbers are big-endian. */
#ifndef CQL_NOTATION_H
#define CQL_NOTATION_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

/* A [bytes], or a [value] that is bound. */
enum cql_presence {
    CQL_VALUE_SET,
    CQL_VALUE_NULL,
    CQL_VALUE_UNSET, /* the existing value stays; since v4 */
};

struct cql_value {
    enum cql_presence presence;
    struct bytes bytes; /* empty unless set */
};

/* A body being read. The first thing that is wrong is remembered, and from then on everything reads as zero or empty, so
 * one check at the end does. Views are into the body. */
struct notation {
    struct reader reader;
    uint8_t version;
    bool failed;
    struct error error; /* STATUS_INVALID when failed */
};

void cql_notation_init(struct notation *notation, struct bytes body, uint8_t version);
/* Remembers what is wrong, unless something was before. */
void cql_notation_fail(struct notation *notation, const char *format, ...) PRINTF_LIKE(2, 3);
/* STATUS_OK, or what was wrong. */
enum status cql_notation_end(const struct notation *notation, struct error *error);

uint8_t cql_read_byte(struct notation *notation);
uint16_t cql_read_short(struct notation *notation);
int32_t cql_read_int(struct notation *notation);
int64_t cql_read_long(struct notation *notation);
struct bytes cql_read_string(struct notation *notation);      /* UTF-8 */
struct bytes cql_read_long_string(struct notation *notation); /* UTF-8 */
struct bytes cql_read_short_bytes(struct notation *notation);
struct cql_value cql_read_bytes(struct notation *notation); /* set or null */
struct cql_value cql_read_value(struct notation *notation);
uint16_t cql_read_consistency(struct notation *notation);
/* How many things of at least `bytes_min` bytes follow: a [short] that the body can hold, so that memory for them is bounded
 * by the body. */
size_t cql_read_count(struct notation *notation, size_t bytes_min);

void cql_put_int(struct buffer *buffer, int32_t number);
void cql_put_string(struct buffer *buffer,
                    struct bytes string); /* what is too long is cut, between characters */
void cql_put_text(struct buffer *buffer, const char *string);
void cql_put_strings(struct buffer *buffer, const struct bytes *strings, size_t count); /* [string list] */
void cql_put_bytes(struct buffer *buffer, struct bytes bytes);
void cql_put_null(struct buffer *buffer);
void cql_put_short_bytes(struct buffer *buffer, struct bytes bytes);

#endif
