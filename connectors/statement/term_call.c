/* Calls of functions and aggregates. */
#include "term_private.h"

struct call_context {
    struct cql_preparation *preparation;
    const struct cql_term *term;
};

static enum cql_match match_argument(void *context, size_t argument, const struct type *type)
{
    struct call_context *call = context;
    return statement__term_match(call->preparation, call->term->call.arguments.at[argument], type);
}

static const struct type *type_of_argument(void *context, size_t argument)
{
    struct call_context *call = context;
    return statement__term_own_type(call->preparation, call->term->call.arguments.at[argument], NULL);
}

static const char *text_of_argument(void *context, size_t argument)
{
    struct call_context *call = context;
    return statement__term_text(call->term->call.arguments.at[argument], call->preparation->arena);
}

const char *statement__term_function_text(const struct cql_qualified *name, struct arena *arena)
{
    return arena_format(arena, "%.*s%s%.*s", (int)name->keyspace.size, (const char *)name->keyspace.data,
                        name->keyspace.size > 0 ? "." : "", (int)name->name.size,
                        (const char *)name->name.data);
}

enum status statement__prepare_converted(struct cql_preparation *preparation,
                                         const struct cql_receiver *receiver,
                                         struct cql_expression **expression)
{
    if (type_equal(receiver->type, &(*expression)->type)) {
        return STATUS_OK;
    }
    struct cql_expression *outer =
        statement__expression_create(preparation, CQL_EXPRESSION_CONVERT, receiver->type, 1);
    outer->parts[0] = *expression;
    *expression = outer;
    return statement__expression_fold(preparation, outer);
}

enum status statement__prepare_arguments(struct cql_preparation *preparation,
                                         const struct cql_terms *arguments, struct cql_expression *call)
{
    const struct cql_function *function = call->function;
    const char *name = statement__term_function_text(&function->name, preparation->arena);
    for (size_t i = 0; i < arguments->count; i++) {
        const char *text = arena_format(preparation->arena, "arg%zu(%s)", i, name);
        struct cql_receiver receiver = {.name = bytes_of_text(text), .type = &function->arguments[i]};
        enum status status =
            statement__prepare_term(preparation, arguments->at[i], &receiver, &call->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status aggregate_add(struct cql_preparation *preparation, struct cql_expression *aggregate)
{
    struct cql_expression **grown = arena_create_array(preparation->arena, preparation->aggregates_count + 1,
                                                       sizeof(struct cql_expression *));
    for (size_t i = 0; i < preparation->aggregates_count; i++) {
        grown[i] = preparation->aggregates[i];
    }
    if (preparation->aggregates_count > UINT16_MAX) {
        return error_set(preparation->error, STATUS_INVALID, "Too many aggregates in the selection");
    }
    aggregate->kind = CQL_EXPRESSION_AGGREGATE;
    aggregate->index = (uint32_t)preparation->aggregates_count;
    grown[preparation->aggregates_count++] = aggregate;
    preparation->aggregates = grown;
    return STATUS_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */
static bool has_aggregate(const struct cql_expression *expression)
{
    bool is_there = expression != NULL && expression->kind == CQL_EXPRESSION_AGGREGATE;
    for (size_t i = 0; expression != NULL && i < expression->count && !is_there; i++) {
        is_there = has_aggregate(expression->parts[i]);
    }
    return is_there;
}

enum status statement__finish_aggregate(struct cql_preparation *preparation, struct cql_expression *call)
{
    if (preparation->column == NULL) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Aggregation function are not supported in the where clause");
    }
    for (size_t i = 0; i < call->count; i++) {
        if (has_aggregate(call->parts[i])) {
            return error_set(preparation->error, STATUS_INVALID,
                             "aggregate functions cannot be used as arguments of aggregate functions");
        }
    }
    return aggregate_add(preparation, call);
}

enum status statement__prepare_call(struct cql_preparation *preparation, const struct cql_term *term,
                                    const struct cql_receiver *receiver,
                                    struct cql_expression **ret_expression)
{
    const struct cql_function *function = NULL;
    struct call_context context = {preparation, term};
    struct cql_call_site site = {.name = term->call.function,
                                 .count = term->call.arguments.count,
                                 .match = match_argument,
                                 .type = type_of_argument,
                                 .text = text_of_argument,
                                 .context = &context,
                                 .receiver = receiver != NULL ? receiver->type : NULL,
                                 .key_types = preparation->key_types,
                                 .key_count = preparation->key_count,
                                 .users = preparation->users};
    const char *name = statement__term_function_text(&term->call.function, preparation->arena);
    enum status status = statement__function_find(&site, preparation->arena, &function, preparation->error);
    if (status == STATUS_NOT_FOUND) {
        return preparation->column != NULL
                   ? error_set(preparation->error, STATUS_INVALID, "Unknown function '%s'", name)
                   : error_set(preparation->error, STATUS_INVALID, "Unknown function %s called", name);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct cql_expression *call =
        statement__expression_create(preparation, CQL_EXPRESSION_CALL, &function->returns, site.count);
    call->function = function;
    call->name = function->name.name;
    call->index = function->user != NULL ? (uint32_t)preparation->calls++ : 0;
    status = statement__prepare_arguments(preparation, &term->call.arguments, call);
    if (status == STATUS_OK && function->is_aggregate) {
        status = statement__finish_aggregate(preparation, call);
    }
    if (status == STATUS_OK) {
        status = statement__expression_fold(preparation, call);
    }
    *ret_expression = call;
    return status;
}

enum status statement__prepare_operand(struct cql_preparation *preparation, const struct cql_term *term,
                                       struct cql_expression **ret_expression)
{
    if (statement__term_is_literal(term)) {
        return statement__prepare_term(preparation, term, NULL, ret_expression);
    }
    struct memo_entry entry = statement__term_own(preparation, term, NULL);
    *ret_expression = entry.expression;
    return entry.status == STATUS_OK ? STATUS_OK
                                     : error_set(preparation->error, entry.status, "%s", entry.error);
}
