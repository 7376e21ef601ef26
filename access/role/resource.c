/* Permissions, and the resources that they are on. */
#include "role/role.h"

#define BITS(a, b, c, d, e)                                                                                  \
    (ROLE_BIT(ROLE_##a) | ROLE_BIT(ROLE_##b) | ROLE_BIT(ROLE_##c) | ROLE_BIT(ROLE_##d) | ROLE_BIT(ROLE_##e))

const char *role_permission_name(enum role_permission permission)
{
    static const char *const names[ROLE_PERMISSIONS] = {
        [ROLE_CREATE] = "CREATE",     [ROLE_ALTER] = "ALTER",     [ROLE_DROP] = "DROP",
        [ROLE_SELECT] = "SELECT",     [ROLE_MODIFY] = "MODIFY",   [ROLE_AUTHORIZE] = "AUTHORIZE",
        [ROLE_DESCRIBE] = "DESCRIBE", [ROLE_EXECUTE] = "EXECUTE",
    };
    return permission < ROLE_PERMISSIONS ? names[permission] : "?";
}

/* What follows "root/" of a resource; false: it is of another kind, or the root itself. */
static bool resource_below(struct bytes resource, const char *root, struct bytes *ret_rest)
{
    size_t size = strlen(root);
    if (resource.size <= size || !bytes_start_with(resource, bytes_of_text(root)) ||
        resource.data[size] != '/') {
        return false;
    }
    *ret_rest = bytes_from(resource, size + 1);
    return true;
}

/* The part before the first slash; false: there is none. */
static bool resource_head(struct bytes text, struct bytes *ret_head)
{
    const uint8_t *slash = bytes_find_byte(text, '/');
    if (slash == NULL) {
        return false;
    }
    *ret_head = bytes_of(text.data, (size_t)(slash - text.data));
    return true;
}

static struct bytes format_parent(struct arena *arena, const char *root, struct bytes name, const char *rest)
{
    return bytes_of_text(
        arena_format(arena, "%s/%.*s%s", root, (int)name.size, (const char *)name.data, rest));
}

/* The one above what lies in a keyspace; the keyspace's is the root's. */
static struct bytes parent_in(struct arena *arena, const char *root, struct bytes rest, bool has_all)
{
    struct bytes keyspace = {0};
    if (!resource_head(rest, &keyspace)) {
        return bytes_of_text(root);
    }
    bool is_all = bytes_equal(bytes_from(rest, keyspace.size), bytes_of_text("/*"));
    return format_parent(arena, root, keyspace, has_all && !is_all ? "/*" : "");
}

bool role_resource_parent(struct bytes resource, struct arena *arena, struct bytes *ret_parent)
{
    struct bytes rest = {0};
    if (resource_below(resource, "data", &rest)) {
        *ret_parent = parent_in(arena, "data", rest, true);
    } else if (resource_below(resource, "functions", &rest)) {
        *ret_parent = parent_in(arena, "functions", rest, false);
    } else if (resource_below(resource, "roles", &rest)) {
        *ret_parent = bytes_of_text("roles");
    } else if (resource_below(resource, "mbean", &rest)) {
        *ret_parent = bytes_of_text("mbean");
    } else {
        return false;
    }
    return true;
}

uint32_t role_resource_permissions(struct bytes resource)
{
    struct bytes rest = {0};
    struct bytes keyspace = {0};
    if (bytes_equal(resource, bytes_of_text("data")) || resource_below(resource, "data", &rest)) {
        bool is_table = resource.size > strlen("data") && resource_head(rest, &keyspace) &&
                        !bytes_equal(bytes_from(rest, keyspace.size), bytes_of_text("/*"));
        return BITS(ALTER, DROP, SELECT, MODIFY, AUTHORIZE) | (is_table ? 0 : ROLE_BIT(ROLE_CREATE));
    }
    if (bytes_equal(resource, bytes_of_text("roles"))) {
        return BITS(CREATE, ALTER, DROP, AUTHORIZE, DESCRIBE);
    }
    if (resource_below(resource, "roles", &rest)) {
        return ROLE_BIT(ROLE_ALTER) | ROLE_BIT(ROLE_DROP) | ROLE_BIT(ROLE_AUTHORIZE);
    }
    if (bytes_equal(resource, bytes_of_text("functions")) || resource_below(resource, "functions", &rest)) {
        bool is_one = resource.size > strlen("functions") && resource_head(rest, &keyspace);
        return BITS(ALTER, DROP, AUTHORIZE, EXECUTE, EXECUTE) | (is_one ? 0 : ROLE_BIT(ROLE_CREATE));
    }
    if (bytes_equal(resource, bytes_of_text("mbean")) || resource_below(resource, "mbean", &rest)) {
        return BITS(AUTHORIZE, DESCRIBE, EXECUTE, MODIFY, SELECT);
    }
    return 0;
}
