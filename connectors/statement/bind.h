/* Terms and what is bound to their markers, as values of a column's type. */
#ifndef CQL_BIND_H
#define CQL_BIND_H

#include "exec.h"
#include "term.h"

enum bound_kind {
    BOUND_VALUE,
    BOUND_NULL,
    BOUND_UNSET,
};

struct bound {
    enum bound_kind kind;
    struct value value; /* of BOUND_VALUE: passed type_check */
};

/* The value of a term for something of `type` that is called `name` in messages and in the metadata of markers ("c", "in(c)",
 * "[limit]" …). Functions are called, markers take what the request bound. Failures in Cassandra's words. */
MUST_USE enum status exec_bind(struct exec_call *call, const struct cql_term *term, const struct type *type,
                               struct bytes name, struct bound *ret_bound);
/* The same, serialized; empty unless BOUND_VALUE. */
MUST_USE enum status exec_bind_bytes(struct exec_call *call, const struct cql_term *term,
                                     const struct type *type, struct bytes name, struct bound *ret_bound,
                                     struct bytes *ret_bytes);

/* Whether the values of a partition key may be one: its bytes are neither none nor too many. */
MUST_USE enum status exec_check_partition(struct exec_call *call, const struct schema *schema,
                                          const struct value *values);

/* For selections, whose terms are evaluated row by row: what is bound to a marker, for cql_evaluation.bind with the call as
 * its context; and how the names of types are found. */
MUST_USE enum status exec_bind_marker(void *context, uint16_t marker, struct cql_binding *ret_binding,
                                      struct error *error);
struct type_names exec_type_names(struct exec_call *call);
/* From now on token() is of this table's partition key. */
void exec_key_types(struct exec_call *call, const struct schema *schema);

/* --- the markers of a statement that is being prepared ---------------------------------------------------------------- */

/* While a statement is prepared nothing is bound: those who would bind note instead which column each marker is for. */
struct marker_notes {
    struct cql_column_spec *specs; /* one per marker of the statement, by index; type NULL: not noted yet */
    size_t count;
    size_t noted;          /* of them, from the first on */
    struct bytes keyspace; /* of the statement's table */
    struct bytes table;
};

/* Notes the markers in a term. */
MUST_USE enum status exec_note(struct exec_call *call, struct marker_notes *notes,
                               const struct cql_term *term, const struct type *type, struct bytes name);
/* Notes what call->receivers says of markers, as far as there is none before that is not known: a later call notes those behind it. */
void exec_note_receivers(struct exec_call *call);
/* Notes all markers of an INSERT, UPDATE, DELETE or BATCH. */
MUST_USE enum status exec_modify_note(struct exec_call *call, struct marker_notes *notes,
                                      const struct cql_statement *statement);
/* The same of a SELECT, and the columns of its rows; both in the call's arena. */
MUST_USE enum status exec_select_note(struct exec_call *call, struct marker_notes *notes,
                                      const struct cql_select *statement, struct cql_metadata *ret_result);

#endif
