/* LD_PRELOAD: writes down, in order, what a process does to files below $POWER_ROOT, into $POWER_TRACE. The replayer
 * (power.py) makes of it what a disk may hold after the power went at any moment.
 *
 *   record   kind u8 | number u64 | offset u64 | first path u16 | second path u16 | data u32, little-endian, then those
 *            bytes, as one write with O_APPEND, so that records of several processes do not mix
 *   kinds    C create (number: inode; path)   W write (inode, offset, data)     T truncate (inode; offset: size)
 *            A allocate (inode; offset: end)  B a sync begins (number: of the sync; offset: inode, path of a directory)
 *            S the sync has ended (number)    R rename (paths)  U unlink (path)  M make directory (path)
 *
 * A write is written down after it was done, a sync before it begins and after it ended: a write counts as synced only if
 * it was done before the sync began. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    DESCRIPTORS_MAX = 65536,
    HEAD_BYTES = 25,
};

struct shim {
    pthread_once_t once;
    int trace;
    const char *root;
    _Atomic uint64_t syncs;
    _Atomic uint64_t inodes[DESCRIPTORS_MAX]; /* of descriptors that count; 0: does not */
    _Atomic bool is_directory[DESCRIPTORS_MAX];
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): an interposed library has nowhere else */
static struct shim shim = {.once = PTHREAD_ONCE_INIT, .trace = -1};

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a name */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void shim_open(void)
{
    const char *trace = getenv("POWER_TRACE"); /* NOLINT(concurrency-mt-unsafe): nobody changes it */
    shim.root = getenv("POWER_ROOT");          /* NOLINT(concurrency-mt-unsafe): nobody changes it */
    if (trace != NULL && shim.root != NULL) {
        shim.trace = REAL(open)(trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
}

static bool shim_wants(const char *path)
{
    (void)pthread_once(&shim.once, shim_open);
    return shim.trace >= 0 && strncmp(path, shim.root, strlen(shim.root)) == 0;
}

static void shim_record(char kind, uint64_t number, uint64_t offset, const char *first, const char *second,
                        const void *data, size_t size)
{
    uint8_t head[HEAD_BYTES];
    uint16_t first_size = (uint16_t)(first == NULL ? 0 : strlen(first));
    uint16_t second_size = (uint16_t)(second == NULL ? 0 : strlen(second));
    uint32_t data_size = (uint32_t)size;
    int saved = errno;
    head[0] = (uint8_t)kind;
    memcpy(head + 1, &number, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, &first_size, 2);
    memcpy(head + 19, &second_size, 2);
    memcpy(head + 21, &data_size, 4);
    struct iovec parts[] = {{head, sizeof(head)},
                            {(void *)first, first_size},
                            {(void *)second, second_size},
                            {(void *)data, size}};
    if (REAL(writev)(shim.trace, parts, 4) != (ssize_t)(sizeof(head) + first_size + second_size + size)) {
        abort(); /* a trace with a hole proves nothing */
    }
    errno = saved;
}

static uint64_t shim_inode(int descriptor)
{
    return descriptor >= 0 && descriptor < DESCRIPTORS_MAX ? atomic_load(&shim.inodes[descriptor]) : 0;
}

static void shim_opened(int descriptor, const char *path, int flags, bool was_there)
{
    struct stat facts;
    if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX || fstat(descriptor, &facts) != 0) {
        return;
    }
    atomic_store(&shim.inodes[descriptor], facts.st_ino);
    atomic_store(&shim.is_directory[descriptor], S_ISDIR(facts.st_mode));
    if (!was_there) {
        shim_record('C', facts.st_ino, 0, path, NULL, NULL, 0);
    } else if ((flags & O_TRUNC) != 0) {
        shim_record('T', facts.st_ino, 0, NULL, NULL, NULL, 0);
    }
}

static int shim_do_open(const char *path, int flags, mode_t mode)
{
    bool is_wanted = shim_wants(path);
    bool was_there = !is_wanted || access(path, F_OK) == 0;
    int descriptor = REAL(open)(path, flags, mode);
    if (is_wanted) {
        shim_opened(descriptor, path, flags, was_there);
    }
    return descriptor;
}

static mode_t shim_mode(int flags, va_list more)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = shim_mode(flags, more);
    va_end(more);
    return shim_do_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = shim_mode(flags, more);
    va_end(more);
    return shim_do_open(path, flags, mode);
}

int close(int descriptor)
{
    if (descriptor >= 0 && descriptor < DESCRIPTORS_MAX) {
        atomic_store(&shim.inodes[descriptor], 0);
    }
    return REAL(close)(descriptor);
}

static void shim_wrote(int descriptor, uint64_t offset, const void *data, ssize_t size)
{
    uint64_t inode = shim_inode(descriptor);
    if (inode != 0 && size > 0) {
        shim_record('W', inode, offset, NULL, NULL, data, (size_t)size);
    }
}

ssize_t write(int descriptor, const void *data, size_t size)
{
    off_t offset = shim_inode(descriptor) == 0 ? 0 : lseek(descriptor, 0, SEEK_CUR);
    ssize_t count = REAL(write)(descriptor, data, size);
    shim_wrote(descriptor, (uint64_t)offset, data, count);
    return count;
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
    ssize_t count = REAL(pwrite)(descriptor, data, size, offset);
    shim_wrote(descriptor, (uint64_t)offset, data, count);
    return count;
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset)
{
    return pwrite(descriptor, data, size, offset);
}

static void shim_wrote_parts(int descriptor, uint64_t offset, const struct iovec *parts, int count,
                             ssize_t size)
{
    for (int i = 0; i < count && size > 0; i++) {
        ssize_t part = (ssize_t)parts[i].iov_len < size ? (ssize_t)parts[i].iov_len : size;
        shim_wrote(descriptor, offset, parts[i].iov_base, part);
        offset += (uint64_t)part;
        size -= part;
    }
}

ssize_t writev(int descriptor, const struct iovec *parts, int count)
{
    off_t offset = shim_inode(descriptor) == 0 ? 0 : lseek(descriptor, 0, SEEK_CUR);
    ssize_t size = REAL(writev)(descriptor, parts, count);
    if (shim_inode(descriptor) != 0) {
        shim_wrote_parts(descriptor, (uint64_t)offset, parts, count, size);
    }
    return size;
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset)
{
    ssize_t size = REAL(pwritev)(descriptor, parts, count, offset);
    shim_wrote_parts(descriptor, (uint64_t)offset, parts, count, size);
    return size;
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset)
{
    return pwritev(descriptor, parts, count, offset);
}

int ftruncate(int descriptor, off_t size)
{
    int result = REAL(ftruncate)(descriptor, size);
    if (result == 0 && shim_inode(descriptor) != 0) {
        shim_record('T', shim_inode(descriptor), (uint64_t)size, NULL, NULL, NULL, 0);
    }
    return result;
}

int ftruncate64(int descriptor, off64_t size)
{
    return ftruncate(descriptor, size);
}

static void shim_allocated(int descriptor, off_t offset, off_t size)
{
    if (shim_inode(descriptor) != 0) {
        shim_record('A', shim_inode(descriptor), (uint64_t)(offset + size), NULL, NULL, NULL, 0);
    }
}

int fallocate(int descriptor, int mode, off_t offset, off_t size)
{
    int result = REAL(fallocate)(descriptor, mode, offset, size);
    if (result == 0 && mode == 0) {
        shim_allocated(descriptor, offset, size);
    }
    return result;
}

int posix_fallocate(int descriptor, off_t offset, off_t size)
{
    int result = REAL(posix_fallocate)(descriptor, offset, size);
    if (result == 0) {
        shim_allocated(descriptor, offset, size);
    }
    return result;
}

static uint64_t shim_sync_begins(int descriptor)
{
    char link[64];
    char path[4096] = "";
    if (shim_inode(descriptor) == 0) {
        return 0;
    }
    uint64_t sync = atomic_fetch_add(&shim.syncs, 1) + 1;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    if (atomic_load(&shim.is_directory[descriptor]) && readlink(link, path, sizeof(path) - 1) < 0) {
        abort();
    }
    shim_record('B', sync, shim_inode(descriptor), path, NULL, NULL, 0);
    return sync;
}

static int shim_sync_ended(uint64_t sync, int result)
{
    if (sync != 0 && result == 0) {
        shim_record('S', sync, 0, NULL, NULL, NULL, 0);
    }
    return result;
}

int fsync(int descriptor)
{
    uint64_t sync = shim_sync_begins(descriptor);
    return shim_sync_ended(sync, REAL(fsync)(descriptor));
}

int fdatasync(int descriptor)
{
    uint64_t sync = shim_sync_begins(descriptor);
    return shim_sync_ended(sync, REAL(fdatasync)(descriptor));
}

int rename(const char *from, const char *to)
{
    int result = REAL(rename)(from, to);
    if (result == 0 && shim_wants(to)) {
        shim_record('R', 0, 0, from, to, NULL, 0);
    }
    return result;
}

int unlink(const char *path)
{
    int result = REAL(unlink)(path);
    if (result == 0 && shim_wants(path)) {
        shim_record('U', 0, 0, path, NULL, NULL, 0);
    }
    return result;
}

int rmdir(const char *path)
{
    int result = REAL(rmdir)(path);
    if (result == 0 && shim_wants(path)) {
        shim_record('U', 0, 0, path, NULL, NULL, 0);
    }
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    int result = REAL(mkdir)(path, mode);
    if (result == 0 && shim_wants(path)) {
        shim_record('M', 0, 0, path, NULL, NULL, 0);
    }
    return result;
}
