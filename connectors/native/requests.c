/* One function per request type. */
#include "base/memory.h"
#include "native_private.h"

static const struct value *request_item(const struct native_request *request, int64_t field)
{
    const struct value *item = codec_field(&request->body, field);
    return item != NULL && item->kind == VALUE_MAP ? item : NULL;
}

static void reply_write(struct native_door *door, const struct native_peer *peer, const struct buffer *body)
{
    (void)native__send(door, peer, peer->type | WIRE_REPLY, body); /* a peer that is gone misses nothing */
}

/* --- writes ----------------------------------------------------------------------------------------------------- */

/* A write under way. */
struct native_pending {
    struct native_door *door;
    struct native_reply *reply;
};

static void put_field(struct buffer *body, enum wire_field field)
{
    codec_put_unsigned(body, (uint64_t)field);
}

/* Thread: the writer. */
static void write_done(void *context, const struct gate_outcome *outcome)
{
    struct native_pending *pending = context;
    struct buffer *body = &pending->reply->body;
    if (outcome->status != STATUS_OK) {
        codec_put_map(body, 2);
        put_field(body, WIRE_FIELD_STATUS);
        codec_put_unsigned(body, (uint64_t)outcome->status);
        put_field(body, WIRE_FIELD_TEXT);
        codec_put_text(body, bytes_of_text(outcome->text));
    } else {
        codec_put_map(body, outcome->had_old ? 4 : 3);
        put_field(body, WIRE_FIELD_LSN);
        codec_put_unsigned(body, outcome->lsn);
        put_field(body, WIRE_FIELD_TERM);
        codec_put_unsigned(body, outcome->term);
        put_field(body, WIRE_FIELD_TIME);
        codec_put_integer(body, outcome->commit_time_us);
        if (outcome->had_old) {
            put_field(body, WIRE_FIELD_OLD);
            buffer_put(body, outcome->old_image);
        }
    }
    enum status status = mailbox_send_reply(pending->door->mailbox, &pending->reply->message);
    CHECK(status == STATUS_OK); /* the door closes after the writer */
    memory_destroy(pending);
}

static struct native_pending *write_begin(struct native_door *door, const struct native_request *request,
                                          struct gate_write *ret_write)
{
    struct native_pending *pending = memory_create(sizeof(*pending));
    pending->door = door;
    pending->reply = memory_create(sizeof(*pending->reply));
    pending->reply->peer = request->peer;
    ret_write->done = write_done;
    ret_write->context = pending;
    ret_write->actor = bytes_of_text("local");
    atomic_fetch_add(&door->writes, 1);
    return pending;
}

/* The gate refused at once. */
static void write_refused(struct native_door *door, struct native_pending *pending, const struct error *error)
{
    native__answer_error(door, &pending->reply->peer, error->status, error->text);
    memory_destroy(pending->reply);
    memory_destroy(pending);
    atomic_fetch_sub(&door->writes, 1);
}

static enum status write_fields(const struct native_request *request, struct gate_write *write,
                                struct error *error)
{
    uint64_t condition = 0;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &write->table, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_CONDITION, 0, &condition, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_boolean(&request->body, WIRE_FIELD_OLD, false, &write->wants_old, error);
    }
    if (status == STATUS_OK && condition > GATE_IF_PRESENT) {
        status = error_set(error, STATUS_INVALID, "the condition must be 0, 1 or 2");
    }
    write->condition = (enum gate_condition)condition;
    return status;
}

static void serve_write(struct native_door *door, struct native_request *request)
{
    struct gate_write write = {0};
    struct error error;
    bool is_put = request->peer.type == WIRE_PUT;
    write.item = request_item(request, is_put ? WIRE_FIELD_ITEM : WIRE_FIELD_KEY);
    if (write.item == NULL) {
        native__answer_error(door, &request->peer, STATUS_INVALID,
                             "the item or key must be a map of attributes");
        return;
    }
    if (write_fields(request, &write, &error) != STATUS_OK) {
        native__answer_error(door, &request->peer, error.status, error.text);
        return;
    }
    if (atomic_load(&door->writes) >= NATIVE_WRITES_MAX) {
        native__answer_error(door, &request->peer, STATUS_BUSY, "too many writes are under way; try again");
        return;
    }
    struct native_pending *pending = write_begin(door, request, &write);
    enum status status = is_put ? gate_put(door->options.gate, &write, &error)
                                : gate_delete(door->options.gate, &write, &error);
    if (status != STATUS_OK) {
        write_refused(door, pending, &error);
    }
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

/* Key columns come as [[name, type, descending], …]. */
static enum status table_columns(struct native_request *request, int64_t field,
                                 struct key_column **ret_columns, size_t *ret_count, struct error *error)
{
    const struct value *list = codec_field(&request->body, field);
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
        enum status status = type_parse(column->items.at[1].bytes, &columns[i].type, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_columns = columns;
    *ret_count = count;
    return STATUS_OK;
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
    if (status == STATUS_OK && interval > 0) {
        status =
            error_set(error, STATUS_UNSUPPORTED,
                      "an interval cannot be promised yet; periodic without one is synced by checkpoints");
    }
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
    status =
        table_columns(request, WIRE_FIELD_PARTITION, &schema->partition, &schema->partition_count, error);
    if (status == STATUS_OK) {
        status =
            table_columns(request, WIRE_FIELD_SORT, &schema->clustering, &schema->clustering_count, error);
    }
    return status;
}

static void serve_table_change(struct native_door *door, struct native_request *request)
{
    struct gate_write write = {0};
    struct schema schema = {0};
    struct error error;
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &write.table, &error);
    if (status == STATUS_OK && request->peer.type == WIRE_TABLE_CREATE) {
        status = table_schema(request, &schema, &error);
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        return;
    }
    struct native_pending *pending = write_begin(door, request, &write);
    status = request->peer.type == WIRE_TABLE_CREATE
                 ? gate_table_create(door->options.gate, &schema, &write, &error)
                 : gate_table_drop(door->options.gate, &write, &error);
    if (status != STATUS_OK) {
        write_refused(door, pending, &error);
    }
}

static void describe_columns(struct buffer *body, const struct key_column *columns, size_t count)
{
    codec_put_array(body, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        codec_put_array(body, 3);
        codec_put_text(body, columns[i].name);
        codec_put_text(body, bytes_of_text(type_name(columns[i].type.kind)));
        codec_put_boolean(body, columns[i].is_descending);
    }
}

static void describe_table(struct buffer *body, const struct schema *schema)
{
    codec_put_map(body, 7);
    put_field(body, WIRE_FIELD_TABLE);
    codec_put_text(body, schema->name);
    put_field(body, WIRE_FIELD_TABLE_ID);
    codec_put_unsigned(body, schema->table);
    put_field(body, WIRE_FIELD_VERSION);
    codec_put_unsigned(body, schema->version);
    put_field(body, WIRE_FIELD_PARTITION);
    describe_columns(body, schema->partition, schema->partition_count);
    put_field(body, WIRE_FIELD_SORT);
    describe_columns(body, schema->clustering, schema->clustering_count);
    put_field(body, WIRE_FIELD_DURABILITY);
    codec_put_text(body, bytes_of_text(schema->durability == DURABILITY_SYNC ? "sync" : "periodic"));
    put_field(body, WIRE_FIELD_INTERVAL);
    codec_put_unsigned(body, schema->durability_ms);
}

struct table_list {
    struct buffer tables;
    uint32_t count;
};

static void list_table(void *context, const struct schema *schema)
{
    struct table_list *list = context;
    describe_table(&list->tables, schema);
    list->count++;
}

static void serve_table_list(struct native_door *door, struct native_request *request)
{
    struct table_list list = {0};
    struct buffer body = {0};
    gate_table_list(door->options.gate, false, list_table, &list);
    codec_put_map(&body, 1);
    put_field(&body, WIRE_FIELD_TABLES);
    codec_put_array(&body, list.count);
    buffer_put(&body, buffer_bytes(&list.tables));
    reply_write(door, &request->peer, &body);
    buffer_reset(&body);
    buffer_reset(&list.tables);
}

static void serve_table_describe(struct native_door *door, struct native_request *request)
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
    describe_table(&body, schema);
    reply_write(door, &request->peer, &body);
    buffer_reset(&body);
}

/* --- reads ------------------------------------------------------------------------------------------------------ */

static void serve_get(struct native_door *door, struct native_request *request)
{
    const struct value *key = request_item(request, WIRE_FIELD_KEY);
    struct bytes table;
    struct bytes image;
    uint64_t as_of = 0;
    struct error error;
    if (key == NULL) {
        native__answer_error(door, &request->peer, STATUS_INVALID, "the key must be a map of attributes");
        return;
    }
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &table, &error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_AS_OF, 0, &as_of, &error);
    }
    if (status == STATUS_OK) {
        status = gate_get(door->view, table, key, as_of, &image, &error);
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        return;
    }
    struct buffer body = {0};
    codec_put_map(&body, 1);
    put_field(&body, WIRE_FIELD_ITEM);
    buffer_put(&body, image);
    reply_write(door, &request->peer, &body);
    buffer_reset(&body);
}

struct item_list {
    struct buffer items;
    uint32_t count;
};

static void list_item(void *context, struct bytes image)
{
    struct item_list *list = context;
    buffer_put(&list->items, image);
    list->count++;
}

static void serve_scan(struct native_door *door, struct native_request *request)
{
    struct gate_page page = {.partition = request_item(request, WIRE_FIELD_KEY)};
    struct item_list list = {0};
    struct bytes next;
    struct error error;
    uint64_t limit = 0;
    const struct value *from = codec_field(&request->body, WIRE_FIELD_NEXT);
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &page.table, &error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_LIMIT, 0, &limit, &error);
    }
    if (status == STATUS_OK) {
        status = codec_field_boolean(&request->body, WIRE_FIELD_REVERSE, false, &page.is_reverse, &error);
    }
    if (status == STATUS_OK && from != NULL && from->kind != VALUE_BYTES) {
        status = error_set(&error, STATUS_INVALID, "the page position must be bytes");
    }
    if (status == STATUS_OK) {
        page.next = from == NULL ? (struct bytes){0} : from->bytes;
        page.rows_max = limit;
        status = gate_page(door->view, &page, &request->arena, list_item, &list, &next, &error);
    }
    struct buffer body = {0};
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
    } else {
        codec_put_map(&body, 2);
        put_field(&body, WIRE_FIELD_ITEMS);
        codec_put_array(&body, list.count);
        buffer_put(&body, buffer_bytes(&list.items));
        put_field(&body, WIRE_FIELD_NEXT);
        codec_put_bytes(&body, next);
        reply_write(door, &request->peer, &body);
    }
    buffer_reset(&body);
    buffer_reset(&list.items);
}

void native__put_record(struct native_door *door, struct buffer *body, const struct feed_record *found)
{
    const struct record *record = &found->record;
    const struct schema *schema = gate_schema_of(door->options.gate, record);
    struct buffer old = {0};
    bool has_new = (record->flags & RECORD_HAS_NEW) != 0;
    bool has_old = (record->flags & RECORD_HAS_OLD) != 0;
    codec_put_map(body, 7U + (found->term != 0) + has_new + has_old);
    put_field(body, WIRE_FIELD_TABLE);
    codec_put_text(body, schema == NULL ? (struct bytes){0} : schema->name);
    put_field(body, WIRE_FIELD_LSN);
    codec_put_unsigned(body, found->lsn);
    put_field(body, WIRE_FIELD_TIME);
    codec_put_integer(body, found->commit_time_us);
    put_field(body, WIRE_FIELD_OPERATION);
    codec_put_text(body, bytes_of_text(operation_name(record->operation)));
    put_field(body, WIRE_FIELD_ACTOR);
    codec_put_text(body, record->actor);
    put_field(body, WIRE_FIELD_CAUSE);
    codec_put_text(body, bytes_of_text(cause_name(record->cause.kind)));
    put_field(body, WIRE_FIELD_SHARD);
    codec_put_unsigned(body, record->shard);
    if (found->term != 0) {
        put_field(body, WIRE_FIELD_TERM);
        codec_put_unsigned(body, found->term);
    }
    if (has_new) {
        put_field(body, WIRE_FIELD_NEW);
        buffer_put(body, record->new_image);
    }
    if (has_old) {
        put_field(body, WIRE_FIELD_OLD);
        buffer_put(body, record_old_image(record, &old));
    }
    buffer_reset(&old);
}

struct change_list {
    struct native_door *door;
    struct buffer records;
    uint32_t count;
};

static void list_change(void *context, uint64_t lsn, int64_t commit_time_us, const struct record *record)
{
    struct change_list *list = context;
    struct feed_record found = {.lsn = lsn, .commit_time_us = commit_time_us, .record = *record};
    native__put_record(list->door, &list->records, &found);
    list->count++;
}

static void serve_history(struct native_door *door, struct native_request *request)
{
    const struct value *key = request_item(request, WIRE_FIELD_KEY);
    struct change_list list = {.door = door};
    struct bytes table;
    struct error error;
    uint64_t limit = 0;
    if (key == NULL) {
        native__answer_error(door, &request->peer, STATUS_INVALID, "the key must be a map of attributes");
        return;
    }
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &table, &error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_LIMIT, 0, &limit, &error);
    }
    if (status == STATUS_OK) {
        status = gate_history(door->options.gate, table, key, limit, list_change, &list, &error);
    }
    struct buffer body = {0};
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
    } else {
        codec_put_map(&body, 1);
        put_field(&body, WIRE_FIELD_RECORDS);
        codec_put_array(&body, list.count);
        buffer_put(&body, buffer_bytes(&list.records));
        reply_write(door, &request->peer, &body);
    }
    buffer_reset(&body);
    buffer_reset(&list.records);
}

static void put_fact(struct buffer *body, const char *name, uint64_t number)
{
    codec_put_text(body, bytes_of_text(name));
    codec_put_unsigned(body, number);
}

static void serve_status(struct native_door *door, struct native_request *request)
{
    struct gate_facts facts;
    struct buffer body = {0};
    gate_facts_read(door->options.gate, &facts);
    codec_put_map(&body, 2);
    put_field(&body, WIRE_FIELD_VERSION);
    codec_put_text(&body, bytes_of_text(OXBOW_VERSION));
    put_field(&body, WIRE_FIELD_FACTS);
    codec_put_map(&body, 9);
    put_fact(&body, "checkpoint_lsn", facts.checkpoint_lsn);
    put_fact(&body, "committed_lsn", facts.committed_lsn);
    put_fact(&body, "horizon_lsn", facts.horizon_lsn);
    put_fact(&body, "log_bytes", facts.log_bytes);
    put_fact(&body, "log_segments", facts.log_segments);
    put_fact(&body, "store_bytes", facts.store_bytes);
    put_fact(&body, "synced_lsn", facts.synced_lsn);
    put_fact(&body, "tables", facts.tables);
    put_fact(&body, "term", facts.term);
    reply_write(door, &request->peer, &body);
    buffer_reset(&body);
}

void native__serve(struct native_door *door, struct native_request *request)
{
    switch (request->peer.type) {
    case WIRE_STATUS:
        serve_status(door, request);
        break;
    case WIRE_TABLE_CREATE:
    case WIRE_TABLE_DROP:
        serve_table_change(door, request);
        break;
    case WIRE_TABLE_LIST:
        serve_table_list(door, request);
        break;
    case WIRE_TABLE_DESCRIBE:
        serve_table_describe(door, request);
        break;
    case WIRE_PUT:
    case WIRE_DELETE:
        serve_write(door, request);
        break;
    case WIRE_GET:
        serve_get(door, request);
        break;
    case WIRE_SCAN:
        serve_scan(door, request);
        break;
    case WIRE_HISTORY:
        serve_history(door, request);
        break;
    case WIRE_SUBSCRIBE:
        native__subscribe(door, request);
        break;
    case WIRE_CREDIT:
        native__credit(door, request);
        break;
    default:
        native__answer_error(door, &request->peer, STATUS_UNSUPPORTED, "an unknown request type");
        break;
    }
}
