/* What a restore changes of the table that it makes: the members of its request that end with Override. */
#include "recovery.h"

#define INVALID "One or more parameter values were invalid: "

static const struct value *override_find(const struct value *list, struct bytes name)
{
    for (size_t i = 0; list != NULL && i < list->items.count; i++) {
        if (bytes_equal(text_of(&list->items.at[i], "IndexName"), name)) {
            return &list->items.at[i];
        }
    }
    return NULL;
}

/* Whether the index is as `override` has it: the same keys in the same order, the same projection. */
static bool override_matches(const struct value *override, const struct index_schema *index,
                             const struct value *properties)
{
    const struct value *keys = member_of(override, "KeySchema");
    const struct value *given = member_of(override, "Projection");
    size_t count = index->partition_count + index->clustering_count;
    bool matches = keys != NULL && keys->items.count == count &&
                   bytes_equal(text_of(given, "ProjectionType"),
                               text_of(member_of(properties, "Projection"), "ProjectionType"));
    for (size_t i = 0; i < count && matches; i++) {
        const struct value *key = &keys->items.at[i];
        matches = bytes_equal(text_of(key, "AttributeName"), index_key_column(index, i)->name) &&
                  text_is(text_of(key, "KeyType"), i < index->partition_count ? "HASH" : "RANGE");
    }
    return matches;
}

/* Every index that a list names must be one of the source's. */
static enum status overrides_check_indexes(struct call *call, const struct schema *target, bool is_local)
{
    const struct value *list =
        member_of(call->input, is_local ? "LocalSecondaryIndexOverride" : "GlobalSecondaryIndexOverride");
    for (size_t i = 0; list != NULL && i < list->items.count; i++) {
        struct bytes name = text_of(&list->items.at[i], "IndexName");
        const struct index_schema *index = schema_index(target, name);
        struct value properties = {.kind = VALUE_MAP};
        if (index != NULL) {
            properties = properties_decode(index->properties, call->arena);
        }
        if (index == NULL || boolean_of(&properties, "IsLocal") != is_local ||
            !override_matches(&list->items.at[i], index, &properties)) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID "The index in the override does not match an index of the source "
                                     "table: %.*s",
                             (int)name.size, (const char *)name.data);
        }
    }
    return STATUS_OK;
}

/* Throughput as a table or an index would be made with it; what was warm of the source says nothing of that. */
static enum status override_check_throughput(struct call *call, const struct value *properties,
                                             bool is_on_demand, struct bytes index)
{
    struct value holder = *properties;
    map_set_member(&holder, "WarmThroughput", NULL, call->arena);
    return create_check_throughput(call, &holder, is_on_demand, index);
}

/* The throughput of an index that stays, in the billing mode of the new table. */
static enum status override_index(struct call *call, const struct value *override, bool is_on_demand,
                                  struct index_schema *index)
{
    struct value properties = properties_decode(index->properties, call->arena);
    const char *const names[] = {"ProvisionedThroughput", "OnDemandThroughput"};
    bool is_local = boolean_of(&properties, "IsLocal");
    map_set_member(&properties, names[is_on_demand ? 0 : 1], NULL, call->arena);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct value *given = member_of(override, names[i]);
        if (given != NULL) {
            map_set_member(&properties, names[i], given, call->arena);
        }
    }
    index->properties = properties_encode(&properties, call->arena);
    return is_local ? STATUS_OK : override_check_throughput(call, &properties, is_on_demand, index->name);
}

/* The indexes that the request wants to have; without an override all that the source had. */
static enum status overrides_apply_indexes(struct call *call, bool is_on_demand, struct schema *target)
{
    const struct value *lists[] = {member_of(call->input, "LocalSecondaryIndexOverride"),
                                   member_of(call->input, "GlobalSecondaryIndexOverride")};
    size_t kept = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < target->indexes_count && status == STATUS_OK; i++) {
        struct value properties = properties_decode(target->indexes[i].properties, call->arena);
        const struct value *list = lists[boolean_of(&properties, "IsLocal") ? 0 : 1];
        const struct value *override = override_find(list, target->indexes[i].name);
        if (list == NULL || override != NULL) {
            target->indexes[kept] = target->indexes[i];
            status = override_index(call, override, is_on_demand, &target->indexes[kept++]);
        }
    }
    target->indexes_count = kept;
    return status;
}

enum status overrides_apply(struct call *call, struct schema *target, struct value *properties)
{
    static const struct {
        const char *override;
        const char *name;
    } overrides[] = {{"BillingModeOverride", "BillingMode"},
                     {"ProvisionedThroughputOverride", "ProvisionedThroughput"},
                     {"OnDemandThroughputOverride", "OnDemandThroughput"},
                     {"SSESpecificationOverride", "SSESpecification"}};
    struct bytes mode = text_of(call->input, "BillingModeOverride");
    mode = mode.size > 0 ? mode : text_of(properties, "BillingMode");
    bool is_on_demand = text_is(mode, "PAY_PER_REQUEST");
    map_set_member(properties, is_on_demand ? "ProvisionedThroughput" : "OnDemandThroughput", NULL,
                   call->arena);
    for (size_t i = 0; i < ARRAY_COUNT(overrides); i++) {
        const struct value *override = member_of(call->input, overrides[i].override);
        if (override != NULL) {
            map_set_member(properties, overrides[i].name, override, call->arena);
        }
    }
    enum status status = override_check_throughput(call, properties, is_on_demand, (struct bytes){0});
    if (status == STATUS_OK) {
        status = create_check_encryption(call, member_of(call->input, "SSESpecificationOverride"));
    }
    if (status == STATUS_OK) {
        status = overrides_check_indexes(call, target, true);
    }
    if (status == STATUS_OK) {
        status = overrides_check_indexes(call, target, false);
    }
    return status == STATUS_OK ? overrides_apply_indexes(call, is_on_demand, target) : status;
}
