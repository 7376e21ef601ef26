/* ExportTableToPointInTime, DescribeExport, ListExports. */
#include "export.h"

#include "base/clock.h"
#include "bucket.h"
#include "recovery.h"
#include "value/decimal.h"

static const int64_t second_us = 1000000;

/* --- what is asked for ------------------------------------------------------------------------------------------ */

static enum status export_check(struct call *call)
{
    if (text_is(text_of(call->input, "ExportFormat"), "ION")) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "ExportFormat ION is not supported by this server; use DYNAMODB_JSON");
    }
    bool is_incremental = text_is(text_of(call->input, "ExportType"), "INCREMENTAL_EXPORT");
    const struct value *period = member_of(call->input, "IncrementalExportSpecification");
    if (!is_incremental && period != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "IncrementalExportSpecification is allowed only when ExportType is "
                         "INCREMENTAL_EXPORT");
    }
    if (is_incremental && member_of(call->input, "ExportTime") != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "ExportTime is not allowed when ExportType is INCREMENTAL_EXPORT");
    }
    if (is_incremental && member_of(period, "ExportFromTime") == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "ExportFromTime is required when ExportType is INCREMENTAL_EXPORT");
    }
    return bucket_check(call, text_of(call->input, "S3Bucket"), text_of(call->input, "S3Prefix"));
}

/* A moment of the request and the LSN it stands for; absent: now. */
static enum status export_moment(struct call *call, const struct value *moment, const struct value *recovery,
                                 int64_t *ret_time_us, uint64_t *ret_lsn)
{
    struct error error;
    int64_t now_us = clock_wall_us(clock_system());
    enum status status = STATUS_OK;
    if (moment == NULL) {
        status = gate_lsn_now(call->door->options.gate, ret_time_us, ret_lsn, &error);
        return status == STATUS_OK ? status : call_fail(call, AWS_FAILURE_EXPORT_TIME, "%s", error.text);
    }
    *ret_time_us = moment_of_seconds(&moment->decimal);
    /* A second begun counts: clients name whole seconds. */
    if (*ret_time_us > now_us || *ret_time_us + second_us - 1 < recovery_earliest_us(recovery)) {
        return call_fail(call, AWS_FAILURE_EXPORT_TIME,
                         "The specified time is not between EarliestRestorableDateTime and "
                         "LatestRestorableDateTime");
    }
    status = gate_lsn_at(call->door->options.gate, *ret_time_us, ret_lsn, &error);
    return status == STATUS_OK ? STATUS_OK : call_fail(call, AWS_FAILURE_EXPORT_TIME, "%s", error.text);
}

static enum status export_moments(struct call *call, const struct schema *schema, struct export_plan *plan)
{
    struct schema *then = NULL;
    struct value properties = properties_decode(schema->properties, call->arena);
    const struct value *recovery = member_of(&properties, "PointInTimeRecovery");
    const struct value *period = member_of(call->input, "IncrementalExportSpecification");
    enum status status = STATUS_OK;
    if (!boolean_of(recovery, "Enabled")) {
        return call_fail(call, AWS_FAILURE_RECOVERY_UNAVAILABLE,
                         "Point in time recovery is not enabled for table '%.*s'", (int)schema->name.size,
                         (const char *)schema->name.data);
    }
    if (plan->is_incremental) {
        status = export_moment(call, member_of(period, "ExportFromTime"), recovery, &plan->since_us,
                               &plan->since_lsn);
    }
    if (status == STATUS_OK) {
        status = export_moment(call,
                               member_of(plan->is_incremental ? period : call->input,
                                         plan->is_incremental ? "ExportToTime" : "ExportTime"),
                               recovery, &plan->time_us, &plan->lsn);
    }
    if (status == STATUS_OK && plan->is_incremental && plan->since_us >= plan->time_us) {
        status = call_fail(call, AWS_FAILURE_VALIDATION, "ExportFromTime must be before ExportToTime");
    }
    if (status == STATUS_OK && (plan->lsn == 0 || gate_table_at(call->door->view, schema->name, plan->lsn,
                                                                call->arena, &then, NULL) != STATUS_OK)) {
        status = call_fail(call, AWS_FAILURE_EXPORT_TIME, "The table did not exist at the specified time");
    }
    return status;
}

/* --- the record ------------------------------------------------------------------------------------------------- */

static void export_set(struct value *facts, const char *name, struct bytes text, struct arena *arena)
{
    struct value value = value_of_text(text);
    map_set_member(facts, name, &value, arena);
}

static void export_set_period(struct call *call, const struct export_plan *plan, struct value *facts)
{
    struct value from = record_time(plan->since_us, call->arena);
    struct value to = record_time(plan->time_us, call->arena);
    const struct value_member members[] = {
        {"ExportFromTime", from},
        {"ExportToTime", to},
        {"ExportViewType", value_of_word(plan->wants_old_images ? "NEW_AND_OLD_IMAGES" : "NEW_IMAGE")},
    };
    struct value period = value_of_members(call->arena, members, ARRAY_COUNT(members));
    map_set_member(facts, "IncrementalExportSpecification", &period, call->arena);
}

static struct value export_facts(struct call *call, const struct schema *schema,
                                 const struct export_plan *plan, struct bytes id)
{
    static const char *const copied[] = {"ClientToken", "S3Bucket",       "S3BucketOwner",
                                         "S3Prefix",    "S3SseAlgorithm", "S3SseKmsKeyId"};
    struct arena *arena = call->arena;
    struct value facts = {.kind = VALUE_MAP};
    struct value properties = properties_decode(schema->properties, arena);
    struct bytes table = table_arn(call, schema->name, arena);
    struct value time = record_time(plan->time_us, arena);
    transfer_copy_members(call, copied, ARRAY_COUNT(copied), &facts);
    export_set(&facts, "TableArn", table, arena);
    export_set(&facts, "ExportArn",
               bytes_of_text(arena_format(arena, "%.*s/export/%.*s", (int)table.size,
                                          (const char *)table.data, (int)id.size, (const char *)id.data)),
               arena);
    export_set(&facts, "TableId", text_of(&properties, "TableId"), arena);
    export_set(&facts, "ExportFormat", bytes_of_text("DYNAMODB_JSON"), arena);
    export_set(&facts, "ExportType",
               bytes_of_text(plan->is_incremental ? "INCREMENTAL_EXPORT" : "FULL_EXPORT"), arena);
    export_set(&facts, "ExportManifest",
               bytes_of_text(arena_format(arena, "%.*s/%.*s/manifest-summary.json", (int)plan->folder.size,
                                          (const char *)plan->folder.data, (int)id.size,
                                          (const char *)id.data)),
               arena);
    if (plan->is_incremental) {
        export_set_period(call, plan, &facts);
    } else {
        map_set_member(&facts, "ExportTime", &time, arena);
    }
    return facts;
}

/* --- operations ------------------------------------------------------------------------------------------------- */

static void export_plan_read(struct call *call, struct export_plan *plan)
{
    const struct value *period = member_of(call->input, "IncrementalExportSpecification");
    struct bytes prefix = text_of(call->input, "S3Prefix");
    size_t size = prefix.size > 0 && prefix.data[prefix.size - 1] == '/' ? prefix.size - 1 : prefix.size;
    plan->is_incremental = text_is(text_of(call->input, "ExportType"), "INCREMENTAL_EXPORT");
    plan->wants_old_images = !text_is(text_of(period, "ExportViewType"), "NEW_IMAGE");
    plan->bucket = text_of(call->input, "S3Bucket");
    plan->folder = bytes_of_text(arena_format(call->arena, "%.*s%sAWSDynamoDB", (int)size,
                                              (const char *)prefix.data, size > 0 ? "/" : ""));
}

enum status exports_start(struct call *call)
{
    const struct schema *schema = NULL;
    struct export_plan plan = {0};
    struct value facts;
    enum status status = export_check(call);
    if (status == STATUS_OK) {
        status = transfer_check_token(call, TRANSFER_EXPORT, &facts);
    }
    if (status == STATUS_EXISTS) {
        transfer_reply(call, "ExportDescription", &facts);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = table_own_kept(call, table_named_anywhere(text_of(call->input, "TableArn")), &schema);
    }
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    export_plan_read(call, &plan);
    plan.table = schema->name;
    status = export_moments(call, schema, &plan);
    if (status == STATUS_OK) {
        status = transfer_check(call);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct transfer_job *job = transfer_job_create(call, TRANSFER_EXPORT);
    facts = export_facts(call, schema, &plan, job->id);
    export_prepare(job, &plan);
    status = transfer_job_record(call, job, &facts);
    if (status != STATUS_OK) {
        transfer_job_destroy(&job);
        return status;
    }
    struct value shown = properties_decode(properties_encode(&job->facts, call->arena), call->arena);
    status = transfer_job_start(call, &job);
    if (status == STATUS_OK) {
        transfer_reply(call, "ExportDescription", &shown);
    }
    return status;
}

enum status exports_describe(struct call *call)
{
    struct value facts;
    enum status status = transfer_find(call, TRANSFER_EXPORT, "ExportArn", &facts);
    if (status == STATUS_OK) {
        transfer_reply(call, "ExportDescription", &facts);
    }
    return status;
}

enum status exports_list(struct call *call)
{
    static const char *const names[] = {"ExportArn", "ExportStatus", "ExportType"};
    const struct transfer_listing listing = {.kind = TRANSFER_EXPORT,
                                             .member = "ExportSummaries",
                                             .page_size = "MaxResults",
                                             .names = names,
                                             .names_count = ARRAY_COUNT(names)};
    return transfer_list(call, &listing);
}
