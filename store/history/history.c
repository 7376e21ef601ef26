#include "history/history.h"

#include "base/memory.h"
#include "row/key.h"
#include "segment/segment.h"

/* The key index's entries under exactly one row. */
struct row_changes {
    const struct schema *schema;
    struct log_keys *keys;
    struct buffer storage; /* the row's storage key without its space */
    struct buffer indexed; /* the same as the index stores it */
};

static void row_changes_close(struct row_changes *changes)
{
    log_keys_destroy(&changes->keys);
    buffer_reset(&changes->storage);
    buffer_reset(&changes->indexed);
}

static enum status row_changes_open(struct row_changes *changes, struct log *log, const struct schema *schema,
                                    struct bytes key, uint64_t after_lsn, struct error *error)
{
    *changes = (struct row_changes){.schema = schema};
    enum status status = key_storage(schema, key, &changes->storage, error);
    if (status == STATUS_OK) {
        segment_key_encode(schema->space, buffer_bytes(&changes->storage), &changes->indexed);
        changes->keys = log_keys_create(log, &(struct log_keys_range){.space = schema->space,
                                                                      .from = buffer_bytes(&changes->storage),
                                                                      .after_lsn = after_lsn,
                                                                      .until_lsn = UINT64_MAX - 1});
    } else {
        row_changes_close(changes);
    }
    return status;
}

/* Whether a record under the row's entry is of the row. */
static bool row_changes_has(const struct row_changes *changes, struct bytes key, struct bytes other)
{
    struct buffer storage = {0};
    bool is_same = bytes_equal(key, other);
    if (!is_same && key_is_ambiguous(changes->schema) &&
        key_storage(changes->schema, other, &storage, NULL) == STATUS_OK) {
        is_same = bytes_equal(buffer_bytes(&storage), buffer_bytes(&changes->storage));
    }
    buffer_reset(&storage);
    return is_same;
}

/* The next record of the row: entries of long keys are told apart by the record itself. STATUS_END. */
static enum status row_changes_next(struct row_changes *changes, struct log *log, struct bytes key,
                                    struct buffer *buffer, struct history_change *ret_change,
                                    struct error *error)
{
    for (;;) {
        struct bytes indexed;
        enum status status = log_keys_next(changes->keys, &indexed, &ret_change->lsn, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (!bytes_equal(indexed, buffer_bytes(&changes->indexed))) {
            return STATUS_END;
        }
        status = log_record_at(log, ret_change->lsn, buffer, &ret_change->record, &ret_change->commit_time_us,
                               error);
        if (status != STATUS_OK || row_changes_has(changes, key, ret_change->record.key)) {
            return status;
        }
    }
}

enum status history_row(struct log *log, const struct schema *schema, struct bytes key, uint64_t after_lsn,
                        size_t changes_max,
                        enum status (*visit)(void *context, const struct history_change *change,
                                             struct error *error),
                        void *context, struct error *error)
{
    struct row_changes changes;
    struct buffer buffer = {0};
    enum status status = row_changes_open(&changes, log, schema, key, after_lsn, error);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < changes_max && status == STATUS_OK; i++) {
        struct history_change change;
        status = row_changes_next(&changes, log, key, &buffer, &change, error);
        if (status == STATUS_OK) {
            status = visit(context, &change, error);
        }
    }
    buffer_reset(&buffer);
    row_changes_close(&changes);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status history_check_horizon(struct log *log, const struct snapshot *snapshot, uint64_t lsn,
                                         struct error *error)
{
    struct log_tip tip = log_tip(log);
    if (lsn + 1 < tip.first_lsn || lsn > snapshot_lsn(snapshot)) { /* the log may be ahead of the snapshot */
        return error_set(error, STATUS_TRIMMED, "LSN %llu cannot be gone back to; %llu to %llu can",
                         (unsigned long long)lsn, (unsigned long long)(tip.first_lsn - 1),
                         (unsigned long long)snapshot_lsn(snapshot));
    }
    return STATUS_OK;
}

bool history_has_left(const struct record *record, uint64_t lsn)
{
    return record->cause.kind == CAUSE_RANGE_DELETE && record->cause.lsn <= lsn;
}

/* The row as it was at an LSN, given the first change after it: what it was before the change, or, when that only carries
 * out what had deleted the row by then, what it leaves (and so on with the next one). */
static enum status row_before(struct row_changes *changes, struct log *log, struct bytes key, uint64_t lsn,
                              struct buffer *buffer, struct history_change *change, struct buffer *ret_image,
                              struct error *error)
{
    struct buffer old = {0};
    enum status status = STATUS_OK;
    bool is_there = (change->record.flags & RECORD_HAS_OLD) != 0;
    buffer_clear(ret_image);
    buffer_put(ret_image, record_old_image(&change->record, &old));
    while (status == STATUS_OK && history_has_left(&change->record, lsn)) {
        is_there = (change->record.flags & RECORD_HAS_NEW) != 0;
        buffer_clear(ret_image);
        buffer_put(ret_image, change->record.new_image);
        status = row_changes_next(changes, log, key, buffer, change, error);
    }
    buffer_reset(&old);
    if (status != STATUS_OK && status != STATUS_END) {
        return status;
    }
    return is_there ? STATUS_OK : error_set(error, STATUS_NOT_FOUND, "no such row at that moment");
}

enum status history_row_at(struct log *log, struct snapshot *snapshot, const struct schema *schema,
                           struct bytes key, uint64_t lsn, struct buffer *ret_image, struct error *error)
{
    struct row_changes changes;
    struct buffer buffer = {0};
    struct history_change change;
    struct bytes image;
    enum status status = row_changes_open(&changes, log, schema, key, lsn, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* only now: changes that were trimmed before the index was opened are not in it, and nobody would miss them */
    status = history_check_horizon(log, snapshot, lsn, error);
    if (status == STATUS_OK) {
        status = row_changes_next(&changes, log, key, &buffer, &change, error);
    }
    if (status == STATUS_OK && change.lsn <= snapshot_lsn(snapshot)) {
        status = row_before(&changes, log, key, lsn, &buffer, &change, ret_image, error);
    } else if (status == STATUS_OK || status == STATUS_END) {
        status = read_row_get_at(snapshot, schema, key, lsn, &image, error);
        buffer_clear(ret_image);
        if (status == STATUS_OK) {
            buffer_put(ret_image, image);
        }
    }
    buffer_reset(&buffer);
    row_changes_close(&changes);
    return status;
}
