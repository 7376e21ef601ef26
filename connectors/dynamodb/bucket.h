/* Directories that stand for S3: a bucket is a sub-directory, a key the path below it. */
#ifndef DYNAMODB_BUCKET_H
#define DYNAMODB_BUCKET_H

#include "dynamodb_private.h"

/* Whether the names of a request may become paths: nothing in them leads elsewhere. */
enum status bucket_check(struct call *call, struct bytes bucket, struct bytes prefix);

/* Makes `path` below `directory`, with all that leads to it. */
MUST_USE enum status bucket_directory_create(const char *directory, const char *path, struct error *error);

/* A file under a prefix. */
struct bucket_file {
    const char *key;  /* path below the bucket */
    const char *path; /* for file_open */
};

struct bucket_files {
    struct bucket_file *at; /* in the order of their keys */
    size_t count;
};

/* All files whose key begins with `prefix`; links are not followed. In `arena`. STATUS_NOT_FOUND: there is no such bucket.
 * STATUS_TOO_LARGE: over DYNAMODB_IMPORT_FILES_MAX. */
MUST_USE enum status bucket_list(const char *directory, const char *bucket, struct bytes prefix,
                                 struct arena *arena, struct bucket_files *ret_files, struct error *error);

#endif
