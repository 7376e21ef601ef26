/* CREATE AGGREGATE. */
#include "bind.h"
#include "ddl.h"
#include "ddl_function.h"
#include "syntax/syntax.h"

static const char *text_of(struct exec_call *call, struct bytes text)
{
    return arena_copy_text(call->arena, text);
}

/* "ks.f(int, text)" */
static const char *function_text(struct exec_call *call, const struct user_function *aggregate,
                                 struct bytes name, struct bytes types)
{
    return arena_format(call->arena, "%s.%s(%s)", text_of(call, aggregate->keyspace), text_of(call, name),
                        text_of(call, types));
}

/* The function of that name and these types. `what` is "State" or "Final". */
static enum status find_part(struct exec_call *call, const char *what, const struct user_function *aggregate,
                             struct bytes name, struct bytes types, const struct user_function **ret_function)
{
    const struct user_function *other = NULL;
    enum status status =
        statement__user_function_get(call, aggregate->keyspace, name, types, false, ret_function);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    status = statement__user_function_get(call, aggregate->keyspace, name, types, true, &other);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    return exec_fail(call, CQL_INVALID,
                     status == STATUS_OK ? "%s function %s isn't a scalar function"
                                         : "%s function %s doesn't exist",
                     what, function_text(call, aggregate, name, types));
}

static enum status create_parts(struct exec_call *call, struct user_function *aggregate)
{
    struct type *types = arena_create_array(call->arena, aggregate->count + 1, sizeof(*types));
    types[0] = aggregate->state_type;
    for (size_t i = 0; i < aggregate->count; i++) {
        types[i + 1] = aggregate->arguments[i];
    }
    struct bytes all = statement__user_types_text(call, types, aggregate->count + 1);
    enum status status =
        find_part(call, "State", aggregate, aggregate->state_function, all, &aggregate->state);
    if (status == STATUS_OK && !bytes_equal(aggregate->state->returns_text, aggregate->state_type_text)) {
        status =
            exec_fail(call, CQL_INVALID,
                      "State function %s return type must be the same as the first argument type - check "
                      "STYPE, argument and return types",
                      function_text(call, aggregate, aggregate->state_function, all));
    }
    if (status == STATUS_OK && aggregate->final_function.size > 0) {
        status = find_part(call, "Final", aggregate, aggregate->final_function, aggregate->state_type_text,
                           &aggregate->final);
    }
    if (status == STATUS_OK) {
        const struct user_function *last = aggregate->final != NULL ? aggregate->final : aggregate->state;
        aggregate->returns = last->returns;
        aggregate->returns_text = last->returns_text;
    }
    return status;
}

static enum status create_initial(struct exec_call *call, const struct cql_term *term,
                                  struct user_function *aggregate)
{
    struct bound bound = {.kind = BOUND_NULL};
    enum type_kind kind = aggregate->state_type.kind;
    call->functions_keyspace = aggregate->keyspace;
    if (term != NULL) {
        struct buffer text = {0};
        enum status status = exec_bind_bytes(call, term, &aggregate->state_type, bytes_of_text("(initcond)"),
                                             &bound, &aggregate->initial);
        if (status != STATUS_OK) {
            return status;
        }
        cql_term_format(term, NULL, &text);
        aggregate->initial_text = arena_copy(call->arena, buffer_bytes(&text));
        buffer_reset(&text);
    }
    aggregate->has_initial = bound.kind == BOUND_VALUE;
    bool may_be_empty = kind == TYPE_TEXT || kind == TYPE_ASCII || kind == TYPE_BLOB;
    if (aggregate->has_initial && aggregate->initial.size == 0 && !may_be_empty) {
        return exec_fail(call, CQL_INVALID,
                         "INITCOND must not be empty for all types except TEXT, ASCII, BLOB");
    }
    if (!aggregate->has_initial && !aggregate->state->is_called_on_null) {
        return exec_fail(call, CQL_INVALID,
                         "Cannot create aggregate '%s.%s' without INITCOND because state function %s.%s does "
                         "not accept 'null' arguments",
                         text_of(call, aggregate->keyspace), text_of(call, aggregate->name),
                         text_of(call, aggregate->keyspace), text_of(call, aggregate->state_function));
    }
    return STATUS_OK;
}

/* Whether it may take the place of what was there. */
static enum status create_over(struct exec_call *call, const struct user_function *aggregate,
                               const struct user_function *before)
{
    const char *name = text_of(call, exec_full_name(call, aggregate->keyspace, aggregate->name));
    if (!ddl_function_is_compatible(&aggregate->returns, &before->returns)) {
        return exec_fail(call, CQL_INVALID,
                         "Cannot replace aggregate '%s', the new return type %s isn't compatible with the "
                         "return type %s of existing function",
                         name, text_of(call, aggregate->returns_text), text_of(call, before->returns_text));
    }
    return STATUS_OK;
}

static enum status create_signature(struct exec_call *call, const struct cql_create_aggregate *statement,
                                    struct user_function *aggregate)
{
    enum status status = ddl_function_begin_create(call, &statement->name, statement->or_replace,
                                                   statement->if_not_exists, aggregate);
    aggregate->is_aggregate = true;
    aggregate->state_function = statement->state_function.name;
    aggregate->final_function = statement->final_function.name;
    if (status == STATUS_OK) {
        status = ddl_function_arguments(call, statement->arguments.at, statement->arguments.count, aggregate);
    }
    if (status == STATUS_OK) {
        status = ddl_function_type(call, "State type", &statement->state_type, aggregate->keyspace,
                                   &aggregate->state_type);
    }
    if (status == STATUS_OK) {
        aggregate->state_type_text = statement__user_type_text(call, &aggregate->state_type);
        status = create_parts(call, aggregate);
    }
    return status == STATUS_OK ? create_initial(call, statement->initial, aggregate) : status;
}

enum status exec_create_aggregate(struct exec_call *call, const struct cql_create_aggregate *statement)
{
    struct user_function aggregate = {0};
    const struct user_function *before = NULL;
    bool is_done = false;
    enum status status = create_signature(call, statement, &aggregate);
    if (status == STATUS_OK) {
        status = ddl_function_before(call, &aggregate, statement->or_replace, statement->if_not_exists,
                                     &before, &is_done);
    }
    if (status == STATUS_OK && !is_done && before != NULL) {
        status = create_over(call, &aggregate, before);
    }
    if (status != STATUS_OK || is_done) {
        return status;
    }
    struct gate_change change = statement__user_function_change(call, GATE_PUT, &aggregate);
    ddl_function_begin(call, before != NULL ? "UPDATED" : "CREATED", &aggregate);
    return ddl_change_submit(call, &change);
}
