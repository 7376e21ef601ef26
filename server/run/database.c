/* The data directory:
 *
 *   oxbow     identity: magic u32 "OXDB", version u32, database 16 bytes, group u32, timeline u32, CRC-32C u32.
 *             Written last when a database is made.
 *   doubt     there while the wall clock is doubted: nobody has vouched for it since a start at which it was far ahead
 *   making    there while a database is made: log and store beside it hold nothing of anybody's
 *   lock      locked by the running server
 *   log/      segments (stream/local)
 *   store/    LMDB and its checkpoints (store/environment)
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/random.h"
#include "environment/environment.h"
#include "local/local.h"
#include "run_private.h"

enum {
    IDENTITY_MAGIC = 0x4F584442,
    IDENTITY_VERSION =
        3, /* 2: keys of another order, schemas without type trees; 1: keys over 400 bytes without layers */
    IDENTITY_BYTES = 36,
};

static void identity_encode(const struct log_identity *identity, uint8_t ret_file[IDENTITY_BYTES])
{
    bytes_put_u32(ret_file, IDENTITY_MAGIC);
    bytes_put_u32(ret_file + 4, IDENTITY_VERSION);
    memcpy(ret_file + 8, identity->database, sizeof(identity->database));
    bytes_put_u32(ret_file + 24, identity->group);
    bytes_put_u32(ret_file + 28, identity->timeline);
    bytes_put_u32(ret_file + 32, crypto_crc32c(0, bytes_of(ret_file, 32)));
}

static enum status identity_read(struct database *database, struct error *error)
{
    char *path = file_path_join(database->directory, "oxbow");
    struct buffer file = {0};
    enum status status = file_read_whole(path, 4096, &file, error);
    if (status == STATUS_OK && (file.size < 8 || bytes_get_u32(file.data) != IDENTITY_MAGIC)) {
        status = error_set(error, STATUS_CORRUPT, "%s is not an Oxbow database", path);
    } else if (status == STATUS_OK && bytes_get_u32(file.data + 4) > IDENTITY_VERSION) {
        status = error_set(error, STATUS_NEWER,
                           "%s was written by a newer version of Oxbow (format %u); this one reads %d", path,
                           bytes_get_u32(file.data + 4), IDENTITY_VERSION);
    } else if (status == STATUS_OK && bytes_get_u32(file.data + 4) < IDENTITY_VERSION) {
        status = error_set(
            error, STATUS_UNSUPPORTED,
            "%s was written by an older version of Oxbow (format %u); this one reads only %d: export the "
            "tables with that version and import them with this one",
            path, bytes_get_u32(file.data + 4), IDENTITY_VERSION);
    } else if (status == STATUS_OK &&
               (file.size != IDENTITY_BYTES ||
                crypto_crc32c(0, bytes_of(file.data, 32)) != bytes_get_u32(file.data + 32))) {
        status = error_set(error, STATUS_CORRUPT, "%s is damaged", path);
    }
    if (status == STATUS_OK) {
        memcpy(database->identity.database, file.data + 8, sizeof(database->identity.database));
        database->identity.group = bytes_get_u32(file.data + 24);
        database->identity.timeline = bytes_get_u32(file.data + 28);
    }
    buffer_reset(&file);
    memory_destroy(path);
    return status;
}

static const char making[] = "making"; /* the file that marks a database as unfinished */
static const char doubt[] = "doubt";   /* … and its clock as doubted */

static bool database_has(const struct database *database, const char *name)
{
    char *path = file_path_join(database->directory, name);
    bool is_there = file_exists(path);
    memory_destroy(path);
    return is_there;
}

/* Only what an unfinished database leaves may lie in a directory that is to become one. */
static enum status database_check_name(void *context, const char *name, struct error *error)
{
    static const char *const known[] = {"lock",       "log",       "store", "store.new", "making",
                                        "making.new", "oxbow.new", "doubt", "doubt.new"};
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (strcmp(name, known[i]) == 0) {
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_EXISTS,
                     "%s holds %s and is no Oxbow database; choose an empty or new directory",
                     (const char *)context, name);
}

/* Of a directory that is somebody else's nothing is changed, nor of a database that lost a part. */
static enum status database_check_directory(struct database *database, struct error *error)
{
    bool has_data = file_exists(database->log_directory) || file_exists(database->store_directory);
    if (!file_exists(database->directory)) {
        return file_directory_create(database->directory, error);
    }
    if (database_has(database, "oxbow")) {
        return STATUS_OK;
    }
    if (has_data && !database_has(database, making)) {
        return error_set(error, STATUS_CORRUPT,
                         "%s has a log or a store but no file named oxbow, which says whose they are; put it "
                         "back from a copy of the directory. Nothing was changed",
                         database->directory);
    }
    return file_directory_list(database->directory, database_check_name, database->directory, error);
}

/* Removes the mark of a database that is finished. */
static enum status database_unmark(struct database *database, struct error *error)
{
    char *path = file_path_join(database->directory, making);
    enum status status = file_exists(path) ? file_remove(path, error) : STATUS_OK;
    memory_destroy(path);
    return status;
}

static enum status database_make(struct database *database, const struct configuration *configuration,
                                 struct error *error)
{
    uint8_t file[IDENTITY_BYTES];
    random_secret(database->identity.database, sizeof(database->identity.database));
    database->identity.group = 1;
    database->identity.timeline = 1;
    enum status status = file_replace(database->directory, making, bytes_of_text("\n"), error);
    if (status == STATUS_OK) {
        status = file_directory_remove(database->log_directory, error);
    }
    if (status == STATUS_OK) {
        status = file_directory_remove(database->store_directory, error);
    }
    if (status == STATUS_OK) {
        status = file_directory_create(database->log_directory, error);
    }
    if (status == STATUS_OK) {
        struct local_options options = {.directory = database->log_directory,
                                        .identity = database->identity,
                                        .segment_bytes = (uint32_t)configuration->segment_bytes,
                                        .clock = clock_system()};
        status = local_create(&options, error);
    }
    if (status == STATUS_OK) {
        status = environment_create(database->store_directory, database->identity.database, error);
    }
    if (status == STATUS_OK) {
        status = file_directory_sync(database->directory, error);
    }
    if (status == STATUS_OK) {
        identity_encode(&database->identity, file);
        status = file_replace(database->directory, "oxbow", bytes_of(file, sizeof(file)), error);
    }
    return status;
}

static enum status database_lock(struct database *database, struct error *error)
{
    char *path = file_path_join(database->directory, "lock");
    enum status status = file_open(path, O_RDWR | O_CREAT, &database->lock, error);
    if (status == STATUS_OK && flock(database->lock.descriptor, LOCK_EX | LOCK_NB) != 0) {
        status = error_set(error, STATUS_BUSY, "%s is in use by another server", database->directory);
    }
    memory_destroy(path);
    return status;
}

enum status database_open(const struct configuration *configuration, struct database *ret_database,
                          struct error *error)
{
    struct database database = {.lock = FILE_CLOSED};
    database.directory = memory_copy_text(configuration->data);
    database.log_directory = file_path_join(configuration->data, "log");
    database.store_directory = file_path_join(configuration->data, "store");
    enum status status = database_check_directory(&database, error);
    if (status == STATUS_OK) {
        status = database_lock(&database, error);
    }
    if (status == STATUS_OK) {
        status = database_has(&database, "oxbow") ? identity_read(&database, error)
                                                  : database_make(&database, configuration, error);
    }
    if (status == STATUS_OK) {
        status = database_unmark(&database, error);
    }
    database.doubts_clock = database_has(&database, doubt);
    if (status == STATUS_OK) {
        *ret_database = database;
    } else {
        database_close(&database);
    }
    return status;
}

enum status database_note_clock(struct database *database, bool doubts, struct error *error)
{
    if (doubts == database->doubts_clock) {
        return STATUS_OK;
    }
    char *path = file_path_join(database->directory, doubt);
    enum status status = doubts ? file_replace(database->directory, doubt, bytes_of_text("\n"), error)
                                : file_remove(path, error);
    if (status == STATUS_OK) {
        database->doubts_clock = doubts;
    }
    memory_destroy(path);
    return status;
}

void database_close(struct database *database)
{
    file_close(&database->lock);
    memory_destroy(database->directory);
    memory_destroy(database->log_directory);
    memory_destroy(database->store_directory);
    *database = (struct database){.lock = FILE_CLOSED};
}
