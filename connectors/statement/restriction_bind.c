/* Relations one by one: their columns, and the values that are bound. */
#include "function.h"
#include "index.h"
#include "restrictions.h"
#include "value/type_text.h"

bool statement__restriction_is_slice(const struct restriction *restriction)
{
    return restriction->comparison >= CQL_LESS && restriction->comparison <= CQL_GREATER_EQUAL;
}

/* "c = 1", as errors show a relation. */
static struct bytes relation_text(const struct cql_relation *relation, struct arena *arena)
{
    struct buffer text = {0};
    cql_relation_format(relation, &text);
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static struct bytes type_text(const struct type *type, struct arena *arena)
{
    struct buffer text = {0};
    type_format(type, &text);
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

/* --- columns -------------------------------------------------------------------------------------------------------- */

static bool contains_duration(const struct type *type)
{
    return type->kind != TYPE_DURATION && !type_may_be_key(type) && type_has_parameters(type->kind) &&
           type->is_frozen;
}

static enum status check_duration(struct exec_call *call, const struct source_column *column)
{
    if (column->type->kind == TYPE_DURATION) {
        return exec_fail(call, CQL_INVALID, "Slice restrictions are not supported on duration columns");
    }
    if (!contains_duration(column->type)) {
        return STATUS_OK;
    }
    const char *what = column->type->kind == TYPE_TUPLE ? "tuples"
                       : column->type->kind == TYPE_UDT ? "UDTs"
                                                        : "collections";
    return exec_fail(call, CQL_INVALID, "Slice restrictions are not supported on %s containing durations",
                     what);
}

static enum status check_element(struct exec_call *call, const struct cql_relation *relation,
                                 const struct source_column *column)
{
    const struct type *type = column->type;
    if (type->kind == TYPE_LIST) {
        return exec_fail_name(call,
                              "Indexes on list entries (%.*s[index] = value) are not currently supported.",
                              column->name);
    }
    if (type->kind != TYPE_MAP) {
        return exec_fail_name(call, "Column %.*s cannot be used as a map", column->name);
    }
    if (!type_is_multi_cell(type)) {
        return exec_fail_name(call,
                              "Map-entry equality predicates on frozen map column %.*s are not supported",
                              column->name);
    }
    return relation->comparison == CQL_EQUAL
               ? STATUS_OK
               : exec_fail(call, CQL_INVALID, "Only EQ relations are supported on map entries");
}

/* What a relation may say of one column. */
static enum status check_column(struct exec_call *call, const struct cql_relation *relation,
                                const struct source_column *column)
{
    const struct type *type = column->type;
    enum cql_comparison comparison = relation->comparison;
    bool is_contains = comparison == CQL_CONTAINS || comparison == CQL_CONTAINS_KEY;
    bool is_collection = type->kind == TYPE_LIST || type->kind == TYPE_SET || type->kind == TYPE_MAP;
    if (comparison == CQL_CONTAINS_KEY && type->kind != TYPE_MAP) {
        return exec_fail_name(call, "Cannot use CONTAINS KEY on non-map column %.*s", column->name);
    }
    if (comparison == CQL_CONTAINS && !is_collection) {
        return exec_fail_name(call, "Cannot use CONTAINS on non-collection column %.*s", column->name);
    }
    if (relation->kind == CQL_RELATION_ELEMENT) {
        return check_element(call, relation, column);
    }
    if (type->kind == TYPE_UDT && type_is_multi_cell(type)) {
        struct bytes text = type_text(type, call->arena);
        return exec_fail(call, CQL_INVALID,
                         "Non-frozen UDT column '%.*s' (%.*s) cannot be restricted by any relation",
                         (int)column->name.size, (const char *)column->name.data, (int)text.size,
                         (const char *)text.data);
    }
    if (is_collection && type_is_multi_cell(type) && !is_contains) {
        struct bytes text = type_text(type, call->arena);
        return exec_fail(call, CQL_INVALID,
                         "Collection column '%.*s' (%.*s) cannot be restricted by a '%s' relation",
                         (int)column->name.size, (const char *)column->name.data, (int)text.size,
                         (const char *)text.data, cql_comparison_text(comparison));
    }
    bool is_slice = comparison >= CQL_LESS && comparison <= CQL_GREATER_EQUAL;
    return is_slice ? check_duration(call, column) : STATUS_OK;
}

static enum status check_tuple(struct exec_call *call, const struct cql_relation *relation,
                               const struct restriction *restriction, size_t place)
{
    const struct source_column *column = restriction->columns[place];
    if (column->kind != DESCRIBED_CLUSTERING) {
        return exec_fail_name(
            call, "Multi-column relations can only be applied to clustering columns but was applied to: %.*s",
            column->name);
    }
    for (size_t i = 0; i < place; i++) {
        if (restriction->columns[i] == column) {
            struct bytes text = relation_text(relation, call->arena);
            return exec_fail(call, CQL_INVALID, "Column \"%.*s\" appeared twice in a relation: %.*s",
                             (int)column->name.size, (const char *)column->name.data, (int)text.size,
                             (const char *)text.data);
        }
    }
    if (place > 0 && column->position != restriction->columns[place - 1]->position + 1) {
        return exec_fail_name(
            call, "Clustering columns must appear in the PRIMARY KEY order in multi-column relations: %.*s",
            relation_text(relation, call->arena));
    }
    return STATUS_OK;
}

static enum status check_token(struct exec_call *call, const struct source *source,
                               const struct restriction *restriction)
{
    size_t keys = source->table.schema->partition_count;
    size_t found = 0;
    bool is_ordered = restriction->columns_count == keys;
    bool is_twice = false;
    struct buffer names = {0};
    for (size_t i = 0; i < restriction->columns_count; i++) {
        const struct source_column *column = restriction->columns[i];
        found += column->kind == DESCRIBED_PARTITION_KEY;
        is_ordered &= column->kind == DESCRIBED_PARTITION_KEY && column->position == i;
        for (size_t k = 0; k < i; k++) {
            is_twice |= restriction->columns[k] == column;
        }
    }
    if (is_ordered) {
        return STATUS_OK;
    }
    if (is_twice) {
        return exec_fail(call, CQL_INVALID,
                         "The token() function contains duplicate partition key components");
    }
    if (found < keys) {
        return exec_fail(call, CQL_INVALID,
                         "The token() function must be applied to all partition key components or none of "
                         "them");
    }
    if (restriction->columns_count > keys) {
        return exec_fail(call, CQL_INVALID,
                         "The token() function must contains only partition key components");
    }
    for (size_t i = 0; i < keys; i++) {
        buffer_put_text(&names, i == 0 ? "" : ", ");
        buffer_put(&names, source->table.schema->partition[i].name);
    }
    enum status status =
        exec_fail_name(call, "The token function arguments must be in the partition key order: %.*s",
                       buffer_bytes(&names));
    buffer_reset(&names);
    return status;
}

static enum status find_columns(struct exec_call *call, const struct source *source,
                                const struct cql_relation *relation, struct restriction *restriction)
{
    enum status status = STATUS_OK;
    restriction->columns =
        arena_create_array(call->arena, relation->columns.count, sizeof(struct source_column *));
    for (size_t i = 0; i < relation->columns.count && status == STATUS_OK; i++) {
        const struct source_column *column = statement__source_find_column(source, relation->columns.at[i]);
        if (column == NULL) {
            return statement__source_fail_column(call, source, relation->columns.at[i]);
        }
        restriction->columns[restriction->columns_count++] = column;
        if (relation->kind == CQL_RELATION_TUPLE) {
            status = check_tuple(call, relation, restriction, i);
        } else if (relation->kind != CQL_RELATION_TOKEN) {
            status = check_column(call, relation, column);
        }
    }
    return status == STATUS_OK && relation->kind == CQL_RELATION_TOKEN
               ? check_token(call, source, restriction)
               : status;
}

/* --- values --------------------------------------------------------------------------------------------------------- */

static struct cql_receiver receiver_of(const struct source_column *column)
{
    return (struct cql_receiver){.name = column->name, .type = column->type};
}

static enum status bind_one(struct exec_call *call, const struct cql_term *term,
                            const struct cql_receiver *receiver, struct bound *ret_bound)
{
    return exec_bind(call, term, receiver->type, receiver->name, ret_bound);
}

/* A tuple that was bound, as one value for each column. */
static void spread_tuple(const struct restriction *restriction, const struct value *tuple,
                         struct bound *ret_values)
{
    for (size_t i = 0; i < restriction->columns_count; i++) {
        bool is_there = i < tuple->items.count && tuple->items.at[i].kind != VALUE_NULL;
        ret_values[i] = (struct bound){.kind = is_there ? BOUND_VALUE : BOUND_NULL};
        if (is_there) {
            ret_values[i].value = tuple->items.at[i];
        }
    }
}

static enum status bind_tuple(struct exec_call *call, const struct restriction *restriction,
                              const struct cql_receiver *columns, const struct cql_term *term,
                              struct bound *ret_values)
{
    struct bound bound;
    enum status status = STATUS_OK;
    size_t count = restriction->columns_count;
    if (term->kind == CQL_TERM_TUPLE) {
        if (term->items.count != count) {
            struct buffer text = {0};
            cql_term_format(term, NULL, &text);
            status = exec_fail(call, CQL_INVALID, "Expected %zu elements in value tuple, but got %zu: %.*s",
                               count, term->items.count, (int)text.size, (const char *)text.data);
            buffer_reset(&text);
        }
        for (size_t i = 0; i < count && status == STATUS_OK; i++) {
            status = bind_one(call, term->items.at[i], &columns[i], &ret_values[i]);
        }
        return status;
    }
    struct cql_receiver receiver = statement__receiver_tuple(columns, count, call->arena);
    status = bind_one(call, term, &receiver, &bound);
    if (status != STATUS_OK || call->notes != NULL) {
        return status;
    }
    if (bound.kind != BOUND_VALUE) {
        return exec_fail_name(call,
                              bound.kind == BOUND_NULL ? "Invalid null value in condition for columns: %.*s"
                                                       : "Invalid unset value for tuple %.*s",
                              receiver.name);
    }
    spread_tuple(restriction, &bound.value, ret_values);
    return STATUS_OK;
}

/* IN with one marker for the whole list. */
static enum status bind_list(struct exec_call *call, const struct cql_receiver *columns,
                             struct restriction *restriction)
{
    struct bound bound;
    size_t count = restriction->columns_count;
    bool is_tuple = restriction->relation->kind == CQL_RELATION_TUPLE;
    struct cql_receiver receiver = is_tuple ? statement__receiver_tuples_in(columns, count, call->arena)
                                            : statement__receiver_in(&columns[0], call->arena);
    enum status status = bind_one(call, restriction->relation->value, &receiver, &bound);
    if (status != STATUS_OK || call->notes != NULL) {
        return status;
    }
    if (bound.kind != BOUND_VALUE) {
        return exec_fail_name(call,
                              bound.kind == BOUND_NULL ? "Invalid null value for column %.*s"
                                                       : "Invalid unset value for column %.*s",
                              columns[0].name);
    }
    restriction->values_count = bound.value.items.count;
    restriction->values =
        arena_create_array(call->arena, restriction->values_count * count, sizeof(struct bound));
    for (size_t i = 0; i < restriction->values_count; i++) {
        const struct value *item = &bound.value.items.at[i];
        if (is_tuple) {
            spread_tuple(restriction, item, &restriction->values[i * count]);
        } else {
            restriction->values[i] =
                (struct bound){.kind = item->kind == VALUE_NULL ? BOUND_NULL : BOUND_VALUE, .value = *item};
        }
    }
    return STATUS_OK;
}

/* IN with its values one by one, or the one value of any other comparison. */
static enum status bind_values(struct exec_call *call, const struct cql_receiver *columns,
                               struct restriction *restriction)
{
    const struct cql_relation *relation = restriction->relation;
    bool is_in = relation->comparison == CQL_IN;
    size_t count = restriction->columns_count;
    enum status status = STATUS_OK;
    restriction->values_count = is_in ? relation->values.count : 1;
    restriction->values =
        arena_create_array(call->arena, restriction->values_count * count, sizeof(struct bound));
    for (size_t i = 0; i < restriction->values_count && status == STATUS_OK; i++) {
        const struct cql_term *term = is_in ? relation->values.at[i] : relation->value;
        status = relation->kind == CQL_RELATION_TUPLE
                     ? bind_tuple(call, restriction, columns, term, &restriction->values[i * count])
                     : bind_one(call, term, &columns[0], &restriction->values[i]);
    }
    return status;
}

static enum status bind_other(struct exec_call *call, struct restriction *restriction,
                              const struct cql_receiver *column)
{
    const struct cql_relation *relation = restriction->relation;
    struct cql_receiver receiver = statement__receiver_value(column, call->arena);
    struct cql_receiver key = statement__receiver_key(column, call->arena);
    bool is_key = relation->comparison == CQL_CONTAINS_KEY;
    enum status status = STATUS_OK;
    restriction->type = is_key ? key.type : receiver.type;
    restriction->values_count = 1;
    restriction->values = arena_create(call->arena, sizeof(struct bound));
    if (relation->kind == CQL_RELATION_ELEMENT) {
        status = bind_one(call, relation->key, &key, &restriction->key);
    }
    return status == STATUS_OK
               ? bind_one(call, relation->value, is_key ? &key : &receiver, restriction->values)
               : status;
}

static enum status bind_token(struct exec_call *call, struct restriction *restriction)
{
    struct cql_receiver receiver = statement__receiver_token();
    restriction->values_count = 1;
    restriction->values = arena_create(call->arena, sizeof(struct bound));
    enum status status = bind_one(call, restriction->relation->value, &receiver, restriction->values);
    if (status == STATUS_OK && call->notes == NULL && restriction->values->kind != BOUND_VALUE) {
        status = exec_fail(call, CQL_INVALID,
                           restriction->values->kind == BOUND_NULL
                               ? "Invalid null token value"
                               : "Invalid unset value for column partition key token");
    }
    return status;
}

/* What no relation may say. */
static enum status check_comparison(struct exec_call *call, const struct cql_relation *relation)
{
    enum cql_comparison comparison = relation->comparison;
    if (relation->kind == CQL_RELATION_TOKEN && (comparison == CQL_IN || comparison >= CQL_CONTAINS)) {
        return exec_fail(call, CQL_INVALID, "%s cannot be used with the token function",
                         cql_comparison_text(comparison));
    }
    if (comparison == CQL_IS_NOT_NULL) {
        return exec_fail_name(call, "Unsupported restriction: %.*s", relation_text(relation, call->arena));
    }
    return comparison == CQL_NOT_EQUAL ? exec_fail_name(call, "Unsupported \"!=\" relation: %.*s",
                                                        relation_text(relation, call->arena))
                                       : STATUS_OK;
}

/* Whether the index of the column answers LIKE with the pattern that is bound. */
static enum status check_like(struct exec_call *call, const struct source *source,
                              struct restriction *restriction)
{
    const struct bound *bound = restriction->values;
    if (call->notes != NULL || bound == NULL || bound->kind != BOUND_VALUE) {
        return STATUS_OK;
    }
    bool is_text = bound->value.kind == VALUE_TEXT;
    restriction->like = statement__like_of(is_text ? bound->value.bytes : (struct bytes){0});
    if (is_text && restriction->like.text.size == 0) {
        return exec_fail(call, CQL_INVALID, "LIKE value can't be empty.");
    }
    return is_text && source->system == NULL &&
                   statement__like_is_indexed(source->table.schema, restriction->columns[0]->name,
                                              &restriction->like)
               ? STATUS_OK
               : exec_fail_name(
                     call,
                     "LIKE restriction is only supported on properly indexed columns. %.*s is not valid.",
                     relation_text(restriction->relation, call->arena));
}

/* Numbers of a document's key in the one form that they are stored in. */
static void normalise_numbers(struct exec_call *call, struct restriction *restriction)
{
    for (size_t i = 0; i < restriction->values_count * restriction->columns_count; i++) {
        struct bound *bound = &restriction->values[i];
        bool is_number = restriction->columns[i % restriction->columns_count]->is_number;
        if (is_number && bound->kind == BOUND_VALUE) {
            bound->value = statement__number_normal(&bound->value, call->arena);
        }
    }
}

enum status statement__restriction_bind(struct exec_call *call, const struct source *source,
                                        const struct cql_relation *relation,
                                        struct restriction *ret_restriction)
{
    *ret_restriction = (struct restriction){.relation = relation, .comparison = relation->comparison};
    enum status status = check_comparison(call, relation);
    if (status == STATUS_OK) {
        status = find_columns(call, source, relation, ret_restriction);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (relation->kind == CQL_RELATION_TOKEN) {
        return bind_token(call, ret_restriction);
    }
    struct cql_receiver *columns =
        arena_create_array(call->arena, ret_restriction->columns_count, sizeof(*columns));
    for (size_t i = 0; i < ret_restriction->columns_count; i++) {
        columns[i] = receiver_of(ret_restriction->columns[i]);
    }
    bool is_contains = relation->comparison == CQL_CONTAINS || relation->comparison == CQL_CONTAINS_KEY;
    if (is_contains || relation->kind == CQL_RELATION_ELEMENT) {
        return bind_other(call, ret_restriction, columns);
    }
    bool is_list = relation->comparison == CQL_IN && relation->value != NULL;
    status =
        is_list ? bind_list(call, columns, ret_restriction) : bind_values(call, columns, ret_restriction);
    if (status == STATUS_OK && call->notes == NULL) {
        normalise_numbers(call, ret_restriction);
    }
    if (status == STATUS_OK && relation->comparison == CQL_LIKE) {
        status = check_like(call, source, ret_restriction);
    }
    if (relation->comparison == CQL_IN && relation->values.count == 1) {
        ret_restriction->comparison = CQL_EQUAL;
    }
    return status;
}
