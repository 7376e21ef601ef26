#include "log/log.h"

#include "base/damage.h"

void log_close(struct log **log)
{
    struct log *gone = *log;
    *log = NULL;
    if (gone != NULL) {
        gone->operations->close(gone);
    }
}

struct log_tip log_tip(struct log *log)
{
    return log->operations->tip(log);
}

enum status log_append(struct log *log, struct bytes frames, const struct frame_header *headers, size_t count,
                       bool is_synced, bool may_use_reserve, struct error *error)
{
    return log->operations->append(log, frames, headers, count, is_synced, may_use_reserve, error);
}

enum status log_sync(struct log *log, uint64_t lsn, struct error *error)
{
    return log->operations->sync(log, lsn, error);
}

void log_trim_allow(struct log *log, uint64_t lsn)
{
    log->operations->trim_allow(log, lsn);
}

enum status log_lsn_at(struct log *log, int64_t time_us, uint64_t *ret_lsn, struct error *error)
{
    return damage_note(log->operations->lsn_at(log, time_us, ret_lsn, error), error);
}

/* A reader begins with its log's operations, so that it can be used without naming the log again. */
struct log_handle {
    const struct log_operations *operations;
};

enum status log_reader_create(struct log *log, uint64_t lsn, struct log_filter filter,
                              struct log_reader **ret_reader, struct error *error)
{
    return damage_note(log->operations->reader_create(log, lsn, filter, ret_reader, error), error);
}

enum status log_reader_next(struct log_reader *reader, uint64_t until_lsn, struct log_part *ret_part,
                            struct error *error)
{
    return damage_note(
        ((const struct log_handle *)reader)->operations->reader_next(reader, until_lsn, ret_part, error),
        error);
}

uint64_t log_reader_lsn(const struct log_reader *reader)
{
    return ((const struct log_handle *)reader)->operations->reader_lsn(reader);
}

void log_reader_destroy(struct log_reader **reader)
{
    struct log_reader *gone = *reader;
    *reader = NULL;
    if (gone != NULL) {
        ((const struct log_handle *)gone)->operations->reader_destroy(gone);
    }
}

struct log_keys *log_keys_create(struct log *log, const struct log_keys_range *range)
{
    return log->operations->keys_create(log, range);
}

enum status log_keys_next(struct log_keys *keys, struct bytes *ret_key, uint64_t *ret_lsn,
                          struct error *error)
{
    return damage_note(
        ((const struct log_handle *)keys)->operations->keys_next(keys, ret_key, ret_lsn, error), error);
}

void log_keys_destroy(struct log_keys **keys)
{
    struct log_keys *gone = *keys;
    *keys = NULL;
    if (gone != NULL) {
        ((const struct log_handle *)gone)->operations->keys_destroy(gone);
    }
}

enum status log_check(struct log *log, struct buffer *position, struct error *error)
{
    return log->operations->check(log, position, error);
}

enum status log_record_at(struct log *log, uint64_t lsn, struct buffer *buffer, struct record *ret_record,
                          int64_t *ret_commit_time_us, struct error *error)
{
    struct log_reader *reader = NULL;
    struct log_part part;
    enum status status = log_reader_create(log, lsn, (struct log_filter){0}, &reader, error);
    if (status == STATUS_OK) {
        status = log_reader_next(reader, lsn, &part, error);
    }
    if (status == STATUS_OK) {
        struct reader whole = reader_of(part.records);
        (void)record_skip(&whole); /* a malformed one is told by the decoding below */
        buffer_clear(buffer);
        buffer_put(buffer, bytes_part(part.records, 0, part.records.size - whole.rest.size));
        struct reader records = reader_of(buffer_bytes(buffer));
        status = record_decode(&records, ret_record, error);
        *ret_commit_time_us = part.commit_time_us;
    }
    log_reader_destroy(&reader);
    return status == STATUS_END
               ? error_set(error, STATUS_TRIMMED, "LSN %llu is not in the log", (unsigned long long)lsn)
               : status;
}
