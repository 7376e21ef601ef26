/* Requests that read. */
#include "base/memory.h"
#include "native_private.h"

const struct value *native__item(const struct native_request *request, int64_t field)
{
    const struct value *item = codec_field(&request->body, field);
    return item != NULL && item->kind == VALUE_MAP ? item : NULL;
}

enum status native__expression_options(const struct value *map, struct arena *arena,
                                       struct placeholders *placeholders,
                                       struct expression_options *ret_options, struct error *error)
{
    *placeholders = (struct placeholders){.names = codec_field(map, WIRE_FIELD_NAMES),
                                          .values = codec_field(map, WIRE_FIELD_VALUES)};
    *ret_options =
        (struct expression_options){.arena = arena, .placeholders = placeholders, .is_native = true};
    if ((placeholders->names != NULL && placeholders->names->kind != VALUE_MAP) ||
        (placeholders->values != NULL && placeholders->values->kind != VALUE_MAP)) {
        return error_set(error, STATUS_INVALID, "names and values of expressions must be maps");
    }
    placeholders_prepare(placeholders, arena);
    return STATUS_OK;
}

enum status native__condition(const struct value *map, int64_t field,
                              const struct expression_options *options,
                              const struct condition **ret_condition, struct error *error)
{
    struct bytes text = {0};
    *ret_condition = NULL;
    enum status status = codec_field_text(map, field, &text, error);
    if (status != STATUS_OK || text.size == 0) {
        return status;
    }
    status = condition_parse(text, options, ret_condition, error);
    if (status != STATUS_OK) {
        error_prefix(error, "the expression");
    }
    return status;
}

enum status native__moment(struct native_door *door, const struct value *body, enum wire_field lsn_field,
                           enum wire_field time_field, uint64_t *ret_lsn, struct error *error)
{
    uint64_t lsn = 0;
    uint64_t time_us = 0;
    enum status status = codec_field_unsigned(body, lsn_field, 0, &lsn, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(body, time_field, 0, &time_us, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (codec_field(body, time_field) != NULL) {
        return gate_lsn_at(door->options.gate, (int64_t)time_us, ret_lsn, error);
    }
    if (codec_field(body, lsn_field) == NULL) {
        return STATUS_OK;
    }
    return lsn > 0 /* elsewhere 0 means now */
               ? gate_lsn_whole(door->options.gate, lsn, ret_lsn, error)
               : error_set(error, STATUS_TRIMMED, "LSN 0 lies before the first commit, which is LSN 1");
}

enum status native__as_of(struct native_door *door, const struct value *body, uint64_t *ret_lsn,
                          struct error *error)
{
    *ret_lsn = 0;
    return native__moment(door, body, WIRE_FIELD_AS_OF, WIRE_FIELD_AS_OF_TIME, ret_lsn, error);
}

/* What a get or a history asks for. */
struct row_wanted {
    struct bytes table;
    const struct value *key;
    uint64_t as_of;
    uint64_t limit;    /* of a history … */
    uint64_t from_lsn; /* … and where its page begins; 0: the first */
};

/* False: the request was refused. */
static bool row_take(struct native_door *door, struct native_request *request, bool is_history,
                     struct row_wanted *ret_wanted)
{
    struct error error;
    *ret_wanted = (struct row_wanted){.key = native__item(request, WIRE_FIELD_KEY)};
    enum status status = ret_wanted->key == NULL
                             ? error_set(&error, STATUS_INVALID, "the key must be a map of attributes")
                             : STATUS_OK;
    if (status == STATUS_OK) {
        status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &ret_wanted->table, &error);
    }
    if (status == STATUS_OK && is_history) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_LIMIT, 0, &ret_wanted->limit, &error);
    }
    if (status == STATUS_OK && is_history) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_START, 0, &ret_wanted->from_lsn, &error);
    }
    if (status == STATUS_OK) {
        status = native__as_of(door, &request->body, &ret_wanted->as_of, &error);
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
    }
    return status == STATUS_OK;
}

static enum status row_get(const struct row_wanted *wanted, struct gate_view *view, struct buffer *body,
                           struct error *error)
{
    struct bytes image;
    enum status status = gate_get(view, wanted->table, wanted->key, wanted->as_of, NULL, NULL, &image, error);
    if (status == STATUS_OK) {
        codec_put_map(body, 1);
        native__put_field(body, WIRE_FIELD_ITEM);
        buffer_put(body, image);
    }
    return status;
}

/* A read that goes back in time may look at much of the log: it is the reader pool's until its reply is sent. */
struct row_read {
    struct native_later later;
    struct row_wanted wanted;
    struct arena arena; /* the request's, which holds what is wanted */
};

static void row_destroy(struct native_later *later)
{
    struct row_read *row = (struct row_read *)later;
    arena_reset(&row->arena);
    memory_destroy(row);
}

static void
row_later(struct native_door *door, struct native_request *request, const struct row_wanted *wanted,
          void (*run)(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside))
{
    struct row_read *row = memory_create(sizeof(*row));
    row->later.destroy = row_destroy;
    row->later.reading.run = run;
    row->wanted = *wanted;
    row->arena = request->arena;
    request->arena = (struct arena){0}; /* the read's */
    native__later(door, &request->peer, &row->later);
}

/* Thread: the pool's. */
static void row_run(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside)
{
    struct row_read *row = (struct row_read *)reading;
    struct native_reply *reply = row->later.reply;
    struct error error;
    (void)aside;
    gate_view_show_plain(view, false);
    reply->status = row_get(&row->wanted, view, &reply->body, &error);
    if (reply->status != STATUS_OK) {
        native__put_error(&reply->body, reply->status, error.text);
    }
    native__later_done(&row->later);
}

void native__serve_get(struct native_door *door, struct native_request *request)
{
    struct row_wanted wanted;
    struct buffer body = {0};
    struct error error;
    if (!row_take(door, request, false, &wanted)) {
        return;
    }
    if (wanted.as_of > 0) {
        row_later(door, request, &wanted, row_run);
        return;
    }
    enum status status = row_get(&wanted, door->view, &body, &error);
    if (status == STATUS_OK) {
        native__reply(door, &request->peer, &body);
    } else {
        native__answer_error(door, &request->peer, status, error.text);
    }
    buffer_reset(&body);
}

void native__put_record(struct gate *gate, struct buffer *body, const struct feed_record *found)
{
    const struct record *record = &found->record;
    const struct schema *schema = gate_schema_of(gate, record);
    struct buffer old = {0};
    bool is_row = record->operation <= OPERATION_REMOVE;
    bool has_new = is_row && (record->flags & RECORD_HAS_NEW) != 0;
    bool has_old = (record->flags & RECORD_HAS_OLD) != 0;
    bool is_marked = (record->flags & (RECORD_META | RECORD_HOUSEKEEPING)) != 0;
    codec_put_map(body, 7U + (found->term != 0) + has_new + has_old + is_marked + (record->hops > 0));
    if (is_marked) {
        native__put_field(body, WIRE_FIELD_META_FLAG);
        codec_put_boolean(body, true);
    }
    if (record->hops > 0) {
        native__put_field(body, WIRE_FIELD_HOPS);
        codec_put_unsigned(body, record->hops);
    }
    native__put_field(body, WIRE_FIELD_TABLE);
    codec_put_text(body, schema == NULL ? (struct bytes){0} : schema->name);
    native__put_field(body, WIRE_FIELD_LSN);
    codec_put_unsigned(body, found->lsn);
    native__put_field(body, WIRE_FIELD_TIME);
    codec_put_integer(body, found->commit_time_us);
    native__put_field(body, WIRE_FIELD_OPERATION);
    codec_put_text(body, bytes_of_text(operation_name(record->operation)));
    native__put_field(body, WIRE_FIELD_ACTOR);
    codec_put_text(body, record->actor);
    native__put_field(body, WIRE_FIELD_CAUSE);
    codec_put_text(body, bytes_of_text(cause_name(record->cause.kind)));
    native__put_field(body, WIRE_FIELD_SHARD);
    codec_put_unsigned(body, record->shard);
    if (found->term != 0) {
        native__put_field(body, WIRE_FIELD_TERM);
        codec_put_unsigned(body, found->term);
    }
    if (has_new) {
        native__put_field(body, WIRE_FIELD_NEW);
        buffer_put(body, record->new_image);
    }
    if (has_old) {
        native__put_field(body, WIRE_FIELD_OLD);
        buffer_put(body, record_old_image(record, &old));
    }
    buffer_reset(&old);
}

struct change_list {
    struct gate *gate;
    struct buffer records;
    uint32_t count;
};

static void list_change(void *context, uint64_t lsn, int64_t commit_time_us, const struct record *record)
{
    struct change_list *list = context;
    struct feed_record found = {.lsn = lsn, .commit_time_us = commit_time_us, .record = *record};
    native__put_record(list->gate, &list->records, &found);
    list->count++;
}

/* Thread: the pool's. */
static void history_run(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside)
{
    struct row_read *row = (struct row_read *)reading;
    struct native_reply *reply = row->later.reply;
    struct change_list list = {.gate = row->later.door->options.gate};
    struct error error;
    uint64_t next_lsn = 0;
    (void)aside;
    reply->status =
        gate_history(view, row->wanted.table, row->wanted.key, row->wanted.as_of, row->wanted.from_lsn,
                     row->wanted.limit, list_change, &list, &next_lsn, &error);
    if (reply->status == STATUS_OK) {
        codec_put_map(&reply->body, next_lsn > 0 ? 2 : 1);
        native__put_field(&reply->body, WIRE_FIELD_RECORDS);
        codec_put_array(&reply->body, list.count);
        buffer_put(&reply->body, buffer_bytes(&list.records));
    }
    if (reply->status == STATUS_OK && next_lsn > 0) {
        native__put_field(&reply->body, WIRE_FIELD_START);
        codec_put_unsigned(&reply->body, next_lsn);
    } else if (reply->status != STATUS_OK) {
        native__put_error(&reply->body, reply->status, error.text);
    }
    buffer_reset(&list.records);
    native__later_done(&row->later);
}

void native__serve_history(struct native_door *door, struct native_request *request)
{
    struct row_wanted wanted;
    if (row_take(door, request, true, &wanted)) {
        row_later(door, request, &wanted, history_run);
    }
}
