/* Functions and aggregates that users made: rows of the door's own tables.
 *
 *   system.cql_functions    (keyspace, name, types) → argument_names, argument_types (lists of texts), returns, body,
 *                           called_on_null
 *   system.cql_aggregates   (keyspace, name, types) → argument_types, returns, state_function, state_type,
 *                           final_function (may be empty), initial and initial_text (when there is an INITCOND: serialized,
 *                           and as it was written)
 *
 * `types` is what tells overloads apart: "int, text". */
#ifndef CQL_USER_FUNCTION_H
#define CQL_USER_FUNCTION_H

#include "exec.h"
#include "function.h"

/* Everything is in the call's arena. */
struct user_function {
    struct bytes keyspace;
    struct bytes name;
    struct bytes types;
    const struct bytes *argument_names; /* of functions */
    const struct bytes *argument_types; /* as CQL writes them */
    const struct type *arguments;
    size_t count;
    struct bytes returns_text;
    struct type returns;
    bool is_aggregate;
    struct bytes body; /* of functions, as the next one */
    bool is_called_on_null;
    struct bytes state_function; /* of aggregates, as all that follows */
    struct bytes state_type_text;
    struct type state_type;
    struct bytes final_function; /* empty: none */
    bool has_initial;
    struct bytes initial; /* serialized; not of a null */
    struct bytes initial_text;
    const struct user_function *state; /* when it is found to be called */
    const struct user_function *final; /* NULL: none */
};

/* A type as overloads are told apart and texts show it: frozen or not is the same but inside. In the call's arena. */
struct bytes statement__user_type_text(struct exec_call *call, const struct type *type);
/* "int, text". */
struct bytes statement__user_types_text(struct exec_call *call, const struct type *types, size_t count);

/* Calls `visit` with each function, or each aggregate, of a keyspace; `name` empty: of any name. Failures are set. */
MUST_USE enum status statement__user_functions_list(
    struct exec_call *call, struct bytes keyspace, struct bytes name, bool is_aggregate,
    void (*visit)(void *context, const struct user_function *function), void *context);
/* The function or aggregate of that name with these types. STATUS_NOT_FOUND. */
MUST_USE enum status statement__user_function_get(struct exec_call *call, struct bytes keyspace,
                                                  struct bytes name, struct bytes types, bool is_aggregate,
                                                  const struct user_function **ret_function);

/* The change that puts its row, or deletes it. */
struct gate_change statement__user_function_change(struct exec_call *call, enum gate_change_kind kind,
                                                   const struct user_function *function);

/* What terms are prepared with: functions of the statement's keyspace, when none is named. */
struct cql_users statement__users_of(struct exec_call *call);

#endif
