/* ExecuteTransaction. */
#include "partiql.h"

static enum status fail_mixed(struct call *call)
{
    return call_fail(call, AWS_FAILURE_VALIDATION,
                     "The entire transaction must consist of either read statements or write statements; you "
                     "cannot mix both in one transaction.");
}

/* --- writes ----------------------------------------------------------------------------------------------------- */

/* What RETURNING asked for, statement by statement; a repeated transaction tells nothing. */
static void put_responses(struct call *call, struct buffer *body)
{
    const struct transaction *transaction = call->state;
    const struct partiql_plan *plans = transaction->context;
    json_name(body, "Responses");
    json_open(body, '[');
    for (size_t i = 0; i < transaction->count; i++) {
        const struct gate_change_outcome *outcome =
            i < call->outcome.count ? &call->outcome.changes[i] : &(struct gate_change_outcome){0};
        struct value returned;
        struct value old =
            outcome->had_old ? item_of_image(outcome->old_image, call->arena) : (struct value){0};
        struct value new =
            outcome->has_new ? item_of_image(outcome->new_image, call->arena) : (struct value){0};
        json_open(body, '{');
        if (partiql_returned(&plans[i], outcome->had_old ? &old : NULL, outcome->has_new ? &new : NULL,
                             call->arena, &returned)) {
            json_name(body, "Item");
            attributes_put(body, &returned);
        }
        json_close(body, '}');
    }
    json_close(body, ']');
}

static enum status writes_run(struct call *call, struct partiql_plan *plans, const char *const *problems,
                              size_t count)
{
    struct transaction *transaction = arena_create(call->arena, sizeof(*transaction));
    *transaction = (struct transaction){.count = count, .put_responses = put_responses, .context = plans};
    transaction->changes = arena_create_array(call->arena, count, sizeof(*transaction->changes));
    transaction->writes = arena_create_array(call->arena, count, sizeof(*transaction->writes));
    for (size_t i = 0; i < count; i++) {
        transaction->changes[i] = plans[i].change;
        transaction->writes[i] = (struct action_write){.schema = problems[i] == NULL ? plans[i].schema : NULL,
                                                       .table = table_named(call, plans[i].statement.table),
                                                       .item = plans[i].key,
                                                       .wants_item = plans[i].wants_item,
                                                       .is_insert = plans[i].statement.kind == PARTIQL_INSERT,
                                                       .is_update = plans[i].statement.kind == PARTIQL_UPDATE,
                                                       .problem = problems[i]};
    }
    return transaction_submit(call, transaction);
}

/* --- reads ------------------------------------------------------------------------------------------------------ */

static enum status reads_reply(struct call *call, const struct transaction_reads *reads)
{
    const struct partiql_plan *plans = reads->context;
    const struct action_get *gets = reads->gets;
    struct buffer body = {0};
    json_open(&body, '{');
    transaction_put_read_capacity(call, reads, &body);
    json_name(&body, "Responses");
    json_open(&body, '[');
    for (size_t i = 0; i < reads->count; i++) {
        const struct condition_facts facts = {.item = &gets[i].item};
        json_open(&body, '{');
        if (gets[i].is_found && (plans[i].rest == NULL || condition_holds(plans[i].rest, &facts))) {
            struct value item = partiql_project(&plans[i].statement, &gets[i].item, call->arena);
            json_name(&body, "Item");
            attributes_put(&body, &item);
        }
        json_close(&body, '}');
    }
    json_close(&body, ']');
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}

static enum status reads_run(struct call *call, struct partiql_plan *plans, const char *const *problems,
                             size_t count)
{
    struct action_write *nothing = arena_create_array(call->arena, count, sizeof(*nothing));
    struct gate_change_outcome *outcomes = arena_create_array(call->arena, count, sizeof(*outcomes));
    struct action_get *gets = arena_create_array(call->arena, count, sizeof(*gets));
    bool has_problem = false;
    for (size_t i = 0; i < count; i++) {
        has_problem = has_problem || problems[i] != NULL;
        outcomes[i].status = problems[i] == NULL ? STATUS_OK : STATUS_INVALID;
        outcomes[i].text = problems[i];
        gets[i].schema = plans[i].schema;
        gets[i].table = table_named(call, plans[i].statement.table);
        gets[i].key = plans[i].key;
    }
    if (has_problem) {
        transaction_cancel(call, nothing, outcomes, count);
        return STATUS_INVALID;
    }
    struct transaction_reads *reads = arena_create(call->arena, sizeof(*reads));
    *reads = (struct transaction_reads){.gets = gets, .count = count, .reply = reads_reply, .context = plans};
    return transaction_get(call, reads);
}

/* --- the operation ---------------------------------------------------------------------------------------------- */

/* A failure that is the statement's own becomes a reason for cancellation. */
static enum status keep_problem(struct call *call, enum status status, const char **ret_problem)
{
    if (status == STATUS_OK || call->failure.kind != AWS_FAILURE_VALIDATION) {
        return status;
    }
    *ret_problem = call->failure.text;
    call->failure = (struct aws_failure){0};
    return STATUS_OK;
}

enum status partiql_transaction(struct call *call)
{
    const struct value *list = member_of(call->input, "TransactStatements");
    size_t count = list->items.count;
    struct partiql_plan *plans = arena_create_array(call->arena, count, sizeof(*plans));
    const char **problems = arena_create_array(call->arena, count, sizeof(*problems));
    size_t kinds[2] = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct value *json = &list->items.at[i];
        plans[i].wants_item = text_is(text_of(json, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD");
        status = keep_problem(call, partiql_read(call, json, &plans[i].statement), &problems[i]);
        kinds[plans[i].statement.kind != PARTIQL_SELECT] += problems[i] == NULL ? 1 : 0;
    }
    if (status == STATUS_OK && kinds[0] > 0 && kinds[1] > 0) {
        return fail_mixed(call);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (problems[i] == NULL) {
            status = keep_problem(call, partiql_plan(call, &plans[i]), &problems[i]);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    return kinds[1] > 0 ? writes_run(call, plans, problems, count) : reads_run(call, plans, problems, count);
}
