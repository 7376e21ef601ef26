/* expr(index, text), which no class of indexes that there is knows. */
#include "restrictions.h"
#include "views.h"

enum status statement__restrictions_custom(struct exec_call *call, const struct source *source,
                                           const struct cql_relation *relation, bool is_again)
{
    const struct schema *schema = source->table.schema;
    struct bytes keyspace = source->table.keyspace;
    struct bytes table = source->table.name;
    struct bytes name = relation->columns.at[0];
    const struct index_schema *index = schema == NULL ? NULL : schema_index(schema, name);
    bool is_there = index != NULL && source->view == NULL && !statement__view_is(index);
    bool is_elsewhere = relation->field.size > 0 && !bytes_equal(relation->field, keyspace);
    if (is_again) {
        return exec_fail(call, CQL_INVALID,
                         "Multiple custom index expressions in a single query are not supported");
    }
    if (is_elsewhere || !is_there) {
        return exec_fail(call, CQL_INVALID,
                         is_elsewhere ? "Target index %.*s cannot be used to query %.*s.%.*s"
                                      : "Invalid index expression, index %.*s not found for %.*s.%.*s",
                         (int)name.size, (const char *)name.data, (int)keyspace.size,
                         (const char *)keyspace.data, (int)table.size, (const char *)table.data);
    }
    return exec_fail_name(call,
                          statement__index_class(index, call->arena).size > 0
                              ? "Index %.*s does not support custom expressions"
                              : "Only CUSTOM indexes may be used in custom index expressions, %.*s is not "
                                "valid",
                          name);
}
