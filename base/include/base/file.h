/* Files and directories: whole reads and writes at offsets, durable renames, every failure told with its path. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

/* An open file. {.descriptor = -1} is closed. */
struct file {
    int descriptor;
    char *path; /* owned; for messages */
};

#define FILE_CLOSED ((struct file){.descriptor = -1, .path = NULL})

/* Opens with O_CLOEXEC and mode 0600. `flags` as for open(2). STATUS_NOT_FOUND, STATUS_EXISTS, STATUS_IO. */
MUST_USE enum status file_open(const char *path, int flags, struct file *ret_file, struct error *error);
void file_close(struct file *file);

/* All of `data`, at `offset`; short and interrupted calls are continued. STATUS_IO, STATUS_FULL (no space). */
MUST_USE enum status file_write_at(const struct file *file, struct bytes data, uint64_t offset,
                                   struct error *error);
/* Exactly `size` bytes; STATUS_END when the file ends before. */
MUST_USE enum status file_read_at(const struct file *file, void *data, size_t size, uint64_t offset,
                                  struct error *error);
MUST_USE enum status file_size(const struct file *file, uint64_t *ret_size, struct error *error);
MUST_USE enum status file_truncate(const struct file *file, uint64_t size, struct error *error);
/* Allocates blocks for [offset, offset + size) without writing them. STATUS_FULL. */
MUST_USE enum status file_allocate(const struct file *file, uint64_t offset, uint64_t size,
                                   struct error *error);
MUST_USE enum status file_sync(const struct file *file, struct error *error);      /* fsync */
MUST_USE enum status file_sync_data(const struct file *file, struct error *error); /* fdatasync */

/* Makes names created, renamed or removed in `path` durable. */
MUST_USE enum status file_directory_sync(const char *path, struct error *error);
/* Mode 0700. STATUS_EXISTS. */
MUST_USE enum status file_directory_create(const char *path, struct error *error);
MUST_USE enum status file_rename(const char *from, const char *to, struct error *error);
MUST_USE enum status file_remove(const char *path, struct error *error);
bool file_exists(const char *path);
/* Free bytes for this process on the file system of `path`. */
MUST_USE enum status file_free_bytes(const char *path, uint64_t *ret_bytes, struct error *error);

/* Calls `visit` with each name in the directory (without . and ..), in no order; stops at the first failure. */
MUST_USE enum status file_directory_list(const char *path,
                                         enum status (*visit)(void *context, const char *name,
                                                              struct error *error),
                                         void *context, struct error *error);
/* Removes a directory and all in it; no failure when it is not there. */
MUST_USE enum status file_directory_remove(const char *path, struct error *error);

/* Appends the whole file; STATUS_TOO_LARGE over `bytes_max`. */
MUST_USE enum status file_read_whole(const char *path, size_t bytes_max, struct buffer *ret_content,
                                     struct error *error);
/* Replaces `path` so that after a crash either the old or the new content is there, whole: writes path.new, syncs it,
 * renames, syncs the directory. */
MUST_USE enum status file_replace(const char *directory, const char *name, struct bytes content,
                                  struct error *error);

/* directory + "/" + name. The caller frees with memory_destroy. */
char *file_path_join(const char *directory, const char *name);

#endif
