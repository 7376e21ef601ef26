/* What changes of tables share; DROP and TRUNCATE. */
#include "ddl.h"
#include "views.h"

/* What the client is told when the change is made. */
struct table_change {
    const char *change;
    struct bytes keyspace;
    struct bytes name;
};

static void table_finish(struct exec_call *call)
{
    const struct table_change *change = call->context;
    if (change->change == NULL) {
        exec_answer_void(call);
        return;
    }
    const struct cql_schema_change told = {.change = change->change,
                                           .target = "TABLE",
                                           .keyspace = change->keyspace,
                                           .name = change->name};
    exec_answer_change(call, &told);
}

struct gate_request ddl_table_begin(struct exec_call *call, const char *change, struct bytes keyspace,
                                    struct bytes name)
{
    struct table_change *kept = arena_create(call->arena, sizeof(*kept));
    *kept = (struct table_change){.change = change, .keyspace = keyspace, .name = name};
    call->context = kept;
    call->finish = table_finish;
    return (struct gate_request){.actor = exec_actor(call), .done = exec_done, .context = call};
}

enum status ddl_table_submitted(struct exec_call *call, enum status status, const struct error *error)
{
    return status == STATUS_OK ? status : exec_fail_status(call, status, error->text);
}

/* Counters do not expire. */
enum status ddl_check_default_ttl(struct exec_call *call, const struct schema *schema)
{
    bool has_counters = false;
    for (size_t i = 0; i < schema->columns_count; i++) {
        has_counters |= schema->columns[i].type.kind == TYPE_COUNTER;
    }
    return has_counters && schema->default_ttl_seconds > 0
               ? exec_fail(call, CQL_INVALID, "Cannot set default_time_to_live on a table with counters")
               : STATUS_OK;
}

enum status exec_drop_table(struct exec_call *call, const struct cql_object *statement)
{
    struct bytes keyspace = statement->name.keyspace.size > 0 ? statement->name.keyspace : call->keyspace;
    struct bytes full = exec_full_name(call, keyspace, statement->name.name);
    const struct schema *schema = NULL;
    struct error error;
    enum status status = ddl_check_system(call, keyspace);
    if (status == STATUS_OK) {
        status = statement__view_refuse(call, &statement->name,
                                        "Cannot use DROP TABLE on a materialized view. Please use DROP "
                                        "MATERIALIZED VIEW instead.");
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (gate_table_find(call->exec->gate, full, &schema, &error) != STATUS_OK || schema->kind != TABLE_WIDE) {
        return ddl_missing(call, "Table", full, statement->if_exists);
    }
    struct bytes views = statement__view_names(schema, call->arena);
    if (views.size > 0) {
        return exec_fail_name(call, "Cannot drop a table when materialized views still depend on it (%.*s)",
                              views);
    }
    struct gate_request request = ddl_table_begin(call, "DROPPED", keyspace, statement->name.name);
    return ddl_table_submitted(call, gate_table_drop(call->exec->gate, full, &request, &error), &error);
}

enum status exec_truncate(struct exec_call *call, const struct cql_object *statement)
{
    struct exec_table table;
    struct error error;
    enum status status = ddl_check_system(call, exec_keyspace_of(call, &statement->name));
    if (status == STATUS_OK) {
        status = statement__view_refuse(
            call, &statement->name,
            "Cannot TRUNCATE materialized view directly; must truncate base table instead");
    }
    if (status == STATUS_OK) {
        status = exec_find_table(call, &statement->name, &table);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct gate_request request = ddl_table_begin(call, NULL, table.keyspace, table.name);
    return ddl_table_submitted(call, gate_table_truncate(call->exec->gate, table.full, &request, &error),
                               &error);
}
