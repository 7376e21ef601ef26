/* What the files of the functions share; for the files called function only. */
#ifndef CQL_FUNCTION_PRIVATE_H
#define CQL_FUNCTION_PRIVATE_H

#include "function.h"

enum {
    FUNCTION_ARGUMENTS_MAX = 3, /* of those with a fixed signature */
};

/* One signature of a name. */
struct function_row {
    const char *name;
    enum type_kind returns;
    uint32_t count;
    enum type_kind arguments[FUNCTION_ARGUMENTS_MAX];
    enum status (*run)(const struct cql_function *function, const struct value *arguments,
                       const struct cql_moment *moment, struct value *ret_value);
    int detail;
    bool is_moving; /* depends on when it is called */
};

/* function_time.c, function_number.c: their rows. */
const struct function_row *statement__time_functions(size_t *ret_count);
const struct function_row *statement__number_functions(size_t *ret_count);

/* function_user.c: the same as statement__function_find among users' functions. */
MUST_USE enum status statement__user_function_find(const struct cql_call_site *site, struct arena *arena,
                                                   const struct cql_function **ret_function,
                                                   struct error *error);

/* a + b and so on for the numbers of `type`, which all have. */
MUST_USE enum status statement__number_operate(enum cql_term_kind kind, const struct type *type,
                                               const struct value *a, const struct value *b,
                                               const struct cql_moment *moment, struct value *ret_value);
/* A number of any type as one of `to`, as Java casts: cut, and wrapped around. */
struct value statement__number_convert(const struct value *value, enum type_kind to, struct arena *arena);
/* Whether it may be reckoned with: a decimal's scale and digits have bounds. STATUS_INVALID. */
MUST_USE enum status statement__number_check(const struct value *value, const struct cql_moment *moment);
/* A number divided by `count`, with as many places as it has, rounded half even. In `arena`. */
struct decimal statement__decimal_share(const struct decimal *number, int64_t count, struct arena *arena);
bool statement__is_number(enum type_kind kind);
/* timestamp ± duration, date ± duration. */
MUST_USE enum status statement__time_operate(const struct cql_function *function,
                                             const struct value *arguments, const struct cql_moment *moment,
                                             struct value *ret_value);

#endif
