/* Who a client is: a name and a password (SASL PLAIN, RFC 4616), or a signature made with an access key (SigV4, as
 * clients of Amazon Keyspaces do). The first token tells which. Thread: the door's. */
#ifndef CQL_AUTHENTICATION_H
#define CQL_AUTHENTICATION_H

#include "base/arena.h"
#include "base/buffer.h"
#include "cql/cql.h"

enum {
    AUTHENTICATION_NONCE_BYTES = 32,
};

/* What AUTHENTICATE names, whichever of the two the client then takes. */
#define AUTHENTICATION_CLASS "org.apache.cassandra.auth.PasswordAuthenticator"

/* One connection's. {0} is the beginning. */
struct authentication {
    bool is_challenged;
    uint8_t nonce[AUTHENTICATION_NONCE_BYTES]; /* hexadecimal */
    struct bytes user;                         /* of AUTHENTICATION_ASKED: parts of the token */
    struct bytes password;
    struct bytes access_key; /* of AUTHENTICATION_PASSED by a signature: a part of the token */
};

enum authentication_result {
    AUTHENTICATION_PASSED,     /* *ret_principal, in the arena, is who it is */
    AUTHENTICATION_ASKED,      /* the roles have to be asked whether it is the user's password */
    AUTHENTICATION_CHALLENGED, /* *ret_challenge is to be sent, in the arena */
    AUTHENTICATION_REFUSED,    /* `error` is for the client */
};

/* What a client is told whose name or password is wrong; who may not log in. */
const char *cql__wrong_password(struct bytes user, struct arena *arena);
const char *cql__login_forbidden(struct bytes user, struct arena *arena);

enum authentication_result cql__authenticate(struct authentication *authentication,
                                             const struct cql_door_options *options, struct bytes token,
                                             struct arena *arena, struct bytes *ret_challenge,
                                             struct bytes *ret_principal, struct error *error);

/* The string to sign of a login with that nonce: the canonical request is
 * PUT /authenticate with the sorted query of algorithm, credential, date and expiry, header host:cassandra, and the
 * nonce's SHA-256. `stamp` is "2026-11-20T23:35:57.350Z". */
struct bytes cql__string_to_sign(struct arena *arena, struct bytes access_key_id, struct bytes stamp,
                                 const char *region, struct bytes nonce);

#endif
