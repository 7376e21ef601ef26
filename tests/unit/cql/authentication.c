/* Logins: PLAIN tokens, well and badly formed; the challenge of SigV4 and the string that its answer signs. */
#include "authentication.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/memory.h"
#include "environment/environment.h"
#include "hex.h"
#include "identity/identity.h"
#include "role/role.h"

static const struct cql_door_options nobody = {0};

/* Roles in memory only: "user" may log in with "pass", "group" has "pass" and may not, "writer" has no password. */
static struct roles *roles_with_user(void)
{
    struct roles *roles = NULL;
    const struct roles_options options = {0};
    struct arena arena = {0};
    struct role_plan plan;
    struct error error;
    char hash[ROLE_HASH_BYTES + 1];
    assert_ok(role_open(&options, &roles, &error), error);
    assert_ok(role_password_hash(bytes_of_text("pass"), hash, &error), error);
    const struct role made[] = {
        {.name = bytes_of_text("user"), .hash = bytes_of_text(hash), .can_login = true},
        {.name = bytes_of_text("group"), .hash = bytes_of_text(hash)},
        {.name = bytes_of_text("writer"), .can_login = true},
    };
    role_plan_begin(roles, &arena, &plan);
    for (size_t i = 0; i < ARRAY_COUNT(made); i++) {
        role_plan_add(&plan, &(struct role_change){.kind = ROLE_PUT, .role = made[i]});
    }
    role_apply(roles, &plan);
    arena_reset(&arena);
    return roles;
}

static enum authentication_result login(struct roles *roles, struct authentication *authentication,
                                        const char *token, struct bytes *principal, struct error *error)
{
    static struct arena arena;
    const struct cql_door_options options = {.roles = roles};
    struct bytes challenge;
    arena_reset(&arena);
    *authentication = (struct authentication){0};
    return cql__authenticate(authentication, &options, hex(&arena, token), &arena, &challenge, principal,
                             error);
}

static void test_passwords(void **state)
{
    (void)state;
    struct authentication authentication;
    struct roles *roles = roles_with_user();
    struct bytes principal = {0};
    struct error error;
    assert_int_equal(login(roles, &authentication, "00 'user' 00 'pass'", &principal, &error),
                     AUTHENTICATION_ASKED);
    assert_same_text(authentication.user, "user");
    assert_same_text(authentication.password, "pass");
    /* What is not known to be right is asked about, right or wrong. */
    static const char *const asked[] = {"'other' 00 'user' 00 'pass'", "00 'user' 00 'pas'",
                                        "00 'user' 00 'pass' 00", "00 'nobody' 00 'pass'"};
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        assert_int_equal(login(roles, &authentication, asked[i], &principal, &error), AUTHENTICATION_ASKED);
    }
    static const char *const wrong[] = {
        "",       "00", "00 'user'", "00 'user' 00", "00 00 'pass'", "'user' 00 'pass'", "00 ff 00 'pass'",
        "'SigV4'"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_int_equal(login(roles, &authentication, wrong[i], &principal, &error), AUTHENTICATION_REFUSED);
        assert_true(strlen(error.text) > 0);
    }
    /* Where only access keys count, no password is right. */
    assert_int_equal(login(NULL, &authentication, "00 'user' 00 'pass'", &principal, &error),
                     AUTHENTICATION_REFUSED);
    assert_string_equal(error.text, "Provided username user and/or password are incorrect");
    role_close(&roles);
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
    assert_int_equal(cql__authenticate(&authentication, &nobody, begin, &arena, &challenge, &principal,
                                       &error),
                     AUTHENTICATION_CHALLENGED);
    assert_int_equal(challenge.size, 6 + 32);
    assert_true(bytes_start_with(challenge, bytes_of_text("nonce=")));
    /* A nonce is good for one answer, and nobody's access keys count without an identity. */
    struct bytes answer = bytes_of_text("signature=abc,access_key=AKIA,amzdate=2020-01-01T00:00:00.000Z");
    assert_int_equal(cql__authenticate(&authentication, &nobody, answer, &arena, &challenge, &principal,
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
        assert_int_equal(cql__authenticate(&authentication, &nobody, answer, &arena, &challenge, &principal,
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

/* --- a login with an access key --------------------------------------------------------------------------------- */

/* An access key in a directory of its own. */
struct keyring {
    char *directory;
    char *data;
    char *key_file;
    struct environment *environment;
    struct identity *identity;
    struct identity_issue issue;
};

static void keyring_open(struct keyring *keyring)
{
    struct environment_point point;
    struct error error;
    keyring->directory = test_directory_create();
    keyring->data = file_path_join(keyring->directory, "data");
    keyring->key_file = file_path_join(keyring->directory, "key");
    struct environment_options environment = {.directory = keyring->data,
                                              .map_bytes = 16 << 20,
                                              .allocate_bytes = 1 << 20,
                                              .checkpoint_bytes = 1 << 20,
                                              .checkpoint_interval_us = 1000000};
    assert_ok(environment_create(keyring->data, environment.database, &error), error);
    assert_ok(environment_open(&environment, &keyring->environment, &point, &error), error);
    struct identity_options identity = {.environment = keyring->environment,
                                        .key_file = keyring->key_file,
                                        .data_directory = keyring->data};
    assert_ok(identity_open(&identity, &keyring->identity, &error), error);
    assert_ok(identity_issue(keyring->identity, bytes_of_text("writer"), 1, &keyring->issue, &error), error);
    identity_admit(keyring->identity, &keyring->issue);
}

static void keyring_close(struct keyring *keyring)
{
    identity_close(&keyring->identity);
    environment_close(&keyring->environment);
    memory_destroy(keyring->data);
    memory_destroy(keyring->key_file);
    test_directory_remove(keyring->directory);
}

/* The signature of AWS Signature Version 4, in hexadecimal. */
static const char *sign(struct arena *arena, const char *secret, const char *day, struct bytes string_to_sign)
{
    uint8_t key[SHA256_BYTES];
    char *text = arena_create(arena, 2 * SHA256_BYTES + 1);
    const char *const scope[] = {"us-east-1", "cassandra", "aws4_request"};
    crypto_hmac_sha256(bytes_of_text(arena_format(arena, "AWS4%s", secret)), bytes_of_text(day), key);
    for (size_t i = 0; i < ARRAY_COUNT(scope); i++) {
        crypto_hmac_sha256(arena_copy(arena, bytes_of(key, sizeof(key))), bytes_of_text(scope[i]), key);
    }
    crypto_hmac_sha256(arena_copy(arena, bytes_of(key, sizeof(key))), string_to_sign, key);
    for (size_t i = 0; i < sizeof(key); i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", key[i]);
    }
    return text;
}

static void test_access_keys(void **state)
{
    (void)state;
    struct keyring keyring;
    struct error error;
    char now[CLOCK_TEXT_BYTES];
    keyring_open(&keyring);
    clock_format(clock_wall_us(clock_system()), now); /* to microseconds; the stamp has milliseconds */
    for (int is_sound = 0; is_sound < 2; is_sound++) {
        struct cql_door_options door = {.identity = keyring.identity};
        struct arena arena = {0};
        struct authentication authentication = {0};
        struct bytes challenge = {0};
        struct bytes principal = {0};
        struct bytes begin = hex(&arena, "'SigV4' 00 00");
        assert_int_equal(cql__authenticate(&authentication, &door, begin, &arena, &challenge, &principal,
                                           &error),
                         AUTHENTICATION_CHALLENGED);
        const char *id = keyring.issue.access_key_id;
        const char *stamp = arena_format(&arena, "%.23sZ", now);
        const char *day = arena_format(&arena, "%.4s%.2s%.2s", now, now + 5, now + 8);
        struct bytes string_to_sign =
            cql__string_to_sign(&arena, bytes_of_text(id), bytes_of_text(stamp), "us-east-1",
                                bytes_from(challenge, strlen("nonce=")));
        const char *signature =
            sign(&arena, is_sound == 1 ? keyring.issue.secret : "another", day, string_to_sign);
        const char *answer =
            arena_format(&arena, "signature=%s,access_key=%s,amzdate=%s", signature, id, stamp);
        assert_int_equal(cql__authenticate(&authentication, &door, bytes_of_text(answer), &arena, &challenge,
                                           &principal, &error),
                         is_sound == 1 ? AUTHENTICATION_PASSED : AUTHENTICATION_REFUSED);
        assert_same_text(principal, is_sound == 1 ? "writer" : "");
        /* Where roles count, it has to be one that may log in. */
        struct roles *none = NULL;
        struct roles *some = roles_with_user();
        assert_ok(role_open(&(struct roles_options){0}, &none, &error), error);
        for (int has_role = 0; has_role < 2 && is_sound == 1; has_role++) {
            door.roles = has_role == 1 ? some : none;
            authentication.is_challenged = true;
            assert_int_equal(cql__authenticate(&authentication, &door, bytes_of_text(answer), &arena,
                                               &challenge, &principal, &error),
                             has_role == 1 ? AUTHENTICATION_PASSED : AUTHENTICATION_REFUSED);
            assert_true(has_role == 1 || strcmp(error.text, "writer is not permitted to log in") == 0);
        }
        role_close(&none);
        role_close(&some);
        arena_reset(&arena);
    }
    keyring_close(&keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_the_string_to_sign),
        cmocka_unit_test(test_access_keys),
    };
    return cmocka_run_group_tests_name("cql/authentication", tests, NULL, NULL);
}
