#include "transfer_record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "codec/json.h"
#include "dynamodb/bounds.h"
#include "dynamodb_private.h"
#include "value/decimal.h"

enum {
    RECORD_ID_BYTES = 23, /* 14 digits, "-", 8 hexadecimal digits */
    RECORD_ID_DIGITS = 14,
};

static const char record_ending[] = ".json";

struct value record_time(int64_t time_us, struct arena *arena)
{
    struct value time = {.kind = VALUE_DECIMAL, .decimal = decimal_of_integer(time_us / 1000, arena)};
    time.decimal.scale = 3;
    return time;
}

const char *record_id(struct arena *arena)
{
    uint32_t salt = 0;
    random_secret(&salt, sizeof(salt));
    return arena_format(arena, "%014lld-%08x", (long long)(clock_wall_us(clock_system()) / 1000), salt);
}

const char *record_status_name(enum transfer_kind kind)
{
    return kind == TRANSFER_EXPORT ? "ExportStatus" : "ImportStatus";
}

const char *record_folder(enum transfer_kind kind)
{
    return kind == TRANSFER_EXPORT ? ".exports" : ".imports";
}

/* Ids come from requests and become names of files. */
static bool record_id_is_sound(struct bytes id)
{
    for (size_t i = 0; i < id.size; i++) {
        bool is_digit = id.data[i] >= '0' && id.data[i] <= '9';
        bool is_letter = i > RECORD_ID_DIGITS && id.data[i] >= 'a' && id.data[i] <= 'f';
        if (i == RECORD_ID_DIGITS ? id.data[i] != '-' : !is_digit && !is_letter) {
            return false;
        }
    }
    return id.size == RECORD_ID_BYTES;
}

static void record_name(struct bytes id, char ret_name[RECORD_ID_BYTES + sizeof(record_ending)])
{
    memcpy(ret_name, id.data, RECORD_ID_BYTES);
    memcpy(ret_name + RECORD_ID_BYTES, record_ending, sizeof(record_ending));
}

/* --- one record ------------------------------------------------------------------------------------------------- */

enum status record_write(const char *directory, enum transfer_kind kind, struct bytes id,
                         const struct value *facts, struct error *error)
{
    char name[RECORD_ID_BYTES + sizeof(record_ending)];
    struct buffer text = {0};
    char *folder = file_path_join(directory, record_folder(kind));
    CHECK(record_id_is_sound(id));
    record_name(id, name);
    codec_json_encode(&text, facts);
    buffer_put_u8(&text, '\n');
    enum status status = file_replace(folder, name, buffer_bytes(&text), error);
    buffer_reset(&text);
    memory_destroy(folder);
    return status;
}

enum status record_read(const char *directory, enum transfer_kind kind, struct bytes id, struct arena *arena,
                        struct value *ret_facts, struct error *error)
{
    char name[RECORD_ID_BYTES + sizeof(record_ending)];
    struct buffer text = {0};
    if (!record_id_is_sound(id)) {
        return error_set(error, STATUS_NOT_FOUND, "there is no such export or import");
    }
    record_name(id, name);
    char *folder = file_path_join(directory, record_folder(kind));
    char *path = file_path_join(folder, name);
    enum status status = file_read_whole(path, DYNAMODB_TRANSFER_RECORD_BYTES_MAX, &text, error);
    if (status == STATUS_OK) {
        status = codec_json_decode_plain(arena_copy(arena, buffer_bytes(&text)), arena, ret_facts, error);
    }
    if (status == STATUS_OK && ret_facts->kind != VALUE_MAP) {
        status = error_set(error, STATUS_CORRUPT, "%s is no description of an export or import", path);
    }
    buffer_reset(&text);
    memory_destroy(path);
    memory_destroy(folder);
    return status;
}

void record_forget(const char *directory, enum transfer_kind kind, struct bytes id)
{
    char name[RECORD_ID_BYTES + sizeof(record_ending)];
    CHECK(record_id_is_sound(id));
    record_name(id, name);
    char *folder = file_path_join(directory, record_folder(kind));
    char *path = file_path_join(folder, name);
    (void)!file_remove(path, NULL); /* then it stays listed; nothing hangs on it */
    memory_destroy(path);
    path = memory_create(strlen(folder) + RECORD_ID_BYTES + sizeof("/.errors"));
    (void)sprintf(path, "%s/%.*s.errors", folder, RECORD_ID_BYTES, (const char *)id.data);
    (void)!file_remove(path, NULL); /* most have none */
    memory_destroy(path);
    memory_destroy(folder);
}

/* --- all records ------------------------------------------------------------------------------------------------ */

static enum status records_visit(void *context, const char *name, struct error *error)
{
    struct record_ids *ids = context;
    struct bytes text = bytes_of_text(name);
    (void)error;
    if (text.size != RECORD_ID_BYTES + sizeof(record_ending) - 1 ||
        !record_id_is_sound(bytes_part(text, 0, RECORD_ID_BYTES)) ||
        !text_is(bytes_from(text, RECORD_ID_BYTES), record_ending)) {
        return STATUS_OK; /* a list of errors, or somebody else's */
    }
    if (ids->count == ids->room) {
        struct bytes *grown = arena_create_array(ids->arena, 2 * ids->room + 16, sizeof(*grown));
        memcpy(grown, ids->at, ids->count * sizeof(*grown));
        ids->at = grown;
        ids->room = 2 * ids->room + 16;
    }
    ids->at[ids->count++] = arena_copy(ids->arena, bytes_part(text, 0, RECORD_ID_BYTES));
    return STATUS_OK;
}

static int records_compare(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)b, *(const struct bytes *)a);
}

enum status records_list(const char *directory, enum transfer_kind kind, struct arena *arena,
                         struct record_ids *ret_ids, struct error *error)
{
    char *folder = file_path_join(directory, record_folder(kind));
    *ret_ids =
        (struct record_ids){.arena = arena, .at = arena_create(arena, sizeof(*ret_ids->at)), .room = 1};
    enum status status = file_directory_list(folder, records_visit, ret_ids, error);
    if (status == STATUS_OK) {
        qsort(ret_ids->at, ret_ids->count, sizeof(*ret_ids->at), records_compare);
    }
    memory_destroy(folder);
    return status;
}

enum status records_limit(const char *directory, enum transfer_kind kind, struct error *error)
{
    struct arena arena = {0};
    struct record_ids ids;
    enum status status = records_list(directory, kind, &arena, &ids, error);
    for (size_t i = ids.count; status == STATUS_OK && i >= DYNAMODB_TRANSFERS_KEPT_MAX; i--) {
        struct value facts;
        if (record_read(directory, kind, ids.at[i - 1], &arena, &facts, NULL) != STATUS_OK ||
            !text_is(text_of(&facts, record_status_name(kind)), "IN_PROGRESS")) {
            record_forget(directory, kind, ids.at[i - 1]);
        }
    }
    arena_reset(&arena);
    return status;
}

/* --- after a start ---------------------------------------------------------------------------------------------- */

static enum status record_interrupted(const char *directory, enum transfer_kind kind, struct bytes id,
                                      struct arena *arena, struct error *error)
{
    struct value facts;
    enum status status = record_read(directory, kind, id, arena, &facts, error);
    if (status != STATUS_OK) {
        return status == STATUS_IO ? status : STATUS_OK; /* damaged: nobody sees it, as nobody can read it */
    }
    if (!text_is(text_of(&facts, record_status_name(kind)), "IN_PROGRESS")) {
        return STATUS_OK;
    }
    struct value failed = value_of_word("FAILED");
    struct value code = value_of_word("Interrupted");
    struct value message = value_of_word("The server ended while it was running; start it again");
    struct value ended = record_time(clock_wall_us(clock_system()), arena);
    map_set_member(&facts, record_status_name(kind), &failed, arena);
    map_set_member(&facts, "FailureCode", &code, arena);
    map_set_member(&facts, "FailureMessage", &message, arena);
    map_set_member(&facts, "EndTime", &ended, arena);
    return record_write(directory, kind, id, &facts, error);
}

static enum status records_open_kind(const char *directory, enum transfer_kind kind, struct error *error)
{
    struct arena arena = {0};
    struct record_ids ids;
    char *folder = file_path_join(directory, record_folder(kind));
    enum status status = file_directory_create(folder, error);
    status = status == STATUS_EXISTS ? STATUS_OK : status;
    if (status == STATUS_OK) {
        status = records_list(directory, kind, &arena, &ids, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < ids.count; i++) {
        status = record_interrupted(directory, kind, ids.at[i], &arena, error);
    }
    arena_reset(&arena);
    memory_destroy(folder);
    return status;
}

enum status records_open(const char *directory, struct error *error)
{
    enum status status = file_directory_create(directory, error);
    status = status == STATUS_EXISTS ? STATUS_OK : status;
    if (status == STATUS_OK) {
        status = records_open_kind(directory, TRANSFER_EXPORT, error);
    }
    return status == STATUS_OK ? records_open_kind(directory, TRANSFER_IMPORT, error) : status;
}
