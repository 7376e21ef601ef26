/* ImportTable, DescribeImport, ListImports. */
#include "import.h"

#include "bucket.h"

bool import_is_running(struct call *call, struct bytes id)
{
    struct value facts;
    struct dynamodb_transfer *transfer = call->door->options.transfer;
    return transfer != NULL &&
           record_read(transfer_directory(transfer), TRANSFER_IMPORT, id, call->arena, &facts, NULL) ==
               STATUS_OK &&
           text_is(text_of(&facts, "ImportStatus"), "IN_PROGRESS");
}

/* --- what is asked for ------------------------------------------------------------------------------------------ */

static enum status import_check(struct call *call)
{
    const struct value *source = member_of(call->input, "S3BucketSource");
    const struct value *options = member_of(call->input, "InputFormatOptions");
    struct bytes format = text_of(call->input, "InputFormat");
    if (text_is(format, "ION")) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "InputFormat ION is not supported by this server; use DYNAMODB_JSON or CSV");
    }
    if (text_is(text_of(call->input, "InputCompressionType"), "ZSTD")) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "InputCompressionType ZSTD is not supported by this server; use GZIP or NONE");
    }
    if (member_of(options, "Csv") != NULL && !text_is(format, "CSV")) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "InputFormatOptions Csv is allowed only when InputFormat is CSV");
    }
    enum status status = bucket_check(call, text_of(source, "S3Bucket"), text_of(source, "S3KeyPrefix"));
    return status == STATUS_OK ? transfer_check(call) : status;
}

static void import_plan_read(struct call *call, const struct schema *schema, struct import_plan *plan)
{
    const struct value *source = member_of(call->input, "S3BucketSource");
    const struct value *csv = member_of(member_of(call->input, "InputFormatOptions"), "Csv");
    struct bytes delimiter = text_of(csv, "Delimiter");
    plan->schema = schema;
    plan->actor = call->principal;
    plan->bucket = text_of(source, "S3Bucket");
    plan->prefix = text_of(source, "S3KeyPrefix");
    plan->is_csv = text_is(text_of(call->input, "InputFormat"), "CSV");
    plan->is_gzip = text_is(text_of(call->input, "InputCompressionType"), "GZIP");
    plan->delimiter = delimiter.size == 1 ? delimiter.data[0] : ',';
    plan->headers = member_of(csv, "HeaderList");
}

/* --- the record ------------------------------------------------------------------------------------------------- */

static struct value import_facts(struct call *call, struct bytes table, struct bytes id)
{
    static const char *const copied[] = {"ClientToken",          "S3BucketSource",
                                         "InputFormat",          "InputFormatOptions",
                                         "InputCompressionType", "TableCreationParameters"};
    struct arena *arena = call->arena;
    struct value facts = {.kind = VALUE_MAP};
    struct value none = value_of_word("NONE");
    struct value table_text = value_of_text(table_arn(call, table, arena));
    struct value zero = value_of_integer(0);
    struct value arn =
        value_of_word(arena_format(arena, "%.*s/import/%.*s", (int)table_text.bytes.size,
                                   (const char *)table_text.bytes.data, (int)id.size, (const char *)id.data));
    map_set_member(&facts, "InputCompressionType", &none, arena);
    transfer_copy_members(call, copied, ARRAY_COUNT(copied), &facts);
    map_set_member(&facts, "TableArn", &table_text, arena);
    map_set_member(&facts, "ImportArn", &arn, arena);
    map_set_member(&facts, "ErrorCount", &zero, arena);
    map_set_member(&facts, "ProcessedItemCount", &zero, arena);
    map_set_member(&facts, "ImportedItemCount", &zero, arena);
    map_set_member(&facts, "ProcessedSizeBytes", &zero, arena);
    return facts;
}

/* --- operations ------------------------------------------------------------------------------------------------- */

struct import_start {
    struct transfer_job *job;
    struct schema schema; /* as it was asked for */
};

/* The table is there, or not. */
static void import_created(struct call *call)
{
    struct import_start *start = call->state;
    struct transfer_job *job = start->job;
    const struct schema *schema = NULL;
    struct error error;
    struct import_plan plan = {.arn = text_of(&job->facts, "ImportArn")};
    enum status status = call->outcome.status;
    const char *text = call->outcome.text;
    if (status == STATUS_OK) {
        status = gate_table_find(call->door->options.gate, start->schema.name, &schema, &error);
        text = error.text;
    }
    if (status != STATUS_OK) {
        (void)call_fail_error(call, status, text);
        transfer_job_forget(&job);
        call_reply_failure(call);
        return;
    }
    struct value properties = properties_decode(schema->properties, call->arena);
    struct value table_id_text = value_of_text(text_of(&properties, "TableId"));
    map_set_member(&job->facts, "TableId", &table_id_text, call->arena);
    job->facts = properties_decode(properties_encode(&job->facts, &job->arena), &job->arena);
    import_plan_read(call, schema, &plan);
    import_prepare(job, &plan);
    struct value shown = properties_decode(properties_encode(&job->facts, call->arena), call->arena);
    if (transfer_job_start(call, &job) != STATUS_OK) {
        call_reply_failure(call);
        return;
    }
    transfer_reply(call, "ImportTableDescription", &shown);
}

enum status imports_start(struct call *call)
{
    struct value facts;
    const struct value *parameters = member_of(call->input, "TableCreationParameters");
    struct import_start *start = arena_create(call->arena, sizeof(*start));
    enum status status = import_check(call);
    if (status == STATUS_OK) {
        status = transfer_check_token(call, TRANSFER_IMPORT, &facts);
    }
    if (status == STATUS_EXISTS) {
        transfer_reply(call, "ImportTableDescription", &facts);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    /* The record is there before the table, so a table that nobody fills is told of after a crash. */
    start->job = transfer_job_create(call, TRANSFER_IMPORT);
    const char *id = arena_copy_text(call->arena, start->job->id);
    facts = import_facts(call, call_table_name(call, parameters), start->job->id);
    status = transfer_job_record(call, start->job, &facts);
    call->state = start;
    if (status == STATUS_OK) {
        status = table_create(call, parameters, id, &start->schema, import_created);
    }
    if (status != STATUS_OK) {
        transfer_job_forget(&start->job);
    }
    return status;
}

enum status imports_describe(struct call *call)
{
    struct value facts;
    enum status status = transfer_find(call, TRANSFER_IMPORT, "ImportArn", &facts);
    if (status == STATUS_OK) {
        transfer_reply(call, "ImportTableDescription", &facts);
    }
    return status;
}

enum status imports_list(struct call *call)
{
    static const char *const names[] = {"ImportArn",   "ImportStatus", "TableArn", "S3BucketSource",
                                        "InputFormat", "StartTime",    "EndTime"};
    const struct transfer_listing listing = {.kind = TRANSFER_IMPORT,
                                             .member = "ImportSummaryList",
                                             .page_size = "PageSize",
                                             .names = names,
                                             .names_count = ARRAY_COUNT(names)};
    return transfer_list(call, &listing);
}
