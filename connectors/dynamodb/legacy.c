/* The parameters that expressions replaced (API Reference, "Legacy Conditional Parameters"), as the same compiled
 * forms. */
#include <stdlib.h>

#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "

/* --- comparisons ------------------------------------------------------------------------------------------------ */

static const struct comparison {
    const char *name;
    const char *types; /* that it may compare: " S N B "; NULL: all */
    size_t arguments_min;
    size_t arguments_max;
    enum expression_test test;
    bool is_negated;
} comparisons[] = {
    {"EQ", NULL, 1, 1, EXPRESSION_EQUAL, false},
    {"NE", NULL, 1, 1, EXPRESSION_NOT_EQUAL, false},
    {"LE", " S N B ", 1, 1, EXPRESSION_LESS_EQUAL, false},
    {"LT", " S N B ", 1, 1, EXPRESSION_LESS, false},
    {"GE", " S N B ", 1, 1, EXPRESSION_GREATER_EQUAL, false},
    {"GT", " S N B ", 1, 1, EXPRESSION_GREATER, false},
    {"NOT_NULL", NULL, 0, 0, EXPRESSION_EXISTS, false},
    {"NULL", NULL, 0, 0, EXPRESSION_NOT_EXISTS, false},
    {"CONTAINS", " S N B BOOL NULL ", 1, 1, EXPRESSION_CONTAINS, false},
    {"NOT_CONTAINS", " S N B BOOL NULL ", 1, 1, EXPRESSION_CONTAINS, true},
    {"BEGINS_WITH", " S B ", 1, 1, EXPRESSION_BEGINS_WITH, false},
    {"IN", " S N B BOOL NULL ", 1, EXPRESSION_OPERANDS_MAX, EXPRESSION_IN, false},
    {"BETWEEN", " S N B ", 2, 2, EXPRESSION_BETWEEN, false},
};

static const struct comparison *comparison_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(comparisons); i++) {
        if (text_is(name, comparisons[i].name)) {
            return &comparisons[i];
        }
    }
    return NULL; /* the check against the model lets no other pass */
}

static enum status read_arguments(struct call *call, const struct value *json, struct value **ret_values,
                                  size_t *ret_count)
{
    size_t count = json == NULL ? 0 : json->kind == VALUE_LIST ? json->items.count : 1;
    struct value *values = arena_create_array(call->arena, count, sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        const char *problem =
            attribute_read(call->arena, json->kind == VALUE_LIST ? &json->items.at[i] : json, &values[i]);
        if (problem != NULL) {
            return call_fail(call, AWS_FAILURE_VALIDATION, "%s", problem);
        }
    }
    *ret_values = values;
    *ret_count = count;
    return STATUS_OK;
}

static enum status check_arguments(struct call *call, const struct comparison *comparison,
                                   const struct value *values, size_t count)
{
    if (count < comparison->arguments_min || count > comparison->arguments_max) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Invalid number of argument(s) for the %s ComparisonOperator",
                         comparison->name);
    }
    for (size_t i = 0; i < count && comparison->types != NULL; i++) {
        const char *type = document_type(&values[i]);
        if (strstr(comparison->types, arena_format(call->arena, " %s ", type)) == NULL) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID "ComparisonOperator %s is not valid for %s AttributeValue type",
                             comparison->name, type);
        }
    }
    for (size_t i = 1; i < count; i++) {
        if (strcmp(document_type(&values[0]), document_type(&values[i])) != 0) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID "AttributeValues inside AttributeValueList must be of same type");
        }
    }
    int order = 0;
    if (comparison->test == EXPRESSION_BETWEEN && document_order(&values[0], &values[1], &order) &&
        order > 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID
                         "The BETWEEN condition was provided a range where the lower bound is greater "
                         "than the upper bound");
    }
    return STATUS_OK;
}

static struct path path_of_name(struct call *call, struct bytes name)
{
    struct path_element *element = arena_create(call->arena, sizeof(*element));
    element->name = name;
    return (struct path){.elements = element, .count = 1};
}

static const struct condition *condition_make(struct call *call, struct bytes name, enum expression_test test,
                                              const struct value *values, size_t count, bool is_negated)
{
    struct condition *condition = arena_create(call->arena, sizeof(*condition));
    struct operand *operands = arena_create_array(call->arena, count + 1, sizeof(*operands));
    operands[0] = (struct operand){.kind = OPERAND_PATH, .path = path_of_name(call, name)};
    for (size_t i = 0; i < count; i++) {
        operands[i + 1] = (struct operand){.kind = OPERAND_VALUE, .value = &values[i]};
    }
    *condition = (struct condition){.test = test, .operands = operands, .operands_count = count + 1};
    if (!is_negated) {
        return condition;
    }
    struct condition *parts = arena_create_array(call->arena, 3, sizeof(*parts)); /* of nothing it is false */
    parts[0] = (struct condition){.test = EXPRESSION_EXISTS, .operands = operands, .operands_count = 1};
    parts[1] = (struct condition){.test = EXPRESSION_NOT, .left = condition};
    parts[2] = (struct condition){.test = EXPRESSION_AND, .left = &parts[0], .right = &parts[1]};
    return &parts[2];
}

static enum status comparison_read(struct call *call, struct bytes name, struct bytes operator_name,
                                   const struct value *arguments, const struct condition **ret_condition)
{
    const struct comparison *comparison = comparison_find(operator_name);
    struct value *values = NULL;
    size_t count = 0;
    if (comparison == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "ComparisonOperator must not be null");
    }
    enum status status = read_arguments(call, arguments, &values, &count);
    if (status == STATUS_OK) {
        status = check_arguments(call, comparison, values, count);
    }
    if (status == STATUS_OK) {
        *ret_condition = condition_make(call, name, comparison->test, values, count, comparison->is_negated);
    }
    return status;
}

/* --- Expected, QueryFilter, ScanFilter -------------------------------------------------------------------------- */

static enum status fail_for(struct call *call, const char *text, struct bytes name)
{
    return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "%s for Attribute: %.*s", text, (int)name.size,
                     (const char *)name.data);
}

/* With a comparison. */
static enum status expected_compare(struct call *call, struct bytes name, const struct value *expected,
                                    const struct condition **ret_condition)
{
    const struct value *value = member_of(expected, "Value");
    const struct value *list = member_of(expected, "AttributeValueList");
    struct bytes operator_name = text_of(expected, "ComparisonOperator");
    bool needs_none = text_is(operator_name, "NULL") || text_is(operator_name, "NOT_NULL");
    if (member_of(expected, "Exists") != NULL) {
        return fail_for(call, "Exists and ComparisonOperator cannot be used together", name);
    }
    if (!needs_none && list == NULL && value == NULL) {
        const char *text =
            arena_format(call->arena,
                         "Value or AttributeValueList must be used with ComparisonOperator: %.*s",
                         (int)operator_name.size, (const char *)operator_name.data);
        return fail_for(call, text, name);
    }
    return comparison_read(call, name, operator_name, list != NULL ? list : value, ret_condition);
}

/* With Value and Exists alone. */
static enum status expected_exists(struct call *call, struct bytes name, const struct value *expected,
                                   const struct condition **ret_condition)
{
    const struct value *value = member_of(expected, "Value");
    const struct value *exists = member_of(expected, "Exists");
    struct value *values = NULL;
    size_t count = 0;
    bool must_exist = exists == NULL || exists->boolean;
    if (must_exist && value == NULL) {
        return fail_for(call,
                        exists == NULL ? "Value must be provided when Exists is null"
                                       : "Value must be provided when Exists is true",
                        name);
    }
    if (!must_exist && value != NULL) {
        return fail_for(call, "Value cannot be used when Exists is false", name);
    }
    enum status status = read_arguments(call, value, &values, &count);
    if (status == STATUS_OK) {
        *ret_condition = condition_make(call, name, must_exist ? EXPRESSION_EQUAL : EXPRESSION_NOT_EXISTS,
                                        values, count, false);
    }
    return status;
}

static enum status expected_read(struct call *call, struct bytes name, const struct value *expected,
                                 const struct condition **ret_condition)
{
    const struct value *list = member_of(expected, "AttributeValueList");
    if (list != NULL && member_of(expected, "Value") != NULL) {
        return fail_for(call, "Value and AttributeValueList cannot be used together", name);
    }
    if (text_of(expected, "ComparisonOperator").size > 0) {
        return expected_compare(call, name, expected, ret_condition);
    }
    return list != NULL
               ? fail_for(call, "AttributeValueList can only be used with a ComparisonOperator", name)
               : expected_exists(call, name, expected, ret_condition);
}

/* All of them or any of them, as a tree of equal halves: as deep as their number has digits, for it is walked by recursion. */
static const struct condition *conditions_join(struct call *call, enum expression_test test,
                                               const struct condition **parts, size_t count)
{
    for (size_t left = count; left > 1; left = (left + 1) / 2) {
        for (size_t i = 0; i < left / 2; i++) {
            struct condition *both = arena_create(call->arena, sizeof(*both));
            *both = (struct condition){.test = test, .left = parts[2 * i], .right = parts[2 * i + 1]};
            parts[i] = both;
        }
        parts[left / 2] = left % 2 != 0 ? parts[left - 1] : parts[left / 2];
    }
    return parts[0];
}

static enum status conditions_read(struct call *call, const struct value *map, const char *parameter,
                                   const struct condition **ret_condition)
{
    const struct value *conditions = member_of(map, parameter);
    bool is_or = text_is(text_of(map, "ConditionalOperator"), "OR");
    bool is_expected = strcmp(parameter, "Expected") == 0;
    size_t count = conditions == NULL ? 0 : conditions->pairs.count;
    const struct condition **parts = arena_create_array(call->arena, count, sizeof(struct condition *));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct bytes name = conditions->pairs.at[2 * i].bytes;
        const struct value *one = &conditions->pairs.at[2 * i + 1];
        const struct condition *condition = NULL;
        status = is_expected ? expected_read(call, name, one, &condition)
                             : comparison_read(call, name, text_of(one, "ComparisonOperator"),
                                               member_of(one, "AttributeValueList"), &condition);
        parts[i] = condition;
    }
    if (status == STATUS_OK && count > 0) {
        *ret_condition = conditions_join(call, is_or ? EXPRESSION_OR : EXPRESSION_AND, parts, count);
    }
    return status;
}

static enum status operator_check(struct call *call, const struct value *map, const char *parameter)
{
    const struct value *conditions = member_of(map, parameter);
    if (member_of(map, "ConditionalOperator") == NULL) {
        return STATUS_OK;
    }
    if (conditions == NULL || conditions->pairs.count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "ConditionalOperator cannot be used without Filter or Expected");
    }
    return conditions->pairs.count == 1
               ? call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID
                           "ConditionalOperator can only be used when Filter or Expected has two or more "
                           "elements")
               : STATUS_OK;
}

/* --- AttributeUpdates ------------------------------------------------------------------------------------------- */

/* ADD of a list appends it. */
static const struct operand *operand_append(struct call *call, struct path path, const struct value *list)
{
    struct operand *operands = arena_create_array(call->arena, 5, sizeof(*operands));
    struct value *none = arena_create(call->arena, sizeof(*none));
    none->kind = VALUE_LIST;
    operands[0] = (struct operand){.kind = OPERAND_VALUE, .value = list};
    operands[1] = (struct operand){.kind = OPERAND_VALUE, .value = none};
    operands[2] = (struct operand){.kind = OPERAND_PATH, .path = path};
    operands[3] = (struct operand){.kind = OPERAND_IF_NOT_EXISTS,
                                   .path = path,
                                   .left = &operands[2],
                                   .right = &operands[1]};
    operands[4] = (struct operand){.kind = OPERAND_LIST_APPEND, .left = &operands[3], .right = &operands[0]};
    return &operands[4];
}

static enum status action_read(struct call *call, struct bytes name, const struct value *update,
                               struct action *ret_action)
{
    struct bytes kind = text_of(update, "Action");
    const struct value *json = member_of(update, "Value");
    bool is_put = kind.size == 0 || text_is(kind, "PUT");
    bool is_add = text_is(kind, "ADD");
    struct value *value = NULL;
    size_t count = 0;
    const char *problem = attribute_name_check(name);
    if (problem != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "%s", problem);
    }
    *ret_action = (struct action){.path = path_of_name(call, name)};
    if (json == NULL) {
        ret_action->kind = ACTION_REMOVE;
        return is_put || is_add
                   ? call_fail(call, AWS_FAILURE_VALIDATION,
                               INVALID "Only DELETE action is allowed when no attribute value is specified")
                   : STATUS_OK;
    }
    enum status status = read_arguments(call, json, &value, &count);
    if (status != STATUS_OK || value == NULL) {
        return status;
    }
    struct operand *operand = arena_create(call->arena, sizeof(*operand));
    *operand = (struct operand){.kind = OPERAND_VALUE, .value = value};
    bool is_set = value->kind == VALUE_SET;
    bool is_list = value->kind == VALUE_LIST;
    if (!is_put && !is_set && !(is_add && (is_list || value->kind == VALUE_DECIMAL))) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         is_add ? INVALID "ADD action is not supported for the type %s"
                                : INVALID "DELETE action with value is not supported for the type %s",
                         document_type(value));
    }
    ret_action->kind = is_put || is_list ? ACTION_SET : is_add ? ACTION_ADD : ACTION_DELETE;
    ret_action->operand = is_add && is_list ? operand_append(call, ret_action->path, value) : operand;
    return STATUS_OK;
}

static enum status updates_read(struct call *call, const struct value *map, struct expressions *expressions)
{
    const struct value *updates = member_of(map, "AttributeUpdates");
    size_t count = updates == NULL ? 0 : updates->pairs.count;
    if (expressions->update != NULL) {
        return STATUS_OK;
    }
    struct update *update = arena_create(call->arena, sizeof(*update));
    update->actions = arena_create_array(call->arena, count, sizeof(*update->actions));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = action_read(call, updates->pairs.at[2 * i].bytes, &updates->pairs.at[2 * i + 1],
                             &update->actions[i]);
    }
    update->count = count;
    expressions->update = update;
    return status;
}

/* --- AttributesToGet, KeyConditions ----------------------------------------------------------------------------- */

/* Orders places in a list by the names that stand there, places of one name as they are. */
static int compare_places(const void *a, const void *b)
{
    const struct value *left = *(const struct value *const *)a;
    const struct value *right = *(const struct value *const *)b;
    int order = bytes_compare(left->bytes, right->bytes);
    return order != 0 ? order : left < right ? -1 : left > right;
}

/* The first of the names that stood there before; NULL: each is there once. */
static const struct value *name_again(const struct value *names, struct arena *arena)
{
    size_t count = names->items.count;
    const struct value *again = NULL;
    const struct value **places = arena_create_array(arena, count, sizeof(struct value *));
    for (size_t i = 0; i < count; i++) {
        places[i] = &names->items.at[i];
    }
    qsort(places, count, sizeof(struct value *), compare_places);
    for (size_t i = 1; i < count; i++) {
        bool is_again = bytes_equal(places[i - 1]->bytes, places[i]->bytes);
        again = is_again && (again == NULL || places[i] < again) ? places[i] : again;
    }
    return again;
}

static enum status projection_read(struct call *call, const struct value *map,
                                   struct expressions *expressions)
{
    const struct value *names = member_of(map, "AttributesToGet");
    if (names == NULL) {
        return STATUS_OK;
    }
    const struct value *again = name_again(names, call->arena);
    if (again != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "Duplicate value in attribute name: %.*s",
                         (int)again->bytes.size, (const char *)again->bytes.data);
    }
    struct path *paths = arena_create_array(call->arena, names->items.count, sizeof(*paths));
    for (size_t i = 0; i < names->items.count; i++) {
        paths[i] = path_of_name(call, names->items.at[i].bytes);
    }
    struct projection *projection = arena_create(call->arena, sizeof(*projection));
    *projection = projection_of_paths(paths, names->items.count, call->arena);
    expressions->projection = projection;
    return STATUS_OK;
}

static enum status key_conditions_read(struct call *call, const struct value *map,
                                       struct expressions *expressions)
{
    const struct value *conditions = member_of(map, "KeyConditions");
    enum status status = STATUS_OK;
    if (conditions == NULL) {
        return STATUS_OK;
    }
    if (conditions->pairs.count == 0 ||
        conditions->pairs.count > KEY_TERMS_MAX) { /* an index may have many keys */
        return call_fail(call, AWS_FAILURE_VALIDATION, "Conditions can be of length 1 or 2 only");
    }
    expressions->has_key_condition = true;
    expressions->key_terms_count = conditions->pairs.count;
    expressions->key_terms =
        arena_create_array(call->arena, conditions->pairs.count, sizeof(*expressions->key_terms));
    for (size_t i = 0; i < conditions->pairs.count && status == STATUS_OK; i++) {
        const struct value *one = &conditions->pairs.at[2 * i + 1];
        const struct comparison *comparison = comparison_find(text_of(one, "ComparisonOperator"));
        struct value *values = NULL;
        size_t count = 0;
        status = read_arguments(call, member_of(one, "AttributeValueList"), &values, &count);
        if (status == STATUS_OK) {
            status = check_arguments(call, comparison, values, count);
        }
        bool is_range = comparison->arguments_min > 0 && comparison->test != EXPRESSION_NOT_EQUAL &&
                        comparison->test != EXPRESSION_CONTAINS && comparison->test != EXPRESSION_IN;
        if (status == STATUS_OK && !is_range) {
            status = call_fail(call, AWS_FAILURE_VALIDATION,
                               "Attempted conditional constraint is not an indexable operation");
        }
        if (status == STATUS_OK) {
            expressions->key_terms[i] =
                (struct key_term){.name = conditions->pairs.at[2 * i].bytes,
                                  .test = comparison->test,
                                  .values = {&values[0], count > 1 ? &values[1] : NULL}};
        }
    }
    return status;
}

enum status legacy_parse(struct call *call, const struct value *map, unsigned kinds,
                         struct expressions *expressions)
{
    enum status status = STATUS_OK;
    bool is_query = (kinds & EXPRESSION_KIND_KEY) != 0;
    const char *filter = is_query ? "QueryFilter" : "ScanFilter";
    if ((kinds & EXPRESSION_KIND_UPDATE) != 0) {
        status = updates_read(call, map, expressions);
    }
    if (status == STATUS_OK && (kinds & EXPRESSION_KIND_CONDITION) != 0) {
        status = operator_check(call, map, "Expected");
        if (status == STATUS_OK && expressions->condition == NULL) {
            status = conditions_read(call, map, "Expected", &expressions->condition);
        }
    }
    if (status == STATUS_OK && (kinds & EXPRESSION_KIND_FILTER) != 0) {
        status = operator_check(call, map, filter);
        if (status == STATUS_OK && expressions->filter == NULL) {
            status = conditions_read(call, map, filter, &expressions->filter);
        }
    }
    if (status == STATUS_OK && (kinds & EXPRESSION_KIND_PROJECTION) != 0) {
        status = projection_read(call, map, expressions);
    }
    if (status == STATUS_OK && is_query) {
        status = key_conditions_read(call, map, expressions);
    }
    return status;
}
