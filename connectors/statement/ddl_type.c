/* User-defined types: CREATE, ALTER, DROP. */
#include "ddl.h"
#include "keyspaces.h"
#include "statement/tables.h"
#include "value/type_text.h"

static enum status type_put(struct exec_call *call, const struct type *type)
{
    struct value *item = arena_create(call->arena, sizeof(*item));
    struct value *fields = arena_create_array(call->arena, type->count, sizeof(*fields));
    for (size_t i = 0; i < type->count; i++) {
        struct buffer text = {0};
        struct value *pair = arena_create_array(call->arena, 2, sizeof(*pair));
        type_format(&type->parameters[i], &text);
        pair[0] = value_of_text(type->udt->fields[i]);
        pair[1] = value_of_text(arena_copy(call->arena, buffer_bytes(&text)));
        fields[i] = (struct value){.kind = VALUE_LIST, .items = {.at = pair, .count = 2}};
        buffer_reset(&text);
    }
    const struct value_member members[] = {
        {"fields", {.kind = VALUE_LIST, .items = {.at = fields, .count = type->count}}},
        {"keyspace", value_of_text(type->udt->keyspace)},
        {"name", value_of_text(type->udt->name)},
    };
    *item = value_of_members(call->arena, members, ARRAY_COUNT(members));
    return ddl_row_submit(call, GATE_PUT, CQL_TABLE_TYPES, item);
}

static enum status type_fields(struct exec_call *call, struct bytes keyspace,
                               const struct cql_columns *columns, struct type *types, struct bytes *names)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < columns->count && status == STATUS_OK; i++) {
        const struct cql_column *column = &columns->at[i];
        names[i] = column->name;
        status = exec_type(call, &column->type, keyspace, &types[i]);
        if (status == STATUS_OK && types[i].kind == TYPE_COUNTER) {
            status = exec_fail(call, CQL_INVALID, "A user type cannot contain counters");
        }
        if (status == STATUS_OK && types[i].kind == TYPE_UDT && !types[i].is_frozen) {
            status = exec_fail(call, CQL_INVALID, "A user type cannot contain non-frozen UDTs");
        }
        for (size_t k = 0; k < i && status == STATUS_OK; k++) {
            if (bytes_equal(names[k], names[i])) {
                status = exec_fail_name(call, "Duplicate field name '%.*s' in type", names[i]);
            }
        }
    }
    return status;
}

enum status exec_create_type(struct exec_call *call, const struct cql_create_type *statement)
{
    struct type type = {.kind = TYPE_UDT, .count = statement->fields.count};
    struct type_udt *udt = arena_create(call->arena, sizeof(*udt));
    struct type found;
    struct type *types = arena_create_array(call->arena, type.count, sizeof(*types));
    struct bytes *names = arena_create_array(call->arena, type.count, sizeof(*names));
    enum status status = exec_find_keyspace(call, statement->name.keyspace, &udt->keyspace);
    if (status == STATUS_OK) {
        status = ddl_check_system(call, udt->keyspace);
    }
    if (status == STATUS_OK &&
        statement__type_find(call, udt->keyspace, statement->name.name, &found) == STATUS_OK) {
        if (statement->if_not_exists) {
            exec_answer_void(call);
            return STATUS_OK;
        }
        status = exec_fail_name(call, "A user type with name '%.*s' already exists", statement->name.name);
    }
    if (status == STATUS_OK) {
        status = type_fields(call, udt->keyspace, &statement->fields, types, names);
    }
    udt->name = statement->name.name;
    udt->fields = names;
    type.parameters = types;
    type.udt = udt;
    ddl_object_begin(call, "CREATED", "TYPE", udt->keyspace, udt->name);
    return status == STATUS_OK ? type_put(call, &type) : status;
}

/* Whether a type has another one anywhere inside. */
/* NOLINTNEXTLINE(misc-no-recursion): types have bounds */
static bool type_uses(const struct type *type, const struct type_udt *udt)
{
    bool uses = type->kind == TYPE_UDT && bytes_equal(type->udt->keyspace, udt->keyspace) &&
                bytes_equal(type->udt->name, udt->name);
    for (size_t i = 0; i < type->count && !uses; i++) {
        uses = type_uses(&type->parameters[i], udt);
    }
    return uses;
}

static bool key_uses(const struct key_column *columns, size_t count, const struct type_udt *udt)
{
    bool uses = false;
    for (size_t i = 0; i < count && !uses; i++) {
        uses = type_uses(&columns[i].type, udt);
    }
    return uses;
}

/* The names of what has a type in it. */
struct type_users {
    struct exec_call *call;
    const struct type_udt *udt;
    struct buffer names;
};

static void users_add(struct type_users *users, struct bytes name)
{
    buffer_put_text(&users->names, users->names.size == 0 ? "" : ", ");
    buffer_put(&users->names, name);
}

static void users_table(void *context, const struct schema *schema)
{
    struct type_users *users = context;
    bool uses = key_uses(schema->partition, schema->partition_count, users->udt) ||
                key_uses(schema->clustering, schema->clustering_count, users->udt);
    for (size_t i = 0; i < schema->columns_count && !uses; i++) {
        uses = type_uses(&schema->columns[i].type, users->udt);
    }
    if (uses) { /* only those of the type's keyspace can */
        users_add(users, bytes_from(schema->name, users->udt->keyspace.size + 1));
    }
}

static void users_type(void *context, const struct type *type)
{
    struct type_users *users = context;
    if (!bytes_equal(type->udt->name, users->udt->name) && type_uses(type, users->udt)) {
        users_add(users, type->udt->name);
    }
}

/* Functions that take or give the type, or keep it as their state. */
static void users_function(void *context, const struct user_function *function)
{
    struct type_users *users = context;
    bool uses = type_uses(&function->returns, users->udt) ||
                (function->is_aggregate && type_uses(&function->state_type, users->udt));
    for (size_t i = 0; i < function->count && !uses; i++) {
        uses = type_uses(&function->arguments[i], users->udt);
    }
    if (uses) {
        users_add(users, exec_full_name(users->call, function->keyspace, function->name));
    }
}

static enum status users_refuse(struct type_users *users, const char *what)
{
    const struct type_udt *udt = users->udt;
    return users->names.size == 0
               ? STATUS_OK
               : exec_fail(users->call, CQL_INVALID,
                           "Cannot drop user type '%.*s.%.*s' as it is still used by %s %.*s",
                           (int)udt->keyspace.size, (const char *)udt->keyspace.data, (int)udt->name.size,
                           (const char *)udt->name.data, what, (int)users->names.size,
                           (const char *)users->names.data);
}

static enum status type_check_users(struct exec_call *call, const struct type_udt *udt)
{
    struct type_users users = {.call = call, .udt = udt};
    enum status status = STATUS_OK;
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        status = statement__user_functions_list(call, udt->keyspace, (struct bytes){0}, i == 1,
                                                users_function, &users);
    }
    status = status == STATUS_OK ? users_refuse(&users, "functions") : status;
    if (status == STATUS_OK) {
        status = statement__types_list(call, udt->keyspace, users_type, &users);
    }
    status = status == STATUS_OK ? users_refuse(&users, "user types") : status;
    if (status == STATUS_OK) {
        gate_table_list(call->exec->gate, false, users_table, &users);
        status = users_refuse(&users, "tables");
    }
    buffer_reset(&users.names);
    return status;
}

enum status exec_drop_type(struct exec_call *call, const struct cql_object *statement)
{
    struct bytes keyspace = statement->name.keyspace.size > 0 ? statement->name.keyspace : call->keyspace;
    struct type type;
    if (statement__type_find(call, keyspace, statement->name.name, &type) != STATUS_OK) {
        return ddl_missing(call, "Type", exec_full_name(call, keyspace, statement->name.name),
                           statement->if_exists);
    }
    enum status status = type_check_users(call, type.udt);
    struct value *item = arena_create(call->arena, sizeof(*item));
    const struct value_member members[] = {{"keyspace", value_of_text(keyspace)},
                                           {"name", value_of_text(statement->name.name)}};
    *item = value_of_members(call->arena, members, ARRAY_COUNT(members));
    ddl_object_begin(call, "DROPPED", "TYPE", keyspace, statement->name.name);
    return status == STATUS_OK ? ddl_row_submit(call, GATE_DELETE, CQL_TABLE_TYPES, item) : status;
}

/* --- ALTER ------------------------------------------------------------------------------------------------------------ */

/* A type with `udt` as it is from now on wherever it is in it. */
/* NOLINTNEXTLINE(misc-no-recursion): types have bounds */
static struct type type_replace(const struct type *type, const struct type *udt, struct arena *arena)
{
    struct type next = *type;
    bool is_it = type->kind == TYPE_UDT && bytes_equal(type->udt->keyspace, udt->udt->keyspace) &&
                 bytes_equal(type->udt->name, udt->udt->name);
    if (is_it) {
        next = type->is_frozen ? type_freeze(udt, arena) : *udt;
        return next;
    }
    struct type *parameters = arena_create_array(arena, type->count, sizeof(*parameters));
    for (size_t i = 0; i < type->count; i++) {
        parameters[i] = type_replace(&type->parameters[i], udt, arena);
    }
    next.parameters = parameters;
    return next;
}

static void key_replace(struct key_column *columns, size_t count, const struct type *udt, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        columns[i].type = type_replace(&columns[i].type, udt, arena);
    }
}

/* A type that becomes another one: tables have copies of it, and follow one after the other; then the type's own row. */
struct type_change {
    struct type type;
    struct bytes *tables; /* still to be changed */
    size_t count;
};

/* Tables that have the type: those that find rows by it as it was written (partition keys, indexed values, partition keys of
 * views) cannot follow: what was written without the field would not be found by what has it as null, of which both are the same
 * value. Clustering keys, of views too, are found by their values, which a field that is null does not change. */
struct type_tables {
    struct exec_call *call;
    const struct type_udt *udt;
    struct type_change *change;
    struct buffer in_partition; /* names of tables that have it in their partition keys, joined */
    struct bytes in_index;      /* one with an index whose partition key has it */
};

static void type_note_table(void *context, const struct schema *schema)
{
    struct type_tables *tables = context;
    bool uses = false;
    bool is_indexed = false;
    bool is_partition = key_uses(schema->partition, schema->partition_count, tables->udt);
    uses |= is_partition || key_uses(schema->clustering, schema->clustering_count, tables->udt);
    for (size_t i = 0; i < schema->columns_count; i++) {
        uses |= type_uses(&schema->columns[i].type, tables->udt);
    }
    for (size_t i = 0; i < schema->indexes_count; i++) {
        const struct index_schema *index = &schema->indexes[i];
        is_indexed |= key_uses(index->partition, index->partition_count, tables->udt);
        uses |= key_uses(index->clustering, index->clustering_count, tables->udt);
    }
    tables->in_index = is_indexed ? schema->name : tables->in_index;
    if (is_partition) {
        buffer_put_text(&tables->in_partition, tables->in_partition.size == 0 ? "" : ", ");
        buffer_put(&tables->in_partition, schema->name);
    }
    if (uses || is_indexed) {
        struct type_change *change = tables->change;
        change->tables =
            arena_grow_array(tables->call->arena, change->tables, change->count, sizeof(*change->tables));
        change->tables[change->count++] = schema->name;
    }
}

static enum status alter_next(struct exec_call *call);

static void alter_go_on(struct exec_call *call)
{
    if (alter_next(call) != STATUS_OK) {
        exec_answer_failure(call);
    }
}

static enum status alter_next(struct exec_call *call)
{
    struct type_change *change = call->context;
    const struct schema *schema = NULL;
    struct error error;
    while (change->count > 0 &&
           gate_table_find(call->exec->gate, change->tables[change->count - 1], &schema, NULL) != STATUS_OK) {
        change->count--; /* dropped meanwhile */
    }
    if (change->count == 0) {
        ddl_object_begin(call, "UPDATED", "TYPE", change->type.udt->keyspace, change->type.udt->name);
        return type_put(call, &change->type);
    }
    struct schema *next = schema_copy(schema, call->arena);
    for (size_t i = 0; i < next->columns_count; i++) {
        next->columns[i].type = type_replace(&next->columns[i].type, &change->type, call->arena);
    }
    key_replace(next->partition, next->partition_count, &change->type, call->arena);
    key_replace(next->clustering, next->clustering_count, &change->type, call->arena);
    for (size_t i = 0; i < next->indexes_count;
         i++) { /* of keys only names of fields change: their order stays */
        struct index_schema *index = &next->indexes[i];
        key_replace(index->partition, index->partition_count, &change->type, call->arena);
        key_replace(index->clustering, index->clustering_count, &change->type, call->arena);
    }
    change->count--;
    struct gate_request request = {.actor = exec_actor(call), .done = exec_done, .context = call};
    call->finish = alter_go_on;
    arena_clear(&call->outcome_arena);
    enum status status = gate_table_alter(call->exec->gate, schema, next, &request, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

static enum status alter_fail(struct exec_call *call, const char *format, struct bytes field,
                              const struct type_udt *udt)
{
    return exec_fail(call, CQL_INVALID, format, (int)field.size, (const char *)field.data,
                     (int)udt->name.size, (const char *)udt->name.data);
}

static size_t field_of(const struct bytes *names, size_t count, struct bytes name)
{
    size_t i = 0;
    while (i < count && !bytes_equal(names[i], name)) {
        i++;
    }
    return i;
}

/* The fields that are added. */
static enum status alter_add(struct exec_call *call, const struct cql_alter_table *statement,
                             const struct type *before, struct type *types, struct bytes *names,
                             size_t *count)
{
    for (size_t i = 0; i < statement->columns.count; i++) {
        const struct cql_column *column = &statement->columns.at[i];
        if (field_of(names, *count, column->name) < *count) {
            if (statement->column_if_not_exists) {
                continue;
            }
            return exec_fail(call, CQL_INVALID,
                             "Cannot add field %.*s to type %.*s.%.*s: a field with name %.*s already exists",
                             (int)column->name.size, (const char *)column->name.data,
                             (int)before->udt->keyspace.size, (const char *)before->udt->keyspace.data,
                             (int)before->udt->name.size, (const char *)before->udt->name.data,
                             (int)column->name.size, (const char *)column->name.data);
        }
        struct cql_columns one = {.at = &statement->columns.at[i], .count = 1};
        enum status status = type_fields(call, before->udt->keyspace, &one, &types[*count], &names[*count]);
        if (status == STATUS_OK && type_uses(&types[*count], before->udt)) {
            status = alter_fail(call,
                                "Cannot add new field %.*s to user type %.*s as it would create a circular "
                                "reference",
                                column->name, before->udt);
        }
        if (status != STATUS_OK) {
            return status;
        }
        (*count)++;
    }
    return STATUS_OK;
}

static enum status alter_rename(struct exec_call *call, const struct cql_alter_table *statement,
                                const struct type *before, struct bytes *names)
{
    for (size_t i = 0; i < statement->names.count; i++) {
        size_t field = field_of(names, before->count, statement->names.at[i]);
        if (field == before->count && statement->column_if_exists) {
            continue;
        }
        if (field == before->count) {
            return alter_fail(call, "Unknown field %.*s in user type %.*s", statement->names.at[i],
                              before->udt);
        }
        if (field_of(names, before->count, statement->new_names.at[i]) < before->count) {
            return alter_fail(call, "Duplicate field name %.*s in type %.*s", statement->new_names.at[i],
                              before->udt);
        }
        names[field] = statement->new_names.at[i];
    }
    return STATUS_OK;
}

/* The type is in partition keys of `tables`. */
static enum status add_fail(struct exec_call *call, const struct type *before, const struct type *type,
                            struct bytes name, struct bytes tables)
{
    struct buffer text = {0};
    type_format(type, &text);
    enum status status =
        exec_fail(call, CQL_INVALID,
                  "Cannot add new field %.*s of type %.*s to user type %.*s.%.*s as the type is being used "
                  "in partition key by the following tables: %.*s",
                  (int)name.size, (const char *)name.data, (int)text.size, (const char *)text.data,
                  (int)before->udt->keyspace.size, (const char *)before->udt->keyspace.data,
                  (int)before->udt->name.size, (const char *)before->udt->name.data, (int)tables.size,
                  (const char *)tables.data);
    buffer_reset(&text);
    return status;
}

enum status exec_alter_type(struct exec_call *call, const struct cql_alter_table *statement)
{
    struct bytes keyspace = statement->table.keyspace.size > 0 ? statement->table.keyspace : call->keyspace;
    struct type before;
    enum status status = ddl_check_system(call, keyspace);
    if (status != STATUS_OK) {
        return status;
    }
    if (statement__type_find(call, keyspace, statement->table.name, &before) != STATUS_OK) {
        return ddl_missing(call, "Type", exec_full_name(call, keyspace, statement->table.name),
                           statement->if_exists);
    }
    if (statement->alteration == CQL_ALTERATION_TYPE) {
        return exec_fail(call, CQL_INVALID, "Altering field types is no longer supported");
    }
    size_t count = before.count;
    size_t room = count + statement->columns.count;
    struct type *types = arena_create_array(call->arena, room, sizeof(*types));
    struct bytes *names = arena_create_array(call->arena, room, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        types[i] = before.parameters[i];
        names[i] = before.udt->fields[i];
    }
    status = statement->alteration == CQL_ALTERATION_ADD
                 ? alter_add(call, statement, &before, types, names, &count)
                 : alter_rename(call, statement, &before, names);
    if (status != STATUS_OK) {
        return status;
    }
    struct type_change *change = arena_create(call->arena, sizeof(*change));
    struct type_udt *udt = arena_create(call->arena, sizeof(*udt));
    *udt = (struct type_udt){.keyspace = keyspace, .name = before.udt->name, .fields = names};
    change->type = (struct type){.kind = TYPE_UDT, .count = count, .parameters = types, .udt = udt};
    struct type_tables tables = {.call = call, .udt = before.udt, .change = change};
    gate_table_list(call->exec->gate, false, type_note_table, &tables);
    if (tables.in_partition.size > 0 && count > before.count) {
        status = add_fail(call, &before, &types[before.count], names[before.count],
                          buffer_bytes(&tables.in_partition));
    } else if (tables.in_index.size > 0 && count > before.count) {
        status = exec_fail(call, CQL_INVALID,
                           "Cannot add new field to user type %.*s as it is being used in "
                           "an index by table %.*s",
                           (int)udt->name.size, (const char *)udt->name.data, (int)tables.in_index.size,
                           (const char *)tables.in_index.data);
    }
    buffer_reset(&tables.in_partition);
    call->context = change;
    return status == STATUS_OK ? alter_next(call) : status;
}
