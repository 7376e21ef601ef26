/* The inside of the library. */
#ifndef ROLE_PRIVATE_H
#define ROLE_PRIVATE_H

#include <pthread.h>

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/turn.h"
#include "role/role.h"

struct passwords;

/* A role in memory; everything of it is in its own arena. */
struct role_entry {
    struct arena arena;
    struct role role;
    bool has_known; /* a password was found right: its code, by a key of this process */
    uint8_t known[SHA256_BYTES];
};

struct roles {
    pthread_mutex_t mutex;
    struct map *entries; /* name → struct role_entry */
    struct map *grants;  /* role NUL resource → struct grant_entry */
    uint64_t version;
    struct turns turns;
    struct identity *identity;
    uint8_t process_key[SHA256_BYTES]; /* of known passwords */
    struct passwords *passwords;
};

/* What was granted to a role on a resource. */
struct grant_entry {
    struct role_grant grant; /* its names lie in the key */
    uint8_t key[];           /* role, NUL, resource */
};

/* Under the mutex: puts a change in. */
void role__put_in(struct roles *roles, const struct role_change *change);
/* Under the mutex: the entry; NULL. */
struct role_entry *role__entry(struct roles *roles, struct bytes name);
/* What is granted to the grant's role on its resource itself, now. `arena` is for the way there. */
uint32_t role__granted(struct roles *roles, struct arena *arena, const struct role_grant *grant);
void role__copy(const struct role *role, struct arena *arena, struct role *ret_role);

/* Rows, both ways. */
MUST_USE enum status role__row_of_role(struct roles *roles, const struct role *role, struct arena *arena,
                                       struct value *ret_item, struct error *error);
struct value role__row_of_grant(const struct role_grant *grant, struct arena *arena);
/* Reads all three tables. */
MUST_USE enum status role__load(struct roles *roles, struct environment *environment, struct error *error);

/* STATUS_TOO_LARGE, STATUS_INVALID: what cannot be a password. */
MUST_USE enum status role__password_check(struct bytes password, struct error *error);
/* A hash that no password has (its salt is made, the rest is not): to compare a password with it takes as long as with
 * any. Nothing is hashed. STATUS_UNSUPPORTED: libcrypt has no bcrypt. */
MUST_USE enum status role__password_none(char ret_hash[ROLE_HASH_BYTES + 1], struct error *error);
/* Whether the password is the one of a hash. */
bool role__password_is(struct bytes password, struct bytes hash);

struct passwords *role__passwords_create(struct roles *roles);
MUST_USE enum status role__passwords_start(struct passwords *passwords, struct error *error);
void role__passwords_stop(struct passwords *passwords);
void role__passwords_destroy(struct passwords **passwords);

#endif
