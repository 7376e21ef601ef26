/* Lists, sets, maps, tuples and values of user-defined types. */
#include "term_private.h"

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */
static bool has_marker(const struct cql_expression *expression)
{
    bool is_there = expression != NULL && expression->kind == CQL_EXPRESSION_MARKER;
    for (size_t i = 0; expression != NULL && i < expression->count && !is_there; i++) {
        is_there = has_marker(expression->parts[i]);
    }
    return is_there;
}

static const char *container_name(enum cql_term_kind kind)
{
    return kind == CQL_TERM_LIST ? "list" : kind == CQL_TERM_SET ? "set" : "map";
}

/* One member of a collection's literal. */
static enum status prepare_item(struct cql_preparation *preparation, const struct cql_term *term,
                                size_t index, const struct cql_receiver *receiver,
                                struct cql_expression **ret_item)
{
    const struct cql_term *item = term->items.at[index];
    bool is_key = term->kind == CQL_TERM_MAP && index % 2 == 0;
    struct cql_receiver inner = {.type =
                                     &receiver->type->parameters[term->kind == CQL_TERM_MAP ? index % 2 : 0],
                                 .name = statement__term_named(preparation->arena, is_key ? "key(" : "value(",
                                                               receiver->name, ")")};
    if (statement__term_match(preparation, item, inner.type) == CQL_MATCH_NONE) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid %s literal for %.*s: %s %s is not of type %s", container_name(term->kind),
                         (int)receiver->name.size, (const char *)receiver->name.data,
                         is_key ? "key" : "value", statement__term_text(item, preparation->arena),
                         statement__type_text(inner.type, preparation->arena));
    }
    enum status status = statement__prepare_term(preparation, item, &inner, ret_item);
    if (status == STATUS_OK && has_marker(*ret_item)) {
        return error_set(
            preparation->error, STATUS_INVALID,
            "Invalid %s literal for %.*s: bind variables are not supported inside collection literals",
            container_name(term->kind), (int)receiver->name.size, (const char *)receiver->name.data);
    }
    return status;
}

enum status statement__prepare_collection(struct cql_preparation *preparation, const struct cql_term *term,
                                          const struct cql_receiver *receiver,
                                          struct cql_expression **ret_expression)
{
    const struct type *type = receiver->type;
    bool is_vector = term->kind == CQL_TERM_LIST && type->kind == TYPE_VECTOR;
    bool is_empty_map = term->kind == CQL_TERM_SET && term->items.count == 0 && type->kind == TYPE_MAP;
    enum type_kind kind = term->kind == CQL_TERM_LIST  ? TYPE_LIST
                          : term->kind == CQL_TERM_SET ? TYPE_SET
                                                       : TYPE_MAP;
    if (type->kind != kind && !is_vector && !is_empty_map) {
        return statement__refuse_type(preparation, container_name(term->kind), receiver);
    }
    if (is_vector && term->items.count != type->dimension) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid vector literal for %.*s of type %s; expected %u elements, but given %zu",
                         (int)receiver->name.size, (const char *)receiver->name.data,
                         statement__type_text(type, preparation->arena), type->dimension, term->items.count);
    }
    struct cql_expression *expression =
        statement__expression_create(preparation, CQL_EXPRESSION_ITEMS, type, term->items.count);
    for (size_t i = 0; i < term->items.count; i++) {
        enum status status = prepare_item(preparation, term, i, receiver, &expression->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return statement__expression_fold(preparation, expression);
}

enum status statement__prepare_tuple(struct cql_preparation *preparation, const struct cql_term *term,
                                     const struct cql_receiver *receiver,
                                     struct cql_expression **ret_expression)
{
    const struct type *type = receiver->type;
    const char *name = arena_copy_text(preparation->arena, receiver->name);
    if (type->kind != TYPE_TUPLE) {
        return statement__refuse_type(preparation, "tuple type", receiver);
    }
    if (term->items.count > type->count) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid tuple literal for %s: too many elements. Type %s expects %zu but got %zu",
                         name, statement__type_text(type, preparation->arena), type->count,
                         term->items.count);
    }
    struct cql_expression *expression =
        statement__expression_create(preparation, CQL_EXPRESSION_ITEMS, type, term->items.count);
    for (size_t i = 0; i < term->items.count; i++) {
        const char *inner_name = arena_format(preparation->arena, "%s[%zu]", name, i);
        struct cql_receiver inner = {.name = bytes_of_text(inner_name), .type = &type->parameters[i]};
        if (statement__term_match(preparation, term->items.at[i], inner.type) == CQL_MATCH_NONE) {
            return error_set(preparation->error, STATUS_INVALID,
                             "Invalid tuple literal for %s: component %zu is not of type %s", name, i,
                             statement__type_text(inner.type, preparation->arena));
        }
        enum status status =
            statement__prepare_term(preparation, term->items.at[i], &inner, &expression->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return statement__expression_fold(preparation, expression);
}

static enum status prepare_field(struct cql_preparation *preparation, const struct cql_receiver *receiver,
                                 struct bytes name, const struct cql_term *value, struct cql_expression *udt)
{
    const struct type *type = receiver->type;
    const char *text = arena_copy_text(preparation->arena, name);
    size_t field = 0;
    if (!statement__term_find_field(type, name, &field)) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Unknown field '%s' in value of user defined type %s", text,
                         arena_copy_text(preparation->arena, type->udt->name));
    }
    struct cql_receiver inner = statement__receiver_field(receiver, field, preparation->arena);
    if (statement__term_match(preparation, value, inner.type) == CQL_MATCH_NONE) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid user type literal for %.*s: field %s is not of type %s",
                         (int)receiver->name.size, (const char *)receiver->name.data, text,
                         statement__type_text(inner.type, preparation->arena));
    }
    return statement__prepare_term(preparation, value, &inner, &udt->parts[field]);
}

enum status statement__prepare_udt(struct cql_preparation *preparation, const struct cql_term *term,
                                   const struct cql_receiver *receiver,
                                   struct cql_expression **ret_expression)
{
    const struct type *type = receiver->type;
    struct type null = {.kind = TYPE_ANY};
    bool is_map = term->kind == CQL_TERM_MAP;
    size_t count = is_map ? term->items.count / 2 : term->fields.names.count;
    if (type->kind != TYPE_UDT) {
        return statement__refuse_type(preparation, "user type", receiver);
    }
    struct cql_expression *expression =
        statement__expression_create(preparation, CQL_EXPRESSION_ITEMS, type, type->count);
    for (size_t i = 0; i < type->count; i++) {
        expression->parts[i] = statement__expression_create(preparation, CQL_EXPRESSION_VALUE, &null, 0);
    }
    for (size_t i = 0; i < count; i++) {
        struct bytes name = is_map ? term->items.at[2 * i]->text : term->fields.names.at[i];
        if (is_map && term->items.at[2 * i]->kind != CQL_TERM_COLUMN) {
            return statement__refuse_type(preparation, "user type", receiver);
        }
        const struct cql_term *value = is_map ? term->items.at[2 * i + 1] : term->fields.values.at[i];
        enum status status = prepare_field(preparation, receiver, name, value, expression);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return statement__expression_fold(preparation, expression);
}
