/* Access keys and signatures made with them. DESIGN §12. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "identity/bounds.h"
#include "value/value.h"

struct identity;
struct catalog;
struct environment;

enum {
    TABLE_CREDENTIALS = 14, /* system.credentials: access key id → principal, sealed secret, state */
};

/* Before the store opens. */
void identity_register_tables(struct catalog *catalog);

struct identity_options {
    struct environment *environment; /* open; used by identity_open only */
    const char *key_file;       /* with the key that seals; empty: secrets can be neither made nor read */
    const char *data_directory; /* in which key_file must not lie */
};

/* Reads the key file, making it when it is not there, and the table.
 * STATUS_INVALID: the file lies in the data directory, may be read by others, has another size, or does not open the
 * secrets that are there. STATUS_IO, STATUS_CORRUPT. */
MUST_USE enum status identity_open(const struct identity_options *options, struct identity **ret_identity,
                                   struct error *error);
void identity_close(struct identity **identity); /* accepts a pointer to NULL */

/* What there is. */
struct identity_facts {
    size_t credentials;
    size_t active;
    size_t sealed; /* of the active ones, those whose secret could not be read: there is no key file */
    bool has_made_key_file;
};

void identity_facts_read(struct identity *identity, struct identity_facts *ret_facts);
/* Whether a client must say who it is: there is at least one active access key. */
bool identity_is_required(struct identity *identity);

/* --- signatures ------------------------------------------------------------------------------------------------- */

/* What a client says to have signed (AWS Signature Version 4): the scope, and connectors/aws's string to sign. */
struct identity_claim {
    struct bytes access_key_id;
    struct bytes date; /* "20260101" */
    struct bytes region;
    struct bytes service;
    struct bytes string_to_sign;
    struct bytes signature; /* lower-case hexadecimal */
};

/* Whether the string was signed with the secret of that access key. *ret_principal, in `arena`, is the actor for the gate.
 * STATUS_NOT_FOUND: there is no such active access key. STATUS_DENIED: the signature is not its own. */
MUST_USE enum status identity_verify(struct identity *identity, const struct identity_claim *claim,
                                     struct arena *arena, struct bytes *ret_principal, struct error *error);

/* Whether there is such an access key, and it is active: of who has signed before. */
bool identity_is_active(struct identity *identity, struct bytes access_key_id);

/* --- access keys ------------------------------------------------------------------------------------------------ */

/* A new access key, with its secret in the open. Wiped by whoever got it. */
struct identity_issue {
    char access_key_id[IDENTITY_ID_BYTES + 1];
    char secret[IDENTITY_SECRET_BYTES + 1];
    char name[IDENTITY_NAME_BYTES_MAX + 1];
    int64_t created_us;
};

/* Makes one, which counts once its row is written and identity_admit was told. An empty name is "admin".
 * STATUS_DENIED: there is no key file. STATUS_INVALID: what cannot be a name. STATUS_TOO_LARGE. */
MUST_USE enum status identity_issue(struct identity *identity, struct bytes name, int64_t now_us,
                                    struct identity_issue *ret_issue, struct error *error);
/* Its row in system.credentials, in `arena`. */
struct value identity_item(struct identity *identity, const struct identity_issue *issue,
                           struct arena *arena);
/* The row is committed; is removed. Thread: the writer's, so that changes come in the order of commits. */
void identity_admit(struct identity *identity, const struct identity_issue *issue);
void identity_forget(struct identity *identity, struct bytes access_key_id);

/* Seals a secret of another floor as those of access keys are sealed: `bound` says whose it is. Appends to the buffer.
 * STATUS_DENIED: there is no key file. Thread: any. */
MUST_USE enum status identity_seal(const struct identity *identity, struct bytes bound, struct bytes secret,
                                   struct buffer *ret_sealed, struct error *error);
/* Appends the secret. False: there is no key file, it is another key, or the secret is not whose it says. */
bool identity_unseal(const struct identity *identity, struct bytes bound, struct bytes sealed,
                     struct buffer *ret_secret);

struct identity_entry {
    struct bytes access_key_id;
    struct bytes name;
    int64_t created_us;
    bool is_active;
};

/* Calls `visit` with every access key, oldest first. It must not call back. */
void identity_list(struct identity *identity,
                   void (*visit)(void *context, const struct identity_entry *entry), void *context);

#endif
