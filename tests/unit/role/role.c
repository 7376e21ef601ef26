/* Roles: what is inherited, what is granted where, plans of changes and their rows, passwords and logins. */
#include "role/role.h"

#include <semaphore.h>

#include "base/file.h"
#include "base/memory.h"
#include "environment/environment.h"
#include "identity/identity.h"
#include "support/test.h"

/* Roles in memory, and an arena for what is asked of them. */
struct scratch {
    struct roles *roles;
    struct arena arena;
};

static void scratch_init(struct scratch *scratch)
{
    struct error error;
    *scratch = (struct scratch){0};
    assert_ok(role_open(&(struct roles_options){0}, &scratch->roles, &error), error);
}

static void scratch_reset(struct scratch *scratch)
{
    role_close(&scratch->roles);
    arena_reset(&scratch->arena);
}

static struct bytes text(const char *string)
{
    return bytes_of_text(string);
}

/* A role with those granted to it, NULL at the end. */
static void put(struct scratch *scratch, const char *name, bool is_superuser, const char *hash,
                const char *const *member_of)
{
    struct role_plan plan;
    struct bytes names[8];
    struct role role = {.name = text(name),
                        .hash = text(hash),
                        .can_login = true,
                        .is_superuser = is_superuser,
                        .member_of = names};
    for (size_t i = 0; member_of != NULL && member_of[i] != NULL; i++) {
        names[role.member_of_count++] = text(member_of[i]);
    }
    role_plan_begin(scratch->roles, &scratch->arena, &plan);
    role_plan_add(&plan, &(struct role_change){.kind = ROLE_PUT, .role = role});
    role_apply(scratch->roles, &plan);
}

static uint32_t grant(struct scratch *scratch, const char *role, const char *resource, uint32_t permissions,
                      bool is_grant)
{
    struct role_plan plan;
    uint32_t changed = 0;
    const struct role_grant asked = {text(role), text(resource), permissions};
    role_plan_begin(scratch->roles, &scratch->arena, &plan);
    (is_grant ? role_plan_grant : role_plan_revoke)(scratch->roles, &plan, &asked, &changed);
    assert_int_equal(plan.count, changed != 0);
    role_apply(scratch->roles, &plan);
    return changed;
}

static bool may(struct scratch *scratch, const char *role, enum role_permission permission,
                const char *resource)
{
    return role_may(scratch->roles, text(role), permission, text(resource));
}

/* "a b c" */
static void expect_roles_of(struct scratch *scratch, const char *name, bool inherits, const char *expected)
{
    size_t count = 0;
    struct buffer list = {0};
    struct bytes *names = role_names_of(scratch->roles, text(name), inherits, &scratch->arena, &count);
    for (size_t i = 0; i < count; i++) {
        buffer_put_text(&list, i > 0 ? " " : "");
        buffer_put(&list, names[i]);
    }
    assert_true(bytes_equal(buffer_bytes(&list), text(expected)));
    buffer_reset(&list);
}

/* --- who has which ---------------------------------------------------------------------------------------------- */

static void test_roles_of_roles(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    put(&scratch, "reader", false, "", NULL);
    put(&scratch, "writer", false, "", (const char *const[]){"reader", "gone", NULL});
    put(&scratch, "root", true, "", NULL);
    put(&scratch, "ann", false, "", (const char *const[]){"writer", NULL});
    put(&scratch, "bob", false, "", (const char *const[]){"root", "reader", NULL});
    expect_roles_of(&scratch, "ann", true, "ann reader writer");
    expect_roles_of(&scratch, "ann", false, "ann writer");
    expect_roles_of(&scratch, "gone", true, "");
    assert_true(role_has(scratch.roles, text("ann"), text("reader"), true));
    assert_false(role_has(scratch.roles, text("ann"), text("reader"), false));
    assert_true(role_has(scratch.roles, text("ann"), text("ann"), false));
    assert_false(role_has(scratch.roles, text("writer"), text("gone"), true)); /* invariant 5 */
    assert_true(role_is_superuser(scratch.roles, text("bob")));
    assert_false(role_is_superuser(scratch.roles, text("ann")));
    /* Should a circle come about, nobody walks it for ever. */
    put(&scratch, "reader", false, "", (const char *const[]){"ann", NULL});
    expect_roles_of(&scratch, "reader", true, "ann reader writer");
    scratch_reset(&scratch);
}

/* --- permissions ------------------------------------------------------------------------------------------------ */

static void test_resources(void **state)
{
    (void)state;
    static const char *const parents[][2] = {
        {"data", ""},
        {"data/ks", "data"},
        {"data/ks/*", "data/ks"},
        {"data/ks/t", "data/ks/*"},
        {"functions", ""},
        {"functions/ks", "functions"},
        {"functions/ks/f(int)", "functions/ks"},
        {"roles", ""},
        {"roles/a/b", "roles"},
        {"mbean/x:y=z", "mbean"},
        {"database/x", ""},
    };
    struct arena arena = {0};
    struct bytes parent = {0}; /* of what has none: untouched */
    for (size_t i = 0; i < ARRAY_COUNT(parents); i++) {
        assert_int_equal(role_resource_parent(text(parents[i][0]), &arena, &parent),
                         parents[i][1][0] != '\0');
        assert_true(parents[i][1][0] == '\0' || bytes_equal(parent, text(parents[i][1])));
    }
    const uint32_t of_table = role_resource_permissions(text("data/ks/t"));
    assert_int_equal(of_table, ROLE_BIT(ROLE_ALTER) | ROLE_BIT(ROLE_DROP) | ROLE_BIT(ROLE_SELECT) |
                                   ROLE_BIT(ROLE_MODIFY) | ROLE_BIT(ROLE_AUTHORIZE));
    assert_int_equal(role_resource_permissions(text("data/ks/*")), of_table | ROLE_BIT(ROLE_CREATE));
    assert_int_equal(role_resource_permissions(text("data")), of_table | ROLE_BIT(ROLE_CREATE));
    assert_int_equal(role_resource_permissions(text("roles/a")),
                     ROLE_BIT(ROLE_ALTER) | ROLE_BIT(ROLE_DROP) | ROLE_BIT(ROLE_AUTHORIZE));
    assert_true((role_resource_permissions(text("functions/ks")) & ROLE_BIT(ROLE_CREATE)) != 0);
    assert_true((role_resource_permissions(text("functions/ks/f()")) & ROLE_BIT(ROLE_CREATE)) == 0);
    assert_int_equal(role_resource_permissions(text("nothing")), 0);
    arena_reset(&arena);
}

static void test_permissions(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    put(&scratch, "reader", false, "", NULL);
    put(&scratch, "ann", false, "", (const char *const[]){"reader", NULL});
    put(&scratch, "root", true, "", NULL);
    assert_true(may(&scratch, "root", ROLE_DROP, "data/ks/t"));
    assert_false(may(&scratch, "nobody", ROLE_SELECT, "data/ks/t"));
    assert_false(may(&scratch, "", ROLE_SELECT, "data/ks/t"));
    static const char *const levels[] = {"data/ks/t", "data/ks/*", "data/ks", "data"};
    for (size_t i = 0; i < ARRAY_COUNT(levels); i++) {
        assert_false(may(&scratch, "ann", ROLE_SELECT, "data/ks/t"));
        assert_int_equal(grant(&scratch, "reader", levels[i], ROLE_BIT(ROLE_SELECT), true),
                         ROLE_BIT(ROLE_SELECT));
        assert_int_equal(grant(&scratch, "reader", levels[i], ROLE_BIT(ROLE_SELECT), true), 0);
        assert_true(may(&scratch, "ann", ROLE_SELECT, "data/ks/t"));
        assert_true(may(&scratch, "reader", ROLE_SELECT, levels[i]));
        assert_false(may(&scratch, "ann", ROLE_MODIFY, "data/ks/t"));
        assert_int_equal(may(&scratch, "ann", ROLE_SELECT, "data/ks/u"), i >= 1);
        assert_int_equal(may(&scratch, "ann", ROLE_SELECT, "data/ks2/t"), i == 3);
        assert_int_equal(grant(&scratch, "reader", levels[i], ROLE_ALL_PERMISSIONS, false),
                         ROLE_BIT(ROLE_SELECT));
        assert_int_equal(grant(&scratch, "reader", levels[i], ROLE_ALL_PERMISSIONS, false), 0);
    }
    assert_false(may(&scratch, "ann", ROLE_SELECT, "data/ks/t"));
    scratch_reset(&scratch);
}

/* --- plans ------------------------------------------------------------------------------------------------------ */

static size_t grants_count(struct scratch *scratch)
{
    size_t count = 0;
    (void)role_grants(scratch->roles, &scratch->arena, &count);
    return count;
}

static void test_what_goes_with_a_role(void **state)
{
    (void)state;
    struct scratch scratch;
    struct role_plan plan;
    scratch_init(&scratch);
    put(&scratch, "reader", false, "", NULL);
    put(&scratch, "ann", false, "", (const char *const[]){"reader", NULL});
    (void)grant(&scratch, "reader", "data/ks/t", ROLE_BIT(ROLE_SELECT), true);
    (void)grant(&scratch, "ann", "roles/reader", ROLE_BIT(ROLE_ALTER), true);
    (void)grant(&scratch, "ann", "roles/reader2", ROLE_BIT(ROLE_ALTER), true);
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    role_plan_drop(scratch.roles, &plan, text("reader"));
    assert_int_equal(plan.count, 4); /* itself, ann without it, a grant to it, a grant on it */
    role_apply(scratch.roles, &plan);
    assert_false(role_find(scratch.roles, text("reader"), NULL, NULL));
    expect_roles_of(&scratch, "ann", false, "ann");
    assert_int_equal(grants_count(&scratch), 1);
    put(&scratch, "reader", false, "", NULL); /* another of the name begins with nothing */
    assert_false(may(&scratch, "reader", ROLE_SELECT, "data/ks/t"));
    expect_roles_of(&scratch, "ann", true, "ann");
    scratch_reset(&scratch);
}

static void test_what_goes_with_a_resource(void **state)
{
    (void)state;
    struct scratch scratch;
    struct role_plan plan;
    scratch_init(&scratch);
    put(&scratch, "ann", false, "", NULL);
    static const char *const resources[] = {"data",      "data/ks",  "data/ks/*",
                                            "data/ks/t", "data/ks2", "data/ks2/t"};
    for (size_t i = 0; i < ARRAY_COUNT(resources); i++) {
        (void)grant(&scratch, "ann", resources[i], ROLE_BIT(ROLE_SELECT), true);
    }
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    role_plan_forget(scratch.roles, &plan, text("data/ks/t"));
    assert_int_equal(plan.count, 1);
    role_apply(scratch.roles, &plan);
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    role_plan_forget(scratch.roles, &plan, text("data/ks"));
    assert_int_equal(plan.count, 2);
    role_apply(scratch.roles, &plan);
    assert_int_equal(grants_count(&scratch), 3);
    scratch_reset(&scratch);
}

static void test_rows(void **state)
{
    (void)state;
    struct scratch scratch;
    struct role_plan plan;
    struct role_row *rows = NULL;
    struct error error;
    size_t count = 0;
    char hash[ROLE_HASH_BYTES + 1];
    char name[ROLE_NAME_BYTES_MAX + 2];
    scratch_init(&scratch);
    put(&scratch, "ann", false, "", NULL);
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    assert_int_equal(plan.version, 1);
    role_plan_drop(scratch.roles, &plan, text("ann"));
    role_plan_add(&plan, &(struct role_change){.kind = ROLE_GRANTS,
                                               .grant = {text("bob"), text("data"), ROLE_BIT(ROLE_SELECT)}});
    assert_ok(role_rows(scratch.roles, &plan, &rows, &count, &error), error);
    assert_int_equal(count, 3);
    assert_true(rows[0].is_removal && strcmp(rows[0].table, "system.roles") == 0);
    assert_true(!rows[1].is_removal && strcmp(rows[1].table, "system.permissions") == 0);
    assert_true(bytes_equal(value_map_text(&rows[1].item, "resource"), text("data")));
    assert_string_equal(rows[2].table, "system.role_changes");
    assert_int_equal(role_version_of(&rows[2].item), 2);
    assert_int_equal(role_version_of(NULL), 0);
    /* A password without a key that seals; a name that is too long. */
    assert_ok(role_password_hash(text("secret"), hash, &error), error);
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    role_plan_add(&plan,
                  &(struct role_change){.kind = ROLE_PUT, .role = {.name = text("x"), .hash = text(hash)}});
    assert_status(role_rows(scratch.roles, &plan, &rows, &count, &error), STATUS_DENIED, error);
    memset(name, 'n', sizeof(name));
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    role_plan_add(&plan, &(struct role_change){.kind = ROLE_PUT,
                                               .role = {.name = bytes_of(name, ROLE_NAME_BYTES_MAX + 1)}});
    assert_status(role_rows(scratch.roles, &plan, &rows, &count, &error), STATUS_TOO_LARGE, error);
    scratch_reset(&scratch);
}

static void test_hashes_are_sealed(void **state)
{
    (void)state;
    struct environment_point point;
    struct environment *environment = NULL;
    struct identity *identity = NULL;
    struct scratch scratch = {0};
    struct role_plan plan;
    struct role_row *rows = NULL;
    struct error error;
    size_t count = 0;
    char hash[ROLE_HASH_BYTES + 1];
    struct buffer opened = {0};
    char *directory = test_directory_create();
    char *data = file_path_join(directory, "data");
    char *key = file_path_join(directory, "key");
    struct environment_options options = {.directory = data,
                                          .map_bytes = 16 << 20,
                                          .allocate_bytes = 1 << 20,
                                          .checkpoint_bytes = 1 << 20,
                                          .checkpoint_interval_us = 1000000};
    assert_ok(environment_create(data, options.database, &error), error);
    assert_ok(environment_open(&options, &environment, &point, &error), error);
    assert_ok(identity_open(&(struct identity_options){environment, key, data}, &identity, &error), error);
    assert_ok(role_open(&(struct roles_options){environment, identity}, &scratch.roles, &error), error);
    assert_ok(role_password_hash(text("secret"), hash, &error), error);
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    role_plan_add(&plan,
                  &(struct role_change){.kind = ROLE_PUT, .role = {.name = text("ann"), .hash = text(hash)}});
    assert_ok(role_rows(scratch.roles, &plan, &rows, &count, &error), error);
    const struct value *sealed = value_map_get(&rows[0].item, text("sealed"));
    assert_int_equal(sealed->kind, VALUE_BYTES);
    assert_null(memmem(sealed->bytes.data, sealed->bytes.size, hash, ROLE_HASH_BYTES));
    assert_true(identity_unseal(identity, bytes_of("role\0ann", 8), sealed->bytes, &opened));
    assert_true(bytes_equal(buffer_bytes(&opened), text(hash)));
    assert_false(
        identity_unseal(identity, bytes_of("role\0bob", 8), sealed->bytes, &opened)); /* bound to its role */
    buffer_reset(&opened);
    scratch_reset(&scratch);
    identity_close(&identity);
    environment_close(&environment);
    memory_destroy(data);
    memory_destroy(key);
    test_directory_remove(directory);
}

/* --- passwords -------------------------------------------------------------------------------------------------- */

static void test_hashes(void **state)
{
    (void)state;
    struct error error;
    char first[ROLE_HASH_BYTES + 1];
    char second[ROLE_HASH_BYTES + 1];
    char longest[ROLE_PASSWORD_BYTES_MAX + 1];
    assert_ok(role_password_hash(text("secret"), first, &error), error);
    assert_ok(role_password_hash(text("secret"), second, &error), error);
    assert_string_not_equal(first, second); /* salted */
    assert_true(role_hash_is_sound(text(first)));
    assert_true(strncmp(first, "$2a$10$", 7) == 0);
    assert_status(role_password_hash(bytes_of("a\0b", 3), first, &error), STATUS_INVALID, error);
    memset(longest, 'x', sizeof(longest));
    assert_ok(role_password_hash(bytes_of(longest, ROLE_PASSWORD_BYTES_MAX), first, &error), error);
    assert_status(role_password_hash(bytes_of(longest, sizeof(longest)), first, &error), STATUS_TOO_LARGE,
                  error);
    static const char *const unsound[] = {
        "",
        "secret",
        "$2a$10$short",
        "$1a$10$bgIYgHlDDPWQOSappGafleE6.w2K0Ljq4W/LhldHH458bUetz5MBq",
        "$2x$10$bgIYgHlDDPWQOSappGafleE6.w2K0Ljq4W/LhldHH458bUetz5MBq",
        "$2a$15$bgIYgHlDDPWQOSappGafleE6.w2K0Ljq4W/LhldHH458bUetz5MBq", /* hours of work */
        "$2a$03$bgIYgHlDDPWQOSappGafleE6.w2K0Ljq4W/LhldHH458bUetz5MBq",
        "$2a$10$bgIYgHlDDPWQOSappGafleE6.w2K0Ljq4W/LhldHH458bUetz5MB!",
    };
    for (size_t i = 0; i < ARRAY_COUNT(unsound); i++) {
        assert_false(role_hash_is_sound(text(unsound[i])));
    }
}

/* How a login went, told by the roles' thread. */
struct waiting {
    sem_t done;
    enum role_login_result result;
};

static void login_done(void *context, enum role_login_result result)
{
    struct waiting *waiting = context;
    waiting->result = result;
    (void)sem_post(&waiting->done);
}

static enum role_login_result login(struct scratch *scratch, const char *name, const char *password)
{
    struct waiting waiting;
    struct error error;
    (void)sem_init(&waiting.done, 0, 0);
    assert_ok(role_login(scratch->roles, text(name), text(password), login_done, &waiting, &error), error);
    while (sem_wait(&waiting.done) != 0) {
    }
    (void)sem_destroy(&waiting.done);
    return waiting.result;
}

/* Published with bcrypt's Java implementation. */
#define HASH_OF_A "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"
#define HASH_OF_ABC "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"

static void test_logins(void **state)
{
    (void)state;
    struct scratch scratch;
    struct error error;
    struct waiting waiting;
    scratch_init(&scratch);
    put(&scratch, "ann", false, HASH_OF_A, NULL);
    put(&scratch, "bob", false, "", NULL);
    assert_false(role_login_is_known(scratch.roles, text("ann"), text("a")));
    assert_int_equal(login(&scratch, "ann", "b"), ROLE_LOGIN_WRONG);
    assert_int_equal(login(&scratch, "bob", "a"), ROLE_LOGIN_WRONG);
    assert_int_equal(login(&scratch, "bob", ""), ROLE_LOGIN_WRONG);
    assert_int_equal(login(&scratch, "nobody", "a"), ROLE_LOGIN_WRONG);
    assert_int_equal(login(&scratch, "ann", "a"), ROLE_LOGIN_OK);
    assert_true(role_login_is_known(scratch.roles, text("ann"), text("a")));
    assert_false(role_login_is_known(scratch.roles, text("ann"), text("b")));
    assert_false(role_login_is_known(scratch.roles, text("bob"), text("a")));
    /* Another password, and the one that was known counts no more. */
    put(&scratch, "ann", true, HASH_OF_A, NULL);
    assert_true(role_login_is_known(scratch.roles, text("ann"), text("a")));
    put(&scratch, "ann", false, HASH_OF_ABC, NULL);
    assert_false(role_login_is_known(scratch.roles, text("ann"), text("a")));
    assert_int_equal(login(&scratch, "ann", "a"), ROLE_LOGIN_WRONG);
    assert_int_equal(login(&scratch, "ann", "abc"), ROLE_LOGIN_OK);
    role_stop(scratch.roles);
    assert_status(role_login(scratch.roles, text("ann"), text("abc"), login_done, &waiting, &error),
                  STATUS_CLOSED, error);
    scratch_reset(&scratch);
}

static void test_who_may_not_log_in(void **state)
{
    (void)state;
    struct scratch scratch;
    struct role_plan plan;
    struct role role;
    scratch_init(&scratch);
    put(&scratch, "ann", false, HASH_OF_A, NULL);
    assert_int_equal(login(&scratch, "ann", "a"), ROLE_LOGIN_OK);
    assert_true(role_find(scratch.roles, text("ann"), &scratch.arena, &role));
    role.can_login = false;
    role_plan_begin(scratch.roles, &scratch.arena, &plan);
    role_plan_add(&plan, &(struct role_change){.kind = ROLE_PUT, .role = role});
    role_apply(scratch.roles, &plan);
    assert_false(role_login_is_known(scratch.roles, text("ann"), text("a")));
    assert_false(role_can_login(scratch.roles, text("ann")));
    assert_int_equal(login(&scratch, "ann", "a"), ROLE_LOGIN_FORBIDDEN);
    assert_int_equal(login(&scratch, "ann", "b"), ROLE_LOGIN_WRONG);
    scratch_reset(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles_of_roles),
        cmocka_unit_test(test_resources),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_what_goes_with_a_role),
        cmocka_unit_test(test_what_goes_with_a_resource),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_hashes_are_sealed),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_who_may_not_log_in),
    };
    return cmocka_run_group_tests_name("role/role", tests, NULL, NULL);
}
