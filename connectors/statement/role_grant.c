/* GRANT and REVOKE of permissions on a resource. */
#include "authorize.h"
#include "role_resource.h"
#include "role_write.h"

/* One of them on its way. */
struct grant_statement {
    bool is_grant;
    bool is_all; /* PERMISSIONS: nobody is told which had been granted */
    struct role_grant grant;
};

static struct roles *roles_of(const struct exec_call *call)
{
    return call->exec->node->roles;
}

/* Cassandra's words for those of the permissions that were, or were not, granted already. */
static void warn_unchanged(struct exec_call *call, const struct grant_statement *statement,
                           uint32_t unchanged)
{
    const struct role_grant *grant = &statement->grant;
    struct buffer names = {0};
    struct bytes text = statement__resource_text(call->arena, grant->resource);
    for (int i = 0; i < ROLE_PERMISSIONS; i++) {
        if ((unchanged & ROLE_BIT(i)) != 0) {
            buffer_put_format(&names, "%s%s", names.size > 0 ? ", " : "",
                              role_permission_name((enum role_permission)i));
        }
    }
    exec_warn(call, "Role '%.*s' was %s granted %.*s on %.*s", (int)grant->role.size,
              (const char *)grant->role.data, statement->is_grant ? "already" : "not", (int)names.size,
              (const char *)names.data, (int)text.size, (const char *)text.data);
    buffer_reset(&names);
}

static enum status grant_make(struct exec_call *call)
{
    const struct grant_statement *statement = call->role_work->context;
    struct role_plan *plan = statement__role_plan(call);
    struct bytes role = statement->grant.role;
    uint32_t changed = 0;
    if (!role_find(roles_of(call), role, NULL, NULL)) {
        return exec_fail_name(call, "Role %.*s doesn't exist", role);
    }
    if (statement->is_grant) {
        role_plan_grant(roles_of(call), plan, &statement->grant, &changed);
    } else {
        role_plan_revoke(roles_of(call), plan, &statement->grant, &changed);
    }
    uint32_t unchanged = statement->grant.permissions & ~changed;
    call->warnings_count = 0; /* of the attempt before */
    if (unchanged != 0 && !statement->is_all) {
        warn_unchanged(call, statement, unchanged);
    }
    return statement__role_submit(call);
}

/* Who grants must be allowed to, and have what is granted. */
static enum status grant_authorize(struct exec_call *call, const struct role_grant *grant)
{
    enum status status = statement__ensure(call, ROLE_AUTHORIZE, grant->resource);
    for (int i = 0; i < ROLE_PERMISSIONS && status == STATUS_OK; i++) {
        if ((grant->permissions & ROLE_BIT(i)) != 0) {
            status = statement__ensure(call, (enum role_permission)i, grant->resource);
        }
    }
    return status;
}

enum status exec_grant(struct exec_call *call, const struct cql_statement *statement)
{
    const struct cql_grant *asked = &statement->grant;
    struct grant_statement *kept = arena_create(call->arena, sizeof(*kept));
    *kept = (struct grant_statement){.is_grant = statement->kind == CQL_GRANT,
                                     .is_all = asked->is_all,
                                     .grant = {.role = asked->role}};
    enum status status = statement__resource_of(call, &asked->resource, &kept->grant.resource);
    if (status == STATUS_OK) {
        status = statement__resource_permissions(call, asked, kept->grant.resource, &kept->grant.permissions);
    }
    if (status == STATUS_OK) {
        status = grant_authorize(call, &kept->grant);
    }
    if (status == STATUS_OK) {
        status = statement__ensure_named(call);
    }
    if (status == STATUS_OK && !role_find(roles_of(call), asked->role, NULL, NULL)) {
        status = exec_fail_name(call, "Role %.*s doesn't exist", asked->role);
    }
    if (status == STATUS_OK) {
        status = statement__resource_check(call, kept->grant.resource, "Resource ");
    }
    return status == STATUS_OK ? statement__role_work(call, grant_make, exec_answer_void, kept) : status;
}
