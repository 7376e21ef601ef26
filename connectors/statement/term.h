/* Terms to values, in two steps as statements are: prepared once against the types they are for, then evaluated with what is
 * bound, and for selections row by row. */
#ifndef CQL_TERM_H
#define CQL_TERM_H

#include "function.h"
#include "syntax/ast.h"
#include "value/type_text.h"

/* --- preparing -------------------------------------------------------------------------------------------------- */

/* What a term is for, and what PREPARE calls a marker there. */
struct cql_receiver {
    struct bytes name;
    const struct type *type;
};

/* Prepared terms: walked by statement__evaluate only, but for the kind of the outermost. */
enum cql_expression_kind {
    CQL_EXPRESSION_VALUE, /* `value`, whatever is bound */
    CQL_EXPRESSION_MARKER,
    CQL_EXPRESSION_ITEMS, /* a container of `type` */
    CQL_EXPRESSION_CALL,
    CQL_EXPRESSION_CONVERT,
    CQL_EXPRESSION_COLUMN,
    CQL_EXPRESSION_FIELD,
    CQL_EXPRESSION_ELEMENT,
    CQL_EXPRESSION_SLICE,
    CQL_EXPRESSION_CELL,      /* writetime(c), maxwritetime(c), ttl(c) */
    CQL_EXPRESSION_AGGREGATE, /* the result of the `index`-th of struct cql_preparation's aggregates */
};

struct cql_expression {
    enum cql_expression_kind kind;
    struct type type;
    struct value value;
    uint32_t
        index; /* MARKER: of the statement; COLUMN: as the caller numbers them; FIELD; AGGREGATE; CALL of a user's
                       function: which of the preparation's calls */
    enum cql_term_kind cell; /* CELL: CQL_TERM_WRITETIME, CQL_TERM_MAXWRITETIME or CQL_TERM_TTL */
    struct bytes name;       /* for messages */
    const struct cql_function *function;
    struct cql_expression **parts; /* members, arguments, operand and bounds; a slice's bounds may be NULL */
    size_t count;
};

struct cql_memo;

/* What terms of one statement are prepared with. */
struct cql_preparation {
    struct arena *arena; /* of all that is made */
    struct error *error;
    const struct type_names *names; /* UDTs in hints and casts */
    int64_t now_us;
    /* One per marker of the statement, by index; filled as the terms that hold them are prepared. NULL: not wanted. */
    struct cql_receiver *markers;
    /* Selections only: the column of that name, its number and type; false: there is none. NULL: no columns may be named. */
    bool (*column)(void *context, struct bytes name, uint32_t *ret_index, const struct type **ret_type);
    void *context;
    const struct type *key_types; /* of the partition key, for token(); or NULL */
    size_t key_count;
    /* Aggregates met in selections, in this order; {.function = NULL} counts rows. */
    struct cql_expression **aggregates;
    size_t aggregates_count;
    struct cql_users users;
    size_t calls;          /* of users' functions */
    struct cql_memo *memo; /* the preparation's own; NULL at first */
};

/* A term for a receiver. Errors: STATUS_INVALID in Cassandra's words: "Invalid STRING constant (x) for "c" of type int". */
MUST_USE enum status statement__term_prepare(struct cql_preparation *preparation, const struct cql_term *term,
                                             const struct cql_receiver *receiver,
                                             struct cql_expression **ret_expression);
/* A selector, whose type is its own. Markers in it need a hint. */
MUST_USE enum status statement__selector_prepare(struct cql_preparation *preparation,
                                                 const struct cql_term *term,
                                                 struct cql_expression **ret_expression);
/* The type of a hint, a cast or a column's definition; comments in it are spaces. */
MUST_USE enum status statement__type_parse(const struct cql_type *type, const struct type_names *names,
                                           struct arena *arena, struct type *ret_type, struct error *error);

/* --- receivers, as PREPARE names their markers ------------------------------------------------------------------- */

/* c IN ?: "in(c)", a list. */
struct cql_receiver statement__receiver_in(const struct cql_receiver *column, struct arena *arena);
/* (a, b) = ?: "(a,b)", a tuple; (a, b) IN ?: "in(a,b)", a list of tuples. */
struct cql_receiver statement__receiver_tuple(const struct cql_receiver *columns, size_t count,
                                              struct arena *arena);
struct cql_receiver statement__receiver_tuples_in(const struct cql_receiver *columns, size_t count,
                                                  struct arena *arena);
struct cql_receiver statement__receiver_token(void); /* "partition key token", bigint */
/* m[?]: "key(m)"; l[?]: "idx(l)", an int. */
struct cql_receiver statement__receiver_key(const struct cql_receiver *column, struct arena *arena);
/* Elements: "value(c)"; u.f: "u.f". */
struct cql_receiver statement__receiver_value(const struct cql_receiver *column, struct arena *arena);
struct cql_receiver statement__receiver_field(const struct cql_receiver *column, size_t field,
                                              struct arena *arena);
struct cql_receiver statement__receiver_limit(void);           /* "[limit]", int */
struct cql_receiver statement__receiver_partition_limit(void); /* "[per_partition_limit]", int */
struct cql_receiver statement__receiver_ttl(void);             /* "[ttl]", int */
struct cql_receiver statement__receiver_timestamp(void);       /* "[timestamp]", bigint */
struct cql_receiver statement__receiver_json(void);            /* "[json]", text */

/* --- evaluating ------------------------------------------------------------------------------------------------- */

enum cql_binding_kind {
    CQL_BINDING_BYTES,
    CQL_BINDING_NULL,
    CQL_BINDING_UNSET,
};

struct cql_binding {
    enum cql_binding_kind kind;
    struct bytes bytes;
};

struct cql_evaluation {
    struct cql_moment moment;
    /* What is bound to the marker. STATUS_INVALID: nothing. */
    enum status (*bind)(void *context, uint16_t marker, struct cql_binding *ret_binding, struct error *error);
    /* Selections: a column's value in the row; the write time (bigint) or time to live (int) of its cell, or of the one that
     * `key` names, which may be NULL. */
    enum status (*column)(void *context, uint32_t column, struct value *ret_value, struct error *error);
    enum status (*cell)(void *context, uint32_t column, const struct cql_expression *path,
                        enum cql_term_kind what, struct value *ret_value, struct error *error);
    /* What a call of a user's function gives. STATUS_BUSY: it was asked for; evaluate again when it answered. NULL: there may
     * be none. */
    enum status (*call)(void *context, const struct cql_expression *call, const struct value *arguments,
                        struct value *ret_value, struct error *error);
    void *context;
    const struct value *aggregates; /* results, by index */
};

/* *ret_is_unset: the marker that it is was left unset; *ret_value is null then. Nulls are VALUE_NULL. The value passed
 * type_check. STATUS_INVALID in Cassandra's words; STATUS_BUSY as `call` says. */
MUST_USE enum status statement__evaluate(const struct cql_expression *expression,
                                         const struct cql_evaluation *evaluation, struct value *ret_value,
                                         bool *ret_is_unset);

#endif
