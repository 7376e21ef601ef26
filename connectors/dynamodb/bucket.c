#include "bucket.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"

/* --- names ------------------------------------------------------------------------------------------------------ */

/* A path below a bucket: no step is empty (but for one '/' at the end), ".", "..", or has control characters. */
static bool prefix_is_sound(struct bytes prefix)
{
    size_t start = 0;
    for (size_t i = 0; i <= prefix.size; i++) {
        if (i < prefix.size && prefix.data[i] != '/') {
            if (prefix.data[i] < ' ' || prefix.data[i] == 0x7F) {
                return false;
            }
            continue;
        }
        struct bytes step = bytes_part(prefix, start, i - start);
        bool is_last = i == prefix.size;
        if ((step.size == 0 && !is_last) || text_is(step, ".") || text_is(step, "..")) {
            return false;
        }
        start = i + 1;
    }
    return true;
}

static bool bucket_is_sound(struct bytes bucket)
{
    for (size_t i = 0; i < bucket.size; i++) {
        uint8_t letter = bucket.data[i];
        bool is_dot = letter == '.';
        bool is_plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                        (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '_';
        if ((!is_dot && !is_plain) || (is_dot && (i == 0 || bucket.data[i - 1] == '.'))) {
            return false;
        }
    }
    return bucket.size > 0;
}

enum status bucket_check(struct call *call, struct bytes bucket, struct bytes prefix)
{
    if (!bucket_is_sound(bucket)) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "The S3Bucket is not the name of a bucket: %.*s",
                         (int)bucket.size, (const char *)bucket.data);
    }
    return prefix_is_sound(prefix)
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "The prefix must be a path below the bucket, without empty steps, \".\" or "
                           "\"..\": %.*s",
                           (int)prefix.size, (const char *)prefix.data);
}

enum status bucket_directory_create(const char *directory, const char *path, struct error *error)
{
    char *whole = file_path_join(directory, path);
    enum status status = STATUS_OK;
    for (char *at = whole + strlen(directory) + 1; status == STATUS_OK && at != NULL;) {
        at = strchr(at, '/');
        if (at != NULL) {
            *at = '\0';
        }
        status = file_directory_create(whole, error);
        status = status == STATUS_EXISTS ? STATUS_OK : status;
        if (at != NULL) {
            *at++ = '/';
        }
    }
    memory_destroy(whole);
    return status;
}

/* --- listing ---------------------------------------------------------------------------------------------------- */

/* Directories that are still to be looked into stand in the same list as what was found. */
struct bucket_walk {
    struct arena *arena;
    struct bytes prefix;
    struct bucket_file *files;
    size_t files_count;
    size_t files_room;
    struct bucket_file *folders;
    size_t folders_count;
    size_t folders_room;
    const struct bucket_file *folder; /* being looked into */
};

static void walk_add(struct arena *arena, struct bucket_file **list, size_t *count, size_t *room,
                     struct bucket_file file)
{
    if (*count == *room) {
        struct bucket_file *grown = arena_create_array(arena, 2 * *room + 16, sizeof(*grown));
        if (*count > 0) {
            memcpy(grown, *list, *count * sizeof(*grown));
        }
        *list = grown;
        *room = 2 * *room + 16;
    }
    (*list)[(*count)++] = file;
}

static enum status walk_visit(void *context, const char *name, struct error *error)
{
    struct bucket_walk *walk = context;
    struct stat facts;
    const char *parent = walk->folder->key;
    struct bucket_file file = {.path = arena_format(walk->arena, "%s/%s", walk->folder->path, name),
                               .key = arena_format(walk->arena, "%s%s%s", parent, *parent == '\0' ? "" : "/",
                                                   name)};
    if (lstat(file.path, &facts) != 0) {
        return STATUS_OK; /* gone meanwhile */
    }
    if (S_ISREG(facts.st_mode) && bytes_start_with(bytes_of_text(file.key), walk->prefix)) {
        walk_add(walk->arena, &walk->files, &walk->files_count, &walk->files_room, file);
    }
    struct bytes below = bytes_of_text(arena_format(walk->arena, "%s/", file.key));
    if (S_ISDIR(facts.st_mode) &&
        (bytes_start_with(below, walk->prefix) || bytes_start_with(walk->prefix, below))) {
        walk_add(walk->arena, &walk->folders, &walk->folders_count, &walk->folders_room, file);
    }
    return walk->files_count <= DYNAMODB_IMPORT_FILES_MAX && walk->folders_count <= DYNAMODB_IMPORT_FILES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE, "The prefix has more than %d files; name a longer one",
                           DYNAMODB_IMPORT_FILES_MAX);
}

static int files_compare(const void *a, const void *b)
{
    return strcmp(((const struct bucket_file *)a)->key, ((const struct bucket_file *)b)->key);
}

enum status bucket_list(const char *directory, const char *bucket, struct bytes prefix, struct arena *arena,
                        struct bucket_files *ret_files, struct error *error)
{
    struct bucket_walk walk = {.arena = arena, .prefix = prefix};
    struct bucket_file root = {.key = "", .path = arena_format(arena, "%s/%s", directory, bucket)};
    enum status status = STATUS_OK;
    if (!file_exists(root.path)) {
        return error_set(error, STATUS_NOT_FOUND,
                         "The specified bucket does not exist: make the directory %s", root.path);
    }
    walk_add(arena, &walk.folders, &walk.folders_count, &walk.folders_room, root);
    for (size_t i = 0; i < walk.folders_count && status == STATUS_OK; i++) {
        struct bucket_file folder = walk.folders[i]; /* the list may move */
        walk.folder = &folder;
        status = file_directory_list(folder.path, walk_visit, &walk, error);
    }
    if (status == STATUS_OK) {
        if (walk.files_count > 0) {
            qsort(walk.files, walk.files_count, sizeof(*walk.files), files_compare);
        }
        *ret_files = (struct bucket_files){.at = walk.files, .count = walk.files_count};
    }
    return status;
}
