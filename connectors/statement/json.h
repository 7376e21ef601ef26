/* Values as CQL's JSON: toJson, fromJson, SELECT JSON, INSERT JSON. CQL reference, "JSON Support". */
#ifndef CQL_JSON_H
#define CQL_JSON_H

#include "function.h"

/* Appends the JSON of a value of any type; null is "null". */
void statement__json_format(const struct type *type, const struct value *value, struct buffer *buffer);
/* Reads a value of any type from JSON text. STATUS_INVALID in Cassandra's words. */
MUST_USE enum status statement__json_parse(const struct type *type, struct bytes text,
                                           const struct cql_moment *moment, struct value *ret_value);

/* The members of a JSON object that is a row: names as columns (quotes resolved, small letters otherwise), texts of the
 * values not yet read. */
struct cql_json_row {
    struct cql_names names;
    const struct value *values; /* as the plain JSON has them: for statement__json_value */
};
MUST_USE enum status statement__json_row(struct bytes text, const struct cql_moment *moment,
                                         struct cql_json_row *ret_row);
/* One of them as a value of its column's type. STATUS_INVALID. */
MUST_USE enum status statement__json_value(const struct type *type, const struct value *json,
                                           const struct cql_moment *moment, struct value *ret_value);
/* Appends a name as a member of SELECT JSON's objects: with quotes of its own when it has capitals. */
void statement__json_name(struct bytes name, struct buffer *buffer);

#endif
