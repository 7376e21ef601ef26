#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    FILE_MODE = 0600,
    DIRECTORY_MODE = 0700,
};

enum status file_open(const char *path, int flags, struct file *ret_file, struct error *error)
{
    int descriptor = open(path, flags | O_CLOEXEC, FILE_MODE);
    while (descriptor < 0 && errno == EINTR) {
        descriptor = open(path, flags | O_CLOEXEC, FILE_MODE);
    }
    if (descriptor < 0) {
        return error_set_errno(error, errno, "cannot open %s", path);
    }
    *ret_file = (struct file){.descriptor = descriptor, .path = memory_copy_text(path)};
    return STATUS_OK;
}

void file_close(struct file *file)
{
    if (file->descriptor >= 0) {
        (void)close(file->descriptor); /* whatever mattered was synced before */
    }
    memory_destroy(file->path);
    *file = FILE_CLOSED;
}

enum status file_write_at(const struct file *file, struct bytes data, uint64_t offset, struct error *error)
{
    size_t done = 0;
    while (done < data.size) {
        ssize_t n = pwrite(file->descriptor, data.data + done, data.size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return error_set_errno(error, n == 0 ? EIO : errno, "cannot write %zu bytes at offset %llu of %s",
                                   data.size - done, (unsigned long long)(offset + done), file->path);
        }
        done += (size_t)n;
    }
    return STATUS_OK;
}

enum status file_read_at(const struct file *file, void *data, size_t size, uint64_t offset,
                         struct error *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(file->descriptor, (uint8_t *)data + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set_errno(error, errno, "cannot read %zu bytes at offset %llu of %s", size - done,
                                   (unsigned long long)(offset + done), file->path);
        }
        if (n == 0) {
            return error_set(error, STATUS_END, "%s ends before offset %llu", file->path,
                             (unsigned long long)(offset + size));
        }
        done += (size_t)n;
    }
    return STATUS_OK;
}

enum status file_size(const struct file *file, uint64_t *ret_size, struct error *error)
{
    struct stat facts;
    if (fstat(file->descriptor, &facts) != 0) {
        return error_set_errno(error, errno, "cannot examine %s", file->path);
    }
    *ret_size = (uint64_t)facts.st_size;
    return STATUS_OK;
}

enum status file_truncate(const struct file *file, uint64_t size, struct error *error)
{
    while (ftruncate(file->descriptor, (off_t)size) != 0) {
        if (errno != EINTR) {
            return error_set_errno(error, errno, "cannot set the size of %s to %llu", file->path,
                                   (unsigned long long)size);
        }
    }
    return STATUS_OK;
}

enum status file_allocate(const struct file *file, uint64_t offset, uint64_t size, struct error *error)
{
    int number = posix_fallocate(file->descriptor, (off_t)offset, (off_t)size);
    while (number == EINTR) {
        number = posix_fallocate(file->descriptor, (off_t)offset, (off_t)size);
    }
    if (number != 0) {
        return error_set_errno(error, number, "cannot allocate %llu bytes for %s", (unsigned long long)size,
                               file->path);
    }
    return STATUS_OK;
}

enum status file_sync(const struct file *file, struct error *error)
{
    if (fsync(file->descriptor) != 0) {
        return error_set_errno(error, errno, "cannot sync %s", file->path);
    }
    return STATUS_OK;
}

enum status file_sync_data(const struct file *file, struct error *error)
{
    if (fdatasync(file->descriptor) != 0) {
        return error_set_errno(error, errno, "cannot sync the data of %s", file->path);
    }
    return STATUS_OK;
}

enum status file_directory_sync(const char *path, struct error *error)
{
    struct file directory = FILE_CLOSED;
    enum status status = file_open(path, O_RDONLY | O_DIRECTORY, &directory, error);
    if (status == STATUS_OK) {
        status = file_sync(&directory, error);
        file_close(&directory);
    }
    return status;
}

enum status file_directory_create(const char *path, struct error *error)
{
    if (mkdir(path, DIRECTORY_MODE) != 0) {
        return error_set_errno(error, errno, "cannot create directory %s", path);
    }
    return STATUS_OK;
}

enum status file_rename(const char *from, const char *to, struct error *error)
{
    if (rename(from, to) != 0) {
        return error_set_errno(error, errno, "cannot rename %s to %s", from, to);
    }
    return STATUS_OK;
}

enum status file_remove(const char *path, struct error *error)
{
    if (unlink(path) != 0) {
        return error_set_errno(error, errno, "cannot remove %s", path);
    }
    return STATUS_OK;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

enum status file_free_bytes(const char *path, uint64_t *ret_bytes, struct error *error)
{
    struct statvfs facts;
    if (statvfs(path, &facts) != 0) {
        return error_set_errno(error, errno, "cannot tell the free space of %s", path);
    }
    *ret_bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
    return STATUS_OK;
}

enum status file_directory_list(const char *path,
                                enum status (*visit)(void *context, const char *name, struct error *error),
                                void *context, struct error *error)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return error_set_errno(error, errno, "cannot list directory %s", path);
    }
    enum status status = STATUS_OK;
    /* The stream is this call's own. NOLINTBEGIN(concurrency-mt-unsafe) */
    errno = 0;
    struct dirent *entry = readdir(directory);
    while (entry != NULL && status == STATUS_OK) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = visit(context, entry->d_name, error);
        }
        errno = 0;
        entry = readdir(directory);
    }
    /* NOLINTEND(concurrency-mt-unsafe) */
    if (status == STATUS_OK && errno != 0) {
        status = error_set_errno(error, errno, "cannot list directory %s", path);
    }
    (void)closedir(directory);
    return status;
}

static enum status file_remove_entry(void *context, const char *name, struct error *error)
{
    char *path = file_path_join(context, name);
    struct stat facts;
    enum status status = STATUS_OK;
    if (lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        status = file_directory_remove(path, error);
    } else {
        status = file_remove(path, error);
    }
    memory_destroy(path);
    return status;
}

/* Recursion: as deep as our own data directories are, two levels. */
enum status file_directory_remove(const char *path, struct error *error)
{
    if (!file_exists(path)) {
        return STATUS_OK;
    }
    char *copy = memory_copy_text(path);
    enum status status = file_directory_list(path, file_remove_entry, copy, error);
    memory_destroy(copy);
    if (status == STATUS_OK && rmdir(path) != 0) {
        status = error_set_errno(error, errno, "cannot remove directory %s", path);
    }
    return status;
}

enum status file_read_whole(const char *path, size_t bytes_max, struct buffer *ret_content,
                            struct error *error)
{
    struct file file = FILE_CLOSED;
    uint64_t size = 0;
    enum status status = file_open(path, O_RDONLY, &file, error);
    if (status == STATUS_OK) {
        status = file_size(&file, &size, error);
    }
    if (status == STATUS_OK && size > bytes_max) {
        status = error_set(error, STATUS_TOO_LARGE, "%s has %llu bytes, more than the %zu allowed", path,
                           (unsigned long long)size, bytes_max);
    }
    if (status == STATUS_OK) {
        uint8_t *at = buffer_extend(ret_content, size);
        status = file_read_at(&file, at, size, 0, error);
        if (status != STATUS_OK) {
            ret_content->size -= size;
        }
    }
    file_close(&file);
    return status;
}

enum status file_replace(const char *directory, const char *name, struct bytes content, struct error *error)
{
    char *path = file_path_join(directory, name);
    char *path_new = memory_create(strlen(path) + sizeof(".new"));
    (void)sprintf(path_new, "%s.new", path);
    struct file file = FILE_CLOSED;
    enum status status = file_open(path_new, O_WRONLY | O_CREAT | O_TRUNC, &file, error);
    if (status == STATUS_OK) {
        status = file_write_at(&file, content, 0, error);
    }
    if (status == STATUS_OK) {
        status = file_sync(&file, error);
    }
    file_close(&file);
    if (status == STATUS_OK) {
        status = file_rename(path_new, path, error);
    }
    if (status == STATUS_OK) {
        status = file_directory_sync(directory, error);
        if (status == STATUS_FULL) { /* no refusal any more: the file has its name */
            status = error_set(error, STATUS_IO, "no space left to sync %s", directory);
        }
    }
    memory_destroy(path_new);
    memory_destroy(path);
    return status;
}

char *file_path_join(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = memory_create(size);
    (void)snprintf(path, size, "%s/%s", directory, name);
    return path;
}
