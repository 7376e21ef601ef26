/* Changes of roles, planned against what is in memory, and put in once they are committed. */
#include "role_private.h"

void role_plan_begin(struct roles *roles, struct arena *arena, struct role_plan *ret_plan)
{
    (void)pthread_mutex_lock(&roles->mutex);
    *ret_plan = (struct role_plan){.arena = arena, .version = roles->version};
    (void)pthread_mutex_unlock(&roles->mutex);
}

void role_plan_add(struct role_plan *plan, const struct role_change *change)
{
    if ((plan->count & (plan->count - 1)) == 0) { /* 0, 1, 2, 4 …: full */
        size_t room = plan->count == 0 ? 1 : 2 * plan->count;
        struct role_change *grown = arena_create_array(plan->arena, room, sizeof(*grown));
        if (plan->count > 0) {
            memcpy(grown, plan->changes, plan->count * sizeof(*grown));
        }
        plan->changes = grown;
    }
    struct role_change *added = &plan->changes[plan->count++];
    *added = *change;
    if (change->kind == ROLE_GRANTS) {
        added->grant.role = arena_copy(plan->arena, change->grant.role);
        added->grant.resource = arena_copy(plan->arena, change->grant.resource);
    } else {
        role__copy(&change->role, plan->arena, &added->role);
    }
}

static void plan_grants(struct role_plan *plan, const struct role_grant *grant, uint32_t permissions)
{
    struct role_change change = {.kind = ROLE_GRANTS, .grant = *grant};
    change.grant.permissions = permissions;
    role_plan_add(plan, &change);
}

/* A role without another one that was granted to it. */
static void plan_leave(struct role_plan *plan, const struct role *member, struct bytes name)
{
    struct role_change change = {.kind = ROLE_PUT, .role = *member};
    change.role.member_of = arena_create_array(plan->arena, member->member_of_count, sizeof(struct bytes));
    change.role.member_of_count = 0;
    for (size_t i = 0; i < member->member_of_count; i++) {
        if (!bytes_equal(member->member_of[i], name)) {
            change.role.member_of[change.role.member_of_count++] = member->member_of[i];
        }
    }
    if (change.role.member_of_count < member->member_of_count) {
        role_plan_add(plan, &change);
    }
}

void role_plan_drop(struct roles *roles, struct role_plan *plan, struct bytes name)
{
    struct role_change change = {.kind = ROLE_REMOVE, .role = {.name = name}};
    struct bytes resource =
        bytes_of_text(arena_format(plan->arena, "roles/%.*s", (int)name.size, (const char *)name.data));
    size_t count = 0;
    struct role *list = role_list(roles, plan->arena, &count);
    role_plan_add(plan, &change);
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(list[i].name, name)) {
            plan_leave(plan, &list[i], name);
        }
    }
    struct role_grant *grants = role_grants(roles, plan->arena, &count);
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(grants[i].role, name) || bytes_equal(grants[i].resource, resource)) {
            plan_grants(plan, &grants[i], 0);
        }
    }
}

void role_plan_grant(struct roles *roles, struct role_plan *plan, const struct role_grant *grant,
                     uint32_t *ret_changed)
{
    uint32_t now = role__granted(roles, plan->arena, grant);
    *ret_changed = grant->permissions & ~now;
    if (*ret_changed != 0) {
        plan_grants(plan, grant, now | grant->permissions);
    }
}

void role_plan_revoke(struct roles *roles, struct role_plan *plan, const struct role_grant *grant,
                      uint32_t *ret_changed)
{
    uint32_t now = role__granted(roles, plan->arena, grant);
    *ret_changed = grant->permissions & now;
    if (*ret_changed != 0) {
        plan_grants(plan, grant, now & ~grant->permissions);
    }
}

void role_plan_forget(struct roles *roles, struct role_plan *plan, struct bytes resource)
{
    size_t count = 0;
    struct role_grant *grants = role_grants(roles, plan->arena, &count);
    for (size_t i = 0; i < count; i++) {
        struct bytes on = grants[i].resource;
        bool is_below =
            on.size > resource.size && bytes_start_with(on, resource) && on.data[resource.size] == '/';
        if (is_below || bytes_equal(on, resource)) {
            plan_grants(plan, &grants[i], 0);
        }
    }
}

void role_apply(struct roles *roles, const struct role_plan *plan)
{
    (void)pthread_mutex_lock(&roles->mutex);
    for (size_t i = 0; i < plan->count; i++) {
        role__put_in(roles, &plan->changes[i]);
    }
    roles->version = plan->version + 1;
    (void)pthread_mutex_unlock(&roles->mutex);
}
