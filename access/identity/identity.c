/* The access keys in memory. */
#include "identity/identity.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "identity_private.h"
#include "read/read.h"

struct identity {
    pthread_mutex_t mutex;
    struct map *credentials; /* access key id → struct identity_credential */
    _Atomic size_t active;
    bool has_key;
    bool has_made_key_file;
    uint8_t key[SEAL_KEY_BYTES];
};

void identity_register_tables(struct catalog *catalog)
{
    static struct key_column column;
    column = (struct key_column){.name = bytes_of_text("id"), .type = {.kind = TYPE_TEXT}};
    struct schema schema = {.table = TABLE_CREDENTIALS,
                            .name = bytes_of_text("system.credentials"),
                            .partition_count = 1,
                            .partition = &column};
    catalog_register_system(catalog, &schema);
}

static void credential_destroy(struct identity_credential *credential)
{
    if (credential != NULL) {
        crypto_wipe(credential, sizeof(*credential));
        memory_destroy(credential);
    }
}

/* Under the mutex, or before there are other threads. */
static void identity_take_out(struct identity *identity, struct bytes access_key_id)
{
    struct identity_credential *gone = map_remove(identity->credentials, access_key_id);
    if (gone != NULL && gone->is_active) {
        atomic_fetch_sub(&identity->active, 1);
    }
    credential_destroy(gone);
}

static void identity_put_in(struct identity *identity, const struct identity_credential *credential)
{
    struct bytes id = bytes_of_text(credential->access_key_id);
    identity_take_out(identity, id);
    (void)map_put(identity->credentials, id, memory_copy(credential, sizeof(*credential)));
    if (credential->is_active) {
        atomic_fetch_add(&identity->active, 1);
    }
}

/* --- starting --------------------------------------------------------------------------------------------------- */

static enum status identity_load_rows(struct identity *identity, struct read_cursor *cursor,
                                      struct error *error)
{
    struct bytes storage;
    struct bytes key;
    struct bytes image;
    struct identity_credential credential = {0};
    enum status status = read_cursor_next(cursor, &storage, &key, &image, error);
    while (status == STATUS_OK) {
        status =
            identity__credential_decode(image, identity->has_key ? identity->key : NULL, &credential, error);
        if (status == STATUS_OK) {
            identity_put_in(identity, &credential);
            status = read_cursor_next(cursor, &storage, &key, &image, error);
        }
    }
    crypto_wipe(&credential, sizeof(credential));
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status identity_load(struct identity *identity, struct environment *environment,
                                 struct error *error)
{
    uint8_t low[4];
    uint8_t high[4];
    struct snapshot *snapshot = NULL;
    struct read_cursor *cursor = NULL;
    bytes_put_u32(low, TABLE_CREDENTIALS); /* a system table's space is its id */
    bytes_put_u32(high, TABLE_CREDENTIALS + 1);
    struct read_range range = {.low = bytes_of(low, sizeof(low)), .high = bytes_of(high, sizeof(high))};
    enum status status = snapshot_open(environment, &snapshot, error);
    if (status == STATUS_OK) {
        status = read_cursor_open(snapshot, range, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = identity_load_rows(identity, cursor, error);
    }
    read_cursor_close(&cursor);
    snapshot_close(&snapshot);
    return status;
}

/* The key before the rows when it is there; after them, when there are none to open, it may be made. */
static enum status identity_start(struct identity *identity, const struct identity_options *options,
                                  struct error *error)
{
    const char *file = options->key_file;
    enum status status = STATUS_OK;
    if (*file != '\0') {
        status = identity__key_read(file, options->data_directory, false, identity->key,
                                    &identity->has_made_key_file, error);
        identity->has_key = status == STATUS_OK;
    }
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = identity_load(identity, options->environment, error);
    }
    if (status == STATUS_DENIED) {
        error_prefix(error, "--key-file %s", file);
        error->status = STATUS_INVALID;
        return STATUS_INVALID;
    }
    if (status != STATUS_OK || *file == '\0' || identity->has_key) {
        return status;
    }
    if (map_count(identity->credentials) > 0) {
        return error_set(error, STATUS_INVALID,
                         "--key-file %s is not there, but access keys are; give the file that they were made "
                         "with, or none to remove them",
                         file);
    }
    status = identity__key_read(file, options->data_directory, true, identity->key,
                                &identity->has_made_key_file, error);
    identity->has_key = status == STATUS_OK;
    return status;
}

enum status identity_open(const struct identity_options *options, struct identity **ret_identity,
                          struct error *error)
{
    struct identity *identity = memory_create(sizeof(*identity));
    (void)pthread_mutex_init(&identity->mutex, NULL);
    identity->credentials = map_create();
    enum status status = identity_start(identity, options, error);
    if (status != STATUS_OK) {
        identity_close(&identity);
        return status;
    }
    *ret_identity = identity;
    return STATUS_OK;
}

void identity_close(struct identity **identity)
{
    struct identity *gone = *identity;
    size_t position = 0;
    struct bytes id;
    void *credential = NULL;
    *identity = NULL;
    if (gone == NULL) {
        return;
    }
    while (map_next(gone->credentials, &position, &id, &credential)) {
        credential_destroy(credential);
    }
    map_destroy(&gone->credentials);
    (void)pthread_mutex_destroy(&gone->mutex);
    crypto_wipe(gone->key, sizeof(gone->key));
    memory_destroy(gone);
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

bool identity_is_required(struct identity *identity)
{
    return atomic_load(&identity->active) > 0;
}

void identity_facts_read(struct identity *identity, struct identity_facts *ret_facts)
{
    struct identity_facts facts = {.has_made_key_file = identity->has_made_key_file};
    size_t position = 0;
    struct bytes id;
    void *found = NULL;
    (void)pthread_mutex_lock(&identity->mutex);
    while (map_next(identity->credentials, &position, &id, &found)) {
        const struct identity_credential *credential = found;
        facts.credentials++;
        facts.active += credential->is_active;
        facts.sealed += credential->is_active && credential->secret[0] == '\0';
    }
    (void)pthread_mutex_unlock(&identity->mutex);
    *ret_facts = facts;
}

enum status identity_verify(struct identity *identity, const struct identity_claim *claim,
                            struct arena *arena, struct bytes *ret_principal, struct error *error)
{
    struct identity_credential credential = {0};
    (void)pthread_mutex_lock(&identity->mutex);
    const struct identity_credential *found = map_get(identity->credentials, claim->access_key_id);
    if (found != NULL) {
        credential = *found;
    }
    (void)pthread_mutex_unlock(&identity->mutex);
    enum status status = STATUS_OK;
    if (!credential.is_active) {
        status = error_set(error, STATUS_NOT_FOUND, "there is no such active access key");
    } else if (credential.secret[0] == '\0') {
        status = error_set(error, STATUS_DENIED,
                           "the secret of access key %s is sealed; start the server with its --key-file",
                           credential.access_key_id);
    } else if (!identity__signature_is(claim, bytes_of_text(credential.secret))) { /* invariant 3 */
        status = error_set(error, STATUS_DENIED, "the signature is not that of access key %s",
                           credential.access_key_id);
    } else {
        *ret_principal = arena_copy(arena, bytes_of_text(credential.name));
    }
    crypto_wipe(&credential, sizeof(credential));
    return status;
}

bool identity_is_active(struct identity *identity, struct bytes access_key_id)
{
    (void)pthread_mutex_lock(&identity->mutex);
    const struct identity_credential *found = map_get(identity->credentials, access_key_id);
    bool is_active = found != NULL && found->is_active;
    (void)pthread_mutex_unlock(&identity->mutex);
    return is_active;
}

static int credential_compare(const void *a, const void *b)
{
    const struct identity_credential *first = *(struct identity_credential *const *)a;
    const struct identity_credential *second = *(struct identity_credential *const *)b;
    if (first->created_us != second->created_us) {
        return first->created_us < second->created_us ? -1 : 1;
    }
    return strcmp(first->access_key_id, second->access_key_id);
}

void identity_list(struct identity *identity,
                   void (*visit)(void *context, const struct identity_entry *entry), void *context)
{
    size_t position = 0;
    size_t count = 0;
    struct bytes id;
    void *found = NULL;
    (void)pthread_mutex_lock(&identity->mutex);
    struct identity_credential **sorted =
        memory_create_array(map_count(identity->credentials) + 1, sizeof(struct identity_credential *));
    while (map_next(identity->credentials, &position, &id, &found)) {
        sorted[count++] = found;
    }
    qsort(sorted, count, sizeof(struct identity_credential *), credential_compare);
    for (size_t i = 0; i < count; i++) {
        visit(context, &(struct identity_entry){.access_key_id = bytes_of_text(sorted[i]->access_key_id),
                                                .name = bytes_of_text(sorted[i]->name),
                                                .created_us = sorted[i]->created_us,
                                                .is_active = sorted[i]->is_active});
    }
    (void)pthread_mutex_unlock(&identity->mutex);
    memory_destroy(sorted);
}

/* --- changing --------------------------------------------------------------------------------------------------- */

static enum status name_check(struct bytes name, struct error *error)
{
    bool is_sound = name.size <= IDENTITY_NAME_BYTES_MAX;
    for (size_t i = 0; i < name.size && is_sound; i++) {
        uint8_t c = name.data[i];
        is_sound = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   (c != 0 && strchr("-_.@", c) != NULL);
    }
    if (!is_sound) {
        return error_set(
            error, STATUS_INVALID,
            "a principal's name must have up to %d of the characters a-z, A-Z, 0-9, '-', '_', '.' "
            "and '@'",
            IDENTITY_NAME_BYTES_MAX);
    }
    if (bytes_equal(name, bytes_of_text("local"))) {
        return error_set(error, STATUS_INVALID, "local is the name of those who come without credentials");
    }
    return STATUS_OK;
}

/* Characters of an alphabet whose size is a power of two, so that all are equally likely. */
static void put_random(char *text, size_t size, const char *alphabet, size_t letters)
{
    CHECK((letters & (letters - 1)) == 0 && letters <= 256);
    random_secret(text, size);
    for (size_t i = 0; i < size; i++) {
        text[i] = alphabet[(uint8_t)text[i] & (letters - 1)];
    }
}

enum status identity_issue(struct identity *identity, struct bytes name, int64_t now_us,
                           struct identity_issue *ret_issue, struct error *error)
{
    static const char prefix[] = "AKOX"; /* as those of AWS begin with AKIA */
    const struct bytes principal = name.size == 0 ? bytes_of_text("admin") : name;
    struct identity_issue issue = {.created_us = now_us};
    struct identity_facts facts;
    enum status status = name_check(principal, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!identity->has_key) {
        return error_set(error, STATUS_DENIED,
                         "the server has no key to seal secrets with; start it with --key-file FILE, which "
                         "is made when it is not there");
    }
    identity_facts_read(identity, &facts);
    if (facts.credentials >= IDENTITY_CREDENTIALS_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "there are %d access keys, the most there can be",
                         IDENTITY_CREDENTIALS_MAX);
    }
    memcpy(issue.name, principal.data, principal.size);
    memcpy(issue.access_key_id, prefix, sizeof(prefix) - 1);
    put_random(issue.access_key_id + sizeof(prefix) - 1, IDENTITY_ID_BYTES - (sizeof(prefix) - 1),
               "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32);
    put_random(issue.secret, IDENTITY_SECRET_BYTES,
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 64);
    *ret_issue = issue;
    crypto_wipe(&issue, sizeof(issue));
    return STATUS_OK;
}

static struct identity_credential credential_of(const struct identity_issue *issue)
{
    struct identity_credential credential = {.created_us = issue->created_us, .is_active = true};
    memcpy(credential.access_key_id, issue->access_key_id, sizeof(credential.access_key_id));
    memcpy(credential.name, issue->name, sizeof(credential.name));
    memcpy(credential.secret, issue->secret, sizeof(credential.secret));
    return credential;
}

struct value identity_item(struct identity *identity, const struct identity_issue *issue, struct arena *arena)
{
    CHECK(identity->has_key);
    struct identity_credential credential = credential_of(issue);
    struct value item = identity__credential_encode(&credential, identity->key, arena);
    crypto_wipe(&credential, sizeof(credential));
    return item;
}

void identity_admit(struct identity *identity, const struct identity_issue *issue)
{
    struct identity_credential credential = credential_of(issue);
    (void)pthread_mutex_lock(&identity->mutex);
    identity_put_in(identity, &credential);
    (void)pthread_mutex_unlock(&identity->mutex);
    crypto_wipe(&credential, sizeof(credential));
}

void identity_forget(struct identity *identity, struct bytes access_key_id)
{
    (void)pthread_mutex_lock(&identity->mutex);
    identity_take_out(identity, access_key_id);
    (void)pthread_mutex_unlock(&identity->mutex);
}

/* --- secrets of others ------------------------------------------------------------------------------------------ */

enum status identity_seal(const struct identity *identity, struct bytes bound, struct bytes secret,
                          struct buffer *ret_sealed, struct error *error)
{
    if (!identity->has_key) {
        return error_set(error, STATUS_DENIED,
                         "the server has no key to seal secrets with; start it with --key-file FILE, which "
                         "is made when it is not there");
    }
    crypto_seal(identity->key, bound, secret, ret_sealed);
    return STATUS_OK;
}

bool identity_unseal(const struct identity *identity, struct bytes bound, struct bytes sealed,
                     struct buffer *ret_secret)
{
    return identity->has_key && crypto_open(identity->key, bound, sealed, ret_secret);
}
