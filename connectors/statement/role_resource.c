#include "role_resource.h"

#include "authorize.h"
#include "documents.h"
#include "system_tables.h"
#include "views.h"

/* --- names ------------------------------------------------------------------------------------------------------ */

static struct bytes joined(struct exec_call *call, const char *root, struct bytes name)
{
    return bytes_of_text(arena_format(call->arena, "%s/%.*s", root, (int)name.size, (const char *)name.data));
}

/* "functions/keyspace/name(int, text)", with the types as functions are told apart by them. */
static enum status function_name(struct exec_call *call, const struct cql_resource *resource,
                                 struct bytes keyspace, struct bytes *ret_name)
{
    size_t count = resource->arguments.count;
    struct type *types = arena_create_array(call->arena, count, sizeof(*types));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = exec_type(call, &resource->arguments.at[i], keyspace, &types[i]);
    }
    if (status == STATUS_OK) {
        const struct user_function function = {.keyspace = keyspace,
                                               .name = resource->name.name,
                                               .types = statement__user_types_text(call, types, count)};
        *ret_name = statement__resource_function(call, &function);
    }
    return status;
}

static enum status name_in_keyspace(struct exec_call *call, const struct cql_resource *resource,
                                    struct bytes *ret_name)
{
    struct bytes keyspace = exec_keyspace_of(call, &resource->name);
    if (keyspace.size == 0) {
        return exec_fail(call, CQL_INVALID,
                         "No keyspace has been specified. USE a keyspace, or explicitly specify "
                         "keyspace.tablename");
    }
    if (resource->kind != CQL_RESOURCE_TABLE) {
        return function_name(call, resource, keyspace, ret_name);
    }
    *ret_name = statement__resource_table(call, keyspace, resource->name.name);
    return STATUS_OK;
}

enum status statement__resource_of(struct exec_call *call, const struct cql_resource *resource,
                                   struct bytes *ret_name)
{
    switch (resource->kind) {
    case CQL_RESOURCE_ALL_KEYSPACES:
        *ret_name = bytes_of_text("data");
        break;
    case CQL_RESOURCE_KEYSPACE:
        *ret_name = statement__resource_keyspace(call, resource->name.keyspace);
        break;
    case CQL_RESOURCE_ALL_TABLES:
        *ret_name = statement__resource_tables(call, resource->name.keyspace);
        break;
    case CQL_RESOURCE_ALL_ROLES:
        *ret_name = bytes_of_text("roles");
        break;
    case CQL_RESOURCE_ROLE:
        *ret_name = statement__resource_role(call, resource->name.name);
        break;
    case CQL_RESOURCE_ALL_FUNCTIONS:
        *ret_name = bytes_of_text("functions");
        break;
    case CQL_RESOURCE_KEYSPACE_FUNCTIONS:
        *ret_name = joined(call, "functions", resource->name.keyspace);
        break;
    case CQL_RESOURCE_ALL_MBEANS:
        *ret_name = bytes_of_text("mbean");
        break;
    case CQL_RESOURCE_MBEANS:
    case CQL_RESOURCE_MBEAN:
        *ret_name = joined(call, "mbean", resource->name.name);
        break;
    case CQL_RESOURCE_TABLE:
    case CQL_RESOURCE_FUNCTION:
    case CQL_RESOURCE_NONE:
    default:
        return name_in_keyspace(call, resource, ret_name);
    }
    return STATUS_OK;
}

/* --- permissions ------------------------------------------------------------------------------------------------ */

/* What Cassandra calls the resource's class. */
static const char *class_name(struct bytes resource)
{
    static const char *const names[][2] = {{"data", "DataResource"},
                                           {"roles", "RoleResource"},
                                           {"functions", "FunctionResource"}};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (bytes_start_with(resource, bytes_of_text(names[i][0]))) {
            return names[i][1];
        }
    }
    return "JMXResource";
}

enum status statement__resource_permissions(struct exec_call *call, const struct cql_grant *grant,
                                            struct bytes resource, uint32_t *ret_permissions)
{
    _Static_assert((int)CQL_PERMISSION_CREATE == (int)ROLE_CREATE &&
                       (int)CQL_PERMISSION_EXECUTE == (int)ROLE_EXECUTE,
                   "the permissions of statements are those of roles, and more");
    uint32_t asked = grant->is_all ? ROLE_ALL_PERMISSIONS : grant->permissions;
    *ret_permissions = asked & role_resource_permissions(resource);
    return *ret_permissions != 0
               ? STATUS_OK
               : exec_fail(call, CQL_SYNTAX_ERROR,
                           "Resource type %s does not support any of the requested permissions",
                           class_name(resource));
}

/* --- existence -------------------------------------------------------------------------------------------------- */

static bool table_exists(struct exec_call *call, struct bytes keyspace, struct bytes name)
{
    const struct schema *schema = NULL;
    const struct index_schema *index = NULL;
    if (statement__documents_are_in(keyspace)) {
        return statement__document_find(call, name) != NULL;
    }
    return statement__system_table_find(keyspace, name) != NULL ||
           statement__view_find(call, keyspace, name, &schema, &index) ||
           (gate_table_find(call->exec->gate, exec_full_name(call, keyspace, name), &schema, NULL) ==
                STATUS_OK &&
            schema->kind == TABLE_WIDE);
}

/* The two parts behind the root; the second is empty when there is one only. */
static bool parts_of(struct bytes resource, const char *root, struct bytes *ret_first,
                     struct bytes *ret_second)
{
    size_t size = strlen(root);
    if (resource.size <= size || !bytes_start_with(resource, bytes_of_text(root)) ||
        resource.data[size] != '/') {
        return false;
    }
    *ret_first = bytes_from(resource, size + 1);
    *ret_second = (struct bytes){0};
    const uint8_t *slash = bytes_find_byte(*ret_first, '/');
    if (slash != NULL) {
        size = (size_t)(slash - ret_first->data);
        *ret_second = bytes_from(*ret_first, size + 1);
        *ret_first = bytes_part(*ret_first, 0, size);
    }
    return true;
}

/* "f(int, text)": a function, or an aggregate. */
static bool function_exists(struct exec_call *call, struct bytes keyspace, struct bytes signature)
{
    const struct user_function *function = NULL;
    const uint8_t *open = bytes_find_byte(signature, '(');
    size_t size = open == NULL ? signature.size : (size_t)(open - signature.data);
    if (size + 2 > signature.size) {
        return false;
    }
    struct bytes name = bytes_part(signature, 0, size);
    struct bytes types = bytes_part(signature, size + 1, signature.size - size - 2);
    return statement__user_function_get(call, keyspace, name, types, false, &function) == STATUS_OK ||
           statement__user_function_get(call, keyspace, name, types, true, &function) == STATUS_OK;
}

/* MBeans are not served, so there is none by name. */
static bool resource_exists(struct exec_call *call, struct bytes resource)
{
    struct bytes first = {0};
    struct bytes second = {0};
    if (parts_of(resource, "data", &first, &second)) {
        bool is_keyspace = second.size == 0 || bytes_equal(second, bytes_of_text("*"));
        return is_keyspace ? exec_keyspace_exists(call, first) : table_exists(call, first, second);
    }
    if (parts_of(resource, "functions", &first, &second)) {
        return second.size == 0 ? exec_keyspace_exists(call, first) : function_exists(call, first, second);
    }
    if (parts_of(resource, "roles", &first, &second)) {
        return role_find(call->exec->node->roles, bytes_from(resource, strlen("roles/")), NULL, NULL);
    }
    return !parts_of(resource, "mbean", &first, &second);
}

enum status statement__resource_check(struct exec_call *call, struct bytes resource, const char *before)
{
    struct bytes text = statement__resource_text(call->arena, resource);
    if (bytes_start_with(resource, bytes_of_text("functions/system/"))) {
        return exec_fail(call, CQL_INVALID, "Altering permissions on builtin functions is not supported");
    }
    return resource_exists(call, resource) ? STATUS_OK
                                           : exec_fail(call, CQL_INVALID, "%s%.*s doesn't exist", before,
                                                       (int)text.size, (const char *)text.data);
}
