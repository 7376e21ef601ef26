/* The account of pages: a sound store's adds up whatever was done to it, and a page that is lost or has two uses is noticed. */
#include "environment/pages.h"

#include <fcntl.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "environment/transaction.h"
#include "support/test.h"

enum {
    ROWS = 2000,
    TRANSACTIONS = 60,
    PAGE_BYTES = 4096,
};

static const uint8_t database[ENVIRONMENT_DATABASE_BYTES] = "pages";

struct fixture {
    char *parent;
    char *directory;
    struct environment *environment;
    uint64_t lsn;
};

static void fixture_open(struct fixture *fixture)
{
    struct error error;
    struct environment_point point;
    struct environment_options options = {.directory = fixture->directory,
                                          .map_bytes = 1 << 28,
                                          .allocate_bytes = 1 << 20};
    memcpy(options.database, database, sizeof(database));
    assert_ok(environment_open(&options, &fixture->environment, &point, &error), error);
}

/* Puts values of all lengths and erases some, which leaves free pages. */
static void fixture_work(struct fixture *fixture, struct random *random)
{
    static uint8_t filling[300 * 1024];
    struct error error;
    struct environment_write *write = NULL;
    assert_ok(environment_write_begin(fixture->environment, &write, &error), error);
    for (size_t i = 0; i < 40; i++) {
        uint8_t name[900] = {0};
        bytes_put_u64(name, random_below(random, ROWS));
        enum environment_tree tree = (enum environment_tree)random_below(random, TREE_METADATA);
        struct bytes key = bytes_of(name, random_below(random, 30) == 0 ? sizeof(name) : 8);
        uint64_t size = random_below(random, 20) == 0 ? sizeof(filling) : 5000;
        if (random_below(random, 3) == 0) {
            assert_ok(environment_write_erase(write, tree, key, NULL, &error), error);
        } else {
            struct bytes value = bytes_of(filling, random_below(random, size));
            assert_ok(environment_write_put(write, tree, key, value, &error), error);
        }
    }
    struct environment_point point = {.lsn = ++fixture->lsn, .term = 1};
    environment_write_commit(&write, &point);
}

static void fixture_make(struct fixture *fixture)
{
    struct error error;
    struct random random;
    random_init(&random, test_seed());
    *fixture = (struct fixture){.parent = test_directory_create()};
    fixture->directory = file_path_join(fixture->parent, "store");
    assert_ok(environment_create(fixture->directory, database, &error), error);
    fixture_open(fixture);
    for (size_t i = 0; i < TRANSACTIONS; i++) {
        struct environment_pages pages;
        fixture_work(fixture, &random);
        if (i % 7 == 3) { /* pins, and what they keep, come and go */
            assert_ok(environment_checkpoint_now(fixture->environment, &error), error);
        }
        assert_ok(environment_pages_check(fixture->environment, &pages, &error), error);
        assert_true(pages.is_whole);
        assert_int_equal(pages.total, pages.meta + pages.branch + pages.leaf + pages.overflow + pages.free);
    }
    assert_ok(environment_checkpoint_now(fixture->environment, &error), error);
}

static void fixture_remove(struct fixture *fixture)
{
    environment_close(&fixture->environment);
    memory_destroy(fixture->directory);
    test_directory_remove(fixture->parent);
}

static void test_a_sound_store_adds_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct environment_pages pages;
    struct error error;
    fixture_make(&fixture);
    environment_close(&fixture.environment);
    fixture_open(&fixture);
    assert_ok(environment_pages_check(fixture.environment, &pages, &error), error);
    assert_true(pages.free > 0 && pages.branch > 0 && pages.overflow > 0);
    fixture_remove(&fixture);
}

/* Where a list of at least two free pages, and a leaf of the rows, are in the file of a closed store. */
static void find_places(const char *directory, uint64_t *ret_list, uint64_t *ret_leaf)
{
    MDB_env *env = NULL;
    MDB_txn *transaction = NULL;
    MDB_cursor *cursor = NULL;
    MDB_dbi rows = 0;
    MDB_val key;
    MDB_val value;
    size_t page = 0;
    size_t count = 0;
    assert_int_equal(mdb_env_create(&env), MDB_SUCCESS);
    assert_int_equal(mdb_env_set_maxdbs(env, TREE_COUNT), MDB_SUCCESS);
    assert_int_equal(mdb_env_open(env, directory, MDB_RDONLY | MDB_NOLOCK, 0600), MDB_SUCCESS);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &transaction), MDB_SUCCESS);
    assert_int_equal(mdb_cursor_open(transaction, 0, &cursor), MDB_SUCCESS);
    while (count < 2) {
        assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), MDB_SUCCESS);
        memcpy(&count, value.mv_data, sizeof(count));
    }
    const uint8_t *data = value.mv_data;
    size_t inside = (uintptr_t)data % PAGE_BYTES;
    memcpy(&page, data - inside, sizeof(page));
    *ret_list = page * PAGE_BYTES + inside;
    mdb_cursor_close(cursor);
    assert_int_equal(mdb_dbi_open(transaction, "rows", 0, &rows), MDB_SUCCESS);
    assert_int_equal(mdb_cursor_open(transaction, rows, &cursor), MDB_SUCCESS);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), MDB_SUCCESS);
    data = key.mv_data;
    memcpy(ret_leaf, data - (uintptr_t)data % PAGE_BYTES, sizeof(*ret_leaf));
    mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    mdb_env_close(env);
}

/* What the account says when one number of a list of free pages is another one. `entry` 0 is how many there are. */
static void check_damaged_list(size_t entry, bool is_leaf, const char *says)
{
    struct fixture fixture;
    struct environment_pages pages;
    struct error error;
    uint64_t list = 0;
    uint64_t number = 0;
    fixture_make(&fixture);
    environment_close(&fixture.environment);
    find_places(fixture.directory, &list, &number);
    char *path = file_path_join(fixture.directory, "data.mdb");
    int file = open(path, O_RDWR | O_CLOEXEC);
    assert_true(file >= 0);
    if (!is_leaf) { /* one page less, or the second twice */
        assert_int_equal(pread(file, &number, 8, (off_t)(list + (entry == 0 ? 0 : 16))), 8);
        number -= entry == 0 ? 1 : 0;
    }
    assert_int_equal(pwrite(file, &number, 8, (off_t)(list + 8 * entry)), 8);
    assert_int_equal(close(file), 0);
    fixture_open(&fixture);
    assert_status(environment_pages_check(fixture.environment, &pages, &error), STATUS_CORRUPT, error);
    assert_non_null(strstr(error.text, says));
    memory_destroy(path);
    fixture_remove(&fixture);
}

static void test_a_lost_page_is_noticed(void **state)
{
    (void)state;
    check_damaged_list(0, false, "1 of ");
}

static void test_a_page_that_is_free_twice_is_noticed(void **state)
{
    (void)state;
    check_damaged_list(1, false, "has another use too");
}

static void test_a_free_page_that_is_in_use_is_noticed(void **state)
{
    (void)state;
    check_damaged_list(1, true, "has another use too");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_store_adds_up),
        cmocka_unit_test(test_a_lost_page_is_noticed),
        cmocka_unit_test(test_a_page_that_is_free_twice_is_noticed),
        cmocka_unit_test(test_a_free_page_that_is_in_use_is_noticed),
    };
    return cmocka_run_group_tests_name("environment/pages", tests, NULL, NULL);
}
