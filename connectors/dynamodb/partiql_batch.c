/* BatchExecuteStatement: every statement is answered on its own. */
#include "fanout.h"
#include "partiql.h"

/* One statement. */
struct batch_statement {
    const struct value *json;
    struct partiql_plan plan;
    struct aws_failure failure; /* AWS_NO_FAILURE: it went well */
    bool is_read;               /* the statement could be read */
    bool is_get;                /* a SELECT that nothing speaks against */
    bool has_item;
    struct value item; /* of the answer */
    size_t bytes;      /* of the item that a SELECT found */
};

struct batch {
    struct call *call;
    struct batch_statement *statements;
    size_t count;
    uint64_t as_of;        /* of SELECTs; LSN, 0: the present */
    struct fanout *fanout; /* of writes: its n-th is that of the n-th statement */
};

/* The call's failure becomes the statement's. */
static void statement_fail(struct call *call, struct batch_statement *statement)
{
    statement->failure = call->failure;
    call->failure = (struct aws_failure){0};
}

/* --- the answer ------------------------------------------------------------------------------------------------- */

static const char *error_code(enum aws_failure_kind kind)
{
    static const struct {
        enum aws_failure_kind kind;
        const char *code;
    } codes[] = {
        {AWS_FAILURE_VALIDATION, "ValidationError"},
        {AWS_FAILURE_CONDITION, "ConditionalCheckFailed"},
        {AWS_FAILURE_DUPLICATE_ITEM, "DuplicateItem"},
        {AWS_FAILURE_NOT_FOUND, "ResourceNotFound"},
        {AWS_FAILURE_ACCESS_DENIED, "AccessDenied"},
        {AWS_FAILURE_THROTTLING, "ThrottlingError"},
        {AWS_FAILURE_THROUGHPUT_EXCEEDED, "ProvisionedThroughputExceeded"},
        {AWS_FAILURE_TRANSACTION_CONFLICT, "TransactionConflict"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        if (codes[i].kind == kind) {
            return codes[i].code;
        }
    }
    return "InternalServerError";
}

static void put_response(const struct batch_statement *statement, struct buffer *body)
{
    const struct aws_failure *failure = &statement->failure;
    json_open(body, '{');
    if (failure->kind != AWS_NO_FAILURE) {
        json_name(body, "Error");
        json_open(body, '{');
        json_word(body, "Code", error_code(failure->kind));
        json_word(body, "Message", failure->text == NULL ? "" : failure->text);
        buffer_put(body, failure->detail);
        json_close(body, '}');
    }
    if (statement->plan.schema != NULL) {
        json_text(body, "TableName", statement->plan.schema->name);
    }
    if (statement->has_item) {
        json_name(body, "Item");
        attributes_put(body, &statement->item);
    }
    json_close(body, '}');
}

/* Adds what one statement cost to its table's capacity. */
static void add_capacity(const struct batch *batch, size_t i, struct capacity *capacity)
{
    struct call *call = batch->call;
    const struct batch_statement *statement = &batch->statements[i];
    if (!capacity->is_write) {
        capacity->table_units +=
            capacity_read_units(statement->bytes, boolean_of(statement->json, "ConsistentRead"));
        return;
    }
    const struct gate_change_outcome *outcome = &batch->fanout->writes[i].outcome;
    struct value old = outcome->had_old ? item_of_image(outcome->old_image, call->arena) : (struct value){0};
    struct value new = outcome->has_new ? item_of_image(outcome->new_image, call->arena) : (struct value){0};
    capacity_add_write(capacity, outcome->had_old ? &old : NULL, outcome->has_new ? &new : NULL, 1,
                       call->arena);
}

static void put_capacity(const struct batch *batch, struct buffer *body)
{
    struct call *call = batch->call;
    struct capacity *capacities = arena_create_array(call->arena, batch->count, sizeof(*capacities));
    size_t count = 0;
    if (!capacity_is_wanted(call)) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_statement *statement = &batch->statements[i];
        const struct schema *schema = statement->plan.schema;
        size_t at = 0;
        if (schema == NULL || statement->failure.kind == AWS_FAILURE_VALIDATION ||
            statement->failure.kind == AWS_FAILURE_THROUGHPUT_EXCEEDED) {
            continue;
        }
        while (at < count && capacities[at].schema != schema) {
            at++;
        }
        if (at == count) {
            capacities[count++] =
                (struct capacity){.table = schema->name,
                                  .schema = schema,
                                  .is_write = statement->plan.statement.kind != PARTIQL_SELECT};
        }
        add_capacity(batch, i, &capacities[at]);
    }
    capacity_put_all(call, capacities, count, body);
}

static void batch_reply(const struct batch *batch)
{
    struct buffer body = {0};
    json_open(&body, '{');
    json_name(&body, "Responses");
    json_open(&body, '[');
    for (size_t i = 0; i < batch->count; i++) {
        put_response(&batch->statements[i], &body);
    }
    json_close(&body, ']');
    put_capacity(batch, &body);
    json_close(&body, '}');
    call_reply(batch->call, &body);
    buffer_reset(&body);
}

/* --- reads ------------------------------------------------------------------------------------------------------ */

static void statement_get(struct call *call, const struct item_source *source,
                          struct batch_statement *statement)
{
    const struct partiql_plan *plan = &statement->plan;
    struct value item;
    enum status status = item_find(call, source, plan->schema, &plan->key, NULL, &item, &statement->bytes);
    if (status != STATUS_OK) {
        if (status != STATUS_NOT_FOUND) {
            statement_fail(call, statement);
        }
        return;
    }
    if (plan->rest == NULL || condition_holds(plan->rest, &(struct condition_facts){.item = &item})) {
        statement->has_item = true;
        statement->item = partiql_project(&plan->statement, &item, call->arena);
    }
}

/* Thread: the view's. */
static void reads_run(struct call *call, struct gate_view *view)
{
    struct batch *batch = call->state;
    const struct item_source source = {.view = view, .as_of = batch->as_of};
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->statements[i].is_get) {
            statement_get(call, &source, &batch->statements[i]);
        }
    }
}

static void reads_finish(struct call *call)
{
    batch_reply(call->state);
}

static enum status reads_start(struct batch *batch)
{
    struct call *call = batch->call;
    call->state = batch;
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_statement *statement = &batch->statements[i];
        statement->is_get = statement->failure.kind == AWS_NO_FAILURE;
        if (statement->is_get && throttle_check(call, statement->plan.schema, NULL, false) != STATUS_OK) {
            statement_fail(call, statement);
            statement->is_get = false;
        }
    }
    enum status status = call_as_of(call, &batch->as_of);
    if (status == STATUS_OK && batch->as_of > 0) {
        return call_read_later(call, reads_run, reads_finish);
    }
    if (status == STATUS_OK) {
        reads_run(call, call->door->view);
        batch_reply(batch);
    }
    return status;
}

/* --- writes ----------------------------------------------------------------------------------------------------- */

static void statement_finish(struct call *call, struct batch_statement *statement,
                             const struct fanout_write *write)
{
    const struct gate_change_outcome *outcome = &write->outcome;
    struct value old = {0};
    struct value new = {0};
    if (write->status != STATUS_OK) {
        partiql_fail_write(call, &statement->plan, write->status, write->text, outcome->had_old,
                           outcome->old_image);
        statement_fail(call, statement);
        return;
    }
    old = outcome->had_old ? item_of_image(outcome->old_image, call->arena) : old;
    new = outcome->has_new ? item_of_image(outcome->new_image, call->arena) : new;
    statement->has_item = partiql_returned(&statement->plan, outcome->had_old ? &old : NULL,
                                           outcome->has_new ? &new : NULL, call->arena, &statement->item);
}

static void batch_finish(struct call *call)
{
    struct batch *batch = call->state;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->statements[i].failure.kind == AWS_NO_FAILURE) {
            statement_finish(call, &batch->statements[i], &batch->fanout->writes[i]);
        }
    }
    batch_reply(batch);
}

static void batch_submit(struct batch *batch)
{
    struct call *call = batch->call;
    call->state = batch;
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_statement *statement = &batch->statements[i];
        bool is_sound = statement->failure.kind == AWS_NO_FAILURE;
        if (is_sound && throttle_check(call, statement->plan.schema, NULL, true) != STATUS_OK) {
            statement_fail(call, statement);
            is_sound = false;
        }
        batch->fanout->writes[i].change = &statement->plan.change;
        batch->fanout->writes[i].status = is_sound ? STATUS_OK : STATUS_INVALID;
    }
    fanout_submit(batch->fanout, batch_finish);
}

/* --- the operation ---------------------------------------------------------------------------------------------- */

static void statement_read(struct call *call, struct batch_statement *statement)
{
    struct partiql_plan *plan = &statement->plan;
    plan->wants_item = text_is(text_of(statement->json, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD");
    statement->is_read = partiql_read(call, statement->json, &plan->statement) == STATUS_OK;
    if (statement->is_read && plan->statement.kind == PARTIQL_EXISTS) {
        statement->is_read = false;
        (void)call_fail(call, AWS_FAILURE_VALIDATION, "EXISTS can only be used in ExecuteTransaction");
    }
    if (!statement->is_read) {
        statement_fail(call, statement);
    }
}

/* All read, or all write. */
static enum status check_kinds(struct call *call, const struct batch *batch, bool *ret_is_write)
{
    size_t kinds[2] = {0};
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_statement *statement = &batch->statements[i];
        kinds[statement->plan.statement.kind != PARTIQL_SELECT] += statement->is_read ? 1 : 0;
    }
    *ret_is_write = kinds[1] > 0;
    return kinds[0] == 0 || kinds[1] == 0
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "The entire batch must consist of either read statements or write statements; "
                           "you cannot mix both in one batch.");
}

enum status partiql_batch(struct call *call)
{
    const struct value *list = member_of(call->input, "Statements");
    struct batch *batch = arena_create(call->arena, sizeof(*batch));
    bool is_write = false;
    CHECK(list->items.count <= DYNAMODB_BATCH_STATEMENTS_MAX); /* the check against the model saw to it */
    *batch = (struct batch){.call = call, .count = list->items.count};
    batch->fanout = fanout_create(call, batch->count);
    batch->statements = arena_create_array(call->arena, batch->count, sizeof(*batch->statements));
    for (size_t i = 0; i < batch->count; i++) {
        batch->statements[i].json = &list->items.at[i];
        statement_read(call, &batch->statements[i]);
    }
    enum status status = check_kinds(call, batch, &is_write);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_statement *statement = &batch->statements[i];
        if (statement->is_read && partiql_plan(call, &statement->plan) != STATUS_OK) {
            statement_fail(call, statement);
        }
    }
    if (!is_write) {
        return reads_start(batch);
    }
    batch_submit(batch);
    return STATUS_OK;
}
