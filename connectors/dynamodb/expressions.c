/* The expressions of a request, and what comes with them. */
#include "dynamodb_private.h"

/* --- what may stand together ------------------------------------------------------------------------------------ */

struct parameter {
    const char *name;
    unsigned kinds;
};

static const struct parameter expression_parameters[] = {
    {"UpdateExpression", EXPRESSION_KIND_UPDATE},    {"ProjectionExpression", EXPRESSION_KIND_PROJECTION},
    {"FilterExpression", EXPRESSION_KIND_FILTER},    {"ConditionExpression", EXPRESSION_KIND_CONDITION},
    {"KeyConditionExpression", EXPRESSION_KIND_KEY},
};

static const struct parameter legacy_parameters[] = {
    {"AttributesToGet", EXPRESSION_KIND_PROJECTION},
    {"AttributeUpdates", EXPRESSION_KIND_UPDATE},
    {"QueryFilter", EXPRESSION_KIND_FILTER},
    {"ScanFilter", EXPRESSION_KIND_FILTER},
    {"Expected", EXPRESSION_KIND_CONDITION},
    {"ConditionalOperator", EXPRESSION_KIND_CONDITION | EXPRESSION_KIND_FILTER},
    {"KeyConditions", EXPRESSION_KIND_KEY},
};

/* Key conditions of the old kind go with all expressions but their successor, which came later than the others. */
static bool parameter_counts(const struct value *map, const char *name)
{
    return member_of(map, name) != NULL &&
           (strcmp(name, "KeyConditions") != 0 || member_of(map, "KeyConditionExpression") != NULL);
}

/* Appends those that the request has: "A, B". */
static void parameters_put(struct buffer *text, const struct value *map, unsigned kinds,
                           const struct parameter *parameters, size_t count)
{
    size_t start = text->size;
    for (size_t i = 0; i < count; i++) {
        if ((parameters[i].kinds & kinds) != 0 && parameter_counts(map, parameters[i].name)) {
            buffer_put_text(text, text->size > start ? ", " : "");
            buffer_put_text(text, parameters[i].name);
        }
    }
}

static enum status expressions_check_mixed(struct call *call, const struct value *map, unsigned kinds)
{
    struct buffer modern = {0};
    struct buffer legacy = {0};
    enum status status = STATUS_OK;
    parameters_put(&modern, map, kinds, expression_parameters, ARRAY_COUNT(expression_parameters));
    parameters_put(&legacy, map, kinds, legacy_parameters, ARRAY_COUNT(legacy_parameters));
    if (modern.size > 0 && legacy.size > 0) {
        status = call_fail(call, AWS_FAILURE_VALIDATION,
                           "Can not use both expression and non-expression parameters in the same request: "
                           "Non-expression parameters: {%.*s} Expression parameters: {%.*s}",
                           (int)legacy.size, (const char *)legacy.data, (int)modern.size,
                           (const char *)modern.data);
    }
    buffer_reset(&modern);
    buffer_reset(&legacy);
    return status;
}

/* --- placeholders ----------------------------------------------------------------------------------------------- */

static bool placeholder_is_sound(struct bytes key, char first)
{
    if (key.size < 2 || key.data[0] != (uint8_t)first) {
        return false;
    }
    for (size_t i = 1; i < key.size; i++) {
        uint8_t c = key.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return true;
}

/* "FilterExpression and KeyConditionExpression are null" */
static const char *expressions_null_text(struct call *call, unsigned kinds)
{
    struct buffer text = {0};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(expression_parameters); i++) {
        unsigned kind = expression_parameters[i].kinds;
        if ((kind & kinds) != 0 && kind != EXPRESSION_KIND_PROJECTION) {
            buffer_put_format(&text, "%s%s", count++ > 0 ? " and " : "", expression_parameters[i].name);
        }
    }
    buffer_put_text(&text, count > 1 ? " are null" : " is null");
    const char *kept = arena_copy_text(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return kept;
}

static bool expressions_have(const struct value *map, unsigned kinds)
{
    for (size_t i = 0; i < ARRAY_COUNT(expression_parameters); i++) {
        if ((expression_parameters[i].kinds & kinds) != 0 &&
            member_of(map, expression_parameters[i].name) != NULL) {
            return true;
        }
    }
    return false;
}

static enum status placeholders_check_keys(struct call *call, const char *parameter, const struct value *map,
                                           char first)
{
    if (map->pairs.count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "%s must not be empty", parameter);
    }
    for (size_t i = 0; i < map->pairs.count; i++) {
        struct bytes key = map->pairs.at[2 * i].bytes;
        if (!placeholder_is_sound(key, first)) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             "%s contains invalid key: Syntax error; key: \"%.*s\"", parameter, (int)key.size,
                             (const char *)key.data);
        }
    }
    return STATUS_OK;
}

static enum status placeholders_read_values(struct call *call, const struct value *json,
                                            const struct value **ret_values)
{
    struct value *values = arena_create(call->arena, sizeof(*values));
    *values = (struct value){.kind = VALUE_MAP, .pairs = {.count = json->pairs.count}};
    values->pairs.at = arena_create_array(call->arena, 2 * json->pairs.count, sizeof(struct value));
    for (size_t i = 0; i < json->pairs.count; i++) {
        struct bytes key = json->pairs.at[2 * i].bytes;
        values->pairs.at[2 * i] = json->pairs.at[2 * i];
        const char *problem =
            attribute_read(call->arena, &json->pairs.at[2 * i + 1], &values->pairs.at[2 * i + 1]);
        if (problem != NULL) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             "ExpressionAttributeValues contains invalid value: %s for key %.*s", problem,
                             (int)key.size, (const char *)key.data);
        }
    }
    *ret_values = values;
    size_t size = document_bytes(values);
    return size <= DYNAMODB_EXPRESSION_VALUES_BYTES_MAX
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "ExpressionAttributeValues size has exceeded the maximum allowed size; size: %zu",
                           size);
}

static enum status expressions_read_placeholders(struct call *call, const struct value *map, unsigned kinds,
                                                 struct expressions *expressions)
{
    const struct value *names = member_of(map, "ExpressionAttributeNames");
    const struct value *values = member_of(map, "ExpressionAttributeValues");
    enum status status = STATUS_OK;
    if (names != NULL && !expressions_have(map, kinds)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "ExpressionAttributeNames can only be specified when using expressions");
    }
    if (names != NULL) {
        status = placeholders_check_keys(call, "ExpressionAttributeNames", names, '#');
        expressions->placeholders.names = names;
    }
    for (size_t i = 0; names != NULL && i < names->pairs.count && status == STATUS_OK; i++) {
        struct bytes key = names->pairs.at[2 * i].bytes;
        const char *problem = attribute_name_check(names->pairs.at[2 * i + 1].bytes);
        status = problem == NULL
                     ? STATUS_OK
                     : call_fail(call, AWS_FAILURE_VALIDATION,
                                 "ExpressionAttributeNames contains invalid value: %s for key %.*s", problem,
                                 (int)key.size, (const char *)key.data);
    }
    if (status == STATUS_OK && values != NULL &&
        !expressions_have(map, kinds & ~(unsigned)EXPRESSION_KIND_PROJECTION)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "ExpressionAttributeValues can only be specified when using expressions: %s",
                         expressions_null_text(call, kinds));
    }
    if (status == STATUS_OK && values != NULL) {
        status = placeholders_check_keys(call, "ExpressionAttributeValues", values, ':');
        if (status == STATUS_OK) {
            status = placeholders_read_values(call, values, &expressions->placeholders.values);
        }
    }
    return status;
}

enum status expressions_prepare(struct call *call, const struct value *map, unsigned kinds,
                                struct expressions *ret_expressions)
{
    *ret_expressions = (struct expressions){0};
    enum status status = expressions_check_mixed(call, map, kinds);
    if (status == STATUS_OK) {
        status = expressions_read_placeholders(call, map, kinds, ret_expressions);
    }
    return status;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static enum status expressions_fail(struct call *call, const char *parameter, const struct error *error)
{
    return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid %s: %s", parameter, error->text);
}

static enum status parse_condition(struct call *call, const struct value *map, const char *parameter,
                                   struct expressions *expressions, const struct condition **ret_condition)
{
    const struct value *text = member_of(map, parameter);
    struct error error;
    *ret_condition = NULL;
    if (text == NULL) {
        return STATUS_OK;
    }
    enum status status = condition_parse(text->bytes, &expressions->options, ret_condition, &error);
    return status == STATUS_OK ? status : expressions_fail(call, parameter, &error);
}

static enum status parse_update(struct call *call, const struct value *map, struct expressions *expressions)
{
    const struct value *text = member_of(map, "UpdateExpression");
    struct error error;
    if (text == NULL) {
        return STATUS_OK;
    }
    struct update *update = arena_create(call->arena, sizeof(*update));
    enum status status = update_parse(text->bytes, &expressions->options, update, &error);
    expressions->update = update;
    return status == STATUS_OK ? status : expressions_fail(call, "UpdateExpression", &error);
}

static enum status parse_projection(struct call *call, const struct value *map,
                                    struct expressions *expressions)
{
    const struct value *text = member_of(map, "ProjectionExpression");
    struct error error;
    if (text == NULL) {
        return STATUS_OK;
    }
    struct projection *projection = arena_create(call->arena, sizeof(*projection));
    enum status status = projection_parse(text->bytes, &expressions->options, projection, &error);
    expressions->projection = projection;
    return status == STATUS_OK ? status : expressions_fail(call, "ProjectionExpression", &error);
}

static enum status parse_key_condition(struct call *call, const struct value *map,
                                       struct expressions *expressions)
{
    const struct condition *condition = NULL;
    struct error error;
    enum status status = parse_condition(call, map, "KeyConditionExpression", expressions, &condition);
    if (status != STATUS_OK || condition == NULL) {
        return status;
    }
    expressions->has_key_condition = true;
    expressions->key_terms = arena_create_array(call->arena, KEY_TERMS_MAX, sizeof(struct key_term));
    status = condition_key_terms(condition, expressions->key_terms, &expressions->key_terms_count, &error);
    return status == STATUS_OK ? status : call_fail(call, AWS_FAILURE_VALIDATION, "%s", error.text);
}

static enum status expressions_check_unused(struct call *call, const struct expressions *expressions)
{
    const struct placeholders *placeholders = &expressions->placeholders;
    struct buffer keys = {0};
    const char *parameter = NULL;
    for (int round = 0; round < 2 && keys.size == 0; round++) {
        const struct value *map = round == 0 ? placeholders->names : placeholders->values;
        const bool *used = round == 0 ? placeholders->names_used : placeholders->values_used;
        parameter = round == 0 ? "ExpressionAttributeNames" : "ExpressionAttributeValues";
        for (size_t i = 0; map != NULL && i < map->pairs.count; i++) {
            if (!used[i]) {
                buffer_put_text(&keys, keys.size > 0 ? ", " : "");
                buffer_put(&keys, map->pairs.at[2 * i].bytes);
            }
        }
    }
    enum status status = keys.size == 0
                             ? STATUS_OK
                             : call_fail(call, AWS_FAILURE_VALIDATION,
                                         "Value provided in %s unused in expressions: keys: {%.*s}",
                                         parameter, (int)keys.size, (const char *)keys.data);
    buffer_reset(&keys);
    return status;
}

enum status expressions_parse(struct call *call, const struct value *map, unsigned kinds,
                              struct expressions *expressions)
{
    enum status status = STATUS_OK;
    placeholders_prepare(&expressions->placeholders, call->arena);
    expressions->options =
        (struct expression_options){.arena = call->arena, .placeholders = &expressions->placeholders};
    if ((kinds & EXPRESSION_KIND_UPDATE) != 0) {
        status = parse_update(call, map, expressions);
    }
    if (status == STATUS_OK && (kinds & EXPRESSION_KIND_CONDITION) != 0) {
        status = parse_condition(call, map, "ConditionExpression", expressions, &expressions->condition);
    }
    if (status == STATUS_OK && (kinds & EXPRESSION_KIND_PROJECTION) != 0) {
        status = parse_projection(call, map, expressions);
    }
    if (status == STATUS_OK && (kinds & EXPRESSION_KIND_FILTER) != 0) {
        status = parse_condition(call, map, "FilterExpression", expressions, &expressions->filter);
    }
    if (status == STATUS_OK && (kinds & EXPRESSION_KIND_KEY) != 0) {
        status = parse_key_condition(call, map, expressions);
    }
    if (status == STATUS_OK) {
        status = expressions_check_unused(call, expressions);
    }
    return status == STATUS_OK ? legacy_parse(call, map, kinds, expressions) : status;
}
