/* Rows of system.roles, system.permissions and system.role_changes. */
#include "base/map.h"
#include "base/memory.h"
#include "codec/pack.h"
#include "identity/identity.h"
#include "read/read.h"
#include "role_private.h"

#define VERSION_NAME "roles"

/* --- to rows ---------------------------------------------------------------------------------------------------- */

static struct value value_of_texts(const struct bytes *texts, size_t count, struct arena *arena)
{
    struct value list = {.kind = VALUE_LIST, .items = {.count = count}};
    list.items.at = arena_create_array(arena, count, sizeof(*list.items.at));
    for (size_t i = 0; i < count; i++) {
        list.items.at[i] = value_of_text(texts[i]);
    }
    return list;
}

/* What a sealed hash belongs to: "role", NUL, name. */
static void secret_bound(struct bytes name, struct buffer *bound)
{
    buffer_put(bound, bytes_of("role", sizeof("role")));
    buffer_put(bound, name);
}

static enum status secret_seal(struct roles *roles, const struct role *role, struct arena *arena,
                               struct bytes *ret_sealed, struct error *error)
{
    struct buffer bound = {0};
    struct buffer sealed = {0};
    if (role->hash.size == 0) {
        *ret_sealed = role->sealed;
        return STATUS_OK;
    }
    if (roles->identity == NULL) {
        return error_set(error, STATUS_DENIED, "the server has no key to seal secrets with");
    }
    secret_bound(role->name, &bound);
    enum status status = identity_seal(roles->identity, buffer_bytes(&bound), role->hash, &sealed, error);
    *ret_sealed = status == STATUS_OK ? arena_copy(arena, buffer_bytes(&sealed)) : (struct bytes){0};
    buffer_reset(&bound);
    buffer_reset(&sealed);
    return status;
}

enum status role__row_of_role(struct roles *roles, const struct role *role, struct arena *arena,
                              struct value *ret_item, struct error *error)
{
    struct bytes sealed = {0};
    enum status status = secret_seal(roles, role, arena, &sealed, error);
    const struct value_member members[] = {
        {"can_login", value_of_boolean(role->can_login)},
        {"datacenters", value_of_texts(role->datacenters, role->datacenters_count, arena)},
        {"is_superuser", value_of_boolean(role->is_superuser)},
        {"member_of", value_of_texts(role->member_of, role->member_of_count, arena)},
        {"role", value_of_text(role->name)},
        {"sealed", value_of_bytes(sealed)},
    };
    *ret_item = value_of_members(arena, members, ARRAY_COUNT(members));
    return status;
}

struct value role__row_of_grant(const struct role_grant *grant, struct arena *arena)
{
    struct bytes names[ROLE_PERMISSIONS];
    size_t count = 0;
    for (int i = 0; i < ROLE_PERMISSIONS; i++) {
        if ((grant->permissions & ROLE_BIT(i)) != 0) {
            names[count++] = bytes_of_text(role_permission_name((enum role_permission)i));
        }
    }
    const struct value_member members[] = {
        {"permissions", value_of_texts(names, count, arena)},
        {"resource", value_of_text(grant->resource)},
        {"role", value_of_text(grant->role)},
    };
    return value_of_members(arena, members, ARRAY_COUNT(members));
}

struct value role_version_key(struct arena *arena)
{
    const struct value_member members[] = {{"name", value_of_text(bytes_of_text(VERSION_NAME))}};
    return value_of_members(arena, members, ARRAY_COUNT(members));
}

uint64_t role_version_of(const struct value *row)
{
    return row == NULL ? 0 : (uint64_t)value_map_integer(row, "version");
}

static struct value key_of_role(struct bytes name, struct arena *arena)
{
    const struct value_member members[] = {{"role", value_of_text(name)}};
    return value_of_members(arena, members, ARRAY_COUNT(members));
}

static enum status row_of(struct roles *roles, const struct role_change *change, struct arena *arena,
                          struct role_row *ret_row, struct error *error)
{
    *ret_row =
        (struct role_row){.table = change->kind == ROLE_GRANTS ? "system.permissions" : "system.roles"};
    if (change->kind == ROLE_PUT) {
        return role__row_of_role(roles, &change->role, arena, &ret_row->item, error);
    }
    ret_row->is_removal = change->kind == ROLE_REMOVE || change->grant.permissions == 0;
    ret_row->item = change->kind == ROLE_REMOVE ? key_of_role(change->role.name, arena)
                                                : role__row_of_grant(&change->grant, arena);
    return STATUS_OK;
}

/* --- limits ----------------------------------------------------------------------------------------------------- */

static enum status check_change(const struct role_change *change, struct error *error)
{
    bool is_grant = change->kind == ROLE_GRANTS;
    struct bytes name = is_grant ? change->grant.role : change->role.name;
    if (name.size > ROLE_NAME_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "the name of a role has at most %d bytes",
                         ROLE_NAME_BYTES_MAX);
    }
    if (is_grant && change->grant.resource.size > ROLE_RESOURCE_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "the name of a resource has at most %d bytes",
                         ROLE_RESOURCE_BYTES_MAX);
    }
    if (!is_grant && change->role.member_of_count > ROLE_MEMBER_OF_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "at most %d roles can be granted to a role",
                         ROLE_MEMBER_OF_MAX);
    }
    return STATUS_OK;
}

static enum status check_plan(struct roles *roles, const struct role_plan *plan, struct error *error)
{
    size_t added[2] = {0}; /* roles, grants */
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&roles->mutex);
    for (size_t i = 0; i < plan->count && status == STATUS_OK; i++) {
        const struct role_change *change = &plan->changes[i];
        added[0] += change->kind == ROLE_PUT && role__entry(roles, change->role.name) == NULL;
        added[1] += change->kind == ROLE_GRANTS && change->grant.permissions != 0;
        status = check_change(change, error);
    }
    size_t entries = map_count(roles->entries) + added[0];
    size_t grants = map_count(roles->grants) + added[1];
    (void)pthread_mutex_unlock(&roles->mutex);
    if (status == STATUS_OK && added[0] > 0 && entries > ROLES_MAX) {
        status = error_set(error, STATUS_TOO_LARGE, "there are %d roles, the most there can be", ROLES_MAX);
    } else if (status == STATUS_OK && added[1] > 0 && grants > ROLE_GRANTS_MAX) {
        status =
            error_set(error, STATUS_TOO_LARGE,
                      "permissions were granted on %d resources, the most there can be", ROLE_GRANTS_MAX);
    } else if (status == STATUS_OK && plan->count > ROLE_CHANGES_MAX) {
        status = error_set(error, STATUS_TOO_LARGE, "a statement can change at most %d roles and permissions",
                           ROLE_CHANGES_MAX);
    }
    return status;
}

enum status role_rows(struct roles *roles, const struct role_plan *plan, struct role_row **ret_rows,
                      size_t *ret_count, struct error *error)
{
    struct arena *arena = plan->arena;
    struct role_row *rows = arena_create_array(arena, plan->count + 1, sizeof(*rows));
    const struct value_member members[] = {{"name", value_of_text(bytes_of_text(VERSION_NAME))},
                                           {"version", value_of_integer((int64_t)plan->version + 1)}};
    enum status status = check_plan(roles, plan, error);
    for (size_t i = 0; i < plan->count && status == STATUS_OK; i++) {
        status = row_of(roles, &plan->changes[i], arena, &rows[i], error);
    }
    rows[plan->count] = (struct role_row){.table = "system.role_changes",
                                          .item = value_of_members(arena, members, ARRAY_COUNT(members))};
    *ret_rows = rows;
    *ret_count = plan->count + 1;
    return status;
}

/* --- from rows -------------------------------------------------------------------------------------------------- */

static enum status texts_of(const struct value *item, const char *name, struct arena *arena,
                            struct bytes **ret_texts, size_t *ret_count)
{
    const struct value *list = value_map_get(item, bytes_of_text(name));
    if (list == NULL || list->kind != VALUE_LIST) {
        return STATUS_CORRUPT;
    }
    *ret_texts = arena_create_array(arena, list->items.count, sizeof(**ret_texts));
    *ret_count = list->items.count;
    for (size_t i = 0; i < list->items.count; i++) {
        if (list->items.at[i].kind != VALUE_TEXT) {
            return STATUS_CORRUPT;
        }
        (*ret_texts)[i] = list->items.at[i].bytes;
    }
    return STATUS_OK;
}

static bool flag_of(const struct value *item, const char *name)
{
    const struct value *flag = value_map_get(item, bytes_of_text(name));
    return flag != NULL && flag->kind == VALUE_BOOLEAN && flag->boolean;
}

/* The hash when it can be opened; else what is stored. */
static void secret_open(struct roles *roles, struct bytes sealed, struct arena *arena, struct role *role)
{
    struct buffer bound = {0};
    struct buffer hash = {0};
    if (sealed.size == 0) {
        return;
    }
    secret_bound(role->name, &bound);
    bool is_open =
        roles->identity != NULL && identity_unseal(roles->identity, buffer_bytes(&bound), sealed, &hash);
    if (is_open && role_hash_is_sound(buffer_bytes(&hash))) {
        role->hash = arena_copy(arena, buffer_bytes(&hash));
    } else {
        role->sealed = sealed;
    }
    if (hash.size > 0) {
        crypto_wipe(hash.data, hash.size);
    }
    buffer_reset(&bound);
    buffer_reset(&hash);
}

static enum status load_role(struct roles *roles, const struct value *item, struct arena *arena)
{
    struct role_change change = {.kind = ROLE_PUT};
    struct role *role = &change.role;
    const struct value *sealed = value_map_get(item, bytes_of_text("sealed"));
    role->name = value_map_text(item, "role");
    role->can_login = flag_of(item, "can_login");
    role->is_superuser = flag_of(item, "is_superuser");
    enum status status = texts_of(item, "member_of", arena, &role->member_of, &role->member_of_count);
    if (status == STATUS_OK) {
        status = texts_of(item, "datacenters", arena, &role->datacenters, &role->datacenters_count);
    }
    if (status != STATUS_OK || role->name.size == 0 || sealed == NULL || sealed->kind != VALUE_BYTES) {
        return STATUS_CORRUPT;
    }
    secret_open(roles, sealed->bytes, arena, role);
    role__put_in(roles, &change);
    return STATUS_OK;
}

static enum status load_grant(struct roles *roles, const struct value *item, struct arena *arena)
{
    struct role_change change = {.kind = ROLE_GRANTS};
    struct bytes *names = NULL;
    size_t count = 0;
    change.grant.role = value_map_text(item, "role");
    change.grant.resource = value_map_text(item, "resource");
    enum status status = texts_of(item, "permissions", arena, &names, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        for (int k = 0; k < ROLE_PERMISSIONS; k++) {
            if (bytes_equal(names[i], bytes_of_text(role_permission_name((enum role_permission)k)))) {
                change.grant.permissions |= ROLE_BIT(k);
            }
        }
    }
    if (status != STATUS_OK || change.grant.role.size == 0 || change.grant.resource.size == 0) {
        return STATUS_CORRUPT;
    }
    role__put_in(roles, &change);
    return STATUS_OK;
}

static enum status load_version(struct roles *roles, const struct value *item, struct arena *arena)
{
    (void)arena;
    roles->version = role_version_of(item);
    return STATUS_OK;
}

static const struct {
    uint32_t table;
    const char *name;
    enum status (*load)(struct roles *roles, const struct value *item, struct arena *arena);
} tables[] = {
    {TABLE_ROLES, "system.roles", load_role},
    {TABLE_PERMISSIONS, "system.permissions", load_grant},
    {TABLE_ROLE_CHANGES, "system.role_changes", load_version},
};

static enum status load_rows(struct roles *roles, size_t table, struct read_cursor *cursor,
                             struct error *error)
{
    struct bytes storage;
    struct bytes key;
    struct bytes image;
    enum status status = read_cursor_next(cursor, &storage, &key, &image, error);
    while (status == STATUS_OK) {
        struct arena arena = {0};
        struct value item;
        status = codec_value_decode(image, &arena, &item, error);
        if (status == STATUS_OK && tables[table].load(roles, &item, &arena) != STATUS_OK) {
            status = error_set(error, STATUS_CORRUPT, "a malformed row of %s", tables[table].name);
        }
        arena_reset(&arena);
        if (status == STATUS_OK) {
            status = read_cursor_next(cursor, &storage, &key, &image, error);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status role__load(struct roles *roles, struct environment *environment, struct error *error)
{
    struct snapshot *snapshot = NULL;
    enum status status = snapshot_open(environment, &snapshot, error);
    for (size_t i = 0; i < ARRAY_COUNT(tables) && status == STATUS_OK; i++) {
        uint8_t low[4];
        uint8_t high[4];
        struct read_cursor *cursor = NULL;
        bytes_put_u32(low, tables[i].table); /* a system table's space is its id */
        bytes_put_u32(high, tables[i].table + 1);
        struct read_range range = {.low = bytes_of(low, sizeof(low)), .high = bytes_of(high, sizeof(high))};
        status = read_cursor_open(snapshot, range, &cursor, error);
        if (status == STATUS_OK) {
            status = load_rows(roles, i, cursor, error);
        }
        read_cursor_close(&cursor);
    }
    snapshot_close(&snapshot);
    return status;
}
