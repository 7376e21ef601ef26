/* Checksums against published vectors; what is on disk must never change. */
#include "base/crypto.h"

#include "support/test.h"

static void test_crc32c_vectors(void **state)
{
    (void)state;
    uint8_t block[32] = {0};
    assert_int_equal(crypto_crc32c(0, bytes_of_text("123456789")), 0xE3069283U);
    assert_int_equal(crypto_crc32c(0, bytes_of(block, 32)), 0x8A9136AAU); /* RFC 3720 B.4 */
    memset(block, 0xFF, sizeof(block));
    assert_int_equal(crypto_crc32c(0, bytes_of(block, 32)), 0x62A8AB43U);
    for (uint8_t i = 0; i < 32; i++) {
        block[i] = i;
    }
    assert_int_equal(crypto_crc32c(0, bytes_of(block, 32)), 0x46DD794EU);
}

static void test_crc32c_continues(void **state)
{
    (void)state;
    struct bytes all = bytes_of_text("the quick brown fox jumps over the lazy dog");
    uint32_t whole = crypto_crc32c(0, all);
    for (size_t cut = 0; cut <= all.size; cut++) {
        uint32_t first = crypto_crc32c(0, bytes_part(all, 0, cut));
        assert_int_equal(crypto_crc32c(first, bytes_from(all, cut)), whole);
    }
}

static void test_sha256_and_hmac(void **state)
{
    (void)state;
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    static const uint8_t jefe[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e}; /* RFC 4231 case 2 */
    uint8_t digest[SHA256_BYTES];
    crypto_sha256(bytes_of_text("abc"), digest);
    assert_memory_equal(digest, abc, sizeof(abc));
    static const uint8_t md5[] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0}; /* RFC 1321 A.5 */
    crypto_md5(bytes_of_text("abc"), digest);
    assert_memory_equal(digest, md5, sizeof(md5));
    crypto_hmac_sha256(bytes_of_text("Jefe"), bytes_of_text("what do ya want for nothing?"), digest);
    assert_memory_equal(digest, jefe, sizeof(jefe));
}

/* AES-256-GCM, case 16 of McGrew and Viega's test cases: nonce, ciphertext and tag as crypto_open takes them. */
static void test_open_vector(void **state)
{
    (void)state;
    static const uint8_t key[SEAL_KEY_BYTES] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
                                                0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
                                                0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
                                                0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
    static const uint8_t bound[] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                                    0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
    static const uint8_t sealed[] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca,
                                     0xf8, 0x88, /* nonce */
                                     0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f,
                                     0x37, 0xa3, 0x2a, 0x84, 0x42, 0x7d, 0x64, 0x3a, 0x8c, 0xdc,
                                     0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55,
                                     0xd1, 0xaa, 0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d,
                                     0xa7, 0xb0, 0x8b, 0x10, 0x56, 0x82, 0x88, 0x38, 0xc5, 0xf6,
                                     0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62, /* cipher */
                                     0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf,
                                     0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b}; /* tag */
    static const uint8_t begins[] = {0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5};
    struct buffer secret = {0};
    assert_true(crypto_open(key, bytes_of(bound, sizeof(bound)), bytes_of(sealed, sizeof(sealed)), &secret));
    assert_int_equal(secret.size, 60);
    assert_memory_equal(secret.data, begins, sizeof(begins));
    buffer_reset(&secret);
}

static void test_seal(void **state)
{
    (void)state;
    uint8_t key[SEAL_KEY_BYTES] = {1};
    struct bytes bound = bytes_of_text("of whom");
    struct bytes whole = bytes_of_text("a secret");
    struct buffer sealed = {0};
    struct buffer again = {0};
    struct buffer opened = {0};
    crypto_seal(key, bound, whole, &sealed);
    crypto_seal(key, bound, whole, &again);
    assert_int_equal(sealed.size, SEAL_NONCE_BYTES + whole.size + SEAL_TAG_BYTES);
    assert_false(bytes_equal(buffer_bytes(&sealed), buffer_bytes(&again)));
    assert_true(crypto_open(key, bound, buffer_bytes(&sealed), &opened));
    assert_true(bytes_equal(buffer_bytes(&opened), whole));
    for (size_t i = 0; i < 8 * sealed.size; i++) { /* any bit flipped, and any shorter one */
        sealed.data[i / 8] ^= (uint8_t)(1U << (i % 8));
        assert_false(crypto_open(key, bound, buffer_bytes(&sealed), &opened));
        sealed.data[i / 8] ^= (uint8_t)(1U << (i % 8));
        assert_false(crypto_open(key, bound, bytes_part(buffer_bytes(&sealed), 0, i / 8), &opened));
    }
    assert_false(crypto_open(key, whole, buffer_bytes(&sealed), &opened));
    key[0] = 2;
    assert_false(crypto_open(key, bound, buffer_bytes(&sealed), &opened));
    assert_true(bytes_equal(buffer_bytes(&opened), whole)); /* untouched */
    buffer_reset(&sealed);
    buffer_reset(&again);
    buffer_reset(&opened);
}

static void test_hashes_are_stable(void **state)
{
    (void)state;
    struct hash128 hash = crypto_hash128(bytes_of_text(""), bytes_of_text(""));
    /* XXH3-128 of nothing. */
    assert_true(hash.high == 0x99AA06D3014798D8U && hash.low == 0x6001C324468D497FU);
    assert_true(crypto_hash64(bytes_of_text("a"), bytes_of_text("b")) !=
                crypto_hash64(bytes_of_text("b"), bytes_of_text("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c_vectors),
        cmocka_unit_test(test_crc32c_continues),
        cmocka_unit_test(test_sha256_and_hmac),
        cmocka_unit_test(test_open_vector),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_hashes_are_stable),
    };
    return cmocka_run_group_tests_name("base/crypto", tests, NULL, NULL);
}
