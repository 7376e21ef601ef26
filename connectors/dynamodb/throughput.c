/* What a table or an index says of its throughput besides what is provisioned: OnDemandThroughput, the most that requests may
 * use, and WarmThroughput, what is ready from the start (Developer Guide, "Understanding DynamoDB warm throughput"). */
#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "

enum {
    WARM_READ_UNITS = 12000, /* of what is billed by request */
    WARM_WRITE_UNITS = 4000,
};

static const struct {
    const char *name;
    const char *provisioned;
    int64_t on_demand;
} warm_members[WARM_UNITS_COUNT] = {
    {"ReadUnitsPerSecond", "ReadCapacityUnits", WARM_READ_UNITS},
    {"WriteUnitsPerSecond", "WriteCapacityUnits", WARM_WRITE_UNITS},
};

const char *warm_name(size_t which)
{
    return warm_members[which].name;
}

/* What there is of itself, whatever was asked for. */
static int64_t warm_least(const struct value *properties, size_t which)
{
    const struct value *throughput = member_of(properties, "ProvisionedThroughput");
    return integer_of(throughput, warm_members[which].provisioned, warm_members[which].on_demand);
}

int64_t warm_units(const struct value *properties, size_t which)
{
    int64_t least = warm_least(properties, which);
    int64_t units = integer_of(member_of(properties, "WarmThroughput"), warm_members[which].name, least);
    return units < least ? least : units;
}

/* "table", or "index gsi" */
static const char *holder_name(struct call *call, struct bytes index)
{
    return index.size == 0
               ? "table"
               : arena_format(call->arena, "index %.*s", (int)index.size, (const char *)index.data);
}

/* The same where OnDemandThroughput is meant: "index : gsi". */
static const char *maximum_name(struct call *call, struct bytes index)
{
    return index.size == 0
               ? "table"
               : arena_format(call->arena, "index : %.*s", (int)index.size, (const char *)index.data);
}

static const char *const maximum_members[] = {"MaxReadRequestUnits", "MaxWriteRequestUnits"};

enum status on_demand_fail_provisioned(struct call *call, const struct value *throughput, struct bytes index,
                                       bool is_new)
{
    const char *name = maximum_members[member_of(throughput, maximum_members[0]) != NULL ? 0 : 1];
    return call_fail(call, AWS_FAILURE_VALIDATION,
                     INVALID "%s for OnDemandThroughput %s%.*s%scannot be specified when %stable BillingMode "
                             "is PROVISIONED%s",
                     name, index.size > 0 ? "for index: " : "", (int)index.size, (const char *)index.data,
                     index.size > 0 ? " " : "", is_new ? "" : "the ", is_new ? "." : "");
}

static enum status on_demand_check(struct call *call, const struct value *throughput, struct bytes index,
                                   bool is_new)
{
    bool has_one = false;
    for (size_t i = 0; i < ARRAY_COUNT(maximum_members) && throughput != NULL; i++) {
        int64_t units = integer_of(throughput, maximum_members[i], 1);
        has_one = has_one || member_of(throughput, maximum_members[i]) != NULL;
        if (units < 1 && (is_new || units != -1)) { /* -1 removes what is there */
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID "Requested %s for OnDemandThroughput for %s is outside of valid range",
                             maximum_members[i], maximum_name(call, index));
        }
    }
    return throughput == NULL || has_one
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID "MaxReadRequestUnits, MaxWriteRequestUnits or both must be specified in "
                                   "OnDemandThroughput for %s",
                           holder_name(call, index));
}

enum status throughput_check_extras(struct call *call, const struct value *holder, struct bytes index,
                                    bool is_new)
{
    const struct value *warm = member_of(holder, "WarmThroughput");
    if (warm != NULL && warm->pairs.count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "WarmThroughput must have at least one of ReadUnitsPerSecond or "
                                 "WriteUnitsPerSecond specified%s%.*s",
                         index.size > 0 ? " for index: " : "", (int)index.size, (const char *)index.data);
    }
    return on_demand_check(call, member_of(holder, "OnDemandThroughput"), index, is_new);
}

struct value throughput_without_empty(const struct value *holder, struct arena *arena)
{
    static const char *const members[] = {"OnDemandThroughput", "WarmThroughput"};
    struct value kept = *holder;
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        const struct value *member = member_of(&kept, members[i]);
        if (member != NULL && member->pairs.count == 0) {
            map_set_member(&kept, members[i], NULL, arena);
        }
    }
    return kept;
}

enum status warm_check_first(struct call *call, const struct value *holder, bool is_on_demand,
                             struct bytes index)
{
    const struct value *wanted = member_of(holder, "WarmThroughput");
    for (size_t i = 0; i < WARM_UNITS_COUNT && wanted != NULL; i++) {
        int64_t least = warm_least(holder, i);
        if (integer_of(wanted, warm_members[i].name, least) >= least) {
            continue;
        }
        const char *than =
            is_on_demand
                ? "initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/"
                  "developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial"
                : arena_format(call->arena, "%s of ProvisionedThroughput", warm_members[i].provisioned);
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Requested %s for WarmThroughput for %s is lower than %s",
                         warm_members[i].name, holder_name(call, index), than);
    }
    return STATUS_OK;
}

void on_demand_forget_removed(struct value *properties, struct arena *arena)
{
    const struct value *throughput = member_of(properties, "OnDemandThroughput");
    if (throughput == NULL) {
        return;
    }
    struct value kept = *throughput;
    for (size_t i = 0; i < ARRAY_COUNT(maximum_members); i++) {
        if (integer_of(&kept, maximum_members[i], 0) == -1) {
            map_set_member(&kept, maximum_members[i], NULL, arena);
        }
    }
    map_set_member(properties, "OnDemandThroughput", kept.pairs.count > 0 ? &kept : NULL, arena);
}

enum status warm_check(struct call *call, const struct value *now, const struct value *wanted,
                       struct bytes index)
{
    for (size_t i = 0; i < WARM_UNITS_COUNT && wanted != NULL; i++) {
        int64_t least = warm_units(now, i);
        if (integer_of(wanted, warm_members[i].name, least) < least) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID "Requested %s for WarmThroughput for %s is lower than current "
                                     "WarmThroughput, decreasing WarmThroughput is not supported",
                             warm_members[i].name, holder_name(call, index));
        }
    }
    return STATUS_OK;
}
