/* A full disk: a transaction that data.mdb has no space for is told so while it can still be given up. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>

#include "base/file.h"
#include "base/memory.h"
#include "environment/transaction.h"
#include "support/test.h"

enum {
    VALUE_BYTES = 60000,
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): posix_fallocate has no other way to know */
static atomic_bool is_full;

/* data.mdb's, as it is linked to this program. What is allocated already is there. */
int posix_fallocate(int descriptor, off_t offset, off_t size)
{
    return atomic_load(&is_full) ? ENOSPC : fallocate(descriptor, 0, offset, size) == 0 ? 0 : errno;
}

/* Puts so many values: STATUS_OK when they are committed. */
static enum status put_values(struct environment *environment, unsigned count, struct error *error)
{
    struct environment_write *write = NULL;
    struct environment_point point = {.lsn = 1, .term = 1};
    uint8_t *value = memory_create(VALUE_BYTES);
    enum status status = environment_write_begin(environment, &write, error);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        uint8_t key[4];
        bytes_put_u32(key, i);
        status = environment_write_put(write, TREE_ROWS, bytes_of(key, sizeof(key)),
                                       bytes_of(value, VALUE_BYTES), error);
    }
    if (status == STATUS_OK) {
        status = environment_write_admit(write, error);
    }
    if (status == STATUS_OK) {
        environment_write_commit(&write, &point);
    }
    environment_write_abort(&write);
    memory_destroy(value);
    return status;
}

static void test_what_finds_no_space_is_refused_before_its_commit(void **state)
{
    (void)state;
    struct error error;
    struct environment *environment = NULL;
    struct environment_point point;
    char *parent = test_directory_create();
    char *directory = file_path_join(parent, "store");
    struct environment_options options = {.directory = directory,
                                          .database = "0123456789abcde",
                                          .map_bytes = 1 << 26,
                                          .allocate_bytes = 4 << 20};
    assert_ok(environment_create(directory, options.database, &error), error);
    assert_ok(environment_open(&options, &environment, &point, &error), error);
    assert_ok(put_values(environment, 1, &error), error);
    atomic_store(&is_full, true);
    for (int i = 0; i < 30;
         i++) { /* what is refused takes neither space nor memory from what comes after it */
        struct environment_statistics statistics;
        assert_status(put_values(environment, 100, &error), STATUS_FULL, error);
        assert_ok(put_values(environment, 5, &error), error);
        assert_ok(environment_checkpoint_now(environment, &error), error); /* pages can be used again */
        environment_statistics_read(environment, &statistics);
        assert_true(statistics.memory_bytes < 2 * 105 * (VALUE_BYTES + 1000));
    }
    atomic_store(&is_full, false);
    assert_ok(put_values(environment, 100, &error), error);
    environment_close(&environment);
    memory_destroy(directory);
    test_directory_remove(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_finds_no_space_is_refused_before_its_commit),
    };
    return cmocka_run_group_tests_name("environment/admit", tests, NULL, NULL);
}
