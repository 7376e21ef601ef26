/* One batch: take what waits, decide, put, log, commit, answer. DESIGN §5. */
#include "base/diagnostic.h"
#include "base/memory.h"
#include "base/metric.h"
#include "codec/pack.h"
#include "fold_private.h"
#include "row/document.h"
#include "row/key.h"
#include "row/stored.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): counters of the whole process */
static struct metric batch_writes = {.kind = METRIC_HISTOGRAM,
                                     .name = "oxbow_batch_writes",
                                     .help = "Writes that the writer took into one batch."};
static struct metric batch_records = {.kind = METRIC_HISTOGRAM,
                                      .name = "oxbow_batch_records",
                                      .help = "Change records of one batch."};
static struct metric append_bytes = {.kind = METRIC_HISTOGRAM,
                                     .name = "oxbow_log_append_bytes",
                                     .help = "Bytes of one batch's frames, appended to the log."};
static struct metric append_duration = {.kind = METRIC_HISTOGRAM_SECONDS,
                                        .name = "oxbow_log_append_duration_seconds",
                                        .help = "Time to append a batch's frames without a sync."};
static struct metric sync_duration = {.kind = METRIC_HISTOGRAM_SECONDS,
                                      .name = "oxbow_log_sync_duration_seconds",
                                      .help = "Time to append a batch's frames and to make them durable."};
static struct metric records_total = {.kind = METRIC_COUNTER,
                                      .name = "oxbow_log_records_total",
                                      .help = "Change records appended to the log."};

static struct metric full_total = {.kind = METRIC_COUNTER,
                                   .name = "oxbow_batches_full_total",
                                   .help = "Batches that were refused for want of space."};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* A change from one image of a row to another. */
struct batch_step {
    bool had_old;
    bool has_new;
    struct bytes old_image;
    struct bytes new_image;
};

/* Of a wide row what shows decides: insert, modify or remove, or a change that nobody sees (MODEL). */
static enum status batch_wide_operation(struct fold *fold, const struct fold_batch *batch,
                                        const struct schema *schema, const struct batch_step *step,
                                        struct record *record, struct error *error)
{
    struct wide_row rows[2] = {wide_row_empty(), wide_row_empty()};
    int64_t old_now = 0;
    int64_t new_now = 0;
    enum row_kind kind = key_kind(record->key);
    record->operation = OPERATION_MODIFY;
    if (kind != ROW_PLAIN && kind != ROW_STATIC) {
        record->flags |= RECORD_META;
        return STATUS_OK;
    }
    enum status status =
        document_record_moments(record, step->old_image, batch->commit_time_us, &old_now, &new_now, error);
    if (status == STATUS_OK && step->had_old) {
        status = wide_row_decode_of(schema, step->old_image, &fold->arena, &rows[0], error);
    }
    if (status == STATUS_OK && step->has_new) {
        status = wide_row_decode_of(schema, step->new_image, &fold->arena, &rows[1], error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool showed = wide_row_shows(schema, &rows[0], old_now);
    bool shows = wide_row_shows(schema, &rows[1], new_now);
    if (showed != shows) {
        record->operation = shows ? OPERATION_INSERT : OPERATION_REMOVE;
    } else if (wide_rows_show_same(schema, &rows[0], old_now, &rows[1], new_now)) {
        record->flags |= record->cause.kind == CAUSE_TTL ? RECORD_HOUSEKEEPING : RECORD_META;
    }
    return STATUS_OK;
}

static enum status batch_row_record(struct fold *fold, const struct fold_batch *batch, struct write *request,
                                    const struct cause *cause, const struct fold_row *row,
                                    const struct batch_step *step, struct record *ret_record)
{
    *ret_record = (struct record){
        .operation = !step->has_new  ? OPERATION_REMOVE
                     : step->had_old ? OPERATION_MODIFY
                                     : OPERATION_INSERT,
        .flags = row->flags,
        .hops = request->hops,
        .table = row->schema->table,
        .generation = row->schema->generation,
        .schema_version = row->schema->version,
        .key = row->key,
        .actor = request->actor,
        .cause = *cause,
    };
    if (step->has_new) {
        ret_record->flags |= RECORD_HAS_NEW;
        ret_record->new_image = step->new_image;
    }
    if (step->had_old) {
        record_set_old_image(ret_record, step->old_image);
    }
    CHECK(key_shard(row->key, &ret_record->shard, NULL) == STATUS_OK); /* it has a storage key already */
    return row->schema->kind == TABLE_WIDE
               ? batch_wide_operation(fold, batch, row->schema, step, ret_record, &request->error)
               : STATUS_OK;
}

static struct record batch_table_record(const struct write *request, const struct fold_row *row)
{
    return (struct record){
        .operation = row->table_change->operation,
        .flags = (uint8_t)(row->flags | RECORD_HAS_NEW),
        .shard = RECORD_SHARD_EVERY,
        .hops = request->hops,
        .table = row->schema->table,
        .generation = row->schema->generation,
        .schema_version = row->schema->version,
        .key = row->key,
        .new_image = row->table_change->image,
        .actor = request->actor,
        .cause = request->cause,
    };
}

static void batch_count_durability(struct fold_batch *batch, const struct schema *schema)
{
    batch->is_synced |= schema->durability == DURABILITY_SYNC;
    uint32_t interval = schema->durability_ms;
    if (schema->durability == DURABILITY_PERIODIC && interval > 0 &&
        (batch->interval_ms == 0 || interval < batch->interval_ms)) {
        batch->interval_ms = interval;
    }
}

/* The records of the transaction being emitted. */
struct batch_records {
    struct fold_record *at;
    size_t count;
};

static enum status batch_emit_record(struct fold *fold, struct environment_write *write,
                                     struct fold_batch *batch, const struct schema *schema,
                                     struct record *record, struct batch_records *records,
                                     struct error *error)
{
    record->flags |= records->count == 0 ? RECORD_FIRST : 0;
    enum status status = fold__apply(fold, write, record, batch->next_lsn + records->count, error);
    record_encode(&fold->records, record);
    records->at[records->count++] =
        (struct fold_record){.table = record->table, .shard = record->shard, .end = fold->records.size};
    batch_count_durability(batch, schema);
    if (record->table == CATALOG_DELETIONS) {
        fold->under_way_is_stale = true;
        fold->under_way_changed = true;
    }
    batch->only_removes &= (record->flags & RECORD_HAS_NEW) == 0 || record->operation == OPERATION_DROP;
    return status;
}

/* One record for a row, or none when it is as it was (invariant 6); and before it one for each thing that had happened to it
 * by itself. */
static enum status batch_emit_row(struct fold *fold, struct environment_write *write,
                                  struct fold_batch *batch, struct write *request, const struct fold_row *row,
                                  struct batch_records *records)
{
    struct error *error = &request->error;
    struct record record;
    struct batch_step step = {.had_old = row->had_old, .old_image = row->old_image};
    enum status status = STATUS_OK;
    if (row->table_change != NULL) {
        record = batch_table_record(request, row);
        return batch_emit_record(fold, write, batch, row->schema, &record, records, error);
    }
    for (size_t i = 0; i <= row->stages_count && status == STATUS_OK; i++) {
        bool is_last = i == row->stages_count;
        step.has_new = is_last ? row->has_new : row->stages[i].is_there;
        step.new_image = is_last ? row->new_image : row->stages[i].image;
        if (step.had_old != step.has_new || (step.has_new && !bytes_equal(step.old_image, step.new_image))) {
            const struct cause *cause = is_last ? &request->cause : &row->stages[i].cause;
            status = batch_row_record(fold, batch, request, cause, row, &step, &record);
            if (status == STATUS_OK) {
                status = batch_emit_record(fold, write, batch, row->schema, &record, records, error);
            }
        }
        step.had_old = step.has_new;
        step.old_image = step.new_image;
    }
    return status;
}

/* Puts what the transaction comes to and encodes its records. A failure dooms the LMDB transaction. */
static enum status batch_emit(struct fold *fold, struct environment_write *write, struct fold_batch *batch,
                              struct write *request, const struct fold_transaction *transaction)
{
    struct batch_records records = {0};
    size_t records_max = transaction->count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < transaction->count; i++) {
        records_max += transaction->rows[i]->stages_count;
    }
    records.at = arena_create_array(&fold->arena, records_max + 1, sizeof(*records.at));
    buffer_clear(&fold->records);
    for (size_t i = 0; i < transaction->count && status == STATUS_OK; i++) {
        status = batch_emit_row(fold, write, batch, request, transaction->rows[i], &records);
    }
    if (records.count > 0 && status == STATUS_OK) {
        fold__frames_add(fold, batch, records.at, records.count);
    }
    return status;
}

/* Evaluates one write. STATUS_OK, or what it is refused with; *ret_is_doomed when the LMDB transaction cannot go on. */
static enum status batch_evaluate(struct fold *fold, struct environment_write *write,
                                  struct fold_batch *batch, struct write *request, bool *ret_is_doomed)
{
    struct fold_transaction transaction = {0};
    enum status status = STATUS_OK;
    request->term = fold->term;
    if (request->step.kind != STEP_NONE) {
        status = fold__step(fold, write, &request->step, &request->error);
        *ret_is_doomed = status != STATUS_OK;
        batch->has_step = true;
        return status;
    }
    status = fold__evaluate(fold, write, batch, request, &transaction);
    *ret_is_doomed = status == STATUS_IO || status == STATUS_CORRUPT || status == STATUS_FULL;
    if (status == STATUS_OK && !request->is_repeat) {
        status = batch_emit(fold, write, batch, request, &transaction);
        *ret_is_doomed = status != STATUS_OK;
        request->lsn = batch->next_lsn - 1;
        request->commit_time_us = batch->commit_time_us;
    }
    fold__transaction_reset(&transaction);
    return status;
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

/* A change of the catalog has a batch of its own, since the writes after it are planned against what it makes; so has a
 * piece of background work. */
static bool batch_is_alone(const struct write *request)
{
    return request->step.kind != STEP_NONE || batch_changes_catalog(request);
}

static void batch_take(struct fold *fold, struct fold_taken *taken)
{
    size_t bytes = 0;
    bool is_alone = false;
    taken->count = 0;
    while (fold->waiting != NULL && taken->count < FOLD_BATCH_WRITES_MAX && bytes < FOLD_BATCH_BYTES_MAX &&
           !is_alone) {
        struct write *request = (struct write *)fold->waiting;
        is_alone = batch_is_alone(request);
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
    if (fold->is_opening && (fold->refuses_clock || fold->doubts_clock)) {
        return fold->last_commit_us + 1; /* or the next start would find nothing unusual */
    }
    if ((drift < 0 ? -drift : drift) > FOLD_CLOCK_DIVERGENCE_SECONDS_MAX * 1000000LL &&
        !fold->accepts_clock && !fold->refuses_clock) {
        fold->refuses_clock = true;
        diagnostic_write(DIAGNOSTIC_ERROR, "fold", "the wall clock jumped by %lld s: writes are refused",
                         (long long)(drift / 1000000));
    }
    return now > fold->last_commit_us ? now : fold->last_commit_us + 1;
}

/* The writes from `from` on are the next to be taken, in their order. */
static void batch_put_back(struct fold *fold, struct fold_taken *taken, size_t from)
{
    while (taken->count > from) {
        struct write *request = taken->writes[--taken->count];
        request->message.next = fold->waiting;
        fold->waiting = &request->message;
    }
}

/* Evaluates all taken writes, or as many as what they hold allows; those refused have their status set, the others STATUS_OK. */
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
        if (fold->arena.total + fold->frames.size > FOLD_BATCH_HELD_BYTES_MAX) {
            batch_put_back(fold, taken, i + 1);
        }
    }
    fold__frames_finish(fold, batch);
    return STATUS_OK;
}

/* When the disk must have what this batch left unsynced. */
static void batch_note_due(struct fold *fold, const struct fold_batch *batch)
{
    if (batch->is_synced) {
        fold->sync_due_us = 0;
    } else if (batch->interval_ms > 0) {
        int64_t due = clock_steady_us(clock_system()) + batch->interval_ms * 1000LL;
        fold->sync_due_us = fold->sync_due_us == 0 || due < fold->sync_due_us ? due : fold->sync_due_us;
    }
}

/* What is not logged alone: no frames, the same point as before. */
static enum status batch_commit_step(struct fold *fold, struct environment_write **write, struct error *error)
{
    struct environment_point point = {.lsn = fold->next_lsn - 1,
                                      .term = fold->term,
                                      .commit_time_us = fold->last_commit_us};
    enum status status = fold__totals_flush(fold, *write, error);
    if (status == STATUS_OK) {
        environment_write_commit(write, &point);
    }
    return status;
}

/* The frames are in the log: from here on there is no way back (invariant 9). */
static void batch_commit(struct fold *fold, struct environment_write **write, const struct fold_batch *batch)
{
    struct environment_point point = {.lsn = batch->next_lsn - 1,
                                      .term = fold->term,
                                      .commit_time_us = batch->commit_time_us};
    environment_write_commit(write, &point);
    metric_add(&records_total, (int64_t)(batch->next_lsn - fold->next_lsn));
    metric_observe(&batch_records, (int64_t)(batch->next_lsn - fold->next_lsn));
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
    int64_t took_us = clock_steady_us(clock_system()) - before;
    fold->append_us += (took_us - fold->append_us) / 8;
    metric_observe(batch->is_synced ? &sync_duration : &append_duration, took_us);
    metric_observe(&append_bytes, (int64_t)fold->frames.size);
    if (status != STATUS_OK && status != STATUS_FULL && status != STATUS_CLOSED) {
        diagnostic_fatal("fold", "the log could not be written: %s", error->text);
    }
    return status;
}

/* Puts the last of what the transaction has, makes sure that it can be committed, and logs it. */
static enum status batch_log(struct fold *fold, struct environment_write *write,
                             const struct fold_batch *batch, struct error *error)
{
    enum status status = fold__totals_flush(fold, write, error);
    if (status == STATUS_OK) {
        status = fold__under_way_tell(fold, write, error);
    }
    if (status == STATUS_OK && !batch->only_removes) { /* what removes has the space that it frees */
        status = environment_write_admit(write, error);
    }
    return status == STATUS_OK ? batch_append(fold, batch, error) : status;
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
    batch.commit_time_us = fold__moment_begin(fold, batch_time(fold));
    enum status status = environment_write_begin(fold->options.environment, &write, error);
    if (status == STATUS_OK) {
        status = batch_evaluate_all(fold, write, &batch, taken, ret_culprit);
        if (status != STATUS_OK) {
            *error = taken->writes[*ret_culprit]->error;
        }
    }
    if (status == STATUS_OK && (batch.has_step || (batch.has_rearmed && fold->headers_count == 0))) {
        status = batch_commit_step(fold, &write, error);
    } else if (status == STATUS_OK && fold->headers_count > 0) {
        status = batch_log(fold, write, &batch, error);
        if (status == STATUS_OK) {
            batch_commit(fold, &write, &batch);
            fold__under_way_told(fold);
            batch_note_due(fold, &batch);
            batch_apply_catalog(fold, taken);
        }
    }
    fold->totals_count = 0;
    fold->under_way_is_stale |=
        fold->under_way_changed; /* it was taken back; the next batch tells what there is */
    environment_write_abort(&write);
    arena_clear(&fold->arena);
    fold__moment_end(fold); /* who is told of the commit may ask for now, and finds it */
    if (status == STATUS_OK && fold->options.on_commit != NULL && fold->headers_count > 0) {
        fold->options.on_commit(fold->options.context, batch.next_lsn - 1);
    }
    for (size_t i = 0; i < taken->count && status == STATUS_OK; i++) {
        batch_answer(taken->writes[i], taken->writes[i]->status, NULL);
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
    fold->again_at = &fold->waiting;
    fold->round_eighths = fold__round_after(fold->round_eighths, taken->count);
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
    if (status == STATUS_FULL) {
        atomic_store(&fold->full_us, clock_steady_us(clock_system()));
        metric_add(&full_total, 1);
    } else if (status == STATUS_OK && fold->headers_count > 0) {
        atomic_store(&fold->full_us, 0);
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
    metric_register(&batch_records);
    metric_register(&append_bytes);
    metric_register(&full_total);
    metric_register(&append_duration);
    metric_register(&sync_duration);
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
    struct write_change change = {.kind = CHANGE_PUT,
                                  .schema = schema,
                                  .key = buffer_bytes(&key),
                                  .image = buffer_bytes(&image)};
    struct write request = {.changes = &change,
                            .count = 1,
                            .actor = bytes_of_text("system"),
                            .complete = term_answered};
    fold->is_opening = true;
    fold->waiting = &request.message;
    fold__run_batch(fold);
    fold->is_opening = false;
    if (request.status != STATUS_OK && error != NULL) {
        *error = request.error;
    }
    buffer_reset(&key);
    buffer_reset(&image);
    arena_reset(&request.arena);
    return request.status;
}
