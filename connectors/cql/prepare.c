#include "prepare.h"

#include "base/memory.h"
#include "bind.h"
#include "catalog/catalog.h"
#include "syntax.h"

/* A prepared statement. Its tree, and what PREPARE told, live in its arena. */
struct plan {
    struct arena arena;
    struct cql_statement *statement;
    struct cql_prepared told;
    struct gate *gate;
    struct bytes table; /* full name; empty: it is about none */
    uint32_t table_id;
    uint32_t version; /* of the schema that it was prepared with */
};

const struct cql_statement *cql__plan_statement(const void *prepared)
{
    return ((const struct plan *)prepared)->statement;
}

bool cql__plan_is_current(struct exec *exec, const void *prepared)
{
    const struct plan *plan = prepared;
    const struct schema *schema = NULL;
    if (plan->table.size == 0) {
        return true;
    }
    return gate_table_find(exec->gate, plan->table, &schema, NULL) == STATUS_OK &&
           schema->table == plan->table_id && schema->version == plan->version;
}

void cql__plan_destroy(void *prepared)
{
    struct plan *plan = prepared;
    if (plan != NULL) {
        arena_reset(&plan->arena);
        memory_destroy(plan);
    }
}

/* The table that a statement is about; of a batch its first one's. */
static const struct cql_qualified *plan_table(const struct cql_statement *statement)
{
    switch ((int)statement->kind) {
    case CQL_SELECT:
        return &statement->select.table;
    case CQL_INSERT:
        return &statement->insert.table;
    case CQL_UPDATE:
        return &statement->update.table;
    case CQL_DELETE:
        return &statement->delete.table;
    default:
        return NULL;
    }
}

/* For each partition key column the marker that is for it. */
static void plan_key_markers(struct plan *plan, const struct schema *schema)
{
    const struct cql_metadata *variables = &plan->told.variables;
    uint16_t *markers = arena_create_array(&plan->arena, schema->partition_count, sizeof(*markers));
    for (size_t i = 0; i < schema->partition_count; i++) {
        size_t k = 0;
        while (k < variables->count && !bytes_equal(variables->columns[k].name, schema->partition[i].name)) {
            k++;
        }
        if (k == variables->count) {
            return;
        }
        markers[i] = (uint16_t)k;
    }
    plan->told.key_markers = markers;
    plan->told.key_markers_count = schema->partition_count;
}

static void plan_note_table(struct exec_call *call, struct plan *plan)
{
    const struct cql_qualified *name = plan_table(plan->statement);
    const struct schema *schema = NULL;
    if (name == NULL) {
        return;
    }
    struct bytes keyspace = name->keyspace.size > 0 ? name->keyspace : call->request->keyspace;
    struct bytes full = exec_full_name(call, keyspace, name->name);
    if (gate_table_find(call->exec->gate, full, &schema, NULL) == STATUS_OK) {
        plan->table = full;
        plan->table_id = schema->table;
        plan->version = schema->version;
        plan_key_markers(plan, schema);
    }
}

static enum status plan_describe(struct exec_call *call, struct plan *plan, struct marker_notes *notes)
{
    enum status status = STATUS_OK;
    switch ((int)plan->statement->kind) {
    case CQL_SELECT:
        status = exec_select_note(call, notes, &plan->statement->select, &plan->told.result);
        break;
    case CQL_INSERT:
    case CQL_UPDATE:
    case CQL_DELETE:
    case CQL_BATCH:
        status = exec_modify_note(call, notes, plan->statement);
        break;
    default:
        break;
    }
    for (size_t i = 0; i < notes->count && status == STATUS_OK; i++) {
        if (notes->specs[i].type == NULL) {
            status = exec_fail(call, CQL_INVALID, "it cannot be told what the bind marker %zu is for", i + 1);
        }
    }
    plan->told.variables = (struct cql_metadata){.columns = notes->specs, .count = notes->count};
    return status;
}

static enum status plan_fill(struct exec_call *call, struct plan *plan, struct bytes text)
{
    struct error error;
    enum status status = cql__parse(arena_copy(&plan->arena, text), &plan->arena, &plan->statement, &error);
    if (status != STATUS_OK) {
        return exec_fail(call, status == STATUS_INVALID ? CQL_SYNTAX_ERROR : CQL_INVALID, "%s", error.text);
    }
    struct marker_notes notes = {
        .specs = arena_create_array(&plan->arena, plan->statement->markers, sizeof(struct cql_column_spec)),
        .count = plan->statement->markers,
    };
    exec_markers(call, plan->statement);
    status = plan_describe(call, plan, &notes);
    if (status == STATUS_OK) {
        plan_note_table(call, plan);
    }
    return status;
}

enum status cql__prepare(struct exec_call *call, const struct cql_query *query)
{
    struct plan *plan = memory_create(sizeof(*plan));
    struct arena *kept = call->arena;
    call->arena = &plan->arena; /* what is told lives as long as the statement */
    enum status status = plan_fill(call, plan, query->text);
    call->arena = kept;
    if (status != STATUS_OK) {
        call->failure.message = arena_copy(kept, call->failure.message);
        cql__plan_destroy(plan);
        return status;
    }
    struct cql_answer answer = {.kind = CQL_ANSWER_PREPARED,
                                .prepared = {.told = plan->told, .statement = plan}};
    exec_answer(call, &answer);
    return STATUS_OK;
}
