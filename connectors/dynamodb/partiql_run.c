/* ExecuteStatement. */
#include "partiql.h"

static void execute_finish(struct call *call)
{
    const struct partiql_plan *plan = call->state;
    const struct gate_change_outcome *change = call->outcome.count > 0 ? &call->outcome.changes[0] : NULL;
    struct buffer body = {0};
    struct value old = {0};
    struct value new = {0};
    struct value returned;
    if (call->outcome.status != STATUS_OK) {
        partiql_fail_write(call, plan, call->outcome.status, call->outcome.text,
                           change != NULL && change->had_old,
                           change != NULL ? change->old_image : (struct bytes){0});
        call_reply_failure(call);
        return;
    }
    CHECK(change != NULL);
    if (change->had_old) {
        old = item_of_image(change->old_image, call->arena);
    }
    if (change->has_new) {
        new = item_of_image(change->new_image, call->arena);
    }
    json_open(&body, '{');
    json_name(&body, "Items");
    json_open(&body, '[');
    if (partiql_returned(plan, change->had_old ? &old : NULL, change->has_new ? &new : NULL, call->arena,
                         &returned)) {
        attributes_put(&body, &returned);
    }
    json_close(&body, ']');
    if (capacity_is_wanted(call)) {
        struct capacity capacity = {.table = plan->schema->name, .schema = plan->schema, .is_write = true};
        capacity_add_write(&capacity, change->had_old ? &old : NULL, change->has_new ? &new : NULL, 1,
                           call->arena);
        capacity_put_one(call, &capacity, &body);
    }
    json_close(&body, '}');
    call_reply(call, &body);
}

enum status partiql_execute(struct call *call)
{
    struct partiql_plan *plan = arena_create(call->arena, sizeof(*plan));
    enum status status = partiql_read(call, call->input, &plan->statement);
    if (status != STATUS_OK) {
        return status;
    }
    if (plan->statement.kind == PARTIQL_SELECT) {
        return partiql_select(call, &plan->statement);
    }
    if (member_of(call->input, "NextToken") != NULL) { /* only a SELECT gives one */
        return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid NextToken");
    }
    if (plan->statement.kind == PARTIQL_EXISTS) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "EXISTS can only be used in ExecuteTransaction");
    }
    plan->wants_item = text_is(text_of(call->input, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD");
    status = partiql_plan(call, plan);
    if (status == STATUS_OK) {
        status = throttle_check(call, plan->schema, NULL, true);
    }
    call->state = plan;
    return status == STATUS_OK ? call_submit(call, &plan->change, 1, (struct bytes){0}, (struct hash128){0},
                                             execute_finish, NULL)
                               : status;
}
