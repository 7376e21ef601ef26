/* UpdateTimeToLive and DescribeTimeToLive. */
#include "dynamodb_private.h"

static void expiry_finish(struct call *call)
{
    struct buffer body = {0};
    if (call_was_refused(call)) {
        return;
    }
    json_open(&body, '{');
    json_name(&body, "TimeToLiveSpecification");
    codec_json_encode(&body, member_of(call->input, "TimeToLiveSpecification"));
    json_close(&body, '}');
    call_reply(call, &body);
}

enum status expiry_update(struct call *call)
{
    const struct schema *schema = NULL;
    const struct value *wanted = member_of(call->input, "TimeToLiveSpecification");
    struct bytes attribute = text_of(wanted, "AttributeName");
    bool is_enabled = boolean_of(wanted, "Enabled");
    enum status status = table_own(call, call_table_name(call, call->input), &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    bool was_enabled = schema->ttl_attribute.size > 0;
    bool is_other = was_enabled && !bytes_equal(attribute, schema->ttl_attribute);
    if (was_enabled == is_enabled && !is_other) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "TimeToLive is already %s",
                         is_enabled ? "enabled" : "disabled");
    }
    if (is_other) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "TimeToLive is active on a different AttributeName: current AttributeName is %.*s",
                         (int)schema->ttl_attribute.size, (const char *)schema->ttl_attribute.data);
    }
    struct schema next = *schema;
    struct value properties = properties_decode(schema->properties, call->arena);
    next.ttl_attribute = is_enabled ? attribute : (struct bytes){0};
    return table_alter(call, schema, &next, &properties, expiry_finish);
}

void describe_expiry(struct buffer *body, struct bytes attribute)
{
    json_open(body, '{');
    json_word(body, "TimeToLiveStatus", attribute.size > 0 ? "ENABLED" : "DISABLED");
    if (attribute.size > 0) {
        json_text(body, "AttributeName", attribute);
    }
    json_close(body, '}');
}

enum status expiry_describe(struct call *call)
{
    const struct schema *schema = NULL;
    struct buffer body = {0};
    enum status status = table_described(call, call_table_name(call, call->input), &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    json_open(&body, '{');
    json_name(&body, "TimeToLiveDescription");
    describe_expiry(&body, schema->ttl_attribute);
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}
