/* Checksums, digests, sealed secrets. libcrypto and xxhash are used here and nowhere else. */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

enum {
    SHA256_BYTES = 32,
    MD5_BYTES = 16,
    SEAL_KEY_BYTES = 32,
    SEAL_NONCE_BYTES = 12,
    SEAL_TAG_BYTES = 16,
};

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, continued from `crc` (0 to begin). Seeding it with another
 * number makes checksums that a foreign file cannot have. */
uint32_t crypto_crc32c(uint32_t crc, struct bytes bytes);

void crypto_sha256(struct bytes bytes, uint8_t ret_digest[SHA256_BYTES]);
void crypto_hmac_sha256(struct bytes key, struct bytes bytes, uint8_t ret_digest[SHA256_BYTES]);
/* Only where a format asks for it (RFC 1321): it protects from nobody. */
void crypto_md5(struct bytes bytes, uint8_t ret_digest[MD5_BYTES]);
bool crypto_equal(const void *a, const void *b, size_t size); /* in constant time */

void crypto_wipe(void *secret, size_t size); /* zeroes; the compiler leaves it in */

/* AES-256-GCM (NIST SP 800-38D): appends nonce, ciphertext and tag. `bound` is not kept, but opens only with the same;
 * the nonce is random, so one key may seal 2^32 secrets. */
void crypto_seal(const uint8_t key[SEAL_KEY_BYTES], struct bytes bound, struct bytes secret,
                 struct buffer *ret_sealed);
/* Appends the secret. False: another key, another `bound`, or damage; *ret_secret is then untouched. */
bool crypto_open(const uint8_t key[SEAL_KEY_BYTES], struct bytes bound, struct bytes sealed,
                 struct buffer *ret_secret);

/* 128-bit XXH3 of `second`, seeded with the 64-bit XXH3 of `first` (0 when empty): binds a value to its key. Not for
 * secrets. Stable: it is on disk. */
struct hash128 {
    uint64_t high;
    uint64_t low;
};

struct hash128 crypto_hash128(struct bytes first, struct bytes second);
/* The same in 64 bits. */
uint64_t crypto_hash64(struct bytes first, struct bytes second);

#endif
