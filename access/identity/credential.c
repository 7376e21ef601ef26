/* Rows of system.credentials. */
#include "codec/pack.h"
#include "identity_private.h"

/* What a sealed secret belongs to: id, NUL, name. */
static struct bytes credential_bound(const struct identity_credential *credential, struct buffer *buffer)
{
    buffer_put_text(buffer, credential->access_key_id);
    buffer_put_u8(buffer, 0);
    buffer_put_text(buffer, credential->name);
    return buffer_bytes(buffer);
}

struct value identity__credential_encode(const struct identity_credential *credential,
                                         const uint8_t key[SEAL_KEY_BYTES], struct arena *arena)
{
    struct buffer bound = {0};
    struct buffer sealed = {0};
    crypto_seal(key, credential_bound(credential, &bound), bytes_of_text(credential->secret), &sealed);
    struct bytes kept = arena_copy(arena, buffer_bytes(&sealed));
    const char *id = arena_copy_text(arena, bytes_of_text(credential->access_key_id));
    const char *name = arena_copy_text(arena, bytes_of_text(credential->name));
    const struct value_member members[] = {
        {"created", value_of_integer(credential->created_us)},
        {"id", value_of_text(bytes_of_text(id))},
        {"name", value_of_text(bytes_of_text(name))},
        {"sealed", value_of_bytes(kept)},
        {"state", value_of_text(bytes_of_text(credential->is_active ? "active" : "inactive"))},
    };
    buffer_reset(&bound);
    buffer_reset(&sealed);
    return value_of_members(arena, members, ARRAY_COUNT(members));
}

static enum status credential_unseal(struct identity_credential *credential, struct bytes sealed,
                                     const uint8_t *key, struct error *error)
{
    struct buffer bound = {0};
    struct buffer secret = {0};
    enum status status = STATUS_OK;
    bool is_open = crypto_open(key, credential_bound(credential, &bound), sealed, &secret);
    if (is_open && secret.size == IDENTITY_SECRET_BYTES) {
        memcpy(credential->secret, secret.data, secret.size);
    } else {
        status = error_set(error, STATUS_DENIED, "the secret of access key %s was sealed with another key",
                           credential->access_key_id);
    }
    if (is_open) {
        crypto_wipe(secret.data, secret.size);
    }
    buffer_reset(&bound);
    buffer_reset(&secret);
    return status;
}

enum status identity__credential_decode(struct bytes image, const uint8_t *key,
                                        struct identity_credential *ret_credential, struct error *error)
{
    struct identity_credential credential = {0};
    struct arena arena = {0};
    struct value item;
    enum status status = codec_value_decode(image, &arena, &item, error);
    if (status != STATUS_OK) {
        arena_reset(&arena);
        return status;
    }
    struct bytes id = value_map_text(&item, "id");
    struct bytes name = value_map_text(&item, "name");
    const struct value *sealed = value_map_get(&item, bytes_of_text("sealed"));
    if (id.size != IDENTITY_ID_BYTES || name.size == 0 || name.size > IDENTITY_NAME_BYTES_MAX ||
        sealed == NULL || sealed->kind != VALUE_BYTES) {
        arena_reset(&arena);
        return error_set(error, STATUS_CORRUPT, "a malformed row of system.credentials");
    }
    memcpy(credential.access_key_id, id.data, id.size);
    memcpy(credential.name, name.data, name.size);
    credential.created_us = value_map_integer(&item, "created");
    credential.is_active = bytes_equal(value_map_text(&item, "state"), bytes_of_text("active"));
    if (key != NULL) {
        status = credential_unseal(&credential, sealed->bytes, key, error);
    }
    arena_reset(&arena);
    if (status == STATUS_OK) {
        *ret_credential = credential;
    }
    crypto_wipe(credential.secret, sizeof(credential.secret));
    return status;
}
