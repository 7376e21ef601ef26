/* Syncs that fail. Linux tells of a failed write once and takes the page for clean: it is in the page cache, and the disk does not
 * have it. */
#undef _FORTIFY_SOURCE /* pwrite is defined here */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"
#include "support/log.h"

enum {
    WRITES_MAX = 64,
};

/* A write that the disk does not have. */
struct unsynced {
    off_t offset;
    size_t size;
    bool is_lost; /* and that no sync writes any more */
};

/* What a disk forgets of the first segment, when it is told to. */
struct disk {
    pthread_mutex_t mutex;
    atomic_bool is_watched; /* these three are set by the test, while the log's own thread writes */
    atomic_bool fails;      /* the next sync */
    atomic_bool waits;      /* in that sync, for `go` */
    sem_t reached;
    sem_t go;
    struct unsynced writes[WRITES_MAX];
    size_t count;
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the calls have no other way to know */
static struct disk disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool is_first_segment(int descriptor)
{
    static const char name[] = "0000000000000001.raw";
    char link[64];
    char path[4096];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof(path));
    size_t length = sizeof(name) - 1;
    return disk.is_watched && size > (ssize_t)length &&
           memcmp(path + (size_t)size - length, name, length) == 0;
}

static void disk_note(off_t offset, size_t size)
{
    size_t kept = 0;
    (void)pthread_mutex_lock(&disk.mutex);
    for (size_t i = 0; i < disk.count; i++) { /* what is written again is dirty again */
        const struct unsynced *write = &disk.writes[i];
        bool is_covered =
            write->offset >= offset && write->offset + (off_t)write->size <= offset + (off_t)size;
        disk.writes[kept] = *write;
        kept += is_covered ? 0 : 1;
    }
    disk.count = kept;
    assert_true(disk.count < WRITES_MAX);
    disk.writes[disk.count++] = (struct unsynced){.offset = offset, .size = size};
    (void)pthread_mutex_unlock(&disk.mutex);
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
    __typeof__(&pwrite) real = (__typeof__(&pwrite))dlsym(RTLD_NEXT, "pwrite");
    if (is_first_segment(descriptor)) {
        disk_note(offset, size);
    }
    return real(descriptor, data, size, offset);
}

/* The first sync that finds what cannot be written tells; to those after it all is well. */
int fdatasync(int descriptor)
{
    __typeof__(&fdatasync) real = (__typeof__(&fdatasync))dlsym(RTLD_NEXT, "fdatasync");
    if (!is_first_segment(descriptor)) {
        return real(descriptor);
    }
    size_t kept = 0;
    (void)pthread_mutex_lock(&disk.mutex);
    bool fails = disk.fails;
    bool waits = disk.waits;
    disk.fails = false;
    disk.waits = false;
    for (size_t i = 0; i < disk.count; i++) {
        disk.writes[i].is_lost |= fails;
        disk.writes[kept] = disk.writes[i];
        kept += disk.writes[i].is_lost ? 1 : 0;
    }
    disk.count = kept;
    (void)pthread_mutex_unlock(&disk.mutex);
    if (waits) {
        (void)sem_post(&disk.reached);
        while (sem_wait(&disk.go) != 0) {
        }
    }
    errno = EIO;
    return fails ? -1 : real(descriptor);
}

static void disk_watch(void)
{
    (void)pthread_mutex_lock(&disk.mutex);
    disk.count = 0;
    (void)pthread_mutex_unlock(&disk.mutex);
    disk.is_watched = true;
}

/* The power goes: what the disk does not have is zero, as it was before. */
static void disk_forget(struct bench *bench)
{
    disk.is_watched = false;
    for (size_t i = 0; i < disk.count; i++) {
        uint8_t *zeros = memory_create(disk.writes[i].size);
        bench_overwrite(bench, "0000000000000001.raw", (uint64_t)disk.writes[i].offset,
                        bytes_of(zeros, disk.writes[i].size));
        memory_destroy(zeros);
    }
}

static void test_what_a_start_found_is_written_again(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    disk_watch();
    assert_int_equal(bench_append(&bench, 3, 100, 0, true), STATUS_OK);
    disk.fails = true;
    assert_int_equal(bench_append(&bench, 2, 100, 0, true), STATUS_IO);
    bench_reopen(&bench); /* the process ended, and starts again */
    assert_true(bench.next_lsn == 6);
    assert_int_equal(bench_append(&bench, 4, 100, 0, true), STATUS_OK);
    log_close(&bench.log);
    disk_forget(&bench);
    bench_open(&bench);
    assert_true(bench.next_lsn == 10);
    bench_expect(&bench, 1, 9);
    bench_reset(&bench);
}

static void sync_all(void *context)
{
    struct bench *bench = context;
    struct error error;
    assert_status(log_sync(bench->log, bench->next_lsn - 1, &error), STATUS_IO, error);
}

static void test_a_sync_beside_one_that_fails_fails(void **state)
{
    (void)state;
    struct bench bench;
    struct thread *thread = NULL;
    struct error error;
    bench_init(&bench);
    assert_int_equal(sem_init(&disk.reached, 0, 0), 0);
    assert_int_equal(sem_init(&disk.go, 0, 0), 0);
    disk_watch();
    assert_int_equal(bench_append(&bench, 3, 100, 0, false), STATUS_OK);
    disk.fails = true;
    disk.waits = true;
    assert_ok(thread_create("checkpoint", sync_all, &bench, &thread, &error), error);
    while (sem_wait(&disk.reached) != 0) {
    }
    assert_int_equal(sem_post(&disk.go), 0);
    assert_int_equal(bench_append(&bench, 2, 100, 0, true), STATUS_IO);
    thread_join(&thread);
    disk.is_watched = false;
    bench_reset(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_start_found_is_written_again),
        cmocka_unit_test(test_a_sync_beside_one_that_fails_fails),
    };
    return cmocka_run_group_tests_name("local/sync", tests, NULL, NULL);
}
