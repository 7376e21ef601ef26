/* The secret half of AWS Signature Version 4: HMAC-SHA256 of date, region, service and "aws4_request" in turn makes the
 * key, which signs the string. */
#include "identity_private.h"

static void signature_step(uint8_t key[SHA256_BYTES], struct bytes part)
{
    uint8_t next[SHA256_BYTES];
    crypto_hmac_sha256(bytes_of(key, SHA256_BYTES), part, next);
    memcpy(key, next, sizeof(next));
    crypto_wipe(next, sizeof(next));
}

bool identity__signature_is(const struct identity_claim *claim, struct bytes secret)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t key[SHA256_BYTES];
    char hexadecimal[2 * SHA256_BYTES];
    struct buffer first = {0};
    buffer_put_text(&first, "AWS4");
    buffer_put(&first, secret);
    crypto_hmac_sha256(buffer_bytes(&first), claim->date, key);
    crypto_wipe(first.data, first.size);
    buffer_reset(&first);
    signature_step(key, claim->region);
    signature_step(key, claim->service);
    signature_step(key, bytes_of_text("aws4_request"));
    signature_step(key, claim->string_to_sign);
    for (size_t i = 0; i < sizeof(key); i++) {
        hexadecimal[2 * i] = digits[key[i] >> 4];
        hexadecimal[2 * i + 1] = digits[key[i] & 15];
    }
    crypto_wipe(key, sizeof(key));
    bool is_equal = claim->signature.size == sizeof(hexadecimal) &&
                    crypto_equal(claim->signature.data, hexadecimal, sizeof(hexadecimal));
    crypto_wipe(hexadecimal, sizeof(hexadecimal)); /* whoever had it could send the request */
    return is_equal;
}
