/* CREATE and DROP TRIGGER: checked as in Cassandra, and refused, since a trigger there is a class of Java's. */
#include "authorize.h"
#include "ddl.h"

enum status exec_create_trigger(struct exec_call *call, const struct cql_trigger *statement)
{
    struct exec_table table;
    if (call->exec->node->authorizes && !statement__is_superuser(call)) {
        return exec_fail(call, CQL_UNAUTHORIZED,
                         "Only superusers are allowed to perform CREATE TRIGGER queries");
    }
    enum status status = exec_find_table(call, &statement->table, &table);
    return status == STATUS_OK
               ? exec_fail_name(
                     call,
                     "Trigger class '%.*s' couldn't be loaded: functions in Lua are what reacts to "
                     "changes of a table (oxbow deploy, oxbow map)",
                     statement->class_name)
               : status;
}

enum status exec_drop_trigger(struct exec_call *call, const struct cql_trigger *statement)
{
    struct bytes keyspace = {0};
    if (call->exec->node->authorizes && !statement__is_superuser(call)) {
        return exec_fail(call, CQL_UNAUTHORIZED,
                         "Only superusers are allowed to perform DROP TRIGGER queries");
    }
    enum status status = exec_find_keyspace(call, statement->table.keyspace, &keyspace);
    if (statement->if_exists && (status == STATUS_OK || statement->table.keyspace.size > 0)) {
        exec_answer_void(call);
        return STATUS_OK;
    }
    return status == STATUS_OK
               ? exec_fail(call, CQL_INVALID, "Trigger '%.*s' on '%.*s.%.*s' doesn't exist",
                           (int)statement->name.size, (const char *)statement->name.data, (int)keyspace.size,
                           (const char *)keyspace.data, (int)statement->table.name.size,
                           (const char *)statement->table.name.data)
               : status;
}
