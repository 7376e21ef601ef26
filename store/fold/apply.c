/* Folding: a record's images become rows. The same code serves the writer and replay (DESIGN §1). */
#include "codec/pack.h"
#include "fold_private.h"
#include "row/key.h"
#include "row/stored.h"

enum status fold_record_storage_key(struct catalog *catalog, const struct record *record, uint32_t *ret_space,
                                    struct buffer *ret_key, struct error *error)
{
    const struct schema *schema = catalog_find_version(catalog, record->table, record->schema_version);
    if (schema == NULL) {
        return error_set(error, STATUS_CORRUPT, "a record of table %u, schema version %u, which is not known",
                         record->table, record->schema_version);
    }
    *ret_space = schema->space;
    return key_storage(schema, record->key, ret_key, error);
}

static bool record_is_row(const struct record *record)
{
    return record->operation == OPERATION_INSERT || record->operation == OPERATION_MODIFY ||
           record->operation == OPERATION_REMOVE;
}

enum status fold__apply(struct fold *fold, struct environment_write *write, const struct record *record,
                        struct error *error)
{
    if (!record_is_row(record)) {
        return STATUS_OK; /* the rows of a dropped table are purged later, unlogged */
    }
    uint32_t space = 0;
    buffer_clear(&fold->storage_key);
    enum status status =
        fold_record_storage_key(fold->options.catalog, record, &space, &fold->storage_key, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes key = buffer_bytes(&fold->storage_key);
    if (record->operation == OPERATION_REMOVE) {
        return environment_write_erase(write, TREE_ROWS, key, NULL, error);
    }
    buffer_clear(&fold->stored);
    stored_row_encode(record->key, record->new_image, &fold->stored);
    return environment_write_put(write, TREE_ROWS, key, buffer_bytes(&fold->stored), error);
}

/* One LMDB transaction of replay: whole log transactions, within the bounds. */
struct replay_step {
    struct environment_write *write;
    uint64_t records;
    uint64_t bytes;
    struct environment_point point;
};

static enum status replay_part(struct fold *fold, struct replay_step *step, const struct log_part *part,
                               struct error *error)
{
    struct reader reader = reader_of(part->records);
    struct record record;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < part->count && status == STATUS_OK; i++) {
        status = record_decode(&reader, &record, error);
        if (status == STATUS_OK) {
            status = fold__apply(fold, step->write, &record, error);
        }
        if (status == STATUS_OK && record.table == CATALOG_TABLES && (record.flags & RECORD_HAS_NEW) != 0) {
            status = catalog_apply(fold->options.catalog, record.new_image, error);
        }
        if (status != STATUS_OK) {
            error_prefix(error, "replay of LSN %llu", (unsigned long long)(part->first_lsn + i));
        }
    }
    step->records += part->count;
    step->bytes += part->records.size;
    step->point = (struct environment_point){.lsn = part->first_lsn + part->count - 1,
                                             .term = part->term,
                                             .commit_time_us = part->commit_time_us};
    return status == STATUS_END ? error_set(error, STATUS_CORRUPT, "a frame has fewer records than it says")
                                : status;
}

/* Folds parts until a transaction ends beyond the bounds, or the log ends (*ret_ended). */
static enum status replay_step_run(struct fold *fold, struct log_reader *reader, bool *ret_ended,
                                   struct error *error)
{
    struct replay_step step = {0};
    bool is_full = false;
    enum status status = environment_write_begin(fold->options.environment, &step.write, error);
    while (status == STATUS_OK && !is_full) {
        struct log_part part;
        status = log_reader_next(reader, UINT64_MAX - 1, &part, error);
        if (status == STATUS_OK) {
            status = replay_part(fold, &step, &part, error);
            is_full = part.is_complete &&
                      (step.records >= FOLD_REPLAY_RECORDS_MAX || step.bytes >= FOLD_REPLAY_BYTES_MAX);
        }
    }
    *ret_ended = status == STATUS_END;
    if (status == STATUS_END) {
        status = STATUS_OK;
    }
    if (status == STATUS_OK && step.records > 0) {
        status = environment_write_commit(&step.write, &step.point, error);
        fold->options.point = step.point;
    }
    environment_write_abort(&step.write);
    return status;
}

enum status fold__replay(struct fold *fold, struct error *error)
{
    struct log_reader *reader = NULL;
    uint64_t from = fold->options.point.lsn + 1;
    enum status status = log_reader_create(fold->options.log, from, (struct log_filter){0}, &reader, error);
    if (status == STATUS_TRIMMED) {
        status =
            error_set(error, STATUS_CORRUPT,
                      "the store contains LSN %llu, and what follows is not in the log; restore a backup",
                      (unsigned long long)fold->options.point.lsn);
    }
    bool has_ended = false;
    while (status == STATUS_OK && !has_ended) {
        status = replay_step_run(fold, reader, &has_ended, error);
    }
    log_reader_destroy(&reader);
    return status;
}

enum status fold__load_catalog(struct fold *fold, struct error *error)
{
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    uint8_t space[4];
    bytes_put_u32(space, CATALOG_TABLES);
    enum status status = environment_read_open(fold->options.environment, &read, error);
    if (status == STATUS_OK) {
        status = environment_read_cursor_open(read, TREE_ROWS, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = environment_cursor_seek_at_or_after(cursor, bytes_of(space, sizeof(space)), error);
    }
    while (status == STATUS_OK &&
           bytes_start_with(environment_cursor_key(cursor), bytes_of(space, sizeof(space)))) {
        struct bytes stored = {0};
        struct bytes key = {0};
        struct bytes image = {0};
        status = environment_cursor_value(cursor, &stored, error);
        if (status == STATUS_OK) {
            status = stored_row_decode(stored, &key, &image, error);
        }
        if (status == STATUS_OK) {
            status = catalog_apply(fold->options.catalog, image, error);
        }
        if (status == STATUS_OK) {
            status = environment_cursor_next(cursor, error);
        }
    }
    environment_cursor_close(&cursor);
    environment_read_close(&read);
    return status == STATUS_END ? STATUS_OK : status;
}
