/* The changes of a table, as the log has them. */
#include "base/memory.h"
#include "catalog/catalog.h"
#include "codec/shown.h"
#include "fold/fold.h"
#include "gate/bounds.h"
#include "gate_private.h"
#include "history/history.h"
#include "log/log.h"

/* A page under way. */
struct changes_walk {
    struct gate *gate;
    const struct gate_changes *wanted;
    const struct schema *schema; /* the table's, as it is */
    struct log *log;
    uint64_t until_lsn;
    uint64_t transaction; /* of the record before `next_lsn`; 0: not known */
    uint64_t next_lsn;    /* where the page ends, so far */
    size_t records;       /* looked at */
    size_t bytes;
    bool is_ended; /* by who visits */
    struct buffer old;
    struct buffer new;
    bool (*visit)(void *context, const struct gate_logged *change);
    void *context;
};

/* The LSN of the first record of the transaction that the record at `lsn` is in: the last one at or before it that begins one.
 * What began before the horizon is 0. */
static enum status changes_transaction(struct log *log, uint64_t lsn, uint64_t *ret_first,
                                       struct error *error)
{
    uint64_t horizon = log_tip(log).first_lsn;
    uint64_t step = GATE_TRANSACTION_STEP;
    uint64_t from = 0;
    enum status status = STATUS_OK;
    *ret_first = 0;
    do {
        struct log_reader *reader = NULL;
        struct log_part part;
        from = lsn > horizon + step ? lsn - step : horizon;
        step *= GATE_TRANSACTION_STEP;
        status = log_reader_create(log, from, (struct log_filter){0}, &reader, error);
        while (status == STATUS_OK && (status = log_reader_next(reader, lsn, &part, error)) == STATUS_OK) {
            struct reader records = reader_of(part.records);
            struct record record;
            for (uint32_t i = 0; i < part.count && status == STATUS_OK; i++) {
                status = record_decode(&records, &record, error);
                bool is_first = status == STATUS_OK && (record.flags & RECORD_FIRST) != 0;
                *ret_first = is_first ? part.first_lsn + i : *ret_first;
            }
        }
        log_reader_destroy(&reader);
    } while (status == STATUS_END && *ret_first == 0 && from > horizon);
    return status == STATUS_END ? STATUS_OK : status;
}

enum status gate_lsn_whole(struct gate *gate, uint64_t lsn, uint64_t *ret_lsn, struct error *error)
{
    struct log_tip tip = log_tip(gate->options.log);
    uint64_t first = 0;
    if (lsn + 1 < tip.first_lsn || lsn >= tip.next_lsn - 1) { /* not there; nothing after it */
        *ret_lsn = lsn;
        return STATUS_OK;
    }
    enum status status = changes_transaction(gate->options.log, lsn + 1, &first, error);
    if (status == STATUS_OK && first <= 1) {
        status = error_set(error, STATUS_TRIMMED, "the transaction of LSN %llu has no state before it",
                           (unsigned long long)lsn);
    }
    if (status == STATUS_OK) {
        *ret_lsn = first - 1;
    }
    return status;
}

static bool changes_want(const struct changes_walk *walk, const struct record *record)
{
    const struct gate_changes *wanted = walk->wanted;
    bool is_marked = (record->flags & (RECORD_META | RECORD_HOUSEKEEPING)) != 0; /* invariant 6 */
    bool is_shard =
        record->shard == RECORD_SHARD_EVERY ? wanted->with_table : (wanted->shards >> record->shard & 1) != 0;
    return record->table == walk->schema->table && !is_marked && is_shard;
}

/* Visits a record that is wanted. */
static enum status changes_show(struct changes_walk *walk, uint64_t lsn, int64_t commit_time_us,
                                struct record record, struct error *error)
{
    struct gate_logged change = {.lsn = lsn,
                                 .transaction = walk->transaction,
                                 .commit_time_us = commit_time_us,
                                 .schema = gate_schema_of(walk->gate, &record)};
    enum status status = STATUS_OK;
    if (change.schema == NULL) {
        return error_set(error, STATUS_CORRUPT, "the record at LSN %llu is of an unknown schema",
                         (unsigned long long)lsn);
    }
    if (change.transaction == 0) {
        status = changes_transaction(walk->log, lsn, &change.transaction, error);
        walk->transaction = change.transaction;
    }
    if (status == STATUS_OK && record.operation <= OPERATION_REMOVE) {
        status = codec_record_show(change.schema, commit_time_us, &walk->old, &walk->new, &record, error);
    }
    change.record = &record;
    if (status == STATUS_OK) {
        walk->is_ended = !walk->visit(walk->context, &change);
        walk->next_lsn = walk->is_ended ? lsn : lsn + 1;
    }
    return status;
}

static bool changes_are_enough(const struct changes_walk *walk)
{
    return walk->is_ended || walk->records >= walk->wanted->records_max ||
           walk->bytes >= walk->wanted->bytes_max;
}

static enum status changes_part(struct changes_walk *walk, const struct log_part *part, struct error *error)
{
    struct reader records = reader_of(part->records);
    enum status status = STATUS_OK;
    walk->transaction = part->first_lsn == walk->next_lsn ? walk->transaction : 0;
    for (uint32_t i = 0; i < part->count && status == STATUS_OK && !changes_are_enough(walk); i++) {
        struct record record;
        uint64_t lsn = part->first_lsn + i;
        status = record_decode(&records, &record, error);
        if (status != STATUS_OK) {
            return error_set(error, STATUS_CORRUPT, "malformed records at LSN %llu", (unsigned long long)lsn);
        }
        walk->transaction = (record.flags & RECORD_FIRST) != 0 ? lsn : walk->transaction;
        walk->next_lsn = lsn + 1;
        walk->records++;
        walk->bytes += record.new_image.size + record.old_middle.size;
        if (changes_want(walk, &record)) {
            status = changes_show(walk, lsn, part->commit_time_us, record, error);
        }
    }
    return status;
}

/* Reads on, past what surely holds nothing of the table. */
static enum status changes_walk_log(struct changes_walk *walk, struct error *error)
{
    struct log_filter filter = {.is_set = true,
                                .table = walk->schema->table,
                                .shards = walk->wanted->with_table ? 0xFFFF : walk->wanted->shards};
    struct log_reader *reader = NULL;
    struct log_part part;
    enum status status = log_reader_create(walk->log, walk->next_lsn, filter, &reader, error);
    while (status == STATUS_OK && !changes_are_enough(walk)) {
        status = log_reader_next(reader, walk->until_lsn, &part, error);
        if (status == STATUS_OK) {
            status = changes_part(walk, &part, error);
        }
    }
    if (status == STATUS_END) {
        walk->next_lsn = walk->until_lsn + 1;
        status = STATUS_OK;
    }
    log_reader_destroy(&reader);
    return status;
}

static enum status changes_visit_row(void *context, const struct history_change *change, struct error *error)
{
    struct changes_walk *walk = context;
    if (change->lsn > walk->until_lsn) {
        walk->next_lsn = walk->until_lsn + 1;
        return STATUS_END;
    }
    walk->records++;
    walk->bytes += change->record.new_image.size + change->record.old_middle.size;
    walk->next_lsn = change->lsn + 1;
    walk->transaction = (change->record.flags & RECORD_FIRST) != 0 ? change->lsn : 0;
    enum status status = STATUS_OK;
    if (changes_want(walk, &change->record)) {
        status = changes_show(walk, change->lsn, change->commit_time_us, change->record, error);
    }
    return status == STATUS_OK && changes_are_enough(walk) ? STATUS_END : status;
}

/* Whether the log still has the changes from where the page was to begin. */
static enum status changes_check(const struct changes_walk *walk, uint64_t from_lsn, struct error *error)
{
    uint64_t horizon = log_tip(walk->log).first_lsn;
    return from_lsn >= horizon
               ? STATUS_OK
               : error_set(error, STATUS_TRIMMED,
                           "changes from LSN %llu on are asked for, and the log begins at %llu",
                           (unsigned long long)from_lsn, (unsigned long long)horizon);
}

/* The key index of the log leads to the changes of one row. */
static enum status changes_walk_row(struct changes_walk *walk, struct error *error)
{
    struct buffer key = {0};
    size_t most = walk->wanted->records_max < HISTORY_PAGE_RECORDS_MAX ? walk->wanted->records_max
                                                                       : HISTORY_PAGE_RECORDS_MAX;
    enum status status = gate__key(walk->schema, walk->wanted->key, &key, error);
    if (status == STATUS_OK) {
        status = history_row(walk->log, walk->schema, buffer_bytes(&key), walk->next_lsn - 1, most,
                             changes_visit_row, walk, error);
    }
    bool is_whole = status == STATUS_OK && walk->records < most && !changes_are_enough(walk);
    if (is_whole) {
        walk->next_lsn = walk->until_lsn + 1;
    }
    buffer_reset(&key);
    status = status == STATUS_END ? STATUS_OK : status;
    if (status == STATUS_OK && walk->wanted->from_lsn > 0) {
        status = changes_check(walk, walk->wanted->from_lsn,
                               error); /* what was trimmed before the index was opened is not in it */
    }
    return status;
}

enum status gate_changes_read(struct gate *gate, const struct gate_changes *wanted,
                              bool (*visit)(void *context, const struct gate_logged *change), void *context,
                              uint64_t *ret_next_lsn, size_t *ret_records, struct error *error)
{
    struct changes_walk walk = {.gate = gate,
                                .wanted = wanted,
                                .log = gate->options.log,
                                .until_lsn = fold_committed_lsn(gate->options.fold),
                                .visit = visit,
                                .context = context};
    bool is_bounded = wanted->until_lsn > 0 && wanted->until_lsn < walk.until_lsn;
    walk.until_lsn = is_bounded ? wanted->until_lsn : walk.until_lsn;
    walk.next_lsn = wanted->from_lsn == 0 ? log_tip(walk.log).first_lsn : wanted->from_lsn;
    *ret_next_lsn = 0;
    *ret_records = 0;
    enum status status = gate_table_find(gate, wanted->table, &walk.schema, error);
    if (status == STATUS_OK) {
        status = changes_check(&walk, wanted->from_lsn == 0 ? UINT64_MAX : wanted->from_lsn, error);
    }
    if (status == STATUS_OK && walk.next_lsn <= walk.until_lsn) {
        status = wanted->key != NULL ? changes_walk_row(&walk, error) : changes_walk_log(&walk, error);
    }
    if (status == STATUS_OK) {
        *ret_next_lsn = walk.next_lsn <= walk.until_lsn ? walk.next_lsn : 0;
        *ret_records = walk.records;
    }
    buffer_reset(&walk.old);
    buffer_reset(&walk.new);
    return status;
}
