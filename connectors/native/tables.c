/* Requests about tables. */
#include "base/random.h"
#include "native_private.h"
#include "value/type_text.h"

/* Key columns come as [[name, type, descending], …]. */
static enum status table_columns(struct native_request *request, const struct value *map, int64_t field,
                                 struct key_column **ret_columns, size_t *ret_count, struct error *error)
{
    const struct value *list = codec_field(map, field);
    size_t count = list == NULL ? 0 : list->items.count;
    if (list != NULL && (list->kind != VALUE_LIST || count > PARTITION_COLUMNS_MAX)) {
        return error_set(error, STATUS_INVALID, "key columns must be an array of up to %d",
                         PARTITION_COLUMNS_MAX);
    }
    struct key_column *columns = arena_create_array(&request->arena, count, sizeof(*columns));
    for (size_t i = 0; i < count; i++) {
        const struct value *column = &list->items.at[i];
        if (column->kind != VALUE_LIST || column->items.count < 2 || column->items.at[0].kind != VALUE_TEXT ||
            column->items.at[1].kind != VALUE_TEXT) {
            return error_set(error, STATUS_INVALID, "a key column must be [name, type]");
        }
        columns[i].name = column->items.at[0].bytes;
        columns[i].is_descending = column->items.count > 2 && column->items.at[2].kind == VALUE_BOOLEAN &&
                                   column->items.at[2].boolean;
        enum status status =
            type_parse(column->items.at[1].bytes, NULL, &request->arena, &columns[i].type, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_columns = columns;
    *ret_count = count;
    return STATUS_OK;
}

/* Appends the indexes of the request to those that the schema has. */
static enum status table_indexes(struct native_request *request, struct schema *schema, struct error *error)
{
    const struct value *list = codec_field(&request->body, WIRE_FIELD_INDEXES);
    size_t count = list == NULL ? 0 : list->items.count;
    if (list != NULL && list->kind != VALUE_LIST) {
        return error_set(error, STATUS_INVALID, "indexes must be an array of maps");
    }
    struct index_schema *indexes =
        arena_create_array(&request->arena, schema->indexes_count + count, sizeof(*indexes));
    for (size_t i = 0; i < schema->indexes_count; i++) {
        indexes[i] = schema->indexes[i];
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct index_schema *index = &indexes[schema->indexes_count + i];
        const struct value *map = &list->items.at[i];
        index->state = INDEX_CREATING;
        status = codec_field_text(map, WIRE_FIELD_INDEX, &index->name, error);
        if (status == STATUS_OK) {
            status = table_columns(request, map, WIRE_FIELD_PARTITION, &index->partition,
                                   &index->partition_count, error);
        }
        if (status == STATUS_OK) {
            status = table_columns(request, map, WIRE_FIELD_SORT, &index->clustering,
                                   &index->clustering_count, error);
        }
    }
    schema->indexes = indexes;
    schema->indexes_count += count;
    return status;
}

static enum status table_schema(struct native_request *request, struct schema *schema, struct error *error)
{
    struct bytes durability;
    uint64_t interval = 0;
    schema->kind = TABLE_DOCUMENT;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &schema->name, error);
    if (status == STATUS_OK) {
        status = codec_field_text(&request->body, WIRE_FIELD_DURABILITY, &durability, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_INTERVAL, 0, &interval, error);
    }
    if (status == STATUS_OK && interval > UINT32_MAX) {
        status = error_set(error, STATUS_INVALID, "an interval is at most %u ms", UINT32_MAX);
    }
    schema->durability_ms = (uint32_t)interval;
    if (status != STATUS_OK) {
        return status;
    }
    if (durability.size == 0 || bytes_equal(durability, bytes_of_text("sync"))) {
        schema->durability = DURABILITY_SYNC;
    } else if (bytes_equal(durability, bytes_of_text("periodic"))) {
        schema->durability = DURABILITY_PERIODIC;
    } else {
        return error_set(error, STATUS_INVALID, "durability must be sync or periodic");
    }
    status = table_columns(request, &request->body, WIRE_FIELD_PARTITION, &schema->partition,
                           &schema->partition_count, error);
    if (status == STATUS_OK) {
        status = table_columns(request, &request->body, WIRE_FIELD_SORT, &schema->clustering,
                               &schema->clustering_count, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_text(&request->body, WIRE_FIELD_TTL, &schema->ttl_attribute, error);
    }
    return status == STATUS_OK ? table_indexes(request, schema, error) : status;
}

/* The schema with the request's TTL attribute, without the index to be dropped, with the new ones. */
static enum status table_altered(struct native_request *request, const struct schema *current,
                                 struct schema *ret_next, struct error *error)
{
    struct bytes dropped = {0};
    struct schema next = *current;
    size_t kept = 0;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_DROP_INDEX, &dropped, error);
    if (status == STATUS_OK && codec_field(&request->body, WIRE_FIELD_TTL) != NULL) {
        status = codec_field_text(&request->body, WIRE_FIELD_TTL, &next.ttl_attribute, error);
    }
    next.indexes = arena_create_array(&request->arena, current->indexes_count, sizeof(*next.indexes));
    for (size_t i = 0; i < current->indexes_count; i++) {
        if (!bytes_equal(current->indexes[i].name, dropped)) {
            next.indexes[kept++] = current->indexes[i];
        }
    }
    next.indexes_count = kept;
    if (status == STATUS_OK && dropped.size > 0 && kept == current->indexes_count) {
        status = error_set(error, STATUS_NOT_FOUND, "the table has no index %.*s", (int)dropped.size,
                           (const char *)dropped.data);
    }
    if (status == STATUS_OK) {
        status = table_indexes(request, &next, error);
    }
    *ret_next = next;
    return status;
}

static enum status table_alter(struct native_door *door, struct native_request *request, struct bytes table,
                               const struct gate_request *change, struct error *error)
{
    const struct schema *current = NULL;
    struct schema next;
    enum status status = gate_table_find(door->options.gate, table, &current, error);
    if (status == STATUS_OK) {
        status = table_altered(request, current, &next, error);
    }
    return status == STATUS_OK ? gate_table_alter(door->options.gate, current, &next, change, error) : status;
}

void native__serve_table_change(struct native_door *door, struct native_request *request)
{
    struct gate *gate = door->options.gate;
    struct schema schema = {0};
    struct bytes table;
    struct error error;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &table, &error);
    if (status == STATUS_OK && request->peer.type == WIRE_TABLE_CREATE) {
        status = table_schema(request, &schema, &error);
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        return;
    }
    struct gate_request change = {.actor = bytes_of_text("local"),
                                  .done = native__write_done,
                                  .context = native__write_begin(door, request, false)};
    switch (request->peer.type) {
    case WIRE_TABLE_CREATE:
        status = gate_table_create(gate, &schema, &change, &error);
        break;
    case WIRE_TABLE_ALTER:
        status = table_alter(door, request, table, &change, &error);
        break;
    case WIRE_TABLE_TRUNCATE:
        status = gate_table_truncate(gate, table, &change, &error);
        break;
    default:
        status = gate_table_drop(gate, table, &change, &error);
        break;
    }
    if (status != STATUS_OK) {
        native__write_refused(door, change.context, &error);
    }
}

/* An id that nobody had before. */
static int64_t restore_id(void)
{
    uint64_t id = 0;
    random_secret(&id, sizeof(id));
    return (int64_t)(id >> 1);
}

void native__serve_restore(struct native_door *door, struct native_request *request)
{
    struct bytes table;
    struct bytes target;
    uint64_t lsn = 0;
    struct error error;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &table, &error);
    if (status == STATUS_OK) {
        status = codec_field_text(&request->body, WIRE_FIELD_TARGET, &target, &error);
    }
    if (status == STATUS_OK) {
        status = native__as_of(door, &request->body, &lsn, &error);
    }
    if (status == STATUS_OK && lsn == 0) {
        status = error_set(&error, STATUS_INVALID, "a restore needs the LSN or the time to go back to");
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        return;
    }
    int64_t job = restore_id();
    struct gate_request change = {.actor = bytes_of_text("local"),
                                  .cause = {.kind = CAUSE_RESTORE, .lsn = lsn},
                                  .done = native__write_done,
                                  .context = native__write_begin(door, request, false)};
    native__write_set_job(change.context, job);
    struct schema *schema = NULL;
    status = gate_table_at(door->view, table, lsn, &request->arena, &schema, &error);
    if (status == STATUS_OK) {
        schema->name = target;
        status = gate_restore(door->options.gate, table, lsn, schema, job, &change, &error);
    }
    if (status != STATUS_OK) {
        native__write_refused(door, change.context, &error);
    }
}

static void describe_columns(struct buffer *body, const struct key_column *columns, size_t count)
{
    struct buffer type = {0};
    codec_put_array(body, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        codec_put_array(body, 3);
        codec_put_text(body, columns[i].name);
        buffer_clear(&type);
        type_format(&columns[i].type, &type);
        codec_put_text(body, buffer_bytes(&type));
        codec_put_boolean(body, columns[i].is_descending);
    }
    buffer_reset(&type);
}

static void describe_index(struct native_door *door, struct buffer *body, const struct index_schema *index)
{
    uint64_t rows = 0;
    uint64_t bytes = 0;
    (void)!gate_totals(door->view, index->space, &rows, &bytes, NULL); /* 0 when the store cannot tell */
    codec_put_map(body, 5);
    native__put_field(body, WIRE_FIELD_INDEX);
    codec_put_text(body, index->name);
    native__put_field(body, WIRE_FIELD_PARTITION);
    describe_columns(body, index->partition, index->partition_count);
    native__put_field(body, WIRE_FIELD_SORT);
    describe_columns(body, index->clustering, index->clustering_count);
    native__put_field(body, WIRE_FIELD_STATE);
    codec_put_text(body, bytes_of_text(index->state == INDEX_ACTIVE ? "active" : "creating"));
    native__put_field(body, WIRE_FIELD_ROWS);
    codec_put_unsigned(body, rows);
}

static void describe_table(struct native_door *door, struct buffer *body, const struct schema *schema)
{
    uint64_t rows = 0;
    uint64_t bytes = 0;
    (void)!gate_totals(door->view, schema->space, &rows, &bytes, NULL); /* 0 when the store cannot tell */
    codec_put_map(body, 11);
    native__put_field(body, WIRE_FIELD_ROWS);
    codec_put_unsigned(body, rows);
    native__put_field(body, WIRE_FIELD_BYTES);
    codec_put_unsigned(body, bytes);
    native__put_field(body, WIRE_FIELD_TTL);
    codec_put_text(body, schema->ttl_attribute);
    native__put_field(body, WIRE_FIELD_INDEXES);
    codec_put_array(body, (uint32_t)schema->indexes_count);
    for (size_t i = 0; i < schema->indexes_count; i++) {
        describe_index(door, body, &schema->indexes[i]);
    }
    native__put_field(body, WIRE_FIELD_TABLE);
    codec_put_text(body, schema->name);
    native__put_field(body, WIRE_FIELD_TABLE_ID);
    codec_put_unsigned(body, schema->table);
    native__put_field(body, WIRE_FIELD_VERSION);
    codec_put_unsigned(body, schema->version);
    native__put_field(body, WIRE_FIELD_PARTITION);
    describe_columns(body, schema->partition, schema->partition_count);
    native__put_field(body, WIRE_FIELD_SORT);
    describe_columns(body, schema->clustering, schema->clustering_count);
    native__put_field(body, WIRE_FIELD_DURABILITY);
    codec_put_text(body, bytes_of_text(schema->durability == DURABILITY_SYNC ? "sync" : "periodic"));
    native__put_field(body, WIRE_FIELD_INTERVAL);
    codec_put_unsigned(body, schema->durability_ms);
}

struct table_list {
    struct native_door *door;
    struct buffer tables;
    uint32_t count;
};

static void list_table(void *context, const struct schema *schema)
{
    struct table_list *list = context;
    describe_table(list->door, &list->tables, schema);
    list->count++;
}

void native__serve_table_list(struct native_door *door, struct native_request *request)
{
    struct table_list list = {.door = door};
    struct buffer body = {0};
    gate_table_list(door->options.gate, false, list_table, &list);
    codec_put_map(&body, 1);
    native__put_field(&body, WIRE_FIELD_TABLES);
    codec_put_array(&body, list.count);
    buffer_put(&body, buffer_bytes(&list.tables));
    native__reply(door, &request->peer, &body);
    buffer_reset(&body);
    buffer_reset(&list.tables);
}

void native__serve_table_describe(struct native_door *door, struct native_request *request)
{
    const struct schema *schema = NULL;
    struct bytes name;
    struct error error;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &name, &error);
    if (status == STATUS_OK) {
        status = gate_table_find(door->options.gate, name, &schema, &error);
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        return;
    }
    struct buffer body = {0};
    describe_table(door, &body, schema);
    native__reply(door, &request->peer, &body);
    buffer_reset(&body);
}
