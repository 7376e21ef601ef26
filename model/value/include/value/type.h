/* Types of columns and key parts. */
#ifndef VALUE_TYPE_H
#define VALUE_TYPE_H

#include "base/arena.h"
#include "base/error.h"
#include "value/value.h"

/* The numbers are stored in schemas: append only. */
enum type_kind {
    TYPE_ANY, /* a document's attribute: any value */
    TYPE_ASCII,
    TYPE_TEXT,
    TYPE_BLOB,
    TYPE_BOOLEAN,
    TYPE_TINYINT,
    TYPE_SMALLINT,
    TYPE_INT,
    TYPE_BIGINT,
    TYPE_COUNTER,
    TYPE_VARINT,
    TYPE_DECIMAL,
    TYPE_NUMBER, /* DynamoDB's N: a normalised decimal of 38 digits */
    TYPE_FLOAT,
    TYPE_DOUBLE,
    TYPE_UUID,
    TYPE_TIMEUUID,
    TYPE_TIMESTAMP,
    TYPE_DATE,
    TYPE_TIME,
    TYPE_DURATION,
    TYPE_INET,
    TYPE_LIST,
    TYPE_SET,
    TYPE_MAP,
    TYPE_TUPLE,
    TYPE_UDT,
    TYPE_VECTOR,
};

struct type {
    enum type_kind kind;
};

/* "text", "bigint" … as in CQL; "number" is DynamoDB's N, "any" a document's attribute. */
const char *type_name(enum type_kind kind);
/* STATUS_INVALID lists the types that may be keys. */
MUST_USE enum status type_parse(struct bytes name, struct type *ret_type, struct error *error);

/* Types that may be keys today. */
bool type_may_be_key(enum type_kind kind);
/* Whether a value is one of a key type. STATUS_INVALID tells what was expected. */
MUST_USE enum status type_check(const struct type *type, const struct value *value, struct error *error);
/* The value as `type` wants it: numbers of a document are decimals, an integer column takes those that are whole. What
 * does not fit comes back as it is, for type_check to refuse. */
struct value type_coerce(const struct type *type, const struct value *value, struct arena *arena);

#endif
