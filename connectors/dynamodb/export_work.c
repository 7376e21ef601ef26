/* An export at work. Layout, as AWS documents it ("DynamoDB table export output format"), below the bucket:
 *
 *   PREFIX/AWSDynamoDB/ID/_started                 empty: the export began
 *   PREFIX/AWSDynamoDB/ID/data/NAME.json.gz        of full exports: lines {"Item":{…}}
 *   PREFIX/AWSDynamoDB/data/NAME.json.gz           of incremental ones: lines {"Metadata":…,"Keys":…,"OldImage":…,"NewImage":…}
 *   PREFIX/AWSDynamoDB/ID/manifest-files.json      a line per data file
 *   PREFIX/AWSDynamoDB/ID/manifest-summary.json    the last: the export is whole
 *   …/manifest-files.md5, …/manifest-summary.md5   of the two, in base 64 */
#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "bucket.h"
#include "export.h"
#include "net/gzip.h"

enum {
    EXPORT_CHANGES_STEP = 1000, /* records looked at in one piece */
    EXPORT_ITEMS_STEP = 200,    /* changed items written in one piece */
    EXPORT_NAME_BYTES = 26,     /* of data files */
};

enum export_phase {
    EXPORT_BEGIN,
    EXPORT_PAGES,   /* of a full export: pages of items */
    EXPORT_CHANGES, /* of an incremental one: which items changed … */
    EXPORT_IMAGES,  /* … and what they were and are */
    EXPORT_END,
};

struct export_work {
    struct transfer_job *job;
    struct export_plan plan;
    enum export_phase phase;
    int64_t started_us;
    const char *folder;      /* of the export, below the bucket */
    const char *data_folder; /* the same, of its data */
    const char *root;        /* path of the bucket */
    struct arena arena;      /* of one piece */
    struct buffer lines;     /* of one piece */
    struct buffer file;      /* compressed, until it is large enough */
    uint64_t file_items;
    struct buffer manifest;
    struct buffer next; /* page */
    uint64_t items;
    uint64_t bytes;
    struct subscription *subscription;
    struct map *changed; /* encoded key → time of the last change, in the job's arena */
    size_t changed_position;
    size_t changed_bytes; /* of the keys */
};

/* --- files ------------------------------------------------------------------------------------------------------ */

static enum status export_write(struct export_work *work, const char *folder, const char *name,
                                struct bytes content, struct error *error)
{
    char *directory = file_path_join(work->root, folder);
    enum status status = file_replace(directory, name, content, error);
    memory_destroy(directory);
    return status;
}

static void export_put_md5(struct bytes content, struct buffer *text)
{
    uint8_t digest[MD5_BYTES];
    crypto_md5(content, digest);
    base64_encode(bytes_of(digest, sizeof(digest)), text);
}

/* A file, and its checksum beside it. */
static enum status export_write_manifest(struct export_work *work, const char *name,
                                         const struct buffer *content, struct error *error)
{
    struct buffer sum = {0};
    char *json = arena_format(&work->arena, "%s.json", name);
    char *md5 = arena_format(&work->arena, "%s.md5", name);
    enum status status = export_write(work, work->folder, json, buffer_bytes(content), error);
    if (status == STATUS_OK) {
        export_put_md5(buffer_bytes(content), &sum);
        status = export_write(work, work->folder, md5, buffer_bytes(&sum), error);
    }
    buffer_reset(&sum);
    return status;
}

static const char *export_file_name(struct arena *arena)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t bits[EXPORT_NAME_BYTES];
    char name[EXPORT_NAME_BYTES + 1] = {0};
    random_secret(bits, sizeof(bits));
    for (size_t i = 0; i < EXPORT_NAME_BYTES; i++) {
        name[i] = letters[bits[i] & 31];
    }
    return arena_format(arena, "%s.json.gz", name);
}

/* Ends the data file that is under way. */
static enum status export_end_file(struct export_work *work, struct error *error)
{
    uint8_t digest[MD5_BYTES];
    struct buffer *manifest = &work->manifest;
    const char *name = export_file_name(&work->arena);
    if (work->file.size == 0) {
        gzip_encode((struct bytes){0}, &work->file);
    }
    enum status status = export_write(work, work->data_folder, name, buffer_bytes(&work->file), error);
    if (status != STATUS_OK) {
        return status;
    }
    crypto_md5(buffer_bytes(&work->file), digest);
    buffer_put_format(manifest, "{\"itemCount\":%llu,\"md5Checksum\":\"",
                      (unsigned long long)work->file_items);
    export_put_md5(buffer_bytes(&work->file), manifest);
    buffer_put_text(manifest, "\",\"etag\":\"");
    for (size_t i = 0; i < sizeof(digest); i++) {
        buffer_put_format(manifest, "%02x", digest[i]);
    }
    buffer_put_text(manifest, "-1\",");
    json_word(manifest, "dataFileS3Key", arena_format(&work->arena, "%s/%s", work->data_folder, name));
    buffer_put_text(manifest, "}\n");
    buffer_clear(&work->file);
    work->file_items = 0;
    return STATUS_OK;
}

/* What a piece has brought goes into the file. */
static enum status export_end_piece(struct export_work *work, struct error *error)
{
    if (work->lines.size > 0) {
        gzip_encode(buffer_bytes(&work->lines), &work->file);
        buffer_clear(&work->lines);
    }
    return work->file.size >= DYNAMODB_EXPORT_FILE_BYTES ? export_end_file(work, error) : STATUS_OK;
}

/* --- all items -------------------------------------------------------------------------------------------------- */

static void export_visit(void *context, const struct gate_row *row)
{
    struct export_work *work = context;
    buffer_put_text(&work->lines, "{\"Item\":");
    attributes_put_image(&work->lines, row->image, &work->arena);
    buffer_put_text(&work->lines, "}\n");
    work->items++;
    work->file_items++;
    work->bytes += row->image.size;
}

static enum status export_step_page(struct export_work *work, struct error *error)
{
    struct gate_page page = {0};
    struct gate_query query = {.table = work->plan.table,
                               .next = buffer_bytes(&work->next),
                               .as_of = work->plan.lsn};
    enum status status = gate_query(transfer_view(work->job->transfer), &query, &work->arena, export_visit,
                                    work, &page, NULL, error);
    if (status != STATUS_OK) {
        return status;
    }
    buffer_clear(&work->next);
    buffer_put(&work->next, page.next);
    work->phase = page.next.size == 0 ? EXPORT_END : EXPORT_PAGES;
    return export_end_piece(work, error);
}

/* --- what changed ----------------------------------------------------------------------------------------------- */

static enum status changes_open(struct export_work *work, struct error *error)
{
    uint64_t start = 0;
    uint64_t horizon = 0;
    const struct subscription_options options = {.table = work->plan.table,
                                                 .start = FEED_LSN,
                                                 .lsn = work->plan.since_lsn + 1,
                                                 .wants_meta = true};
    return subscription_open(transfer_feed(work->job->transfer), &options, &work->subscription, &start,
                             &horizon, error);
}

/* Notes the item that a record changes. */
static enum status changes_add(struct export_work *work, const struct feed_record *change,
                               struct error *error)
{
    struct buffer image = {0};
    struct buffer key = {0};
    const struct record *record = &change->record;
    const struct schema *schema = gate_schema_of(transfer_gate(work->job->transfer), record);
    enum operation operation = record->operation;
    if (operation == OPERATION_SCHEMA) {
        return STATUS_OK;
    }
    bool is_row =
        operation == OPERATION_INSERT || operation == OPERATION_MODIFY || operation == OPERATION_REMOVE;
    if (!is_row || schema == NULL) {
        work->job->failure_code = "ExportConflict";
        return error_set(error, STATUS_STALE,
                         "The table was emptied or replaced in the period; make a full export");
    }
    struct bytes old = record_old_image(record, &image);
    struct value item =
        item_of_image((record->flags & RECORD_HAS_NEW) != 0 ? record->new_image : old, &work->arena);
    struct value attributes = key_of_item(schema, &item, &work->arena);
    codec_value_encode(&key, &attributes);
    int64_t *time_us = map_get(work->changed, buffer_bytes(&key));
    if (time_us == NULL) {
        time_us = arena_create(&work->job->arena, sizeof(*time_us));
        (void)map_put(work->changed, buffer_bytes(&key), time_us);
        work->changed_bytes += key.size;
    }
    *time_us = change->commit_time_us;
    buffer_reset(&image);
    buffer_reset(&key);
    return map_count(work->changed) <= DYNAMODB_EXPORT_KEYS_MAX &&
                   work->changed_bytes <= DYNAMODB_EXPORT_KEYS_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "More than %d items, or %d bytes of their keys, changed in the period; name a "
                           "shorter one",
                           DYNAMODB_EXPORT_KEYS_MAX, DYNAMODB_EXPORT_KEYS_BYTES_MAX);
}

static enum status export_step_changes(struct export_work *work, struct error *error)
{
    enum status status = STATUS_OK;
    if (work->plan.since_lsn >= work->plan.lsn) {
        work->phase = EXPORT_END;
        return STATUS_OK;
    }
    if (work->subscription == NULL) {
        status = changes_open(work, error);
    }
    for (size_t i = 0; i < EXPORT_CHANGES_STEP && status == STATUS_OK; i++) {
        struct feed_record record;
        status = subscription_next(work->subscription, NULL, &record, error);
        if (status == STATUS_END || (status == STATUS_OK && record.lsn > work->plan.lsn)) {
            work->phase = EXPORT_IMAGES;
            return STATUS_OK;
        }
        if (status == STATUS_OK) {
            status = changes_add(work, &record, error);
        }
    }
    return status;
}

/* The image of an item as of an LSN; empty: there was none. */
static enum status change_image(struct export_work *work, const struct value *key, uint64_t lsn,
                                struct bytes *ret_image, struct error *error)
{
    struct bytes image = {0};
    *ret_image = image;
    if (lsn == 0) {
        return STATUS_OK;
    }
    enum status status = gate_get(transfer_view(work->job->transfer), work->plan.table, key, lsn,
                                  &work->arena, NULL, &image, error);
    if (status == STATUS_OK) {
        *ret_image = arena_copy(&work->arena, image);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status change_put(struct export_work *work, struct bytes encoded, int64_t time_us,
                              struct error *error)
{
    struct bytes old = {0};
    struct bytes new = {0};
    struct buffer *lines = &work->lines;
    struct value key = item_of_image(encoded, &work->arena);
    enum status status = change_image(work, &key, work->plan.since_lsn, &old, error);
    if (status == STATUS_OK) {
        status = change_image(work, &key, work->plan.lsn, &new, error);
    }
    if (status != STATUS_OK || bytes_equal(old, new)) {
        return status; /* the same at the end as at the beginning */
    }
    buffer_put_format(lines, "{\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"%lld\"}},\"Keys\":",
                      (long long)time_us);
    attributes_put(lines, &key);
    if (old.size > 0 && work->plan.wants_old_images) {
        buffer_put_text(lines, ",\"OldImage\":");
        attributes_put_image(lines, old, &work->arena);
    }
    if (new.size > 0) {
        buffer_put_text(lines, ",\"NewImage\":");
        attributes_put_image(lines, new, &work->arena);
    }
    buffer_put_text(lines, "}\n");
    work->items++;
    work->file_items++;
    work->bytes += old.size + new.size;
    return STATUS_OK;
}

static enum status export_step_images(struct export_work *work, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < EXPORT_ITEMS_STEP && status == STATUS_OK; i++) {
        struct bytes key;
        void *time_us = NULL;
        if (!map_next(work->changed, &work->changed_position, &key, &time_us)) {
            work->phase = EXPORT_END;
            break;
        }
        status = change_put(work, key, *(int64_t *)time_us, error);
    }
    return status == STATUS_OK ? export_end_piece(work, error) : status;
}

/* --- beginning and end ------------------------------------------------------------------------------------------ */

static enum status export_begin(struct export_work *work, struct error *error)
{
    enum status status =
        bucket_directory_create(transfer_directory(work->job->transfer),
                                arena_format(&work->arena, "%.*s/%s", (int)work->plan.bucket.size,
                                             (const char *)work->plan.bucket.data, work->folder),
                                error);
    if (status == STATUS_OK) {
        status = bucket_directory_create(work->root, work->data_folder, error);
    }
    if (status == STATUS_OK) {
        status = export_write(work, work->folder, "_started", (struct bytes){0}, error);
    }
    work->phase = work->plan.is_incremental ? EXPORT_CHANGES : EXPORT_PAGES;
    return status;
}

static void summary_time(struct buffer *body, const char *name, int64_t time_us)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(time_us, text);
    text[23] = 'Z'; /* milliseconds */
    text[24] = '\0';
    json_word(body, name, text);
}

/* null when the request did not say. */
static void summary_text(struct buffer *body, const char *name, const struct value *facts, const char *member)
{
    struct bytes text = text_of(facts, member);
    json_name(body, name);
    if (text.size == 0) {
        buffer_put_text(body, "null");
    } else {
        codec_json_put_text(body, text);
    }
}

static void summary_put(const struct export_work *work, struct buffer *body, struct arena *arena)
{
    const struct value *facts = &work->job->facts;
    const struct export_plan *plan = &work->plan;
    json_open(body, '{');
    json_word(body, "version", plan->is_incremental ? "2023-08-01" : "2020-06-30");
    summary_text(body, "exportArn", facts, "ExportArn");
    summary_time(body, "startTime", work->started_us);
    summary_time(body, "endTime", clock_wall_us(clock_system()));
    summary_text(body, "tableArn", facts, "TableArn");
    summary_text(body, "tableId", facts, "TableId");
    if (plan->is_incremental) {
        summary_time(body, "exportFromTime", plan->since_us);
        summary_time(body, "exportToTime", plan->time_us);
    } else {
        summary_time(body, "exportTime", plan->time_us);
    }
    summary_text(body, "s3Bucket", facts, "S3Bucket");
    summary_text(body, "s3Prefix", facts, "S3Prefix");
    summary_text(body, "s3SseAlgorithm", facts, "S3SseAlgorithm");
    summary_text(body, "s3SseKmsKeyId", facts, "S3SseKmsKeyId");
    json_word(body, "manifestFilesS3Key", arena_format(arena, "%s/manifest-files.json", work->folder));
    json_integer(body, "billedSizeBytes", (int64_t)work->bytes);
    json_integer(body, "itemCount", (int64_t)work->items);
    json_word(body, "outputFormat", "DYNAMODB_JSON");
    if (plan->is_incremental) {
        json_word(body, "outputView", plan->wants_old_images ? "NEW_AND_OLD_IMAGES" : "NEW_IMAGE");
    }
    json_word(body, "exportType", plan->is_incremental ? "INCREMENTAL_EXPORT" : "FULL_EXPORT");
    json_close(body, '}');
}

static enum status export_end(struct export_work *work, struct error *error)
{
    struct buffer summary = {0};
    enum status status = STATUS_OK;
    if (work->file.size > 0 || work->manifest.size == 0) {
        status = export_end_file(work, error);
    }
    if (status == STATUS_OK) {
        status = export_write_manifest(work, "manifest-files", &work->manifest, error);
    }
    if (status == STATUS_OK) {
        summary_put(work, &summary, &work->arena);
        status = export_write_manifest(work, "manifest-summary", &summary, error);
    }
    buffer_reset(&summary);
    return status == STATUS_OK ? STATUS_END : status;
}

/* --- the job ---------------------------------------------------------------------------------------------------- */

static enum status export_step(struct transfer_job *job, struct error *error)
{
    struct export_work *work = job->state;
    arena_clear(&work->arena);
    switch (work->phase) {
    case EXPORT_BEGIN:
        return export_begin(work, error);
    case EXPORT_PAGES:
        return export_step_page(work, error);
    case EXPORT_CHANGES:
        return export_step_changes(work, error);
    case EXPORT_IMAGES:
        return export_step_images(work, error);
    case EXPORT_END:
        break;
    }
    return export_end(work, error);
}

static void export_report(const struct transfer_job *job, struct value *facts, struct arena *arena)
{
    const struct export_work *work = job->state;
    struct value items = value_of_integer((int64_t)work->items);
    struct value bytes = value_of_integer((int64_t)work->bytes);
    map_set_member(facts, "ItemCount", &items, arena);
    map_set_member(facts, "BilledSizeBytes", &bytes, arena);
}

static void export_release(struct transfer_job *job)
{
    struct export_work *work = job->state;
    subscription_close(&work->subscription);
    map_destroy(&work->changed);
    buffer_reset(&work->lines);
    buffer_reset(&work->file);
    buffer_reset(&work->manifest);
    buffer_reset(&work->next);
    arena_reset(&work->arena);
}

void export_prepare(struct transfer_job *job, const struct export_plan *plan)
{
    struct arena *arena = &job->arena;
    struct export_work *work = arena_create(arena, sizeof(*work));
    work->job = job;
    work->plan = *plan;
    work->plan.table = arena_copy(arena, plan->table);
    work->plan.bucket = arena_copy(arena, plan->bucket);
    work->plan.folder = arena_copy(arena, plan->folder);
    work->started_us = clock_wall_us(clock_system());
    work->root = arena_format(arena, "%s/%.*s", transfer_directory(job->transfer), (int)plan->bucket.size,
                              (const char *)plan->bucket.data);
    const char *folder = arena_copy_text(arena, plan->folder);
    work->folder = arena_format(arena, "%s/%.*s", folder, (int)job->id.size, (const char *)job->id.data);
    work->data_folder = arena_format(arena, "%s/data", plan->is_incremental ? folder : work->folder);
    work->changed = map_create();
    job->state = work;
    job->step = export_step;
    job->report = export_report;
    job->end = export_release;
}
