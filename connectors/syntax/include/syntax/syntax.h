/* CQL text to syntax tree. */
#ifndef CQL_SYNTAX_H
#define CQL_SYNTAX_H

#include "base/error.h"
#include "syntax/ast.h"

/* Parses one statement; semicolons may follow it. The tree is in `arena` and borrows from `text`.
 * Errors: STATUS_INVALID is a syntax error (0x2000) in Cassandra's words: "line 1:7 no viable alternative at input 'FROM'
 * (SELECT [FROM]...)". STATUS_TOO_LARGE is an invalid request (0x2200): beyond a bound of cql/syntax_bounds.h. */
MUST_USE enum status cql_parse(struct bytes text, struct arena *arena, struct cql_statement **ret_statement,
                               struct error *error);

/* Whether the word, in any case, can be a name only in quotes. */
bool cql_is_reserved(struct bytes word);
/* Appends a name as it has to be written: in quotes when it must be. */
void cql_name_format(struct bytes name, struct buffer *buffer);

#endif
