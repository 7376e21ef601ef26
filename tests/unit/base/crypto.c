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
    crypto_hmac_sha256(bytes_of_text("Jefe"), bytes_of_text("what do ya want for nothing?"), digest);
    assert_memory_equal(digest, jefe, sizeof(jefe));
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
        cmocka_unit_test(test_hashes_are_stable),
    };
    return cmocka_run_group_tests_name("base/crypto", tests, NULL, NULL);
}
