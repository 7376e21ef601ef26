/* What only selections have: columns, their fields, elements, slices and cells. */
#include "term_private.h"

static const struct type type_bigint = {.kind = TYPE_BIGINT};

static enum status prepare_column(struct cql_preparation *preparation, const struct cql_term *term,
                                  struct cql_expression **ret_expression)
{
    uint32_t index = 0;
    const struct type *type = NULL;
    if (preparation->column == NULL ||
        !preparation->column(preparation->context, term->text, &index, &type)) {
        return error_set(preparation->error, STATUS_INVALID, "Undefined column name %.*s",
                         (int)term->text.size, (const char *)term->text.data);
    }
    *ret_expression = statement__expression_create(preparation, CQL_EXPRESSION_COLUMN, type, 0);
    (*ret_expression)->index = index;
    (*ret_expression)->name = term->text;
    return STATUS_OK;
}

static enum status prepare_field_of(struct cql_preparation *preparation, const struct cql_term *term,
                                    struct cql_expression *operand, struct cql_expression **ret_expression)
{
    size_t field = 0;
    if (operand->type.kind != TYPE_UDT) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid field selection: %s of type %s is not a user type",
                         statement__term_text(term->member.operand, preparation->arena),
                         statement__type_text(&operand->type, preparation->arena));
    }
    if (!statement__term_find_field(&operand->type, term->member.field, &field)) {
        return error_set(preparation->error, STATUS_INVALID, "%s of type %s has no field %.*s",
                         statement__term_text(term->member.operand, preparation->arena),
                         statement__type_text(&operand->type, preparation->arena),
                         (int)term->member.field.size, (const char *)term->member.field.data);
    }
    *ret_expression =
        statement__expression_create(preparation, CQL_EXPRESSION_FIELD, &operand->type.parameters[field], 1);
    (*ret_expression)->parts[0] = operand;
    (*ret_expression)->index = (uint32_t)field;
    return STATUS_OK;
}

/* c[k], c[a..b]: of a map by key, of a set by element. */
static enum status prepare_element(struct cql_preparation *preparation, const struct cql_term *term,
                                   struct cql_expression *operand, struct cql_expression **ret_expression)
{
    bool is_slice = term->kind == CQL_TERM_SLICE;
    bool is_map = operand->type.kind == TYPE_MAP;
    if (operand->type.kind == TYPE_LIST) {
        return error_set(preparation->error, STATUS_INVALID,
                         "%s selection is only allowed on sets and maps, but %s is a list",
                         is_slice ? "Slice" : "Element",
                         statement__term_text(term->member.operand, preparation->arena));
    }
    if (!is_map && operand->type.kind != TYPE_SET) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid %s selection: %s of type %s is not a collection",
                         is_slice ? "slice" : "element",
                         statement__term_text(term->member.operand, preparation->arena),
                         statement__type_text(&operand->type, preparation->arena));
    }
    const struct type *type = is_slice ? &operand->type : &operand->type.parameters[is_map ? 1 : 0];
    struct cql_receiver column = {.name = bytes_of_text(
                                      statement__term_text(term->member.operand, preparation->arena)),
                                  .type = &operand->type};
    struct cql_receiver key = {.name = statement__term_named(preparation->arena, is_map ? "key(" : "value(",
                                                             column.name, ")"),
                               .type = &operand->type.parameters[0]};
    const struct cql_term *bounds[] = {term->member.from, term->member.to};
    struct cql_expression *expression =
        statement__expression_create(preparation, is_slice ? CQL_EXPRESSION_SLICE : CQL_EXPRESSION_ELEMENT,
                                     type, is_slice ? 3 : 2);
    expression->parts[0] = operand;
    for (size_t i = 0; i < (is_slice ? 2 : 1); i++) {
        enum status status = bounds[i] != NULL ? statement__prepare_term(preparation, bounds[i], &key,
                                                                         &expression->parts[i + 1])
                                               : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return STATUS_OK;
}

static enum status prepare_cell(struct cql_preparation *preparation, const struct cql_term *term,
                                struct cql_expression *operand, struct cql_expression **ret_expression)
{
    const struct cql_expression *root = operand;
    struct type *type = arena_create(preparation->arena, sizeof(*type));
    type->kind = term->kind == CQL_TERM_TTL ? TYPE_INT : TYPE_BIGINT;
    while (root->count > 0) {
        root = root->parts[0];
    }
    if (root->kind != CQL_EXPRESSION_COLUMN) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Only columns have a write time and a time to live");
    }
    *ret_expression = statement__expression_create(preparation, CQL_EXPRESSION_CELL, type, 1);
    (*ret_expression)->parts[0] = operand;
    (*ret_expression)->index = root->index;
    (*ret_expression)->cell = term->kind;
    (*ret_expression)->name = root->name;
    return STATUS_OK;
}

static enum status prepare_member(struct cql_preparation *preparation, const struct cql_term *term,
                                  struct cql_expression **ret_expression)
{
    struct cql_expression *operand = NULL;
    enum status status = statement__prepare_operand(preparation, term->member.operand, &operand);
    if (status != STATUS_OK) {
        return status;
    }
    switch ((int)term->kind) {
    case CQL_TERM_FIELD:
        return prepare_field_of(preparation, term, operand, ret_expression);
    case CQL_TERM_ELEMENT:
    case CQL_TERM_SLICE:
        return prepare_element(preparation, term, operand, ret_expression);
    default:
        return prepare_cell(preparation, term, operand, ret_expression);
    }
}

enum status statement__prepare_container(struct cql_preparation *preparation, const struct cql_term *term,
                                         struct cql_expression **ret_expression)
{
    static const enum type_kind kinds[] = {[CQL_TERM_LIST] = TYPE_LIST,
                                           [CQL_TERM_SET] = TYPE_SET,
                                           [CQL_TERM_MAP] = TYPE_MAP,
                                           [CQL_TERM_TUPLE] = TYPE_TUPLE};
    bool is_tuple = term->kind == CQL_TERM_TUPLE;
    size_t count = is_tuple ? term->items.count : term->kind == CQL_TERM_MAP ? 2 : 1;
    struct type *types = arena_create_array(preparation->arena, count, sizeof(*types));
    if (is_tuple && count == 1) { /* only parentheses */
        return statement__prepare_operand(preparation, term->items.at[0], ret_expression);
    }
    for (size_t i = 0; i < count; i++) {
        const struct type *own =
            i < term->items.count ? statement__term_own_type(preparation, term->items.at[i], NULL) : NULL;
        if (own == NULL) {
            return error_set(
                preparation->error, STATUS_INVALID,
                "Cannot infer type for term %s in selection clause (try using a cast to force a type)",
                statement__term_text(term, preparation->arena));
        }
        types[i] = type_freeze(own, preparation->arena);
    }
    struct type type = {.kind = kinds[term->kind], .is_frozen = true, .count = count, .parameters = types};
    struct cql_expression *expression =
        statement__expression_create(preparation, CQL_EXPRESSION_ITEMS, &type, term->items.count);
    for (size_t i = 0; i < term->items.count; i++) {
        struct cql_receiver receiver = {.name = bytes_of_text("[selection]"), .type = &types[i % count]};
        enum status status =
            statement__prepare_term(preparation, term->items.at[i], &receiver, &expression->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return statement__expression_fold(preparation, expression);
}

enum status statement__prepare_selection(struct cql_preparation *preparation, const struct cql_term *term,
                                         struct cql_expression **ret_expression)
{
    if (term->kind == CQL_TERM_COLUMN) {
        return prepare_column(preparation, term, ret_expression);
    }
    if (term->kind == CQL_TERM_COUNT_ROWS) {
        *ret_expression =
            statement__expression_create(preparation, CQL_EXPRESSION_AGGREGATE, &type_bigint, 0);
        return statement__finish_aggregate(preparation, *ret_expression);
    }
    return prepare_member(preparation, term, ret_expression);
}
