/* Who asks what the store is like does not wait for a checkpoint, which takes what the disk takes. */
#include <semaphore.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/thread.h"
#include "environment/environment.h"
#include "support/test.h"

struct checkpoint {
    struct environment *environment;
    sem_t reached;
    sem_t go;
};

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0) {
    }
}

/* Syncing the log, the first that a checkpoint does, takes until `go`. */
static enum status slow_sync(void *context, uint64_t lsn, struct error *error)
{
    struct checkpoint *checkpoint = context;
    (void)lsn;
    (void)error;
    assert_int_equal(sem_post(&checkpoint->reached), 0);
    wait_for(&checkpoint->go);
    return STATUS_OK;
}

static void checkpoint_run(void *context)
{
    struct checkpoint *checkpoint = context;
    struct error error;
    assert_ok(environment_checkpoint_now(checkpoint->environment, &error), error);
}

static void test_statistics_do_not_wait_for_a_checkpoint(void **state)
{
    (void)state;
    struct error error;
    struct environment_point point;
    struct environment_statistics statistics;
    struct checkpoint checkpoint = {0};
    struct thread *thread = NULL;
    char *parent = test_directory_create();
    char *directory = file_path_join(parent, "store");
    struct environment_options options = {.directory = directory,
                                          .database = "0123456789abcde",
                                          .map_bytes = 1 << 24,
                                          .allocate_bytes = 1 << 20,
                                          .log_sync = slow_sync,
                                          .context = &checkpoint};
    assert_int_equal(sem_init(&checkpoint.reached, 0, 0), 0);
    assert_int_equal(sem_init(&checkpoint.go, 0, 0), 0);
    assert_ok(environment_create(directory, options.database, &error), error);
    assert_ok(environment_open(&options, &checkpoint.environment, &point, &error), error);
    assert_ok(thread_create("checkpoint", checkpoint_run, &checkpoint, &thread, &error), error);
    wait_for(&checkpoint.reached);
    environment_statistics_read(checkpoint.environment, &statistics);
    assert_int_equal(statistics.checkpoints, 0);
    assert_int_equal(sem_post(&checkpoint.go), 0);
    thread_join(&thread);
    environment_statistics_read(checkpoint.environment, &statistics);
    assert_int_equal(statistics.checkpoints, 1);
    assert_true(statistics.checkpoint_us >= 0 && statistics.pages_used > 0);
    environment_close(&checkpoint.environment);
    memory_destroy(directory);
    test_directory_remove(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statistics_do_not_wait_for_a_checkpoint),
    };
    return cmocka_run_group_tests_name("environment/statistics", tests, NULL, NULL);
}
