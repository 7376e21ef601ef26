/* Point-in-time recovery: DescribeContinuousBackups, UpdateContinuousBackups, RestoreTableToPointInTime. The log keeps
 * every change for 35 days in any case; the setting decides what DynamoDB's API offers of it. */
#include "recovery.h"

#include "base/clock.h"
#include "base/random.h"
#include "value/decimal.h"

enum {
    RECOVERY_DAYS_MAX = 35,
    RECOVERY_UNITS_PER_DAY = 86400,
};

static const int64_t day_us = (int64_t)RECOVERY_UNITS_PER_DAY * 1000000;

int64_t recovery_earliest_us(const struct value *recovery)
{
    int64_t days = integer_of(recovery, "Days", RECOVERY_DAYS_MAX);
    int64_t since_us = integer_of(recovery, "Since", 0);
    int64_t horizon_us = clock_wall_us(clock_system()) - days * day_us;
    return since_us > horizon_us ? since_us : horizon_us;
}

static void recovery_put(struct call *call, const struct value *properties)
{
    struct buffer body = {0};
    const struct value *recovery = member_of(properties, "PointInTimeRecovery");
    bool is_enabled = boolean_of(recovery, "Enabled");
    json_open(&body, '{');
    json_name(&body, "ContinuousBackupsDescription");
    json_open(&body, '{');
    json_word(&body, "ContinuousBackupsStatus", "ENABLED");
    json_name(&body, "PointInTimeRecoveryDescription");
    json_open(&body, '{');
    json_word(&body, "PointInTimeRecoveryStatus", is_enabled ? "ENABLED" : "DISABLED");
    if (is_enabled) {
        json_integer(&body, "RecoveryPeriodInDays", integer_of(recovery, "Days", RECOVERY_DAYS_MAX));
        json_time(&body, "EarliestRestorableDateTime", recovery_earliest_us(recovery));
        json_time(&body, "LatestRestorableDateTime", clock_wall_us(clock_system()));
    }
    json_close(&body, '}');
    json_close(&body, '}');
    json_close(&body, '}');
    call_reply(call, &body);
}

static enum status recovery_table(struct call *call, const struct schema **ret_schema)
{
    return table_own_kept(call, call_table_name(call, call->input), ret_schema);
}

enum status recovery_describe(struct call *call)
{
    const struct schema *schema = NULL;
    if (recovery_table(call, &schema) != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    struct value properties = properties_decode(schema->properties, call->arena);
    recovery_put(call, &properties);
    return STATUS_OK;
}

static void recovery_finish(struct call *call)
{
    if (call_was_refused(call)) {
        return;
    }
    recovery_put(call, call->state);
}

enum status recovery_update(struct call *call)
{
    const struct schema *schema = NULL;
    const struct value *wanted = member_of(call->input, "PointInTimeRecoverySpecification");
    if (recovery_table(call, &schema) != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    bool is_enabled = boolean_of(wanted, "PointInTimeRecoveryEnabled");
    struct value *properties = arena_create(call->arena, sizeof(*properties));
    *properties = properties_decode(schema->properties, call->arena);
    const struct value *now = member_of(properties, "PointInTimeRecovery");
    int64_t since_us =
        boolean_of(now, "Enabled") ? integer_of(now, "Since", 0) : clock_wall_us(clock_system());
    const struct value_member members[] = {
        {"Days", value_of_integer(integer_of(wanted, "RecoveryPeriodInDays", RECOVERY_DAYS_MAX))},
        {"Enabled", value_of_boolean(is_enabled)},
        {"Since", value_of_integer(since_us)},
    };
    struct value recovery = value_of_members(call->arena, members, ARRAY_COUNT(members));
    if (!is_enabled && member_of(wanted, "RecoveryPeriodInDays") != NULL) {
        return call_fail(
            call, AWS_FAILURE_VALIDATION,
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.");
    }
    map_set_member(properties, "PointInTimeRecovery", &recovery, call->arena);
    struct schema next = *schema;
    call->state = properties;
    return table_alter(call, schema, &next, properties, recovery_finish);
}

/* --- restores --------------------------------------------------------------------------------------------------- */

static enum status restore_check_target(struct call *call, struct bytes name)
{
    const struct schema *found = NULL;
    return gate_table_find(call->door->options.gate, name, &found, NULL) == STATUS_OK
               ? call_fail(call, AWS_FAILURE_TABLE_EXISTS, "Table already exists: %.*s", (int)name.size,
                           (const char *)name.data)
               : STATUS_OK;
}

/* The target keeps what the source was, but for what AWS does not restore: streams, TTL, tags, policies. */
static void restore_properties(struct call *call, const struct restore *restore, struct value *properties)
{
    static const char *const left_out[] = {"Streams",        "Tags",
                                           "ResourcePolicy", "PointInTimeRecovery",
                                           "UpdateDateTime", "SSEDateTime",
                                           "SSEBefore",      "Backup",
                                           "PolicyRevision"};
    struct value job = value_of_integer(restore->job);
    struct value now = value_of_integer(clock_wall_us(clock_system()));
    struct value id = value_of_word(table_id(call->arena));
    for (size_t i = 0; i < ARRAY_COUNT(left_out); i++) {
        map_set_member(properties, left_out[i], NULL, call->arena);
    }
    map_set_member(properties, "CreationDateTime", &now, call->arena);
    map_set_member(properties, "TableId", &id, call->arena);
    struct value summary = {.kind = VALUE_MAP};
    struct value moment = {.kind = VALUE_DECIMAL,
                           .decimal = decimal_of_integer(restore->time_us / 1000, call->arena)};
    moment.decimal.scale = 3;
    struct value arn = value_of_text(table_arn(call, restore->table, call->arena));
    map_set_member(&summary, "RestoreDateTime", &moment, call->arena);
    map_set_member(&summary, "SourceTableArn", &arn, call->arena);
    if (restore->backup_arn.size > 0) {
        struct value backup = value_of_text(restore->backup_arn);
        map_set_member(&summary, "SourceBackupArn", &backup, call->arena);
    }
    map_set_member(properties, "RestoreJob", &job, call->arena);
    map_set_member(properties, "RestoreSummary", &summary, call->arena);
}

static void restore_finish(struct call *call)
{
    const struct schema *schema = NULL;
    if (call_was_refused(call)) {
        return;
    }
    if (table_own(call, text_of(call->input, "TargetTableName"), &schema) != STATUS_OK) {
        call_reply_failure(call);
        return;
    }
    table_reply_description(call, "TableDescription", schema, "CREATING");
}

bool restore_is_running(struct call *call, int64_t job)
{
    struct bytes image;
    struct value pair[] = {value_of_word("id"), value_of_integer(job)};
    struct value key = {.kind = VALUE_MAP, .pairs = {.at = pair, .count = 1}};
    if (gate_get(call->door->view, bytes_of_text("system.jobs"), &key, 0, call->arena, NULL, &image, NULL) !=
        STATUS_OK) {
        return false;
    }
    struct value row = item_of_image(arena_copy(call->arena, image), call->arena);
    return text_is(text_of(&row, "state"), "running");
}

int64_t restore_job(void)
{
    uint64_t job = 0;
    random_secret(&job, sizeof(job));
    return (int64_t)(job >> 1);
}

enum status restore_submit(struct call *call, const struct restore *restore, struct schema *target,
                           void (*finish)(struct call *call))
{
    struct error error;
    struct gate_request request = call_request(call, finish);
    request.cause = (struct cause){.kind = CAUSE_RESTORE, .lsn = restore->lsn};
    enum status status = gate_restore(call->door->options.gate, restore->source, restore->lsn, target,
                                      restore->job, &request, &error);
    if (status != STATUS_OK) {
        call->is_waiting = false;
        return call_fail_error(call, status, error.text);
    }
    return STATUS_OK;
}

enum status restore_run(struct call *call, struct restore *restore)
{
    struct schema *target = NULL;
    struct error error;
    struct bytes name = text_of(call->input, "TargetTableName");
    enum status status = restore_check_target(call, name);
    if (status != STATUS_OK) {
        return status;
    }
    status = gate_table_at(call->door->view, restore->source, restore->lsn, call->arena, &target, &error);
    if (status != STATUS_OK) {
        return call_fail(call, AWS_FAILURE_TABLE_NOT_FOUND, "Table not found: %.*s", (int)restore->table.size,
                         (const char *)restore->table.data);
    }
    restore->job = restore_job();
    struct value properties = properties_decode(target->properties, call->arena);
    restore_properties(call, restore, &properties);
    status = overrides_apply(call, target, &properties);
    target->properties = properties_encode(&properties, call->arena);
    target->name = name;
    target->ttl_attribute = (struct bytes){0};
    return status == STATUS_OK ? restore_submit(call, restore, target, restore_finish) : status;
}

/* The moment that the request names, whether it lies where it may, and the LSN that it stands for. */
static enum status restore_moment(struct call *call, const struct value *recovery, struct restore *restore)
{
    const struct value *moment = member_of(call->input, "RestoreDateTime");
    int64_t now_us = clock_wall_us(clock_system());
    struct gate *gate = call->door->options.gate;
    struct error error;
    enum status status = STATUS_OK;
    if (boolean_of(call->input, "UseLatestRestorableTime")) {
        status = gate_lsn_now(gate, &restore->time_us, &restore->lsn, &error);
        return status == STATUS_OK ? status : call_fail(call, AWS_FAILURE_RESTORE_TIME, "%s", error.text);
    }
    if (moment == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Either RestoreDateTime or UseLatestRestorableTime must be specified");
    }
    restore->time_us = moment_of_seconds(&moment->decimal);
    /* A second begun counts: clients name whole seconds. */
    if (restore->time_us > now_us || restore->time_us + 999999 < recovery_earliest_us(recovery)) {
        return call_fail(call, AWS_FAILURE_RESTORE_TIME,
                         "The RestoreDateTime is not between EarliestRestorableDateTime and "
                         "LatestRestorableDateTime");
    }
    status = gate_lsn_at(gate, restore->time_us, &restore->lsn, &error);
    return status == STATUS_OK ? status : call_fail(call, AWS_FAILURE_RESTORE_TIME, "%s", error.text);
}

enum status recovery_restore(struct call *call)
{
    struct bytes arn = text_of(call->input, "SourceTableArn");
    struct bytes name = arn.size > 0 ? table_named_anywhere(arn) : text_of(call->input, "SourceTableName");
    const struct schema *schema = NULL;
    if (name.size == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Either SourceTableName or SourceTableArn must be specified");
    }
    enum status status = table_own_kept(call, name, &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    struct value properties = properties_decode(schema->properties, call->arena);
    const struct value *recovery = member_of(&properties, "PointInTimeRecovery");
    if (!boolean_of(recovery, "Enabled")) {
        return call_fail(call, AWS_FAILURE_RECOVERY_UNAVAILABLE,
                         "Point in time recovery is not enabled for table '%.*s'", (int)name.size,
                         (const char *)name.data);
    }
    struct restore restore = {.source = name, .table = name};
    status = restore_moment(call, recovery, &restore);
    return status == STATUS_OK ? restore_run(call, &restore) : status;
}
