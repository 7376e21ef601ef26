/* LIST ROLES, LIST USERS, LIST PERMISSIONS. */
#include <stdlib.h>

#include "authorize.h"
#include "cql/notation.h"
#include "role_resource.h"

enum {
    COLUMNS_MAX_LISTED = 5,
};

static const struct type text_type = {.kind = TYPE_TEXT};
static const struct type boolean_type = {.kind = TYPE_BOOLEAN};
static const struct type map_type = {.kind = TYPE_MAP,
                                     .count = 2,
                                     .parameters = (struct type[]){{.kind = TYPE_TEXT}, {.kind = TYPE_TEXT}}};

/* A result under construction: columns, then rows of cells. */
struct listing {
    const char *table;
    struct cql_column_spec columns[COLUMNS_MAX_LISTED];
    size_t columns_count;
    struct buffer cells;
    size_t rows;
};

static struct roles *roles_of(const struct exec_call *call)
{
    return call->exec->node->roles;
}

static void add_column(struct listing *listing, const char *name, const struct type *type)
{
    CHECK(listing->columns_count < COLUMNS_MAX_LISTED);
    listing->columns[listing->columns_count++] =
        (struct cql_column_spec){.keyspace = bytes_of_text("system_auth"),
                                 .table = bytes_of_text(listing->table),
                                 .name = bytes_of_text(name),
                                 .type = type};
}

static void put_boolean(struct listing *listing, bool boolean)
{
    uint8_t byte = boolean;
    cql_put_bytes(&listing->cells, bytes_of(&byte, 1));
}

static void listing_answer(struct exec_call *call, struct listing *listing)
{
    const struct cql_metadata metadata = {.columns = listing->columns, .count = listing->columns_count};
    struct cql_answer answer = {.kind = CQL_ANSWER_ROWS,
                                .rows = {.metadata = &metadata,
                                         .count = listing->rows,
                                         .cells = buffer_bytes(&listing->cells)}};
    exec_answer(call, &answer);
    buffer_reset(&listing->cells);
}

/* --- roles ------------------------------------------------------------------------------------------------------ */

/* "ALL", those it may connect to, or "n/a" of who cannot log in. */
static struct bytes datacenters_text(struct exec_call *call, const struct role *role)
{
    struct buffer text = {0};
    if (!role->can_login) {
        return bytes_of_text("n/a");
    }
    if (role->datacenters_count == 0 || role_is_superuser(roles_of(call), role->name)) {
        return bytes_of_text("ALL");
    }
    for (size_t i = 0; i < role->datacenters_count; i++) {
        buffer_put_text(&text, i > 0 ? ", " : "");
        buffer_put(&text, role->datacenters[i]);
    }
    struct bytes copy = arena_copy(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static void put_role(struct exec_call *call, struct listing *listing, const struct role *role)
{
    static const uint8_t no_options[4] = {0}; /* a map of nothing */
    cql_put_bytes(&listing->cells, role->name);
    put_boolean(listing, role->is_superuser);
    put_boolean(listing, role->can_login);
    cql_put_bytes(&listing->cells, bytes_of(no_options, sizeof(no_options)));
    cql_put_bytes(&listing->cells, datacenters_text(call, role));
    listing->rows++;
}

static void put_user(struct exec_call *call, struct listing *listing, const struct role *role)
{
    if (role->can_login) {
        cql_put_bytes(&listing->cells, role->name);
        put_boolean(listing, role_is_superuser(roles_of(call), role->name));
        cql_put_bytes(&listing->cells, datacenters_text(call, role));
        listing->rows++;
    }
}

/* All roles, for those who may see them; others see their own. */
static enum status roles_to_list(struct exec_call *call, const struct cql_grant_role *asked,
                                 struct bytes **ret_names, size_t *ret_count)
{
    struct roles *roles = roles_of(call);
    struct bytes user = call->request->principal;
    bool sees_all = statement__may(call, ROLE_DESCRIBE, bytes_of_text("roles"));
    struct bytes of = asked->grantee;
    if (of.size == 0 && sees_all) {
        struct role *list = role_list(roles, call->arena, ret_count);
        *ret_names = arena_create_array(call->arena, *ret_count, sizeof(**ret_names));
        for (size_t i = 0; i < *ret_count; i++) {
            (*ret_names)[i] = list[i].name;
        }
        return STATUS_OK;
    }
    if (of.size > 0 && !sees_all && !role_has(roles, user, of, true)) {
        return exec_fail(call, CQL_UNAUTHORIZED, "You are not authorized to view roles granted to %.*s ",
                         (int)of.size, (const char *)of.data);
    }
    *ret_names = role_names_of(roles, of.size > 0 ? of : user, asked->is_recursive, call->arena, ret_count);
    return STATUS_OK;
}

static enum status ensure_exists(struct exec_call *call, struct bytes role)
{
    return role.size == 0 || role_find(roles_of(call), role, NULL, NULL)
               ? STATUS_OK
               : exec_fail_name(call, "<role %.*s> doesn't exist", role);
}

enum status exec_list_roles(struct exec_call *call, const struct cql_statement *statement)
{
    const struct cql_grant_role everybody = {.is_recursive = true};
    bool is_users = statement->kind == CQL_LIST_USERS;
    const struct cql_grant_role *asked = is_users ? &everybody : &statement->grant_role;
    struct listing listing = {.table = is_users ? "users" : "roles"};
    struct bytes *names = NULL;
    size_t count = 0;
    enum status status = statement__ensure_named(call);
    if (status == STATUS_OK) {
        status = ensure_exists(call, asked->grantee);
    }
    if (status == STATUS_OK) {
        status = roles_to_list(call, asked, &names, &count);
    }
    if (status != STATUS_OK) {
        return status;
    }
    add_column(&listing, is_users ? "name" : "role", &text_type);
    add_column(&listing, "super", &boolean_type);
    if (!is_users) {
        add_column(&listing, "login", &boolean_type);
        add_column(&listing, "options", &map_type);
    }
    add_column(&listing, "datacenters", &text_type);
    for (size_t i = 0; i < count; i++) {
        struct role role;
        if (role_find(roles_of(call), names[i], call->arena, &role)) {
            (is_users ? put_user : put_role)(call, &listing, &role);
        }
    }
    listing_answer(call, &listing);
    return STATUS_OK;
}

/* --- permissions ------------------------------------------------------------------------------------------------ */

static void put_grant(struct exec_call *call, struct listing *listing, const struct role_grant *grant,
                      uint32_t permissions)
{
    struct bytes resource = statement__resource_text(call->arena, grant->resource);
    for (int i = 0; i < ROLE_PERMISSIONS; i++) {
        if ((grant->permissions & permissions & ROLE_BIT(i)) != 0) {
            cql_put_bytes(&listing->cells, grant->role);
            cql_put_bytes(&listing->cells, grant->role); /* what it was called before there were roles */
            cql_put_bytes(&listing->cells, resource);
            cql_put_bytes(&listing->cells, bytes_of_text(role_permission_name((enum role_permission)i)));
            listing->rows++;
        }
    }
}

/* Whether the grant is on the resource, or with `is_recursive` on one above. */
static bool grant_is_on(struct exec_call *call, const struct role_grant *grant, struct bytes resource,
                        bool is_recursive)
{
    bool has_more = true;
    while (has_more) {
        if (bytes_equal(grant->resource, resource)) {
            return true;
        }
        has_more = is_recursive && role_resource_parent(resource, call->arena, &resource);
    }
    return false;
}

static bool is_among(const struct bytes *names, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

static void list_grants(struct exec_call *call, struct listing *listing, const struct cql_grant *asked,
                        struct bytes resource)
{
    size_t names_count = 0;
    size_t count = 0;
    uint32_t permissions = asked->is_all ? ROLE_ALL_PERMISSIONS : asked->permissions;
    struct bytes *names = role_names_of(roles_of(call), asked->role, true, call->arena, &names_count);
    struct role_grant *grants = role_grants(roles_of(call), call->arena, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_whose = asked->role.size == 0 || is_among(names, names_count, grants[i].role);
        if (is_whose &&
            (resource.size == 0 || grant_is_on(call, &grants[i], resource, asked->is_recursive))) {
            put_grant(call, listing, &grants[i], permissions);
        }
    }
}

/* Superusers see what anybody was granted, others what is theirs. */
static enum status permissions_authorize(struct exec_call *call, struct bytes of)
{
    bool is_own = of.size > 0 && role_has(roles_of(call), call->request->principal, of, true);
    struct bytes whose = of.size > 0 ? of : bytes_of_text("everyone");
    return is_own || statement__is_superuser(call)
               ? STATUS_OK
               : exec_fail(call, CQL_UNAUTHORIZED, "You are not authorized to view %.*s's permissions",
                           (int)whose.size, (const char *)whose.data);
}

enum status exec_list_permissions(struct exec_call *call, const struct cql_grant *statement)
{
    struct listing listing = {.table = "permissions"};
    struct bytes resource = {0};
    enum status status = statement__ensure_named(call);
    if (status == STATUS_OK && statement->resource.kind != CQL_RESOURCE_NONE) {
        status = statement__resource_of(call, &statement->resource, &resource);
        if (status == STATUS_OK) {
            status = statement__resource_check(call, resource, "");
        }
    }
    if (status == STATUS_OK) {
        status = ensure_exists(call, statement->role);
    }
    if (status == STATUS_OK) {
        status = permissions_authorize(call, statement->role);
    }
    if (status != STATUS_OK) {
        return status;
    }
    add_column(&listing, "role", &text_type);
    add_column(&listing, "username", &text_type);
    add_column(&listing, "resource", &text_type);
    add_column(&listing, "permission", &text_type);
    list_grants(call, &listing, statement, resource);
    if (listing.rows == 0) {
        buffer_reset(&listing.cells);
        exec_answer_void(call);
    } else {
        listing_answer(call, &listing);
    }
    return STATUS_OK;
}
