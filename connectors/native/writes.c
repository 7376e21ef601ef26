/* Requests that change items. */
#include "base/memory.h"
#include "native_private.h"

/* A write under way. */
struct native_pending {
    struct native_door *door;
    struct native_reply *reply;
    bool is_transaction;
    int64_t job; /* 0: none */
};

static void put_images(struct buffer *body, const struct gate_change_outcome *change)
{
    if (change->had_old) {
        native__put_field(body, WIRE_FIELD_OLD);
        buffer_put(body, change->old_image);
    }
    if (change->has_new) {
        native__put_field(body, WIRE_FIELD_NEW);
        buffer_put(body, change->new_image);
    }
}

/* The changes of a transaction: what went wrong with each, and the items asked for. */
static void put_changes(struct buffer *body, const struct gate_outcome *outcome)
{
    native__put_field(body, WIRE_FIELD_CHANGES);
    codec_put_array(body, (uint32_t)outcome->count);
    for (size_t i = 0; i < outcome->count; i++) {
        const struct gate_change_outcome *change = &outcome->changes[i];
        bool has_failed = change->status != STATUS_OK;
        codec_put_map(body, 2U * has_failed + change->had_old + change->has_new);
        if (has_failed) {
            native__put_field(body, WIRE_FIELD_STATUS);
            codec_put_unsigned(body, (uint64_t)change->status);
            native__put_field(body, WIRE_FIELD_TEXT);
            codec_put_text(body, bytes_of_text(change->text == NULL ? "" : change->text));
        }
        put_images(body, change);
    }
}

static void put_outcome(struct buffer *body, const struct gate_outcome *outcome, bool is_transaction,
                        int64_t job)
{
    bool has_failed = outcome->status != STATUS_OK;
    const struct gate_change_outcome none = {0};
    const struct gate_change_outcome *single =
        is_transaction || outcome->count == 0 ? &none : &outcome->changes[0];
    codec_put_map(body, (has_failed ? 2U : 3U + outcome->is_repeat) + single->had_old + single->has_new +
                            (is_transaction ? 1U : 0U) + (job != 0 && !has_failed ? 1U : 0U));
    if (has_failed) {
        native__put_field(body, WIRE_FIELD_STATUS);
        codec_put_unsigned(body, (uint64_t)outcome->status);
        native__put_field(body, WIRE_FIELD_TEXT);
        codec_put_text(body, bytes_of_text(outcome->text));
    } else {
        native__put_field(body, WIRE_FIELD_LSN);
        codec_put_unsigned(body, outcome->lsn);
        native__put_field(body, WIRE_FIELD_TERM);
        codec_put_unsigned(body, outcome->term);
        native__put_field(body, WIRE_FIELD_TIME);
        codec_put_integer(body, outcome->commit_time_us);
        if (outcome->is_repeat) {
            native__put_field(body, WIRE_FIELD_REPEAT);
            codec_put_boolean(body, true);
        }
    }
    if (job != 0 && !has_failed) {
        native__put_field(body, WIRE_FIELD_JOB);
        codec_put_integer(body, job);
    }
    put_images(body, single);
    if (is_transaction) {
        put_changes(body, outcome);
    }
}

/* Thread: the writer. */
static void write_done(void *context, const struct gate_outcome *outcome)
{
    struct native_pending *pending = context;
    put_outcome(&pending->reply->body, outcome, pending->is_transaction, pending->job);
    pending->reply->status = outcome->status;
    enum status status = mailbox_send_reply(pending->door->mailbox, &pending->reply->message);
    CHECK(status == STATUS_OK); /* the door closes after the writer */
    memory_destroy(pending);
}

void *native__write_begin(struct native_door *door, const struct native_request *request, bool is_transaction)
{
    struct native_pending *pending = memory_create(sizeof(*pending));
    pending->door = door;
    pending->is_transaction = is_transaction;
    pending->reply = memory_create(sizeof(*pending->reply));
    pending->reply->peer = request->peer;
    atomic_fetch_add(&door->writes, 1);
    return pending;
}

void native__write_set_job(void *context, int64_t job)
{
    struct native_pending *pending = context;
    pending->job = job;
}

void native__write_done(void *context, const struct gate_outcome *outcome)
{
    write_done(context, outcome);
}

void native__write_refused(struct native_door *door, void *context, const struct error *error)
{
    struct native_pending *pending = context;
    native__answer_error(door, &pending->reply->peer, error->status, error->text);
    memory_destroy(pending->reply);
    memory_destroy(pending);
    atomic_fetch_sub(&door->writes, 1);
}

static enum status change_kind(const struct value *map, uint8_t type, enum gate_change_kind *ret_kind,
                               struct error *error)
{
    static const char *const names[] = {
        [GATE_PUT] = "put", [GATE_DELETE] = "delete", [GATE_UPDATE] = "update", [GATE_CHECK] = "check"};
    struct bytes name = {0};
    if (type != WIRE_TRANSACT) {
        *ret_kind = type == WIRE_PUT ? GATE_PUT : type == WIRE_DELETE ? GATE_DELETE : GATE_UPDATE;
        return STATUS_OK;
    }
    enum status status = codec_field_text(map, WIRE_FIELD_KIND, &name, error);
    for (size_t i = 0; i < ARRAY_COUNT(names) && status == STATUS_OK; i++) {
        if (bytes_equal(name, bytes_of_text(names[i]))) {
            *ret_kind = (enum gate_change_kind)i;
            return STATUS_OK;
        }
    }
    return status == STATUS_OK
               ? error_set(error, STATUS_INVALID, "the kind of a change must be put, delete, update or check")
               : status;
}

static enum status change_expressions(const struct value *map, struct arena *arena,
                                      struct gate_change *change, struct error *error)
{
    struct expression_options options;
    struct placeholders placeholders;
    struct bytes update = {0};
    enum status status = native__expression_options(map, arena, &placeholders, &options, error);
    if (status == STATUS_OK) {
        status = native__condition(map, WIRE_FIELD_EXPRESSION, &options, &change->condition, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_text(map, WIRE_FIELD_UPDATE, &update, error);
    }
    if (status == STATUS_OK && change->kind == GATE_UPDATE) {
        struct update *parsed = arena_create(arena, sizeof(*parsed));
        status = update_parse(update, &options, parsed, error);
        change->update = parsed;
        if (status != STATUS_OK) {
            error_prefix(error, "the update");
        }
    }
    return status;
}

static enum status change_parse(const struct value *map, uint8_t type, struct arena *arena,
                                struct gate_change *ret_change, struct error *error)
{
    uint64_t presence = 0;
    struct gate_change change = {0};
    enum status status = change_kind(map, type, &change.kind, error);
    if (status == STATUS_OK) {
        status = codec_field_text(map, WIRE_FIELD_TABLE, &change.table, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(map, WIRE_FIELD_CONDITION, 0, &presence, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_boolean(map, WIRE_FIELD_OLD, false, &change.wants_old, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_boolean(map, WIRE_FIELD_WANT_NEW, false, &change.wants_new, error);
    }
    if (status == STATUS_OK && presence > GATE_IF_PRESENT) {
        status = error_set(error, STATUS_INVALID, "the condition must be 0, 1 or 2");
    }
    change.presence = (enum gate_presence)presence;
    change.item = codec_field(map, change.kind == GATE_PUT ? WIRE_FIELD_ITEM : WIRE_FIELD_KEY);
    if (status == STATUS_OK && (change.item == NULL || change.item->kind != VALUE_MAP)) {
        status = error_set(error, STATUS_INVALID, "the item or key must be a map of attributes");
    }
    if (status == STATUS_OK && !value_is_within(change.item, VALUE_DEPTH_MAX + 1)) {
        status =
            error_set(error, STATUS_INVALID, "an item's attributes have at most %d levels", VALUE_DEPTH_MAX);
    }
    if (status == STATUS_OK) {
        status = change_expressions(map, arena, &change, error);
    }
    *ret_change = change;
    return status;
}

static enum status changes_parse(struct native_request *request, struct gate_change **ret_changes,
                                 size_t *ret_count, struct error *error)
{
    bool is_transaction = request->peer.type == WIRE_TRANSACT;
    const struct value *list = is_transaction ? codec_field(&request->body, WIRE_FIELD_CHANGES) : NULL;
    if (is_transaction && (list == NULL || list->kind != VALUE_LIST)) {
        return error_set(error, STATUS_INVALID, "a transaction needs an array of changes");
    }
    size_t count = is_transaction ? list->items.count : 1;
    struct gate_change *changes = arena_create_array(&request->arena, count, sizeof(*changes));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct value *map = is_transaction ? &list->items.at[i] : &request->body;
        status = change_parse(map, request->peer.type, &request->arena, &changes[i], error);
        if (status != STATUS_OK && is_transaction) {
            error_prefix(error, "change %zu", i);
        }
    }
    *ret_changes = changes;
    *ret_count = count;
    return status;
}

void native__serve_write(struct native_door *door, struct native_request *request)
{
    struct error error;
    struct gate_change *changes = NULL;
    struct gate_transaction transaction = {.arena = &request->arena,
                                           .actor = bytes_of_text("local"),
                                           .done = write_done,
                                           .token_hash = crypto_hash128((struct bytes){0}, request->message)};
    size_t change = 0;
    enum status status = changes_parse(request, &changes, &transaction.count, &error);
    if (status == STATUS_OK) {
        status = codec_field_text(&request->body, WIRE_FIELD_TOKEN, &transaction.token, &error);
    }
    if (status == STATUS_OK && atomic_load(&door->writes) >= NATIVE_WRITES_MAX) {
        status = error_set(&error, STATUS_BUSY, "too many writes are under way; try again");
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        return;
    }
    bool is_transaction = request->peer.type == WIRE_TRANSACT;
    transaction.changes = changes;
    transaction.context = native__write_begin(door, request, is_transaction);
    status = gate_submit(door->options.gate, &transaction, &change, &error);
    if (status != STATUS_OK) {
        if (is_transaction) {
            error_prefix(&error, "change %zu", change);
        }
        native__write_refused(door, transaction.context, &error);
    }
}
