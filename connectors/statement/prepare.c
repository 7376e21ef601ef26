#include "prepare.h"

#include "base/memory.h"
#include "bind.h"
#include "describe.h"
#include "source.h"
#include "syntax/syntax.h"
#include "value/type_stored.h"

/* A statement that was prepared: everything of it is in its own arena. */
struct plan {
    struct arena arena;
    struct bytes text;
    struct bytes keyspace; /* that names without one were in, and are in wherever it is executed */
    struct cql_statement *statement;
    struct cql_prepared told;
    /* The table that it is about, as it was; empty: none, or several. */
    struct bytes table;
    uint32_t table_id;
    uint32_t generation;
    uint32_t version;
    bool uses_functions; /* users', as they were when the schema … */
    uint64_t changes;    /* … had changed so often */
};

/* --- keys ------------------------------------------------------------------------------------------------------------ */

/* NOLINTBEGIN(misc-no-recursion): a batch holds no batches */
/* The table that a statement, or all of a batch, is about; NULL: none, or several. */
static const struct cql_qualified *statement_table(const struct exec_call *call,
                                                   const struct cql_statement *statement)
{
    const struct cql_statements *statements = &statement->batch.statements;
    const struct cql_qualified *table = NULL;
    switch ((int)statement->kind) {
    case CQL_SELECT:
        return &statement->select.table;
    case CQL_INSERT:
        return &statement->insert.table;
    case CQL_UPDATE:
        return &statement->update.table;
    case CQL_DELETE:
        return &statement->delete.table;
    case CQL_BATCH:
        for (size_t i = 0; i < statements->count; i++) {
            const struct cql_qualified *next = statement_table(call, statements->at[i]);
            if (table != NULL &&
                !(bytes_equal(next->name, table->name) &&
                  bytes_equal(exec_keyspace_of(call, next), exec_keyspace_of(call, table)))) {
                return NULL;
            }
            table = next;
        }
        return table;
    default:
        return NULL;
    }
}

/* Whether a statement, or each of a batch, names its table's keyspace. */
static bool statement_is_qualified(const struct cql_statement *statement)
{
    const struct cql_statements *statements = &statement->batch.statements;
    bool is_qualified = statement->kind == CQL_BATCH;
    for (size_t i = 0; is_qualified && i < statements->count; i++) {
        is_qualified = statement_is_qualified(statements->at[i]);
    }
    const struct cql_qualified *table =
        statement->kind == CQL_BATCH ? NULL : statement_table(NULL, statement);
    return is_qualified || (table != NULL && table->keyspace.size > 0);
}

/* NOLINTEND(misc-no-recursion) */

static const struct cql_relations *statement_where(const struct cql_statement *statement)
{
    switch ((int)statement->kind) {
    case CQL_SELECT:
        return &statement->select.where;
    case CQL_UPDATE:
        return &statement->update.where;
    case CQL_DELETE:
        return &statement->delete.where;
    default:
        return NULL;
    }
}

static const struct cql_term *inserted_term(const struct cql_statement *statement, struct bytes column)
{
    const struct cql_insert *insert = &statement->insert;
    for (size_t i = 0; i < insert->columns.count && i < insert->values.count; i++) {
        if (bytes_equal(insert->columns.at[i], column)) {
            return insert->values.at[i];
        }
    }
    return NULL;
}

static int marker_of(const struct cql_term *term, int before)
{
    return term != NULL && term->kind == CQL_TERM_MARKER ? term->marker.index : before;
}

/* The last marker by itself in `column = ?` or `column IN (?, …)`, `before` when there is none. */
static int relation_marker(const struct cql_relation *relation, struct bytes column, int before)
{
    int last = before;
    if (relation->kind != CQL_RELATION_COLUMN || !bytes_equal(relation->columns.at[0], column)) {
        return before;
    }
    if (relation->comparison == CQL_EQUAL) {
        return marker_of(relation->value, before);
    }
    bool is_list = relation->comparison == CQL_IN && relation->value == NULL;
    for (size_t i = 0; is_list && i < relation->values.count; i++) {
        last = marker_of(relation->values.at[i], last);
    }
    return last;
}

/* The same of a whole statement. */
static int key_marker(const struct cql_statement *statement, struct bytes column, int before)
{
    const struct cql_relations *where = statement_where(statement);
    int last = before;
    if (statement->kind == CQL_INSERT) {
        return marker_of(inserted_term(statement, column), before);
    }
    for (size_t i = 0; where != NULL && i < where->count; i++) {
        last = relation_marker(&where->at[i], column, last);
    }
    return last;
}

/* Which markers bind the partition key, all of it: of several for one column, in a list or in the statements of a batch, the last,
 * as Cassandra tells them. */
static void plan_keys(struct plan *plan, const struct schema *schema)
{
    const struct cql_statement *statement = plan->statement;
    bool is_batch = statement->kind == CQL_BATCH;
    uint16_t *markers = arena_create_array(&plan->arena, schema->partition_count, sizeof(*markers));
    for (size_t i = 0; i < schema->partition_count; i++) {
        int marker = -1;
        for (size_t k = 0; k < (is_batch ? statement->batch.statements.count : 1); k++) {
            marker = key_marker(is_batch ? statement->batch.statements.at[k] : statement,
                                schema->partition[i].name, marker);
        }
        if (marker < 0) {
            return;
        }
        markers[i] = (uint16_t)marker;
    }
    plan->told.key_markers = markers;
    plan->told.key_markers_count = schema->partition_count;
}

/* --- plans ----------------------------------------------------------------------------------------------------------- */

static enum status plan_parse(struct exec_call *call, struct bytes text, struct plan *plan)
{
    struct error error;
    plan->text = arena_copy(&plan->arena, text);
    enum status status = cql_parse(plan->text, &plan->arena, &plan->statement, &error);
    return status == STATUS_OK
               ? status
               : exec_fail(call, status == STATUS_INVALID ? CQL_SYNTAX_ERROR : CQL_INVALID, "%s", error.text);
}

/* The table, copied: its types are what metadata point to. */
static enum status plan_table(struct exec_call *call, struct plan *plan)
{
    struct source source;
    const struct cql_qualified *name = statement_table(call, plan->statement);
    if (name == NULL) {
        return STATUS_OK;
    }
    enum status status = statement__source_find(call, name, 0, &source);
    if (status != STATUS_OK) {
        return status;
    }
    if (source.system == NULL) {
        const struct schema *schema = source.table.schema;
        plan->table = arena_copy(&plan->arena, source.stored);
        plan->table_id = schema->table;
        plan->generation = schema->generation;
        plan->version = schema->version;
    }
    plan_keys(plan, source.table.schema);
    return STATUS_OK;
}

/* Markers and result. `call` has the plan's arena. */
static enum status plan_note(struct exec_call *call, struct plan *plan)
{
    const struct cql_statement *statement = plan->statement;
    struct marker_notes notes = {.count = statement->markers};
    enum status status = STATUS_OK;
    notes.specs = arena_create_array(&plan->arena, notes.count, sizeof(*notes.specs));
    exec_markers(call, statement);
    switch ((int)statement->kind) {
    case CQL_SELECT:
        status = exec_select_note(call, &notes, &statement->select, &plan->told.result);
        break;
    case CQL_INSERT:
    case CQL_UPDATE:
    case CQL_DELETE:
    case CQL_BATCH:
        status = exec_modify_note(call, &notes, statement);
        break;
    case CQL_DESCRIBE:
        plan->told.result = statement__describe_result(call, &statement->describe);
        break;
    default:
        break;
    }
    for (size_t i = 0; i < notes.count && status == STATUS_OK; i++) {
        if (notes.specs[i].type == NULL) {
            return exec_fail(call, CQL_INVALID, "Cannot tell what the marker number %zu is for", i + 1);
        }
    }
    plan->told.variables = (struct cql_metadata){.columns = notes.specs, .count = notes.count};
    return status;
}

/* Types and names in metadata are in the plan's arena: schemas may go while it is used. */
static void metadata_keep(struct plan *plan, struct cql_metadata *metadata)
{
    struct cql_column_spec *columns = arena_create_array(&plan->arena, metadata->count, sizeof(*columns));
    for (size_t i = 0; i < metadata->count; i++) {
        const struct cql_column_spec *spec = &metadata->columns[i];
        struct buffer bytes = {0};
        struct type *type = arena_create(&plan->arena, sizeof(*type));
        type_encode(spec->type, &bytes);
        struct reader reader = reader_of(arena_copy(&plan->arena, buffer_bytes(&bytes)));
        CHECK(type_decode(&reader, &plan->arena, type, NULL) == STATUS_OK);
        buffer_reset(&bytes);
        columns[i] = (struct cql_column_spec){.keyspace = arena_copy(&plan->arena, spec->keyspace),
                                              .table = arena_copy(&plan->arena, spec->table),
                                              .name = arena_copy(&plan->arena, spec->name),
                                              .type = type};
    }
    metadata->columns = columns;
}

static enum status plan_make(struct exec_call *call, const struct cql_query *query, struct plan *plan)
{
    struct exec_call preparing = *call;
    preparing.arena = &plan->arena;
    preparing.query = query;
    plan->keyspace = arena_copy(&plan->arena, call->request->keyspace);
    preparing.keyspace = plan->keyspace;
    plan->changes = atomic_load(&call->exec->node->changes);
    enum status status = plan_parse(&preparing, query->text, plan);
    if (status == STATUS_OK) {
        status = plan_table(&preparing, plan);
    }
    if (status == STATUS_OK) {
        status = plan_note(&preparing, plan);
    }
    if (status == STATUS_OK) {
        metadata_keep(plan, &plan->told.variables);
        metadata_keep(plan, &plan->told.result);
        plan->uses_functions = preparing.uses_functions;
        plan->told.is_qualified = statement_is_qualified(plan->statement);
    } else {
        call->failure = preparing.failure;
        call->failure.message = arena_copy(call->arena, preparing.failure.message);
    }
    return status;
}

enum status statement__prepare(struct exec_call *call, const struct cql_query *query)
{
    struct plan *plan = memory_create(sizeof(*plan));
    enum status status = plan_make(call, query, plan);
    if (status != STATUS_OK) {
        statement__plan_destroy(plan);
        return status;
    }
    struct cql_answer answer = {.kind = CQL_ANSWER_PREPARED,
                                .prepared = {.told = plan->told, .statement = plan}};
    exec_answer(call, &answer);
    return STATUS_OK;
}

const struct cql_statement *statement__plan_statement(const void *prepared)
{
    return ((const struct plan *)prepared)->statement;
}

struct bytes statement__plan_text(const void *prepared)
{
    return ((const struct plan *)prepared)->text;
}

struct bytes statement__plan_keyspace(const void *prepared)
{
    return ((const struct plan *)prepared)->keyspace;
}

static bool plan_is_of(const struct plan *plan, const struct schema *schema)
{
    return schema->table == plan->table_id && schema->generation == plan->generation &&
           schema->version == plan->version;
}

const struct cql_metadata *statement__plan_result(const void *prepared, const struct schema *schema)
{
    const struct plan *plan = prepared;
    return plan->table.size == 0 || plan_is_of(plan, schema) ? &plan->told.result : NULL;
}

bool statement__plan_is_current(struct exec *exec, const void *prepared)
{
    const struct plan *plan = prepared;
    const struct schema *schema = NULL;
    if (plan->uses_functions && plan->changes != atomic_load(&exec->node->changes)) {
        return false;
    }
    return plan->table.size == 0 ||
           (gate_table_find(exec->gate, plan->table, &schema, NULL) == STATUS_OK && plan_is_of(plan, schema));
}

void statement__plan_destroy(void *prepared)
{
    struct plan *plan = prepared;
    if (plan != NULL) {
        arena_reset(&plan->arena);
        memory_destroy(plan);
    }
}
