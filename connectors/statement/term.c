/* Terms against types: the entry, types, and what is evaluated beforehand. */
#include "term_private.h"
#include "value/scalar_text.h"

/* The text without comments: quotes are stepped over, and all else that CQL's types have is no slash or dash. */
static struct bytes without_comments(struct bytes text, struct arena *arena)
{
    uint8_t *copy = arena_create(arena, text.size);
    bool is_quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        copy[i] = text.data[i];
        is_quoted = is_quoted != (text.data[i] == '"');
        bool may_begin = !is_quoted && i + 1 < text.size && (text.data[i] == '/' || text.data[i] == '-');
        bool is_block = may_begin && text.data[i + 1] == '*';
        if (!may_begin) {
            continue;
        }
        size_t end = i + 2;
        while (end < text.size &&
               (is_block ? text.data[end - 1] != '*' || text.data[end] != '/' || end < i + 3
                         : text.data[end] != '\n' && text.data[end] != '\r')) {
            end++;
        }
        for (; i <= end && i < text.size; i++) {
            copy[i] = ' ';
        }
        i--;
    }
    return bytes_of(copy, text.size);
}

enum status statement__type_parse(const struct cql_type *type, const struct type_names *names,
                                  struct arena *arena, struct type *ret_type, struct error *error)
{
    bool may_have_comments =
        bytes_find_byte(type->text, '/') != NULL || bytes_find_byte(type->text, '-') != NULL;
    if (type->text.size > 0 && type->text.data[0] == '\'') {
        return error_set(error, STATUS_INVALID, "Types by the name of a class are not supported: %.*s",
                         (int)(type->text.size < 100 ? type->text.size : 100), (const char *)type->text.data);
    }
    return type_parse(may_have_comments ? without_comments(type->text, arena) : type->text, names, arena,
                      ret_type, error);
}

struct cql_expression *statement__expression_create(struct cql_preparation *preparation,
                                                    enum cql_expression_kind kind, const struct type *type,
                                                    size_t parts)
{
    struct cql_expression *expression = arena_create(preparation->arena, sizeof(*expression));
    expression->kind = kind;
    expression->type = *type;
    expression->parts = arena_create_array(preparation->arena, parts, sizeof(struct cql_expression *));
    expression->count = parts;
    return expression;
}

static struct cql_moment moment_of(const struct cql_preparation *preparation)
{
    return (struct cql_moment){.arena = preparation->arena,
                               .error = preparation->error,
                               .now_us = preparation->now_us};
}

enum status statement__expression_fold(struct cql_preparation *preparation, struct cql_expression *expression)
{
    struct cql_evaluation evaluation = {.moment = moment_of(preparation)};
    bool is_fixed = expression->kind == CQL_EXPRESSION_ITEMS || expression->kind == CQL_EXPRESSION_CONVERT ||
                    (expression->kind == CQL_EXPRESSION_CALL && expression->function->is_fixed);
    bool is_unset = false;
    for (size_t i = 0; i < expression->count && is_fixed; i++) {
        is_fixed = expression->parts[i] == NULL || expression->parts[i]->kind == CQL_EXPRESSION_VALUE;
    }
    if (!is_fixed) {
        return STATUS_OK;
    }
    struct value value = {0};
    enum status status = statement__evaluate(expression, &evaluation, &value, &is_unset);
    if (status == STATUS_OK) {
        expression->kind = CQL_EXPRESSION_VALUE;
        expression->value = value;
        expression->count = 0;
    }
    return status;
}

enum status statement__refuse_type(struct cql_preparation *preparation, const char *what,
                                   const struct cql_receiver *receiver)
{
    return error_set(preparation->error, STATUS_INVALID, "Invalid %s literal for %.*s of type %s", what,
                     (int)receiver->name.size, (const char *)receiver->name.data,
                     statement__type_text(receiver->type, preparation->arena));
}

static enum status prepare_literal(struct cql_preparation *preparation, const struct cql_term *term,
                                   const struct cql_receiver *receiver,
                                   struct cql_expression **ret_expression)
{
    struct type own = statement__literal_type(term, NULL);
    const struct type *type = receiver != NULL ? receiver->type : &own;
    if (receiver != NULL && !statement__literal_fits(term->kind, type->kind)) {
        size_t size = term->text.size < 100 ? term->text.size : 100;
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid %s constant (%.*s) for \"%.*s\" of type %s",
                         statement__literal_name(term->kind), (int)size, (const char *)term->text.data,
                         (int)receiver->name.size, (const char *)receiver->name.data,
                         statement__type_text(type, preparation->arena));
    }
    struct cql_expression *expression =
        statement__expression_create(preparation, CQL_EXPRESSION_VALUE, type, 0);
    *ret_expression = expression;
    return scalar_parse(type, term->text, preparation->now_us / 1000, preparation->arena, &expression->value,
                        preparation->error);
}

static enum status prepare_marker(struct cql_preparation *preparation, const struct cql_term *term,
                                  const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    struct cql_expression *expression =
        statement__expression_create(preparation, CQL_EXPRESSION_MARKER, receiver->type, 0);
    expression->index = term->marker.index;
    expression->name = receiver->name;
    if (preparation->markers != NULL) {
        preparation->markers[term->marker.index] =
            (struct cql_receiver){.name = term->marker.is_named ? term->marker.name : receiver->name,
                                  .type = receiver->type};
    }
    *ret_expression = expression;
    return STATUS_OK;
}

static enum status prepare_untyped(struct cql_preparation *preparation, const struct cql_term *term,
                                   struct cql_expression **ret_expression)
{
    bool is_container = term->kind >= CQL_TERM_LIST && term->kind <= CQL_TERM_TUPLE;
    return is_container
               ? statement__prepare_container(preparation, term, ret_expression)
               : error_set(preparation->error, STATUS_INVALID,
                           "Cannot infer type for term %s in selection clause (try using a cast to force a "
                           "type)",
                           statement__term_text(term, preparation->arena));
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */

static enum status prepare_typed(struct cql_preparation *preparation, const struct cql_term *term,
                                 const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    bool is_parentheses =
        term->kind == CQL_TERM_TUPLE && term->items.count == 1 && preparation->column != NULL;
    switch ((int)term->kind) {
    case CQL_TERM_NULL:
        if (receiver->type->kind == TYPE_COUNTER) {
            return error_set(preparation->error, STATUS_INVALID,
                             "Invalid null value for counter increment/decrement");
        }
        *ret_expression = statement__expression_create(preparation, CQL_EXPRESSION_VALUE, receiver->type, 0);
        return STATUS_OK;
    case CQL_TERM_MARKER:
        return prepare_marker(preparation, term, receiver, ret_expression);
    case CQL_TERM_LIST:
    case CQL_TERM_SET:
        return statement__prepare_collection(preparation, term, receiver, ret_expression);
    case CQL_TERM_MAP:
        return receiver->type->kind == TYPE_UDT && preparation->column != NULL
                   ? statement__prepare_udt(preparation, term, receiver, ret_expression)
                   : statement__prepare_collection(preparation, term, receiver, ret_expression);
    case CQL_TERM_TUPLE:
        return is_parentheses
                   ? statement__prepare_term(preparation, term->items.at[0], receiver, ret_expression)
                   : statement__prepare_tuple(preparation, term, receiver, ret_expression);
    default:
        return statement__prepare_udt(preparation, term, receiver, ret_expression);
    }
}

static bool needs_receiver(const struct cql_term *term)
{
    return term->kind == CQL_TERM_CALL && (bytes_equal(term->call.function.name, bytes_of_text("fromjson")) ||
                                           bytes_equal(term->call.function.name, bytes_of_text("from_json")));
}

/* Without a receiver. Whoever may ask twice asks own_entry. */
static enum status prepare_alone(struct cql_preparation *preparation, const struct cql_term *term,
                                 struct cql_expression **ret_expression)
{
    switch ((int)term->kind) {
    case CQL_TERM_CALL:
        return statement__prepare_call(preparation, term, NULL, ret_expression);
    case CQL_TERM_HINT:
        return statement__prepare_hint(preparation, term, ret_expression);
    case CQL_TERM_CAST:
        return statement__prepare_cast(preparation, term, ret_expression);
    default:
        return term->kind >= CQL_TERM_COLUMN ? statement__prepare_selection(preparation, term, ret_expression)
                                             : prepare_untyped(preparation, term, ret_expression);
    }
}

enum status statement__prepare_term(struct cql_preparation *preparation, const struct cql_term *term,
                                    const struct cql_receiver *receiver,
                                    struct cql_expression **ret_expression)
{
    if (statement__term_is_literal(term)) {
        return prepare_literal(preparation, term, receiver, ret_expression);
    }
    if (receiver == NULL) {
        return statement__term_is_operation(term)
                   ? statement__prepare_operation(preparation, term, NULL, ret_expression)
                   : prepare_alone(preparation, term, ret_expression);
    }
    if (needs_receiver(term)) {
        return statement__prepare_call(preparation, term, receiver, ret_expression);
    }
    return term->kind >= CQL_TERM_CALL ? statement__prepare_own(preparation, term, receiver, ret_expression)
                                       : prepare_typed(preparation, term, receiver, ret_expression);
}

/* NOLINTEND(misc-no-recursion) */

enum status statement__term_prepare(struct cql_preparation *preparation, const struct cql_term *term,
                                    const struct cql_receiver *receiver,
                                    struct cql_expression **ret_expression)
{
    CHECK(receiver != NULL);
    preparation->memo = NULL;
    return statement__prepare_term(preparation, term, receiver, ret_expression);
}

enum status statement__selector_prepare(struct cql_preparation *preparation, const struct cql_term *term,
                                        struct cql_expression **ret_expression)
{
    CHECK(preparation->column != NULL);
    preparation->memo = NULL;
    return statement__prepare_term(preparation, term, NULL, ret_expression);
}
