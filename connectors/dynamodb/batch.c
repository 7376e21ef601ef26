/* BatchGetItem and BatchWriteItem. */
#include "fanout.h"

/* Whether the same item is asked for twice: `keys` are maps of one table. */
static bool has_duplicates(const struct schema *schema, const struct value *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            bool is_same = true;
            for (size_t c = 0; c < schema_key_count(schema); c++) {
                struct bytes name = schema_key_column(schema, c)->name;
                is_same =
                    is_same && value_equal(value_map_get(&keys[i], name), value_map_get(&keys[k], name));
            }
            if (is_same) {
                return true;
            }
        }
    }
    return false;
}

static enum status fail_duplicates(struct call *call)
{
    return call_fail(call, AWS_FAILURE_VALIDATION, "Provided list of item keys contains duplicates");
}

/* --- BatchGetItem ----------------------------------------------------------------------------------------------- */

/* One table's part. */
struct get_part {
    struct bytes name; /* as the request has it */
    const struct value *json;
    const struct schema *schema;
    struct expressions expressions;
    struct value *keys;
    size_t count;
    size_t unprocessed; /* keys from here on were not read */
    double units;
    bool is_refused; /* its throughput is used up */
};

struct get_batch {
    struct get_part *parts;
    size_t count;
    uint64_t as_of;
    struct buffer body; /* of the answer */
    enum status status;
};

static enum status get_read(struct call *call, const struct value *pair, struct get_part *part)
{
    const struct value *json = pair + 1;
    const struct value *keys = member_of(json, "Keys");
    *part = (struct get_part){.name = pair->bytes, .json = json, .count = keys->items.count};
    part->keys = arena_create_array(call->arena, part->count, sizeof(*part->keys));
    enum status status = expressions_prepare(call, json, EXPRESSION_KIND_PROJECTION, &part->expressions);
    for (size_t i = 0; i < part->count && status == STATUS_OK; i++) {
        status = attributes_read(call, &keys->items.at[i], &part->keys[i]);
    }
    return status == STATUS_OK ? expressions_parse(call, json, EXPRESSION_KIND_PROJECTION, &part->expressions)
                               : status;
}

/* Whether a table's part asks for one key twice, in the same words: 1 and 1.0 are two. */
static bool get_has_duplicates(const struct get_part *part)
{
    const struct value *keys = member_of(part->json, "Keys");
    for (size_t i = 1; i < part->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (value_equal(&keys->items.at[i], &keys->items.at[k])) {
                return true;
            }
        }
    }
    return false;
}

/* What is mixed is mixed in the whole request, be it of two tables. */
static enum status get_check_mixed(struct call *call, const struct value *tables)
{
    bool is_modern = false;
    bool is_legacy = false;
    for (size_t i = 0; i < tables->pairs.count; i++) {
        const struct value *json = &tables->pairs.at[2 * i + 1];
        is_modern = is_modern || member_of(json, "ProjectionExpression") != NULL;
        is_legacy = is_legacy || member_of(json, "AttributesToGet") != NULL;
    }
    return !is_modern || !is_legacy
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "Can not use both expression and non-expression parameters in the same request: "
                           "Non-expression parameters: {AttributesToGet} Expression parameters: "
                           "{ProjectionExpression}");
}

static enum status get_plan(struct call *call, struct get_part *part)
{
    enum status status = call_table(call, table_named(call, part->name), &part->schema);
    for (size_t i = 0; i < part->count && status == STATUS_OK; i++) {
        status = key_check(call, part->schema, &part->keys[i]);
    }
    return status;
}

/* A table that is named twice, by its name and by its ARN, is one table. */
static bool get_repeats(const struct get_part *a, const struct get_part *b)
{
    for (size_t i = 0; a->schema == b->schema && i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            const struct value keys[] = {a->keys[i], b->keys[k]};
            if (has_duplicates(a->schema, keys, 2)) {
                return true;
            }
        }
    }
    return false;
}

/* Reads until an item does not fit any more. */
static enum status get_run_part(struct call *call, const struct item_source *source, struct get_part *part,
                                size_t *bytes_left, struct buffer *body)
{
    bool is_consistent = boolean_of(part->json, "ConsistentRead");
    json_name_bytes(body, part->name);
    json_open(body, '[');
    while (!part->is_refused && *bytes_left > 0 && part->unprocessed < part->count) {
        struct value item;
        size_t bytes = 0;
        enum status status = item_find(call, source, part->schema, &part->keys[part->unprocessed],
                                       part->expressions.projection, &item, &bytes);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        if (bytes > *bytes_left) {
            *bytes_left = 0;
            break;
        }
        part->units += capacity_read_units(bytes, is_consistent);
        *bytes_left -= bytes;
        part->unprocessed++;
        if (status == STATUS_OK) {
            json_item(body);
            attributes_put(body, &item);
        }
    }
    json_close(body, ']');
    return STATUS_OK;
}

/* Whether no table of the request can pay for a single key. */
static bool get_was_refused(const struct get_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!parts[i].is_refused) {
            return false;
        }
    }
    return true;
}

/* The keys that did not fit, as a request for the rest. */
static void get_put_unprocessed(struct call *call, const struct get_part *parts, size_t count,
                                struct buffer *body)
{
    json_name(body, "UnprocessedKeys");
    json_open(body, '{');
    for (size_t i = 0; i < count; i++) {
        const struct get_part *part = &parts[i];
        if (part->unprocessed == part->count) {
            continue;
        }
        struct value rest = *part->json;
        struct value keys = *member_of(part->json, "Keys");
        keys.items.at += part->unprocessed;
        keys.items.count -= part->unprocessed;
        map_set_member(&rest, "Keys", &keys, call->arena);
        json_name_bytes(body, part->name);
        codec_json_encode(body, &rest);
    }
    json_close(body, '}');
}

static void get_put_capacity(struct call *call, const struct get_part *parts, size_t count,
                             struct buffer *body)
{
    struct capacity *capacities = arena_create_array(call->arena, count, sizeof(*capacities));
    if (!capacity_is_wanted(call)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        capacities[i] = (struct capacity){.table = parts[i].name,
                                          .schema = parts[i].schema,
                                          .table_units = parts[i].units};
    }
    capacity_put_all(call, capacities, count, body);
}

/* What the request asks for of each table, in the order in which the service looks for faults. */
static enum status get_prepare(struct call *call, const struct value *tables, struct get_part *parts)
{
    size_t count = tables->pairs.count;
    size_t keys = 0;
    enum status status = get_check_mixed(call, tables);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = get_read(call, &tables->pairs.at[2 * i], &parts[i]);
        keys += parts[i].count;
    }
    if (status == STATUS_OK && keys > DYNAMODB_BATCH_GET_ITEMS_MAX) {
        status =
            call_fail(call, AWS_FAILURE_VALIDATION, "Too many items requested for the BatchGetItem call");
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = get_has_duplicates(&parts[i]) ? fail_duplicates(call) : STATUS_OK;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = get_plan(call, &parts[i]);
        for (size_t k = 0; k < i && status == STATUS_OK; k++) {
            status = get_repeats(&parts[i], &parts[k]) ? fail_duplicates(call) : STATUS_OK;
        }
    }
    return status;
}

/* Thread: the view's. */
static void get_run(struct call *call, struct gate_view *view)
{
    struct get_batch *batch = call->state;
    const struct item_source source = {.view = view, .as_of = batch->as_of};
    size_t bytes_left = DYNAMODB_BATCH_GET_BYTES_MAX;
    json_open(&batch->body, '{');
    json_name(&batch->body, "Responses");
    json_open(&batch->body, '{');
    for (size_t i = 0; i < batch->count && batch->status == STATUS_OK; i++) {
        batch->status = get_run_part(call, &source, &batch->parts[i], &bytes_left, &batch->body);
    }
    json_close(&batch->body, '}');
}

static enum status get_answer(struct call *call)
{
    struct get_batch *batch = call->state;
    if (batch->status == STATUS_OK) {
        get_put_unprocessed(call, batch->parts, batch->count, &batch->body);
        get_put_capacity(call, batch->parts, batch->count, &batch->body);
        json_close(&batch->body, '}');
        call_reply(call, &batch->body);
    }
    buffer_reset(&batch->body);
    return batch->status;
}

static void get_finish(struct call *call)
{
    if (get_answer(call) != STATUS_OK) {
        call_reply_failure(call);
    }
}

enum status batch_get(struct call *call)
{
    const struct value *tables = member_of(call->input, "RequestItems");
    struct get_batch *batch = arena_create(call->arena, sizeof(*batch));
    *batch = (struct get_batch){.count = tables->pairs.count};
    batch->parts = arena_create_array(call->arena, batch->count, sizeof(*batch->parts));
    call->state = batch;
    enum status status = get_prepare(call, tables, batch->parts);
    for (size_t i = 0; i < batch->count && status == STATUS_OK; i++) {
        batch->parts[i].is_refused = throttle_refuses(call, batch->parts[i].schema, NULL, false);
    }
    if (status == STATUS_OK && get_was_refused(batch->parts, batch->count)) {
        status = throttle_fail(call, false);
    }
    if (status == STATUS_OK) {
        status = call_as_of(call, &batch->as_of);
    }
    if (status == STATUS_OK && batch->as_of > 0) {
        return call_read_later(call, get_run, get_finish);
    }
    if (status == STATUS_OK) {
        get_run(call, call->door->view);
        status = get_answer(call);
    }
    return status;
}

/* --- BatchWriteItem --------------------------------------------------------------------------------------------- */

/* One item's write. */
struct batch_write {
    struct gate_change change;
    const struct schema *schema;
    struct value item; /* or key */
    struct bytes table;
    const struct value *json;
};

struct batch {
    struct call *call;
    struct batch_write *writes;
    size_t count;
    struct fanout *fanout; /* its n-th write is that of the n-th here */
};

static enum status batch_status(const struct batch *batch, size_t i)
{
    return batch->fanout->writes[i].status;
}

static enum status write_read(struct call *call, const struct value *json, struct bytes table,
                              struct batch_write *write)
{
    const struct value *put = member_of(json, "PutRequest");
    const struct value *delete = member_of(json, "DeleteRequest");
    if ((put == NULL) == (delete == NULL)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Supplied WriteRequest must contain exactly one of PutRequest and DeleteRequest");
    }
    write->table = table;
    write->json = json;
    write->change.kind = put != NULL ? GATE_PUT : GATE_DELETE;
    enum status status =
        attributes_read(call, put != NULL ? member_of(put, "Item") : member_of(delete, "Key"), &write->item);
    return status == STATUS_OK && put != NULL && document_bytes(&write->item) > DYNAMODB_ITEM_BYTES_MAX
               ? call_fail(call, AWS_FAILURE_VALIDATION, "Item size has exceeded the maximum allowed size")
               : status;
}

static enum status write_plan(struct call *call, struct batch_write *write)
{
    enum status status = call_table(call, table_named(call, write->table), &write->schema);
    if (status != STATUS_OK) {
        return status;
    }
    write->change.table = write->schema->name;
    write->change.item = &write->item;
    write->change.bounds = &dynamodb_item_bounds;
    write->change.wants_old = capacity_is_wanted(call);
    if (write->change.kind == GATE_DELETE) {
        return key_check(call, write->schema, &write->item);
    }
    struct value key = key_of_item(write->schema, &write->item, call->arena);
    status = key_check(call, write->schema, &key); /* in these words, unlike PutItem's */
    return status == STATUS_OK ? key_check_item(call, write->schema, &write->item) : status;
}

static void batch_put_unprocessed(const struct batch *batch, struct buffer *body)
{
    json_name(body, "UnprocessedItems");
    json_open(body, '{');
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_write *write = &batch->writes[i];
        bool is_first = true;
        for (size_t k = 0; k < i; k++) {
            bool is_same = bytes_equal(batch->writes[k].table, write->table);
            is_first = is_first && !(is_same && batch_status(batch, k) != STATUS_OK);
        }
        if (batch_status(batch, i) == STATUS_OK || !is_first) {
            continue;
        }
        json_name_bytes(body, write->table);
        json_open(body, '[');
        for (size_t k = i; k < batch->count; k++) {
            if (batch_status(batch, k) != STATUS_OK && bytes_equal(batch->writes[k].table, write->table)) {
                json_item(body);
                codec_json_encode(body, batch->writes[k].json);
            }
        }
        json_close(body, ']');
    }
    json_close(body, '}');
}

static void batch_put_capacity(const struct batch *batch, struct buffer *body)
{
    struct call *call = batch->call;
    struct capacity *capacities = arena_create_array(call->arena, batch->count, sizeof(*capacities));
    size_t count = 0;
    if (!capacity_is_wanted(call)) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_write *write = &batch->writes[i];
        size_t at = 0;
        const struct gate_change_outcome *outcome = &batch->fanout->writes[i].outcome;
        if (batch_status(batch, i) != STATUS_OK) {
            continue;
        }
        while (at < count && capacities[at].schema != write->schema) {
            at++;
        }
        if (at == count) {
            capacities[count++] =
                (struct capacity){.table = write->table, .schema = write->schema, .is_write = true};
        }
        struct value old = outcome->had_old ? item_of_image(outcome->old_image, call->arena)
                                            : (struct value){.kind = VALUE_MAP};
        capacity_add_write(&capacities[at], outcome->had_old ? &old : NULL,
                           write->change.kind == GATE_PUT ? &write->item : NULL, 1, call->arena);
    }
    capacity_put_all(call, capacities, count, body);
}

static void batch_put_metrics(const struct batch *batch, struct buffer *body)
{
    struct call *call = batch->call;
    struct touched_item *items = arena_create_array(call->arena, batch->count, sizeof(*items));
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_write *write = &batch->writes[i];
        items[i] = (struct touched_item){write->table, write->schema, &write->item};
    }
    metrics_put_all(call, items, batch->count, body);
}

static void batch_reply(struct call *call)
{
    struct batch *batch = call->state;
    struct buffer body = {0};
    for (size_t i = 0; i < batch->count; i++) {
        enum status status = batch_status(batch, i);
        if (status == STATUS_INVALID || status == STATUS_TOO_LARGE || status == STATUS_NOT_FOUND) {
            (void)call_fail_error(call, status, batch->fanout->writes[i].text);
        }
    }
    size_t refused = 0;
    for (size_t i = 0; i < batch->count; i++) {
        refused += batch_status(batch, i) == STATUS_BUSY ? 1U : 0U;
    }
    if (refused == batch->count && throttle_applies(call)) {
        (void)throttle_fail(call, false);
    }
    if (call->failure.kind != AWS_NO_FAILURE) {
        call_reply_failure(call);
    } else {
        json_open(&body, '{');
        batch_put_unprocessed(batch, &body);
        batch_put_capacity(batch, &body);
        batch_put_metrics(batch, &body);
        json_close(&body, '}');
        call_reply(call, &body);
    }
    buffer_reset(&body);
}

static void batch_submit(struct batch *batch)
{
    struct call *call = batch->call;
    batch->fanout = fanout_create(call, batch->count);
    call->state = batch;
    for (size_t i = 0; i < batch->count; i++) {
        struct fanout_write *write = &batch->fanout->writes[i];
        write->change = &batch->writes[i].change;
        write->status = throttle_refuses(call, batch->writes[i].schema, NULL, true) ? STATUS_BUSY : STATUS_OK;
    }
    fanout_submit(batch->fanout, batch_reply);
}

static enum status batch_check_duplicates(struct call *call, const struct batch *batch)
{
    for (size_t i = 1; i < batch->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct value keys[] = {batch->writes[i].item, batch->writes[k].item};
            if (batch->writes[i].schema == batch->writes[k].schema &&
                has_duplicates(batch->writes[i].schema, keys, 2)) {
                return fail_duplicates(call);
            }
        }
    }
    return STATUS_OK;
}

enum status batch_write(struct call *call)
{
    const struct value *tables = member_of(call->input, "RequestItems");
    struct batch *batch = arena_create(call->arena, sizeof(*batch));
    size_t count = 0;
    size_t at = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < tables->pairs.count; i++) {
        count += tables->pairs.at[2 * i + 1].items.count;
    }
    if (count > DYNAMODB_BATCH_WRITE_ITEMS_MAX) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Too many items requested for the BatchWriteItem call");
    }
    *batch = (struct batch){.call = call, .count = count};
    batch->writes = arena_create_array(call->arena, count, sizeof(*batch->writes));
    for (size_t i = 0; i < tables->pairs.count; i++) {
        const struct value *list = &tables->pairs.at[2 * i + 1];
        for (size_t k = 0; k < list->items.count && status == STATUS_OK; k++) {
            status =
                write_read(call, &list->items.at[k], tables->pairs.at[2 * i].bytes, &batch->writes[at++]);
        }
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = write_plan(call, &batch->writes[i]);
    }
    if (status == STATUS_OK) {
        status = batch_check_duplicates(call, batch);
    }
    if (status == STATUS_OK) {
        batch_submit(batch);
    }
    return status;
}
