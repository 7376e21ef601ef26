/* Access keys: what a key file may be, what a row holds, who a signature is of. */
#include "identity/identity.h"

#include <sys/stat.h>
#include <unistd.h>

#include "aws/signature.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/memory.h"
#include "environment/environment.h"
#include "support/test.h"

/* A store without rows, and a directory beside it. */
struct scratch {
    char *directory;
    char *data;
    char *key_file;
    struct environment *environment;
};

static void scratch_init(struct scratch *scratch)
{
    struct environment_point point;
    struct error error;
    scratch->directory = test_directory_create();
    scratch->data = file_path_join(scratch->directory, "data");
    scratch->key_file = file_path_join(scratch->directory, "key");
    struct environment_options options = {.directory = scratch->data,
                                          .map_bytes = 16 << 20,
                                          .allocate_bytes = 1 << 20,
                                          .checkpoint_bytes = 1 << 20,
                                          .checkpoint_interval_us = 1000000};
    assert_ok(environment_create(scratch->data, options.database, &error), error);
    assert_ok(environment_open(&options, &scratch->environment, &point, &error), error);
}

static void scratch_reset(struct scratch *scratch)
{
    environment_close(&scratch->environment);
    memory_destroy(scratch->data);
    memory_destroy(scratch->key_file);
    test_directory_remove(scratch->directory);
}

static enum status scratch_open(const struct scratch *scratch, const char *key_file,
                                struct identity **ret_identity, struct error *error)
{
    struct identity_options options = {.environment = scratch->environment,
                                       .key_file = key_file,
                                       .data_directory = scratch->data};
    return identity_open(&options, ret_identity, error);
}

static void expect_no_start(const struct scratch *scratch, const char *key_file, const char *words)
{
    struct identity *identity = NULL;
    struct error error;
    assert_status(scratch_open(scratch, key_file, &identity, &error), STATUS_INVALID, error);
    assert_non_null(strstr(error.text, words));
    assert_null(identity);
}

static void test_key_file(void **state)
{
    (void)state;
    struct scratch scratch;
    struct identity *identity = NULL;
    struct identity_facts facts;
    struct error error;
    struct stat file;
    scratch_init(&scratch);
    assert_ok(scratch_open(&scratch, scratch.key_file, &identity, &error), error);
    identity_facts_read(identity, &facts);
    assert_true(facts.has_made_key_file);
    identity_close(&identity);
    assert_int_equal(stat(scratch.key_file, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(file.st_size, 32);
    assert_ok(scratch_open(&scratch, scratch.key_file, &identity, &error), error); /* again: as it is */
    identity_facts_read(identity, &facts);
    assert_false(facts.has_made_key_file);
    identity_close(&identity);
    assert_int_equal(chmod(scratch.key_file, 0640), 0);
    expect_no_start(&scratch, scratch.key_file, "chmod 600");
    assert_int_equal(chmod(scratch.key_file, 0600), 0);
    assert_int_equal(truncate(scratch.key_file, 31), 0);
    expect_no_start(&scratch, scratch.key_file, "32 random bytes");
    scratch_reset(&scratch);
}

static void test_key_file_apart(void **state)
{
    (void)state;
    struct scratch scratch;
    struct identity *identity = NULL;
    struct error error;
    scratch_init(&scratch);
    char *inside = file_path_join(scratch.data, "key");
    char *around = file_path_join(scratch.data, "../data/key");
    char *beside = file_path_join(scratch.data, "../data.key");
    char *link = file_path_join(scratch.directory, "link");
    expect_no_start(&scratch, inside, "data directory");
    expect_no_start(&scratch, around, "data directory");
    assert_int_equal(symlink(scratch.data, link), 0);
    char *linked = file_path_join(link, "key");
    expect_no_start(&scratch, linked, "data directory");
    assert_false(file_exists(inside));
    assert_ok(scratch_open(&scratch, beside, &identity, &error), error); /* a name that only begins alike */
    identity_close(&identity);
    memory_destroy(inside);
    memory_destroy(around);
    memory_destroy(beside);
    memory_destroy(link);
    memory_destroy(linked);
    scratch_reset(&scratch);
}

static struct identity *open_with_key(const struct scratch *scratch)
{
    struct identity *identity = NULL;
    struct error error;
    assert_ok(scratch_open(scratch, scratch->key_file, &identity, &error), error);
    return identity;
}

static void test_issue(void **state)
{
    (void)state;
    struct scratch scratch;
    struct identity *identity = NULL;
    struct identity_issue issue;
    struct identity_issue other;
    struct arena arena = {0};
    struct error error;
    struct bytes none = {0};
    scratch_init(&scratch);
    assert_ok(scratch_open(&scratch, "", &identity, &error), error);
    assert_status(identity_issue(identity, none, 1, &issue, &error), STATUS_DENIED, error);
    assert_non_null(strstr(error.text, "--key-file"));
    identity_close(&identity);
    identity = open_with_key(&scratch);
    assert_status(identity_issue(identity, bytes_of_text("a b"), 1, &issue, &error), STATUS_INVALID, error);
    assert_status(identity_issue(identity, bytes_of_text("local"), 1, &issue, &error), STATUS_INVALID, error);
    assert_ok(identity_issue(identity, none, 1, &issue, &error), error);
    assert_ok(identity_issue(identity, bytes_of_text("ann@example.org"), 2, &other, &error), error);
    assert_string_equal(issue.name, "admin");
    assert_int_equal(strlen(issue.access_key_id), IDENTITY_ID_BYTES);
    assert_int_equal(strlen(issue.secret), IDENTITY_SECRET_BYTES);
    assert_string_not_equal(issue.access_key_id, other.access_key_id);
    assert_string_not_equal(issue.secret, other.secret);
    struct value item = identity_item(identity, &issue, &arena);
    const struct value *sealed = value_map_get(&item, bytes_of_text("sealed"));
    assert_true(bytes_equal(value_map_text(&item, "name"), bytes_of_text("admin")));
    assert_true(bytes_equal(value_map_text(&item, "state"), bytes_of_text("active")));
    assert_non_null(sealed);
    assert_int_equal(sealed->bytes.size, SEAL_NONCE_BYTES + IDENTITY_SECRET_BYTES + SEAL_TAG_BYTES);
    assert_false(identity_is_required(identity)); /* not before the row is there */
    identity_close(&identity);
    arena_reset(&arena);
    scratch_reset(&scratch);
}

static void count_entry(void *context, const struct identity_entry *entry)
{
    size_t *count = context;
    assert_int_equal(entry->created_us, 1 + (int64_t)*count); /* oldest first */
    assert_true(entry->is_active);
    ++*count;
}

static void test_admit_and_forget(void **state)
{
    (void)state;
    struct scratch scratch;
    struct identity_issue issues[20];
    struct identity_facts facts;
    struct error error;
    size_t count = 0;
    scratch_init(&scratch);
    struct identity *identity = open_with_key(&scratch);
    for (size_t i = 0; i < ARRAY_COUNT(issues); i++) {
        assert_ok(identity_issue(identity, (struct bytes){0}, 1 + (int64_t)i, &issues[i], &error), error);
    }
    for (size_t i = ARRAY_COUNT(issues); i > 0; i--) {
        identity_admit(identity, &issues[i - 1]);
        identity_admit(identity, &issues[i - 1]); /* once */
    }
    identity_list(identity, count_entry, &count);
    assert_int_equal(count, ARRAY_COUNT(issues));
    identity_facts_read(identity, &facts);
    assert_int_equal(facts.active, ARRAY_COUNT(issues));
    assert_int_equal(facts.sealed, 0);
    for (size_t i = 0; i < ARRAY_COUNT(issues); i++) {
        assert_true(identity_is_required(identity));
        identity_forget(identity, bytes_of_text(issues[i].access_key_id));
        identity_forget(identity, bytes_of_text(issues[i].access_key_id));
    }
    assert_false(identity_is_required(identity));
    identity_close(&identity);
    scratch_reset(&scratch);
}

/* --- signatures ------------------------------------------------------------------------------------------------- */

/* IAM's ListUsers of AWS's documentation, whose secret is as long as ours. */
static struct identity_claim claim_of_list_users(void)
{
    return (struct identity_claim){
        .access_key_id = bytes_of_text("AKOXAKIDEXAMPLEAKIDE"),
        .date = bytes_of_text("20150830"),
        .region = bytes_of_text("us-east-1"),
        .service = bytes_of_text("iam"),
        .string_to_sign =
            bytes_of_text("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                          "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"),
        .signature = bytes_of_text("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")};
}

static void expect_denied(struct identity *identity, struct identity_claim claim)
{
    struct arena arena = {0};
    struct bytes principal = {0};
    struct error error;
    assert_status(identity_verify(identity, &claim, &arena, &principal, &error), STATUS_DENIED, error);
    assert_int_equal(principal.size, 0);
}

static void test_verify(void **state)
{
    (void)state;
    struct scratch scratch;
    struct arena arena = {0};
    struct bytes principal = {0};
    struct error error;
    struct identity_issue issue = {.access_key_id = "AKOXAKIDEXAMPLEAKIDE",
                                   .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   .name = "ann"};
    struct identity_claim claim = claim_of_list_users();
    scratch_init(&scratch);
    struct identity *identity = open_with_key(&scratch);
    assert_status(identity_verify(identity, &claim, &arena, &principal, &error), STATUS_NOT_FOUND, error);
    identity_admit(identity, &issue);
    assert_ok(identity_verify(identity, &claim, &arena, &principal, &error), error);
    assert_true(bytes_equal(principal, bytes_of_text("ann")));
    claim.string_to_sign = bytes_of_text("another");
    expect_denied(identity, claim);
    claim = claim_of_list_users();
    claim.region = bytes_of_text("us-east-2");
    expect_denied(identity, claim);
    claim = claim_of_list_users();
    claim.signature = bytes_part(claim.signature, 0, 63);
    expect_denied(identity, claim);
    claim.signature = (struct bytes){0};
    expect_denied(identity, claim);
    claim = claim_of_list_users();
    claim.signature = bytes_of_text("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d8");
    expect_denied(identity, claim);
    identity_forget(identity, claim.access_key_id);
    assert_status(identity_verify(identity, &claim, &arena, &principal, &error), STATUS_NOT_FOUND, error);
    identity_close(&identity);
    arena_reset(&arena);
    scratch_reset(&scratch);
}

/* --- both libraries, as a door uses them ------------------------------------------------------------------------ */

static bool door_header(void *context, const char *name, size_t index, struct bytes *ret_value)
{
    static const char *const headers[][2] = {{"host", "localhost:8000"}, {"x-amz-date", "20260101T000000Z"}};
    if (index == 0 && strcmp(name, "authorization") == 0) {
        *ret_value = bytes_of_text(context);
        return true;
    }
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
        if (index == 0 && strcmp(name, headers[i][0]) == 0) {
            *ret_value = bytes_of_text(headers[i][1]);
            return true;
        }
    }
    return false;
}

static void test_door(void **state)
{
    (void)state;
    struct scratch scratch;
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    struct error error;
    struct bytes principal;
    struct identity_issue issue = {.access_key_id = "AKOXAKIDEXAMPLEAKIDE",
                                   .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   .name = "ann"};
    char authorization[] =
        "AWS4-HMAC-SHA256 Credential=AKOXAKIDEXAMPLEAKIDE/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=857477e7e27a798230bcf14563e6a4648eef7638d8fcd8f6c8227c08a73bbf9a";
    struct aws_request request = {.method = bytes_of_text("POST"),
                                  .path = bytes_of_text("/"),
                                  .body = bytes_of_text("{}"),
                                  .service = bytes_of_text("dynamodb"),
                                  .header = door_header,
                                  .context = authorization};
    scratch_init(&scratch);
    struct identity *identity = open_with_key(&scratch);
    identity_admit(identity, &issue);
    assert_int_equal(aws_signature_parse(&request, &arena, &signature, &refusal), STATUS_OK);
    assert_int_equal(aws_signature_check_time(&signature, 1767225600 + 10, &arena, &refusal), STATUS_OK);
    struct identity_claim claim = {.access_key_id = signature.access_key_id,
                                   .date = signature.date,
                                   .region = signature.region,
                                   .service = signature.service,
                                   .string_to_sign = aws_string_to_sign(&request, &signature, &arena),
                                   .signature = signature.signature};
    assert_ok(identity_verify(identity, &claim, &arena, &principal, &error), error);
    assert_true(bytes_equal(principal, bytes_of_text("ann")));
    request.body = bytes_of_text("{ }"); /* somebody changed it on its way */
    claim.string_to_sign = aws_string_to_sign(&request, &signature, &arena);
    expect_denied(identity, claim);
    identity_close(&identity);
    arena_reset(&arena);
    scratch_reset(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_file), cmocka_unit_test(test_key_file_apart),
        cmocka_unit_test(test_issue),    cmocka_unit_test(test_admit_and_forget),
        cmocka_unit_test(test_verify),   cmocka_unit_test(test_door),
    };
    return cmocka_run_group_tests_name("identity/identity", tests, NULL, NULL);
}
