/* UpdateTable. */
#include "base/clock.h"
#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "

/* The table under change. */
struct table_update {
    const struct schema *current;
    struct schema next;
    struct value properties;
};

/* Of a table, or of an index that has one: it must change. */
static enum status throughput_check_change(struct call *call, const struct value *now,
                                           const struct value *wanted, struct bytes index)
{
    long long read_now = integer_of(now, "ReadCapacityUnits", 0);
    long long write_now = integer_of(now, "WriteCapacityUnits", 0);
    long long read = integer_of(wanted, "ReadCapacityUnits", 0);
    long long write = integer_of(wanted, "WriteCapacityUnits", 0);
    const char *kind = index.size > 0 ? "index" : "table";
    if (now == NULL || wanted == NULL || read != read_now || write != write_now) {
        return STATUS_OK;
    }
    return call_fail(
        call, AWS_FAILURE_VALIDATION,
        "The provisioned throughput for the %s%s%.*s will not change. The requested value equals the "
        "current value. Current ReadCapacityUnits provisioned for the %s: %lld. Requested "
        "ReadCapacityUnits: %lld. Current WriteCapacityUnits provisioned for the %s: %lld. Requested "
        "WriteCapacityUnits: %lld. Refer to the Amazon DynamoDB Developer Guide for current limits and "
        "how to request higher limits.",
        kind, index.size > 0 ? " " : "", (int)index.size, (const char *)index.data, kind, read_now, read,
        kind, write_now, write);
}

/* What a billing mode knows and the other does not, of the table and its indexes. */
static void update_forget(struct table_update *update, const char *member, struct arena *arena)
{
    size_t count = update->next.indexes_count;
    struct index_schema *indexes = arena_create_array(arena, count, sizeof(*indexes));
    map_set_member(&update->properties, member, NULL, arena);
    for (size_t i = 0; i < count; i++) {
        struct value properties = properties_decode(update->next.indexes[i].properties, arena);
        map_set_member(&properties, member, NULL, arena);
        indexes[i] = update->next.indexes[i];
        indexes[i].properties = properties_encode(&properties, arena);
    }
    update->next.indexes = indexes;
}

static enum status update_throughput(struct call *call, struct table_update *update)
{
    const struct value *wanted = member_of(call->input, "ProvisionedThroughput");
    const struct value *now = member_of(&update->properties, "ProvisionedThroughput");
    struct bytes mode = text_of(call->input, "BillingMode");
    bool was_on_demand = text_is(text_of(&update->properties, "BillingMode"), "PAY_PER_REQUEST");
    bool is_on_demand = mode.size > 0 ? text_is(mode, "PAY_PER_REQUEST") : was_on_demand;
    struct value moment = value_of_integer(clock_wall_us(clock_system()));
    if (is_on_demand && wanted != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                                 "BillingMode is PAY_PER_REQUEST");
    }
    if (!is_on_demand && was_on_demand && wanted == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    }
    if (mode.size > 0) {
        map_set_member(&update->properties, "BillingMode", member_of(call->input, "BillingMode"),
                       call->arena);
        if (is_on_demand && !was_on_demand) {
            map_set_member(&update->properties, "PayPerRequestSince", &moment, call->arena);
            update_forget(update, "ProvisionedThroughput", call->arena);
        } else if (!is_on_demand && was_on_demand) {
            update_forget(update, "OnDemandThroughput", call->arena);
        }
    }
    if (wanted == NULL) {
        return STATUS_OK;
    }
    int64_t read_now = integer_of(now, "ReadCapacityUnits", 0);
    int64_t write_now = integer_of(now, "WriteCapacityUnits", 0);
    bool is_less = integer_of(wanted, "ReadCapacityUnits", 0) < read_now ||
                   integer_of(wanted, "WriteCapacityUnits", 0) < write_now;
    enum status status = was_on_demand || mode.size > 0
                             ? STATUS_OK
                             : throughput_check_change(call, now, wanted, (struct bytes){0});
    map_set_member(&update->properties, "ProvisionedThroughput", wanted, call->arena);
    map_set_member(&update->properties, is_less ? "ThroughputDecreased" : "ThroughputIncreased", &moment,
                   call->arena);
    return status;
}

/* --- indexes ---------------------------------------------------------------------------------------------------- */

/* The request's definitions, and those that the table's keys have already. */
static struct value update_definitions(struct call *call, const struct schema *schema)
{
    const struct value *given = member_of(call->input, "AttributeDefinitions");
    size_t count = given == NULL ? 0 : given->items.count;
    struct value list = {.kind = VALUE_LIST};
    list.items.at = arena_create_array(call->arena, count + schema_key_count(schema), sizeof(struct value));
    for (size_t i = 0; i < count; i++) {
        list.items.at[list.items.count++] = given->items.at[i];
    }
    for (size_t i = 0; i < schema_key_count(schema); i++) {
        const struct key_column *column = schema_key_column(schema, i);
        struct value_member members[] = {
            {"AttributeName", value_of_text(column->name)},
            {"AttributeType", value_of_word(key_type_letter(column->type.kind))},
        };
        list.items.at[list.items.count++] = value_of_members(call->arena, members, ARRAY_COUNT(members));
    }
    return list;
}

/* The index of that name, of those that may come and go: not the local ones. */
static struct index_schema *index_global(struct call *call, struct index_schema *indexes, size_t count,
                                         struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        struct value properties = properties_decode(indexes[i].properties, call->arena);
        if (bytes_equal(indexes[i].name, name) && !boolean_of(&properties, "IsLocal")) {
            return &indexes[i];
        }
    }
    return NULL;
}

static enum status definition_check(struct call *call, const struct key_column *columns, size_t count)
{
    const struct value *given = member_of(call->input, "AttributeDefinitions");
    for (size_t i = 0; given != NULL && i < given->items.count; i++) {
        struct bytes name = text_of(&given->items.at[i], "AttributeName");
        struct bytes type = text_of(&given->items.at[i], "AttributeType");
        for (size_t k = 0; k < count; k++) {
            if (bytes_equal(columns[k].name, name) && !text_is(type, key_type_letter(columns[k].type.kind))) {
                return call_fail(call, AWS_FAILURE_VALIDATION,
                                 INVALID "Attribute %.*s is defined already, as %s", (int)name.size,
                                 (const char *)name.data, key_type_letter(columns[k].type.kind));
            }
        }
    }
    return STATUS_OK;
}

/* An attribute has one type in all keys of a table and its indexes. */
static enum status definitions_check_same(struct call *call, const struct schema *schema)
{
    enum status status = definition_check(call, schema->partition, schema->partition_count);
    if (status == STATUS_OK) {
        status = definition_check(call, schema->clustering, schema->clustering_count);
    }
    for (size_t i = 0; i < schema->indexes_count && status == STATUS_OK; i++) {
        const struct index_schema *index = &schema->indexes[i];
        status = definition_check(call, index->partition, index->partition_count);
        if (status == STATUS_OK) {
            status = definition_check(call, index->clustering, index->clustering_count);
        }
    }
    return status;
}

static enum status index_create(struct call *call, struct table_update *update, const struct value *index)
{
    struct bytes name = text_of(index, "IndexName");
    struct value definitions = update_definitions(call, update->current);
    bool is_on_demand = text_is(text_of(&update->properties, "BillingMode"), "PAY_PER_REQUEST");
    struct index_schema *indexes =
        arena_create_array(call->arena, update->next.indexes_count + 1, sizeof(*indexes));
    if (schema_index(&update->next, name) != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Attempting to create an index which already exists");
    }
    enum status status = create_check_index(call, index, &definitions);
    if (status == STATUS_OK) {
        status = definitions_check_same(call, update->current);
    }
    if (status == STATUS_OK) {
        status = create_check_throughput(call, index, is_on_demand, name);
    }
    size_t projected = projected_count(index);
    size_t globals = 0;
    for (size_t i = 0; i < update->next.indexes_count; i++) {
        struct value properties = properties_decode(update->next.indexes[i].properties, call->arena);
        projected += projected_count(&properties);
        globals += boolean_of(&properties, "IsLocal") ? 0U : 1U;
        indexes[i] = update->next.indexes[i];
    }
    if (status == STATUS_OK) {
        status = create_check_projected(call, projected);
    }
    if (status == STATUS_OK && globals >= DYNAMODB_GLOBAL_INDEXES_MAX) {
        status = call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID "GlobalSecondaryIndex count exceeds the per-table limit of %d",
                           DYNAMODB_GLOBAL_INDEXES_MAX);
    }
    if (status == STATUS_OK) {
        status = create_index(call, index, &definitions, false, &indexes[update->next.indexes_count]);
        update->next.indexes = indexes;
        update->next.indexes_count++;
    }
    return status;
}

static enum status index_delete(struct call *call, struct table_update *update, struct bytes name)
{
    size_t kept = 0;
    struct index_schema *indexes =
        arena_create_array(call->arena, update->next.indexes_count, sizeof(*indexes));
    const struct index_schema *gone =
        index_global(call, update->next.indexes, update->next.indexes_count, name);
    if (gone == NULL) {
        return call_fail(call, AWS_FAILURE_NOT_FOUND, "Requested resource not found");
    }
    for (size_t i = 0; i < update->next.indexes_count; i++) {
        if (&update->next.indexes[i] != gone) {
            indexes[kept++] = update->next.indexes[i];
        }
    }
    update->next.indexes = indexes;
    update->next.indexes_count = kept;
    return STATUS_OK;
}

static enum status index_update(struct call *call, struct table_update *update, const struct value *change)
{
    static const char *const merged[] = {"ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput"};
    bool is_on_demand = text_is(text_of(&update->properties, "BillingMode"), "PAY_PER_REQUEST");
    size_t count = update->next.indexes_count;
    struct index_schema *indexes = arena_create_array(call->arena, count, sizeof(*indexes));
    for (size_t i = 0; i < count; i++) {
        indexes[i] = update->next.indexes[i];
    }
    struct index_schema *index = index_global(call, indexes, count, text_of(change, "IndexName"));
    if (index == NULL) {
        return call_fail(call, AWS_FAILURE_NOT_FOUND, "Requested resource not found");
    }
    if (is_on_demand && member_of(change, "ProvisionedThroughput") != NULL) {
        return create_check_throughput(call, change, true, index->name);
    }
    struct value properties = properties_decode(index->properties, call->arena);
    enum status status = throughput_check_change(call, member_of(&properties, "ProvisionedThroughput"),
                                                 member_of(change, "ProvisionedThroughput"), index->name);
    if (status != STATUS_OK) {
        return status;
    }
    status = warm_check(call, &properties, member_of(change, "WarmThroughput"), index->name);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t k = 0; k < ARRAY_COUNT(merged); k++) {
        if (member_of(change, merged[k]) != NULL) {
            map_merge_member(&properties, merged[k], member_of(change, merged[k]), call->arena);
        }
    }
    index->properties = properties_encode(&properties, call->arena);
    update->next.indexes = indexes;
    return STATUS_OK;
}

static enum status index_change(struct call *call, struct table_update *update, const struct value *change)
{
    const struct value *create = member_of(change, "Create");
    const struct value *drop = member_of(change, "Delete");
    const struct value *alter = member_of(change, "Update");
    if (create != NULL) {
        return index_create(call, update, create);
    }
    return drop != NULL ? index_delete(call, update, text_of(drop, "IndexName"))
                        : index_update(call, update, alter);
}

/* When a table comes to be provisioned, its global indexes do, too. */
static enum status update_check_provisioned(struct call *call, const struct table_update *update)
{
    struct value before = properties_decode(update->current->properties, call->arena);
    bool was_on_demand = text_is(text_of(&before, "BillingMode"), "PAY_PER_REQUEST");
    bool is_on_demand = text_is(text_of(&update->properties, "BillingMode"), "PAY_PER_REQUEST");
    for (size_t i = 0; i < update->next.indexes_count && was_on_demand && !is_on_demand; i++) {
        const struct index_schema *index = &update->next.indexes[i];
        struct value properties = properties_decode(index->properties, call->arena);
        if (!boolean_of(&properties, "IsLocal") && member_of(&properties, "ProvisionedThroughput") == NULL) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID "ProvisionedThroughput must be specified for index: %.*s",
                             (int)index->name.size, (const char *)index->name.data);
        }
    }
    return STATUS_OK;
}

static enum status update_indexes(struct call *call, struct table_update *update)
{
    const struct value *changes = member_of(call->input, "GlobalSecondaryIndexUpdates");
    size_t count = changes == NULL ? 0 : changes->items.count;
    size_t made = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct value *change = &changes->items.at[i];
        made += member_of(change, "Update") == NULL ? 1U : 0U;
        if (made > 1) {
            return call_fail(call, AWS_FAILURE_LIMIT_EXCEEDED,
                             "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                             "simultaneously per table");
        }
        status = index_change(call, update, change);
    }
    return status == STATUS_OK ? update_check_provisioned(call, update) : status;
}

/* --- what a request says by itself ------------------------------------------------------------------------------ */

/* Whether an earlier change updates the index that this one does. */
static bool changes_have_update(const struct value *changes, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        const struct value *update = member_of(&changes->items.at[i], "Update");
        if (update != NULL && bytes_equal(text_of(update, "IndexName"), name)) {
            return true;
        }
    }
    return false;
}

static enum status change_check(struct call *call, const struct value *changes, size_t i)
{
    const struct value *change = &changes->items.at[i];
    const struct value *create = member_of(change, "Create");
    const struct value *drop = member_of(change, "Delete");
    const struct value *alter = member_of(change, "Update");
    size_t kinds = (create != NULL ? 1U : 0U) + (drop != NULL ? 1U : 0U) + (alter != NULL ? 1U : 0U);
    if (kinds != 1) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         kinds == 0 ? INVALID "One of GlobalSecondaryIndexUpdate.Update, "
                                              "GlobalSecondaryIndexUpdate.Create, "
                                              "GlobalSecondaryIndexUpdate.Delete must not be null"
                                    : INVALID "Only one of GlobalSecondaryIndexUpdate.Update, "
                                              "GlobalSecondaryIndexUpdate.Create, "
                                              "GlobalSecondaryIndexUpdate.Delete can be specified");
    }
    struct bytes name = text_of(alter, "IndexName");
    if (alter != NULL && changes_have_update(changes, i, name)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Only one global secondary index update per index is allowed "
                                 "simultaneously. Index: %.*s",
                         (int)name.size, (const char *)name.data);
    }
    enum status status = throughput_check_bounds(call, member_of(alter, "ProvisionedThroughput"), name);
    return status == STATUS_OK ? throughput_check_extras(call, alter, name) : status;
}

static enum status update_check_request(struct call *call)
{
    static const char *const members[] = {"ProvisionedThroughput",    "BillingMode",
                                          "StreamSpecification",      "SSESpecification",
                                          "ReplicaUpdates",           "TableClass",
                                          "OnDemandThroughput",       "WarmThroughput",
                                          "DeletionProtectionEnabled"};
    const struct value *changes = member_of(call->input, "GlobalSecondaryIndexUpdates");
    size_t count = changes == NULL ? 0 : changes->items.count;
    bool is_change = count > 0;
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        is_change = is_change || member_of(call->input, members[i]) != NULL;
    }
    if (!is_change) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                         "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
    }
    const struct value *throughput = member_of(call->input, "ProvisionedThroughput");
    bool is_on_demand = text_is(text_of(call->input, "BillingMode"), "PAY_PER_REQUEST");
    enum status status = is_on_demand && throughput != NULL
                             ? create_check_throughput(call, call->input, true, (struct bytes){0})
                             : throughput_check_bounds(call, throughput, (struct bytes){0});
    if (status == STATUS_OK) {
        status = throughput_check_extras(call, call->input, (struct bytes){0});
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = change_check(call, changes, i);
    }
    if (status == STATUS_OK) {
        status = create_check_stream(call, member_of(call->input, "StreamSpecification"));
    }
    return status == STATUS_OK ? create_check_encryption(call, member_of(call->input, "SSESpecification"))
                               : status;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static enum status update_stream(struct call *call, struct table_update *update)
{
    const struct value *stream = member_of(call->input, "StreamSpecification");
    if (stream == NULL) {
        return STATUS_OK;
    }
    return stream_switch(call, update->current, update->current->version + 1, stream, &update->properties);
}

static void update_finish(struct call *call)
{
    const struct schema *schema = NULL;
    if (call_was_refused(call)) {
        return;
    }
    if (table_own(call, call_table_name(call, call->input), &schema) != STATUS_OK) {
        call_reply_failure(call);
        return;
    }
    table_reply_description(call, "TableDescription", schema, "UPDATING");
}

enum status table_alter(struct call *call, const struct schema *current, struct schema *next,
                        const struct value *properties, void (*finish)(struct call *call))
{
    struct error error;
    next->properties = properties_encode(properties, call->arena);
    struct gate_request request = call_request(call, finish);
    enum status status = gate_table_alter(call->door->options.gate, current, next, &request, &error);
    if (status != STATUS_OK) {
        call->is_waiting = false;
        return call_fail_error(call, status, error.text);
    }
    return STATUS_OK;
}

/* One change of a table at a time. */
static enum status update_check_state(struct call *call, const struct schema *schema)
{
    const char *state = table_status(call, schema);
    bool is_busy = strcmp(state, "ACTIVE") != 0;
    for (size_t i = 0; i < schema->indexes_count; i++) {
        is_busy = is_busy || schema->indexes[i].state != INDEX_ACTIVE;
    }
    return !is_busy ? STATUS_OK
                    : call_fail(call, AWS_FAILURE_IN_USE,
                                "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                                strcmp(state, "CREATING") == 0 ? "created" : "updated",
                                (int)schema->name.size, (const char *)schema->name.data);
}

enum status tables_update(struct call *call)
{
    static const char *const kept[] = {"SSESpecification", "TableClass", "DeletionProtectionEnabled"};
    static const char *const merged[] = {"OnDemandThroughput", "WarmThroughput"};
    struct table_update update = {0};
    enum status status = update_check_request(call);
    if (status == STATUS_OK) {
        status = table_own(call, call_table_name(call, call->input), &update.current);
    }
    if (status == STATUS_OK) {
        status = update_check_state(call, update.current);
    }
    if (status != STATUS_OK || update.current == NULL) {
        return STATUS_INVALID;
    }
    update.next = *update.current;
    update.properties = properties_decode(update.current->properties, call->arena);
    if (member_of(call->input, "ReplicaUpdates") != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Replicas in other regions are not supported by this server");
    }
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
        if (member_of(call->input, kept[i]) != NULL) {
            map_set_member(&update.properties, kept[i], member_of(call->input, kept[i]), call->arena);
        }
    }
    status =
        warm_check(call, &update.properties, member_of(call->input, "WarmThroughput"), (struct bytes){0});
    for (size_t i = 0; i < ARRAY_COUNT(merged); i++) {
        if (member_of(call->input, merged[i]) != NULL) {
            map_merge_member(&update.properties, merged[i], member_of(call->input, merged[i]), call->arena);
        }
    }
    if (status == STATUS_OK) {
        status = update_throughput(call, &update);
    }
    if (status == STATUS_OK) {
        status = update_indexes(call, &update);
    }
    if (status == STATUS_OK) {
        status = update_stream(call, &update);
    }
    struct value moment = value_of_integer(clock_wall_us(clock_system()));
    map_set_member(&update.properties, "UpdateDateTime", &moment, call->arena);
    return status == STATUS_OK
               ? table_alter(call, update.current, &update.next, &update.properties, update_finish)
               : status;
}
