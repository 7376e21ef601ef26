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

/* Name and field names of a user-defined type. Texts are borrowed from whoever made the type, mostly an arena. */
struct type_udt {
    struct bytes keyspace;
    struct bytes name;
    const struct bytes *fields; /* as many as the type has parameters */
};

/* A tree. What it points to lives as long as the arena it was made in; {.kind = …} is a whole scalar. */
struct type {
    enum type_kind kind;
    bool is_frozen; /* one cell, written as a whole; tuples and vectors always are, scalars never say so */
    uint32_t dimension;            /* VECTOR: how many elements */
    size_t count;                  /* parameters: LIST, SET, VECTOR 1, MAP 2, TUPLE and UDT one per field */
    const struct type *parameters; /* of the elements, of key and value, of the fields */
    const struct type_udt *udt;    /* UDT only */
};

/* "text", "bigint" … as in CQL; "number" is DynamoDB's N, "any" a document's attribute. */
const char *type_name(enum type_kind kind);
/* The scalar of that name in small letters ("varchar" is text); false when there is none. */
bool type_of_name(struct bytes name, struct type *ret_type);
/* LIST, SET, MAP, TUPLE, UDT, VECTOR. */
bool type_has_parameters(enum type_kind kind);
/* A collection or UDT that is not frozen: its elements are cells of their own. */
bool type_is_multi_cell(const struct type *type);
/* Zero bytes are a value, VALUE_EMPTY, as in Cassandra; in texts and blobs they are simply no characters. */
bool type_may_be_empty(enum type_kind kind);
/* Bytes of a serialized value when all have the same number (Cassandra's valueLengthIfFixed, which decides how vectors are
 * laid out: tinyint, smallint, date and time do not count as fixed); 0: they have not. */
size_t type_fixed_bytes(const struct type *type);
bool type_equal(const struct type *a, const struct type *b);
/* The type with frozen collections and UDTs, all the way down, made in `arena`. */
struct type type_freeze(const struct type *type, struct arena *arena);

/* Whether the tree is one that Cassandra would take: counts, depth, names, nothing that is not frozen inside a collection,
 * no counters inside, no durations in sets and map keys. STATUS_INVALID in Cassandra's words, STATUS_TOO_LARGE. */
MUST_USE enum status type_validate(const struct type *type, struct error *error);

/* What Cassandra asks of a column's type beyond that: a UDT that is not frozen has no collections that are not. (One that
 * is only being defined may have them; the frozen form of it freezes them.) STATUS_INVALID. */
MUST_USE enum status type_check_column(const struct type *type, struct error *error);

/* Types of partition key and clustering columns: everything frozen but counters and what holds a duration. */
bool type_may_be_key(const struct type *type);
/* The same, telling why not in Cassandra's words. STATUS_INVALID. */
MUST_USE enum status type_check_key(const struct type *type, struct bytes column, struct error *error);

/* Whether a value is one of the type: kinds, ranges, UTF-8, counts; sets and maps sorted and unique; nulls only inside
 * tuples and UDTs, which may end early. STATUS_INVALID tells what was expected. */
MUST_USE enum status type_check(const struct type *type, const struct value *value, struct error *error);
/* The value as `type` wants it: numbers of a document are decimals, an integer column takes those that are whole. What
 * does not fit comes back as it is, for type_check to refuse. */
struct value type_coerce(const struct type *type, const struct value *value, struct arena *arena);

#endif
