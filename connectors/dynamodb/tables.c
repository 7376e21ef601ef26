/* CreateTable, DescribeTable, ListTables, DeleteTable. */
#include "base/clock.h"
#include "base/random.h"
#include "catalog/bounds.h"
#include "dynamodb_private.h"

/* A random UUID, version 4. */
const char *table_id(struct arena *arena)
{
    uint8_t id[16];
    random_secret(id, sizeof(id));
    id[6] = (uint8_t)((id[6] & 0x0F) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3F) | 0x80);
    return arena_format(arena, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0],
                        id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11], id[12],
                        id[13], id[14], id[15]);
}

bool table_is_hidden(const struct schema *schema)
{
    return schema->table < CATALOG_TABLE_FIRST || table_is_backup(schema) ||
           (schema->kind == TABLE_WIDE && !wide_is_simple(schema));
}

bool table_find(struct call *call, struct bytes name, const struct schema **ret_schema)
{
    const struct schema *schema = NULL;
    bool is_found = gate_table_find(call->door->options.gate, name, &schema, NULL) == STATUS_OK &&
                    !table_is_hidden(schema);
    if (is_found) {
        *ret_schema = schema->kind == TABLE_WIDE ? wide_shown(call, schema) : schema;
    }
    return is_found;
}

enum status table_described(struct call *call, struct bytes name, const struct schema **ret_schema)
{
    if (name_is_arn(name)) {
        return call_fail_arn(call, name);
    }
    return table_find(call, name, ret_schema) ? STATUS_OK : call_fail_no_named_table(call, name);
}

enum status table_own(struct call *call, struct bytes name, const struct schema **ret_schema)
{
    const struct schema *schema = NULL;
    enum status status = table_described(call, name, &schema);
    *ret_schema = schema;
    if (status != STATUS_OK || schema == NULL || schema->kind != TABLE_WIDE) {
        return status;
    }
    (void)call_fail(call, AWS_FAILURE_VALIDATION,
                    "Table %.*s was made through CQL, and is changed there: this operation is for tables of "
                    "this API",
                    (int)name.size, (const char *)name.data);
    return STATUS_UNSUPPORTED;
}

enum status table_own_kept(struct call *call, struct bytes name, const struct schema **ret_schema)
{
    enum status status = table_own(call, name, ret_schema);
    if (status == STATUS_OK || status == STATUS_UNSUPPORTED || name_is_arn(name)) {
        return status;
    }
    call->failure = (struct aws_failure){0};
    return call_fail(call, AWS_FAILURE_TABLE_NOT_FOUND, "Table not found: %.*s", (int)name.size,
                     (const char *)name.data);
}

const char *table_status(struct call *call, const struct schema *schema)
{
    struct value properties = properties_decode(schema->properties, call->arena);
    int64_t delay_us = (int64_t)call->door->options.delay_ms * 1000;
    int64_t now_us = clock_wall_us(clock_system());
    int64_t job = integer_of(&properties, "RestoreJob", 0);
    if (job != 0 && restore_is_running(call, job)) {
        return "CREATING";
    }
    struct bytes import = text_of(&properties, "Import");
    if (import.size > 0 && import_is_running(call, import)) {
        return "CREATING";
    }
    if (now_us < integer_of(&properties, "CreationDateTime", 0) + delay_us) {
        return "CREATING";
    }
    return now_us < integer_of(&properties, "UpdateDateTime", 0) + delay_us ? "UPDATING" : "ACTIVE";
}

static void reply_description(struct call *call, const char *member, struct bytes description)
{
    struct buffer body = {0};
    json_open(&body, '{');
    json_name(&body, member);
    buffer_put(&body, description);
    json_close(&body, '}');
    call_reply(call, &body);
}

void table_reply_description(struct call *call, const char *member, const struct schema *schema,
                             const char *status)
{
    struct buffer description = {0};
    describe_table(call, schema, status, &description);
    reply_description(call, member, buffer_bytes(&description));
    buffer_reset(&description);
}

/* --- CreateTable ------------------------------------------------------------------------------------------------ */

static enum status create_properties(struct call *call, const struct value *input,
                                     struct value *ret_properties)
{
    static const char *const kept[] = {
        "BillingMode",        "ProvisionedThroughput", "SSESpecification",          "TableClass",    "Tags",
        "OnDemandThroughput", "WarmThroughput",        "DeletionProtectionEnabled", "ResourcePolicy"};
    struct value properties = {.kind = VALUE_MAP};
    int64_t now_us = clock_wall_us(clock_system());
    struct value created = value_of_integer(now_us);
    struct value id = value_of_word(table_id(call->arena));
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
        const struct value *member = member_of(input, kept[i]);
        if (member != NULL) {
            map_set_member(&properties, kept[i], member, call->arena);
        }
    }
    map_set_member(&properties, "CreationDateTime", &created, call->arena);
    map_set_member(&properties, "TableId", &id, call->arena);
    if (text_is(text_of(input, "BillingMode"), "PAY_PER_REQUEST")) {
        map_set_member(&properties, "PayPerRequestSince", &created, call->arena);
    }
    if (member_of(input, "ResourcePolicy") != NULL) {
        struct value revision = value_of_word(arena_format(call->arena, "%lld", (long long)now_us));
        map_set_member(&properties, "PolicyRevision", &revision, call->arena);
    }
    *ret_properties = properties;
    const struct value *stream = member_of(input, "StreamSpecification");
    return stream != NULL && boolean_of(stream, "StreamEnabled")
               ? stream_switch(call, NULL, 1, stream, ret_properties)
               : STATUS_OK;
}

static void create_finish(struct call *call)
{
    const struct schema *schema = call->state;
    if (call_was_refused(call)) {
        return;
    }
    table_reply_description(call, "TableDescription", schema, "CREATING");
}

static enum status create_check_free(struct call *call, struct bytes name)
{
    const struct schema *found = NULL;
    if (deleted_find(call, name, NULL)) {
        return call_fail(call, AWS_FAILURE_IN_USE, "Table is being deleted: %.*s", (int)name.size,
                         (const char *)name.data);
    }
    return gate_table_find(call->door->options.gate, name, &found, NULL) == STATUS_OK
               ? call_fail(call, AWS_FAILURE_IN_USE, "Table already exists: %.*s", (int)name.size,
                           (const char *)name.data)
               : STATUS_OK;
}

enum status table_create(struct call *call, const struct value *input, const char *import,
                         struct schema *ret_schema, void (*finish)(struct call *call))
{
    struct value properties;
    struct error error;
    enum status status = create_check(call, input);
    if (status == STATUS_OK) {
        status = tags_check(call, member_of(input, "Tags"));
    }
    if (status == STATUS_OK) {
        status = create_properties(call, input, &properties);
    }
    if (status == STATUS_OK) {
        status = create_schema(call, input, ret_schema);
    }
    if (status == STATUS_OK) {
        status = create_check_free(call, ret_schema->name);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (import != NULL) {
        struct value id = value_of_word(import);
        map_set_member(&properties, "Import", &id, call->arena);
    }
    ret_schema->properties = properties_encode(&properties, call->arena);
    struct gate_request request = call_request(call, finish);
    status = gate_table_create(call->door->options.gate, ret_schema, &request, &error);
    if (status != STATUS_OK) {
        call->is_waiting = false;
        return status == STATUS_EXISTS
                   ? call_fail(call, AWS_FAILURE_IN_USE, "Table already exists: %.*s",
                               (int)ret_schema->name.size, (const char *)ret_schema->name.data)
                   : call_fail_error(call, status, error.text);
    }
    return STATUS_OK;
}

static void create_forget_empty(struct call *call)
{
    struct value *input = arena_create(call->arena, sizeof(*input));
    *input = throughput_without_empty(call->input, call->arena);
    const struct value *indexes = member_of(input, "GlobalSecondaryIndexes");
    call->input = input;
    if (indexes == NULL) {
        return;
    }
    struct value kept = {.kind = VALUE_LIST, .items.count = indexes->items.count};
    kept.items.at = arena_create_array(call->arena, kept.items.count, sizeof(*kept.items.at));
    for (size_t i = 0; i < kept.items.count; i++) {
        kept.items.at[i] = throughput_without_empty(&indexes->items.at[i], call->arena);
    }
    map_set_member(input, "GlobalSecondaryIndexes", &kept, call->arena);
}

enum status tables_create(struct call *call)
{
    struct schema *schema = arena_create(call->arena, sizeof(*schema));
    call->state = schema;
    create_forget_empty(call);
    return table_create(call, call->input, NULL, schema, create_finish);
}

/* --- DescribeTable, DeleteTable --------------------------------------------------------------------------------- */

enum status tables_describe(struct call *call)
{
    const struct schema *schema = NULL;
    struct bytes deleted = {0};
    if (deleted_find(call, call_table_name(call, call->input), &deleted)) {
        reply_description(call, "Table", deleted);
        return STATUS_OK;
    }
    enum status status = table_described(call, call_table_name(call, call->input), &schema);
    if (status == STATUS_OK && schema != NULL) {
        table_reply_description(call, "Table", schema, table_status(call, schema));
    }
    return status;
}

static void delete_finish(struct call *call)
{
    if (call_was_refused(call)) {
        return;
    }
    const struct schema *schema = call->state;
    struct buffer description = {0};
    describe_table(call, schema, "DELETING", &description);
    deleted_remember(call, schema->name, &description);
    reply_description(call, "TableDescription", buffer_bytes(&description));
    buffer_reset(&description);
}

static bool indexes_are_changing(const struct schema *schema)
{
    for (size_t i = 0; i < schema->indexes_count; i++) {
        if (schema->indexes[i].state != INDEX_ACTIVE) {
            return true;
        }
    }
    return false;
}

enum status tables_delete(struct call *call)
{
    const struct schema *schema = NULL;
    struct error error;
    struct bytes name = call_table_name(call, call->input);
    enum status status = table_own(call, name, &schema);
    if (status != STATUS_OK || schema == NULL) {
        return status;
    }
    struct value properties = properties_decode(schema->properties, call->arena);
    const char *state = table_status(call, schema);
    if (strcmp(state, "ACTIVE") != 0) {
        return call_fail(call, AWS_FAILURE_IN_USE,
                         "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                         strcmp(state, "CREATING") == 0 ? "created" : "updated", (int)name.size,
                         (const char *)name.data);
    }
    if (indexes_are_changing(schema)) {
        return call_fail(call, AWS_FAILURE_IN_USE,
                         "Attempt to change a resource which is still in use: Cannot delete table while "
                         "indexes are being created, updated, or deleted.");
    }
    if (boolean_of(&properties, "DeletionProtectionEnabled")) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Resource cannot be deleted as it is currently protected against deletion. Disable "
                         "deletion protection first.");
    }
    call->state = (void *)schema;
    struct gate_request request = call_request(call, delete_finish);
    status = gate_table_drop(call->door->options.gate, name, &request, &error);
    if (status != STATUS_OK) {
        call->is_waiting = false;
        return status == STATUS_NOT_FOUND ? call_fail_no_named_table(call, name)
                                          : call_fail_error(call, status, error.text);
    }
    return STATUS_OK;
}

/* --- ListTables ------------------------------------------------------------------------------------------------- */

struct name_list {
    struct bytes after;
    int64_t left;
    struct bytes last;
    bool has_more;
    struct buffer *body;
};

static void list_name(void *context, const struct schema *schema)
{
    struct name_list *list = context;
    if (table_is_hidden(schema)) {
        return;
    }
    if (list->after.size > 0 && bytes_compare(schema->name, list->after) <= 0) {
        return;
    }
    if (list->left == 0) {
        list->has_more = true;
        return;
    }
    list->left--;
    list->last = schema->name;
    json_item(list->body);
    codec_json_put_text(list->body, schema->name);
}

enum status tables_list(struct call *call)
{
    struct buffer body = {0};
    struct name_list list = {.after = text_of(call->input, "ExclusiveStartTableName"),
                             .left = integer_of(call->input, "Limit", 100),
                             .body = &body};
    json_open(&body, '{');
    json_name(&body, "TableNames");
    json_open(&body, '[');
    gate_table_list(call->door->options.gate, false, list_name, &list);
    json_close(&body, ']');
    if (list.has_more) {
        json_text(&body, "LastEvaluatedTableName", list.last);
    }
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}
