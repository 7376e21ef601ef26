/* TransactWriteItems and TransactGetItems. */
#include "dynamodb_private.h"

enum {
    READ_ATTEMPTS_MAX = 5, /* of a transactional read before it reads as of an LSN */
};

static const struct {
    const char *name;
    enum gate_change_kind kind;
    unsigned expressions;
    const char *item;
} action_kinds[] = {
    {"ConditionCheck", GATE_CHECK, EXPRESSION_KIND_CONDITION, "Key"},
    {"Put", GATE_PUT, EXPRESSION_KIND_CONDITION, "Item"},
    {"Delete", GATE_DELETE, EXPRESSION_KIND_CONDITION, "Key"},
    {"Update", GATE_UPDATE, EXPRESSION_KIND_CONDITION | EXPRESSION_KIND_UPDATE, "Key"},
};

static enum status action_read(struct call *call, const struct value *json, struct action_write *write,
                               struct gate_change *change, const struct value **ret_action)
{
    size_t kind = ARRAY_COUNT(action_kinds);
    size_t found = 0;
    for (size_t i = 0; i < ARRAY_COUNT(action_kinds); i++) {
        if (member_of(json, action_kinds[i].name) != NULL) {
            kind = i;
            found++;
        }
    }
    if (found != 1) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         found == 0 ? "Invalid Request: TransactWriteRequest should contain Delete or Put or "
                                      "Update request"
                                    : "TransactItems can only contain one of Check, Put, Update or Delete");
    }
    const struct value *action = member_of(json, action_kinds[kind].name);
    change->kind = action_kinds[kind].kind;
    write->is_update = change->kind == GATE_UPDATE;
    write->wants_item = text_is(text_of(action, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD");
    enum status status =
        expressions_prepare(call, action, action_kinds[kind].expressions, &write->expressions);
    if (status == STATUS_OK) {
        status = attributes_read(call, member_of(action, action_kinds[kind].item), &write->item);
    }
    if (status == STATUS_OK && change->kind == GATE_PUT &&
        document_bytes(&write->item) > DYNAMODB_ITEM_BYTES_MAX) {
        status = call_fail(call, AWS_FAILURE_VALIDATION, "Item size has exceeded the maximum allowed size");
    }
    *ret_action = action;
    return status == STATUS_OK
               ? expressions_parse(call, action, action_kinds[kind].expressions, &write->expressions)
               : status;
}

static enum status action_plan(struct call *call, const struct value *action, struct action_write *write,
                               struct gate_change *change)
{
    write->table = text_of(action, "TableName");
    enum status status = call_table(call, table_named(call, write->table), &write->schema);
    if (status != STATUS_OK) {
        return status;
    }
    change->table = write->schema->name;
    change->item = &write->item;
    change->condition = write->expressions.condition;
    change->update = write->expressions.update;
    change->bounds = &dynamodb_item_bounds;
    change->wants_old = write->wants_item || capacity_is_wanted(call);
    change->wants_new = capacity_is_wanted(call);
    status = key_check_sizes(call, write->schema, &write->item);
    if (status == STATUS_OK && change->kind == GATE_PUT) {
        status = key_check_empty(call, write->schema, &write->item);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = change->kind == GATE_PUT ? key_check_item(call, write->schema, &write->item)
                                      : key_check(call, write->schema, &write->item);
    if (status != STATUS_OK) { /* a reason for cancellation, not an error of the request */
        write->problem = call->failure.text;
        call->failure = (struct aws_failure){0};
    }
    return STATUS_OK;
}

static bool is_same_item(const struct action_write *a, const struct action_write *b)
{
    for (size_t i = 0; i < schema_key_count(a->schema); i++) {
        struct bytes name = schema_key_column(a->schema, i)->name;
        const struct value *left = value_map_get(&a->item, name);
        const struct value *right = value_map_get(&b->item, name);
        if (left == NULL || right == NULL || !value_equal(left, right)) {
            return false;
        }
    }
    return true;
}

static enum status check_distinct(struct call *call, const struct transaction *transaction)
{
    for (size_t i = 1; i < transaction->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct action_write *a = &transaction->writes[i];
            const struct action_write *b = &transaction->writes[k];
            if (a->schema != NULL && a->schema == b->schema && is_same_item(a, b)) {
                return call_fail(call, AWS_FAILURE_VALIDATION,
                                 "Transaction request cannot include multiple operations on one item");
            }
        }
    }
    return STATUS_OK;
}

static enum status check_size(struct call *call, const struct transaction *transaction)
{
    size_t bytes = 0;
    for (size_t i = 0; i < transaction->count; i++) {
        bytes += document_bytes(&transaction->writes[i].item);
    }
    return bytes <= DYNAMODB_TRANSACTION_BYTES_MAX
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "Transaction request size exceeds the limit of 4 MB; item size: %zu bytes", bytes);
}

/* --- cancellation ----------------------------------------------------------------------------------------------- */

static const char *reason_code(const struct action_write *write, enum status status)
{
    switch ((int)status) {
    case STATUS_OK:
        return "None";
    case STATUS_CONDITION:
        return write->is_insert ? "DuplicateItem" : "ConditionalCheckFailed";
    case STATUS_CONFLICT:
        return "TransactionConflict";
    default:
        return "ValidationError";
    }
}

static const char *reason_text(const struct action_write *write, const struct gate_change_outcome *outcome)
{
    if (outcome->status == STATUS_CONDITION) {
        return write->is_insert ? "Duplicate primary key exists in table" : "The conditional request failed";
    }
    const char *text = outcome->text == NULL ? "" : outcome->text;
    return write->is_update ? update_text(text) : text;
}

static void reason_put(struct call *call, const struct action_write *write,
                       const struct gate_change_outcome *outcome, struct buffer *codes,
                       struct buffer *reasons)
{
    const char *code = reason_code(write, outcome->status);
    buffer_put_text(codes, codes->size > 0 ? ", " : "");
    buffer_put_text(codes, code);
    json_open(reasons, '{');
    json_word(reasons, "Code", code);
    if (outcome->status != STATUS_OK) {
        json_word(reasons, "Message", reason_text(write, outcome));
    }
    if (outcome->status == STATUS_CONDITION && write->wants_item && outcome->had_old) {
        json_name(reasons, "Item");
        attributes_put_image(reasons, outcome->old_image, call->arena);
    }
    json_close(reasons, '}');
}

void transaction_cancel(struct call *call, const struct action_write *writes,
                        const struct gate_change_outcome *outcomes, size_t count)
{
    struct buffer codes = {0};
    struct buffer reasons = {0};
    buffer_put_text(&reasons, ",\"CancellationReasons\":[");
    for (size_t i = 0; i < count; i++) {
        reason_put(call, &writes[i], &outcomes[i], &codes, &reasons);
    }
    buffer_put_u8(&reasons, ']');
    (void)call_fail(call, AWS_FAILURE_TRANSACTION_CANCELED,
                    "Transaction cancelled, please refer cancellation reasons for specific reasons [%.*s]",
                    (int)codes.size, (const char *)codes.data);
    call->failure.detail = arena_copy(call->arena, buffer_bytes(&reasons));
    buffer_reset(&codes);
    buffer_reset(&reasons);
}

/* --- the answer ------------------------------------------------------------------------------------------------- */

/* What a change was the first time that its transaction came. */
struct first_time {
    uint64_t lsn; /* of the transaction */
    struct arena *arena;
    bool is_there;
    size_t bytes; /* of the larger image */
};

static bool first_time_visit(void *context, const struct gate_logged *change)
{
    struct first_time *first = context;
    struct buffer old = {0};
    first->is_there = change->transaction == first->lsn;
    if (first->is_there) {
        struct bytes images[] = {record_old_image(change->record, &old), change->record->new_image};
        for (size_t i = 0; i < ARRAY_COUNT(images); i++) {
            struct value item = item_of_image(images[i], first->arena);
            size_t bytes = images[i].size > 0 ? document_bytes(&item) : 0;
            first->bytes = bytes > first->bytes ? bytes : first->bytes;
        }
    }
    buffer_reset(&old);
    return false;
}

/* A request that was done already costs the reading of the images that it was sized on; what changed nothing then, of the
 * item as it is. TransactWriteItems, ClientRequestToken. */
static double repeat_units(struct call *call, struct gate_view *view, const struct action_write *write)
{
    const struct item_source source = {.view = view};
    struct value key = key_of_item(write->schema, &write->item, call->arena);
    struct first_time first = {.lsn = call->outcome.lsn, .arena = call->arena};
    struct gate_changes wanted = {.table = write->schema->name,
                                  .from_lsn = first.lsn,
                                  .shards = UINT16_MAX,
                                  .key = &key,
                                  .records_max = 1,
                                  .bytes_max = SIZE_MAX};
    uint64_t next = 0;
    size_t records = 0;
    (void)!gate_changes_read(call->door->options.gate, &wanted, first_time_visit, &first, &next, &records,
                             NULL); /* what the log has no more is as it is now */
    if (!first.is_there) {
        struct value item;
        (void)!item_find(call, &source, write->schema, &key, NULL, &item, &first.bytes);
    }
    return 2 * capacity_read_units(first.bytes, true);
}

/* Thread: the view's. */
static void repeat_measure(struct call *call, struct gate_view *view)
{
    const struct transaction *transaction = call->state;
    for (size_t i = 0; i < transaction->count; i++) {
        transaction->writes[i].repeat_units = repeat_units(call, view, &transaction->writes[i]);
    }
}

static void write_put_capacity(struct call *call, const struct transaction *transaction, struct buffer *body)
{
    struct capacity *capacities = arena_create_array(call->arena, transaction->count, sizeof(*capacities));
    size_t count = 0;
    if (!capacity_is_wanted(call)) {
        return;
    }
    for (size_t i = 0; i < transaction->count; i++) {
        const struct action_write *write = &transaction->writes[i];
        const struct gate_change_outcome *outcome =
            i < call->outcome.count ? &call->outcome.changes[i] : &(struct gate_change_outcome){0};
        size_t at = 0;
        while (at < count && capacities[at].schema != write->schema) {
            at++;
        }
        if (at == count) {
            capacities[count++] = (struct capacity){.table = write->table,
                                                    .schema = write->schema,
                                                    .is_write = !call->outcome.is_repeat,
                                                    .is_detailed = true};
        }
        if (call->outcome.is_repeat) {
            capacities[at].table_units += write->repeat_units;
            continue;
        }
        struct value old =
            outcome->had_old ? item_of_image(outcome->old_image, call->arena) : (struct value){0};
        struct value new =
            outcome->has_new ? item_of_image(outcome->new_image, call->arena) : (struct value){0};
        capacity_add_write(&capacities[at], outcome->had_old ? &old : NULL, outcome->has_new ? &new : NULL, 2,
                           call->arena);
    }
    capacity_put_all(call, capacities, count, body);
}

static void write_put_metrics(struct call *call, const struct transaction *transaction, struct buffer *body)
{
    struct touched_item *items = arena_create_array(call->arena, transaction->count, sizeof(*items));
    for (size_t i = 0; i < transaction->count; i++) {
        const struct action_write *write = &transaction->writes[i];
        items[i] = (struct touched_item){write->table, write->schema, transaction->changes[i].item};
    }
    metrics_put_all(call, items, transaction->count, body);
}

static bool is_cancellation(const struct gate_outcome *outcome)
{
    for (size_t i = 0; i < outcome->count; i++) {
        if (outcome->changes[i].status != STATUS_OK) {
            return outcome->status == STATUS_CONDITION || outcome->status == STATUS_INVALID ||
                   outcome->status == STATUS_TOO_LARGE || outcome->status == STATUS_CONFLICT;
        }
    }
    return false;
}

static void write_answer(struct call *call)
{
    const struct transaction *transaction = call->state;
    struct buffer body = {0};
    json_open(&body, '{');
    write_put_capacity(call, transaction, &body);
    write_put_metrics(call, transaction, &body);
    if (transaction->put_responses != NULL) {
        transaction->put_responses(call, &body);
    }
    json_close(&body, '}');
    call_reply(call, &body);
}

static void write_finish(struct call *call)
{
    const struct transaction *transaction = call->state;
    if (is_cancellation(&call->outcome)) {
        transaction_cancel(call, transaction->writes, call->outcome.changes, transaction->count);
    } else if (call->outcome.status != STATUS_OK) {
        (void)call_fail_error(call, call->outcome.status, call->outcome.text);
    }
    if (call->failure.kind != AWS_NO_FAILURE) {
        call_reply_failure(call);
    } else if (call->outcome.is_repeat && capacity_is_wanted(call)) {
        if (call_read_later(call, repeat_measure, write_answer) != STATUS_OK) {
            call_reply_failure(call);
        }
    } else {
        write_answer(call);
    }
}

/* What a repeated request must share with the first one: everything but the token and what it wants to hear. */
static struct hash128 request_hash(struct call *call)
{
    struct value rest = *call->input;
    struct buffer encoded = {0};
    map_set_member(&rest, "ClientRequestToken", NULL, call->arena);
    map_set_member(&rest, "ReturnConsumedCapacity", NULL, call->arena);
    map_set_member(&rest, "ReturnItemCollectionMetrics", NULL, call->arena);
    codec_value_encode(&encoded, &rest);
    struct hash128 hash = crypto_hash128((struct bytes){0}, buffer_bytes(&encoded));
    buffer_reset(&encoded);
    return hash;
}

/* Each operation remembers its tokens for itself. Empty: none. */
static struct bytes request_token(struct call *call)
{
    struct bytes token = text_of(call->input, "ClientRequestToken");
    return token.size == 0 ? token
                           : arena_join(call->arena, bytes_of_text(call->operation->name), '/', token);
}

/* Refuses what is known to fail without asking the store. */
static bool has_known_problem(struct call *call, struct transaction *transaction)
{
    struct gate_change_outcome *outcomes =
        arena_create_array(call->arena, transaction->count, sizeof(*outcomes));
    bool has_problem = false;
    for (size_t i = 0; i < transaction->count; i++) {
        if (transaction->writes[i].problem != NULL) {
            outcomes[i].status = STATUS_INVALID;
            outcomes[i].text = transaction->writes[i].problem;
            has_problem = true;
        }
    }
    if (has_problem) {
        transaction_cancel(call, transaction->writes, outcomes, transaction->count);
    }
    return has_problem;
}

enum status transaction_submit(struct call *call, struct transaction *transaction)
{
    size_t which = 0;
    call->state = transaction;
    enum status status = check_distinct(call, transaction);
    if (status == STATUS_OK) {
        status = check_size(call, transaction);
    }
    if (status == STATUS_OK && has_known_problem(call, transaction)) {
        status = STATUS_INVALID;
    }
    for (size_t i = 0; i < transaction->count && status == STATUS_OK; i++) {
        status = throttle_check(call, transaction->writes[i].schema, NULL, true);
    }
    if (status == STATUS_OK && conflict_is_feigned(call)) {
        struct gate_change_outcome *outcomes =
            arena_create_array(call->arena, transaction->count, sizeof(*outcomes));
        outcomes[0] = (struct gate_change_outcome){.status = STATUS_CONFLICT,
                                                   .text = "Transaction is ongoing for the item"};
        transaction_cancel(call, transaction->writes, outcomes, transaction->count);
        status = STATUS_INVALID;
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = call_submit(call, transaction->changes, transaction->count, request_token(call),
                         request_hash(call), write_finish, &which);
    if (status != STATUS_OK && call->failure.kind == AWS_FAILURE_VALIDATION && which < transaction->count) {
        transaction->writes[which].problem = call->failure.text;
        call->failure = (struct aws_failure){0};
        (void)has_known_problem(call, transaction);
    }
    return status;
}

enum status transactions_write(struct call *call)
{
    const struct value *items = member_of(call->input, "TransactItems");
    struct transaction *transaction = arena_create(call->arena, sizeof(*transaction));
    size_t count = items->items.count;
    *transaction = (struct transaction){.count = count};
    transaction->changes = arena_create_array(call->arena, count, sizeof(*transaction->changes));
    transaction->writes = arena_create_array(call->arena, count, sizeof(*transaction->writes));
    const struct value **actions = arena_create_array(call->arena, count, sizeof(struct value *));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = action_read(call, &items->items.at[i], &transaction->writes[i], &transaction->changes[i],
                             &actions[i]);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = action_plan(call, actions[i], &transaction->writes[i], &transaction->changes[i]);
    }
    return status == STATUS_OK ? transaction_submit(call, transaction) : status;
}

/* --- TransactGetItems ------------------------------------------------------------------------------------------- */

static enum status get_read(struct call *call, const struct value *json, struct action_get *get)
{
    const struct value *action = member_of(json, "Get");
    if (action == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Invalid Request: TransactGetRequest should contain Get");
    }
    enum status status = expressions_prepare(call, action, EXPRESSION_KIND_PROJECTION, &get->expressions);
    if (status == STATUS_OK) {
        status = attributes_read(call, member_of(action, "Key"), &get->key);
    }
    return status == STATUS_OK
               ? expressions_parse(call, action, EXPRESSION_KIND_PROJECTION, &get->expressions)
               : status;
}

static enum status gets_run(struct call *call, const struct item_source *source,
                            const struct transaction_reads *reads)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < reads->count && status == STATUS_OK; i++) {
        struct action_get *get = &reads->gets[i];
        status = item_find(call, source, get->schema, &get->key, NULL, &get->item, &get->bytes);
        get->is_found = status == STATUS_OK;
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return status;
}

/* The present: read again while something is committed in between, then as of the last commit. */
static enum status gets_run_now(struct call *call, const struct transaction_reads *reads)
{
    struct feed *feed = call->door->options.feed;
    struct item_source source = {.view = call->door->view};
    for (int attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
        uint64_t before = feed_committed_lsn(feed);
        enum status status = gets_run(call, &source, reads);
        if (status != STATUS_OK || feed_committed_lsn(feed) == before) {
            return status;
        }
    }
    source.as_of = feed_committed_lsn(feed); /* little of the log lies behind it */
    return gets_run(call, &source, reads);
}

/* Thread: the view's. */
static void gets_run_then(struct call *call, struct gate_view *view)
{
    struct transaction_reads *reads = call->state;
    const struct item_source source = {.view = view, .as_of = reads->as_of};
    reads->status = gets_run(call, &source, reads);
}

static void gets_finish(struct call *call)
{
    const struct transaction_reads *reads = call->state;
    if (reads->status != STATUS_OK || reads->reply(call, reads) != STATUS_OK) {
        call_reply_failure(call);
    }
}

enum status transaction_get(struct call *call, struct transaction_reads *reads)
{
    enum status status = STATUS_OK;
    call->state = reads;
    for (size_t i = 0; i < reads->count && status == STATUS_OK; i++) {
        status = throttle_check(call, reads->gets[i].schema, NULL, false);
    }
    if (status == STATUS_OK) {
        status = call_as_of(call, &reads->as_of);
    }
    if (status == STATUS_OK && reads->as_of > 0) {
        return call_read_later(call, gets_run_then, gets_finish);
    }
    if (status == STATUS_OK) {
        status = gets_run_now(call, reads);
    }
    return status == STATUS_OK ? reads->reply(call, reads) : status;
}

void transaction_put_read_capacity(struct call *call, const struct transaction_reads *reads,
                                   struct buffer *body)
{
    const struct action_get *gets = reads->gets;
    struct capacity *capacities = arena_create_array(call->arena, reads->count, sizeof(*capacities));
    size_t used = 0;
    if (!capacity_is_wanted(call)) {
        return;
    }
    for (size_t i = 0; i < reads->count; i++) {
        size_t at = 0;
        while (at < used && capacities[at].schema != gets[i].schema) {
            at++;
        }
        if (at == used) {
            capacities[used++] =
                (struct capacity){.table = gets[i].table, .schema = gets[i].schema, .is_detailed = true};
        }
        capacities[at].table_units += 2 * capacity_read_units(gets[i].bytes, true);
    }
    capacity_put_all(call, capacities, used, body);
}

static enum status gets_plan(struct call *call, const struct value *items, struct action_get *gets)
{
    struct action_write *nothing = arena_create_array(call->arena, items->items.count, sizeof(*nothing));
    struct gate_change_outcome *outcomes =
        arena_create_array(call->arena, items->items.count, sizeof(*outcomes));
    bool has_problem = false;
    for (size_t i = 0; i < items->items.count; i++) {
        const struct value *action = member_of(&items->items.at[i], "Get");
        gets[i].table = text_of(action, "TableName");
        enum status status = call_table(call, table_named(call, gets[i].table), &gets[i].schema);
        if (status != STATUS_OK) {
            return status;
        }
        for (size_t k = 0; k < i; k++) {
            if (gets[k].schema == gets[i].schema && value_equal(&gets[k].key, &gets[i].key)) {
                return call_fail(call, AWS_FAILURE_VALIDATION,
                                 "Transaction request cannot include multiple operations on one item");
            }
        }
        if (key_check(call, gets[i].schema, &gets[i].key) != STATUS_OK) {
            outcomes[i].status = STATUS_INVALID;
            outcomes[i].text = call->failure.text;
            call->failure = (struct aws_failure){0};
            has_problem = true;
        }
    }
    if (has_problem) {
        transaction_cancel(call, nothing, outcomes, items->items.count);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status gets_check_size(struct call *call, const struct action_get *gets, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += gets[i].bytes;
    }
    return bytes <= DYNAMODB_TRANSACTION_BYTES_MAX
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "The aggregate size of the items in the transaction exceeds the limit of 4 MB");
}

static enum status gets_reply(struct call *call, const struct transaction_reads *reads)
{
    struct buffer body = {0};
    if (gets_check_size(call, reads->gets, reads->count) != STATUS_OK) {
        return STATUS_INVALID;
    }
    json_open(&body, '{');
    transaction_put_read_capacity(call, reads, &body);
    json_name(&body, "Responses");
    json_open(&body, '[');
    for (size_t i = 0; i < reads->count; i++) {
        const struct action_get *get = &reads->gets[i];
        const struct projection *projection = get->expressions.projection;
        json_open(&body, '{');
        if (get->is_found) {
            struct value item =
                projection == NULL ? get->item : projection_apply(projection, &get->item, call->arena);
            if (projection == NULL || item.pairs.count > 0) {
                json_name(&body, "Item");
                attributes_put(&body, &item);
            }
        }
        json_close(&body, '}');
    }
    json_close(&body, ']');
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}

enum status transactions_get(struct call *call)
{
    const struct value *items = member_of(call->input, "TransactItems");
    struct transaction_reads *reads = arena_create(call->arena, sizeof(*reads));
    *reads = (struct transaction_reads){.count = items->items.count, .reply = gets_reply};
    reads->gets = arena_create_array(call->arena, reads->count, sizeof(*reads->gets));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < reads->count && status == STATUS_OK; i++) {
        status = get_read(call, &items->items.at[i], &reads->gets[i]);
    }
    if (status == STATUS_OK) {
        status = gets_plan(call, items, reads->gets);
    }
    return status == STATUS_OK ? transaction_get(call, reads) : status;
}
