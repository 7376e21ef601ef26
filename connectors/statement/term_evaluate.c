/* Prepared terms with what is bound, and with a row. */
#include "term.h"
#include "user_function.h"
#include "value/order.h"
#include "value/serial.h"

static enum status evaluate_marker(const struct cql_expression *expression,
                                   const struct cql_evaluation *evaluation, struct value *ret_value,
                                   bool *ret_is_unset)
{
    struct cql_binding binding = {0};
    struct error *error = evaluation->moment.error;
    if (evaluation->bind == NULL) {
        return error_set(error, STATUS_INVALID, "Invalid amount of bind variables");
    }
    enum status status = evaluation->bind(evaluation->context, (uint16_t)expression->index, &binding, error);
    *ret_value = value_of_null();
    *ret_is_unset = binding.kind == CQL_BINDING_UNSET;
    if (status != STATUS_OK || binding.kind != CQL_BINDING_BYTES) {
        return status;
    }
    status = serial_decode(&expression->type, binding.bytes, evaluation->moment.arena, ret_value, error);
    bool takes_nulls = bytes_start_with(expression->name, bytes_of_text("in(")); /* only IN ? does */
    bool is_list = status == STATUS_OK && !takes_nulls && ret_value->kind == VALUE_LIST;
    for (size_t i = 0; is_list && i < ret_value->items.count; i++) {
        if (ret_value->items.at[i].kind == VALUE_NULL) {
            status = error_set(error, STATUS_INVALID, "null is not supported inside collections");
        }
    }
    return status;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */

static enum value_kind container_of(enum type_kind kind)
{
    static const enum value_kind kinds[] = {
        [TYPE_LIST] = VALUE_LIST,   [TYPE_SET] = VALUE_SET, [TYPE_MAP] = VALUE_MAP,
        [TYPE_TUPLE] = VALUE_TUPLE, [TYPE_UDT] = VALUE_UDT, [TYPE_VECTOR] = VALUE_VECTOR,
    };
    return kinds[kind];
}

static enum status refuse_item(const struct cql_expression *expression, size_t index, bool is_unset,
                               struct error *error)
{
    if (expression->type.kind == TYPE_TUPLE) {
        return error_set(error, STATUS_INVALID, "Invalid unset value for tuple field number %zu", index);
    }
    if (expression->type.kind == TYPE_UDT) {
        return error_set(error, STATUS_INVALID,
                         "Invalid unset value for field '%.*s' of user defined type %.*s",
                         (int)expression->type.udt->fields[index].size,
                         (const char *)expression->type.udt->fields[index].data,
                         (int)expression->type.udt->name.size, (const char *)expression->type.udt->name.data);
    }
    return error_set(error, STATUS_INVALID, "%s is not supported inside collections",
                     is_unset ? "unset value" : "null");
}

static enum status evaluate_items(const struct cql_expression *expression,
                                  const struct cql_evaluation *evaluation, struct value *ret_value)
{
    bool is_map = expression->type.kind == TYPE_MAP;
    bool takes_null = expression->type.kind == TYPE_TUPLE || expression->type.kind == TYPE_UDT;
    struct value *items = arena_create_array(evaluation->moment.arena, expression->count, sizeof(*items));
    for (size_t i = 0; i < expression->count; i++) {
        bool is_unset = false;
        enum status status = statement__evaluate(expression->parts[i], evaluation, &items[i], &is_unset);
        if (status == STATUS_OK && (is_unset || (items[i].kind == VALUE_NULL && !takes_null))) {
            status = refuse_item(expression, i, is_unset, evaluation->moment.error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_value = (struct value){.kind = container_of(expression->type.kind)};
    if (is_map) {
        ret_value->pairs = (struct value_pairs){.at = items, .count = expression->count / 2};
    } else {
        ret_value->items = (struct value_items){.at = items, .count = expression->count};
    }
    if (is_map || expression->type.kind == TYPE_SET) {
        value_sort(ret_value, evaluation->moment.arena);
    }
    return STATUS_OK;
}

static enum status evaluate_user_call(const struct cql_expression *expression,
                                      const struct cql_evaluation *evaluation, const struct value *arguments,
                                      struct value *ret_value)
{
    *ret_value = value_of_null();
    for (size_t i = 0; i < expression->count && !expression->function->user->is_called_on_null; i++) {
        if (arguments[i].kind == VALUE_NULL || arguments[i].kind == VALUE_EMPTY) {
            return STATUS_OK;
        }
    }
    return evaluation->call != NULL ? evaluation->call(evaluation->context, expression, arguments, ret_value,
                                                       evaluation->moment.error)
                                    : error_set(evaluation->moment.error, STATUS_INVALID,
                                                "functions of users cannot be called here");
}

static enum status evaluate_call(const struct cql_expression *expression,
                                 const struct cql_evaluation *evaluation, struct value *ret_value)
{
    struct value *arguments =
        arena_create_array(evaluation->moment.arena, expression->count, sizeof(*arguments));
    for (size_t i = 0; i < expression->count; i++) {
        bool is_unset = false;
        enum status status = statement__evaluate(expression->parts[i], evaluation, &arguments[i], &is_unset);
        if (status == STATUS_OK && is_unset) {
            status = error_set(evaluation->moment.error, STATUS_INVALID,
                               "Invalid unset value for argument in call to function %.*s",
                               (int)expression->function->name.name.size,
                               (const char *)expression->function->name.name.data);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return expression->function->user != NULL
               ? evaluate_user_call(expression, evaluation, arguments, ret_value)
               : statement__function_run(expression->function, arguments, &evaluation->moment, ret_value);
}

/* An operand that is no marker, or is one with a hint: unset is null there. */
static enum status operand_of(const struct cql_expression *expression, size_t part,
                              const struct cql_evaluation *evaluation, struct value *ret_value)
{
    bool is_unset = false;
    return statement__evaluate(expression->parts[part], evaluation, ret_value, &is_unset);
}

static enum status evaluate_field(const struct cql_expression *expression,
                                  const struct cql_evaluation *evaluation, struct value *ret_value)
{
    struct value udt = {0};
    enum status status = operand_of(expression, 0, evaluation, &udt);
    bool is_there = status == STATUS_OK && udt.kind == VALUE_UDT && expression->index < udt.items.count;
    *ret_value = is_there ? udt.items.at[expression->index] : value_of_null();
    return status;
}

static enum status evaluate_element(const struct cql_expression *expression,
                                    const struct cql_evaluation *evaluation, struct value *ret_value)
{
    struct value from = {0};
    struct value key = {0};
    const struct type *keys = &expression->parts[0]->type.parameters[0];
    enum status status = operand_of(expression, 0, evaluation, &from);
    if (status == STATUS_OK) {
        status = operand_of(expression, 1, evaluation, &key);
    }
    *ret_value = value_of_null();
    if (status != STATUS_OK || key.kind == VALUE_NULL || (from.kind != VALUE_MAP && from.kind != VALUE_SET)) {
        return status;
    }
    bool is_map = from.kind == VALUE_MAP;
    size_t count = is_map ? from.pairs.count : from.items.count;
    for (size_t i = 0; i < count; i++) {
        const struct value *here = is_map ? &from.pairs.at[2 * i] : &from.items.at[i];
        if (value_type_compare(keys, here, &key) == 0) {
            *ret_value = is_map ? from.pairs.at[2 * i + 1] : *here;
        }
    }
    return STATUS_OK;
}

/* What lies between the bounds, themselves included; nothing: null. */
static void slice(const struct type *keys, const struct value *from, const struct value *bounds,
                  struct arena *arena, struct value *ret_value)
{
    bool is_map = from->kind == VALUE_MAP;
    size_t width = is_map ? 2 : 1;
    size_t all = is_map ? from->pairs.count : from->items.count;
    struct value *at = arena_create_array(arena, all * width, sizeof(*at));
    size_t count = 0;
    for (size_t i = 0; i < all; i++) {
        const struct value *here = is_map ? &from->pairs.at[2 * i] : &from->items.at[i];
        bool is_inside = (bounds[0].kind == VALUE_NULL || value_type_compare(keys, here, &bounds[0]) >= 0) &&
                         (bounds[1].kind == VALUE_NULL || value_type_compare(keys, here, &bounds[1]) <= 0);
        for (size_t k = 0; is_inside && k < width; k++) {
            at[count * width + k] = here[k];
        }
        count += is_inside ? 1 : 0;
    }
    *ret_value = value_of_null();
    if (count > 0 && is_map) {
        *ret_value = (struct value){.kind = VALUE_MAP, .pairs = {at, count}};
    } else if (count > 0) {
        *ret_value = (struct value){.kind = VALUE_SET, .items = {at, count}};
    }
}

static enum status evaluate_slice(const struct cql_expression *expression,
                                  const struct cql_evaluation *evaluation, struct value *ret_value)
{
    struct value from = {0};
    struct value bounds[2] = {value_of_null(), value_of_null()};
    enum status status = operand_of(expression, 0, evaluation, &from);
    for (size_t i = 0; i < ARRAY_COUNT(bounds) && status == STATUS_OK; i++) {
        status = expression->parts[i + 1] != NULL ? operand_of(expression, i + 1, evaluation, &bounds[i])
                                                  : STATUS_OK;
    }
    *ret_value = value_of_null();
    if (status == STATUS_OK && (from.kind == VALUE_MAP || from.kind == VALUE_SET)) {
        slice(&expression->parts[0]->type.parameters[0], &from, bounds, evaluation->moment.arena, ret_value);
    }
    return status;
}

static enum status evaluate_convert(const struct cql_expression *expression,
                                    const struct cql_evaluation *evaluation, struct value *ret_value,
                                    bool *ret_is_unset)
{
    struct value value;
    enum status status = statement__evaluate(expression->parts[0], evaluation, &value, ret_is_unset);
    return status == STATUS_OK ? statement__type_convert(&expression->type, &expression->parts[0]->type,
                                                         &value, &evaluation->moment, ret_value)
                               : status;
}

enum status statement__evaluate(const struct cql_expression *expression,
                                const struct cql_evaluation *evaluation, struct value *ret_value,
                                bool *ret_is_unset)
{
    struct error *error = evaluation->moment.error;
    enum status status = statement__evaluated_check(evaluation->moment.arena, error);
    *ret_is_unset = false;
    if (status != STATUS_OK) {
        return status;
    }
    switch (expression->kind) {
    case CQL_EXPRESSION_VALUE:
        *ret_value = expression->value;
        return STATUS_OK;
    case CQL_EXPRESSION_MARKER:
        return evaluate_marker(expression, evaluation, ret_value, ret_is_unset);
    case CQL_EXPRESSION_ITEMS:
        return evaluate_items(expression, evaluation, ret_value);
    case CQL_EXPRESSION_CALL:
        return evaluate_call(expression, evaluation, ret_value);
    case CQL_EXPRESSION_CONVERT:
        return evaluate_convert(expression, evaluation, ret_value, ret_is_unset);
    case CQL_EXPRESSION_COLUMN:
        return evaluation->column(evaluation->context, expression->index, ret_value, error);
    case CQL_EXPRESSION_FIELD:
        return evaluate_field(expression, evaluation, ret_value);
    case CQL_EXPRESSION_ELEMENT:
        return evaluate_element(expression, evaluation, ret_value);
    case CQL_EXPRESSION_SLICE:
        return evaluate_slice(expression, evaluation, ret_value);
    case CQL_EXPRESSION_CELL:
        return evaluation->cell(evaluation->context, expression->index, expression->parts[0],
                                expression->cell, ret_value, error);
    case CQL_EXPRESSION_AGGREGATE:
        *ret_value = evaluation->aggregates[expression->index];
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* NOLINTEND(misc-no-recursion) */
