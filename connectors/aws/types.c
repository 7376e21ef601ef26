/* Types of a request's members: what a service's JSON reader refuses before anything else. The texts are the services'
 * own. */
#include "base/base64.h"
#include "model_private.h"
#include "value/decimal.h"

static bool types_fail(struct aws_failure *ret_failure, struct arena *arena, const char *format,
                       const char *what)
{
    *ret_failure = (struct aws_failure){.kind = AWS_FAILURE_SERIALIZATION,
                                        .text = arena_format(arena, "%s%s", format, what)};
    return false;
}

static const char *types_java(enum aws_kind kind)
{
    static const char *const names[] = {
        [AWS_STRING] = "String",   [AWS_INTEGER] = "Integer",    [AWS_LONG] = "Long", [AWS_DOUBLE] = "Double",
        [AWS_BOOLEAN] = "Boolean", [AWS_BLOB] = "Blob",          [AWS_LIST] = "List", [AWS_MAP] = "Map",
        [AWS_TIMESTAMP] = "Date",  [AWS_STRUCTURE] = "Structure"};
    return names[kind];
}

/* What a token is called where another one was expected. */
static const char *types_token(const struct value *value)
{
    return value->kind == VALUE_TEXT      ? "STRING_VALUE"
           : value->kind == VALUE_BOOLEAN ? (value->boolean ? "TRUE_VALUE" : "FALSE_VALUE")
                                          : "NUMBER_VALUE";
}

#define PACKAGE "com.amazonaws.dynamodb.v20120810."

/* NOLINTBEGIN(misc-no-recursion): as deep as the model's containers */
/* "java.util.Map<java.lang.String, java.util.List<…>>" */
static const char *types_generic(const struct aws_shape *shape, struct arena *arena)
{
    switch ((int)shape->kind) {
    case AWS_MAP:
        return arena_format(arena, "java.util.Map<java.lang.String, %s>", types_generic(shape->item, arena));
    case AWS_LIST:
        return arena_format(arena, "java.util.List<%s>", types_generic(shape->item, arena));
    case AWS_STRUCTURE:
        return arena_format(arena, PACKAGE "%s", shape->name);
    default:
        return arena_format(arena, "java.lang.%s", types_java(shape->kind));
    }
}
/* NOLINTEND(misc-no-recursion) */

static bool types_container(const struct aws_shape *shape, const struct value *value,
                            struct aws_failure *ret_failure, struct arena *arena)
{
    if (value->kind == VALUE_MAP) {
        return types_fail(ret_failure, arena, "Start of structure or map found where not expected", "");
    }
    if (shape->kind == AWS_MAP) {
        return types_fail(ret_failure, arena, "Unrecognized collection type ", types_generic(shape, arena));
    }
    if (shape->kind == AWS_STRUCTURE) {
        return types_fail(ret_failure, arena, "Unrecognized collection type class " PACKAGE, shape->name);
    }
    const char *package = shape->kind == AWS_BLOB        ? "java.nio.ByteBuffer"
                          : shape->kind == AWS_TIMESTAMP ? "java.util.Date"
                                                         : NULL;
    return package != NULL ? types_fail(ret_failure, arena, "Unrecognized collection type class ", package)
                           : types_fail(ret_failure, arena, "Unrecognized collection type class java.lang.",
                                        types_java(shape->kind));
}

static bool types_blob(const struct value *value, struct aws_failure *ret_failure, struct arena *arena)
{
    const char *problem = NULL;
    if (value->kind != VALUE_TEXT) {
        return types_fail(ret_failure, arena, "only base-64-encoded strings are convertible to bytes", "");
    }
    if (value->bytes.size % 4 != 0) {
        *ret_failure = (struct aws_failure){
            .kind = AWS_FAILURE_SERIALIZATION,
            .text =
                arena_format(arena, "Base64 encoded length is expected a multiple of 4 bytes but found: %zu",
                             value->bytes.size)};
        return false;
    }
    if (!base64_is_sound(value->bytes, &problem)) {
        return types_fail(ret_failure, arena, problem, "");
    }
    return true;
}

/* A value that is neither list nor object. */
static bool types_scalar(const struct aws_shape *shape, const struct value *value,
                         struct aws_failure *ret_failure, struct arena *arena)
{
    bool is_number = value->kind == VALUE_DECIMAL;
    switch (shape->kind) {
    case AWS_STRING:
        return value->kind == VALUE_TEXT ||
               types_fail(ret_failure, arena, types_token(value), " cannot be converted to String");
    case AWS_BLOB:
        return types_blob(value, ret_failure, arena);
    case AWS_BOOLEAN:
        if (value->kind == VALUE_TEXT) {
            return types_fail(ret_failure, arena, "Unexpected token received from parser", "");
        }
        return value->kind == VALUE_BOOLEAN ||
               types_fail(ret_failure, arena, types_token(value), " cannot be converted to Boolean");
    case AWS_INTEGER:
    case AWS_LONG:
    case AWS_DOUBLE:
        return is_number || types_fail(ret_failure, arena, types_token(value),
                                       shape->kind == AWS_INTEGER ? " cannot be converted to Integer"
                                       : shape->kind == AWS_LONG  ? " cannot be converted to Long"
                                                                  : " cannot be converted to Double");
    case AWS_TIMESTAMP:
        return is_number ||
               types_fail(ret_failure, arena, types_token(value), " cannot be converted to Date");
    case AWS_STRUCTURE:
        return types_fail(ret_failure, arena, "Unexpected value type in payload", "");
    case AWS_LIST:
    case AWS_MAP:
        break;
    }
    return types_fail(ret_failure, arena, "Unexpected field type", "");
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the value, which its decoder bounded */
static bool types_members(const struct aws_shape *shape, const struct value *map,
                          struct aws_failure *ret_failure, struct arena *arena)
{
    size_t left = map->pairs.count; /* not found yet: most structures have few of many members */
    for (size_t i = 0; i < shape->members_count && left > 0; i++) {
        const struct value *member = value_map_get(map, shape->members[i].name);
        if (member != NULL && !aws__types_check(shape->members[i].shape, member, ret_failure, arena)) {
            return false;
        }
        left -= member != NULL;
    }
    return true;
}

bool aws__types_check(const struct aws_shape *shape, const struct value *value,
                      struct aws_failure *ret_failure, struct arena *arena)
{
    bool is_container = value->kind == VALUE_MAP || value->kind == VALUE_LIST;
    if (value->kind == VALUE_NULL) {
        return true;
    }
    if (shape->kind == AWS_STRUCTURE && value->kind == VALUE_MAP) {
        return types_members(shape, value, ret_failure, arena);
    }
    if ((shape->kind == AWS_LIST && value->kind == VALUE_LIST) ||
        (shape->kind == AWS_MAP && value->kind == VALUE_MAP)) {
        size_t step = shape->kind == AWS_MAP ? 2 : 1;
        size_t count = value->kind == VALUE_MAP ? 2 * value->pairs.count : value->items.count;
        const struct value *items = value->kind == VALUE_MAP ? value->pairs.at : value->items.at;
        for (size_t i = step - 1; i < count; i += step) {
            if (!aws__types_check(shape->item, &items[i], ret_failure, arena)) {
                return false;
            }
        }
        return true;
    }
    return is_container ? types_container(shape, value, ret_failure, arena)
                        : types_scalar(shape, value, ret_failure, arena);
}
/* NOLINTEND(misc-no-recursion) */
