/* A flush whose meta page cannot be written: LMDB takes no more writes then, so the process has to end. */
#undef _FORTIFY_SOURCE /* pwrite is defined here */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "environment/transaction.h"
#include "support/test.h"

enum {
    META_PAGES_BYTES = 2 * 4096,
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): pwrite has no other way to know */
static atomic_bool metas_fail;

/* LMDB's, as it is linked to this program. */
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
    if (atomic_load(&metas_fail) && offset < META_PAGES_BYTES) {
        errno = ENOSPC;
        return -1;
    }
    __typeof__(&pwrite) real = (__typeof__(&pwrite))dlsym(RTLD_NEXT, "pwrite");
    return real(descriptor, data, size, offset);
}

static void note_fatal(void *context, const struct error *error)
{
    (void)error;
    *(unsigned *)context += 1;
}

/* Commits an entry and has it flushed. */
static enum status write_one(struct environment *environment, struct error *error)
{
    struct environment_write *write = NULL;
    struct environment_point point = {.lsn = 1, .term = 1};
    enum status status = environment_write_begin(environment, &write, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert_ok(environment_write_put(write, TREE_ROWS, bytes_of_text("key"), bytes_of_text("value"), error),
              *error);
    environment_write_commit(&write, &point);
    return environment_checkpoint_now(environment, error);
}

static void test_a_meta_page_that_cannot_be_written_is_fatal(void **state)
{
    (void)state;
    struct error error;
    struct environment *environment = NULL;
    struct environment_point point;
    unsigned fatal = 0;
    char *parent = test_directory_create();
    char *directory = file_path_join(parent, "store");
    struct environment_options options = {.directory = directory,
                                          .database = "0123456789abcde",
                                          .map_bytes = 1 << 24,
                                          .allocate_bytes = 1 << 20,
                                          .on_fatal = note_fatal,
                                          .context = &fatal};
    assert_ok(environment_create(directory, options.database, &error), error);
    assert_ok(environment_open(&options, &environment, &point, &error), error);
    assert_ok(write_one(environment, &error), error);
    atomic_store(&metas_fail, true);
    assert_status(write_one(environment, &error), STATUS_FULL, error);
    assert_int_equal(fatal, 0); /* it may be tried again */
    atomic_store(&metas_fail, false);
    assert_status(write_one(environment, &error), STATUS_IO, error);
    assert_int_equal(fatal, 1);
    environment_close(&environment);
    memory_destroy(directory);
    test_directory_remove(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_meta_page_that_cannot_be_written_is_fatal),
    };
    return cmocka_run_group_tests_name("environment/commit", tests, NULL, NULL);
}
