#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/random.h"

/* No Debian library offers CRC-32C to C, hence these: the processor's instruction where there is one, a table
 * otherwise. Both are checked against the published vectors. */
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(uint32_t crc, struct bytes bytes)
{
    const uint8_t *at = bytes.data;
    size_t left = bytes.size;
    uint64_t state = ~crc;
    while (left >= 8) {
        uint64_t word = 0;
        memcpy(&word, at, sizeof(word));
        state = __builtin_ia32_crc32di(state, word);
        at += 8;
        left -= 8;
    }
    uint32_t state32 = (uint32_t)state;
    while (left > 0) {
        state32 = __builtin_ia32_crc32qi(state32, *at++);
        left--;
    }
    return ~state32;
}
#endif

static uint32_t crc32c_bitwise_table_entry(uint32_t index)
{
    uint32_t entry = index;
    for (int bit = 0; bit < 8; bit++) {
        entry = (entry >> 1) ^ ((entry & 1) != 0 ? 0x82F63B78U : 0);
    }
    return entry;
}

static uint32_t crc32c_portable(uint32_t crc, struct bytes bytes)
{
    uint32_t state = ~crc;
    for (size_t i = 0; i < bytes.size; i++) {
        state = (state >> 8) ^ crc32c_bitwise_table_entry((state ^ bytes.data[i]) & 0xFF);
    }
    return ~state;
}

uint32_t crypto_crc32c(uint32_t crc, struct bytes bytes)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return crc32c_hardware(crc, bytes);
    }
#endif
    return crc32c_portable(crc, bytes);
}

void crypto_sha256(struct bytes bytes, uint8_t ret_digest[SHA256_BYTES])
{
    unsigned size = 0;
    CHECK(EVP_Digest(bytes.data, bytes.size, ret_digest, &size, EVP_sha256(), NULL) == 1 &&
          size == SHA256_BYTES);
}

void crypto_md5(struct bytes bytes, uint8_t ret_digest[MD5_BYTES])
{
    unsigned size = 0;
    CHECK(EVP_Digest(bytes.data, bytes.size, ret_digest, &size, EVP_md5(), NULL) == 1 && size == MD5_BYTES);
}

void crypto_hmac_sha256(struct bytes key, struct bytes bytes, uint8_t ret_digest[SHA256_BYTES])
{
    static const uint8_t empty[1];
    unsigned size = 0;
    CHECK(key.size < 1024 * 1024);
    CHECK(HMAC(EVP_sha256(), key.size == 0 ? empty : key.data, (int)key.size, bytes.data, bytes.size,
               ret_digest, &size) != NULL);
    CHECK(size == SHA256_BYTES);
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void crypto_wipe(void *secret, size_t size)
{
    OPENSSL_cleanse(secret, size);
}

void crypto_seal(const uint8_t key[SEAL_KEY_BYTES], struct bytes bound, struct bytes secret,
                 struct buffer *ret_sealed)
{
    int size = 0;
    CHECK(secret.size < 1024 * 1024 && bound.size < 1024 * 1024);
    uint8_t *nonce = buffer_extend(ret_sealed, SEAL_NONCE_BYTES + secret.size + SEAL_TAG_BYTES);
    uint8_t *cipher = nonce + SEAL_NONCE_BYTES;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    random_secret(nonce, SEAL_NONCE_BYTES);
    CHECK(context != NULL && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1);
    CHECK(bound.size == 0 || EVP_EncryptUpdate(context, NULL, &size, bound.data, (int)bound.size) == 1);
    CHECK(secret.size == 0 || EVP_EncryptUpdate(context, cipher, &size, secret.data, (int)secret.size) == 1);
    CHECK(EVP_EncryptFinal_ex(context, cipher + secret.size, &size) == 1 && size == 0);
    CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_BYTES, cipher + secret.size) == 1);
    EVP_CIPHER_CTX_free(context);
}

bool crypto_open(const uint8_t key[SEAL_KEY_BYTES], struct bytes bound, struct bytes sealed,
                 struct buffer *ret_secret)
{
    int size = 0;
    uint8_t tag[SEAL_TAG_BYTES];
    if (sealed.size < SEAL_NONCE_BYTES + SEAL_TAG_BYTES || sealed.size > 1024 * 1024 ||
        bound.size > 1024 * 1024) {
        return false;
    }
    size_t secret_bytes = sealed.size - SEAL_NONCE_BYTES - SEAL_TAG_BYTES;
    const uint8_t *cipher = sealed.data + SEAL_NONCE_BYTES;
    size_t before = ret_secret->size;
    uint8_t *secret = buffer_extend(ret_secret, secret_bytes);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    memcpy(tag, cipher + secret_bytes, sizeof(tag));
    CHECK(context != NULL && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, sealed.data) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_BYTES, tag) == 1);
    CHECK(bound.size == 0 || EVP_DecryptUpdate(context, NULL, &size, bound.data, (int)bound.size) == 1);
    CHECK(secret_bytes == 0 || EVP_DecryptUpdate(context, secret, &size, cipher, (int)secret_bytes) == 1);
    bool is_open = EVP_DecryptFinal_ex(context, tag, &size) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!is_open) {
        crypto_wipe(secret, secret_bytes);
        ret_secret->size = before;
    }
    return is_open;
}

static uint64_t crypto_seed_of(struct bytes first)
{
    return first.size == 0 ? 0 : XXH3_64bits(first.data, first.size);
}

struct hash128 crypto_hash128(struct bytes first, struct bytes second)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(second.data, second.size, crypto_seed_of(first));
    return (struct hash128){.high = hash.high64, .low = hash.low64};
}

uint64_t crypto_hash64(struct bytes first, struct bytes second)
{
    return XXH3_64bits_withSeed(second.data, second.size, crypto_seed_of(first));
}
