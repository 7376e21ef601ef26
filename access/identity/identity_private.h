/* The inside of the library. */
#ifndef IDENTITY_PRIVATE_H
#define IDENTITY_PRIVATE_H

#include "base/crypto.h"
#include "identity/identity.h"

/* An access key in memory. */
struct identity_credential {
    char access_key_id[IDENTITY_ID_BYTES + 1];
    char name[IDENTITY_NAME_BYTES_MAX + 1];
    char secret[IDENTITY_SECRET_BYTES + 1]; /* empty: it is sealed, and the key is not there */
    int64_t created_us;
    bool is_active;
};

/* Reads the key; makes the file, when `may_create`, if it is not there (STATUS_NOT_FOUND otherwise). */
MUST_USE enum status identity__key_read(const char *path, const char *data_directory, bool may_create,
                                        uint8_t ret_key[SEAL_KEY_BYTES], bool *ret_is_made,
                                        struct error *error);

/* A row of system.credentials, both ways. `key` NULL leaves the secret sealed. STATUS_CORRUPT; STATUS_DENIED: the key does
 * not open it. */
struct value identity__credential_encode(const struct identity_credential *credential,
                                         const uint8_t key[SEAL_KEY_BYTES], struct arena *arena);
MUST_USE enum status identity__credential_decode(struct bytes image, const uint8_t *key,
                                                 struct identity_credential *ret_credential,
                                                 struct error *error);

/* Whether the claim was signed with the secret. */
bool identity__signature_is(const struct identity_claim *claim, struct bytes secret);

#endif
