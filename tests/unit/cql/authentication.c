/* Logins: PLAIN tokens, well and badly formed; the challenge of SigV4 and the string that its answer signs. */
#include "authentication.h"

#include "hex.h"

static bool check(void *context, struct bytes user, struct bytes password)
{
    (void)context;
    return bytes_equal(user, bytes_of_text("user")) && bytes_equal(password, bytes_of_text("pass"));
}

static const struct cql_door_options options = {.check_password = check};

static enum authentication_result login(const char *token, struct bytes *principal, struct error *error)
{
    static struct arena arena;
    struct authentication authentication = {0};
    struct bytes challenge;
    arena_reset(&arena);
    return cql__authenticate(&authentication, &options, hex(&arena, token), &arena, &challenge, principal,
                             error);
}

static void test_passwords(void **state)
{
    (void)state;
    struct bytes principal = {0};
    struct error error;
    assert_int_equal(login("00 'user' 00 'pass'", &principal, &error), AUTHENTICATION_PASSED);
    assert_same_text(principal, "user");
    assert_int_equal(login("'other' 00 'user' 00 'pass'", &principal, &error), AUTHENTICATION_PASSED);
    static const char *const wrong[] = {"",
                                        "00",
                                        "00 'user'",
                                        "00 'user' 00",
                                        "00 00 'pass'",
                                        "'user' 00 'pass'",
                                        "00 'user' 00 'pas'",
                                        "00 'user' 00 'pass' 00",
                                        "00 ff 00 'pass'",
                                        "'SigV4'"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_int_equal(login(wrong[i], &principal, &error), AUTHENTICATION_REFUSED);
        assert_true(strlen(error.text) > 0);
    }
    assert_int_equal(login("00 'user' 00 'x'", &principal, &error), AUTHENTICATION_REFUSED);
    assert_string_equal(error.text, "Provided username user and/or password are incorrect");
}

static void test_challenges(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct authentication authentication = {0};
    struct bytes challenge = {0};
    struct bytes principal = {0};
    struct error error;
    struct bytes begin = hex(&arena, "'SigV4' 00 00");
    assert_int_equal(cql__authenticate(&authentication, &options, begin, &arena, &challenge, &principal,
                                       &error),
                     AUTHENTICATION_CHALLENGED);
    assert_int_equal(challenge.size, 6 + 32);
    assert_true(bytes_start_with(challenge, bytes_of_text("nonce=")));
    /* A nonce is good for one answer, and nobody's access keys count without an identity. */
    struct bytes answer = bytes_of_text("signature=abc,access_key=AKIA,amzdate=2020-01-01T00:00:00.000Z");
    assert_int_equal(cql__authenticate(&authentication, &options, answer, &arena, &challenge, &principal,
                                       &error),
                     AUTHENTICATION_REFUSED);
    assert_string_equal(error.text, "The signature's time is too far from the server's");
    assert_false(authentication.is_challenged);
    static const char *const malformed[] = {
        "",
        "signature=abc",
        "signature=abc,access_key=A/B,amzdate=2020-01-01T00:00:00.000Z",
        "signature=abc,access_key=AKIA,amzdate=2020-01-01",
        "signature=abc,access_key=AKIA,amzdate=2020-01-01T00:00:00x000Z",
    };
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        authentication.is_challenged = true;
        answer = bytes_of_text(malformed[i]);
        assert_int_equal(cql__authenticate(&authentication, &options, answer, &arena, &challenge, &principal,
                                           &error),
                         AUTHENTICATION_REFUSED);
        assert_non_null(strstr(error.text, "must have signature"));
    }
    arena_reset(&arena);
}

/* SHA-256 of the canonical request, made with sha256sum from its text. */
static void test_the_string_to_sign(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct bytes text =
        cql__string_to_sign(&arena, bytes_of_text("AKIAEXAMPLE"), bytes_of_text("2026-11-20T23:35:57.350Z"),
                            "us-west-2", bytes_of_text("0123456789abcdef0123456789abcdef"));
    assert_same_text(text,
                     "AWS4-HMAC-SHA256\n2026-11-20T23:35:57.350Z\n20261120/us-west-2/cassandra/aws4_request\n"
                     "45dec629a1e4aa4552530d22a56b02aa8a4db6401235d682787888152b7679da");
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_the_string_to_sign),
    };
    return cmocka_run_group_tests_name("cql/authentication", tests, NULL, NULL);
}
