/* UpdateTable. */
#include "base/clock.h"
#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "
#define ONE_INDEX                                                                                            \
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"

/* The table under change. */
struct table_update {
    const struct schema *current;
    struct schema next;
    struct value properties;
    struct value moment; /* of the change */
};

/* Of a table, or of an index that has one: it must change. */
static enum status throughput_check_change(struct call *call, const struct value *now,
                                           const struct value *wanted, struct bytes index)
{
    long long read_now = integer_of(now, "ReadCapacityUnits", 0);
    long long write_now = integer_of(now, "WriteCapacityUnits", 0);
    long long read = integer_of(wanted, "ReadCapacityUnits", 0);
    long long write = integer_of(wanted, "WriteCapacityUnits", 0);
    const char *article = index.size > 0 ? "" : "the ";
    const char *holder =
        index.size > 0 ? arena_format(call->arena, "index %.*s", (int)index.size, (const char *)index.data)
                       : "table";
    if (now == NULL || wanted == NULL || read != read_now || write != write_now) {
        return STATUS_OK;
    }
    return call_fail(
        call, AWS_FAILURE_VALIDATION,
        "The provisioned throughput for the %s will not change. The requested value equals the current "
        "value. Current ReadCapacityUnits provisioned for %s%s: %lld. Requested ReadCapacityUnits: %lld. "
        "Current WriteCapacityUnits provisioned for %s%s: %lld. Requested WriteCapacityUnits: %lld. Refer to "
        "the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
        holder, article, holder, read_now, read, article, holder, write_now, write);
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
    if (!is_on_demand && member_of(call->input, "OnDemandThroughput") != NULL) {
        return on_demand_fail_provisioned(call, member_of(call->input, "OnDemandThroughput"),
                                          (struct bytes){0}, false);
    }
    if (is_on_demand && wanted != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                                 "BillingMode is PAY_PER_REQUEST");
    }
    if (!is_on_demand && mode.size > 0 && wanted == NULL) {
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
    enum status status =
        was_on_demand ? STATUS_OK : throughput_check_change(call, now, wanted, (struct bytes){0});
    map_set_member(&update->properties, "ProvisionedThroughput", wanted, call->arena);
    map_set_member(&update->properties, is_less ? "ThroughputDecreased" : "ThroughputIncreased", &moment,
                   call->arena);
    return status;
}

/* --- indexes ---------------------------------------------------------------------------------------------------- */

/* The index of that name, which must be of those that may come and go: not a local one. `verb`: what is to be done. */
static enum status index_global(struct call *call, const struct table_update *update,
                                struct index_schema *indexes, struct bytes name, const char *verb,
                                struct index_schema **ret_index)
{
    for (size_t i = 0; i < update->next.indexes_count; i++) {
        struct value properties = properties_decode(indexes[i].properties, call->arena);
        if (!bytes_equal(indexes[i].name, name)) {
            continue;
        }
        if (boolean_of(&properties, "IsLocal")) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             "Cannot %s an index that is not a GlobalSecondaryIndex: %.*s", verb,
                             (int)name.size, (const char *)name.data);
        }
        *ret_index = &indexes[i];
        return STATUS_OK;
    }
    return call_fail(call, AWS_FAILURE_NOT_FOUND, "Requested resource not found: Index %.*s for table %.*s",
                     (int)name.size, (const char *)name.data, (int)update->current->name.size,
                     (const char *)update->current->name.data);
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

/* In the words that UpdateTable has for it. */
static enum status index_check_throughput(struct call *call, const struct table_update *update,
                                          const struct value *index, bool is_new)
{
    struct bytes name = text_of(index, "IndexName");
    bool is_on_demand = text_is(text_of(&update->properties, "BillingMode"), "PAY_PER_REQUEST");
    bool has_units = member_of(index, "ProvisionedThroughput") != NULL;
    if (is_on_demand && has_units) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID
                         "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: "
                         "%.*s when BillingMode is PAY_PER_REQUEST",
                         (int)name.size, (const char *)name.data);
    }
    if (!is_on_demand && is_new && !has_units) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: "
                                 "%.*s",
                         (int)name.size, (const char *)name.data);
    }
    if (!is_on_demand && member_of(index, "OnDemandThroughput") != NULL) {
        return on_demand_fail_provisioned(call, member_of(index, "OnDemandThroughput"), name, false);
    }
    if (is_on_demand && !is_new && member_of(index, "OnDemandThroughput") == NULL &&
        member_of(index, "WarmThroughput") == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "The only Updates for index: %.*s when TableThroughputMode is "
                                 "PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput",
                         (int)name.size, (const char *)name.data);
    }
    return is_new ? create_check_throughput(call, index, is_on_demand, name) : STATUS_OK;
}

static enum status index_check_new(struct call *call, struct table_update *update, const struct value *index)
{
    struct bytes name = text_of(index, "IndexName");
    const struct value *definitions = member_of(call->input, "AttributeDefinitions");
    if (schema_index(&update->next, name) != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Attempting to create an index which already exists");
    }
    if (definitions == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "AttributeDefinitions is not specified for index: %.*s", (int)name.size,
                         (const char *)name.data);
    }
    enum status status = create_check_index(call, index, definitions);
    if (status == STATUS_OK) {
        status = definitions_check_same(call, update->current);
    }
    return status == STATUS_OK ? index_check_throughput(call, update, index, true) : status;
}

static enum status index_create(struct call *call, struct table_update *update, const struct value *index)
{
    struct index_schema *indexes =
        arena_create_array(call->arena, update->next.indexes_count + 1, sizeof(*indexes));
    enum status status = index_check_new(call, update, index);
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
        status = call_fail(call, AWS_FAILURE_LIMIT_EXCEEDED,
                           "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table "
                           "limit of %d",
                           DYNAMODB_GLOBAL_INDEXES_MAX);
    }
    if (status == STATUS_OK) {
        status = create_index(call, index, member_of(call->input, "AttributeDefinitions"), false,
                              &indexes[update->next.indexes_count]);
        update->next.indexes = indexes;
        update->next.indexes_count++;
    }
    return status;
}

static enum status index_delete(struct call *call, struct table_update *update, struct bytes name)
{
    size_t kept = 0;
    struct index_schema *gone = NULL;
    struct index_schema *indexes =
        arena_create_array(call->arena, update->next.indexes_count, sizeof(*indexes));
    enum status status = index_global(call, update, update->next.indexes, name, "delete", &gone);
    if (status != STATUS_OK) {
        return status;
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
    size_t count = update->next.indexes_count;
    struct index_schema *indexes = arena_create_array(call->arena, count, sizeof(*indexes));
    struct index_schema *index = NULL;
    for (size_t i = 0; i < count; i++) {
        indexes[i] = update->next.indexes[i];
    }
    enum status status = index_global(call, update, indexes, text_of(change, "IndexName"), "update", &index);
    if (status == STATUS_OK) {
        status = index_check_throughput(call, update, change, false);
    }
    if (status != STATUS_OK) {
        return status;
    }
    CHECK(index != NULL);
    struct value properties = properties_decode(index->properties, call->arena);
    status = throughput_check_change(call, member_of(&properties, "ProvisionedThroughput"),
                                     member_of(change, "ProvisionedThroughput"), index->name);
    if (status == STATUS_OK) {
        status = warm_check(call, &properties, member_of(change, "WarmThroughput"), index->name);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t k = 0; k < ARRAY_COUNT(merged); k++) {
        if (member_of(change, merged[k]) != NULL) {
            map_merge_member(&properties, merged[k], member_of(change, merged[k]), call->arena);
        }
    }
    on_demand_forget_removed(&properties, call->arena);
    map_set_member(&properties, "UpdateDateTime", &update->moment, call->arena);
    if (member_of(change, "WarmThroughput") != NULL) {
        map_set_member(&properties, "WarmDateTime", &update->moment, call->arena);
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
            return call_fail(call, AWS_FAILURE_LIMIT_EXCEEDED, ONE_INDEX);
        }
        status = index_change(call, update, change);
    }
    return status == STATUS_OK ? update_check_provisioned(call, update) : status;
}

/* --- changes of indexes ----------------------------------------------------------------------------------------- */

static const char *const change_kinds[] = {"Update", "Create", "Delete"};

/* The index that a change is about. */
static struct bytes change_index(const struct value *change)
{
    struct bytes name = {0};
    for (size_t i = 0; i < ARRAY_COUNT(change_kinds) && name.size == 0; i++) {
        name = text_of(member_of(change, change_kinds[i]), "IndexName");
    }
    return name;
}

static enum status change_check(struct call *call, const struct value *changes, size_t i)
{
    const struct value *change = &changes->items.at[i];
    const struct value *alter = member_of(change, "Update");
    struct bytes name = change_index(change);
    size_t kinds = 0;
    for (size_t k = 0; k < ARRAY_COUNT(change_kinds); k++) {
        kinds += member_of(change, change_kinds[k]) != NULL ? 1U : 0U;
    }
    if (kinds != 1) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         kinds == 0 ? INVALID "One of GlobalSecondaryIndexUpdate.Update, "
                                              "GlobalSecondaryIndexUpdate.Create, "
                                              "GlobalSecondaryIndexUpdate.Delete must not be null"
                                    : INVALID "Only one global secondary index action is allowed per "
                                              "GlobalSecondaryIndexUpdate object");
    }
    for (size_t k = 0; k < i; k++) {
        if (bytes_equal(name, change_index(&changes->items.at[k]))) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID "Only one global secondary index update per index is allowed "
                                     "simultaneously. Index: %.*s",
                             (int)name.size, (const char *)name.data);
        }
    }
    enum status status = throughput_check_bounds(call, member_of(alter, "ProvisionedThroughput"), name);
    return status == STATUS_OK ? throughput_check_extras(call, alter, name, false) : status;
}

/* --- what may be changed together ------------------------------------------------------------------------------- */

static const char *const update_members[] = {
    "ProvisionedThroughput", "BillingMode",    "StreamSpecification", "GlobalSecondaryIndexUpdates",
    "SSESpecification",      "ReplicaUpdates", "TableClass",          "DeletionProtectionEnabled",
    "OnDemandThroughput",    "WarmThroughput",
};

/* Whether the request changes something besides `member`, and `also`, which may be NULL. */
static bool update_has_other(struct call *call, const char *member, const char *also)
{
    for (size_t i = 0; i < ARRAY_COUNT(update_members); i++) {
        if (member_of(call->input, update_members[i]) != NULL && strcmp(update_members[i], member) != 0 &&
            (also == NULL || strcmp(update_members[i], also) != 0)) {
            return true;
        }
    }
    return false;
}

/* Whether it makes or drops an index; with `kind`, whether it does that. */
static bool update_has_change(struct call *call, const char *kind)
{
    const struct value *changes = member_of(call->input, "GlobalSecondaryIndexUpdates");
    for (size_t i = 0; changes != NULL && i < changes->items.count; i++) {
        if (member_of(&changes->items.at[i], kind) != NULL) {
            return true;
        }
    }
    return false;
}

/* What a request may change besides nothing else, the first of these that it has. */
static enum status update_check_alone(struct call *call)
{
    static const struct {
        const char *member;
        const char *also;
        const char *text;
    } rules[] = {
        {"SSESpecification", NULL,
         "Server-Side Encryption modification must be the only operation in the request"},
        {"TableClass", NULL, "TableClass modification must be the only operation in the request"},
        {"DeletionProtectionEnabled", NULL,
         "DeletionProtection modification must be the only operation in the request"},
        {"OnDemandThroughput", "BillingMode",
         "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"},
        {"WarmThroughput", NULL, "WarmThroughput must be the only operation in the request"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        if (member_of(call->input, rules[i].member) == NULL ||
            !update_has_other(call, rules[i].member, rules[i].also)) {
            continue;
        }
        bool is_creating =
            strcmp(rules[i].member, "WarmThroughput") == 0 && update_has_change(call, "Create");
        return call_fail(
            call, AWS_FAILURE_VALIDATION, INVALID "%s",
            is_creating ? "Create global secondary index cannot be specified when updating WarmThroughput"
                        : rules[i].text);
    }
    return STATUS_OK;
}

static enum status update_check_together(struct call *call)
{
    bool has_stream = member_of(call->input, "StreamSpecification") != NULL;
    bool has_units = member_of(call->input, "ProvisionedThroughput") != NULL;
    bool is_provisioned = has_units || text_is(text_of(call->input, "BillingMode"), "PROVISIONED");
    bool has_index = update_has_change(call, "Create") || update_has_change(call, "Delete");
    const char *text = NULL;
    if (has_stream && is_provisioned) {
        text = "You cannot modify stream status while updating table IOPS";
    } else if (has_index && has_units) {
        text = "You cannot create or delete index while updating table IOPS";
    } else if (has_index && has_stream) {
        text = "You cannot create or delete index while changing stream status";
    }
    return text == NULL ? update_check_alone(call)
                        : call_fail(call, AWS_FAILURE_VALIDATION, INVALID "%s", text);
}

/* --- what a request says by itself ------------------------------------------------------------------------------ */

/* OnDemandThroughput and WarmThroughput that say nothing, besides what says something. */
static void update_forget_empty(struct call *call)
{
    struct value *input = arena_create(call->arena, sizeof(*input));
    *input = throughput_without_empty(call->input, call->arena);
    call->input = update_has_other(call, "OnDemandThroughput", "WarmThroughput") ? input : call->input;
}

static enum status update_check_something(struct call *call)
{
    const struct value *changes = member_of(call->input, "GlobalSecondaryIndexUpdates");
    bool is_empty = changes != NULL && changes->items.count == 0;
    if (!update_has_other(call, "", is_empty ? "GlobalSecondaryIndexUpdates" : NULL)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                         "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, "
                         "MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
                         "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is "
                         "required");
    }
    return is_empty ? call_fail(call, AWS_FAILURE_VALIDATION,
                                INVALID "List of GlobalSecondaryIndexUpdates is empty")
                    : STATUS_OK;
}

static enum status update_check_request(struct call *call)
{
    const struct value *changes = member_of(call->input, "GlobalSecondaryIndexUpdates");
    size_t count = changes == NULL ? 0 : changes->items.count;
    const struct value *throughput = member_of(call->input, "ProvisionedThroughput");
    bool is_on_demand = text_is(text_of(call->input, "BillingMode"), "PAY_PER_REQUEST");
    enum status status = update_check_something(call);
    if (status == STATUS_OK) {
        status = is_on_demand && throughput != NULL
                     ? create_check_throughput(call, call->input, true, (struct bytes){0})
                     : throughput_check_bounds(call, throughput, (struct bytes){0});
    }
    if (status == STATUS_OK) {
        status = throughput_check_extras(call, call->input, (struct bytes){0}, false);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = change_check(call, changes, i);
    }
    if (status == STATUS_OK) {
        status = create_check_stream(call, member_of(call->input, "StreamSpecification"), false);
    }
    if (status == STATUS_OK) {
        status = create_check_encryption(call, member_of(call->input, "SSESpecification"));
    }
    return status == STATUS_OK ? update_check_together(call) : status;
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

/* Which request changes the encryption changes nothing else (update_check_alone). */
bool call_updates_encryption(struct call *call)
{
    return strcmp(call->operation->name, "UpdateTable") == 0 &&
           member_of(call->input, "SSESpecification") != NULL;
}

/* Protection against deletion is set and taken away at once. */
static bool update_is_protection(const struct call *call)
{
    return member_of(call->input, "DeletionProtectionEnabled") != NULL;
}

/* A key that is named otherwise than by its ARN is taken again (API Reference, SSESpecification). */
static enum status update_encryption(struct call *call, struct table_update *update)
{
    const struct value *wanted = member_of(call->input, "SSESpecification");
    const struct value *now = member_of(&update->properties, "SSESpecification");
    bool is_enabled = now != NULL && encryption_is_enabled(now);
    if (wanted == NULL) {
        return STATUS_OK;
    }
    if (!is_enabled && !encryption_is_enabled(wanted)) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "Table is already encrypted by default");
    }
    struct bytes key = text_of(wanted, "KMSMasterKeyId");
    if (is_enabled && bytes_equal(key, encryption_key_arn(call, now))) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId "
                                 "parameter if you want to change Master Key");
    }
    map_set_member(&update->properties, "SSEBefore", is_enabled ? now : NULL, call->arena);
    map_set_member(&update->properties, "SSESpecification", wanted, call->arena);
    return STATUS_OK;
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
    const char *status = call_updates_encryption(call) ? "ACTIVE" : "UPDATING";
    table_reply_description(call, "TableDescription", schema,
                            update_is_protection(call) ? table_status(call, schema) : status);
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

/* Whether the request makes an index, or deletes another than `creating`. */
static bool update_touches_other(struct call *call, struct bytes creating)
{
    const struct value *changes = member_of(call->input, "GlobalSecondaryIndexUpdates");
    for (size_t i = 0; changes != NULL && i < changes->items.count; i++) {
        const struct value *drop = member_of(&changes->items.at[i], "Delete");
        if (drop != NULL && !bytes_equal(text_of(drop, "IndexName"), creating)) {
            return true;
        }
    }
    return update_has_change(call, "Create");
}

/* One change of a table at a time, but for its encryption and its protection against deletion; while an index is filled any
 * other, and it may be deleted itself (Developer Guide, "Managing Global Secondary Indexes", backfilling). */
static enum status update_check_state(struct call *call, const struct schema *schema)
{
    const char *state = table_status(call, schema);
    bool is_free =
        strcmp(state, "ACTIVE") == 0 ||
        (strcmp(state, "UPDATING") == 0 && (call_updates_encryption(call) || update_is_protection(call)));
    if (!is_free) {
        return call_fail(call, AWS_FAILURE_IN_USE,
                         "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                         strcmp(state, "CREATING") == 0 ? "created" : "updated", (int)schema->name.size,
                         (const char *)schema->name.data);
    }
    for (size_t i = 0; i < schema->indexes_count; i++) {
        if (schema->indexes[i].state != INDEX_ACTIVE && update_touches_other(call, schema->indexes[i].name)) {
            return call_fail(call, AWS_FAILURE_LIMIT_EXCEEDED, ONE_INDEX);
        }
    }
    return STATUS_OK;
}

static enum status update_fail_replicas(struct call *call)
{
    const struct value *changes = member_of(call->input, "ReplicaUpdates");
    for (size_t i = 0; i < changes->items.count; i++) {
        for (size_t k = 0; k < ARRAY_COUNT(change_kinds); k++) {
            const struct value *change = member_of(&changes->items.at[i], change_kinds[k]);
            if (change != NULL && bytes_equal(text_of(change, "RegionName"), call->region)) {
                return call_fail(
                    call, AWS_FAILURE_VALIDATION,
                    "Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, "
                    "DeleteTable, or UpdateTable as required.");
            }
        }
    }
    return call_fail(call, AWS_FAILURE_VALIDATION,
                     "Replicas in other regions are not supported by this server");
}

enum status tables_update(struct call *call)
{
    static const char *const kept[] = {"TableClass", "DeletionProtectionEnabled"};
    static const char *const merged[] = {"OnDemandThroughput", "WarmThroughput"};
    struct table_update update = {.moment = value_of_integer(clock_wall_us(clock_system()))};
    update_forget_empty(call);
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
        return update_fail_replicas(call);
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
    on_demand_forget_removed(&update.properties, call->arena);
    if (status == STATUS_OK) {
        status = update_throughput(call, &update);
    }
    if (status == STATUS_OK) {
        status = update_indexes(call, &update);
    }
    if (status == STATUS_OK) {
        status = update_stream(call, &update);
    }
    if (status == STATUS_OK) {
        status = update_encryption(call, &update);
    }
    if (!update_is_protection(call)) {
        map_set_member(&update.properties, call_updates_encryption(call) ? "SSEDateTime" : "UpdateDateTime",
                       &update.moment, call->arena);
    }
    if (member_of(call->input, "WarmThroughput") != NULL) {
        map_set_member(&update.properties, "WarmDateTime", &update.moment, call->arena);
    }
    return status == STATUS_OK
               ? table_alter(call, update.current, &update.next, &update.properties, update_finish)
               : status;
}
