/* TableDescription. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "dynamodb_private.h"

struct bytes table_arn(struct call *call, struct bytes table, struct arena *arena)
{
    return bytes_of_text(arena_format(arena, "arn:aws:dynamodb:%.*s:%.*s:table/%.*s", (int)call->region.size,
                                      (const char *)call->region.data, (int)call->account.size,
                                      (const char *)call->account.data, (int)table.size,
                                      (const char *)table.data));
}

struct bytes stream_arn(struct call *call, struct bytes table, struct bytes label)
{
    struct bytes arn = table_arn(call, table, call->arena);
    return bytes_of_text(arena_format(call->arena, "%.*s/stream/%.*s", (int)arn.size, (const char *)arn.data,
                                      (int)label.size, (const char *)label.data));
}

const char *stream_label_text(int64_t time_us, struct arena *arena)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(time_us, text);
    return arena_format(arena, "%.23s", text);
}

void describe_keys(struct buffer *body, const struct key_column *partition, size_t partition_count,
                   const struct key_column *clustering, size_t clustering_count)
{
    json_name(body, "KeySchema");
    json_open(body, '[');
    for (size_t i = 0; i < partition_count + clustering_count; i++) {
        bool is_partition = i < partition_count;
        json_open(body, '{');
        json_text(body, "AttributeName",
                  is_partition ? partition[i].name : clustering[i - partition_count].name);
        json_word(body, "KeyType", is_partition ? "HASH" : "RANGE");
        json_close(body, '}');
    }
    json_close(body, ']');
}

/* --- attribute definitions -------------------------------------------------------------------------------------- */

static int compare_columns(const void *a, const void *b)
{
    return bytes_compare((*(const struct key_column *const *)a)->name,
                         (*(const struct key_column *const *)b)->name);
}

/* Every key column of the table and its indexes, once, by name: so the service tells them. */
static void describe_definitions(struct buffer *body, const struct schema *schema, struct arena *arena)
{
    size_t count = schema_key_count(schema);
    size_t room = count;
    for (size_t i = 0; i < schema->indexes_count; i++) {
        room += schema->indexes[i].partition_count + schema->indexes[i].clustering_count;
    }
    const struct key_column **columns = arena_create_array(arena, room, sizeof(struct key_column *));
    for (size_t i = 0; i < count; i++) {
        columns[i] = schema_key_column(schema, i);
    }
    for (size_t i = 0; i < schema->indexes_count; i++) {
        const struct index_schema *index = &schema->indexes[i];
        for (size_t k = 0; k < index->partition_count + index->clustering_count; k++) {
            columns[count++] = index_key_column(index, k);
        }
    }
    qsort(columns, count, sizeof(struct key_column *), compare_columns);
    json_name(body, "AttributeDefinitions");
    json_open(body, '[');
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !bytes_equal(columns[i]->name, columns[i - 1]->name)) {
            json_open(body, '{');
            json_text(body, "AttributeName", columns[i]->name);
            json_word(body, "AttributeType", key_type_letter(columns[i]->type.kind));
            json_close(body, '}');
        }
    }
    json_close(body, ']');
}

/* --- throughput ------------------------------------------------------------------------------------------------- */

void describe_capacity(struct buffer *body, const struct value *properties)
{
    const struct value *throughput = member_of(properties, "ProvisionedThroughput");
    json_name(body, "ProvisionedThroughput");
    json_open(body, '{');
    json_integer(body, "ReadCapacityUnits", integer_of(throughput, "ReadCapacityUnits", 0));
    json_integer(body, "WriteCapacityUnits", integer_of(throughput, "WriteCapacityUnits", 0));
    json_close(body, '}');
}

static void describe_throughput(struct buffer *body, const struct value *properties)
{
    const struct value *throughput = member_of(properties, "ProvisionedThroughput");
    int64_t increased_us = integer_of(properties, "ThroughputIncreased", 0);
    int64_t decreased_us = integer_of(properties, "ThroughputDecreased", 0);
    json_name(body, "ProvisionedThroughput");
    json_open(body, '{');
    if (increased_us > 0) {
        json_time(body, "LastIncreaseDateTime", increased_us);
    }
    if (decreased_us > 0) {
        json_time(body, "LastDecreaseDateTime", decreased_us);
    }
    json_integer(body, "NumberOfDecreasesToday", decreased_us > 0 ? 1 : 0);
    json_integer(body, "ReadCapacityUnits", integer_of(throughput, "ReadCapacityUnits", 0));
    json_integer(body, "WriteCapacityUnits", integer_of(throughput, "WriteCapacityUnits", 0));
    json_close(body, '}');
}

/* Of a table or an index, as what its last change was of. */
static void describe_warm(struct buffer *body, const struct value *properties, bool is_changing)
{
    json_name(body, "WarmThroughput");
    json_open(body, '{');
    for (size_t i = 0; i < WARM_UNITS_COUNT; i++) {
        json_integer(body, warm_name(i), warm_units(properties, i));
    }
    json_word(body, "Status", is_changing ? "UPDATING" : "ACTIVE");
    json_close(body, '}');
}

static void describe_kept(struct buffer *body, const struct value *properties, const char *name)
{
    const struct value *kept = member_of(properties, name);
    if (kept != NULL) {
        json_name(body, name);
        codec_json_encode(body, kept);
    }
}

/* --- indexes ---------------------------------------------------------------------------------------------------- */

static void describe_index_shape(struct buffer *body, const struct index_schema *index,
                                 const struct value *properties)
{
    json_text(body, "IndexName", index->name);
    describe_keys(body, index->partition, index->partition_count, index->clustering, index->clustering_count);
    if (member_of(properties, "Projection") == NULL) {
        json_name(body, "Projection");
        buffer_put_text(body, "{\"ProjectionType\":\"ALL\"}");
    } else {
        describe_kept(body, properties, "Projection");
    }
}

/* Of which table an index is told. */
enum index_table_kind {
    INDEX_OF_TABLE,
    INDEX_OF_CHANGING_TABLE,
    INDEX_OF_NEW_TABLE,
    INDEX_OF_BACKUP,
};

struct index_table {
    enum index_table_kind kind;
    int64_t changed_us; /* INDEX_OF_CHANGING_TABLE: since then */
};

/* Whether the change under way is of that, as the time says that it or the index remembers. */
static bool index_table_changes(struct index_table of, const struct value *properties, const char *time)
{
    return of.kind == INDEX_OF_CHANGING_TABLE && integer_of(properties, time, 0) == of.changed_us;
}

static void describe_index_kept(const struct index_schema *index, const struct value *properties,
                                struct buffer *body)
{
    json_open(body, '{');
    describe_index_shape(body, index, properties);
    if (!boolean_of(properties, "IsLocal")) {
        describe_capacity(body, properties);
    }
    json_close(body, '}');
}

/* What an index is filled with is read once the table is ACTIVE again; until then room is made for it (Developer Guide,
 * "Managing Global Secondary Indexes", phases of index creation). */
static void describe_index_state(const struct index_schema *index, const struct value *properties,
                                 struct index_table of, struct buffer *body)
{
    bool is_added = index->state == INDEX_CREATING;
    bool is_changing = index_table_changes(of, properties, "UpdateDateTime");
    json_word(body, "IndexStatus",
              is_added || of.kind == INDEX_OF_NEW_TABLE ? "CREATING"
              : is_changing                             ? "UPDATING"
                                                        : "ACTIVE");
    if (is_added) {
        json_boolean(body, "Backfilling", of.kind == INDEX_OF_TABLE);
    }
}

static void describe_index(struct call *call, const struct schema *schema, const struct index_schema *index,
                           const struct value *properties, struct index_table of, struct buffer *body)
{
    uint64_t rows = 0;
    uint64_t bytes = 0;
    bool is_local = boolean_of(properties, "IsLocal");
    struct bytes arn = table_arn(call, schema->name, call->arena);
    (void)!gate_totals(call->door->view, index->space, &rows, &bytes,
                       NULL); /* 0 when the store cannot tell */
    json_open(body, '{');
    describe_index_shape(body, index, properties);
    if (!is_local) {
        describe_index_state(index, properties, of, body);
        describe_throughput(body, properties);
        describe_kept(body, properties, "OnDemandThroughput");
        describe_warm(body, properties, index_table_changes(of, properties, "WarmDateTime"));
    }
    json_integer(body, "IndexSizeBytes", (int64_t)bytes);
    json_integer(body, "ItemCount", (int64_t)rows);
    json_text(body, "IndexArn",
              bytes_of_text(arena_format(call->arena, "%.*s/index/%.*s", (int)arn.size,
                                         (const char *)arn.data, (int)index->name.size,
                                         (const char *)index->name.data)));
    json_close(body, '}');
}

static void describe_indexes(struct call *call, const struct schema *schema, bool are_local,
                             struct index_table of, struct buffer *body)
{
    bool is_open = false;
    for (size_t i = 0; i < schema->indexes_count; i++) {
        struct value properties = properties_decode(schema->indexes[i].properties, call->arena);
        if (boolean_of(&properties, "IsLocal") != are_local) {
            continue;
        }
        if (!is_open) {
            json_name(body, are_local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
            json_open(body, '[');
            is_open = true;
        }
        if (of.kind == INDEX_OF_BACKUP) {
            describe_index_kept(&schema->indexes[i], &properties, body);
        } else {
            describe_index(call, schema, &schema->indexes[i], &properties, of, body);
        }
    }
    if (is_open) {
        json_close(body, ']');
    }
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* What was never billed by request has no summary, unless it was restored. The moment is not told while a table is
 * made. */
static void describe_billing(struct buffer *body, const struct value *properties, bool is_creating)
{
    struct bytes mode = text_of(properties, "BillingMode");
    int64_t since_us = integer_of(properties, "PayPerRequestSince", 0);
    if (since_us > 0 || text_is(mode, "PAY_PER_REQUEST") || member_of(properties, "RestoreSummary") != NULL) {
        json_name(body, "BillingModeSummary");
        json_open(body, '{');
        json_text(body, "BillingMode", mode.size > 0 ? mode : bytes_of_text("PROVISIONED"));
        if (since_us > 0 && !is_creating) {
            json_time(body, "LastUpdateToPayPerRequestDateTime", since_us);
        }
        json_close(body, '}');
    }
}

/* What is streamed of the table now; empty: nothing. */
struct bytes stream_view(const struct value *properties)
{
    const struct value *streams = member_of(properties, "Streams");
    size_t count = streams == NULL ? 0 : streams->items.count;
    const struct value *latest = count == 0 ? NULL : &streams->items.at[count - 1];
    return latest != NULL && integer_of(latest, "To", 0) == 0 ? text_of(latest, "ViewType")
                                                              : (struct bytes){0};
}

static void describe_specification(struct buffer *body, const char *name, struct bytes view)
{
    if (view.size > 0) {
        json_name(body, name);
        json_open(body, '{');
        json_boolean(body, "StreamEnabled", true);
        json_text(body, "StreamViewType", view);
        json_close(body, '}');
    }
}

static void describe_stream(struct call *call, const struct schema *schema, const struct value *properties,
                            struct buffer *body)
{
    const struct value *streams = member_of(properties, "Streams");
    if (streams == NULL || streams->items.count == 0) {
        return;
    }
    const struct value *latest = &streams->items.at[streams->items.count - 1];
    describe_specification(body, "StreamSpecification", stream_view(properties));
    json_text(body, "LatestStreamLabel", text_of(latest, "Label"));
    json_text(body, "LatestStreamArn", stream_arn(call, schema->name, text_of(latest, "Label")));
}

struct bytes encryption_key_arn(struct call *call, const struct value *encryption)
{
    struct bytes key = text_of(encryption, "KMSMasterKeyId");
    if (name_is_arn(key)) {
        return key;
    }
    key = key.size > 0 ? key : bytes_of_text("alias/aws/dynamodb");
    return bytes_of_text(arena_format(call->arena, "arn:aws:kms:%.*s:%.*s:%s%.*s", (int)call->region.size,
                                      (const char *)call->region.data, (int)call->account.size,
                                      (const char *)call->account.data,
                                      bytes_start_with(key, bytes_of_text("alias/")) ? "" : "key/",
                                      (int)key.size, (const char *)key.data));
}

/* A table is ACTIVE while it is encrypted anew, and shows the key that it had. */
static void describe_encryption(struct call *call, const struct value *properties, bool is_changing,
                                struct buffer *body)
{
    const struct value *sse = member_of(properties, is_changing ? "SSEBefore" : "SSESpecification");
    bool is_enabled = sse != NULL && encryption_is_enabled(sse);
    if (!is_enabled && !is_changing) {
        return;
    }
    json_name(body, "SSEDescription");
    json_open(body, '{');
    json_word(body, "Status", is_changing ? "UPDATING" : "ENABLED");
    if (is_enabled) {
        json_word(body, "SSEType", "KMS");
        json_text(body, "KMSMasterKeyArn", encryption_key_arn(call, sse));
    }
    json_close(body, '}');
}

/* The answer to the request that changes it tells so, and what is asked while changes last. */
static bool encryption_is_changing(struct call *call, const struct value *properties)
{
    int64_t since_us = integer_of(properties, "SSEDateTime", 0);
    int64_t delay_us = (int64_t)call->door->options.delay_ms * 1000;
    return call_updates_encryption(call) || clock_wall_us(clock_system()) < since_us + delay_us;
}

static void describe_extras(struct call *call, const struct value *properties, bool is_creating,
                            struct buffer *body)
{
    struct bytes class = text_of(properties, "TableClass");
    describe_encryption(call, properties, encryption_is_changing(call, properties), body);
    if (class.size > 0) {
        json_name(body, "TableClassSummary");
        json_open(body, '{');
        json_text(body, "TableClass", class);
        json_close(body, '}');
    }
    describe_kept(body, properties, "OnDemandThroughput");
    const struct value *restore = member_of(properties, "RestoreSummary");
    if (restore != NULL) {
        struct value summary = *restore;
        struct value in_progress = value_of_boolean(is_creating);
        map_set_member(&summary, "RestoreInProgress", &in_progress, call->arena);
        json_name(body, "RestoreSummary");
        codec_json_encode(body, &summary);
    }
    json_boolean(body, "DeletionProtectionEnabled", boolean_of(properties, "DeletionProtectionEnabled"));
}

void describe_features(struct call *call, const struct schema *schema, const struct value *properties,
                       struct bytes view, struct bytes expires, struct buffer *body)
{
    struct index_table backup = {.kind = INDEX_OF_BACKUP};
    json_open(body, '{');
    describe_indexes(call, schema, true, backup, body);
    describe_indexes(call, schema, false, backup, body);
    describe_specification(body, "StreamDescription", view);
    if (expires.size > 0) {
        json_name(body, "TimeToLiveDescription");
        describe_expiry(body, expires);
    }
    describe_encryption(call, properties, false, body);
    json_close(body, '}');
}

void describe_table(struct call *call, const struct schema *schema, const char *status, struct buffer *body)
{
    struct value properties = properties_decode(schema->properties, call->arena);
    uint64_t rows = 0;
    uint64_t bytes = 0;
    bool is_creating = strcmp(status, "CREATING") == 0;
    struct index_table of = {.kind = is_creating                       ? INDEX_OF_NEW_TABLE
                                     : strcmp(status, "UPDATING") == 0 ? INDEX_OF_CHANGING_TABLE
                                                                       : INDEX_OF_TABLE,
                             .changed_us = integer_of(&properties, "UpdateDateTime", 0)};
    struct bytes id = text_of(&properties, "TableId");
    if (schema->space != 0) {
        (void)!gate_totals(call->door->view, schema->space, &rows, &bytes, NULL); /* 0 when it cannot tell */
    }
    json_open(body, '{');
    describe_definitions(body, schema, call->arena);
    json_text(body, "TableName", schema->name);
    describe_keys(body, schema->partition, schema->partition_count, schema->clustering,
                  schema->clustering_count);
    json_word(body, "TableStatus", status);
    json_time(body, "CreationDateTime", integer_of(&properties, "CreationDateTime", 0));
    describe_throughput(body, &properties);
    json_integer(body, "TableSizeBytes", (int64_t)bytes);
    json_integer(body, "ItemCount", (int64_t)rows);
    json_text(body, "TableArn", table_arn(call, schema->name, call->arena));
    json_text(body, "TableId",
              id.size > 0
                  ? id
                  : bytes_of_text(arena_format(call->arena, "00000000-0000-0000-0000-%012u", schema->table)));
    describe_billing(body, &properties, is_creating);
    describe_indexes(call, schema, true, of, body);
    describe_indexes(call, schema, false, of, body);
    describe_stream(call, schema, &properties, body);
    describe_extras(call, &properties, is_creating, body);
    if (!is_creating || member_of(&properties, "WarmThroughput") != NULL) {
        describe_warm(body, &properties, index_table_changes(of, &properties, "WarmDateTime"));
    }
    json_close(body, '}');
}
