/* An import at work. What is wrong with a line, or a file, is counted and written to .imports/ID.errors; what is wrong with the
 * table or the server ends it. */
#include <fcntl.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/memory.h"
#include "bucket.h"
#include "csv_items.h"
#include "expression/expression.h"
#include "import.h"
#include "net/gzip.h"

struct import_work {
    struct transfer_job *job;
    struct import_plan plan;
    const struct aws_shape *put; /* what an item must look like: PutItem's input */
    struct bucket_files files;
    bool has_begun;
    size_t file_at;
    struct file file;
    uint64_t file_bytes;
    uint64_t offset;
    bool is_at_end;  /* all of the file is in `text` */
    bool is_refused; /* its header cannot be used */
    struct gzip_decoder *decoder;
    struct buffer piece;
    struct bytes piece_rest; /* of `piece`, not decoded yet */
    struct buffer text;      /* decoded, of which no whole line was made yet */
    bool is_skipping;        /* in the rest of a line that is too long */
    uint64_t line;           /* of the file, from 0 */
    struct arena file_arena;
    struct csv_columns columns;
    bool has_columns;
    struct arena batch; /* of the transaction that is being gathered */
    struct gate_change changes[DYNAMODB_IMPORT_ITEMS_MAX];
    uint64_t lines[DYNAMODB_IMPORT_ITEMS_MAX];
    size_t files_of[DYNAMODB_IMPORT_ITEMS_MAX];
    size_t count;
    size_t batch_bytes;
    struct file errors_file;
    uint64_t errors_bytes;
    uint64_t processed;
    uint64_t imported;
    uint64_t errors;
    uint64_t bytes;
};

/* --- errors ----------------------------------------------------------------------------------------------------- */

static enum status errors_open(struct import_work *work, struct error *error)
{
    const char *path = arena_format(&work->job->arena, "%s/%s/%.*s.errors",
                                    transfer_directory(work->job->transfer), record_folder(TRANSFER_IMPORT),
                                    (int)work->job->id.size, (const char *)work->job->id.data);
    return work->errors_file.descriptor >= 0
               ? STATUS_OK
               : file_open(path, O_WRONLY | O_CREAT | O_TRUNC, &work->errors_file, error);
}

/* Counts an error, and writes it down as AWS does in its logs. */
static enum status import_error(struct import_work *work, size_t file, uint64_t line, const char *text,
                                struct error *error)
{
    struct buffer body = {0};
    work->errors++;
    if (work->errors > DYNAMODB_IMPORT_ERRORS_MAX) {
        return STATUS_OK;
    }
    json_open(&body, '{');
    json_name(&body, "itemS3Pointer");
    json_open(&body, '{');
    json_text(&body, "bucket", work->plan.bucket);
    json_word(&body, "key", work->files.at[file].key);
    json_integer(&body, "itemIndex", (int64_t)line);
    json_close(&body, '}');
    json_text(&body, "importArn", work->plan.arn);
    json_name(&body, "errorMessages");
    json_open(&body, '[');
    codec_json_put_text(&body, bytes_of_text(text));
    buffer_put_text(&body, "]}\n");
    enum status status = errors_open(work, error);
    if (status == STATUS_OK) {
        status = file_write_at(&work->errors_file, buffer_bytes(&body), work->errors_bytes, error);
        work->errors_bytes += body.size;
    }
    buffer_reset(&body);
    return status;
}

static enum status import_line_error(struct import_work *work, const char *text, struct error *error)
{
    return import_error(work, work->file_at, work->line, text, error);
}

/* --- transactions ----------------------------------------------------------------------------------------------- */

static bool is_about_items(enum status status)
{
    return status == STATUS_INVALID || status == STATUS_TOO_LARGE || status == STATUS_CONDITION;
}

/* Takes those changes out that a transaction failed for. */
static enum status batch_drop(struct import_work *work, const struct transfer_outcome *outcome,
                              struct error *error)
{
    enum status status = STATUS_OK;
    size_t kept = 0;
    for (size_t i = 0; i < work->count && status == STATUS_OK; i++) {
        if (outcome->are_failed[i]) {
            status = import_error(work, work->files_of[i], work->lines[i], outcome->text, error);
            continue;
        }
        work->changes[kept] = work->changes[i];
        work->lines[kept] = work->lines[i];
        work->files_of[kept++] = work->files_of[i];
    }
    if (status == STATUS_OK && kept == work->count) {
        status = error_set(error, outcome->status, "%s", outcome->text);
    }
    work->count = kept;
    return status;
}

static enum status batch_flush(struct import_work *work, struct error *error)
{
    bool are_failed[DYNAMODB_IMPORT_ITEMS_MAX];
    struct transfer_outcome outcome = {.are_failed = are_failed};
    enum status status = STATUS_OK;
    while (work->count > 0 && status == STATUS_OK) { /* every round has fewer */
        transfer_submit(work->job->transfer, work->changes, work->count, work->plan.actor, &outcome);
        if (outcome.status == STATUS_OK) {
            work->imported += work->count;
            work->count = 0;
        } else if (is_about_items(outcome.status)) {
            are_failed[0] = are_failed[0] || work->count == 1;
            status = batch_drop(work, &outcome, error);
        } else {
            status = error_set(error, outcome.status, "%s", outcome.text);
        }
    }
    arena_clear(&work->batch);
    work->batch_bytes = 0;
    return status;
}

static enum status batch_add(struct import_work *work, const struct value *item, struct error *error)
{
    struct value *kept = arena_create(&work->batch, sizeof(*kept));
    *kept = *item;
    work->changes[work->count] = (struct gate_change){.kind = GATE_PUT,
                                                      .table = work->plan.schema->name,
                                                      .item = kept,
                                                      .bounds = &dynamodb_item_bounds};
    work->lines[work->count] = work->line;
    work->files_of[work->count] = work->file_at;
    work->count++;
    return work->count == DYNAMODB_IMPORT_ITEMS_MAX ? batch_flush(work, error) : STATUS_OK;
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

/* A line {"Item":{…}}, judged as a PutItem would be. NULL, or what is wrong. */
static const char *json_item_read(struct import_work *work, struct bytes line, struct call *call,
                                  struct value *ret_item)
{
    struct error error;
    struct aws_failure failure;
    struct value json;
    if (codec_json_decode_plain(line, &work->batch, &json, &error) != STATUS_OK) {
        return arena_format(&work->batch, "The line is no JSON: %s", error.text);
    }
    const struct value *item = json.kind == VALUE_MAP ? member_of(&json, "Item") : NULL;
    if (item == NULL) {
        return "The line is no object with the member Item";
    }
    const struct value_member members[] = {{"Item", *item},
                                           {"TableName", value_of_text(work->plan.schema->name)}};
    struct value input = value_of_members(&work->batch, members, ARRAY_COUNT(members));
    if (!aws_input_check(work->put, &input, &work->batch, &failure)) {
        return failure.text == NULL ? "The item is none in DynamoDB JSON" : failure.text;
    }
    return attributes_read(call, item, ret_item) == STATUS_OK ? NULL : call->failure.text;
}

static enum status import_line(struct import_work *work, struct bytes line, struct error *error)
{
    struct value item;
    struct call call = {.arena = &work->batch}; /* of no request: where checks leave their texts */
    const char *problem = NULL;
    if (work->plan.is_csv && !work->has_columns) {
        problem = csv_columns_read(line, work->plan.delimiter, work->plan.schema, &work->file_arena,
                                   &work->columns);
        work->has_columns = problem == NULL;
        work->is_refused = problem != NULL;
        return problem == NULL ? STATUS_OK : import_line_error(work, problem, error);
    }
    work->processed++;
    work->batch_bytes += line.size;
    if (work->plan.is_csv) {
        struct bytes copy = arena_copy(&work->batch, line);
        problem = csv_item_read(copy, work->plan.delimiter, &work->columns, &work->batch, &item);
    } else {
        problem = json_item_read(work, arena_copy(&work->batch, line), &call, &item);
    }
    if (problem == NULL && document_bytes(&item) > DYNAMODB_ITEM_BYTES_MAX) {
        problem = "Item size has exceeded the maximum allowed size";
    }
    if (problem == NULL && key_check_item(&call, work->plan.schema, &item) != STATUS_OK) {
        problem = call.failure.text;
    }
    enum status status =
        problem == NULL ? batch_add(work, &item, error) : import_line_error(work, problem, error);
    return status == STATUS_OK && work->batch_bytes >= DYNAMODB_IMPORT_BYTES_MAX ? batch_flush(work, error)
                                                                                 : status;
}

/* Where the first line of `text` ends; text.size: not in here. */
static size_t line_end(const struct import_work *work, struct bytes text)
{
    if (work->plan.is_csv && !work->is_skipping) {
        return csv_record_size(text, work->plan.delimiter);
    }
    const uint8_t *end = bytes_find_byte(text, '\n');
    return end == NULL ? text.size : (size_t)(end - text.data);
}

static enum status import_whole_line(struct import_work *work, struct bytes line, struct error *error)
{
    enum status status = STATUS_OK;
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    if (line.size > DYNAMODB_IMPORT_LINE_BYTES_MAX) {
        work->processed++;
        status = import_line_error(work, "The line is longer than what an item can need", error);
    } else if (line.size > 0 && !work->is_skipping) {
        status = import_line(work, line, error);
    }
    work->is_skipping = false;
    work->line++;
    return status;
}

/* Makes items of the lines that `text` has. */
static enum status import_lines(struct import_work *work, struct error *error)
{
    enum status status = STATUS_OK;
    struct bytes text = buffer_bytes(&work->text);
    while (status == STATUS_OK && text.size > 0 && !work->is_refused) {
        size_t end = line_end(work, text);
        if (end == text.size && !work->is_at_end) {
            break;
        }
        status = import_whole_line(work, bytes_part(text, 0, end), error);
        text = bytes_from(text, end < text.size ? end + 1 : end);
    }
    if (status == STATUS_OK && text.size > DYNAMODB_IMPORT_LINE_BYTES_MAX && !work->is_refused) {
        if (!work->is_skipping) {
            work->processed++;
            status = import_line_error(work, "The line is longer than what an item can need", error);
        }
        work->is_skipping = true;
        text.size = 0;
    }
    if (text.size > 0) {
        memmove(work->text.data, text.data, text.size);
    }
    work->text.size = text.size;
    return status;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static void import_file_close(struct import_work *work)
{
    file_close(&work->file);
    work->file = FILE_CLOSED;
    gzip_decoder_destroy(&work->decoder);
    work->file_at++;
}

static enum status import_file_open(struct import_work *work, struct error *error)
{
    struct error problem;
    const char *path = work->files.at[work->file_at].path;
    enum status status = work->plan.is_csv ? batch_flush(work, error) : STATUS_OK;
    if (status != STATUS_OK) { /* items name the columns of the file before */
        return status;
    }
    status = file_open(path, O_RDONLY | O_NOFOLLOW, &work->file, &problem);
    if (status == STATUS_OK) {
        status = file_size(&work->file, &work->file_bytes, &problem);
    }
    work->offset = 0;
    work->line = 0;
    work->is_at_end = false;
    work->is_refused = false;
    work->is_skipping = false;
    work->piece_rest = (struct bytes){0};
    buffer_clear(&work->text);
    arena_clear(&work->file_arena);
    work->has_columns = false;
    work->decoder = work->plan.is_gzip ? gzip_decoder_create() : NULL;
    const char *text = problem.text;
    if (status == STATUS_OK && work->plan.headers != NULL) {
        text = csv_columns_list(work->plan.headers, work->plan.schema, &work->file_arena, &work->columns);
        work->has_columns = text == NULL;
        status = text == NULL ? STATUS_OK : STATUS_INVALID;
    }
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    status = import_line_error(work, text, error);
    import_file_close(work);
    return status;
}

static enum status import_piece_read(struct import_work *work, struct error *error)
{
    uint64_t left = work->file_bytes - work->offset;
    size_t size = left < DYNAMODB_IMPORT_PIECE_BYTES ? (size_t)left : DYNAMODB_IMPORT_PIECE_BYTES;
    buffer_clear(&work->piece);
    uint8_t *data = buffer_extend(&work->piece, size);
    enum status status = size == 0 ? STATUS_OK : file_read_at(&work->file, data, size, work->offset, error);
    work->offset += size;
    work->bytes += size;
    work->piece_rest = bytes_of(data, size);
    return status;
}

/* Brings more of the file into `text`. A failure is about this file. */
static enum status import_read(struct import_work *work, struct error *error)
{
    enum status status = STATUS_OK;
    struct gzip_decoder *decoder = work->decoder;
    if (work->piece_rest.size == 0 && (decoder == NULL || !gzip_decoder_has_more(decoder))) {
        status = import_piece_read(work, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (decoder == NULL) {
        buffer_put(&work->text, work->piece_rest);
        work->piece_rest.size = 0;
    } else if (gzip_decoder_step(decoder, &work->piece_rest, DYNAMODB_IMPORT_TEXT_BYTES, &work->text) !=
               STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "The file is no gzip, or damaged");
    }
    work->is_at_end = work->offset == work->file_bytes && work->piece_rest.size == 0 &&
                      (decoder == NULL || !gzip_decoder_has_more(decoder));
    return work->is_at_end && decoder != NULL && !gzip_decoder_is_whole(decoder)
               ? error_set(error, STATUS_CORRUPT, "The file is cut short")
               : STATUS_OK;
}

static enum status import_step_file(struct import_work *work, struct error *error)
{
    struct error problem;
    enum status status = import_read(work, &problem);
    if (status != STATUS_OK) {
        status = import_line_error(work, problem.text, error);
        import_file_close(work);
        return status;
    }
    status = import_lines(work, error);
    if (work->is_at_end || work->is_refused) {
        import_file_close(work);
    }
    return status;
}

/* --- the job ---------------------------------------------------------------------------------------------------- */

static enum status import_begin(struct import_work *work, struct error *error)
{
    const char *bucket = arena_copy_text(&work->job->arena, work->plan.bucket);
    enum status status = bucket_list(transfer_directory(work->job->transfer), bucket, work->plan.prefix,
                                     &work->job->arena, &work->files, error);
    work->has_begun = true;
    if (status == STATUS_NOT_FOUND) {
        work->job->failure_code = "S3NoSuchBucket";
    } else if (status == STATUS_OK && work->files.count == 0) {
        work->job->failure_code = "S3NoSuchKey";
        status = error_set(error, STATUS_NOT_FOUND, "The bucket %s has no file under the prefix", bucket);
    }
    return status;
}

static enum status import_step(struct transfer_job *job, struct error *error)
{
    struct import_work *work = job->state;
    if (!work->has_begun) {
        return import_begin(work, error);
    }
    if (work->file.descriptor >= 0) {
        return import_step_file(work, error);
    }
    if (work->file_at < work->files.count) {
        return import_file_open(work, error);
    }
    enum status status = batch_flush(work, error);
    return status == STATUS_OK ? STATUS_END : status;
}

static void import_report(const struct transfer_job *job, struct value *facts, struct arena *arena)
{
    const struct import_work *work = job->state;
    struct value processed = value_of_integer((int64_t)work->processed);
    struct value imported = value_of_integer((int64_t)work->imported);
    struct value errors = value_of_integer((int64_t)work->errors);
    struct value bytes = value_of_integer((int64_t)work->bytes);
    map_set_member(facts, "ProcessedItemCount", &processed, arena);
    map_set_member(facts, "ImportedItemCount", &imported, arena);
    map_set_member(facts, "ErrorCount", &errors, arena);
    map_set_member(facts, "ProcessedSizeBytes", &bytes, arena);
}

static void import_release(struct transfer_job *job)
{
    struct import_work *work = job->state;
    file_close(&work->file);
    file_close(&work->errors_file);
    gzip_decoder_destroy(&work->decoder);
    buffer_reset(&work->piece);
    buffer_reset(&work->text);
    arena_reset(&work->file_arena);
    arena_reset(&work->batch);
}

void import_prepare(struct transfer_job *job, const struct import_plan *plan)
{
    struct arena *arena = &job->arena;
    struct import_work *work = arena_create(arena, sizeof(*work));
    size_t service = 0;
    work->job = job;
    work->plan = *plan;
    work->plan.schema = schema_copy(plan->schema, arena);
    work->plan.actor = arena_copy(arena, plan->actor);
    work->plan.arn = arena_copy(arena, plan->arn);
    work->plan.bucket = arena_copy(arena, plan->bucket);
    work->plan.prefix = arena_copy(arena, plan->prefix);
    if (plan->headers != NULL) {
        struct value *headers = arena_create(arena, sizeof(*headers));
        *headers = properties_decode(properties_encode(plan->headers, arena), arena);
        work->plan.headers = headers;
    }
    work->put = aws_operation_find(bytes_of_text("DynamoDB_20120810.PutItem"), &service)->input;
    work->file = FILE_CLOSED;
    work->errors_file = FILE_CLOSED;
    job->state = work;
    job->step = import_step;
    job->report = import_report;
    job->end = import_release;
}
