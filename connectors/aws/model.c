/* Constraints of a request's members. */
#include "aws/model.h"

#include <regex.h>
#include <stdio.h>

#include "aws/bounds.h"
#include "base/check.h"
#include "model_private.h"
#include "value/decimal.h"

enum {
    MODEL_PROBLEMS_TOLD = 10, /* the service tells no more at once */
};

/* Where a value stands. It becomes text only when there is something to say about it. */
struct place {
    const struct place *around; /* NULL: the input */
    const char *member;         /* of a structure; NULL: it is in a list or a map */
    struct bytes key;           /* of a map */
    size_t number;              /* in a list, from 1 */
};

/* The problems found so far. */
struct check {
    struct arena *arena;
    struct buffer problems;
    unsigned count;
    const struct place *at; /* the value at hand */
};

const struct aws_operation *aws_operation_at(size_t service, size_t index)
{
    return service < aws__services_count && index < aws__services[service].operations_count
               ? &aws__services[service].operations[index]
               : NULL;
}

/* They are in the order of their names. */
static const struct aws_operation *operation_named(const struct aws_service *service, struct bytes name)
{
    size_t low = 0;
    size_t high = service->operations_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(name, bytes_of_text(service->operations[middle].name));
        if (order == 0) {
            return &service->operations[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct aws_operation *aws_operation_find(struct bytes target, size_t *ret_service)
{
    const uint8_t *dot = bytes_find_byte(target, '.');
    if (dot == NULL) {
        return NULL;
    }
    struct bytes prefix = bytes_part(target, 0, (size_t)(dot - target.data));
    struct bytes name = bytes_from(target, prefix.size + 1);
    for (size_t i = 0; i < aws__services_count; i++) {
        if (bytes_equal(prefix, bytes_of_text(aws__services[i].prefix))) {
            *ret_service = i;
            return operation_named(&aws__services[i], name);
        }
    }
    return NULL;
}

bool aws_name_is_sound(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '_' && c != '.' && c != '-') {
            return false;
        }
    }
    return name.size > 0;
}

/* --- values as messages show them ------------------------------------------------------------------------------- */

/* What is beyond `end` bytes of the buffer is left out sooner or later; told_cut cuts the rest. */
/* NOLINTBEGIN(misc-no-recursion): as deep as the value, which its decoder bounded */
static void value_format(const struct aws_shape *shape, const struct value *value, size_t end,
                         struct buffer *buffer);

static void format_members(const struct aws_shape *shape, const struct value *map, size_t end,
                           struct buffer *buffer)
{
    buffer_put_text(buffer, shape->name);
    buffer_put_u8(buffer, '(');
    for (size_t i = 0; i < shape->members_count && buffer->size <= end; i++) {
        const struct value *member = value_map_get(map, shape->members[i].name);
        buffer_put_text(buffer, i > 0 ? ", " : "");
        buffer_put_text(buffer, shape->members[i].path);
        buffer_put_u8(buffer, '=');
        if (member == NULL) {
            buffer_put_text(buffer, "null");
        } else {
            value_format(shape->members[i].shape, member, end, buffer);
        }
    }
    buffer_put_u8(buffer, ')');
}

static void format_items(const struct aws_shape *shape, const struct value *value, size_t end,
                         struct buffer *buffer)
{
    bool is_map = value->kind == VALUE_MAP;
    size_t count = is_map ? value->pairs.count : value->items.count;
    buffer_put_u8(buffer, is_map ? '{' : '[');
    for (size_t i = 0; i < count && buffer->size <= end; i++) {
        buffer_put_text(buffer, i > 0 ? ", " : "");
        if (is_map) {
            buffer_put(buffer, value->pairs.at[2 * i].bytes);
            buffer_put_u8(buffer, '=');
        }
        value_format(shape->item, is_map ? &value->pairs.at[2 * i + 1] : &value->items.at[i], end, buffer);
    }
    buffer_put_u8(buffer, is_map ? '}' : ']');
}

static void value_format(const struct aws_shape *shape, const struct value *value, size_t end,
                         struct buffer *buffer)
{
    if (value->kind == VALUE_TEXT) {
        buffer_put(buffer, value->bytes);
    } else if (value->kind == VALUE_BOOLEAN) {
        buffer_put_text(buffer, value->boolean ? "true" : "false");
    } else if (value->kind == VALUE_DECIMAL) {
        decimal_format(&value->decimal, buffer);
    } else if (value->kind == VALUE_MAP && shape->kind == AWS_STRUCTURE) {
        format_members(shape, value, end, buffer);
    } else if (value->kind == VALUE_MAP || value->kind == VALUE_LIST) {
        format_items(shape, value, end, buffer);
    } else {
        buffer_put_text(buffer, "null");
    }
}
/* NOLINTEND(misc-no-recursion) */

/* Leaves out what is beyond AWS_TOLD_BYTES_MAX of what was appended since `start`: "[A(b=1), A(b=...". */
static void told_cut(struct buffer *buffer, size_t start)
{
    size_t end = start + AWS_TOLD_BYTES_MAX;
    if (buffer->size <= end) {
        return;
    }
    while ((buffer->data[end] & 0xC0) == 0x80) { /* between two characters */
        end--;
    }
    buffer->size = end;
    buffer_put_text(buffer, "...");
}

/* --- constraints ------------------------------------------------------------------------------------------------ */

/* As the service names it: "requestItems.table.member.1.member.putRequest". */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the value */
static void place_put(struct buffer *buffer, const struct place *place)
{
    if (place->around != NULL) {
        place_put(buffer, place->around);
        buffer_put_u8(buffer, '.');
    }
    if (place->member != NULL) {
        buffer_put_text(buffer, place->member);
    } else if (place->number > 0) {
        buffer_put_decimal(buffer, place->number);
        buffer_put_text(buffer, ".member");
    } else {
        buffer_put(buffer, place->key);
        buffer_put_text(buffer, ".member");
    }
}

static void check_add(struct check *check, const struct aws_shape *shape, const struct value *value,
                      const char *problem)
{
    struct buffer *buffer = &check->problems;
    if (check->count++ >= MODEL_PROBLEMS_TOLD) {
        return;
    }
    buffer_put_text(buffer, check->count > 1 ? "; " : "");
    buffer_put_text(buffer, "Value ");
    if (value == NULL) {
        buffer_put_text(buffer, "null");
    } else {
        buffer_put_u8(buffer, '\'');
        size_t start = buffer->size;
        value_format(shape, value, start + AWS_TOLD_BYTES_MAX, buffer);
        told_cut(buffer, start);
        buffer_put_u8(buffer, '\'');
    }
    buffer_put_text(buffer, " at '");
    place_put(buffer, check->at);
    buffer_put_format(buffer, "' failed to satisfy constraint: %s", problem);
}

/* Characters, as Java counts them: UTF-16 units. */
static size_t check_length(const struct value *value)
{
    if (value->kind != VALUE_TEXT) {
        return value->kind == VALUE_MAP ? value->pairs.count : value->items.count;
    }
    size_t length = 0;
    for (size_t i = 0; i < value->bytes.size; i++) {
        uint8_t c = value->bytes.data[i];
        length += ((c & 0xC0) != 0x80 ? 1U : 0U) + (c >= 0xF0 ? 1U : 0U);
    }
    return length;
}

static bool check_pattern(const char *pattern, struct bytes text)
{
    regex_t compiled;
    char *anchored = NULL;
    if (strcmp(pattern, "[a-zA-Z0-9_.-]+") == 0) {
        return aws_name_is_sound(text);
    }
    if (strchr(pattern, '\\') != NULL) {
        return true; /* classes that POSIX does not know; what uses these shapes judges for itself */
    }
    struct arena arena = {0};
    anchored = arena_format(&arena, "^(%s)$", pattern);
    bool matches = true;
    if (regcomp(&compiled, anchored, REG_EXTENDED | REG_NOSUB) == 0) {
        matches = regexec(&compiled, arena_copy_text(&arena, text), 0, NULL, 0) == 0;
        regfree(&compiled);
    }
    arena_reset(&arena);
    return matches;
}

static bool check_is_one_of(const char *const *values, struct bytes text)
{
    for (; *values != NULL; values++) {
        if (bytes_equal(bytes_of_text(*values), text)) {
            return true;
        }
    }
    return false;
}

static void check_number(struct check *check, const struct aws_shape *shape, const struct value *value)
{
    double number = decimal_to_double(&value->decimal);
    if (shape->has_min && number < (double)shape->min) {
        check_add(check, shape, value,
                  arena_format(check->arena, "Member must have value greater than or equal to %lld",
                               (long long)shape->min));
    }
    if (shape->has_max && number > (double)shape->max) {
        check_add(check, shape, value,
                  arena_format(check->arena, "Member must have value less than or equal to %lld",
                               (long long)shape->max));
    }
}

/* The bounds of a length as one phrase, for what lies inside a list or a map. */
static const char *check_bounds_text(struct check *check, const struct aws_shape *shape)
{
    struct buffer text = {0};
    buffer_put_u8(&text, '[');
    if (shape->has_max) {
        buffer_put_format(&text, "Member must have length less than or equal to %lld", (long long)shape->max);
    }
    if (shape->has_min) {
        buffer_put_format(&text, "%sMember must have length greater than or equal to %lld",
                          shape->has_max ? ", " : "", (long long)shape->min);
    }
    if (shape->pattern != NULL) {
        buffer_put_format(&text, "%sMember must satisfy regular expression pattern: %s",
                          shape->has_max || shape->has_min ? ", " : "", shape->pattern);
    }
    buffer_put_u8(&text, ']');
    char *kept = arena_copy_text(check->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return kept;
}

static bool check_fits(const struct aws_shape *shape, const struct value *value)
{
    bool has_length = value->kind == VALUE_TEXT || value->kind == VALUE_LIST || value->kind == VALUE_MAP;
    int64_t length = has_length ? (int64_t)check_length(value) : 0;
    return !has_length || shape->kind == AWS_STRUCTURE || shape->kind == AWS_BLOB ||
           ((!shape->has_min || length >= shape->min) && (!shape->has_max || length <= shape->max) &&
            (shape->pattern == NULL || value->kind != VALUE_TEXT ||
             check_pattern(shape->pattern, value->bytes)));
}

static void check_length_bounds(struct check *check, const struct aws_shape *shape, const struct value *value)
{
    int64_t length = (int64_t)check_length(value);
    if (shape->has_min && length < shape->min) {
        check_add(check, shape, value,
                  arena_format(check->arena, "Member must have length greater than or equal to %lld",
                               (long long)shape->min));
    }
    if (shape->has_max && length > shape->max) {
        check_add(check, shape, value,
                  arena_format(check->arena, "Member must have length less than or equal to %lld",
                               (long long)shape->max));
    }
}

/* A table is told by its name or its ARN; a name has the bounds of names, an empty one those of the model. */
static const struct aws_shape *check_table_shape(const struct aws_shape *shape, const struct value *value)
{
    static const struct aws_shape name = {.name = "TableName",
                                          .kind = AWS_STRING,
                                          .has_min = true,
                                          .has_max = true,
                                          .min = 3,
                                          .max = 255,
                                          .pattern = "[a-zA-Z0-9_.-]+"};
    bool is_table = strcmp(shape->name, "TableArn") == 0 && value->kind == VALUE_TEXT &&
                    value->bytes.size > 0 && !bytes_start_with(value->bytes, bytes_of_text("arn:"));
    return is_table ? &name : shape;
}

static void check_text(struct check *check, const struct aws_shape *given, const struct value *value)
{
    const struct aws_shape *shape = check_table_shape(given, value);
    if (shape->values != NULL && !check_is_one_of(shape->values, value->bytes)) {
        check_add(check, shape, value,
                  arena_format(check->arena, "Member must satisfy enum value set: %s", shape->values_text));
    }
    if (shape->pattern != NULL && !check_pattern(shape->pattern, value->bytes)) {
        check_add(check, shape, value,
                  arena_format(check->arena, "Member must satisfy regular expression pattern: %s",
                               shape->pattern));
    }
    check_length_bounds(check, shape, value);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the value, which its decoder bounded */
static void check_value(struct check *check, const struct aws_shape *shape, const struct value *value);

static void check_value_at(struct check *check, struct place place, const struct aws_shape *shape,
                           const struct value *value)
{
    const struct place *around = check->at;
    place.around = around;
    check->at = &place;
    if (value != NULL) {
        check_value(check, shape, value);
    } else {
        check_add(check, NULL, NULL, "Member must not be null");
    }
    check->at = around;
}

static void check_members(struct check *check, const struct aws_shape *shape, const struct value *map)
{
    size_t left = map->pairs.count; /* not found yet */
    for (size_t i = 0; i < shape->members_count; i++) {
        const struct aws_member *member = &shape->members[i];
        const struct value *value = left > 0 ? value_map_get(map, member->name) : NULL;
        left -= value != NULL;
        bool is_there = value != NULL && value->kind != VALUE_NULL;
        if (is_there || member->is_required) {
            check_value_at(check, (struct place){.member = member->path}, member->shape,
                           is_there ? value : NULL);
        }
    }
}

static void check_list(struct check *check, const struct aws_shape *shape, const struct value *list)
{
    check_length_bounds(check, shape, list);
    bool is_scalar = shape->item->kind != AWS_STRUCTURE && shape->item->kind != AWS_MAP;
    for (size_t i = 0; i < list->items.count; i++) {
        const struct value *item = &list->items.at[i];
        if (is_scalar && !check_fits(shape->item, item)) {
            check_add(check, shape, list,
                      arena_format(check->arena, "Member must satisfy constraint: %s",
                                   check_bounds_text(check, shape->item)));
            return;
        }
        check_value_at(check, (struct place){.number = i + 1}, shape->item, item);
    }
}

static void check_map(struct check *check, const struct aws_shape *shape, const struct value *map)
{
    check_length_bounds(check, shape, map);
    for (size_t i = 0; i < map->pairs.count; i++) {
        const struct value *key = &map->pairs.at[2 * i];
        const struct value *value = key + 1;
        if (!check_fits(check_table_shape(shape->key, key), key)) {
            check_add(check, shape, map,
                      arena_format(check->arena, "Map keys must satisfy constraint: %s",
                                   check_bounds_text(check, check_table_shape(shape->key, key))));
            return;
        }
        if (shape->item->kind != AWS_STRUCTURE && !check_fits(shape->item, value)) {
            check_add(check, shape, map,
                      arena_format(check->arena, "Map value must satisfy constraint: %s",
                                   check_bounds_text(check, shape->item)));
            return;
        }
        check_value_at(check, (struct place){.key = key->bytes}, shape->item, value);
    }
}

static void check_value(struct check *check, const struct aws_shape *shape, const struct value *value)
{
    switch (shape->kind) {
    case AWS_STRING:
        if (value->kind == VALUE_TEXT) {
            check_text(check, shape, value);
        }
        break;
    case AWS_INTEGER:
    case AWS_LONG:
    case AWS_DOUBLE:
        if (value->kind == VALUE_DECIMAL) {
            check_number(check, shape, value);
        }
        break;
    case AWS_STRUCTURE:
        if (value->kind == VALUE_MAP && strcmp(shape->name, "AttributeValue") != 0) {
            check_members(check, shape, value); /* a value has no constraints but its own rules */
        }
        break;
    case AWS_LIST:
        if (value->kind == VALUE_LIST) {
            check_list(check, shape, value);
        }
        break;
    case AWS_MAP:
        if (value->kind == VALUE_MAP && strcmp(shape->item->name, "AttributeValue") != 0) {
            check_map(check, shape, value);
        }
        break;
    case AWS_BOOLEAN:
    case AWS_BLOB:
    case AWS_TIMESTAMP:
        break;
    }
}
/* NOLINTEND(misc-no-recursion) */

bool aws_input_check(const struct aws_shape *shape, const struct value *input, struct arena *arena,
                     struct aws_failure *ret_failure)
{
    struct check check = {.arena = arena};
    *ret_failure = (struct aws_failure){0};
    if (!aws__types_check(shape, input, ret_failure, arena)) {
        return false;
    }
    check_members(&check, shape, input);
    if (check.count > 0) {
        *ret_failure =
            (struct aws_failure){.kind = AWS_FAILURE_VALIDATION,
                                 .text =
                                     arena_format(arena, "%u validation error%s detected: %.*s", check.count,
                                                  check.count == 1 ? "" : "s", (int)check.problems.size,
                                                  (const char *)check.problems.data)};
    }
    buffer_reset(&check.problems);
    return check.count == 0;
}
