/* One batch: take what waits, decide, put, log, commit, answer. DESIGN §5. */
#include "base/diagnostic.h"
#include "base/memory.h"
#include "base/metric.h"
#include "codec/pack.h"
#include "fold_private.h"
#include "row/key.h"
#include "row/stored.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters of the whole process */
static struct metric batch_writes = {.kind = METRIC_HISTOGRAM,
                                     .name = "oxbow_fold_batch_writes",
                                     .help = "Writes taken into one batch."};
static struct metric batch_sync_us = {.kind = METRIC_HISTOGRAM,
                                      .name = "oxbow_log_append_microseconds",
                                      .help = "Time to append a batch's frames to the log, sync included."};
static struct metric records_total = {.kind = METRIC_COUNTER,
                                      .name = "oxbow_log_records_total",
                                      .help = "Change records appended to the log."};

/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* One write's row as it stands, borrowed from the transaction. */
struct found_row {
    bool is_there;
    struct bytes image;
};

static enum status batch_find_row(struct fold *fold, struct environment_write *write,
                                  const struct write_change *change, struct found_row *ret_row,
                                  struct error *error)
{
    struct bytes stored;
    struct bytes key;
    *ret_row = (struct found_row){0};
    buffer_clear(&fold->storage_key);
    enum status status = key_storage(change->schema, change->key, &fold->storage_key, error);
    if (status == STATUS_OK) {
        status = environment_write_get(write, TREE_ROWS, buffer_bytes(&fold->storage_key), &stored, error);
    }
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = stored_row_decode(stored, &key, &ret_row->image, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!bytes_equal(key, change->key)) {
        return error_set(error, STATUS_INVALID,
                         "another partition key has the same hash; choose another key");
    }
    ret_row->is_there = true;
    return STATUS_OK;
}

static enum status batch_check_change(struct fold *fold, struct environment_write *write,
                                      const struct write_change *change, struct error *error)
{
    const struct schema *current = catalog_find_table(fold->options.catalog, change->schema->table);
    bool is_new = change->schema->table < CATALOG_TABLE_FIRST;
    if (!is_new && (current == NULL || current->generation != change->schema->generation ||
                    current->version != change->schema->version)) {
        return error_set(error, STATUS_STALE, "table %.*s was changed or dropped meanwhile",
                         (int)change->schema->name.size, (const char *)change->schema->name.data);
    }
    if (change->is_drop || change->condition == WRITE_ALWAYS) {
        return STATUS_OK;
    }
    struct found_row row;
    enum status status = batch_find_row(fold, write, change, &row, error);
    if (status == STATUS_OK && row.is_there != (change->condition == WRITE_IF_PRESENT)) {
        status = error_set(error, STATUS_CONDITION,
                           row.is_there ? "the row exists already" : "there is no such row");
    }
    return status;
}

/* Everything that may refuse a write is asked before its first put. */
static enum status batch_check(struct fold *fold, struct environment_write *write, struct write *request)
{
    struct error *error = &request->error;
    if (fold->refuses_clock) {
        return error_set(error, STATUS_CLOCK,
                         "the wall clock is too far from what the log knows; set it right, or restart with "
                         "--accept-clock");
    }
    size_t bytes = 0;
    for (size_t i = 0; i < request->count; i++) {
        bytes += request->changes[i].image.size + request->changes[i].key.size;
        enum status status = batch_check_change(fold, write, &request->changes[i], error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (bytes > fold->transaction_bytes_max) {
        return error_set(error, STATUS_TOO_LARGE, "a transaction of %zu bytes; %zu fit", bytes,
                         fold->transaction_bytes_max);
    }
    return STATUS_OK;
}

static struct record batch_record(const struct write *request, const struct write_change *change)
{
    return (struct record){
        .flags = 0,
        .shard = RECORD_SHARD_EVERY,
        .hops = request->hops,
        .table = change->schema->table,
        .generation = change->schema->generation,
        .schema_version = change->schema->version,
        .key = change->key,
        .actor = request->actor,
        .cause = request->cause,
    };
}

/* Makes the record of one change and folds it; false when it changes nothing. */
static enum status batch_change(struct fold *fold, struct environment_write *write, struct write *request,
                                struct write_change *change, struct record *record, bool *ret_has_record)
{
    struct error *error = &request->error;
    *record = batch_record(request, change);
    *ret_has_record = true;
    if (change->is_drop) {
        record->operation = OPERATION_DROP;
        return STATUS_OK;
    }
    struct found_row row;
    enum status status = batch_find_row(fold, write, change, &row, error);
    if (status != STATUS_OK) {
        return status;
    }
    row.image = arena_copy(&fold->arena, row.image); /* the put below ends what was borrowed */
    if (request->wants_old && row.is_there) {
        change->had_old = true;
        change->old_image = arena_copy(&request->arena, row.image);
    }
    bool is_same =
        row.is_there == !change->is_remove && (change->is_remove || bytes_equal(row.image, change->image));
    if (is_same) {
        *ret_has_record = false; /* invariant 6 */
        return STATUS_OK;
    }
    record->operation = change->is_remove ? OPERATION_REMOVE
                        : row.is_there    ? OPERATION_MODIFY
                                          : OPERATION_INSERT;
    if (!change->is_remove) {
        record->flags |= RECORD_HAS_NEW;
        record->new_image = change->image;
    }
    if (row.is_there) {
        record_set_old_image(record, row.image);
    }
    status = key_shard(change->key, &record->shard, error);
    return status == STATUS_OK ? fold__apply(fold, write, record, error) : status;
}

/* Evaluates one write. STATUS_OK, or what it is refused with; *ret_is_doomed when the LMDB transaction cannot go on. */
static enum status batch_evaluate(struct fold *fold, struct environment_write *write,
                                  struct fold_batch *batch, struct write *request, bool *ret_is_doomed)
{
    enum status status = batch_check(fold, write, request);
    *ret_is_doomed = status == STATUS_IO || status == STATUS_CORRUPT;
    if (status != STATUS_OK) {
        return status;
    }
    struct fold_record *records = arena_create_array(&fold->arena, request->count, sizeof(*records));
    size_t count = 0;
    buffer_clear(&fold->records);
    for (size_t i = 0; i < request->count; i++) {
        struct record record;
        bool has_record = false;
        struct write_change *change = &request->changes[i];
        status = batch_change(fold, write, request, change, &record, &has_record);
        if (status != STATUS_OK) {
            *ret_is_doomed = true; /* something may have been put already */
            return status;
        }
        if (has_record) {
            record.flags |= count == 0 ? RECORD_FIRST : 0;
            record_encode(&fold->records, &record);
            records[count++] =
                (struct fold_record){.table = record.table, .shard = record.shard, .end = fold->records.size};
            batch->is_synced |= change->schema->durability == DURABILITY_SYNC;
            batch->only_removes &= change->is_remove;
        }
    }
    if (count > 0) {
        fold__frames_add(fold, batch, records, count);
    }
    request->lsn = batch->next_lsn - 1;
    request->term = fold->term;
    request->commit_time_us = batch->commit_time_us;
    return STATUS_OK;
}

static void batch_answer(struct write *request, enum status status, const struct error *error)
{
    request->status = status;
    if (status != STATUS_OK && error != NULL) {
        request->error = *error;
    }
    request->complete(request);
}

static bool batch_changes_catalog(const struct write *request)
{
    for (size_t i = 0; i < request->count; i++) {
        if (request->changes[i].schema->table == CATALOG_TABLES) {
            return true;
        }
    }
    return false;
}

/* A change of the catalog has a batch of its own, since the writes after it are planned against what it makes. */
static void batch_take(struct fold *fold, struct fold_taken *taken)
{
    size_t bytes = 0;
    bool is_alone = false;
    taken->count = 0;
    while (fold->waiting != NULL && taken->count < FOLD_BATCH_WRITES_MAX && bytes < FOLD_BATCH_BYTES_MAX &&
           !is_alone) {
        struct write *request = (struct write *)fold->waiting;
        is_alone = batch_changes_catalog(request);
        if (is_alone && taken->count > 0) {
            return;
        }
        fold->waiting = fold->waiting->next;
        for (size_t i = 0; i < request->count; i++) {
            bytes += request->changes[i].image.size;
        }
        taken->writes[taken->count++] = request;
    }
}

static int64_t batch_time(struct fold *fold)
{
    int64_t now = clock_wall_us(fold->options.clock);
    int64_t offset = now - clock_steady_us(fold->options.clock);
    int64_t drift = offset - fold->clock_offset_us;
    if ((drift < 0 ? -drift : drift) > FOLD_CLOCK_DIVERGENCE_SECONDS_MAX * 1000000LL &&
        !fold->options.accepts_clock && !fold->refuses_clock) {
        fold->refuses_clock = true;
        diagnostic_write(DIAGNOSTIC_ERROR, "fold", "the wall clock jumped by %lld s: writes are refused",
                         (long long)(drift / 1000000));
    }
    return now > fold->last_commit_us ? now : fold->last_commit_us + 1;
}

/* Evaluates all taken writes; those refused have their status set, the others STATUS_OK. */
static enum status batch_evaluate_all(struct fold *fold, struct environment_write *write,
                                      struct fold_batch *batch, struct fold_taken *taken, size_t *ret_culprit)
{
    fold__frames_begin(fold, batch);
    for (size_t i = 0; i < taken->count; i++) {
        bool is_doomed = false;
        struct write *request = taken->writes[i];
        request->status = batch_evaluate(fold, write, batch, request, &is_doomed);
        if (is_doomed) {
            *ret_culprit = i;
            return request->status;
        }
    }
    fold__frames_finish(fold, batch);
    return STATUS_OK;
}

/* The frames are in the log: from here on there is no way back (invariant 9). */
static void batch_commit(struct fold *fold, struct environment_write **write, const struct fold_batch *batch)
{
    struct error error;
    struct environment_point point = {.lsn = batch->next_lsn - 1,
                                      .term = fold->term,
                                      .commit_time_us = batch->commit_time_us};
    if (environment_write_commit(write, &point, &error) != STATUS_OK) {
        diagnostic_fatal("fold", "what was logged could not be committed: %s", error.text);
    }
    metric_add(&records_total, (int64_t)(batch->next_lsn - fold->next_lsn));
    fold->next_lsn = batch->next_lsn;
    fold->last_commit_us = batch->commit_time_us;
    fold->marked_lsn = fold->headers[fold->headers_count - 1].synced_lsn;
    atomic_store(&fold->committed_lsn, point.lsn);
}

/* Appends the frames. STATUS_FULL: nothing was written. Any other failure ends the process. */
static enum status batch_append(struct fold *fold, const struct fold_batch *batch, struct error *error)
{
    int64_t before = clock_steady_us(clock_system());
    enum status status = log_append(fold->options.log, buffer_bytes(&fold->frames), fold->headers,
                                    fold->headers_count, batch->is_synced, batch->only_removes, error);
    metric_observe(&batch_sync_us, clock_steady_us(clock_system()) - before);
    if (status != STATUS_OK && status != STATUS_FULL && status != STATUS_CLOSED) {
        diagnostic_fatal("fold", "the log could not be written: %s", error->text);
    }
    return status;
}

static void batch_fail_all(struct fold_taken *taken, enum status status, const struct error *error)
{
    for (size_t i = 0; i < taken->count; i++) {
        enum status own = taken->writes[i]->status;
        bool is_own = own != STATUS_OK && own != status;
        batch_answer(taken->writes[i], is_own ? own : status, is_own ? NULL : error);
    }
}

/* What was committed to system.tables becomes what the server knows. */
static void batch_apply_catalog(struct fold *fold, const struct fold_taken *taken)
{
    struct error error;
    const struct write *request = taken->writes[0];
    for (size_t i = 0; i < request->count && batch_changes_catalog(request) && request->status == STATUS_OK;
         i++) {
        const struct write_change *change = &request->changes[i];
        if (change->schema->table == CATALOG_TABLES &&
            catalog_apply(fold->options.catalog, change->image, &error) != STATUS_OK) {
            diagnostic_fatal("fold", "what was logged is no schema: %s", error.text);
        }
    }
}

/* Runs the writes as one batch. STATUS_OK: all were answered. Otherwise none was, nothing changed, and *ret_culprit
 * is the write that dooms the others (taken->count: none in particular). */
static enum status batch_run(struct fold *fold, struct fold_taken *taken, size_t *ret_culprit,
                             struct error *error)
{
    struct environment_write *write = NULL;
    struct fold_batch batch = {.next_lsn = fold->next_lsn, .only_removes = true};
    *ret_culprit = taken->count;
    batch.commit_time_us = batch_time(fold);
    enum status status = environment_write_begin(fold->options.environment, &write, error);
    if (status == STATUS_OK) {
        status = batch_evaluate_all(fold, write, &batch, taken, ret_culprit);
        if (status != STATUS_OK) {
            *error = taken->writes[*ret_culprit]->error;
        }
    }
    if (status == STATUS_OK && fold->headers_count > 0) {
        status = batch_append(fold, &batch, error);
        if (status == STATUS_OK) {
            batch_commit(fold, &write, &batch);
            batch_apply_catalog(fold, taken);
        }
    }
    environment_write_abort(&write);
    arena_clear(&fold->arena);
    if (status == STATUS_OK) {
        if (fold->options.on_commit != NULL && fold->headers_count > 0) {
            fold->options.on_commit(fold->options.context, batch.next_lsn - 1);
        }
        for (size_t i = 0; i < taken->count; i++) {
            batch_answer(taken->writes[i], taken->writes[i]->status, NULL);
        }
    }
    return status;
}

/* A full map may only be waiting for the oldest pin to move: two checkpoints, and one more try. */
static enum status batch_retry_full(struct fold *fold, struct fold_taken *taken, size_t *ret_culprit,
                                    struct error *error)
{
    struct environment *environment = fold->options.environment;
    if (environment_checkpoint_now(environment, error) != STATUS_OK ||
        environment_checkpoint_now(environment, error) != STATUS_OK) {
        return STATUS_FULL;
    }
    return batch_run(fold, taken, ret_culprit, error);
}

void fold__run_batch(struct fold *fold)
{
    struct fold_taken *taken = &fold->taken;
    struct error error = {0};
    size_t culprit = 0;
    batch_take(fold, taken);
    metric_observe(&batch_writes, (int64_t)taken->count);
    enum status status = batch_run(fold, taken, &culprit, &error);
    if (status == STATUS_FULL) {
        status = batch_retry_full(fold, taken, &culprit, &error);
    }
    while (status != STATUS_OK && culprit < taken->count &&
           taken->count > 1) { /* without the one that dooms all */
        batch_answer(taken->writes[culprit], status, &error);
        taken->count--;
        memmove(&taken->writes[culprit], &taken->writes[culprit + 1],
                (taken->count - culprit) * sizeof(struct write *));
        status = batch_run(fold, taken, &culprit, &error);
    }
    if (status != STATUS_OK) {
        batch_fail_all(taken, status, &error);
    }
}

void fold__mark(struct fold *fold)
{
    struct log_tip tip = log_tip(fold->options.log);
    if (tip.synced_lsn <= fold->marked_lsn || tip.next_lsn != fold->next_lsn) {
        return;
    }
    struct error error;
    struct buffer frame = {0};
    struct frame_builder empty = {0};
    struct frame_header header = {.term = fold->term,
                                  .first_lsn = fold->next_lsn,
                                  .synced_lsn = tip.synced_lsn,
                                  .commit_time_us = fold->last_commit_us};
    frame_builder_finish(&empty, &header, fold->options.log->seed, &frame);
    CHECK(frame_header_decode(buffer_bytes(&frame), fold->options.log->seed, &header, NULL) == STATUS_OK);
    enum status status = log_append(fold->options.log, buffer_bytes(&frame), &header, 1, true, true, &error);
    if (status != STATUS_OK && status != STATUS_FULL && status != STATUS_CLOSED) {
        diagnostic_fatal("fold", "the log could not be written: %s", error.text);
    }
    fold->marked_lsn = tip.synced_lsn;
    buffer_reset(&frame);
}

static void term_answered(struct write *request)
{
    (void)request; /* its maker looks at it after the batch */
}

void fold__metrics_register(void)
{
    metric_register(&batch_writes);
    metric_register(&batch_sync_us);
    metric_register(&records_total);
}

enum status fold__open_term(struct fold *fold, struct error *error)
{
    const struct schema *schema = catalog_find_table(fold->options.catalog, CATALOG_TERMS);
    struct value term = value_of_integer((int64_t)fold->term);
    struct value pairs[] = {value_of_text(bytes_of_text("first_lsn")),
                            value_of_integer((int64_t)fold->next_lsn), value_of_text(bytes_of_text("term")),
                            term};
    struct value row = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 2}};
    struct buffer key = {0};
    struct buffer image = {0};
    CHECK(key_encode(schema, ROW_PLAIN, &term, NULL, 0, &key, NULL) == STATUS_OK);
    codec_value_encode(&image, &row);
    struct write_change change = {.schema = schema, .key = buffer_bytes(&key), .image = buffer_bytes(&image)};
    struct write request = {.changes = &change,
                            .count = 1,
                            .actor = bytes_of_text("system"),
                            .complete = term_answered};
    bool refuses_clock = fold->refuses_clock; /* a new reign must begin whatever the clock says */
    fold->refuses_clock = false;
    fold->waiting = &request.message;
    fold__run_batch(fold);
    fold->refuses_clock = refuses_clock;
    if (request.status != STATUS_OK && error != NULL) {
        *error = request.error;
    }
    buffer_reset(&key);
    buffer_reset(&image);
    arena_reset(&request.arena);
    return request.status;
}
