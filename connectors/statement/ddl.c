/* Keyspaces: USE, CREATE, ALTER, DROP. */
#include "ddl.h"

#include "base/memory.h"
#include "catalog/catalog.h"
#include "documents.h"
#include "keyspaces.h"
#include "options_check.h"
#include "replication.h"
#include "statement/tables.h"
#include "value/type_text.h"

enum {
    NAME_BYTES_MAX = 48, /* Cassandra's, of keyspaces and tables */
};

/* A schema change under way: what the client is told when it is done. */
struct ddl {
    struct cql_schema_change change;
    struct bytes *tables; /* DROP KEYSPACE: still to be dropped */
    size_t tables_count;
};

static void ddl_finish(struct exec_call *call)
{
    const struct ddl *ddl = call->context;
    exec_answer_change(call, &ddl->change);
}

static struct ddl *ddl_begin(struct exec_call *call, const char *change, const char *target,
                             struct bytes keyspace, struct bytes name)
{
    struct ddl *ddl = arena_create(call->arena, sizeof(*ddl));
    ddl->change =
        (struct cql_schema_change){.change = change, .target = target, .keyspace = keyspace, .name = name};
    call->context = ddl;
    return ddl;
}

void ddl_object_begin(struct exec_call *call, const char *change, const char *target, struct bytes keyspace,
                      struct bytes name)
{
    (void)ddl_begin(call, change, target, keyspace, name);
}

void ddl_function_begin(struct exec_call *call, const char *change, const struct user_function *function)
{
    struct ddl *ddl = ddl_begin(call, change, function->is_aggregate ? "AGGREGATE" : "FUNCTION",
                                function->keyspace, function->name);
    ddl->change.arguments = function->argument_types;
    ddl->change.arguments_count = function->count;
}

enum status ddl_row_submit(struct exec_call *call, enum gate_change_kind kind, const char *table,
                           const struct value *item)
{
    struct gate_change *change = arena_create(call->arena, sizeof(*change));
    *change =
        (struct gate_change){.kind = kind, .is_system = true, .table = bytes_of_text(table), .item = item};
    return exec_submit(call, change, 1, ddl_finish);
}

enum status ddl_change_submit(struct exec_call *call, const struct gate_change *change)
{
    struct gate_change *kept = arena_create(call->arena, sizeof(*kept));
    *kept = *change;
    return exec_submit(call, kept, 1, ddl_finish);
}

enum status ddl_exists(struct exec_call *call, struct bytes keyspace, struct bytes name)
{
    enum status status =
        name.size == 0
            ? exec_fail(call, CQL_ALREADY_EXISTS, "Cannot add existing keyspace \"%.*s\"", (int)keyspace.size,
                        (const char *)keyspace.data)
            : exec_fail(call, CQL_ALREADY_EXISTS,
                        "Cannot add already existing table \"%.*s\" to keyspace \"%.*s\"", (int)name.size,
                        (const char *)name.data, (int)keyspace.size, (const char *)keyspace.data);
    call->failure.keyspace = keyspace;
    call->failure.name = name;
    return status;
}

static bool is_name(struct bytes name)
{
    bool is_sound = name.size > 0 && name.size <= NAME_BYTES_MAX;
    for (size_t i = 0; i < name.size && is_sound; i++) {
        uint8_t c = name.data[i];
        is_sound = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    return is_sound;
}

#define NAME_RULE                                                                                            \
    "name must not be empty, more than %d characters long, or contain non-alphanumeric-underscore "          \
    "characters (got \"%.*s\")"

static enum status check_keyspace_name(struct exec_call *call, struct bytes name)
{
    return is_name(name) ? STATUS_OK
                         : exec_fail(call, CQL_INVALID, "Keyspace " NAME_RULE, NAME_BYTES_MAX, (int)name.size,
                                     (const char *)name.data);
}

enum status ddl_check_table_name(struct exec_call *call, struct bytes keyspace, struct bytes name)
{
    return is_name(name)
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR, "%.*s.%.*s: Table " NAME_RULE, (int)keyspace.size,
                           (const char *)keyspace.data, (int)name.size, (const char *)name.data,
                           NAME_BYTES_MAX, (int)name.size, (const char *)name.data);
}

enum status ddl_check_system(struct exec_call *call, struct bytes keyspace)
{
    if (statement__documents_are_in(keyspace)) {
        return exec_fail(call, CQL_INVALID,
                         "Keyspace dynamodb is reserved for tables of documents, which other doors make and "
                         "change: CQL only reads them");
    }
    return exec_keyspace_is_system(keyspace)
               ? exec_fail(call, CQL_UNAUTHORIZED, "%.*s keyspace is not user-modifiable.",
                           (int)keyspace.size, (const char *)keyspace.data)
               : STATUS_OK;
}

enum status ddl_missing(struct exec_call *call, const char *what, struct bytes full, bool if_exists)
{
    if (if_exists) {
        exec_answer_void(call);
        return STATUS_OK;
    }
    return exec_fail(call, CQL_INVALID, "%s '%.*s' doesn't exist", what, (int)full.size,
                     (const char *)full.data);
}

/* --- keyspaces ------------------------------------------------------------------------------------------------------ */

enum status exec_use(struct exec_call *call, const struct cql_keyspace *statement)
{
    if (!exec_keyspace_exists(call, statement->name)) {
        return exec_fail_name(call, "Keyspace '%.*s' does not exist", statement->name);
    }
    struct cql_answer answer = {.kind = CQL_ANSWER_KEYSPACE, .keyspace = statement->name};
    exec_answer(call, &answer);
    return STATUS_OK;
}

static enum status keyspace_properties(struct exec_call *call, const struct cql_keyspace *statement,
                                       struct keyspace_options *options)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < statement->properties.count && status == STATUS_OK; i++) {
        const struct cql_property *property = &statement->properties.at[i];
        struct value value;
        status = exec_literal(call, property->value, &value);
        if (status != STATUS_OK) {
            break;
        }
        if (bytes_equal(property->name, bytes_of_text("replication"))) {
            status = statement__replication_complete(call, statement->name, &options->replication, &value);
            options->replication = value;
        } else if (bytes_equal(property->name, bytes_of_text("durable_writes"))) {
            status = statement__option_boolean(call, "durable_writes", &value, &options->durable_writes);
        } else if (!bytes_equal(property->name, bytes_of_text("tags"))) {
            status = exec_fail(call, CQL_SYNTAX_ERROR, "Unknown property '%.*s'", (int)property->name.size,
                               (const char *)property->name.data);
        }
    }
    return status;
}

static enum status keyspace_put(struct exec_call *call, struct bytes name,
                                const struct keyspace_options *options)
{
    struct value *item = arena_create(call->arena, sizeof(*item));
    const struct value_member members[] = {
        {"durable_writes", value_of_boolean(options->durable_writes)},
        {"keyspace", value_of_text(name)},
        {"replication", options->replication},
    };
    *item = value_of_members(call->arena, members, ARRAY_COUNT(members));
    return ddl_row_submit(call, GATE_PUT, CQL_TABLE_KEYSPACES, item);
}

enum status exec_create_keyspace(struct exec_call *call, const struct cql_keyspace *statement)
{
    struct keyspace_options options = {.durable_writes = true};
    enum status status = check_keyspace_name(call, statement->name);
    if (status == STATUS_OK) {
        status = ddl_check_system(call, statement->name);
    }
    if (status == STATUS_OK) {
        status = keyspace_properties(call, statement, &options);
    }
    if (status == STATUS_OK && options.replication.kind != VALUE_MAP) {
        status = exec_fail(call, CQL_INVALID, "Missing mandatory option 'replication'");
    }
    if (status == STATUS_OK && exec_keyspace_exists(call, statement->name)) {
        if (!statement->if_not_exists) {
            return ddl_exists(call, statement->name, (struct bytes){0});
        }
        exec_answer_void(call);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        statement__replication_warn(call, statement->name, &(struct value){.kind = VALUE_NULL},
                                    &options.replication);
    }
    (void)ddl_begin(call, "CREATED", "KEYSPACE", statement->name, (struct bytes){0});
    return status == STATUS_OK ? keyspace_put(call, statement->name, &options) : status;
}

enum status exec_alter_keyspace(struct exec_call *call, const struct cql_keyspace *statement)
{
    struct keyspace_options options = {.durable_writes = true};
    enum status status = ddl_check_system(call, statement->name);
    if (status == STATUS_OK && statement__keyspace_find(call, statement->name, &options) != STATUS_OK) {
        if (statement->if_exists) {
            exec_answer_void(call);
            return STATUS_OK;
        }
        status = exec_fail_name(call, "Keyspace '%.*s' doesn't exist", statement->name);
    }
    const struct value before = options.replication;
    if (status == STATUS_OK) {
        status = keyspace_properties(call, statement, &options);
    }
    if (status == STATUS_OK) {
        statement__replication_warn(call, statement->name, &before, &options.replication);
    }
    (void)ddl_begin(call, "UPDATED", "KEYSPACE", statement->name, (struct bytes){0});
    return status == STATUS_OK ? keyspace_put(call, statement->name, &options) : status;
}

/* Tables of a keyspace. */
struct tables_of {
    struct exec_call *call;
    struct bytes keyspace;
    struct bytes *names;
    size_t count;
};

static void tables_note(void *context, const struct schema *schema)
{
    struct tables_of *tables = context;
    bool is_in = schema->kind == TABLE_WIDE && schema->name.size > tables->keyspace.size &&
                 bytes_start_with(schema->name, tables->keyspace) &&
                 schema->name.data[tables->keyspace.size] == '.';
    if (is_in) {
        struct bytes *grown = arena_create_array(tables->call->arena, tables->count + 1, sizeof(*grown));
        for (size_t i = 0; i < tables->count; i++) {
            grown[i] = tables->names[i];
        }
        grown[tables->count++] = schema->name;
        tables->names = grown;
    }
}

static struct gate_request ddl_request(struct exec_call *call)
{
    return (struct gate_request){.actor = exec_actor(call), .done = exec_done, .context = call};
}

static enum status drop_next(struct exec_call *call);

static void drop_go_on(struct exec_call *call)
{
    if (drop_next(call) != STATUS_OK) {
        exec_answer_failure(call);
    }
}

/* One table after the other, then the keyspace's types and itself. */
static enum status drop_next(struct exec_call *call)
{
    struct ddl *ddl = call->context;
    struct error error;
    if (ddl->tables_count > 0) {
        struct gate_request request = ddl_request(call);
        call->finish = drop_go_on;
        arena_clear(&call->outcome_arena);
        enum status status =
            gate_table_drop(call->exec->gate, ddl->tables[--ddl->tables_count], &request, &error);
        return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
    }
    struct value *item = arena_create(call->arena, sizeof(*item));
    const struct value_member members[] = {{"keyspace", value_of_text(ddl->change.keyspace)}};
    *item = value_of_members(call->arena, members, 1);
    return ddl_row_submit(call, GATE_DELETE, CQL_TABLE_KEYSPACES, item);
}

/* What else is in a keyspace, as changes that delete it. */
struct rows_of {
    struct exec_call *call;
    struct gate_change *changes;
    size_t count;
};

static void rows_add(struct rows_of *rows, struct gate_change change)
{
    struct gate_change *grown = arena_create_array(rows->call->arena, rows->count + 1, sizeof(*grown));
    for (size_t i = 0; i < rows->count; i++) {
        grown[i] = rows->changes[i];
    }
    grown[rows->count++] = change;
    rows->changes = grown;
}

static void types_note(void *context, const struct type *type)
{
    struct rows_of *types = context;
    struct arena *arena = types->call->arena;
    struct value *item = arena_create(arena, sizeof(*item));
    const struct value_member members[] = {{"keyspace", value_of_text(type->udt->keyspace)},
                                           {"name", value_of_text(type->udt->name)}};
    *item = value_of_members(arena, members, ARRAY_COUNT(members));
    rows_add(types, (struct gate_change){.kind = GATE_DELETE,
                                         .is_system = true,
                                         .table = bytes_of_text(CQL_TABLE_TYPES),
                                         .item = item});
}

static void functions_note(void *context, const struct user_function *function)
{
    struct rows_of *rows = context;
    rows_add(rows, statement__user_function_change(rows->call, GATE_DELETE, function));
}

/* Types, functions and aggregates of a keyspace. */
static enum status rows_gather(struct rows_of *rows, struct bytes keyspace)
{
    enum status status = statement__types_list(rows->call, keyspace, types_note, rows);
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        status = statement__user_functions_list(rows->call, keyspace, (struct bytes){0}, i == 1,
                                                functions_note, rows);
    }
    return status;
}

enum status exec_drop_keyspace(struct exec_call *call, const struct cql_keyspace *statement)
{
    struct tables_of tables = {.call = call, .keyspace = statement->name};
    struct rows_of rows = {.call = call};
    enum status status = ddl_check_system(call, statement->name);
    if (status == STATUS_OK && !exec_keyspace_exists(call, statement->name)) {
        if (statement->if_exists) {
            exec_answer_void(call);
            return STATUS_OK;
        }
        status = exec_fail_name(call, "Keyspace '%.*s' doesn't exist", statement->name);
    }
    if (status != STATUS_OK) {
        return status;
    }
    gate_table_list(call->exec->gate, false, tables_note, &tables);
    struct ddl *ddl = ddl_begin(call, "DROPPED", "KEYSPACE", statement->name, (struct bytes){0});
    ddl->tables = tables.names;
    ddl->tables_count = tables.count;
    status = rows_gather(&rows, statement->name);
    if (status == STATUS_OK && rows.count > 0) {
        return exec_submit(call, rows.changes, rows.count, drop_go_on);
    }
    return status == STATUS_OK ? drop_next(call) : status;
}
