/* On-demand backups: CreateBackup, DescribeBackup, ListBackups, DeleteBackup, RestoreTableFromBackup. A backup is a
 * table of its own that no request can name, so it outlives both its source and the log's horizon. */
#include "base/clock.h"
#include "base/random.h"
#include "recovery.h"

static const char backup_prefix[] = "oxbow.backup.";

bool table_is_backup(const struct schema *schema)
{
    return bytes_start_with(schema->name, bytes_of_text(backup_prefix));
}

/* What a backup's properties tell of it. */
struct backup {
    const struct schema *schema;
    struct value facts; /* Name, Table, TableId, Id, Created, Lsn; Expires, View: of the table then */
    struct value properties;
};

static bool backup_of(struct call *call, const struct schema *schema, struct backup *ret_backup)
{
    if (!table_is_backup(schema)) {
        return false;
    }
    ret_backup->schema = schema;
    ret_backup->properties = properties_decode(schema->properties, call->arena);
    const struct value *facts = member_of(&ret_backup->properties, "Backup");
    ret_backup->facts = facts == NULL ? (struct value){.kind = VALUE_MAP} : *facts;
    return facts != NULL;
}

static struct bytes backup_arn(struct call *call, const struct value *facts)
{
    struct bytes table = table_arn(call, text_of(facts, "Table"), call->arena);
    struct bytes id = text_of(facts, "Id");
    return bytes_of_text(arena_format(call->arena, "%.*s/backup/%.*s", (int)table.size,
                                      (const char *)table.data, (int)id.size, (const char *)id.data));
}

static enum status backup_find(struct call *call, struct bytes arn, struct backup *ret_backup)
{
    static const char mark[] = "/backup/";
    const struct schema *schema = NULL;
    const uint8_t *at = bytes_find(arn, bytes_of_text(mark));
    const char *name = "";
    if (at != NULL) {
        struct bytes id = bytes_from(arn, (size_t)(at - arn.data) + sizeof(mark) - 1);
        name = arena_format(call->arena, "%s%s", backup_prefix, arena_copy_text(call->arena, id));
    }
    if (gate_table_find(call->door->options.gate, bytes_of_text(name), &schema, NULL) != STATUS_OK ||
        !backup_of(call, schema, ret_backup)) {
        return call_fail(call, AWS_FAILURE_BACKUP_NOT_FOUND, "Backup not found: %s",
                         arena_copy_text(call->arena, arn));
    }
    return STATUS_OK;
}

static const char *backup_status(struct call *call, const struct backup *backup)
{
    return restore_is_running(call, integer_of(&backup->facts, "Job", 0)) ? "CREATING" : "AVAILABLE";
}

/* `status` NULL: as it is. */
static void backup_put_details(struct call *call, const struct backup *backup, const char *status,
                               struct buffer *body)
{
    uint64_t rows = 0;
    uint64_t bytes = 0;
    (void)!gate_totals(call->door->view, backup->schema->space, &rows, &bytes,
                       NULL); /* 0 when it cannot tell */
    json_open(body, '{');
    json_text(body, "BackupArn", backup_arn(call, &backup->facts));
    json_text(body, "BackupName", text_of(&backup->facts, "Name"));
    json_integer(body, "BackupSizeBytes", (int64_t)bytes);
    json_word(body, "BackupStatus", status == NULL ? backup_status(call, backup) : status);
    json_word(body, "BackupType", "USER");
    json_time(body, "BackupCreationDateTime", integer_of(&backup->facts, "Created", 0));
    json_close(body, '}');
}

static void backup_put_source(struct call *call, const struct backup *backup, struct buffer *body)
{
    uint64_t rows = 0;
    uint64_t bytes = 0;
    struct bytes table = text_of(&backup->facts, "Table");
    struct bytes mode = text_of(&backup->properties, "BillingMode");
    (void)!gate_totals(call->door->view, backup->schema->space, &rows, &bytes,
                       NULL); /* 0 when it cannot tell */
    json_name(body, "SourceTableDetails");
    json_open(body, '{');
    json_text(body, "TableName", table);
    json_text(body, "TableId", text_of(&backup->facts, "TableId"));
    json_text(body, "TableArn", table_arn(call, table, call->arena));
    json_integer(body, "TableSizeBytes", (int64_t)bytes);
    json_integer(body, "ItemCount", (int64_t)rows);
    describe_keys(body, backup->schema->partition, backup->schema->partition_count,
                  backup->schema->clustering, backup->schema->clustering_count);
    json_time(body, "TableCreationDateTime", integer_of(&backup->properties, "CreationDateTime", 0));
    describe_capacity(body, &backup->properties);
    json_text(body, "BillingMode", mode.size > 0 ? mode : bytes_of_text("PROVISIONED"));
    json_close(body, '}');
    json_name(body, "SourceTableFeatureDetails");
    describe_features(call, backup->schema, &backup->properties, text_of(&backup->facts, "View"),
                      text_of(&backup->facts, "Expires"), body);
}

static void backup_reply(struct call *call, const struct backup *backup, bool is_description,
                         const char *status)
{
    struct buffer body = {0};
    json_open(&body, '{');
    if (is_description) {
        json_name(&body, "BackupDescription");
        json_open(&body, '{');
    }
    json_name(&body, "BackupDetails");
    backup_put_details(call, backup, status, &body);
    if (is_description) {
        backup_put_source(call, backup, &body);
        json_close(&body, '}');
    }
    json_close(&body, '}');
    call_reply(call, &body);
}

/* --- operations ------------------------------------------------------------------------------------------------- */

static void backup_created(struct call *call)
{
    const struct schema *schema = NULL;
    const struct schema *target = call->state;
    struct backup backup = {0};
    if (call_was_refused(call)) {
        return;
    }
    if (gate_table_find(call->door->options.gate, target->name, &schema, NULL) != STATUS_OK ||
        !backup_of(call, schema, &backup)) {
        (void)call_fail(call, AWS_FAILURE_BACKUP_NOT_FOUND, "Backup not found");
        call_reply_failure(call);
        return;
    }
    backup_reply(call, &backup, false, "CREATING");
}

/* The backup's own facts, and a name that no other has. */
static struct value backup_facts(struct call *call, const struct schema *schema, uint64_t lsn, int64_t job)
{
    uint32_t salt = 0;
    int64_t now_us = clock_wall_us(clock_system());
    struct value properties = properties_decode(schema->properties, call->arena);
    random_secret(&salt, sizeof(salt));
    const struct value_member members[] = {
        {"Created", value_of_integer(now_us)},
        {"Expires", value_of_text(schema->ttl_attribute)},
        {"Id", value_of_word(arena_format(call->arena, "%017lld-%08x", (long long)(now_us / 1000), salt))},
        {"Job", value_of_integer(job)},
        {"Lsn", value_of_integer((int64_t)lsn)},
        {"Name", value_of_text(text_of(call->input, "BackupName"))},
        {"Table", value_of_text(schema->name)},
        {"TableId", value_of_text(text_of(&properties, "TableId"))},
        {"View", value_of_text(stream_view(&properties))},
    };
    return value_of_members(call->arena, members, ARRAY_COUNT(members));
}

enum status backups_create(struct call *call)
{
    struct bytes table = call_table_name(call, call->input);
    const struct schema *schema = NULL;
    struct schema *target = NULL;
    struct error error;
    struct restore restore = {.source = table, .lsn = feed_committed_lsn(call->door->options.feed)};
    enum status status = table_own_kept(call, table, &schema);
    if (status != STATUS_OK || schema == NULL) {
        return STATUS_INVALID;
    }
    status = gate_table_at(call->door->view, table, restore.lsn, call->arena, &target, &error);
    if (status != STATUS_OK || target == NULL) {
        return call_fail_error(call, status, error.text);
    }
    restore.job = restore_job();
    struct value properties = properties_decode(target->properties, call->arena);
    struct value facts = backup_facts(call, target, restore.lsn, restore.job);
    struct bytes id = text_of(&facts, "Id");
    map_set_member(&properties, "Backup", &facts, call->arena);
    map_set_member(&properties, "Streams", NULL, call->arena);
    target->properties = properties_encode(&properties, call->arena);
    target->ttl_attribute = (struct bytes){0};
    target->name = bytes_of_text(
        arena_format(call->arena, "%s%.*s", backup_prefix, (int)id.size, (const char *)id.data));
    call->state = target;
    return restore_submit(call, &restore, target, backup_created);
}

enum status backups_describe(struct call *call)
{
    struct backup backup = {0};
    enum status status = backup_find(call, text_of(call->input, "BackupArn"), &backup);
    if (status != STATUS_OK || backup.schema == NULL) {
        return STATUS_INVALID;
    }
    backup_reply(call, &backup, true, NULL);
    return STATUS_OK;
}

static void backup_deleted(struct call *call)
{
    if (call_was_refused(call)) {
        return;
    }
    backup_reply(call, call->state, true, "DELETED");
}

enum status backups_delete(struct call *call)
{
    struct error error;
    struct backup *backup = arena_create(call->arena, sizeof(*backup));
    enum status status = backup_find(call, text_of(call->input, "BackupArn"), backup);
    if (status != STATUS_OK || backup->schema == NULL) {
        return STATUS_INVALID;
    }
    call->state = backup;
    struct gate_request request = call_request(call, backup_deleted);
    status = gate_table_drop(call->door->options.gate, backup->schema->name, &request, &error);
    if (status != STATUS_OK) {
        call->is_waiting = false;
        return call_fail_error(call, status, error.text);
    }
    return STATUS_OK;
}

enum status backups_restore(struct call *call)
{
    struct backup backup = {0};
    enum status status = backup_find(call, text_of(call->input, "BackupArn"), &backup);
    if (status != STATUS_OK || backup.schema == NULL) {
        return STATUS_INVALID;
    }
    struct restore restore = {.source = backup.schema->name,
                              .table = text_of(&backup.facts, "Table"),
                              .backup_arn = backup_arn(call, &backup.facts),
                              .lsn = feed_committed_lsn(call->door->options.feed),
                              .time_us = integer_of(&backup.facts, "Created", 0)};
    if (strcmp(backup_status(call, &backup), "CREATING") == 0) {
        return call_fail(call, AWS_FAILURE_BACKUP_IN_USE, "The backup is still being created");
    }
    return restore_run(call, &restore);
}

struct backup_list {
    struct call *call;
    struct bytes table;
    struct bytes after; /* ARN */
    bool is_past;       /* `after` was met */
    int64_t left;
    int64_t from_us;
    int64_t to_us;
    struct bytes last;
    bool has_more;
    struct buffer *body;
};

static void list_backup(void *context, const struct schema *schema)
{
    struct backup_list *list = context;
    struct backup backup = {0};
    if (!backup_of(list->call, schema, &backup)) {
        return;
    }
    struct bytes table = text_of(&backup.facts, "Table");
    struct bytes arn = backup_arn(list->call, &backup.facts);
    int64_t created_us = integer_of(&backup.facts, "Created", 0);
    if ((list->table.size > 0 && !bytes_equal(list->table, table)) || created_us < list->from_us ||
        created_us >= list->to_us) {
        return;
    }
    if (!list->is_past) {
        list->is_past = bytes_equal(arn, list->after);
        return;
    }
    if (list->left == 0) {
        list->has_more = true;
        return;
    }
    uint64_t rows = 0;
    uint64_t bytes = 0;
    (void)!gate_totals(list->call->door->view, schema->space, &rows, &bytes,
                       NULL); /* 0 when it cannot tell */
    list->left--;
    list->last = arn;
    json_open(list->body, '{');
    json_text(list->body, "TableName", table);
    json_text(list->body, "TableId", text_of(&backup.facts, "TableId"));
    json_text(list->body, "TableArn", table_arn(list->call, table, list->call->arena));
    json_text(list->body, "BackupArn", arn);
    json_text(list->body, "BackupName", text_of(&backup.facts, "Name"));
    json_time(list->body, "BackupCreationDateTime", created_us);
    json_word(list->body, "BackupStatus", backup_status(list->call, &backup));
    json_word(list->body, "BackupType", "USER");
    json_integer(list->body, "BackupSizeBytes", (int64_t)bytes);
    json_close(list->body, '}');
}

enum status backups_list(struct call *call)
{
    struct buffer body = {0};
    struct bytes type = text_of(call->input, "BackupType");
    struct backup_list list = {
        .call = call,
        .table = call_table_name(call, call->input),
        .after = text_of(call->input, "ExclusiveStartBackupArn"),
        .left = integer_of(call->input, "Limit", 100),
        .from_us = integer_of(call->input, "TimeRangeLowerBound", 0) * 1000000,
        .to_us = member_of(call->input, "TimeRangeUpperBound") == NULL
                     ? INT64_MAX
                     : integer_of(call->input, "TimeRangeUpperBound", 0) * 1000000,
        .body = &body,
    };
    list.is_past = list.after.size == 0;
    json_open(&body, '{');
    json_name(&body, "BackupSummaries");
    json_open(&body, '[');
    if (type.size == 0 || text_is(type, "USER") || text_is(type, "ALL")) {
        gate_table_list(call->door->options.gate, false, list_backup, &list);
    }
    json_close(&body, ']');
    if (list.has_more) {
        json_text(&body, "LastEvaluatedBackupArn", list.last);
    }
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}
