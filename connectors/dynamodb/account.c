/* What belongs to an account in AWS: limits, endpoints, policies of resources; and what this server has no use for, answered so
 * that tools which ask go on: contributor insights, Kinesis destinations, global tables. */
#include "base/clock.h"
#include "dynamodb_private.h"

static enum status reply_text(struct call *call, const char *text)
{
    struct buffer body = {0};
    buffer_put_text(&body, text);
    call_reply(call, &body);
    return STATUS_OK;
}

enum status account_limits(struct call *call)
{
    return reply_text(call, "{\"AccountMaxReadCapacityUnits\":80000,\"AccountMaxWriteCapacityUnits\":80000,"
                            "\"TableMaxReadCapacityUnits\":40000,\"TableMaxWriteCapacityUnits\":40000}");
}

enum status account_endpoints(struct call *call)
{
    struct bytes host = http_header(call->exchange, "Host");
    struct buffer body = {0};
    json_open(&body, '{');
    json_name(&body, "Endpoints");
    json_open(&body, '[');
    json_open(&body, '{');
    json_text(&body, "Address", host);
    json_integer(&body, "CachePeriodInMinutes", 1440);
    json_close(&body, '}');
    json_close(&body, ']');
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}

/* --- policies --------------------------------------------------------------------------------------------------- */

static enum status policy_table(struct call *call, const struct schema **ret_schema,
                                struct value *ret_properties)
{
    struct bytes arn = text_of(call->input, "ResourceArn");
    struct bytes table = table_of_arn(arn);
    if (!bytes_start_with(arn, bytes_of_text("arn:")) || bytes_equal(arn, table)) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid ResourceArn: %.*s", (int)arn.size,
                         (const char *)arn.data);
    }
    if (arn_is_elsewhere(call, arn)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "One or more parameter values were invalid: Invalid resource Arn: %.*s",
                         (int)arn.size, (const char *)arn.data);
    }
    enum status status = table_own(call, table, ret_schema);
    if (status == STATUS_UNSUPPORTED) {
        return status;
    }
    if (status != STATUS_OK || *ret_schema == NULL) {
        call->failure = (struct aws_failure){0};
        return call_fail(call, AWS_FAILURE_NOT_FOUND,
                         "Requested resource not found: ResourceArn: %.*s not found", (int)arn.size,
                         (const char *)arn.data);
    }
    *ret_properties = properties_decode((*ret_schema)->properties, call->arena);
    return STATUS_OK;
}

static enum status policy_fail(struct call *call)
{
    struct bytes arn = text_of(call->input, "ResourceArn");
    return call_fail(call, AWS_FAILURE_POLICY_NOT_FOUND,
                     "Resource-based policy not found for the provided ResourceArn: %.*s", (int)arn.size,
                     (const char *)arn.data);
}

/* NO_POLICY stands for: there must be none yet. */
static enum status policy_check_revision(struct call *call, const struct value *properties)
{
    struct bytes expected = text_of(call->input, "ExpectedRevisionId");
    struct bytes now = text_of(properties, "PolicyRevision");
    bool is_met =
        expected.size == 0 || (text_is(expected, "NO_POLICY") ? now.size == 0 : bytes_equal(expected, now));
    return is_met ? STATUS_OK : policy_fail(call);
}

static void policy_finish(struct call *call)
{
    struct buffer body = {0};
    if (call_was_refused(call)) {
        return;
    }
    json_open(&body, '{');
    json_word(&body, "RevisionId", call->state);
    json_close(&body, '}');
    call_reply(call, &body);
}

static enum status policy_set(struct call *call, const struct schema *schema, struct value *properties,
                              const struct value *policy)
{
    struct schema next = *schema;
    struct value revision =
        value_of_word(arena_format(call->arena, "%lld", (long long)clock_wall_us(clock_system())));
    call->state =
        arena_copy_text(call->arena, policy == NULL ? text_of(properties, "PolicyRevision") : revision.bytes);
    map_set_member(properties, "ResourcePolicy", policy, call->arena);
    map_set_member(properties, "PolicyRevision", policy == NULL ? NULL : &revision, call->arena);
    return table_alter(call, schema, &next, properties, policy_finish);
}

static enum status policy_check(struct call *call, struct bytes policy)
{
    struct value document;
    struct error error;
    enum status status = codec_json_decode_plain(policy, call->arena, &document, &error);
    return status == STATUS_OK && document.kind == VALUE_MAP
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION, "Policy is no valid JSON object");
}

enum status policies_put(struct call *call)
{
    const struct schema *schema = NULL;
    struct value properties;
    enum status status = policy_table(call, &schema, &properties);
    if (status == STATUS_OK) {
        status = policy_check_revision(call, &properties);
    }
    struct bytes policy = text_of(call->input, "Policy");
    if (status == STATUS_OK) {
        status = policy_check(call, policy);
    }
    if (status == STATUS_OK && bytes_equal(text_of(&properties, "ResourcePolicy"), policy)) {
        call->state = arena_copy_text(call->arena, text_of(&properties, "PolicyRevision"));
        policy_finish(call);
        return STATUS_OK;
    }
    return status == STATUS_OK && schema != NULL
               ? policy_set(call, schema, &properties, member_of(call->input, "Policy"))
               : STATUS_INVALID;
}

enum status policies_get(struct call *call)
{
    const struct schema *schema = NULL;
    struct value properties;
    struct buffer body = {0};
    enum status status = policy_table(call, &schema, &properties);
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes policy = text_of(&properties, "ResourcePolicy");
    if (policy.size == 0) {
        return policy_fail(call);
    }
    json_open(&body, '{');
    json_text(&body, "Policy", policy);
    json_text(&body, "RevisionId", text_of(&properties, "PolicyRevision"));
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}

enum status policies_delete(struct call *call)
{
    const struct schema *schema = NULL;
    struct value properties;
    enum status status = policy_table(call, &schema, &properties);
    if (status == STATUS_OK) {
        status = policy_check_revision(call, &properties);
    }
    if (status == STATUS_OK && text_of(&properties, "ResourcePolicy").size == 0) {
        return reply_text(call, "{}"); /* deleting what is not there succeeds */
    }
    return status == STATUS_OK && schema != NULL ? policy_set(call, schema, &properties, NULL)
                                                 : STATUS_INVALID;
}

/* --- contributor insights --------------------------------------------------------------------------------------- */

static void insights_put(struct call *call, const struct schema *schema, const char *status, bool is_long)
{
    struct buffer body = {0};
    struct bytes index = text_of(call->input, "IndexName");
    json_open(&body, '{');
    json_text(&body, "TableName", schema->name);
    if (index.size > 0) {
        json_text(&body, "IndexName", index);
    }
    if (is_long) {
        json_name(&body, "ContributorInsightsRuleList");
        buffer_put_text(&body, "[]");
    }
    json_word(&body, "ContributorInsightsStatus", status);
    json_close(&body, '}');
    call_reply(call, &body);
}

/* There are none: what is enabled stays disabled, and says so. */
enum status insights_update(struct call *call)
{
    const struct schema *schema = NULL;
    enum status status = call_table(call, call_table_name(call, call->input), &schema);
    if (status == STATUS_OK) {
        bool is_on = text_is(text_of(call->input, "ContributorInsightsAction"), "ENABLE");
        insights_put(call, schema, is_on ? "FAILED" : "DISABLED", false);
    }
    return status;
}

enum status insights_describe(struct call *call)
{
    const struct schema *schema = NULL;
    enum status status = call_table(call, call_table_name(call, call->input), &schema);
    if (status == STATUS_OK) {
        insights_put(call, schema, "DISABLED", true);
    }
    return status;
}

enum status insights_list(struct call *call)
{
    return reply_text(call, "{\"ContributorInsightsSummaries\":[]}");
}

/* --- Kinesis ---------------------------------------------------------------------------------------------------- */

enum status kinesis_describe(struct call *call)
{
    const struct schema *schema = NULL;
    struct buffer body = {0};
    enum status status = table_own(call, call_table_name(call, call->input), &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    json_open(&body, '{');
    json_text(&body, "TableName", schema->name);
    json_name(&body, "KinesisDataStreamDestinations");
    buffer_put_text(&body, "[]");
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}

enum status kinesis_change(struct call *call)
{
    const struct schema *schema = NULL;
    enum status status = table_own(call, call_table_name(call, call->input), &schema);
    return status == STATUS_OK
               ? call_fail(call, AWS_FAILURE_VALIDATION,
                           "This server sends no changes to Kinesis; read the table's stream, or its topic")
               : status;
}

/* --- global tables ---------------------------------------------------------------------------------------------- */

enum status global_list(struct call *call)
{
    return reply_text(call, "{\"GlobalTables\":[]}");
}

enum status global_find(struct call *call)
{
    struct bytes name = text_of(call->input, "GlobalTableName");
    return call_fail(call, AWS_FAILURE_GLOBAL_TABLE_NOT_FOUND, "Global table not found: %.*s", (int)name.size,
                     (const char *)name.data);
}

enum status global_create(struct call *call)
{
    return call_fail(call, AWS_FAILURE_VALIDATION,
                     "Replicas in other regions are not supported by this server");
}

enum status global_scaling(struct call *call)
{
    const struct schema *schema = NULL;
    struct buffer body = {0};
    enum status status = table_own(call, call_table_name(call, call->input), &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    json_open(&body, '{');
    json_name(&body, "TableAutoScalingDescription");
    json_open(&body, '{');
    json_text(&body, "TableName", schema->name);
    json_word(&body, "TableStatus", table_status(call, schema));
    json_name(&body, "Replicas");
    buffer_put_text(&body, "[]");
    json_close(&body, '}');
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}
