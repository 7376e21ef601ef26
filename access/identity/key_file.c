/* The file with the key that seals: 32 random bytes and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "identity_private.h"

/* The directory of a path; the caller frees it. *ret_name is the part of `path` that follows. */
static char *key_directory(const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    char *directory = memory_copy_text(slash == NULL ? "." : path);
    if (slash != NULL) {
        directory[slash == path ? 1 : slash - path] = '\0';
    }
    *ret_name = slash == NULL ? path : slash + 1;
    return directory;
}

/* Where a path leads once links are followed; of a file that is not there, its directory. NULL with errno. */
static char *key_path_resolve(const char *path)
{
    char *found = realpath(path, NULL);
    if (found == NULL && errno == ENOENT) {
        const char *name = NULL;
        char *directory = key_directory(path, &name);
        found = realpath(directory, NULL);
        memory_destroy(directory);
    }
    return found;
}

/* A backup of the data directory must not hold the key to the secrets in it. */
static enum status key_check_place(const char *path, const char *data_directory, struct error *error)
{
    enum status status = STATUS_OK;
    char *place = key_path_resolve(path);
    if (place == NULL) {
        return error_set_errno(error, errno, "cannot find the directory of --key-file %s", path);
    }
    char *data = realpath(data_directory, NULL);
    if (data == NULL) {
        free(place);
        return error_set_errno(error, errno, "cannot find %s", data_directory);
    }
    size_t size = strlen(data);
    if (strncmp(place, data, size) == 0 && (place[size] == '/' || place[size] == '\0')) {
        status = error_set(error, STATUS_INVALID,
                           "--key-file %s lies in the data directory; keep the key apart from what it seals",
                           path);
    }
    free(place);
    free(data);
    return status;
}

static enum status key_load(const char *path, uint8_t ret_key[SEAL_KEY_BYTES], struct error *error)
{
    struct file file = FILE_CLOSED;
    struct stat facts;
    enum status status = file_open(path, O_RDONLY, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (fstat(file.descriptor, &facts) != 0) {
        status = error_set_errno(error, errno, "cannot look at %s", path);
    } else if (!S_ISREG(facts.st_mode) || facts.st_size != SEAL_KEY_BYTES) {
        status =
            error_set(error, STATUS_INVALID,
                      "--key-file %s must be a file of %d random bytes; name one that is not there and it "
                      "is made",
                      path, SEAL_KEY_BYTES);
    } else if ((facts.st_mode & 0177) != 0) {
        status = error_set(error, STATUS_INVALID,
                           "--key-file %s must be readable by its owner only: chmod 600 %s", path, path);
    } else {
        status = file_read_at(&file, ret_key, SEAL_KEY_BYTES, 0, error);
    }
    file_close(&file);
    return status;
}

static enum status key_make(const char *path, uint8_t ret_key[SEAL_KEY_BYTES], struct error *error)
{
    const char *name = NULL;
    char *directory = key_directory(path, &name);
    random_secret(ret_key, SEAL_KEY_BYTES);
    enum status status = file_replace(directory, name, bytes_of(ret_key, SEAL_KEY_BYTES), error);
    memory_destroy(directory);
    return status;
}

enum status identity__key_read(const char *path, const char *data_directory, bool may_create,
                               uint8_t ret_key[SEAL_KEY_BYTES], bool *ret_is_made, struct error *error)
{
    bool is_there = file_exists(path);
    enum status status = key_check_place(path, data_directory, error);
    if (status == STATUS_OK && !is_there && !may_create) {
        status = error_set(error, STATUS_NOT_FOUND, "there is no key file %s", path);
    }
    if (status == STATUS_OK) {
        status = is_there ? key_load(path, ret_key, error) : key_make(path, ret_key, error);
    }
    *ret_is_made = status == STATUS_OK && !is_there;
    return status;
}
