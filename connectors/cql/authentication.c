#include "authentication.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/random.h"
#include "cql/bounds.h"
#include "identity/identity.h"
#include "role/role.h"

#define SERVICE "cassandra"
#define REGION_DEFAULT "us-east-1"
#define STAMP_SHAPE "dddd-dd-ddTdd:dd:dd.dddZ"

static enum authentication_result refuse(struct error *error, const char *text)
{
    (void)error_set(error, STATUS_DENIED, "%s", text);
    return AUTHENTICATION_REFUSED;
}

/* --- passwords -------------------------------------------------------------------------------------------------- */

/* What goes before the next NUL, or the rest; moves behind it. False at the end. */
static bool take_part(struct bytes *rest, struct bytes *ret_part)
{
    const uint8_t *end = bytes_find_byte(*rest, '\0');
    if (end == NULL) {
        return false;
    }
    *ret_part = bytes_of(rest->data, (size_t)(end - rest->data));
    *rest = bytes_from(*rest, ret_part->size + 1);
    return true;
}

const char *cql__wrong_password(struct bytes user, struct arena *arena)
{
    return arena_format(arena, "Provided username %s and/or password are incorrect",
                        bytes_are_utf8(user) ? arena_copy_text(arena, user) : "");
}

const char *cql__login_forbidden(struct bytes user, struct arena *arena)
{
    return arena_format(arena, "%s is not permitted to log in", arena_copy_text(arena, user));
}

/* [who to act as] NUL who NUL password; the first is ignored, as Cassandra does. */
static enum authentication_result check_plain(struct authentication *authentication,
                                              const struct cql_door_options *options, struct bytes token,
                                              struct arena *arena, struct bytes *ret_principal,
                                              struct error *error)
{
    struct bytes authority;
    struct bytes user;
    if (!take_part(&token, &authority) || !take_part(&token, &user)) {
        return refuse(error, "Authentication ID and password must not be null");
    }
    if (user.size == 0) {
        return refuse(error, "Authentication ID must not be null");
    }
    if (token.size == 0) {
        return refuse(error, "Password must not be null");
    }
    if (!bytes_are_utf8(user) || options->roles == NULL) {
        return refuse(error, cql__wrong_password(user, arena));
    }
    authentication->user = user;
    authentication->password = token;
    if (!role_login_is_known(options->roles, user, token)) {
        return AUTHENTICATION_ASKED;
    }
    *ret_principal = arena_copy(arena, user);
    return AUTHENTICATION_PASSED;
}

/* --- signatures ------------------------------------------------------------------------------------------------- */

static const char *hex_of(struct arena *arena, const uint8_t digest[SHA256_BYTES])
{
    char *text = arena_create(arena, 2 * SHA256_BYTES + 1);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    return text;
}

/* "20261120" of the stamp. */
static const char *day_of(struct arena *arena, struct bytes stamp)
{
    return arena_format(arena, "%.4s%.2s%.2s", (const char *)stamp.data, (const char *)stamp.data + 5,
                        (const char *)stamp.data + 8);
}

struct bytes cql__string_to_sign(struct arena *arena, struct bytes access_key_id, struct bytes stamp,
                                 const char *region, struct bytes nonce)
{
    uint8_t digest[SHA256_BYTES];
    const char *day = day_of(arena, stamp);
    const char *text = (const char *)stamp.data;
    crypto_sha256(nonce, digest);
    const char *request = arena_format(
        arena,
        "PUT\n/authenticate\nX-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%.*s%%2F%s%%2F%s%%2F" SERVICE
        "%%2Faws4_request&X-Amz-Date=%.13s%%3A%.2s%%3A%.7s&X-Amz-Expires=900\nhost:" SERVICE "\n\nhost\n%s",
        (int)access_key_id.size, (const char *)access_key_id.data, day, region, text, text + 14, text + 17,
        hex_of(arena, digest));
    crypto_sha256(bytes_of_text(request), digest);
    return bytes_of_text(arena_format(arena, "AWS4-HMAC-SHA256\n%.*s\n%s/%s/" SERVICE "/aws4_request\n%s",
                                      (int)stamp.size, text, day, region, hex_of(arena, digest)));
}

static bool stamp_is_sound(struct bytes stamp)
{
    bool is_sound = stamp.size == sizeof(STAMP_SHAPE) - 1;
    for (size_t i = 0; i < stamp.size && is_sound; i++) {
        bool is_digit = stamp.data[i] >= '0' && stamp.data[i] <= '9';
        is_sound = STAMP_SHAPE[i] == 'd' ? is_digit : stamp.data[i] == (uint8_t)STAMP_SHAPE[i];
    }
    return is_sound;
}

static int stamp_number(struct bytes stamp, size_t at, size_t digits)
{
    int number = 0;
    for (size_t i = at; i < at + digits; i++) {
        number = number * 10 + (stamp.data[i] - '0');
    }
    return number;
}

static bool stamp_is_now(struct bytes stamp)
{
    struct tm moment = {.tm_year = stamp_number(stamp, 0, 4) - 1900,
                        .tm_mon = stamp_number(stamp, 5, 2) - 1,
                        .tm_mday = stamp_number(stamp, 8, 2),
                        .tm_hour = stamp_number(stamp, 11, 2),
                        .tm_min = stamp_number(stamp, 14, 2),
                        .tm_sec = stamp_number(stamp, 17, 2)};
    int64_t away_s = clock_wall_us(clock_system()) / 1000000 - (int64_t)timegm(&moment);
    return away_s <= CQL_SIGNATURE_SKEW_S && away_s >= -CQL_SIGNATURE_SKEW_S;
}

static bool is_plain_word(struct bytes word)
{
    bool is_plain = word.size > 0 && word.size <= 128;
    for (size_t i = 0; i < word.size && is_plain; i++) {
        uint8_t c = word.data[i];
        is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    return is_plain;
}

/* The value of `name=` among what commas separate; empty when it is not there. */
static struct bytes token_member(struct bytes token, const char *name)
{
    while (token.size > 0) {
        const uint8_t *comma = bytes_find_byte(token, ',');
        size_t size = comma == NULL ? token.size : (size_t)(comma - token.data);
        struct bytes part = bytes_part(token, 0, size);
        size_t name_bytes = strlen(name);
        if (part.size > name_bytes && bytes_start_with(part, bytes_of_text(name)) &&
            part.data[name_bytes] == '=') {
            return bytes_from(part, name_bytes + 1);
        }
        token = bytes_from(token, comma == NULL ? size : size + 1);
    }
    return (struct bytes){0};
}

/* signature=…,access_key=…,amzdate=…[,session_token=…] */
static enum authentication_result check_signature(struct authentication *authentication,
                                                  const struct cql_door_options *options, struct bytes token,
                                                  struct arena *arena, struct bytes *ret_principal,
                                                  struct error *error)
{
    const char *region = options->region == NULL ? REGION_DEFAULT : options->region;
    struct bytes stamp = token_member(token, "amzdate");
    struct identity_claim claim = {.access_key_id = token_member(token, "access_key"),
                                   .region = bytes_of_text(region),
                                   .service = bytes_of_text(SERVICE),
                                   .signature = token_member(token, "signature")};
    if (!is_plain_word(claim.access_key_id) || !is_plain_word(claim.signature) || !stamp_is_sound(stamp)) {
        return refuse(error, "The answer to the challenge must have signature, access_key and amzdate");
    }
    if (!stamp_is_now(stamp)) {
        return refuse(error, "The signature's time is too far from the server's");
    }
    claim.date = bytes_of_text(day_of(arena, stamp));
    claim.string_to_sign =
        cql__string_to_sign(arena, claim.access_key_id, stamp, region,
                            bytes_of(authentication->nonce, sizeof(authentication->nonce)));
    if (options->identity == NULL ||
        identity_verify(options->identity, &claim, arena, ret_principal, NULL) != STATUS_OK) {
        return refuse(error, "The signature is not that of an active access key");
    }
    if (options->roles != NULL && !role_can_login(options->roles, *ret_principal)) {
        return refuse(error, cql__login_forbidden(*ret_principal, arena));
    }
    authentication->access_key = claim.access_key_id;
    return AUTHENTICATION_PASSED;
}

static void nonce_make(uint8_t nonce[AUTHENTICATION_NONCE_BYTES])
{
    uint8_t secret[AUTHENTICATION_NONCE_BYTES / 2];
    random_secret(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++) {
        nonce[2 * i] = (uint8_t) "0123456789abcdef"[secret[i] >> 4];
        nonce[2 * i + 1] = (uint8_t) "0123456789abcdef"[secret[i] & 15];
    }
}

enum authentication_result cql__authenticate(struct authentication *authentication,
                                             const struct cql_door_options *options, struct bytes token,
                                             struct arena *arena, struct bytes *ret_challenge,
                                             struct bytes *ret_principal, struct error *error)
{
    if (authentication->is_challenged) {
        authentication->is_challenged = false; /* a nonce is good for one answer */
        return check_signature(authentication, options, token, arena, ret_principal, error);
    }
    if (!bytes_equal(token, bytes_of("SigV4\0\0", 7))) {
        return check_plain(authentication, options, token, arena, ret_principal, error);
    }
    nonce_make(authentication->nonce);
    authentication->is_challenged = true;
    *ret_challenge = bytes_of_text(
        arena_format(arena, "nonce=%.*s", AUTHENTICATION_NONCE_BYTES, (const char *)authentication->nonce));
    return AUTHENTICATION_CHALLENGED;
}
