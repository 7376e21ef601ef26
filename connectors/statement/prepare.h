/* Prepared statements: what PREPARE tells of a statement, and what EXECUTE goes on from. */
#ifndef CQL_PREPARE_H
#define CQL_PREPARE_H

#include "exec.h"

/* Answers PREPARE, or fails. */
MUST_USE enum status statement__prepare(struct exec_call *call, const struct cql_query *query);
/* The statement's tree, as long as it is prepared. */
const struct cql_statement *statement__plan_statement(const void *prepared);
/* As it was prepared, as long. */
struct bytes statement__plan_text(const void *prepared);
/* Of names without one, wherever it is executed; empty: it was prepared in none. */
struct bytes statement__plan_keyspace(const void *prepared);
/* The columns of the rows that it gives, as PREPARE told them; none when it gives no rows. NULL: `schema`, with which it is
 * executed, is not the one that it was prepared with; the table may be altered after it was found to be current. */
const struct cql_metadata *statement__plan_result(const void *prepared, const struct schema *schema);
/* False once its table was altered, dropped or made anew. */
bool statement__plan_is_current(struct exec *exec, const void *prepared);
void statement__plan_destroy(void *prepared);

#endif
