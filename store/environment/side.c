/* Side files: two alternating copies of a checkpoint's meta pages, so that opening goes back to a state whose pages
 * are durable. checkpoint.0 and checkpoint.1:
 *
 *   magic u32 "OXCP" | version u32 | database 16 bytes | sequence u64 | LMDB transaction u64 | LSN u64 | term u64 |
 *   commit time u64 | page bytes u32 | both meta pages | CRC-32C of all before u32
 */
#include <fcntl.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "environment_private.h"

enum {
    SIDE_MAGIC = 0x4F584350,
    SIDE_VERSION = 1,
    SIDE_BYTES_MAX = 1024 * 1024,
    META_PAGE_BYTES_MIN = 256, /* LMDB's own least page; what is read of a meta page lies within */
    META_PAGE_BYTES_MAX = 64 * 1024,
    /* LMDB 0.9's meta page: a page header of 16 bytes, then MDB_meta. */
    META_PAGE_BYTES_OFFSET = 40,
    META_LAST_PAGE_OFFSET = 136,
    META_TRANSACTION_OFFSET = 144,
};

static const char *const side_names[ENVIRONMENT_SIDES] = {"checkpoint.0", "checkpoint.1"};

uint32_t environment__metas_page_bytes(const uint8_t *first_meta)
{
    uint32_t page_bytes = 0;
    memcpy(&page_bytes, first_meta + META_PAGE_BYTES_OFFSET, sizeof(page_bytes));
    return page_bytes;
}

uint64_t environment__metas_last_page(const struct buffer *metas, uint32_t page_bytes)
{
    uint64_t last_page = 0;
    uint64_t newest = 0;
    for (size_t i = 0; i < ENVIRONMENT_META_PAGES; i++) {
        const uint8_t *meta = metas->data + i * page_bytes;
        uint64_t transaction = 0;
        memcpy(&transaction, meta + META_TRANSACTION_OFFSET, sizeof(transaction));
        if (transaction >= newest) {
            newest = transaction;
            memcpy(&last_page, meta + META_LAST_PAGE_OFFSET, sizeof(last_page));
        }
    }
    return last_page;
}

enum status environment__metas_read(const struct file *data, uint32_t page_bytes, struct buffer *ret_metas,
                                    struct error *error)
{
    buffer_clear(ret_metas);
    uint8_t *at = buffer_extend(ret_metas, (size_t)page_bytes * ENVIRONMENT_META_PAGES);
    return file_read_at(data, at, (size_t)page_bytes * ENVIRONMENT_META_PAGES, 0, error);
}

enum status environment__side_write(const char *directory, const struct side *side, const uint8_t *database,
                                    struct error *error)
{
    struct buffer file = {0};
    buffer_put_u32(&file, SIDE_MAGIC);
    buffer_put_u32(&file, SIDE_VERSION);
    buffer_put(&file, bytes_of(database, ENVIRONMENT_DATABASE_BYTES));
    buffer_put_u64(&file, side->sequence);
    buffer_put_u64(&file, side->transaction);
    buffer_put_u64(&file, side->point.lsn);
    buffer_put_u64(&file, side->point.term);
    buffer_put_u64(&file, (uint64_t)side->point.commit_time_us);
    buffer_put_u32(&file, side->page_bytes);
    buffer_put(&file, buffer_bytes(&side->metas));
    buffer_put_u32(&file, crypto_crc32c(0, buffer_bytes(&file)));
    enum status status =
        file_replace(directory, side_names[side->sequence % ENVIRONMENT_SIDES], buffer_bytes(&file), error);
    buffer_reset(&file);
    return status;
}

enum status environment__side_remove(const char *directory, uint64_t sequence, struct error *error)
{
    char *path = file_path_join(directory, side_names[sequence % ENVIRONMENT_SIDES]);
    enum status status = file_exists(path) ? file_remove(path, error) : STATUS_OK;
    memory_destroy(path);
    return status;
}

static enum status side_decode(struct bytes bytes, const char *path, const uint8_t *database,
                               struct side *ret_side, struct error *error)
{
    struct reader reader = reader_of(bytes);
    if (reader_u32(&reader) != SIDE_MAGIC || bytes.size < 64 ||
        crypto_crc32c(0, bytes_part(bytes, 0, bytes.size - 4)) !=
            bytes_get_u32(bytes.data + bytes.size - 4)) {
        return error_set(error, STATUS_CORRUPT, "%s is damaged", path);
    }
    if (reader_u32(&reader) > SIDE_VERSION) {
        return error_set(error, STATUS_NEWER, "%s was written by a newer version", path);
    }
    struct bytes owner = reader_bytes(&reader, ENVIRONMENT_DATABASE_BYTES);
    if (!bytes_equal(owner, bytes_of(database, ENVIRONMENT_DATABASE_BYTES))) {
        return error_set(error, STATUS_CORRUPT, "%s belongs to another database", path);
    }
    ret_side->sequence = reader_u64(&reader);
    ret_side->transaction = reader_u64(&reader);
    ret_side->point.lsn = reader_u64(&reader);
    ret_side->point.term = reader_u64(&reader);
    ret_side->point.commit_time_us = (int64_t)reader_u64(&reader);
    ret_side->page_bytes = reader_u32(&reader);
    if (ret_side->page_bytes < META_PAGE_BYTES_MIN || ret_side->page_bytes > META_PAGE_BYTES_MAX) {
        return error_set(error, STATUS_CORRUPT, "%s has impossible numbers", path);
    }
    struct bytes metas = reader_bytes(&reader, (size_t)ret_side->page_bytes * ENVIRONMENT_META_PAGES);
    (void)reader_u32(&reader);
    if (!reader_ended(&reader)) {
        return error_set(error, STATUS_CORRUPT, "%s has a wrong length", path);
    }
    buffer_clear(&ret_side->metas);
    buffer_put(&ret_side->metas, metas);
    return STATUS_OK;
}

/* The chosen file may only be in the page cache. */
static enum status side_sync(const char *directory, const char *path, struct error *error)
{
    struct file file = FILE_CLOSED;
    enum status status = file_open(path, O_RDONLY, &file, error);
    if (status == STATUS_OK) {
        status = file_sync(&file, error);
    }
    file_close(&file);
    return status == STATUS_OK ? file_directory_sync(directory, error) : status;
}

static enum status side_read(const char *path, const uint8_t *database, struct side *ret_side,
                             struct error *error)
{
    struct buffer content = {0};
    enum status status = file_read_whole(path, SIDE_BYTES_MAX, &content, error);
    if (status == STATUS_OK) {
        status = side_decode(buffer_bytes(&content), path, database, ret_side, error);
    }
    buffer_reset(&content);
    return status;
}

enum status environment_sides_check(struct environment *environment, struct error *error)
{
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&environment->checkpointing); /* both are there, and neither is being replaced */
    for (size_t i = 0; i < ENVIRONMENT_SIDES && status == STATUS_OK; i++) {
        struct side side = {0};
        char *path = file_path_join(environment->directory, side_names[i]);
        status = side_read(path, environment->options.database, &side, error);
        buffer_reset(&side.metas);
        memory_destroy(path);
    }
    (void)pthread_mutex_unlock(&environment->checkpointing);
    return status == STATUS_NOT_FOUND ? error_set(error, STATUS_CORRUPT, "%s: a checkpoint's file is missing",
                                                  environment->directory)
                                      : status;
}

enum status environment__side_choose(const char *directory, const uint8_t *database, struct side *ret_side,
                                     struct error *error)
{
    enum status status = STATUS_CORRUPT;
    const char *chosen = NULL;
    struct error reason = {.text = "there is none"};
    for (size_t i = 0; i < ENVIRONMENT_SIDES && status != STATUS_NEWER; i++) {
        struct side side = {0};
        char *path = file_path_join(directory, side_names[i]);
        enum status found = side_read(path, database, &side, &reason);
        if (found == STATUS_NEWER) {
            status = error_set(error, found, "%s", reason.text);
        } else if (found == STATUS_OK && (chosen == NULL || side.sequence > ret_side->sequence)) {
            buffer_reset(&ret_side->metas);
            *ret_side = side; /* takes the pages */
            side.metas = (struct buffer){0};
            chosen = side_names[i];
        }
        buffer_reset(&side.metas);
        memory_destroy(path);
    }
    if (status == STATUS_NEWER) {
        return status;
    }
    if (chosen == NULL) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: no valid checkpoint (%.200s); the store must be built anew with `restore`",
                         directory, reason.text);
    }
    char *path = file_path_join(directory, chosen);
    status = side_sync(directory, path, error);
    memory_destroy(path);
    return status;
}
