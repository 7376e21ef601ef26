/* Limits of roles. */
#ifndef ROLE_BOUNDS_H
#define ROLE_BOUNDS_H

enum {
    ROLES_MAX = 10000, /* roles; over it: STATUS_TOO_LARGE */
    ROLE_GRANTS_MAX =
        100000, /* resources on which roles were granted something, all roles together; likewise */
    ROLE_NAME_BYTES_MAX = 255,      /* of a role's name; likewise */
    ROLE_RESOURCE_BYTES_MAX = 1024, /* of a resource's name; likewise */
    ROLE_MEMBER_OF_MAX = 1000,      /* roles granted to a role itself; likewise */
    ROLE_CHANGES_MAX = 5000,        /* rows that one statement changes, as DROP ROLE does; likewise */
    ROLE_PASSWORD_BYTES_MAX = 1024, /* of a password; likewise */
    ROLE_PASSWORD_BYTES_USED = 72,  /* of a password that bcrypt looks at; the rest does not count */
    ROLE_HASH_BYTES = 60,           /* of a bcrypt hash as text */
    ROLE_ROUNDS_LOG2 = 10,          /* work of a hash that is made here: 2^10 rounds, as Cassandra's */
    ROLE_ROUNDS_LOG2_MAX =
        14, /* of a hash that comes from elsewhere: a login takes a second; over it: refused */
    ROLE_PASSWORDS_WAITING_MAX =
        1024, /* logins and new passwords that wait to be hashed; over it: STATUS_BUSY */
};

#endif
