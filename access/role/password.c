/* Passwords: bcrypt (Provos and Mazières, 1999), as Cassandra has it, so that hashes can go from one to the other. */
#include <crypt.h>

#include "base/memory.h"
#include "base/random.h"
#include "role_private.h"

#define BCRYPT_UNKNOWN "this machine's libcrypt does not know bcrypt"

/* "$2a$10$", 22 characters of salt, 31 of hash. */
enum {
    HASH_HEAD_BYTES = 7,
    SALT_BYTES = 16,
};

static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* libcrypt's memory holds what was made of the password. */
static struct crypt_data *crypt_memory_create(void)
{
    return memory_create(sizeof(struct crypt_data));
}

static void crypt_memory_destroy(struct crypt_data *memory)
{
    crypto_wipe(memory, sizeof(*memory));
    memory_destroy(memory);
}

/* What bcrypt looks at of a password, as C text. */
static void phrase_of(struct bytes password, char ret_phrase[ROLE_PASSWORD_BYTES_USED + 1])
{
    size_t size = password.size < ROLE_PASSWORD_BYTES_USED ? password.size : ROLE_PASSWORD_BYTES_USED;
    memset(ret_phrase, 0, ROLE_PASSWORD_BYTES_USED + 1);
    if (size > 0) {
        memcpy(ret_phrase, password.data, size);
    }
}

static bool has_nul(struct bytes password)
{
    return bytes_find_byte(password, '\0') != NULL;
}

enum status role__password_check(struct bytes password, struct error *error)
{
    if (password.size > ROLE_PASSWORD_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a password has at most %d bytes", ROLE_PASSWORD_BYTES_MAX);
    }
    return has_nul(password) ? error_set(error, STATUS_INVALID, "a password cannot have a NUL character")
                             : STATUS_OK;
}

static bool salt_make(char *setting, size_t size)
{
    char salt[SALT_BYTES];
    random_secret(salt, sizeof(salt));
    return crypt_gensalt_rn("$2a$", ROLE_ROUNDS_LOG2, salt, sizeof(salt), setting, (int)size) != NULL;
}

enum status role_password_hash(struct bytes password, char ret_hash[ROLE_HASH_BYTES + 1], struct error *error)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    char phrase[ROLE_PASSWORD_BYTES_USED + 1];
    enum status status = role__password_check(password, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct crypt_data *memory = crypt_memory_create();
    phrase_of(password, phrase);
    const char *hash = salt_make(setting, sizeof(setting)) ? crypt_r(phrase, setting, memory) : NULL;
    if (hash != NULL && strlen(hash) == ROLE_HASH_BYTES) {
        memcpy(ret_hash, hash, ROLE_HASH_BYTES + 1);
    } else {
        status = error_set(error, STATUS_UNSUPPORTED, BCRYPT_UNKNOWN);
    }
    crypto_wipe(phrase, sizeof(phrase));
    crypt_memory_destroy(memory);
    return status;
}

bool role_hash_is_sound(struct bytes hash)
{
    if (hash.size != ROLE_HASH_BYTES || memcmp(hash.data, "$2", 2) != 0 ||
        strchr("aby", hash.data[2]) == NULL || hash.data[2] == '\0' || hash.data[3] != '$' ||
        hash.data[6] != '$') {
        return false;
    }
    int rounds = (hash.data[4] - '0') * 10 + (hash.data[5] - '0');
    bool is_sound = hash.data[4] >= '0' && hash.data[4] <= '1' && hash.data[5] >= '0' &&
                    hash.data[5] <= '9' && rounds >= 4 && rounds <= ROLE_ROUNDS_LOG2_MAX;
    for (size_t i = HASH_HEAD_BYTES; i < hash.size && is_sound; i++) {
        is_sound = hash.data[i] != '\0' && strchr(alphabet, hash.data[i]) != NULL;
    }
    return is_sound;
}

enum status role__password_none(char ret_hash[ROLE_HASH_BYTES + 1], struct error *error)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE] = "";
    bool is_made = salt_make(setting, sizeof(setting)) && strlen(setting) < ROLE_HASH_BYTES;
    memset(ret_hash, '.', ROLE_HASH_BYTES);
    memcpy(ret_hash, setting, is_made ? strlen(setting) : 0);
    ret_hash[ROLE_HASH_BYTES] = '\0';
    return role_hash_is_sound(bytes_of_text(ret_hash)) ? STATUS_OK
                                                       : error_set(error, STATUS_UNSUPPORTED, BCRYPT_UNKNOWN);
}

bool role__password_is(struct bytes password, struct bytes hash)
{
    char phrase[ROLE_PASSWORD_BYTES_USED + 1];
    char setting[ROLE_HASH_BYTES + 1] = {0};
    if (!role_hash_is_sound(hash) || role__password_check(password, NULL) != STATUS_OK) {
        return false;
    }
    struct crypt_data *memory = crypt_memory_create();
    phrase_of(password, phrase);
    memcpy(setting, hash.data, hash.size);
    const char *made = crypt_r(phrase, setting, memory);
    bool is_equal = made != NULL && strlen(made) == hash.size && crypto_equal(made, hash.data, hash.size);
    crypto_wipe(phrase, sizeof(phrase));
    crypt_memory_destroy(memory);
    return is_equal;
}
