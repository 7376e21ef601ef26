/* The roles in memory, and questions about them. */
#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "role_private.h"

void role_register_tables(struct catalog *catalog)
{
    static struct key_column columns[4];
    columns[0] = (struct key_column){.name = bytes_of_text("role"), .type = {.kind = TYPE_TEXT}};
    columns[1] = columns[0];
    columns[2] = (struct key_column){.name = bytes_of_text("resource"), .type = {.kind = TYPE_TEXT}};
    columns[3] = (struct key_column){.name = bytes_of_text("name"), .type = {.kind = TYPE_TEXT}};
    const struct schema tables[] = {
        {.table = TABLE_ROLES,
         .name = bytes_of_text("system.roles"),
         .partition_count = 1,
         .partition = &columns[0]},
        {.table = TABLE_PERMISSIONS,
         .name = bytes_of_text("system.permissions"),
         .partition_count = 1,
         .partition = &columns[1],
         .clustering_count = 1,
         .clustering = &columns[2]},
        {.table = TABLE_ROLE_CHANGES,
         .name = bytes_of_text("system.role_changes"),
         .partition_count = 1,
         .partition = &columns[3]},
    };
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        catalog_register_system(catalog, &tables[i]);
    }
}

/* --- entries ---------------------------------------------------------------------------------------------------- */

static struct bytes *copy_texts(const struct bytes *texts, size_t count, struct arena *arena)
{
    struct bytes *copy = arena_create_array(arena, count, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_copy(arena, texts[i]);
    }
    return copy;
}

void role__copy(const struct role *role, struct arena *arena, struct role *ret_role)
{
    *ret_role = *role;
    ret_role->name = arena_copy(arena, role->name);
    ret_role->hash = arena_copy(arena, role->hash);
    ret_role->sealed = arena_copy(arena, role->sealed);
    ret_role->member_of = copy_texts(role->member_of, role->member_of_count, arena);
    ret_role->datacenters = copy_texts(role->datacenters, role->datacenters_count, arena);
}

static void entry_destroy(struct role_entry *entry)
{
    if (entry != NULL) {
        arena_reset(&entry->arena);
        memory_destroy(entry);
    }
}

struct role_entry *role__entry(struct roles *roles, struct bytes name)
{
    return map_get(roles->entries, name);
}

static struct bytes grant_key(struct arena *arena, struct bytes role, struct bytes resource)
{
    uint8_t *key = arena_create(arena, role.size + 1 + resource.size);
    if (role.size > 0) {
        memcpy(key, role.data, role.size);
    }
    memcpy(key + role.size + 1, resource.data, resource.size);
    return bytes_of(key, role.size + 1 + resource.size);
}

static struct role_entry *entry_create(const struct role *role)
{
    struct role_entry *entry = memory_create(sizeof(*entry));
    struct arena measured = {0};
    role__copy(role, &measured, &entry->role);
    arena_reserve(&entry->arena, measured.total);
    role__copy(role, &entry->arena, &entry->role);
    arena_reset(&measured);
    return entry;
}

static void put_role(struct roles *roles, const struct role *role)
{
    struct role_entry *entry = entry_create(role);
    const struct role_entry *before = role__entry(roles, role->name);
    entry->role.sealed = role->hash.size > 0 ? (struct bytes){0} : entry->role.sealed;
    if (before != NULL && before->has_known && bytes_equal(before->role.hash, role->hash)) {
        entry->has_known = true;
        memcpy(entry->known, before->known, sizeof(entry->known));
    }
    entry_destroy(map_put(roles->entries, role->name, entry));
}

static void put_grant(struct roles *roles, const struct role_grant *grant)
{
    struct arena arena = {0};
    struct bytes key = grant_key(&arena, grant->role, grant->resource);
    if (grant->permissions == 0) {
        memory_destroy(map_remove(roles->grants, key));
    } else {
        struct grant_entry *entry = memory_create(sizeof(*entry) + key.size);
        memcpy(entry->key, key.data, key.size);
        entry->grant =
            (struct role_grant){.role = bytes_of(entry->key, grant->role.size),
                                .resource = bytes_of(entry->key + grant->role.size + 1, grant->resource.size),
                                .permissions = grant->permissions};
        memory_destroy(map_put(roles->grants, key, entry));
    }
    arena_reset(&arena);
}

void role__put_in(struct roles *roles, const struct role_change *change)
{
    switch (change->kind) {
    case ROLE_PUT:
        put_role(roles, &change->role);
        break;
    case ROLE_REMOVE:
        entry_destroy(map_remove(roles->entries, change->role.name));
        break;
    case ROLE_GRANTS:
    default:
        put_grant(roles, &change->grant);
        break;
    }
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

enum status role_open(const struct roles_options *options, struct roles **ret_roles, struct error *error)
{
    struct roles *roles = memory_create(sizeof(*roles));
    enum status status = STATUS_OK;
    (void)pthread_mutex_init(&roles->mutex, NULL);
    turns_init(&roles->turns);
    roles->entries = map_create();
    roles->grants = map_create();
    roles->identity = options->identity;
    random_secret(roles->process_key, sizeof(roles->process_key));
    roles->passwords = role__passwords_create(roles);
    if (options->environment != NULL) {
        status = role__load(roles, options->environment, error);
    }
    if (status == STATUS_OK) {
        status = role__passwords_start(roles->passwords, error);
    }
    if (status != STATUS_OK) {
        role_close(&roles);
        return status;
    }
    *ret_roles = roles;
    return STATUS_OK;
}

struct turns *role_turns(struct roles *roles)
{
    return &roles->turns;
}

void role_stop(struct roles *roles)
{
    if (roles != NULL) {
        turns_stop(&roles->turns);
        role__passwords_stop(roles->passwords);
    }
}

void role_close(struct roles **roles)
{
    struct roles *gone = *roles;
    size_t position = 0;
    struct bytes key;
    void *entry = NULL;
    *roles = NULL;
    if (gone == NULL) {
        return;
    }
    role_stop(gone);
    role__passwords_destroy(&gone->passwords);
    while (map_next(gone->entries, &position, &key, &entry)) {
        entry_destroy(entry);
    }
    position = 0;
    while (map_next(gone->grants, &position, &key, &entry)) {
        memory_destroy(entry);
    }
    map_destroy(&gone->entries);
    map_destroy(&gone->grants);
    (void)pthread_mutex_destroy(&gone->mutex);
    turns_reset(&gone->turns);
    crypto_wipe(gone->process_key, sizeof(gone->process_key));
    memory_destroy(gone);
}

/* --- questions -------------------------------------------------------------------------------------------------- */

void role_facts_read(struct roles *roles, struct role_facts *ret_facts)
{
    struct role_facts facts = {0};
    size_t position = 0;
    struct bytes name;
    void *found = NULL;
    (void)pthread_mutex_lock(&roles->mutex);
    while (map_next(roles->entries, &position, &name, &found)) {
        const struct role_entry *entry = found;
        facts.roles++;
        facts.sealed += entry->role.sealed.size > 0;
        facts.superusers += entry->role.is_superuser && entry->role.can_login && entry->role.hash.size > 0;
    }
    (void)pthread_mutex_unlock(&roles->mutex);
    *ret_facts = facts;
}

bool role_find(struct roles *roles, struct bytes name, struct arena *arena, struct role *ret_role)
{
    (void)pthread_mutex_lock(&roles->mutex);
    const struct role_entry *entry = role__entry(roles, name);
    if (entry != NULL && ret_role != NULL) {
        role__copy(&entry->role, arena, ret_role);
    }
    (void)pthread_mutex_unlock(&roles->mutex);
    return entry != NULL;
}

bool role_can_login(struct roles *roles, struct bytes name)
{
    (void)pthread_mutex_lock(&roles->mutex);
    const struct role_entry *entry = role__entry(roles, name);
    bool can_login = entry != NULL && entry->role.can_login;
    (void)pthread_mutex_unlock(&roles->mutex);
    return can_login;
}

static int role_compare(const void *a, const void *b)
{
    return bytes_compare(((const struct role *)a)->name, ((const struct role *)b)->name);
}

struct role *role_list(struct roles *roles, struct arena *arena, size_t *ret_count)
{
    size_t position = 0;
    size_t count = 0;
    struct bytes name;
    void *found = NULL;
    (void)pthread_mutex_lock(&roles->mutex);
    struct role *list = arena_create_array(arena, map_count(roles->entries), sizeof(*list));
    while (map_next(roles->entries, &position, &name, &found)) {
        role__copy(&((const struct role_entry *)found)->role, arena, &list[count++]);
    }
    (void)pthread_mutex_unlock(&roles->mutex);
    if (count > 1) {
        qsort(list, count, sizeof(*list), role_compare);
    }
    *ret_count = count;
    return list;
}

static int grant_compare(const void *a, const void *b)
{
    const struct role_grant *left = a;
    const struct role_grant *right = b;
    int order = bytes_compare(left->role, right->role);
    return order != 0 ? order : bytes_compare(left->resource, right->resource);
}

struct role_grant *role_grants(struct roles *roles, struct arena *arena, size_t *ret_count)
{
    size_t position = 0;
    size_t count = 0;
    struct bytes key;
    void *found = NULL;
    (void)pthread_mutex_lock(&roles->mutex);
    struct role_grant *list = arena_create_array(arena, map_count(roles->grants), sizeof(*list));
    while (map_next(roles->grants, &position, &key, &found)) {
        const struct role_grant *grant = &((const struct grant_entry *)found)->grant;
        list[count++] = (struct role_grant){.role = arena_copy(arena, grant->role),
                                            .resource = arena_copy(arena, grant->resource),
                                            .permissions = grant->permissions};
    }
    (void)pthread_mutex_unlock(&roles->mutex);
    if (count > 1) {
        qsort(list, count, sizeof(*list), grant_compare);
    }
    *ret_count = count;
    return list;
}

uint32_t role__granted(struct roles *roles, struct arena *arena, const struct role_grant *grant)
{
    struct bytes key = grant_key(arena, grant->role, grant->resource);
    (void)pthread_mutex_lock(&roles->mutex);
    const struct grant_entry *entry = map_get(roles->grants, key);
    uint32_t permissions = entry == NULL ? 0 : entry->grant.permissions;
    (void)pthread_mutex_unlock(&roles->mutex);
    return permissions;
}

/* --- roles of roles --------------------------------------------------------------------------------------------- */

/* The roles that one has: itself first, each once, borrowed from the entries. */
struct closure {
    struct closure_role {
        const struct role_entry *entry;
    } * at;
    size_t count;
    size_t room;
    struct map *seen;
};

static void closure_add(struct closure *closure, const struct role_entry *entry)
{
    static const char here = 0;
    if (entry == NULL || map_get(closure->seen, entry->role.name) != NULL) {
        return;
    }
    (void)map_put(closure->seen, entry->role.name, (void *)(uintptr_t)&here);
    if (closure->count == closure->room) {
        closure->room = closure->room == 0 ? 8 : closure->room * 2;
        closure->at = memory_resize(closure->at, closure->room * sizeof(*closure->at));
    }
    closure->at[closure->count++].entry = entry;
}

/* Under the mutex. A role that is gone may still be named: it counts for nothing. */
static void closure_make(struct roles *roles, struct bytes name, bool inherits, struct closure *closure)
{
    closure->seen = map_create();
    closure_add(closure, role__entry(roles, name));
    for (size_t i = 0; i < closure->count && (i == 0 || inherits); i++) {
        const struct role *role = &closure->at[i].entry->role;
        for (size_t k = 0; k < role->member_of_count; k++) {
            closure_add(closure, role__entry(roles, role->member_of[k]));
        }
    }
}

static void closure_reset(struct closure *closure)
{
    map_destroy(&closure->seen);
    memory_destroy(closure->at);
    *closure = (struct closure){0};
}

static int name_compare(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

struct bytes *role_names_of(struct roles *roles, struct bytes name, bool inherits, struct arena *arena,
                            size_t *ret_count)
{
    struct closure closure = {0};
    (void)pthread_mutex_lock(&roles->mutex);
    closure_make(roles, name, inherits, &closure);
    struct bytes *names = arena_create_array(arena, closure.count, sizeof(*names));
    for (size_t i = 0; i < closure.count; i++) {
        names[i] = arena_copy(arena, closure.at[i].entry->role.name);
    }
    *ret_count = closure.count;
    closure_reset(&closure);
    (void)pthread_mutex_unlock(&roles->mutex);
    if (*ret_count > 1) {
        qsort(names, *ret_count, sizeof(*names), name_compare);
    }
    return names;
}

bool role_has(struct roles *roles, struct bytes name, struct bytes granted, bool inherits)
{
    struct closure closure = {0};
    (void)pthread_mutex_lock(&roles->mutex);
    closure_make(roles, name, inherits, &closure);
    bool has = map_get(closure.seen, granted) != NULL;
    closure_reset(&closure);
    (void)pthread_mutex_unlock(&roles->mutex);
    return has;
}

static bool closure_is_superuser(const struct closure *closure)
{
    for (size_t i = 0; i < closure->count; i++) {
        if (closure->at[i].entry->role.is_superuser) {
            return true;
        }
    }
    return false;
}

bool role_is_superuser(struct roles *roles, struct bytes name)
{
    struct closure closure = {0};
    (void)pthread_mutex_lock(&roles->mutex);
    closure_make(roles, name, true, &closure);
    bool is_superuser = closure_is_superuser(&closure);
    closure_reset(&closure);
    (void)pthread_mutex_unlock(&roles->mutex);
    return is_superuser;
}

static bool closure_may_on(struct roles *roles, const struct closure *closure,
                           enum role_permission permission, struct bytes resource, struct arena *arena)
{
    for (size_t i = 0; i < closure->count; i++) {
        const struct grant_entry *entry =
            map_get(roles->grants, grant_key(arena, closure->at[i].entry->role.name, resource));
        if (entry != NULL && (entry->grant.permissions & ROLE_BIT(permission)) != 0) {
            return true;
        }
    }
    return false;
}

bool role_may(struct roles *roles, struct bytes name, enum role_permission permission, struct bytes resource)
{
    struct closure closure = {0};
    struct arena arena = {0};
    bool has_more = true;
    (void)pthread_mutex_lock(&roles->mutex);
    closure_make(roles, name, true, &closure);
    bool may = closure_is_superuser(&closure);
    while (!may && has_more) {
        may = closure_may_on(roles, &closure, permission, resource, &arena);
        has_more = role_resource_parent(resource, &arena, &resource);
    }
    closure_reset(&closure);
    (void)pthread_mutex_unlock(&roles->mutex);
    arena_reset(&arena);
    return may;
}
