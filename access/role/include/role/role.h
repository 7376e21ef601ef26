/* Roles: who may log in, who has which of them, and who may do what. Shared by all doors. */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include "base/arena.h"
#include "base/error.h"
#include "role/bounds.h"
#include "value/value.h"

struct catalog;
struct environment;
struct identity;
struct roles;
struct turns;

enum {
    TABLE_ROLES = 17, /* system.roles: role → what it is, sealed hash of its password, roles granted to it */
    TABLE_PERMISSIONS = 18,  /* system.permissions: (role, resource) → permissions */
    TABLE_ROLE_CHANGES = 19, /* system.role_changes: "roles" → how many changes there were */
};

/* Before the store opens. */
void role_register_tables(struct catalog *catalog);

struct roles_options {
    struct environment *environment; /* open; used by role_open only. NULL: there are no roles yet */
    struct identity *identity; /* whose key seals; outlives it. NULL: no row with a password can be made */
};

/* Reads the tables and starts the thread that hashes passwords. STATUS_IO, STATUS_CORRUPT. */
MUST_USE enum status role_open(const struct roles_options *options, struct roles **ret_roles,
                               struct error *error);
/* Ends that thread: what waits is answered ROLE_LOGIN_CLOSED, and turns that wait begin. For doors, before they close. Accepts NULL. */
void role_stop(struct roles *roles);
void role_close(struct roles **roles); /* stops too; accepts a pointer to NULL */

/* --- permissions and resources ---------------------------------------------------------------------------------- */

enum role_permission {
    ROLE_CREATE,
    ROLE_ALTER,
    ROLE_DROP,
    ROLE_SELECT,
    ROLE_MODIFY,
    ROLE_AUTHORIZE,
    ROLE_DESCRIBE,
    ROLE_EXECUTE,
    ROLE_PERMISSIONS, /* how many there are */
};

#define ROLE_BIT(permission) (UINT32_C(1) << (permission))
#define ROLE_ALL_PERMISSIONS (ROLE_BIT(ROLE_PERMISSIONS) - 1)

/* "SELECT" */
const char *role_permission_name(enum role_permission permission);

/* A resource is named by its way from the root, as Cassandra names it: "data", "data/keyspace", the same with
 * "/" and a star for all tables of one, "data/keyspace/table"; "roles", "roles/name"; "functions", "functions/keyspace",
 * "functions/keyspace/name[types]"; "mbean", "mbean/name". What is granted on one holds for all below it.
 * The one above; false: it is a root. */
bool role_resource_parent(struct bytes resource, struct arena *arena, struct bytes *ret_parent);
/* The permissions that there are on it: bits. 0: it is no resource. */
uint32_t role_resource_permissions(struct bytes resource);

/* --- what there is: thread any ---------------------------------------------------------------------------------- */

struct role {
    struct bytes name;
    struct bytes hash;       /* of its password, bcrypt as text; empty: none, or it cannot be opened */
    struct bytes sealed;     /* that, as stored, when it cannot be opened: it was sealed with another key */
    struct bytes *member_of; /* granted to it itself */
    size_t member_of_count;
    struct bytes *datacenters; /* it may connect to; none: all */
    size_t datacenters_count;
    bool can_login;
    bool is_superuser;
};

struct role_grant {
    struct bytes role;
    struct bytes resource;
    uint32_t permissions; /* bits */
};

struct role_facts {
    size_t roles;
    size_t superusers; /* that can log in with a password */
    size_t sealed;     /* whose password's hash could not be read */
};

void role_facts_read(struct roles *roles, struct role_facts *ret_facts);
/* *ret_role (may be NULL) is a copy in `arena`. */
bool role_find(struct roles *roles, struct bytes name, struct arena *arena, struct role *ret_role);
/* All roles by name; copies in `arena`. */
struct role *role_list(struct roles *roles, struct arena *arena, size_t *ret_count);
/* The role and those granted to it, by name; with `inherits` also those granted to these. None: there is no such role. */
struct bytes *role_names_of(struct roles *roles, struct bytes name, bool inherits, struct arena *arena,
                            size_t *ret_count);
bool role_has(struct roles *roles, struct bytes name, struct bytes granted, bool inherits);
/* What was granted, by role and resource; copies in `arena`. */
struct role_grant *role_grants(struct roles *roles, struct arena *arena, size_t *ret_count);

/* Whether it, or a role that it has, is a superuser. */
bool role_is_superuser(struct roles *roles, struct bytes name);
/* Whether it may, by itself or by a role that it has, on the resource or one above. Nobody who is no role may anything. */
bool role_may(struct roles *roles, struct bytes name, enum role_permission permission, struct bytes resource);

/* --- changes ---------------------------------------------------------------------------------------------------- */

enum role_change_kind {
    ROLE_PUT,    /* `role`, as it is from then on */
    ROLE_REMOVE, /* role.name */
    ROLE_GRANTS, /* `grant`, as it is from then on; no permissions: none are left */
};

struct role_change {
    enum role_change_kind kind;
    struct role role;
    struct role_grant grant;
};

/* Changes come one after the other: a turn begins before its plan is, and ends when its changes are applied, or there will be none. */
struct turns *role_turns(struct roles *roles);

/* Changes that belong together. Planned, in a turn, against what is in memory: `version` is what that was. Whoever writes them
 * puts the rows of role_rows in one transaction, on condition that system.role_changes still says `version`, and then calls
 * role_apply. */
struct role_plan {
    struct arena *arena;
    uint64_t version;
    struct role_change *changes;
    size_t count;
};

/* An empty plan against what there is now; changes are added by the calls below, in the plan's arena. */
void role_plan_begin(struct roles *roles, struct arena *arena, struct role_plan *ret_plan);
void role_plan_add(struct role_plan *plan, const struct role_change *change);
/* The role goes, with its membership both ways and all grants to it and on it. */
void role_plan_drop(struct roles *roles, struct role_plan *plan, struct bytes name);
/* *ret_changed: those that were not granted yet; none: nothing is added. */
void role_plan_grant(struct roles *roles, struct role_plan *plan, const struct role_grant *grant,
                     uint32_t *ret_changed);
/* *ret_changed: those that had been granted. */
void role_plan_revoke(struct roles *roles, struct role_plan *plan, const struct role_grant *grant,
                      uint32_t *ret_changed);
/* The resource is gone, and all below it: so is what was granted on them. */
void role_plan_forget(struct roles *roles, struct role_plan *plan, struct bytes resource);

/* A row to be written: a map, or of what goes its key. */
struct role_row {
    const char *table;
    struct value item;
    bool is_removal;
};

/* The rows of a plan, in its arena, that of system.role_changes last. STATUS_DENIED: a password, and no --key-file.
 * STATUS_TOO_LARGE: over a limit. */
MUST_USE enum status role_rows(struct roles *roles, const struct role_plan *plan, struct role_row **ret_rows,
                               size_t *ret_count, struct error *error);
/* The key of the row that every plan changes, and the version that such a row (NULL: there is none) holds. */
struct value role_version_key(struct arena *arena);
uint64_t role_version_of(const struct value *row);
/* The plan is committed. Thread: the writer's, so that changes come in the order of commits. */
void role_apply(struct roles *roles, const struct role_plan *plan);

/* --- passwords -------------------------------------------------------------------------------------------------- */

/* bcrypt, so that hashes may come from Cassandra and go there. STATUS_TOO_LARGE; STATUS_INVALID: it has a NUL.
 * Thread: any; takes as long as bcrypt does. */
MUST_USE enum status role_password_hash(struct bytes password, char ret_hash[ROLE_HASH_BYTES + 1],
                                        struct error *error);
bool role_hash_is_sound(struct bytes hash);

enum role_login_result {
    ROLE_LOGIN_OK,
    ROLE_LOGIN_WRONG,     /* there is no such role, or it has another password, or none */
    ROLE_LOGIN_FORBIDDEN, /* the password is right, but the role may not log in */
    ROLE_LOGIN_CLOSED,    /* the server is stopping */
};

/* At once, and only yes: the password was found right before, and nothing changed since. */
bool role_login_is_known(struct roles *roles, struct bytes name, struct bytes password);
/* Whether the role may log in with that password. `done` is called once, on the roles' own thread; it must not block.
 * STATUS_BUSY: too many wait. STATUS_CLOSED. */
MUST_USE enum status role_login(struct roles *roles, struct bytes name, struct bytes password,
                                void (*done)(void *context, enum role_login_result result), void *context,
                                struct error *error);
/* Whether a role that proved who it is otherwise may log in. */
bool role_can_login(struct roles *roles, struct bytes name);
/* Hashes a new password there: `hash` lives during the call, NULL when the server is stopping. Errors as role_login and
 * role_password_hash. */
MUST_USE enum status role_hash(struct roles *roles, struct bytes password,
                               void (*done)(void *context, const char *hash), void *context,
                               struct error *error);

#endif
