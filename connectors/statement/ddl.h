/* What all changes of the schema share. */
#ifndef CQL_DDL_H
#define CQL_DDL_H

#include "exec.h"
#include "user_function.h"

/* A table's or a view's name: 1 to 48 letters, digits and underscores; otherwise a configuration error. */
MUST_USE enum status ddl_check_table_name(struct exec_call *call, struct bytes keyspace, struct bytes name);
/* Nobody changes the system's own keyspaces. */
MUST_USE enum status ddl_check_system(struct exec_call *call, struct bytes keyspace);
/* Fails with AlreadyExists; `name` is empty when it is the keyspace that exists. */
MUST_USE enum status ddl_exists(struct exec_call *call, struct bytes keyspace, struct bytes name);
/* Answers when the statement says IF EXISTS, and fails otherwise: "Table 'ks.t' doesn't exist". */
MUST_USE enum status ddl_missing(struct exec_call *call, const char *what, struct bytes full, bool if_exists);

/* A random UUID of version 4, for what is made; in the call's arena. */
struct bytes ddl_new_id(struct exec_call *call);

/* Begins a change of something that is rows of the door's own tables: what the client is told when they are written. */
void ddl_object_begin(struct exec_call *call, const char *change, const char *target, struct bytes keyspace,
                      struct bytes name);
/* The same of a function, or an aggregate. */
void ddl_function_begin(struct exec_call *call, const char *change, const struct user_function *function);
/* Puts or deletes a row of one of the door's own tables, and then tells the client. */
MUST_USE enum status ddl_row_submit(struct exec_call *call, enum gate_change_kind kind, const char *table,
                                    const struct value *item);

/* The same of a change that is made already. */
MUST_USE enum status ddl_change_submit(struct exec_call *call, const struct gate_change *change);

/* Begins a change of a table that is already checked: what the gate is told, and what the client will be ("CREATED",
 * "UPDATED", "DROPPED"; NULL: nothing). */
struct gate_request ddl_table_begin(struct exec_call *call, const char *change, struct bytes keyspace,
                                    struct bytes name);
/* What the gate said of it, as the statement's. */
MUST_USE enum status ddl_table_submitted(struct exec_call *call, enum status status,
                                         const struct error *error);
/* default_time_to_live is for tables whose cells may expire. */
MUST_USE enum status ddl_check_default_ttl(struct exec_call *call, const struct schema *schema);

#endif
