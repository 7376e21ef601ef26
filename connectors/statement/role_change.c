/* CREATE, ALTER and DROP of roles and users; GRANT and REVOKE of a role. Order and words of the checks are those of
 * Cassandra 4.1: first what who asks may do, then whether it makes sense. */
#include "authorize.h"
#include "role_write.h"
#include "system_tables.h"

#define ROLE_MANAGER "org.apache.cassandra.auth.CassandraRoleManager"

/* A statement about a role on its way: its password is hashed meanwhile. */
struct role_statement {
    const struct cql_role *role;
    bool is_alteration;
    struct bytes hash; /* of the new password; empty: none */
    bool is_hashed;    /* the roles' thread could do it */
};

static struct roles *roles_of(const struct exec_call *call)
{
    return call->exec->node->roles;
}

static bool exists(const struct exec_call *call, struct bytes name)
{
    return role_find(roles_of(call), name, NULL, NULL);
}

/* As statement__ensure, in the words that statements about roles have. */
static enum status ensure_rights(struct exec_call *call, enum role_permission permission,
                                 struct bytes resource)
{
    struct bytes user = call->request->principal;
    return statement__may(call, permission, resource)
               ? STATUS_OK
               : exec_fail(call, CQL_UNAUTHORIZED,
                           "User %.*s does not have sufficient privileges to perform the requested operation",
                           (int)user.size, (const char *)user.data);
}

static enum status answer_void(struct exec_call *call)
{
    exec_answer_void(call);
    return STATUS_OK;
}

/* --- options ---------------------------------------------------------------------------------------------------- */

static enum status check_datacenters(struct exec_call *call, const struct cql_term *set)
{
    for (size_t i = 0; set != NULL && i < set->items.count; i++) {
        const struct cql_term *term = set->items.at[i];
        if (term->kind != CQL_TERM_STRING || !bytes_equal(term->text, bytes_of_text(SYSTEM_DATA_CENTRE))) {
            struct bytes text = term->kind == CQL_TERM_STRING ? term->text : (struct bytes){0};
            return exec_fail_name(
                call, "Invalid value(s) for DATACENTERS '[%.*s]',All values must be valid datacenters", text);
        }
    }
    return STATUS_OK;
}

static enum status check_options(struct exec_call *call, const struct cql_role_options *options)
{
    if (options->options != NULL) {
        return exec_fail(call, CQL_INVALID, ROLE_MANAGER " doesn't support OPTIONS");
    }
    if (options->has_password && options->is_password_hashed && !role_hash_is_sound(options->password)) {
        return exec_fail(call, CQL_INVALID, "Invalid hashed password value. Please use jBcrypt.");
    }
    return check_datacenters(call, options->datacenters);
}

/* What the statement says of a role, over what it was. */
static void take_options(struct exec_call *call, const struct role_statement *statement, struct role *role)
{
    const struct cql_role_options *options = &statement->role->options;
    role->can_login = options->has_login ? options->login : role->can_login;
    role->is_superuser = options->has_superuser ? options->superuser : role->is_superuser;
    role->hash = statement->hash.size > 0 ? statement->hash : role->hash;
    if (options->has_all_datacenters || options->datacenters != NULL) {
        size_t count = options->datacenters == NULL ? 0 : options->datacenters->items.count;
        role->datacenters = arena_create_array(call->arena, count, sizeof(*role->datacenters));
        role->datacenters_count = count;
        for (size_t i = 0; i < count; i++) {
            role->datacenters[i] = options->datacenters->items.at[i]->text;
        }
    }
}

/* --- passwords -------------------------------------------------------------------------------------------------- */

static enum status role_make(struct exec_call *call);

static void hash_resume(struct cql_request *request)
{
    struct exec_call *call = request->context;
    struct role_statement *statement = call->context;
    enum status status = STATUS_OK;
    if (!statement->is_hashed) {
        status =
            exec_fail(call, CQL_SERVER_ERROR, "the password could not be hashed: the server is stopping");
    } else {
        status = statement__role_work(call, role_make, exec_answer_void, statement);
    }
    if (status != STATUS_OK) {
        exec_answer_failure(call);
    }
}

/* Thread: the roles'. */
static void hash_done(void *context, const char *hash)
{
    struct exec_call *call = context;
    struct role_statement *statement = call->context;
    statement->is_hashed = hash != NULL;
    if (hash != NULL) {
        statement->hash = arena_copy(&call->outcome_arena, bytes_of_text(hash));
    }
    cql_request_resume(call->request, hash_resume);
}

/* Goes on with what the statement changes, once its password is hashed. */
static enum status role_begin(struct exec_call *call, const struct cql_role *role, bool is_alteration)
{
    struct error error;
    struct role_statement *statement = arena_create(call->arena, sizeof(*statement));
    *statement = (struct role_statement){.role = role, .is_alteration = is_alteration};
    call->context = statement;
    if (!role->options.has_password || role->options.is_password_hashed) {
        statement->hash = role->options.has_password ? role->options.password : (struct bytes){0};
        return statement__role_work(call, role_make, exec_answer_void, statement);
    }
    enum status status = role_hash(roles_of(call), role->options.password, hash_done, call, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

/* --- CREATE, ALTER ---------------------------------------------------------------------------------------------- */

static enum status create_plan(struct exec_call *call, struct role_plan *plan,
                               const struct role_statement *statement)
{
    const struct cql_role *role = statement->role;
    struct role_change change = {.kind = ROLE_PUT, .role = {.name = role->name, .can_login = role->is_user}};
    uint32_t changed = 0;
    if (exists(call, role->name)) {
        return role->if_not_exists ? STATUS_OK : exec_fail_name(call, "%.*s already exists", role->name);
    }
    take_options(call, statement, &change.role);
    role_plan_add(plan, &change);
    struct bytes resource = statement__resource_role(call, role->name);
    struct role_grant grant = {.role = call->request->principal,
                               .resource = resource,
                               .permissions = role_resource_permissions(resource)};
    if (call->exec->node->authorizes && exists(call, grant.role)) {
        role_plan_grant(roles_of(call), plan, &grant, &changed);
    }
    return STATUS_OK;
}

static enum status alter_plan(struct exec_call *call, struct role_plan *plan,
                              const struct role_statement *statement)
{
    const struct cql_role *role = statement->role;
    struct role_change change = {.kind = ROLE_PUT};
    if (!role_find(roles_of(call), role->name, call->arena, &change.role)) {
        return role->if_exists ? STATUS_OK : exec_fail_name(call, "Role %.*s doesn't exist", role->name);
    }
    take_options(call, statement, &change.role);
    role_plan_add(plan, &change);
    return STATUS_OK;
}

static enum status role_make(struct exec_call *call)
{
    const struct role_statement *statement = call->role_work->context;
    struct role_plan *plan = statement__role_plan(call);
    enum status status =
        statement->is_alteration ? alter_plan(call, plan, statement) : create_plan(call, plan, statement);
    return status == STATUS_OK ? statement__role_submit(call) : status;
}

enum status exec_create_role(struct exec_call *call, const struct cql_role *statement)
{
    const struct cql_role_options *options = &statement->options;
    enum status status = ensure_rights(call, ROLE_CREATE, bytes_of_text("roles"));
    if (status == STATUS_OK && options->has_superuser && options->superuser &&
        !statement__is_superuser(call)) {
        status = exec_fail(call, CQL_UNAUTHORIZED, "Only superusers can create a role with superuser status");
    }
    if (status == STATUS_OK) {
        status = check_options(call, options);
    }
    if (status == STATUS_OK && statement->name.size == 0) {
        status = exec_fail(call, CQL_INVALID, "Role name can't be an empty string");
    }
    if (status == STATUS_OK && bytes_equal(statement->name, bytes_of_text("local"))) {
        status = exec_fail(call, CQL_INVALID, "local is the name of those who come without credentials");
    }
    if (status == STATUS_OK) {
        status = statement__ensure_named(call);
    }
    if (status == STATUS_OK && exists(call, statement->name)) {
        return statement->if_not_exists ? answer_void(call)
                                        : exec_fail_name(call, "%.*s already exists", statement->name);
    }
    return status == STATUS_OK ? role_begin(call, statement, false) : status;
}

/* Of itself a role may change its password. */
static enum status alter_own(struct exec_call *call, const struct cql_role_options *options)
{
    const char *option = options->has_login ? "LOGIN" : options->options != NULL ? "OPTIONS" : NULL;
    return option == NULL ? STATUS_OK
                          : exec_fail(call, CQL_UNAUTHORIZED, "You aren't allowed to alter %s", option);
}

static enum status alter_authorize(struct exec_call *call, const struct cql_role *statement)
{
    const struct cql_role_options *options = &statement->options;
    struct bytes user = call->request->principal;
    bool is_superuser = statement__is_superuser(call);
    if (!call->exec->node->authorizes) {
        return STATUS_OK;
    }
    if (options->has_superuser && role_has(roles_of(call), user, statement->name, true)) {
        return exec_fail(
            call, CQL_UNAUTHORIZED,
            "You aren't allowed to alter your own superuser status or that of a role granted to you");
    }
    if (options->has_superuser && !is_superuser) {
        return exec_fail(call, CQL_UNAUTHORIZED, "Only superusers are allowed to alter superuser status");
    }
    if (is_superuser) {
        return STATUS_OK;
    }
    return bytes_equal(user, statement->name)
               ? alter_own(call, options)
               : ensure_rights(call, ROLE_ALTER, statement__resource_role(call, statement->name));
}

static bool options_are_empty(const struct cql_role_options *options)
{
    return !options->has_password && !options->has_login && !options->has_superuser &&
           options->options == NULL && options->datacenters == NULL && !options->has_all_datacenters;
}

enum status exec_alter_role(struct exec_call *call, const struct cql_role *statement)
{
    enum status status = alter_authorize(call, statement);
    if (status == STATUS_OK) {
        status = check_options(call, &statement->options);
    }
    if (status == STATUS_OK && options_are_empty(&statement->options)) {
        status = exec_fail(call, CQL_INVALID, "ALTER [ROLE|USER] can't be empty");
    }
    if (status == STATUS_OK) {
        status = statement__ensure_named(call);
    }
    if (status == STATUS_OK && !exists(call, statement->name)) {
        return statement->if_exists ? answer_void(call)
                                    : exec_fail_name(call, "Role %.*s doesn't exist", statement->name);
    }
    return status == STATUS_OK ? role_begin(call, statement, true) : status;
}

/* --- DROP ------------------------------------------------------------------------------------------------------- */

static enum status drop_make(struct exec_call *call)
{
    const struct cql_role *statement = call->role_work->context;
    struct role_plan *plan = statement__role_plan(call);
    if (exists(call, statement->name)) {
        role_plan_drop(roles_of(call), plan, statement->name);
    } else if (!statement->if_exists) {
        return exec_fail_name(call, "%.*s doesn't exist", statement->name);
    }
    return statement__role_submit(call);
}

enum status exec_drop_role(struct exec_call *call, const struct cql_role *statement)
{
    enum status status = ensure_rights(call, ROLE_DROP, statement__resource_role(call, statement->name));
    if (status == STATUS_OK) {
        status = statement__ensure_named(call);
    }
    if (status == STATUS_OK && role_is_superuser(roles_of(call), statement->name) &&
        !statement__is_superuser(call)) {
        status = exec_fail(call, CQL_UNAUTHORIZED, "Only superusers can drop a role with superuser status");
    }
    if (status == STATUS_OK && !exists(call, statement->name) && !statement->if_exists) {
        status = exec_fail_name(call, "%.*s doesn't exist", statement->name);
    }
    if (status == STATUS_OK && bytes_equal(call->request->principal, statement->name)) {
        status = exec_fail(call, CQL_INVALID, "Cannot DROP primary role for current login");
    }
    return status == STATUS_OK
               ? statement__role_work(call, drop_make, exec_answer_void, (void *)(uintptr_t)statement)
               : status;
}

/* --- GRANT, REVOKE of a role ------------------------------------------------------------------------------------ */

static enum status fail_member(struct exec_call *call, struct bytes member, const char *between,
                               struct bytes of)
{
    return exec_fail(call, CQL_INVALID, "%.*s%s%.*s", (int)member.size, (const char *)member.data, between,
                     (int)of.size, (const char *)of.data);
}

static enum status check_both(struct exec_call *call, const struct cql_grant_role *names)
{
    if (!exists(call, names->role)) {
        return exec_fail_name(call, "%.*s doesn't exist", names->role);
    }
    return exists(call, names->grantee) ? STATUS_OK
                                        : exec_fail_name(call, "%.*s doesn't exist", names->grantee);
}

static enum status grant_plan(struct exec_call *call, struct role_plan *plan,
                              const struct cql_grant_role *names)
{
    struct role_change change = {.kind = ROLE_PUT};
    if (role_has(roles_of(call), names->grantee, names->role, true)) {
        return fail_member(call, names->grantee, " is a member of ", names->role);
    }
    if (role_has(roles_of(call), names->role, names->grantee, true)) {
        return fail_member(call, names->role, " is a member of ", names->grantee);
    }
    if (role_find(roles_of(call), names->grantee, call->arena, &change.role)) {
        struct role *role = &change.role;
        struct bytes *grown = arena_create_array(call->arena, role->member_of_count + 1, sizeof(*grown));
        for (size_t i = 0; i < role->member_of_count; i++) {
            grown[i] = role->member_of[i];
        }
        grown[role->member_of_count++] = names->role;
        role->member_of = grown;
        role_plan_add(plan, &change);
    }
    return STATUS_OK;
}

static enum status revoke_plan(struct exec_call *call, struct role_plan *plan,
                               const struct cql_grant_role *names)
{
    struct role_change change = {.kind = ROLE_PUT};
    struct role *role = &change.role;
    size_t kept = 0;
    if (!role_find(roles_of(call), names->grantee, call->arena, role)) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < role->member_of_count; i++) {
        if (!bytes_equal(role->member_of[i], names->role)) {
            role->member_of[kept++] = role->member_of[i];
        }
    }
    if (kept == role->member_of_count) {
        return fail_member(call, names->grantee, " is not a member of ", names->role);
    }
    role->member_of_count = kept;
    role_plan_add(plan, &change);
    return STATUS_OK;
}

static enum status grant_make(struct exec_call *call)
{
    const struct cql_statement *statement = call->role_work->context;
    const struct cql_grant_role *names = &statement->grant_role;
    struct role_plan *plan = statement__role_plan(call);
    enum status status = check_both(call, names);
    if (status == STATUS_OK) {
        status = statement->kind == CQL_GRANT_ROLE ? grant_plan(call, plan, names)
                                                   : revoke_plan(call, plan, names);
    }
    return status == STATUS_OK ? statement__role_submit(call) : status;
}

enum status exec_grant_role(struct exec_call *call, const struct cql_statement *statement)
{
    enum status status =
        ensure_rights(call, ROLE_AUTHORIZE, statement__resource_role(call, statement->grant_role.role));
    if (status == STATUS_OK) {
        status = statement__ensure_named(call);
    }
    return status == STATUS_OK
               ? statement__role_work(call, grant_make, exec_answer_void, (void *)(uintptr_t)statement)
               : status;
}
