/* TagResource, UntagResource, ListTagsOfResource; and what tags must be. */
#include <strings.h>

#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "

enum {
    TAG_KEY_LENGTH_MAX = 128, /* Developer Guide, "Tagging restrictions in DynamoDB" */
    TAG_VALUE_LENGTH_MAX = 256,
};

/* Developer Guide, "Tagging restrictions in DynamoDB"; '@' besides, which other services take, and any letter that is not of
 * ASCII. */
static bool tag_is_legal(struct bytes text)
{
    static const char marks[] = "+-=._:/@ \t\r\n";
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
        bool is_mark = c != 0 && strchr(marks, c) != NULL;
        if (!is_letter && !is_mark && (c < '0' || c > '9')) {
            return false;
        }
    }
    return true;
}

/* Unicode characters. */
static size_t tag_length(struct bytes text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.size; i++) {
        length += (text.data[i] & 0xc0) != 0x80 ? 1U : 0U;
    }
    return length;
}

/* `key` may be NULL, as it is where a request has none. */
static enum status tag_key_check(struct call *call, const struct value *key)
{
    struct bytes text = key == NULL ? bytes_of_text("null") : key->bytes;
    size_t length = tag_length(text);
    return key != NULL && length > 0 && length <= TAG_KEY_LENGTH_MAX && tag_is_legal(text)
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION, "The Tag Key provided is invalid, Key: %.*s",
                           (int)text.size, (const char *)text.data);
}

static enum status tag_value_check(struct call *call, const struct value *value)
{
    struct bytes text = value == NULL ? bytes_of_text("null") : value->bytes;
    return value != NULL && tag_length(text) <= TAG_VALUE_LENGTH_MAX && tag_is_legal(text)
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION, "The Tag Value provided is invalid, Value: %.*s",
                           (int)text.size, (const char *)text.data);
}

static enum status fail_too_many(struct call *call)
{
    return call_fail(call, AWS_FAILURE_VALIDATION,
                     "Number of Tags exceed the current limit for the provided ResourceArn");
}

enum status tags_check(struct call *call, const struct value *tags)
{
    size_t count = tags == NULL ? 0 : tags->items.count;
    if (count > DYNAMODB_TAGS_MAX) {
        return fail_too_many(call);
    }
    for (size_t i = 0; i < count; i++) {
        struct bytes key = text_of(&tags->items.at[i], "Key");
        if (key.size >= 4 && strncasecmp((const char *)key.data, "aws:", 4) == 0) {
            return call_fail(call, AWS_FAILURE_VALIDATION, "Tag Key cannot be prefixed with aws:, Key: %.*s",
                             (int)key.size, (const char *)key.data);
        }
        enum status status = tag_key_check(call, member_of(&tags->items.at[i], "Key"));
        if (status == STATUS_OK) {
            status = tag_value_check(call, member_of(&tags->items.at[i], "Value"));
        }
        if (status != STATUS_OK) {
            return status;
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(key, text_of(&tags->items.at[k], "Key"))) {
                return call_fail(call, AWS_FAILURE_VALIDATION,
                                 "Duplicate Tag Keys provided as input: Duplicate Tag Key found %.*s",
                                 (int)key.size, (const char *)key.data);
            }
        }
    }
    return STATUS_OK;
}

static enum status tags_table(struct call *call, const struct schema **ret_schema)
{
    struct bytes arn = text_of(call->input, "ResourceArn");
    struct bytes table = table_of_arn(arn);
    bool is_of_service = bytes_find(arn, bytes_of_text(":dynamodb:")) != NULL;
    bool is_part = bytes_start_with(arn, bytes_of_text("arn:")) && arn.size > table.size &&
                   !bytes_equal(bytes_from(arn, arn.size - table.size), table);
    if (!bytes_start_with(arn, bytes_of_text("arn:"))) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "ARNs must start with 'arn:': %.*s",
                         (int)arn.size, (const char *)arn.data);
    }
    if (!is_of_service) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Provided Arn is not a DynamoDB resource arn: %.*s", (int)arn.size,
                         (const char *)arn.data);
    }
    if (is_part || bytes_equal(arn, table)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Invalid resource arn provided, only table or stream is accepted. Provided "
                                 "resource arn: %.*s",
                         (int)arn.size, (const char *)arn.data);
    }
    if (arn_is_elsewhere(call, arn)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Invalid TableArn: Invalid ResourceArn provided as input %.*s", (int)arn.size,
                         (const char *)arn.data);
    }
    enum status status = table_own(call, table, ret_schema);
    if (status != STATUS_OK && status != STATUS_UNSUPPORTED) {
        call->failure = (struct aws_failure){0};
        (void)call_fail(call, AWS_FAILURE_NOT_FOUND,
                        "Requested resource not found: ResourceArn: %.*s not found", (int)arn.size,
                        (const char *)arn.data);
    }
    return status;
}

static bool tag_is_in(const struct value *list, struct bytes key)
{
    for (size_t i = 0; list != NULL && i < list->items.count; i++) {
        const struct value *item = &list->items.at[i];
        struct bytes other = item->kind == VALUE_TEXT ? item->bytes : text_of(item, "Key");
        if (bytes_equal(other, key)) {
            return true;
        }
    }
    return false;
}

/* The tags that stay, then the new ones. */
static struct value tags_merge(struct call *call, const struct value *now, const struct value *removed,
                               const struct value *added)
{
    size_t most = (now == NULL ? 0 : now->items.count) + (added == NULL ? 0 : added->items.count);
    struct value list = {.kind = VALUE_LIST};
    list.items.at = arena_create_array(call->arena, most, sizeof(struct value));
    for (size_t i = 0; now != NULL && i < now->items.count; i++) {
        struct bytes key = text_of(&now->items.at[i], "Key");
        if (!tag_is_in(removed, key) && !tag_is_in(added, key)) {
            list.items.at[list.items.count++] = now->items.at[i];
        }
    }
    for (size_t i = 0; added != NULL && i < added->items.count; i++) {
        list.items.at[list.items.count++] = added->items.at[i];
    }
    return list;
}

void reply_empty(struct call *call)
{
    struct buffer body = {0};
    if (call_was_refused(call)) {
        return;
    }
    call_reply(call, &body); /* these operations have no body at all */
}

static enum status tags_change(struct call *call, const struct value *removed, const struct value *added)
{
    const struct schema *schema = NULL;
    enum status status = tags_table(call, &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    struct schema next = *schema;
    struct value properties = properties_decode(schema->properties, call->arena);
    struct value tags = tags_merge(call, member_of(&properties, "Tags"), removed, added);
    map_set_member(&properties, "Tags", &tags, call->arena);
    status = tags_check(call, &tags);
    return status == STATUS_OK ? table_alter(call, schema, &next, &properties, reply_empty) : status;
}

enum status tags_add(struct call *call)
{
    const struct value *tags = member_of(call->input, "Tags");
    if (tags->items.count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Atleast one Tag needs to be provided as Input.");
    }
    enum status status = tags_check(call, tags);
    return status == STATUS_OK ? tags_change(call, NULL, tags) : status;
}

enum status tags_remove(struct call *call)
{
    const struct value *keys = member_of(call->input, "TagKeys");
    if (keys->items.count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Atleast one Tag Key needs to be provided as Input.");
    }
    if (keys->items.count > DYNAMODB_TAGS_MAX) {
        return fail_too_many(call);
    }
    for (size_t i = 0; i < keys->items.count; i++) {
        enum status status = tag_key_check(call, &keys->items.at[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return tags_change(call, keys, NULL);
}

enum status tags_list(struct call *call)
{
    const struct schema *schema = NULL;
    struct buffer body = {0};
    enum status status = tags_table(call, &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    struct value properties = properties_decode(schema->properties, call->arena);
    const struct value *tags = member_of(&properties, "Tags");
    json_open(&body, '{');
    json_name(&body, "Tags");
    if (tags == NULL) {
        buffer_put_text(&body, "[]");
    } else {
        codec_json_encode(&body, tags);
    }
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}
