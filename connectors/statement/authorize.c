#include "authorize.h"

#include "documents.h"
#include "logs.h"
#include "system_tables.h"
#include "user_function.h"
#include "views.h"

/* --- resources -------------------------------------------------------------------------------------------------- */

static struct bytes format_two(struct arena *arena, const char *before, struct bytes first,
                               const char *between, struct bytes second, const char *after)
{
    struct buffer text = {0};
    buffer_put_text(&text, before);
    buffer_put(&text, first);
    buffer_put_text(&text, between);
    buffer_put(&text, second);
    buffer_put_text(&text, after);
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

struct bytes statement__resource_keyspace(struct exec_call *call, struct bytes keyspace)
{
    return format_two(call->arena, "data/", keyspace, "", (struct bytes){0}, "");
}

struct bytes statement__resource_tables(struct exec_call *call, struct bytes keyspace)
{
    return format_two(call->arena, "data/", keyspace, "/*", (struct bytes){0}, "");
}

struct bytes statement__resource_table(struct exec_call *call, struct bytes keyspace, struct bytes name)
{
    return format_two(call->arena, "data/", keyspace, "/", name, "");
}

struct bytes statement__resource_role(struct exec_call *call, struct bytes name)
{
    return format_two(call->arena, "roles/", name, "", (struct bytes){0}, "");
}

/* What follows the first slash, and, split at the next one, what lies in it. False: there is no slash. */
static bool resource_split(struct bytes resource, struct bytes *ret_first, struct bytes *ret_second)
{
    const uint8_t *slash = bytes_find_byte(resource, '/');
    if (slash == NULL) {
        return false;
    }
    *ret_first = bytes_from(resource, (size_t)(slash - resource.data) + 1);
    slash = bytes_find_byte(*ret_first, '/');
    *ret_second = (struct bytes){0};
    if (slash != NULL) {
        size_t size = (size_t)(slash - ret_first->data);
        *ret_second = bytes_from(*ret_first, size + 1);
        *ret_first = bytes_part(*ret_first, 0, size);
    }
    return true;
}

static struct bytes text_in_keyspace(struct arena *arena, bool is_function, struct bytes keyspace,
                                     struct bytes name)
{
    if (is_function) {
        return name.size == 0 ? format_two(arena, "<all functions in ", keyspace, "", name, ">")
                              : format_two(arena, "<function ", keyspace, ".", name, ">");
    }
    if (name.size == 0) {
        return format_two(arena, "<keyspace ", keyspace, "", name, ">");
    }
    return bytes_equal(name, bytes_of_text("*"))
               ? format_two(arena, "<all tables in ", keyspace, "", (struct bytes){0}, ">")
               : format_two(arena, "<table ", keyspace, ".", name, ">");
}

struct bytes statement__resource_text(struct arena *arena, struct bytes resource)
{
    static const struct {
        const char *root;
        const char *text;
        const char *one; /* what is below it; NULL: it lies in a keyspace */
    } kinds[] = {{"data", "<all keyspaces>", NULL},
                 {"functions", "<all functions>", NULL},
                 {"roles", "<all roles>", "<role "},
                 {"mbean", "<all mbeans>", "<mbean "}};
    struct bytes first = {0};
    struct bytes second = {0};
    bool is_below = resource_split(resource, &first, &second);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct bytes root = bytes_of_text(kinds[i].root);
        if (!is_below && bytes_equal(resource, root)) {
            return bytes_of_text(kinds[i].text);
        }
        if (is_below && bytes_start_with(resource, root) && resource.data[root.size] == '/') {
            return kinds[i].one != NULL ? format_two(arena, kinds[i].one, bytes_from(resource, root.size + 1),
                                                     "", (struct bytes){0}, ">")
                                        : text_in_keyspace(arena, i == 1, first, second);
        }
    }
    return resource;
}

/* --- who may what ----------------------------------------------------------------------------------------------- */

static const struct cql_node *node_of(const struct exec_call *call)
{
    return call->exec->node;
}

bool statement__is_superuser(struct exec_call *call)
{
    struct bytes name = call->request->principal;
    return name.size > 0 && node_of(call)->roles != NULL && role_is_superuser(node_of(call)->roles, name);
}

bool statement__may(struct exec_call *call, enum role_permission permission, struct bytes resource)
{
    return !node_of(call)->authorizes ||
           role_may(node_of(call)->roles, call->request->principal, permission, resource);
}

enum status statement__ensure(struct exec_call *call, enum role_permission permission, struct bytes resource)
{
    struct bytes name = call->request->principal;
    if (statement__may(call, permission, resource)) {
        return STATUS_OK;
    }
    struct bytes text = statement__resource_text(call->arena, resource);
    return exec_fail(call, CQL_UNAUTHORIZED, "User %.*s has no %s permission on %.*s or any of its parents",
                     (int)name.size, (const char *)name.data, role_permission_name(permission),
                     (int)text.size, (const char *)text.data);
}

enum status statement__ensure_named(struct exec_call *call)
{
    return call->request->principal.size > 0
               ? STATUS_OK
               : exec_fail(call, CQL_UNAUTHORIZED,
                           "You have to be logged in and not anonymous to perform this request");
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

/* What every driver reads to find its way. */
static bool is_readable_by_all(struct bytes keyspace, struct bytes name)
{
    static const char *const keyspaces[] = {"system_schema", "system_schema_mcs", "system_virtual_schema"};
    static const char *const tables[] = {"local", "peers", "peers_v2"};
    if (statement__system_table_find(keyspace, name) == NULL) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(keyspaces); i++) {
        if (bytes_equal(keyspace, bytes_of_text(keyspaces[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        if (bytes_equal(keyspace, bytes_of_text("system")) && bytes_equal(name, bytes_of_text(tables[i]))) {
            return true;
        }
    }
    return false;
}

/* The table that a materialized view of that name shows; false: it is none. */
static bool base_of(struct exec_call *call, struct bytes keyspace, struct bytes name, struct bytes *ret_base)
{
    const struct schema *schema = NULL;
    const struct index_schema *index = NULL;
    struct bytes full = exec_full_name(call, keyspace, name);
    bool is_view = keyspace.size > 0 && !exec_keyspace_is_system(keyspace) &&
                   gate_table_find(call->exec->gate, full, &schema, NULL) != STATUS_OK &&
                   statement__view_find(call, keyspace, name, &schema, &index);
    if (is_view) {
        *ret_base = arena_copy(call->arena, bytes_from(schema->name, keyspace.size + 1));
    }
    return is_view;
}

/* Of a table that is not there the statement itself tells, unless it may have been there once. A view is read by who may
 * read its base table, and written by nobody: the statement itself says so. */
static enum status ensure_table(struct exec_call *call, enum role_permission permission,
                                const struct cql_qualified *named, bool is_past)
{
    struct bytes keyspace = exec_keyspace_of(call, named);
    struct cql_qualified name = {.keyspace = keyspace, .name = named->name};
    struct exec_table table;
    (void)statement__log_is(name.name, &name.name); /* who may read a table may read its log */
    bool is_read = permission == ROLE_SELECT && is_readable_by_all(keyspace, name.name);
    if (is_read || (base_of(call, keyspace, named->name, &name.name) && permission != ROLE_SELECT)) {
        return STATUS_OK;
    }
    struct bytes resource = statement__resource_table(call, keyspace, name.name);
    if (statement__may(call, permission, resource)) {
        return STATUS_OK;
    }
    bool is_known =
        is_past || statement__system_table_find(keyspace, name.name) != NULL ||
        (statement__documents_are_in(keyspace) && statement__document_find(call, name.name) != NULL);
    enum status status = is_known ? STATUS_OK : exec_find_table(call, &name, &table);
    return status == STATUS_OK ? statement__ensure(call, permission, resource) : status;
}

enum status statement__ensure_past(struct exec_call *call, struct bytes keyspace, struct bytes stored,
                                   uint32_t table)
{
    const struct schema *now = NULL;
    bool is_same = gate_table_find(call->exec->gate, stored, &now, NULL) == STATUS_OK && now->table == table;
    return is_same ? STATUS_OK
                   : statement__ensure(call, ROLE_SELECT, statement__resource_tables(call, keyspace));
}

/* A condition tells what is there. */
static enum status ensure_modify(struct exec_call *call, const struct cql_qualified *name,
                                 bool is_conditional)
{
    enum status status = ensure_table(call, ROLE_MODIFY, name, false);
    return status == STATUS_OK && is_conditional ? ensure_table(call, ROLE_SELECT, name, false) : status;
}

static enum status ensure_change(struct exec_call *call, const struct cql_statement *statement)
{
    const struct cql_update *update = &statement->update;
    const struct cql_delete *delete = &statement->delete;
    switch ((int)statement->kind) {
    case CQL_INSERT:
        return ensure_modify(call, &statement->insert.table, statement->insert.if_not_exists);
    case CQL_UPDATE:
        return ensure_modify(call, &update->table, update->if_exists || update->conditions.count > 0);
    case CQL_DELETE:
    default:
        return ensure_modify(call, &delete->table, delete->if_exists || delete->conditions.count > 0);
    }
}

static enum status ensure_batch(struct exec_call *call, const struct cql_statements *statements)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < statements->count && status == STATUS_OK; i++) {
        status = ensure_change(call, statements->at[i]);
    }
    return status;
}

/* --- the schema ------------------------------------------------------------------------------------------------- */

/* Of the system's own keyspaces the statement itself says that nobody changes them. */
static enum status ensure_in(struct exec_call *call, enum role_permission permission, struct bytes keyspace,
                             struct bytes resource)
{
    return keyspace.size == 0 || exec_keyspace_is_system(keyspace)
               ? STATUS_OK
               : statement__ensure(call, permission, resource);
}

static enum status ensure_keyspace(struct exec_call *call, enum role_permission permission,
                                   struct bytes keyspace)
{
    return ensure_in(call, permission, keyspace, statement__resource_keyspace(call, keyspace));
}

static enum status ensure_tables(struct exec_call *call, enum role_permission permission,
                                 const struct cql_qualified *name)
{
    struct bytes keyspace = exec_keyspace_of(call, name);
    return ensure_in(call, permission, keyspace, statement__resource_tables(call, keyspace));
}

static enum status ensure_one(struct exec_call *call, enum role_permission permission,
                              const struct cql_qualified *name)
{
    struct bytes keyspace = exec_keyspace_of(call, name);
    return ensure_in(call, permission, keyspace, statement__resource_table(call, keyspace, name->name));
}

/* Who may alter the base table may alter its views. Of one that is not there the statement itself tells. */
static enum status ensure_view(struct exec_call *call, const struct cql_qualified *name)
{
    struct cql_qualified base = {.keyspace = exec_keyspace_of(call, name)};
    return base_of(call, base.keyspace, name->name, &base.name) ? ensure_one(call, ROLE_ALTER, &base)
                                                                : STATUS_OK;
}

static enum status ensure_new_view(struct exec_call *call, const struct cql_create_view *view)
{
    struct cql_qualified base = view->select.table;
    base.keyspace = base.keyspace.size > 0 ? base.keyspace : exec_keyspace_of(call, &view->name);
    return ensure_one(call, ROLE_ALTER, &base);
}

/* A copy of what was: it is made, and it shows what the source held. */
static enum status ensure_restore(struct exec_call *call, const struct cql_restore_table *restore)
{
    enum status status = ensure_tables(call, ROLE_CREATE, &restore->table);
    return status == STATUS_OK ? ensure_table(call, ROLE_SELECT, &restore->source, true) : status;
}

struct bytes statement__resource_functions(struct exec_call *call, struct bytes keyspace)
{
    return bytes_of_text(
        arena_format(call->arena, "functions/%.*s", (int)keyspace.size, (const char *)keyspace.data));
}

struct bytes statement__resource_function(struct exec_call *call, const struct user_function *function)
{
    return bytes_of_text(arena_format(call->arena, "functions/%.*s/%.*s(%.*s)", (int)function->keyspace.size,
                                      (const char *)function->keyspace.data, (int)function->name.size,
                                      (const char *)function->name.data, (int)function->types.size,
                                      (const char *)function->types.data));
}

static enum status ensure_functions(struct exec_call *call, const struct cql_qualified *name, bool or_replace)
{
    struct bytes keyspace = exec_keyspace_of(call, name);
    struct bytes resource = statement__resource_functions(call, keyspace);
    if (keyspace.size == 0 || exec_keyspace_is_system(keyspace)) {
        return STATUS_OK; /* refused with words of their own */
    }
    enum status status = statement__ensure(call, ROLE_CREATE, resource);
    return status == STATUS_OK && or_replace ? statement__ensure(call, ROLE_ALTER, resource) : status;
}

static enum status ensure_schema(struct exec_call *call, const struct cql_statement *statement)
{
    switch ((int)statement->kind) {
    case CQL_CREATE_KEYSPACE:
        return exec_keyspace_is_system(statement->keyspace.name)
                   ? STATUS_OK
                   : statement__ensure(call, ROLE_CREATE, bytes_of_text("data"));
    case CQL_ALTER_KEYSPACE:
        return ensure_keyspace(call, ROLE_ALTER, statement->keyspace.name);
    case CQL_DROP_KEYSPACE:
        return ensure_keyspace(call, ROLE_DROP, statement->keyspace.name);
    case CQL_CREATE_TABLE:
        return ensure_tables(call, ROLE_CREATE, &statement->create_table.table);
    case CQL_RESTORE_TABLE:
        return ensure_restore(call, &statement->restore_table);
    case CQL_ALTER_TABLE:
        return ensure_one(call, ROLE_ALTER, &statement->alter_table.table);
    case CQL_DROP_TABLE:
        return ensure_one(call, ROLE_DROP, &statement->object.name);
    case CQL_CREATE_INDEX:
        return ensure_one(call, ROLE_ALTER, &statement->create_index.table);
    case CQL_CREATE_VIEW:
        return ensure_new_view(call, &statement->create_view);
    case CQL_ALTER_VIEW:
        return ensure_view(call, &statement->alter_table.table);
    case CQL_DROP_VIEW:
        return ensure_view(call, &statement->object.name);
    case CQL_CREATE_TYPE:
        return ensure_tables(call, ROLE_CREATE, &statement->create_type.name);
    case CQL_ALTER_TYPE:
        return ensure_tables(call, ROLE_ALTER, &statement->alter_table.table);
    case CQL_DROP_TYPE:
        return ensure_tables(call, ROLE_DROP, &statement->object.name);
    case CQL_CREATE_FUNCTION:
        return ensure_functions(call, &statement->create_function.name,
                                statement->create_function.or_replace);
    case CQL_CREATE_AGGREGATE:
        return ensure_functions(call, &statement->create_aggregate.name,
                                statement->create_aggregate.or_replace);
    default:
        return STATUS_OK; /* USE, DESCRIBE; DROP INDEX, FUNCTION, AGGREGATE, which look for them; roles */
    }
}

enum status statement__authorize(struct exec_call *call, const struct cql_statement *statement)
{
    if (!node_of(call)->authorizes) {
        return STATUS_OK;
    }
    switch ((int)statement->kind) {
    case CQL_SELECT:
        return ensure_table(call, ROLE_SELECT, &statement->select.table, statement->select.as_of != NULL);
    case CQL_INSERT:
    case CQL_UPDATE:
    case CQL_DELETE:
        return ensure_change(call, statement);
    case CQL_BATCH:
        return ensure_batch(call, &statement->batch.statements);
    case CQL_TRUNCATE:
        return exec_keyspace_is_system(exec_keyspace_of(call, &statement->object.name))
                   ? STATUS_OK
                   : ensure_table(call, ROLE_MODIFY, &statement->object.name, false);
    default:
        return ensure_schema(call, statement);
    }
}
