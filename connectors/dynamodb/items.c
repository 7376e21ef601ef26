/* PutItem, GetItem, UpdateItem, DeleteItem. */
#include "dynamodb_private.h"

/* A write of one item on its way. */
struct item_write {
    struct gate_change change;
    struct expressions expressions;
    const struct schema *schema;
    struct bytes table; /* as the request named it */
    struct value key;   /* Put: the item */
    struct bytes returns;
};

/* --- answers of writes ------------------------------------------------------------------------------------------ */

static void put_attributes(struct call *call, const struct item_write *write, const struct value *old,
                           const struct value *new, struct buffer *body)
{
    bool is_touched = text_is(write->returns, "UPDATED_OLD") || text_is(write->returns, "UPDATED_NEW");
    bool is_old = text_is(write->returns, "ALL_OLD") || text_is(write->returns, "UPDATED_OLD");
    bool is_none = write->returns.size == 0 || text_is(write->returns, "NONE");
    const struct value *image = is_none ? NULL : is_old ? old : new;
    struct value part;
    if (image != NULL && is_touched) {
        part = update_touched(write->expressions.update, image, call->arena);
        image = part.pairs.count > 0 ? &part : NULL;
    }
    if (image != NULL) {
        json_name(body, "Attributes");
        attributes_put(body, image);
    }
}

void condition_failure(struct call *call, bool wants_item, bool had_old, struct bytes old_image)
{
    struct buffer item = {0};
    (void)call_fail(call, AWS_FAILURE_CONDITION, "The conditional request failed");
    if (wants_item && had_old) {
        buffer_put_text(&item, ",\"Item\":");
        attributes_put_image(&item, old_image, call->arena);
        call->failure.detail = arena_copy(call->arena, buffer_bytes(&item));
    }
    buffer_reset(&item);
}

/* The store's words about index keys, as UpdateItem has them. */
const char *update_text(const char *text)
{
    static const struct {
        const char *begin;
        const char *text;
    } texts[] = {
        {"One or more parameter values were invalid: Type mismatch for Index Key",
         "The update expression attempted to update the secondary index key to unsupported type"},
        {"One or more parameter values were invalid: Size limit exceeded for Index Key",
         "The update expression attempted to update the secondary index key beyond allowed size limits"},
        {"One or more parameter values are not valid. A value specified for a secondary",
         "The update expression attempted to update the secondary index key to a value that is not "
         "supported. The AttributeValue for a key attribute cannot contain an empty string value."},
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (strncmp(text, texts[i].begin, strlen(texts[i].begin)) == 0) {
            return texts[i].text;
        }
    }
    return text;
}

/* What an update that could not be applied says; with AttributeUpdates in words of its own. */
static const char *update_failure(struct call *call, const char *text)
{
    static const char mismatch[] = "An operand in the update expression has an incorrect data type";
    return member_of(call->input, "AttributeUpdates") != NULL && strcmp(text, mismatch) == 0
               ? "Type mismatch for attribute to update"
               : update_text(text);
}

static void write_fail(struct call *call, const struct item_write *write)
{
    const struct gate_change_outcome *change = call->outcome.count > 0 ? &call->outcome.changes[0] : NULL;
    bool wants_item = text_is(text_of(call->input, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD");
    if (call->outcome.status == STATUS_CONDITION) {
        condition_failure(call, wants_item, change != NULL && change->had_old,
                          change != NULL ? change->old_image : (struct bytes){0});
    } else {
        const char *text = call->outcome.text;
        (void)call_fail_error(call, call->outcome.status,
                              write->change.kind == GATE_UPDATE ? update_failure(call, text) : text);
    }
    call_reply_failure(call);
}

static void write_finish(struct call *call)
{
    const struct item_write *write = call->state;
    struct buffer body = {0};
    struct value old = {0};
    struct value new = {0};
    if (call->outcome.status != STATUS_OK) {
        write_fail(call, write);
        return;
    }
    const struct gate_change_outcome *change = &call->outcome.changes[0];
    if (change->had_old) {
        old = item_of_image(change->old_image, call->arena);
    }
    if (change->has_new) {
        new = item_of_image(change->new_image, call->arena);
    }
    const struct value *after = write->change.kind == GATE_PUT ? &write->key : change->has_new ? &new : NULL;
    json_open(&body, '{');
    put_attributes(call, write, change->had_old ? &old : NULL, after, &body);
    if (capacity_is_wanted(call)) {
        struct capacity capacity = {.table = text_of(call->input, "TableName"),
                                    .schema = write->schema,
                                    .is_write = true};
        capacity_add_write(&capacity, change->had_old ? &old : NULL,
                           write->change.kind == GATE_DELETE ? NULL : after, 1, call->arena);
        capacity_put_one(call, &capacity, &body);
    }
    if (metrics_wanted(call->input, write->schema, call->arena)) {
        json_name(&body, "ItemCollectionMetrics");
        metrics_put(&body, write->schema, &write->key, call->arena);
    }
    json_close(&body, '}');
    call_reply(call, &body);
}

/* --- writes ----------------------------------------------------------------------------------------------------- */

static enum status write_submit(struct call *call, struct item_write *write)
{
    bool wants_capacity = capacity_is_wanted(call);
    bool wants_failed = text_is(text_of(call->input, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD");
    bool wants_old = text_is(write->returns, "ALL_OLD") || text_is(write->returns, "UPDATED_OLD");
    bool wants_new = text_is(write->returns, "ALL_NEW") || text_is(write->returns, "UPDATED_NEW");
    struct gate_change *change = &write->change;
    change->table = write->schema->name;
    change->item = &write->key;
    change->condition = write->expressions.condition;
    change->wants_old = wants_capacity || wants_failed || wants_old;
    change->wants_new = change->kind == GATE_UPDATE && (wants_capacity || wants_new);
    change->bounds = &dynamodb_item_bounds;
    call->state = write;
    if (throttle_check(call, write->schema, NULL, true) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (conflict_is_feigned(call)) {
        return call_fail(call, AWS_FAILURE_TRANSACTION_CONFLICT, "Transaction is ongoing for the item");
    }
    return call_submit(call, change, 1, (struct bytes){0}, (struct hash128){0}, write_finish, NULL);
}

static enum status write_check_returns(struct call *call, struct item_write *write)
{
    write->returns = text_of(call->input, "ReturnValues");
    return write->returns.size == 0 || text_is(write->returns, "NONE") || text_is(write->returns, "ALL_OLD")
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION, "ReturnValues can only be ALL_OLD or NONE");
}

enum status items_put(struct call *call)
{
    struct item_write *write = arena_create(call->arena, sizeof(*write));
    write->change.kind = GATE_PUT;
    enum status status =
        expressions_prepare(call, call->input, EXPRESSION_KIND_CONDITION, &write->expressions);
    if (status == STATUS_OK) {
        status = attributes_read(call, member_of(call->input, "Item"), &write->key);
    }
    if (status == STATUS_OK) {
        status = write_check_returns(call, write);
    }
    if (status == STATUS_OK && document_bytes(&write->key) > DYNAMODB_ITEM_BYTES_MAX) {
        status = call_fail(call, AWS_FAILURE_VALIDATION, "Item size has exceeded the maximum allowed size");
    }
    if (status == STATUS_OK) {
        status = expressions_parse(call, call->input, EXPRESSION_KIND_CONDITION, &write->expressions);
    }
    if (status == STATUS_OK) {
        status = call_table(call, call_table_name(call, call->input), &write->schema);
    }
    if (status == STATUS_OK) {
        status = key_check_item(call, write->schema, &write->key);
    }
    return status == STATUS_OK ? write_submit(call, write) : status;
}

enum status items_delete(struct call *call)
{
    struct item_write *write = arena_create(call->arena, sizeof(*write));
    write->change.kind = GATE_DELETE;
    enum status status =
        expressions_prepare(call, call->input, EXPRESSION_KIND_CONDITION, &write->expressions);
    if (status == STATUS_OK) {
        status = attributes_read(call, member_of(call->input, "Key"), &write->key);
    }
    if (status == STATUS_OK) {
        status = write_check_returns(call, write);
    }
    if (status == STATUS_OK) {
        status = expressions_parse(call, call->input, EXPRESSION_KIND_CONDITION, &write->expressions);
    }
    if (status == STATUS_OK) {
        status = call_table(call, call_table_name(call, call->input), &write->schema);
    }
    if (status == STATUS_OK) {
        status = key_check(call, write->schema, &write->key);
    }
    return status == STATUS_OK ? write_submit(call, write) : status;
}

enum status items_update(struct call *call)
{
    const unsigned kinds = EXPRESSION_KIND_CONDITION | EXPRESSION_KIND_UPDATE;
    struct item_write *write = arena_create(call->arena, sizeof(*write));
    write->change.kind = GATE_UPDATE;
    write->returns = text_of(call->input, "ReturnValues");
    enum status status = expressions_prepare(call, call->input, kinds, &write->expressions);
    if (status == STATUS_OK) {
        status = attributes_read(call, member_of(call->input, "Key"), &write->key);
    }
    if (status == STATUS_OK) {
        status = expressions_parse(call, call->input, kinds, &write->expressions);
    }
    if (status == STATUS_OK) {
        status = call_table(call, call_table_name(call, call->input), &write->schema);
    }
    if (status == STATUS_OK) {
        status = key_check(call, write->schema, &write->key);
    }
    write->change.update = write->expressions.update;
    return status == STATUS_OK ? write_submit(call, write) : status;
}

/* --- GetItem ---------------------------------------------------------------------------------------------------- */

struct item_read {
    const struct schema *schema;
    const struct value *key;
    const struct projection *projection;
    uint64_t as_of;
    struct value item; /* what GetItem found */
    size_t bytes;
    enum status status;
};

enum status item_find(struct call *call, const struct item_source *source, const struct schema *schema,
                      const struct value *key, const struct projection *projection, struct value *ret_item,
                      size_t *ret_bytes)
{
    struct bytes image;
    struct error error;
    *ret_bytes = 0;
    enum status status =
        gate_get(source->view, schema->name, key, source->as_of, call->arena, NULL, &image, &error);
    if (status == STATUS_NOT_FOUND) {
        return status;
    }
    if (status != STATUS_OK) {
        return call_fail_error(call, status, error.text);
    }
    *ret_item = item_of_image(arena_copy(call->arena, image), call->arena);
    *ret_bytes = document_bytes(ret_item);
    if (projection != NULL) {
        *ret_item = projection_apply(projection, ret_item, call->arena);
    }
    return STATUS_OK;
}

static void get_reply(struct call *call, const struct schema *schema, const struct value *item, size_t bytes)
{
    struct buffer body = {0};
    json_open(&body, '{');
    if (item != NULL) {
        json_name(&body, "Item");
        attributes_put(&body, item);
    }
    if (capacity_is_wanted(call)) {
        struct capacity capacity = {.table = text_of(call->input, "TableName"),
                                    .schema = schema,
                                    .table_units = capacity_read_units(bytes, boolean_of(call->input,
                                                                                         "ConsistentRead"))};
        capacity_put_one(call, &capacity, &body);
    }
    json_close(&body, '}');
    call_reply(call, &body);
}

/* Thread: the view's. */
static void get_run(struct call *call, struct gate_view *view)
{
    struct item_read *read = call->state;
    const struct item_source source = {.view = view, .as_of = read->as_of};
    read->status =
        item_find(call, &source, read->schema, read->key, read->projection, &read->item, &read->bytes);
}

static enum status get_answer(struct call *call)
{
    const struct item_read *read = call->state;
    if (read->status != STATUS_OK && read->status != STATUS_NOT_FOUND) {
        return read->status;
    }
    get_reply(call, read->schema, read->status == STATUS_OK ? &read->item : NULL, read->bytes);
    return STATUS_OK;
}

static void get_finish(struct call *call)
{
    if (get_answer(call) != STATUS_OK) {
        call_reply_failure(call);
    }
}

enum status items_get(struct call *call)
{
    struct expressions expressions;
    struct value *key = arena_create(call->arena, sizeof(*key));
    const struct schema *schema = NULL;
    enum status status = expressions_prepare(call, call->input, EXPRESSION_KIND_PROJECTION, &expressions);
    if (status == STATUS_OK) {
        status = attributes_read(call, member_of(call->input, "Key"), key);
    }
    if (status == STATUS_OK) {
        status = expressions_parse(call, call->input, EXPRESSION_KIND_PROJECTION, &expressions);
    }
    if (status == STATUS_OK) {
        status = call_table(call, call_table_name(call, call->input), &schema);
    }
    if (status == STATUS_OK) {
        status = key_check(call, schema, key);
    }
    if (status == STATUS_OK) {
        status = throttle_check(call, schema, NULL, false);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct item_read *read = arena_create(call->arena, sizeof(*read));
    *read = (struct item_read){.schema = schema, .key = key, .projection = expressions.projection};
    call->state = read;
    status = call_as_of(call, &read->as_of);
    if (status == STATUS_OK && read->as_of > 0) { /* it may look at much of the log */
        return call_read_later(call, get_run, get_finish);
    }
    if (status == STATUS_OK) {
        get_run(call, call->door->view);
        status = get_answer(call);
    }
    return status;
}
