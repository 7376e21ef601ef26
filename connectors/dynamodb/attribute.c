/* Attribute values: {"S": "text"} and values. */
#include <stdlib.h>

#include "base/base64.h"
#include "dynamodb_private.h"
#include "value/bounds.h"
#include "value/decimal.h"

#define ATTRIBUTE_INVALID "One or more parameter values were invalid: "
#define NUMBER_OVERFLOW                                                                                      \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define NUMBER_UNDERFLOW                                                                                     \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"

enum {
    NUMBER_TEXT_BYTES_TOLD = 60, /* a longer one that cannot be read is shown */
};

/* --- reading ---------------------------------------------------------------------------------------------------- */

static const char *number_read(struct arena *arena, struct bytes text, struct value *ret_value)
{
    struct decimal decimal;
    struct decimal normal = {0};
    int64_t exponent = 0;
    bool is_negative = false;
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    if (text.size == 0) {
        return "The parameter cannot be converted to a numeric value";
    }
    enum status status = decimal_parse(text, arena, &decimal, NULL);
    if (status == STATUS_TOO_LARGE && text.size <= NUMBER_TEXT_BYTES_TOLD) { /* its exponent is */
        bool is_small =
            bytes_find(text, bytes_of_text("e-")) != NULL || bytes_find(text, bytes_of_text("E-")) != NULL;
        return is_small ? NUMBER_UNDERFLOW : NUMBER_OVERFLOW;
    }
    if (status != STATUS_OK) {
        return arena_format(arena, "The parameter cannot be converted to a numeric value: %.*s",
                            (int)text.size, (const char *)text.data);
    }
    if (decimal_normalise(&decimal, arena, &normal, NULL) == STATUS_OK) {
        *ret_value = (struct value){.kind = VALUE_DECIMAL, .decimal = normal};
        return NULL;
    }
    decimal_digits(&decimal, &digits, &exponent, &is_negative);
    size_t significant = digits.size;
    buffer_reset(&digits);
    if (exponent - 1 > NUMBER_EXPONENT_MAX) {
        return NUMBER_OVERFLOW;
    }
    return significant > NUMBER_DIGITS_MAX ? "Attempting to store more than 38 significant digits in a Number"
                                           : NUMBER_UNDERFLOW;
}

static int compare_values(const void *a, const void *b)
{
    return value_compare(a, b);
}

static const char *set_duplicates(struct arena *arena, const struct value *list, char type)
{
    struct buffer text = {0};
    if (type == 'N') {
        return ATTRIBUTE_INVALID "Input collection contains duplicates";
    }
    for (size_t i = 0; i < list->items.count; i++) {
        buffer_put_format(&text, "%s%.*s", i > 0 ? ", " : "", (int)list->items.at[i].bytes.size,
                          (const char *)list->items.at[i].bytes.data);
    }
    char *message = arena_format(arena, ATTRIBUTE_INVALID "Input collection [%.*s]%s contains duplicates.",
                                 (int)text.size, (const char *)text.data, type == 'B' ? "of type BS" : "");
    buffer_reset(&text);
    return message;
}

static const char *scalar_read(struct arena *arena, char type, const struct value *json,
                               struct value *ret_value)
{
    struct bytes bytes;
    if (type == 'N') {
        return number_read(arena, json->bytes, ret_value);
    }
    if (type == 'S') {
        *ret_value = value_of_text(json->bytes);
    } else if (base64_decode(json->bytes, arena, &bytes)) {
        *ret_value = value_of_bytes(bytes);
    }
    return NULL;
}

static const char *set_read(struct arena *arena, char type, const struct value *list, struct value *ret_value)
{
    size_t count = list->items.count;
    struct value *items = arena_create_array(arena, count, sizeof(*items));
    if (count == 0) {
        return type == 'S'   ? ATTRIBUTE_INVALID "An string set  may not be empty"
               : type == 'N' ? ATTRIBUTE_INVALID "An number set  may not be empty"
                             : ATTRIBUTE_INVALID "Binary sets should not be empty";
    }
    for (size_t i = 0; i < count; i++) {
        if (list->items.at[i].kind != VALUE_TEXT) {
            return "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
        }
        const char *problem = scalar_read(arena, type, &list->items.at[i], &items[i]);
        if (problem != NULL) {
            return problem;
        }
    }
    qsort(items, count, sizeof(*items), compare_values);
    for (size_t i = 1; i < count; i++) {
        if (value_compare(&items[i - 1], &items[i]) == 0) {
            return set_duplicates(arena, list, type);
        }
    }
    *ret_value = (struct value){.kind = VALUE_SET, .items = {.at = items, .count = count}};
    return NULL;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the JSON, which its decoder bounded */
static const char *list_read(struct arena *arena, const struct value *json, struct value *ret_value)
{
    bool is_map = json->kind == VALUE_MAP;
    size_t count = is_map ? json->pairs.count : json->items.count;
    struct value *at = arena_create_array(arena, is_map ? 2 * count : count, sizeof(*at));
    const char *problem = NULL;
    for (size_t i = 0; i < count && problem == NULL; i++) {
        if (is_map) {
            at[2 * i] = json->pairs.at[2 * i];
        }
        problem = attribute_read(arena, is_map ? &json->pairs.at[2 * i + 1] : &json->items.at[i],
                                 is_map ? &at[2 * i + 1] : &at[i]);
    }
    *ret_value = is_map ? (struct value){.kind = VALUE_MAP, .pairs = {.at = at, .count = count}}
                        : (struct value){.kind = VALUE_LIST, .items = {.at = at, .count = count}};
    return problem;
}

static const char *typed_read(struct arena *arena, struct bytes type, const struct value *json,
                              struct value *ret_value)
{
    char letter = (char)type.data[0];
    if (type.size == 2) {
        return set_read(arena, letter, json, ret_value);
    }
    if (type.size == 1 && (letter == 'L' || letter == 'M')) {
        return list_read(arena, json, ret_value);
    }
    if (type.size == 1) {
        return scalar_read(arena, letter, json, ret_value);
    }
    if (letter == 'B') {
        *ret_value = value_of_boolean(json->boolean);
        return NULL;
    }
    *ret_value = value_of_null();
    return json->boolean ? NULL : ATTRIBUTE_INVALID "Null attribute value types must have the value of true";
}

static bool is_type(struct bytes name)
{
    static const char *const types[] = {"S", "N", "M", "L", "B", "BOOL", "NULL", "SS", "NS", "BS"};
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        if (text_is(name, types[i])) {
            return true;
        }
    }
    return false;
}

const char *attribute_read(struct arena *arena, const struct value *json, struct value *ret_value)
{
    const struct value *found = NULL;
    size_t count = 0;
    for (size_t i = 0; json->kind == VALUE_MAP && i < json->pairs.count; i++) {
        const struct value *pair = &json->pairs.at[2 * i];
        if (pair[1].kind != VALUE_NULL && is_type(pair->bytes)) {
            found = pair;
            count++;
        }
    }
    if (count == 0) {
        return "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
    }
    if (count > 1) {
        return "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
               "supported datatypes";
    }
    return typed_read(arena, found->bytes, found + 1, ret_value);
}
/* NOLINTEND(misc-no-recursion) */

const char *attribute_name_check(struct bytes name)
{
    return name.size == 0                                  ? ATTRIBUTE_INVALID "Empty attribute name"
           : name.size > DYNAMODB_ATTRIBUTE_NAME_BYTES_MAX ? ATTRIBUTE_INVALID
               "Attribute name is too large, must be less than 65536 bytes"
                                                           : NULL;
}

enum status attributes_read(struct call *call, const struct value *json, struct value *ret_item)
{
    const char *problem = list_read(call->arena, json, ret_item);
    if (problem == NULL && !value_is_within(ret_item, DYNAMODB_ITEM_DEPTH_MAX)) {
        problem = "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
                  "beyond supported limit";
    }
    for (size_t i = 0; problem == NULL && i < ret_item->pairs.count; i++) {
        problem = attribute_name_check(ret_item->pairs.at[2 * i].bytes);
    }
    return problem == NULL ? STATUS_OK : call_fail(call, AWS_FAILURE_VALIDATION, "%s", problem);
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* Plain digits: 0.digits × 10^exponent. */
static void digits_put(struct buffer *body, const struct buffer *digits, int64_t exponent, bool is_negative)
{
    int64_t count = (int64_t)digits->size;
    buffer_put_text(body, is_negative ? "-" : "");
    if (exponent <= 0) {
        buffer_put_text(body, "0");
    }
    for (int64_t i = 0; i < exponent; i++) {
        buffer_put_u8(body, i < count ? digits->data[i] : (uint8_t)'0');
    }
    if (count > exponent && count > 0) {
        buffer_put_u8(body, '.');
        for (int64_t i = exponent; i < count; i++) {
            buffer_put_u8(body, i < 0 ? (uint8_t)'0' : digits->data[i]);
        }
    }
}

/* Without an exponent, as DynamoDB gives numbers; a decimal of CQL that is out of their range may have one, since plain digits of it
 * may be billions. */
static void number_put(struct buffer *body, const struct decimal *decimal)
{
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t exponent = 0;
    bool is_negative = false;
    decimal_digits(decimal, &digits, &exponent, &is_negative);
    bool is_near = exponent - 1 <= NUMBER_EXPONENT_MAX && exponent - 1 >= NUMBER_EXPONENT_MIN;
    if (is_near) {
        digits_put(body, &digits, exponent, is_negative);
    } else {
        decimal_format(decimal, body);
    }
    buffer_reset(&digits);
}

static void scalar_put(struct buffer *body, const struct value *value)
{
    buffer_put_u8(body, '"');
    switch ((int)value->kind) {
    case VALUE_DECIMAL:
        number_put(body, &value->decimal);
        break;
    case VALUE_BYTES:
        base64_encode(value->bytes, body);
        break;
    case VALUE_TEXT:
        body->size--;
        codec_json_put_text(body, value->bytes);
        return;
    default: { /* kinds that DynamoDB lacks: as JSON has them, in quotes */
        struct buffer text = {0};
        codec_json_encode(&text, value);
        bool is_quoted = text.size > 1 && text.data[0] == '"';
        buffer_put(body, is_quoted ? bytes_part(buffer_bytes(&text), 1, text.size - 2) : buffer_bytes(&text));
        buffer_reset(&text);
        break;
    }
    }
    buffer_put_u8(body, '"');
}

/* NOLINTBEGIN(misc-no-recursion): at most VALUE_DEPTH_MAX deep */
static void list_put(struct buffer *body, const struct value *value)
{
    buffer_put_u8(body, '[');
    for (size_t i = 0; i < value->items.count; i++) {
        buffer_put_text(body, i > 0 ? "," : "");
        if (value->kind == VALUE_SET) {
            scalar_put(body, &value->items.at[i]);
        } else {
            attribute_put(body, &value->items.at[i]);
        }
    }
    buffer_put_u8(body, ']');
}

void attributes_put(struct buffer *body, const struct value *item)
{
    buffer_put_u8(body, '{');
    for (size_t i = 0; i < item->pairs.count; i++) {
        const struct value *name = &item->pairs.at[2 * i];
        buffer_put_text(body, i > 0 ? "," : "");
        if (name->kind == VALUE_TEXT) {
            codec_json_put_text(body, name->bytes);
        } else {
            scalar_put(body, name);
        }
        buffer_put_u8(body, ':');
        attribute_put(body, name + 1);
    }
    buffer_put_u8(body, '}');
}

void attribute_put(struct buffer *body, const struct value *value)
{
    buffer_put_text(body, "{\"");
    buffer_put_text(body, document_type(value));
    buffer_put_text(body, "\":");
    switch ((int)value->kind) {
    case VALUE_NULL:
    case VALUE_EMPTY:
        buffer_put_text(body, "true");
        break;
    case VALUE_BOOLEAN:
        buffer_put_text(body, value->boolean ? "true" : "false");
        break;
    case VALUE_MAP:
        attributes_put(body, value);
        break;
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_TUPLE:
    case VALUE_UDT:
    case VALUE_VECTOR:
        list_put(body, value);
        break;
    default:
        scalar_put(body, value);
        break;
    }
    buffer_put_u8(body, '}');
}
/* NOLINTEND(misc-no-recursion) */

struct value item_of_image(struct bytes image, struct arena *arena)
{
    struct value item;
    if (codec_value_decode(image, arena, &item, NULL) != STATUS_OK) {
        item = (struct value){.kind = VALUE_MAP}; /* a stored row is always sound: its checksum was checked */
    }
    return item;
}

void attributes_put_image(struct buffer *body, struct bytes image, struct arena *arena)
{
    struct value item = item_of_image(image, arena);
    attributes_put(body, &item);
}
