/* System calls on files below $FAULT_ROOT. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "control.h"

enum {
    PATH_BYTES = 4096,
};

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a name */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool calls_is_below_root(const char *path)
{
    const char *root = getenv("FAULT_ROOT"); /* NOLINT(concurrency-mt-unsafe): nobody changes it */
    return root != NULL && strncmp(path, root, strlen(root)) == 0;
}

/* -1 with errno set when the call on a path is to fail. */
static int calls_path(enum control_kind kind, const char *what, const char *path)
{
    if (!control_wants(kind) || !calls_is_below_root(path) || !control_fails(kind, what, path)) {
        return 0;
    }
    errno = control_number() == CONTROL_SHORT ? EINTR : control_number();
    return -1;
}

/* Its path; empty: it has none. */
static void calls_path_of(int descriptor, char path[PATH_BYTES])
{
    char link[64];
    int saved = errno;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, PATH_BYTES - 1);
    path[size > 0 ? size : 0] = '\0';
    errno = saved;
}

static int calls_descriptor(enum control_kind kind, const char *what, int descriptor)
{
    char path[PATH_BYTES];
    if (!control_wants(kind)) {
        return 0;
    }
    calls_path_of(descriptor, path);
    return path[0] != '\0' ? calls_path(kind, what, path) : 0;
}

/* How much of what was asked for a call that fails does: nothing, half, or all of what has no half. */
static size_t calls_part(size_t size)
{
    return control_number() != CONTROL_SHORT ? 0 : size > 1 ? size / 2 : size;
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

static mode_t calls_mode(int flags, va_list more)
{
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the caller began it */
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = calls_mode(flags, more);
    va_end(more);
    return calls_path(CONTROL_OPEN, "open", path) != 0 ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = calls_mode(flags, more);
    va_end(more);
    return calls_path(CONTROL_OPEN, "open", path) != 0 ? -1 : REAL(open64)(path, flags, mode);
}

/* --- reading and writing -------------------------------------------------------------------------------------------- */

ssize_t pread(int descriptor, void *data, size_t size, off_t offset)
{
    if (calls_descriptor(CONTROL_READ, "pread", descriptor) == 0) {
        return REAL(pread)(descriptor, data, size, offset);
    }
    size = calls_part(size);
    return size > 0 ? REAL(pread)(descriptor, data, size, offset) : -1;
}

ssize_t pread64(int descriptor, void *data, size_t size, off64_t offset)
{
    return pread(descriptor, data, size, offset);
}

ssize_t write(int descriptor, const void *data, size_t size)
{
    if (calls_descriptor(CONTROL_WRITE, "write", descriptor) == 0) {
        return REAL(write)(descriptor, data, size);
    }
    size = calls_part(size);
    return size > 0 ? REAL(write)(descriptor, data, size) : -1;
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
    if (calls_descriptor(CONTROL_WRITE, "pwrite", descriptor) == 0) {
        return REAL(pwrite)(descriptor, data, size, offset);
    }
    size = calls_part(size);
    return size > 0 ? REAL(pwrite)(descriptor, data, size, offset) : -1;
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset)
{
    return pwrite(descriptor, data, size, offset);
}

/* Half of the first part, when it is to be short. */
static ssize_t calls_short_parts(int descriptor, const struct iovec *parts, int count, off_t offset)
{
    size_t size = count > 0 ? calls_part(parts[0].iov_len) : 0;
    return size > 0 ? REAL(pwrite)(descriptor, parts[0].iov_base, size, offset) : -1;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count)
{
    if (calls_descriptor(CONTROL_WRITE, "writev", descriptor) == 0) {
        return REAL(writev)(descriptor, parts, count);
    }
    size_t size = count > 0 ? calls_part(parts[0].iov_len) : 0;
    return size > 0 ? REAL(write)(descriptor, parts[0].iov_base, size) : -1;
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset)
{
    return calls_descriptor(CONTROL_WRITE, "pwritev", descriptor) == 0
               ? REAL(pwritev)(descriptor, parts, count, offset)
               : calls_short_parts(descriptor, parts, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset)
{
    return pwritev(descriptor, parts, count, offset);
}

/* --- syncing -------------------------------------------------------------------------------------------------------- */

int fsync(int descriptor)
{
    return calls_descriptor(CONTROL_SYNC, "fsync", descriptor) != 0 ? -1 : REAL(fsync)(descriptor);
}

/* Whether it is what the log is appended to. */
static bool calls_is_log(int descriptor)
{
    char path[PATH_BYTES];
    calls_path_of(descriptor, path);
    size_t size = strlen(path);
    return size > 4 && strcmp(path + size - 4, ".raw") == 0 && calls_is_below_root(path);
}

int fdatasync(int descriptor)
{
    if (calls_is_log(descriptor)) {
        control_hold();
    }
    return calls_descriptor(CONTROL_SYNC, "fdatasync", descriptor) != 0 ? -1 : REAL(fdatasync)(descriptor);
}

int sync_file_range(int descriptor, off64_t offset, off64_t size, unsigned flags)
{
    return calls_descriptor(CONTROL_SYNC, "sync_file_range", descriptor) != 0
               ? -1
               : REAL(sync_file_range)(descriptor, offset, size, flags);
}

/* --- sizes and names ------------------------------------------------------------------------------------------------ */

int ftruncate(int descriptor, off_t size)
{
    return calls_descriptor(CONTROL_SIZE, "ftruncate", descriptor) != 0 ? -1
                                                                        : REAL(ftruncate)(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size)
{
    return ftruncate(descriptor, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size)
{
    return calls_descriptor(CONTROL_SIZE, "fallocate", descriptor) != 0
               ? -1
               : REAL(fallocate)(descriptor, mode, offset, size);
}

int posix_fallocate(int descriptor, off_t offset, off_t size)
{
    int saved = errno;
    if (calls_descriptor(CONTROL_SIZE, "posix_fallocate", descriptor) == 0) {
        return REAL(posix_fallocate)(descriptor, offset, size);
    }
    int number = errno;
    errno = saved; /* it returns the number and leaves errno alone */
    return number;
}

int rename(const char *from, const char *to)
{
    return calls_path(CONTROL_NAME, "rename", to) != 0 ? -1 : REAL(rename)(from, to);
}

int unlink(const char *path)
{
    return calls_path(CONTROL_NAME, "unlink", path) != 0 ? -1 : REAL(unlink)(path);
}

int mkdir(const char *path, mode_t mode)
{
    return calls_path(CONTROL_NAME, "mkdir", path) != 0 ? -1 : REAL(mkdir)(path, mode);
}

int rmdir(const char *path)
{
    return calls_path(CONTROL_NAME, "rmdir", path) != 0 ? -1 : REAL(rmdir)(path);
}
