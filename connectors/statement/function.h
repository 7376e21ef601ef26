/* CQL's native functions: which one a call means, and what it gives. CQL reference, "Functions", "Arithmetic operators". */
#ifndef CQL_FUNCTION_H
#define CQL_FUNCTION_H

#include "base/error.h"
#include "syntax/ast.h"
#include "value/type.h"

/* When and where a function runs. */
struct cql_moment {
    struct arena *arena; /* of what it gives */
    struct error *error;
    int64_t now_us; /* wall time, the same for all of a statement */
};

struct user_function;

struct cql_function {
    struct cql_qualified name; /* in "system" */
    struct type returns;
    const struct type *arguments;
    size_t count;
    bool is_aggregate;
    bool is_fixed;   /* equal arguments give equal values, whenever */
    bool takes_null; /* it is called with nulls; others give null for one */
    enum status (*run)(const struct cql_function *function, const struct value *arguments,
                       const struct cql_moment *moment, struct value *ret_value);
    int detail;                       /* for `run` */
    const struct user_function *user; /* users made it: it has no `run`, and answers later; NULL: native */
};

/* Functions that users made. */
struct cql_users {
    /* Those of a name; `keyspace` is empty when the call names none. STATUS_INVALID. NULL: there are none. */
    enum status (*find)(void *context, struct bytes keyspace, struct bytes name,
                        const struct cql_function *const **ret_functions, size_t *ret_count,
                        struct error *error);
    void *context;
};

/* --- which function --------------------------------------------------------------------------------------------- */

enum cql_match {
    CQL_MATCH_NONE,
    CQL_MATCH_WEAK, /* it can be made one */
    CQL_MATCH_EXACT,
};

/* A call as the terms between its parentheses see it. */
struct cql_call_site {
    struct cql_qualified name;
    size_t count;
    enum cql_match (*match)(void *context, size_t argument, const struct type *type);
    /* The argument's own type; NULL: it has none yet, as a marker. */
    const struct type *(*type)(void *context, size_t argument);
    /* The argument as errors show it. */
    const char *(*text)(void *context, size_t argument);
    void *context;
    const struct type *receiver;  /* or NULL */
    const struct type *key_types; /* of the partition key, for token(); NULL: there is no table */
    size_t key_count;
    struct cql_users users;
};

/* Finds the function that a call means; it lives in `arena`. STATUS_NOT_FOUND: none has the name, *error is untouched.
 * STATUS_INVALID in Cassandra's words: none fits, or several do. A native one goes before users' of its name. */
MUST_USE enum status statement__function_find(const struct cql_call_site *site, struct arena *arena,
                                              const struct cql_function **ret_function, struct error *error);
/* Whether a native function has the name. */
bool statement__function_is_native(struct bytes name);
/* CAST(x AS type). STATUS_INVALID: there is none. */
MUST_USE enum status statement__cast_find(const struct type *from, const struct type *to, struct arena *arena,
                                          const struct cql_function **ret_function, struct error *error);
/* ADD … MODULO of two types, and NEGATE of one (`right` NULL). NULL: it is none of these. In `arena`. */
const struct cql_function *statement__operation_find(enum cql_term_kind kind, const struct type *left,
                                                     const struct type *right, struct arena *arena);
/* STATUS_TOO_LARGE: what is evaluated took more than CQL_EVALUATED_BYTES_MAX of the arena. Asked before it takes more. */
MUST_USE enum status statement__evaluated_check(const struct arena *arena, struct error *error);
/* Runs a function that is no aggregate. */
MUST_USE enum status statement__function_run(const struct cql_function *function,
                                             const struct value *arguments, const struct cql_moment *moment,
                                             struct value *ret_value);

/* A decimal in the form that numbers of DynamoDB have; one that is none of these stays as it is. In `arena`. */
struct value statement__number_normal(const struct value *value, struct arena *arena);

/* --- types ---------------------------------------------------------------------------------------------------------- */

/* Whether a value of `from` is one of `to` in Cassandra's eyes (ascii for text, timeuuid for uuid, anything for blob), and as
 * one. */
bool statement__type_accepts(const struct type *to, const struct type *from);
MUST_USE enum status statement__type_convert(const struct type *to, const struct type *from,
                                             const struct value *value, const struct cql_moment *moment,
                                             struct value *ret_value);

/* A type as errors show it: "frozen<list<int>>". In `arena`. */
const char *statement__type_text(const struct type *type, struct arena *arena);

#endif
